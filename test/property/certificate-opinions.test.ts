import 'reflect-metadata'
import { type KeyObject, sign, X509Certificate } from 'node:crypto'
import { SubjectAlternativeNameExtension, X509Certificate as ThirdCertificate } from '@peculiar/x509'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CertificateRole } from '../../agent/token/certificate.ts'
import { checkProfile } from '../../agent/token/certificate-profile.ts'
import { checkIssuerChain, readCertificate } from '../../agent/token/issuer-chain.ts'
import { factsFromNode } from '../../agent/token/second-opinion.ts'
import { fixtureKey, issuer, NOW_MS } from '../licence/fixture.ts'
import { zoo } from '../token/zoo.ts'

/**
 * A third library, of other people and other code, over certificates that were changed byte by byte. Whatever the two that
 * the gate asks accept, it must read the same.
 */

const [signerDer, intermediateDer, rootDer] = [issuer.signerPem, issuer.intermediatePem, issuer.rootPem].map(
  (pem) => new X509Certificate(pem).raw,
) as [Buffer, Buffer, Buffer]

/**
 * A few seconds. The same edits each time, so that it fails for a change and not by chance; after a change of what is
 * accepted, run it by hand with ten times as many and other seeds.
 */
const EDITS = { numRuns: 300, seed: 2026 }

interface Facts {
  readonly serial: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly publicKey: string
  readonly uri: string
}

/** What the third library reads; throws where it cannot. */
function thirdReading(der: Buffer): Facts {
  const certificate = new ThirdCertificate(der)
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? []
  return {
    serial: certificate.serialNumber.toLowerCase().replace(/^0+(?=.)/, ''),
    notBeforeMs: certificate.notBefore.getTime(),
    notAfterMs: certificate.notAfter.getTime(),
    publicKey: Buffer.from(certificate.publicKey.rawData).toString('base64'),
    uri: names.length === 1 && names[0]?.type === 'url' ? names[0].value : '',
  }
}

function readOrRefuse(der: Buffer): Facts | undefined {
  try {
    return thirdReading(der)
  } catch {
    return undefined
  }
}

function factsOf({ serial, notBeforeMs, notAfterMs, publicKey, uri }: Facts): Facts {
  return { serial, notBeforeMs, notAfterMs, publicKey, uri }
}

/** Key identifiers help to find a certificate. The gate does not read them, so how they are spelt is all the same to it. */
function unread(der: Buffer): readonly (readonly [from: number, to: number])[] {
  return ['0603551d0e', '0603551d23'].flatMap((oid) => {
    const at = der.indexOf(Buffer.from(oid, 'hex'))
    return at === -1 ? [] : [[at - 2, at + (der[at - 1] ?? 0)] as const]
  })
}

/** Some bytes changed, wherever; lengths stay, so that most of it still parses. */
const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 })

function changed(
  der: Buffer,
  edits: readonly (readonly [number, number])[],
  from = 0,
  to = der.length,
): Buffer {
  const copy = Buffer.from(der)
  const ranges = unread(der)
  for (const [seed, byte] of edits) {
    const at = from + (seed % (to - from))
    if (!ranges.some(([start, end]) => at >= start && at < end)) copy[at] = byte
  }
  return copy
}

/** The signed part: behind the outer header of four bytes, with a header of four bytes of its own. */
function signedPart(der: Buffer): readonly [from: number, to: number] {
  return [4, 8 + der.readUInt16BE(6)]
}

/** Changes what is signed and signs it again: the parsers are on their own. */
function signedAgain(der: Buffer, edits: readonly (readonly [number, number])[], key: KeyObject): Buffer {
  const [from, to] = signedPart(der)
  const copy = changed(der, edits, from, to)
  const signature = sign('sha256', copy.subarray(from, to), key)
  signature.copy(copy, copy.length - signature.length)
  return copy
}

test('the third library reads the certificates of the fixtures as the gate does', () => {
  for (const der of [signerDer, intermediateDer, rootDer]) {
    expect(thirdReading(der)).toEqual(factsOf(factsFromNode(new X509Certificate(der))))
  }
})

test('the third library reads every chain of the zoo that both others can read as they do', () => {
  let compared = 0
  for (const { signerDer: signer, intermediateDer: intermediate, name } of zoo) {
    for (const [role, der] of [
      ['signer', signer],
      ['intermediate', intermediate],
    ] as const) {
      const reading = readCertificate(role, der)
      if (!reading.ok || reading.certificate.facts.repeatsAnExtension) continue
      if (reading.certificate.facts.uri === '') continue
      expect([name, thirdReading(der)]).toEqual([name, factsOf(reading.certificate.facts)])
      compared += 1
    }
  }
  expect(compared).toBeGreaterThan(30)
})

describe('a certificate that was changed byte by byte', () => {
  const certificates: readonly (readonly [CertificateRole, Buffer])[] = [
    ['signer', signerDer],
    ['intermediate', intermediateDer],
    ['anchor', rootDer],
  ]

  test.each(certificates)('is read alike by all three, or refused: %s', (role, der) => {
    let compared = 0
    fc.assert(
      fc.property(changes, (edits) => {
        const candidate = changed(der, edits)
        const reading = readCertificate(role, candidate)
        if (!reading.ok || checkProfile(reading.certificate) !== undefined) return
        const { facts } = reading.certificate
        const third = readOrRefuse(candidate)
        // It minds how names are spelt, of which the gate compares the bytes and shows the text.
        if (third === undefined) return
        compared += 1
        // An empty URI is none that the gate would take, whatever stands there.
        expect(facts.uri === '' ? { ...third, uri: '' } : third).toEqual(factsOf(facts))
      }),
      EDITS,
    )
    expect(compared).toBeGreaterThan(20)
  })

  test('and signed again is trusted only where the third reads and verifies the same', async () => {
    let trusted = 0
    await fc.assert(
      fc.asyncProperty(changes, fc.boolean(), async (edits, isSigner) => {
        const signer = isSigner ? signedAgain(signerDer, edits, fixtureKey('intermediate')) : signerDer
        const intermediate = isSigner
          ? intermediateDer
          : signedAgain(intermediateDer, edits, fixtureKey('root'))
        const result = checkIssuerChain(signer, intermediate, [issuer.rootPem], NOW_MS)
        if (!result.ok) return
        trusted += 1
        const [der, above] = isSigner ? [signer, intermediate] : [intermediate, rootDer]
        expect(thirdReading(der)).toEqual(factsOf(factsFromNode(new X509Certificate(der))))
        expect(thirdReading(signer).uri).toBe(result.issuer.uri)
        expect(await verifies(signer, intermediate)).toBe(true)
        expect(await verifies(der, above)).toBe(true)
      }),
      EDITS,
    )
    expect(trusted).toBeGreaterThan(5)
  })

  async function verifies(der: Buffer, above: Buffer): Promise<boolean> {
    const { publicKey } = new ThirdCertificate(above)
    return await new ThirdCertificate(der).verify({ publicKey, signatureOnly: true })
  }
})
