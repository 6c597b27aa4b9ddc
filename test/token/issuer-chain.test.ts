import { readFileSync, writeFileSync } from 'node:fs'
import forge from 'node-forge'
import { describe, expect, test } from 'vitest'
import {
  type Certificate,
  type CertificateRole,
  type Chain,
  LICENCE_SIGNING_PURPOSE,
} from '../../agent/token/certificate.ts'
import { judgePathWithForge, readWithForge } from '../../agent/token/certificate-path.ts'
import { checkIssuerChain } from '../../agent/token/issuer-chain.ts'
import { factsFromNode, judgePathWithNode, readWithNode } from '../../agent/token/second-opinion.ts'
import { fixtureKey, issuer, NOW_MS } from '../licence/fixture.ts'
import { authority, makeBadCertificate, signsCertificates, toPem } from './make-bad-certificate.ts'
import { type ZooCase, zoo } from './zoo.ts'

const FORMAT = new URL('../../agent/licence/FORMAT.md', import.meta.url)
const good = zoo[0]!

function judge(zooCase: ZooCase, nowMs = NOW_MS): string {
  const { signerDer, intermediateDer, anchorPem } = zooCase
  const result = checkIssuerChain(signerDer, intermediateDer, [anchorPem], nowMs)
  return result.ok ? 'trusted' : result.refusal.code
}

describe('a chain of the zoo', () => {
  test.each(zoo)('$name: $code', (zooCase) => {
    expect(judge(zooCase)).toBe(zooCase.code)
  })

  test('only the good one is trusted, and it names the issuer', () => {
    expect(zoo.filter(({ code }) => code === 'trusted')).toEqual([good])
    const result = checkIssuerChain(good.signerDer, good.intermediateDer, [good.anchorPem], NOW_MS)
    expect(result).toMatchObject({ ok: true, issuer: { uri: issuer.uri } })
  })

  test('what refuses it says so in one sentence without capital and full stop', () => {
    for (const { signerDer, intermediateDer, anchorPem } of zoo.slice(1)) {
      const result = checkIssuerChain(signerDer, intermediateDer, [anchorPem], NOW_MS)
      const message = result.ok ? '' : result.refusal.message
      expect(message).toMatch(/^[a-z].*[^.]$/)
    }
  })
})

describe('the dates of a chain', () => {
  const firstMs = Date.parse('2026-01-01T00:00:00Z')
  const lastMs = Date.parse('2027-01-01T00:00:00Z')

  test('include their first and their last second', () => {
    expect(judge(good, firstMs)).toBe('trusted')
    expect(judge(good, lastMs)).toBe('trusted')
  })

  test('end with them', () => {
    expect(judge(good, firstMs - 1)).toBe('issuer-not-yet-valid')
    expect(judge(good, lastMs + 1)).toBe('issuer-expired')
  })

  test('are never skipped for want of a date', () => {
    expect(() => judge(good, Number.NaN)).toThrow('a path is judged at a real date')
  })
})

describe('the trust anchors', () => {
  const rogueKey = fixtureKey('rogue')
  const namesake = toPem(
    makeBadCertificate({
      subject: 'Zoo root',
      issuer: 'Zoo root',
      key: rogueKey,
      issuerKey: rogueKey,
      extensions: [authority(1), signsCertificates],
    }),
  )
  const expired = zoo.find(({ name }) => name === 'anchor expired')!.anchorPem

  function judgeWith(...anchorsPem: string[]): string {
    const result = checkIssuerChain(good.signerDer, good.intermediateDer, anchorsPem, NOW_MS)
    return result.ok ? 'trusted' : result.refusal.code
  }

  test('may share a name: the one that signed is found wherever it stands', () => {
    expect(judgeWith(namesake, good.anchorPem)).toBe('trusted')
    expect(judgeWith(good.anchorPem, namesake)).toBe('trusted')
  })

  test('of which one comes closest decide the reason', () => {
    expect(judgeWith(namesake, expired)).toBe('issuer-expired')
    expect(judgeWith(expired, namesake)).toBe('issuer-expired')
  })

  test('that do not parse are no anchors', () => {
    expect(judgeWith('-----BEGIN NONSENSE-----')).toBe('untrusted-issuer')
    expect(judgeWith('', good.anchorPem)).toBe('trusted')
    expect(judgeWith()).toBe('untrusted-issuer')
  })

  test('must be the very certificate: the intermediate as its own anchor is refused', () => {
    expect(judgeWith(toPem(good.intermediateDer))).toBe('untrusted-issuer')
  })
})

test('the key is judged before node-forge sees the certificate, however slow or foreign it is', () => {
  // node-forge would need most of a second for the first and cannot read the second at all.
  const slow = zoo.find(({ name }) => name.includes('3072-bit exponent'))!
  const curve = zoo.find(({ name }) => name === 'elliptic-curve signer')!
  expect(() => readWithForge(curve.signerDer)).toThrow('OID is not RSA')
  const slowResult = checkIssuerChain(slow.intermediateDer, good.signerDer, [], NOW_MS)
  expect(slowResult).toMatchObject({ refusal: { code: 'weak-key', limit: '65537' } })
  const curveResult = checkIssuerChain(curve.signerDer, good.signerDer, [], NOW_MS)
  expect(curveResult).toMatchObject({ refusal: { code: 'issuer-not-allowed', value: 'ec', limit: 'rsa' } })
})

test('the purpose of a signer is the UUID of the documentation, cut as its arc demands', () => {
  const uuid = '0a2906a1-0b5c-4b78-8fe7-686db166a450'.replaceAll('-', '')
  const cuts = [0, 4, 8, 12, 16, 20, 26, 32]
  const arcs = cuts.slice(1).map((end, i) => Number.parseInt(uuid.slice(cuts[i], end), 16))
  expect(LICENCE_SIGNING_PURPOSE).toBe(`1.2.840.113556.1.8000.2554.${arcs.join('.')}`)
})

/** Each library's own word, without our profile in front. */
describe('the two opinions', () => {
  type Word = 'trusts' | 'objects' | 'cannot read'

  function parse(role: CertificateRole, der: Buffer): Certificate | undefined {
    try {
      const forgeReading = readWithForge(der)
      const x509 = readWithNode(der)
      const facts = { ...forgeReading.shared, ...forgeReading.own }
      return { role, label: role, facts, forge: forgeReading.certificate, x509 }
    } catch {
      return undefined
    }
  }

  function chainOf({ signerDer, intermediateDer, anchorPem }: ZooCase): Chain | undefined {
    const signer = parse('signer', signerDer)
    const intermediate = parse('intermediate', intermediateDer)
    const anchor = parse('anchor', readWithNode(pemToDer(anchorPem)).raw)
    return signer && intermediate && anchor ? [signer, intermediate, anchor] : undefined
  }

  /** node-forge the way its manual shows it: the anchor only in the store. */
  function forgeAlone({ signerDer, intermediateDer, anchorPem }: ZooCase): Word {
    const { asn1, pki } = forge
    try {
      const chain = [signerDer, intermediateDer].map((der) =>
        pki.certificateFromAsn1(asn1.fromDer(der.toString('binary'))),
      )
      const store = pki.createCaStore([anchorPem])
      try {
        pki.verifyCertificateChain(store, chain, { validityCheckDate: new Date(NOW_MS) })
        return 'trusts'
      } catch {
        return 'objects'
      }
    } catch {
      return 'cannot read'
    }
  }

  function nodeAlone(zooCase: ZooCase): Word {
    try {
      const [signer, intermediate, anchor] = [
        readWithNode(zooCase.signerDer),
        readWithNode(zooCase.intermediateDer),
        readWithNode(pemToDer(zooCase.anchorPem)),
      ]
      const chain = [signer, intermediate, anchor].map((x509) => ({ x509 })) as unknown as Chain
      return judgePathWithNode(chain, NOW_MS).trusted ? 'trusts' : 'objects'
    } catch {
      return 'cannot read'
    }
  }

  function forgeAsUsed(zooCase: ZooCase): Word {
    const chain = chainOf(zooCase)
    if (chain === undefined) return 'cannot read'
    return judgePathWithForge(chain, NOW_MS).trusted ? 'trusts' : 'objects'
  }

  const rows = zoo.map((zooCase) => ({
    name: zooCase.name,
    alone: forgeAlone(zooCase),
    forge: forgeAsUsed(zooCase),
    node: nodeAlone(zooCase),
    code: zooCase.code,
  }))

  test('neither suffices: each trusts chains that are refused', () => {
    const trustedWrongly = (word: 'alone' | 'forge' | 'node'): number =>
      rows.filter((row) => row[word] === 'trusts' && row.code !== 'trusted').length
    expect(trustedWrongly('alone')).toBeGreaterThan(trustedWrongly('forge'))
    expect(trustedWrongly('forge')).toBeGreaterThan(0)
    expect(trustedWrongly('node')).toBeGreaterThan(0)
  })

  test('node-forge left alone trusts an anchor that has expired or is no authority; as used here it does not', () => {
    for (const name of [
      'anchor expired',
      'anchor that is no authority',
      'path limit of the anchor exceeded',
    ]) {
      expect(rows.find((row) => row.name === name)).toMatchObject({ alone: 'trusts', forge: 'objects' })
    }
  })

  test('are recorded case by case in FORMAT.md (UPDATE=1 rewrites the table)', () => {
    const table = [
      '| chain | node-forge alone | node-forge as used | node:crypto as used | answer |',
      '|---|---|---|---|---|',
      ...rows.map((row) => `| ${row.name} | ${row.alone} | ${row.forge} | ${row.node} | ${row.code} |`),
    ].join('\n')
    const text = readFileSync(FORMAT, 'utf8')
    const marked = /(<!-- opinions -->\n)[\s\S]*?(\n<!-- end of opinions -->)/
    expect(text).toMatch(marked)
    if (process.env['UPDATE'] === '1') writeFileSync(FORMAT, text.replace(marked, `$1\n${table}\n$2`))
    else expect(marked.exec(text)?.[0]).toContain(table)
  })

  test('read the same facts in every certificate that both can read', () => {
    const ders = zoo.flatMap(({ signerDer, intermediateDer, anchorPem }) => [
      signerDer,
      intermediateDer,
      pemToDer(anchorPem),
    ])
    let compared = 0
    for (const der of ders) {
      const certificate = parse('signer', der)
      if (certificate === undefined) continue
      const { serial, notBeforeMs, notAfterMs, isAuthority, purposes, uri, publicKey } = certificate.facts
      const facts = { serial, notBeforeMs, notAfterMs, isAuthority, purposes, uri, publicKey }
      // A repeated extension is the one thing they see differently: node-forge takes the first, OpenSSL none.
      if (!certificate.facts.repeatsAnExtension) expect(facts).toEqual(factsFromNode(certificate.x509))
      compared += 1
    }
    expect(compared).toBeGreaterThan(120)
  })
})

function pemToDer(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64')
}

test('the answer that is kept for the last chain is for the very same question', () => {
  const anchors = [good.anchorPem]
  const ask = (signerDer: Buffer, anchorsPem: readonly string[], nowMs = NOW_MS): string => {
    const result = checkIssuerChain(signerDer, good.intermediateDer, anchorsPem, nowMs)
    return result.ok ? 'trusted' : result.refusal.code
  }
  const expired = zoo.find(({ name }) => name === 'signer expired')!.signerDer
  const late = Date.parse('2027-02-01T00:00:00Z')
  expect(ask(good.signerDer, anchors)).toBe('trusted')
  expect(ask(Buffer.from(good.signerDer), anchors)).toBe('trusted')
  expect(ask(expired, anchors)).toBe('issuer-expired')
  expect(ask(good.signerDer, anchors)).toBe('trusted')
  expect(ask(good.signerDer, anchors, late)).toBe('issuer-expired')
  expect(ask(good.signerDer, anchors)).toBe('trusted')
  expect(ask(good.signerDer, [])).toBe('untrusted-issuer')
  expect(ask(good.signerDer, anchors)).toBe('trusted')
})
