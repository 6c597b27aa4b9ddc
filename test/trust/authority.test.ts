import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { checkIssuerChain } from '../../agent/token/index.ts'
import { spkiSha256Of } from '../../agent/trust/certificate-names.ts'
import { coversClass } from '../../agent/trust/class-pattern.ts'
import {
  type Authority,
  authorityOf,
  hasPower,
  LICENCE_TIERS,
  mayExempt,
  mayLicense,
  type Recognition,
  type RevokedCertificate,
  recognisedClasses,
  recognisedTier,
  revocationOf,
  trustIn,
} from '../../agent/trust/index.ts'
import { issuer, NOW_MS } from '../licence/fixture.ts'
import { ANCHOR, ANCHOR_SHA256 } from './signed.ts'

const plain = authorityOf(trustIn([]), ANCHOR_SHA256)
const withRow = (row: Partial<Authority>): Authority => ({ ...plain, ...row })
const scope = { tier: 'registered', classes: ['eu:1B001'], countries: ['DE'] } as const

describe('what an authority may license', () => {
  test('without a row: every tier, class and country, and no other power', () => {
    for (const tier of LICENCE_TIERS) expect(mayLicense(plain, { ...scope, tier })).toBeUndefined()
    for (const power of ['exempt', 'recognise', 'screen'] as const) {
      expect(hasPower(trustIn([]), ANCHOR_SHA256, power)).toBe(false)
    }
    expect(hasPower(trustIn([]), ANCHOR_SHA256, 'license')).toBe(true)
  })

  test.each<[string, Partial<Authority>, object, string, string]>([
    ['no power at all', { powers: [] }, {}, 'license', 'nothing'],
    ['a power, and not this one', { powers: ['screen'] }, {}, 'license', 'screen'],
    ['another tier', { tiers: ['open'] }, {}, 'registered', 'open'],
    ['no tier', { tiers: [] }, {}, 'registered', 'none'],
    ['another class', { classes: ['eu:9A001'] }, {}, 'eu:1B001', 'eu:9A001'],
    ['a class of another regime', { classes: ['us-eccn:*'] }, {}, 'eu:1B001', 'us-eccn:*'],
    [
      'one class of two',
      { classes: ['eu:1B001'] },
      { classes: ['eu:1B001', 'eu:9A001'] },
      'eu:9A001',
      'eu:1B001',
    ],
    [
      'no class where the tier needs one',
      { classes: ['eu:*'] },
      { tier: 'controlled', classes: [] },
      'none',
      'eu:*',
    ],
    ['another country', { countries: ['FR'] }, {}, 'DE', 'FR'],
    ['no country, which is everywhere', { countries: ['FR'] }, { countries: [] }, 'any', 'FR'],
  ])('%s is beyond it', (_title, row, change, value, limit) => {
    expect(mayLicense(withRow(row), { ...scope, ...change })).toMatchObject({ value, limit })
  })

  test.each<[string, Partial<Authority>, object]>([
    ['a class under the one it may', { classes: ['eu:1B001'] }, { classes: ['eu:1B001.a'] }],
    ['any class of a regime', { classes: ['eu:*'] }, {}],
    ['no class where the tier needs none', { classes: ['eu:*'] }, { classes: [] }],
    ['one country of several', { countries: ['FR', 'DE'] }, {}],
  ])('%s is within it', (_title, row, change) => {
    expect(mayLicense(withRow(row), { ...scope, ...change })).toBeUndefined()
  })

  test('a class covers what lies under it and nothing that only begins alike', () => {
    expect(coversClass('us-usml:IV', 'us-usml:IV(a)')).toBe(true)
    expect(coversClass('us-usml:I', 'us-usml:IV')).toBe(false)
    expect(coversClass('eu:*', 'eu-ml:ML1')).toBe(false)
    expect(coversClass('eu:1B001.a', 'eu:1B001')).toBe(false)
  })
})

describe('an exemption', () => {
  const ministry = 'https://ministry.example'
  test.each([
    ['without the power', withRow({}), issuer.uri, false],
    ['in its own name', withRow({ powers: ['exempt'] }), issuer.uri, true],
    ['in the name of somebody', withRow({ powers: ['exempt'] }), ministry, false],
    [
      'in a name that the site lets it use',
      withRow({ powers: ['exempt'], exemptsAs: [ministry] }),
      ministry,
      true,
    ],
    ['in such a name, without the power', withRow({ exemptsAs: [ministry] }), ministry, false],
  ] as const)('%s', (_title, authority, by, expected) => {
    expect(mayExempt(authority, issuer.uri, by)).toBe(expected)
  })
})

describe('a revoked certificate', () => {
  const chain = checkIssuerChain(
    new X509Certificate(issuer.signerPem).raw,
    new X509Certificate(issuer.intermediatePem).raw,
    [issuer.rootPem],
    NOW_MS,
  )
  if (!chain.ok) throw new Error('the fixture is trusted')
  const signer = chain.issuer.certificates[0]!
  const revoked = (rows: readonly Partial<RevokedCertificate>[]) =>
    revocationOf(
      {
        anchorsPem: [issuer.rootPem],
        revoked: rows.map((row) => ({ spkiSha256: null, serial: null, fromRecord: null, ...row })),
      },
      chain.issuer,
    )

  test('is found by its key, wherever in the chain it is', () => {
    for (const { spkiSha256, label } of chain.issuer.certificates) {
      expect(revoked([{ spkiSha256 }])?.label).toBe(label)
    }
    expect(revoked([{ spkiSha256: spkiSha256Of(ANCHOR) }])?.label).toBe('anchor certificate')
  })

  test('is found by its serial number under its own anchor only', () => {
    const { serial } = signer
    expect(revoked([{ serial: { anchorSha256: ANCHOR_SHA256, number: serial } }])?.label).toBe(signer.label)
    expect(revoked([{ serial: { anchorSha256: 'ab'.repeat(32), number: serial } }])).toBeUndefined()
  })

  test('counts as its strictest row says', () => {
    const { spkiSha256 } = signer
    const of = (...records: (number | null)[]) =>
      revoked(records.map((fromRecord) => ({ spkiSha256, fromRecord })))?.revoked.fromRecord
    expect(of(7, 3, 9)).toBe(3)
    expect(of(3, null)).toBeNull()
    expect(of(5)).toBe(5)
  })

  test('of somebody else touches nothing', () => {
    expect(revoked([{ spkiSha256: 'ab'.repeat(32) }, {}])).toBeUndefined()
    expect(revoked([])).toBeUndefined()
  })
})

describe('a recognition', () => {
  const recognition = (changes: Partial<Recognition> = {}): Recognition => ({
    issuer: issuer.uri,
    anchorSha256: ANCHOR_SHA256,
    expiresAtMs: NOW_MS + 1,
    of: 'https://other.example/a',
    tiers: { controlled: 'registered' },
    classes: { 'jp-meti:1B': 'eu:1B001', 'eu:9A001': 'site:own-design' },
    ...changes,
  })
  const tierBy = (issuerUri: string, ...list: Recognition[]) =>
    recognisedTier({ recognitions: list }, issuerUri, 'controlled', NOW_MS)

  test('makes of a tier what it says, for the issuer and those under it', () => {
    expect(tierBy('https://other.example/a', recognition())).toBe('registered')
    expect(tierBy('https://other.example/a/b', recognition())).toBe('registered')
  })

  test.each([
    'https://other.example',
    'https://other.example/ab',
    'https://other.example.evil/a',
    'https://x.example',
  ])('says nothing of %s', (uri) => {
    expect(tierBy(uri, recognition())).toBe('controlled')
  })

  test('says nothing once it has expired, and nothing of a tier that it leaves out', () => {
    expect(tierBy('https://other.example/a', recognition({ expiresAtMs: NOW_MS }))).toBe('controlled')
    expect(tierBy('https://other.example/a', recognition({ tiers: { open: 'open' } }))).toBe('controlled')
  })

  test('the tightest of several counts', () => {
    const tight = recognition({ tiers: { controlled: 'restricted' } })
    expect(tierBy('https://other.example/a', recognition(), tight)).toBe('restricted')
    expect(tierBy('https://other.example/a', tight, recognition())).toBe('restricted')
  })

  test('maps a class that nobody knows here, and takes none away that is known', () => {
    const classesBy = (...codes: string[]) =>
      recognisedClasses({ recognitions: [recognition()] }, 'https://other.example/a', codes, NOW_MS)
    expect(classesBy('jp-meti:1B.2')).toEqual(['eu:1B001'])
    expect(classesBy('eu:9A001')).toEqual(['eu:9A001', 'site:own-design'])
    expect(classesBy('jp-meti:9', 'eu:1B001')).toEqual(['jp-meti:9', 'eu:1B001'])
  })
})
