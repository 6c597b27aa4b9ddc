/** What an issuer may speak for here, and whether it is believed at all. */
import { createHash, X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { verifyLicence } from '../../../agent/licence/index.ts'
import type { Authority, RevokedCertificate } from '../../../agent/trust/index.ts'
import { contextWith, DAY_MS, issuer, NOW_MS, signClaims, used } from '../fixture.ts'
import { inShort, judged, oneBench, sentences, trustWith, verifyClaims } from '../judge.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const anchorSha256 = sha256(new X509Certificate(issuer.rootPem).raw)
const design = oneBench['design'] as object

function authority(changes: Partial<Authority>): ReturnType<typeof trustWith> {
  const all: Authority = {
    anchorSha256,
    powers: ['license'],
    tiers: ['open', 'registered', 'controlled', 'restricted'],
    classes: null,
    countries: null,
  }
  return trustWith({ authorities: [{ ...all, ...changes }] })
}

describe('an issuer may speak', () => {
  test('for everything but exemptions where no row limits its anchor', async () => {
    expect(await judged({ tier: 'restricted' })).toBe('allowed')
    expect(await judged({ end_use: { countries: ['NL'] } }, { declared: { destination: 'NL' } })).toBe(
      'allowed',
    )
  })

  test('for nothing where its row gives it no power to license', async () => {
    expect(await judged({}, authority({ powers: ['screen'] }))).toBe('outside-authority')
  })

  test('for the tiers of its row', async () => {
    const place = authority({ tiers: ['open', 'registered'] })
    expect(await judged({}, place)).toBe('allowed')
    expect(await sentences({ tier: 'controlled' }, place)).toEqual([
      'this issuer may not license designs of tier controlled here',
    ])
  })

  test('for the classes of its row, which a tight licence must name', async () => {
    const place = authority({ classes: ['us-eccn:*'] })
    const classed = (...classes: string[]): object => ({ tier: 'controlled', design: { ...design, classes } })
    expect(await judged(classed('us-eccn:EAR99'), place)).toBe('allowed')
    expect(await judged(classed('us-eccn:EAR99', 'wa:1.A.2'), place)).toBe('outside-authority')
    expect(await judged({ tier: 'controlled' }, place)).toBe('outside-authority')
    expect(await judged({}, place)).toBe('allowed')
  })

  test('for the countries of its row, which the licence must name', async () => {
    const place = { ...authority({ countries: ['NL', 'BE'] }), declared: { destination: 'NL' } }
    expect(await judged({ end_use: { countries: ['NL'] } }, place)).toBe('allowed')
    expect(await judged({ end_use: { countries: ['NL', 'FR'] } }, place)).toBe('outside-authority')
    expect(await judged({}, place)).toBe('outside-authority')
  })

  test('in its own row, not in that of another anchor', async () => {
    const place = authority({ anchorSha256: 'f'.repeat(64), tiers: ['open'] })
    expect(await judged({ tier: 'restricted' }, place)).toBe('allowed')
  })
})

describe('a regime that is recognised', () => {
  const recognition = {
    issuer: 'https://export.example.org',
    anchorSha256: 'e'.repeat(64),
    expiresAtMs: NOW_MS + DAY_MS,
    of: 'https://licences.example.org',
    tiers: { registered: 'controlled' },
    classes: { 'xx:17': 'wa:1.A.2' },
  } as const
  const unsure = { time: { nowMs: NOW_MS, signedMs: 0, doubt: 'unset' } } as const

  test('has its tiers treated as those they are mapped to', async () => {
    const place = trustWith({ recognitions: [recognition] })
    expect(await judged({}, unsure)).toBe('clock-untrusted (warn)')
    expect(await judged({}, { ...place, ...unsure })).toBe('clock-untrusted (hold: site)')
    const row = authority({ tiers: ['registered'] }).trust!.authorities
    expect(await judged({}, trustWith({ recognitions: [recognition], authorities: row }))).toBe(
      'outside-authority',
    )
  })

  test('is allowed under the tier that it has here: what a policy asks for is asked of that', async () => {
    const place = trustWith({ recognitions: [recognition] })
    expect(await verifyClaims({}, place)).toMatchObject({ ok: true, licence: { tier: 'controlled' } })
    expect(await verifyClaims({})).toMatchObject({ ok: true, licence: { tier: 'registered' } })
  })

  test('has its classes treated as those they are mapped to', async () => {
    const foreign = { design: { ...design, classes: ['xx:17'] } }
    expect(await judged(foreign)).toBe('class-unknown (hold: compliance)')
    expect(await judged({ ...foreign, tier: 'controlled' }, trustWith({ recognitions: [recognition] }))).toBe(
      'allowed',
    )
    const loose = { ...recognition, tiers: {} }
    expect(await judged(foreign, trustWith({ recognitions: [loose] }))).toBe('tier-too-loose')
  })

  test('is recognised no longer than the recognition lasts, and no neighbour with it', async () => {
    for (const changes of [
      { expiresAtMs: NOW_MS },
      { of: 'https://licences.example.or' },
      { of: 'https://licences.example.org/fix' },
    ]) {
      const place = trustWith({ recognitions: [{ ...recognition, ...changes }] })
      expect(await judged({}, { ...place, ...unsure })).toBe('clock-untrusted (warn)')
    }
  })
})

describe('a certificate that is revoked here', () => {
  const spki = (pem: string): string =>
    sha256(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
  const revoke = (pem: string, fromRecord: number | null): ReturnType<typeof trustWith> =>
    trustWith({ revoked: [{ spkiSha256: spki(pem), serial: null, fromRecord } as RevokedCertificate] })

  test('takes its licences along: signer, intermediate or anchor', async () => {
    for (const pem of [issuer.signerPem, issuer.intermediatePem, issuer.rootPem]) {
      expect(await judged({}, revoke(pem, null))).toBe('issuer-revoked')
    }
    expect(await sentences({}, revoke(issuer.signerPem, null))).toEqual([
      expect.stringMatching(/^signer certificate `.+` was revoked in this site's trust store$/),
    ])
  })

  test('spares a licence that this log knew before, and no other', async () => {
    const place = revoke(issuer.signerPem, 6)
    const token = await signClaims(oneBench)
    const told = async (firstRecord: number, firstSha256: string | null): Promise<string> =>
      inShort(
        await verifyLicence(token, contextWith({ ...place, uses: used(1, { firstRecord, firstSha256 }) })),
      )
    expect(await told(5, sha256(Buffer.from(token)))).toBe('allowed')
    expect(await told(6, sha256(Buffer.from(token)))).toBe('issuer-revoked')
    expect(await told(5, null)).toBe('issuer-revoked')
    expect(await judged({}, place)).toBe('issuer-revoked')
  })

  test('spares no licence that is signed again under a known id, with more copies', async () => {
    const firstSha256 = sha256(Buffer.from(await signClaims(oneBench)))
    const uses = used(3, { firstRecord: 5, firstSha256 })
    const place = { ...revoke(issuer.signerPem, 6), uses }
    expect(await judged({ grant: { copies: 1000 } }, place)).toBe('issuer-revoked')
  })

  test('spares nothing where no record is named', async () => {
    expect(await judged({}, { ...revoke(issuer.signerPem, null), uses: used(1, { firstRecord: 0 }) })).toBe(
      'issuer-revoked',
    )
  })

  test('is not the certificate of somebody else', async () => {
    const revoked = [{ spkiSha256: 'a'.repeat(64), serial: null, fromRecord: null }]
    expect(await judged({}, trustWith({ revoked }))).toBe('allowed')
  })
})

describe('an exemption', () => {
  const exempt = { basis: 'repair', authority: issuer.uri }
  const tight = { ...design, classes: ['wa:1.A.2'] }

  test('counts where the issuer itself grants it and its row lets it', async () => {
    expect(await judged({ exempt }, authority({ powers: ['license', 'exempt'] }))).toBe('allowed')
    expect(await judged({ exempt })).toBe('exemption-not-recognised')
    expect(await judged({ exempt }, authority({ powers: ['license'] }))).toBe('exemption-not-recognised')
  })

  test('counts in another name where the row says so', async () => {
    const other = { ...exempt, authority: 'https://ministry.example.org' }
    const powers = ['license', 'exempt'] as const
    expect(await judged({ exempt: other }, authority({ powers }))).toBe('exemption-not-recognised')
    const exemptsAs = [other.authority]
    expect(await judged({ exempt: other }, authority({ powers, exemptsAs }))).toBe('allowed')
    expect(await sentences({ exempt: other })).toEqual([
      '`https://ministry.example.org` may not grant a repair exemption here',
    ])
  })

  test('is the ground for a looser tier, which is still told', async () => {
    const place = authority({ powers: ['license', 'exempt'] })
    expect(await judged({ design: tight }, place)).toBe('tier-too-loose')
    expect(await judged({ design: tight, exempt }, place)).toBe('tier-too-loose (warn)')
    expect(await judged({ design: tight, exempt })).toBe('tier-too-loose, exemption-not-recognised')
  })

  test('for people in need or a critical use brings a report and a witness', async () => {
    const place = authority({ powers: ['license', 'exempt'] })
    for (const basis of ['humanitarian', 'critical-use']) {
      const claims = { exempt: { ...exempt, basis } }
      expect(await judged(claims, place)).toBe('assurance-too-low')
      const witnessed = { ...place, machine: { ...machine, cosigners: 1 } }
      expect(await judged(claims, witnessed)).toBe('allowed')
      const since = (days: number): object => ({
        uses: used(1, { unreportedSinceMs: NOW_MS - days * DAY_MS }),
      })
      expect(await judged(claims, { ...witnessed, ...since(29) })).toBe('allowed')
      expect(await judged(claims, { ...witnessed, ...since(30) })).toBe('obligation-overdue (hold: issuer)')
    }
  })

  const machine = {
    id: 'bench-1',
    printer: null,
    assurance: 'software',
    cosigners: 0,
    isRealPort: true,
  } as const
})

describe('the tier', () => {
  const classed = (tier: string, ...classes: string[]): object => ({ tier, design: { ...design, classes } })

  test('is at least as tight as the classes ask', async () => {
    expect(await judged(classed('open', 'us-eccn:EAR99'))).toBe('allowed')
    expect(await judged(classed('open', 'safety:eu-mdr-I'))).toBe('tier-too-loose')
    expect(await judged(classed('registered', 'safety:eu-mdr-I'))).toBe('allowed')
    expect(await judged(classed('controlled', 'safety:eu-mdr-I', 'wa:ML1'))).toBe('tier-too-loose')
    expect(await judged(classed('restricted', 'safety:eu-mdr-I', 'wa:ML1'))).toBe('allowed')
    expect(await sentences(classed('registered', 'wa:1.A.2'))).toEqual([
      'design is of class `wa:1.A.2`, which makes it controlled; the licence is for tier registered',
    ])
  })

  test('of a class that nobody here knows is for compliance to look at', async () => {
    expect(await judged(classed('restricted', 'xx:17', 'xx:18'))).toBe(
      'class-unknown (hold: compliance), class-unknown (hold: compliance)',
    )
  })

  test('demands less once its sunset has come, by signed time alone', async () => {
    const sunset = NOW_MS / 1000 - 60
    const claims = { ...classed('open', 'wa:1.A.2', 'xx:17'), sunset }
    const time = (signedMs: number): object => ({ time: { nowMs: NOW_MS, signedMs, doubt: 'none' } })
    expect(await judged(claims, time(0))).toBe('tier-too-loose, class-unknown (hold: compliance)')
    expect(await judged(claims, time(sunset * 1000 - 1))).toContain('class-unknown (hold: compliance)')
    expect(await judged(claims, time(sunset * 1000))).toBe('tier-too-loose (warn), class-unknown (warn)')
  })
})
