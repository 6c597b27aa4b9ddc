/** What holds of the checks of a licence whatever it says: pure, over plain licences, without a signature in sight. */
import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { VerifiedTerms } from '../../agent/licence/checks/check.ts'
import { CHECKS } from '../../agent/licence/checks/index.ts'
import { readClaims } from '../../agent/licence/claims.ts'
import { commitToName } from '../../agent/licence/commitment.ts'
import { copyTerms } from '../../agent/licence/copy-terms.ts'
import type { LicenceContext } from '../../agent/licence/index.ts'
import { type Licence, licenceKey } from '../../agent/licence/licence.ts'
import { bracket, contextWith, DAY_MS, digestsOf, issuer, NOW_MS, plainClaims } from '../licence/fixture.ts'
import { attest } from '../licence/judge.ts'

const RANKS = { warn: 0, hold: 1, deny: 2 } as const

const MODELS = ['a', 'b'].map((letter) => letter.repeat(64))
const PROFILES = ['c', 'd'].map((letter) => letter.repeat(64))
const SALT = '0'.repeat(32)
const NAMES = ['Ana', 'Bo']
const sealedNames = NAMES.map((name) => ({ salt: SALT, sha256: commitToName(SALT, name) }))

const slicers = ['farm', 'bench'].map((id) => ({ id, ...generateKeyPairSync('ed25519') }))
const ATTESTATIONS = slicers.flatMap(({ id, privateKey }) =>
  [
    { scale: 1, rotate_z: 0, rotated_otherwise: false, mirrored: false, split: false },
    { scale: 1.5, rotate_z: 90, rotated_otherwise: false, mirrored: true, split: false },
    { scale: 1, rotate_z: 0, rotated_otherwise: true, mirrored: false, split: true },
  ].map((transforms, at) =>
    attest(
      {
        _type: 'https://in-toto.io/Statement/v1',
        subject: [{ name: 'job', digest: { sha256: bracket.canonicalSha256 } }],
        predicateType: 'https://portcullis.invalid/slicing/v1',
        predicate: {
          slicer: { id },
          design: { sha256: MODELS[at % 2] },
          profile: { sha256: PROFILES[at % 2] },
          instances: 1,
          transforms,
        },
      },
      privateKey,
    ),
  ),
)

const plain = (() => {
  const read = readClaims(Buffer.from(JSON.stringify(plainClaims())))
  if (!read.ok) throw new Error('the claims of the fixtures are read')
  return read.licence
})()

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })
/** Of many limits at once only few, or hardly a job would be within them. */
const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
const some = <T>(...values: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...values])
const oneOrMore = <T>(...values: readonly T[]): fc.Arbitrary<T[]> =>
  fc.subarray([...values], { minLength: 1 })

const digests: readonly Licence['design']['digests'][number][] = [
  { form: 'gcode-raw', sha256: bracket.rawSha256 },
  { form: 'gcode-canon', sha256: bracket.canonicalSha256 },
  { form: 'gcode-canon', sha256: digestsOf('other').canonicalSha256 },
  ...MODELS.map((sha256) => ({ form: 'model' as const, sha256 })),
]

/** Few values of each kind, so that they meet those of the place often. Each machine has a share of its own. */
const licences: fc.Arbitrary<Licence> = fc.record({
  ...Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, fc.constant(value)])),
  tier: fc.constantFrom('open', 'registered', 'controlled', 'restricted'),
  design: fc.record({
    id: fc.constant('bracket-7'),
    revision: fc.constant('C'),
    title: fc.constant(undefined),
    digests: oneOrMore(...digests),
    classes: fc.constant([]),
    transforms: fc.record({
      scale: fc.constantFrom([1, 1], [1, 1.5], [0.5, 2]),
      rotateZ: fc.boolean(),
      rotateAny: fc.boolean(),
      mirror: fc.boolean(),
      split: fc.boolean(),
    }),
  }),
  slicing: fc.record({
    mode: fc.constantFrom('exact-gcode', 'attested-slicer'),
    slicers: some('farm', 'bench'),
    profileSha256: maybe(fc.constantFrom(...PROFILES)),
  }),
  grant: fc.record({
    copies: fc.integer({ min: 1, max: 6 }),
    copiesPerMachine: maybe(fc.integer({ min: 1, max: 3 })),
    copiesPerDay: maybe(fc.integer({ min: 1, max: 3 })),
    filamentMmMax: maybe(fc.constantFrom(500, 1000, 2000)),
    commit: fc.constant(plain.grant.commit),
  }),
  machines: fc
    .tuple(
      oneOrMore('bench-1', 'bench-2'),
      fc.integer({ min: 1, max: 4 }),
      maybe(fc.constantFrom({ uuid: 'aa' }, { firmware: 'Marlin' }, { usbSerial: 'S1' }, { level: 'usb' })),
    )
    .map(([ids, copies, printer]) => ids.map((id) => ({ id, copies, printer }))),
  materials: some(
    { type: 'PLA' },
    { type: 'PLA', vendor: 'A' },
    { type: 'PETG', vendor: 'B', lot: '1' },
  ) as fc.Arbitrary<never>,
  operators: some<object>(
    { kind: 'role', role: 'technician' },
    ...sealedNames.map((commitment) => ({ kind: 'name', commitment })),
  ) as fc.Arbitrary<never>,
  limits: fc.record({
    nozzleCelsiusMax: rarely(fc.constantFrom(200, 250)),
    bedCelsiusMax: rarely(fc.constantFrom(50, 90)),
    chamberCelsiusMax: rarely(fc.constantFrom(30, 60)),
    sizeMmMax: rarely(fc.constantFrom({ x: 10, y: 10, z: 10 }, { x: 50, y: 50, z: 50 })),
    feedrateMmPerMinMax: rarely(fc.constantFrom(1000, 6000)),
    flowMm3PerSMax: rarely(fc.constantFrom(5, 15)),
    layerMmMin: rarely(fc.constantFrom(0.1, 0.25)),
    layerMmMax: rarely(fc.constantFrom(0.15, 0.3)),
    secondsMax: rarely(fc.constantFrom(600, 3600)),
  }),
  endUse: fc.record({
    code: maybe(fc.constantFrom('display', 'training')),
    countries: some('NL', 'BE'),
    endUser: maybe(fc.constantFrom(...sealedNames)),
    mayReexport: fc.boolean(),
    statementSha256: fc.constant(undefined),
  }),
  obligations: some(
    { kind: 'report', withinDays: 14, byMs: undefined },
    { kind: 'report', withinDays: undefined, byMs: NOW_MS },
    { kind: 'witness', cosigners: 1 },
    { kind: 'retain', days: 3 },
  ) as fc.Arbitrary<never>,
  assurance: fc.constantFrom('software', 'witnessed', 'hardware'),
  notBeforeMs: fc.constantFrom(NOW_MS - DAY_MS, NOW_MS - 1, NOW_MS, NOW_MS + DAY_MS),
  expiresAtMs: fc.constantFrom(NOW_MS - 1, NOW_MS, NOW_MS + 1, NOW_MS + DAY_MS),
  sunsetMs: maybe(fc.constantFrom(NOW_MS - DAY_MS, NOW_MS + DAY_MS)),
  isDrill: fc.boolean(),
}) as fc.Arbitrary<unknown> as fc.Arbitrary<Licence>

const declarations: fc.Arbitrary<LicenceContext['declared']> = fc.record(
  {
    operator: fc.constantFrom(...NAMES, 'Cy'),
    role: fc.constantFrom('technician', 'visitor'),
    material: fc.constantFrom(
      { type: 'PLA' },
      { type: 'pla', vendor: 'A' },
      { type: 'PETG', vendor: 'B', lot: '1' },
      { type: 'PETG', vendor: 'B', lot: '2' },
    ),
    endUse: fc.constantFrom('display', 'training'),
    destination: fc.constantFrom('NL', 'be', 'FR'),
    endUser: fc.constantFrom(...NAMES, 'Cy'),
  },
  { requiredKeys: [] },
)

const places: fc.Arbitrary<LicenceContext> = fc
  .record({
    declared: declarations,
    doubt: fc.constantFrom('none', 'none', 'set-back', 'unset', 'ahead'),
    signedMs: fc.constantFrom(0, NOW_MS),
    printer: fc.option(
      fc.record({
        level: fc.constantFrom('reported', 'usb'),
        uuid: fc.option(fc.constantFrom('AA', 'bb')),
        firmware: fc.option(fc.constantFrom('Marlin 2.1', 'Klipper')),
        usbSerial: fc.option(fc.constantFrom('S1', 'S2')),
      }),
    ),
    assurance: fc.constantFrom('software', 'witnessed', 'hardware'),
    cosigners: fc.nat(2),
    isRealPort: fc.boolean(),
    job: fc.constantFrom(bracket, digestsOf('other'), digestsOf('third')),
    nozzle: fc.option(fc.constantFrom(190, 220, 300)),
    filamentMm: fc.constantFrom(400, 900, 1500),
    used: fc.nat(4),
    usedToday: fc.nat(3),
    unreportedSinceMs: fc.option(fc.constantFrom(NOW_MS - 20 * DAY_MS, NOW_MS - DAY_MS)),
  })
  .map(({ declared, doubt, signedMs, printer, assurance, cosigners, isRealPort, job, nozzle, ...rest }) => {
    const base = contextWith()
    const { filamentMm, used, usedToday, unreportedSinceMs } = rest
    const use = { used, usedToday, filamentMm: 100, firstRecord: 1, firstSha256: null, unreportedSinceMs }
    return {
      ...base,
      declared,
      time: { nowMs: NOW_MS, signedMs, doubt },
      machine: { id: 'bench-1', printer, assurance, cosigners, isRealPort },
      job: { ...base.job, ...job, nozzleMaxCelsius: nozzle, filamentMm },
      uses: { [licenceKey(plain)]: use },
      trust: {
        ...base.trust,
        slicers: slicers.map(({ id, publicKey }) => ({
          id,
          key: publicKey.export({ format: 'jwk' }).x ?? '',
        })),
      },
    }
  })

const attestations = fc.subarray(ATTESTATIONS, { maxLength: 2 })

/**
 * Of each check by itself, so that none hides behind what another objects to: 0 allowed, with or without a warning; 1 held;
 * 2 denied.
 */
async function ranks(
  chain: readonly Licence[],
  place: LicenceContext,
  beside: string[],
): Promise<readonly number[]> {
  const [licence] = chain
  const terms = {
    licence,
    chain,
    issuer: { uri: issuer.uri, anchorSha256: 'a'.repeat(64), certificates: [] },
    copies: copyTerms(chain, place.machine.id),
    bundle: { licences: [], allocations: [], refunds: [], statusLists: [], attestations: beside },
  } as unknown as VerifiedTerms
  return Promise.all(
    CHECKS.map(async (check) => {
      const found = await check(terms, place)
      return Math.max(0, ...found.map(({ outcome }) => RANKS[outcome]))
    }),
  )
}

/** No check finds less of the one than of the other. */
async function expectNoGain(
  narrow: readonly Licence[],
  wide: readonly Licence[],
  place: LicenceContext,
  beside: string[] = [],
): Promise<void> {
  const before = await ranks(wide, place, beside)
  const after = await ranks(narrow, place, beside)
  // Of a machine that it does not name, a licence says nothing but that.
  const names = ({ machines }: Licence): boolean => machines.some(({ id }) => id === place.machine.id)
  if (!narrow.every(names)) return expect(Math.max(...after)).toBe(RANKS.deny)
  expect(after.map((rank, at) => Math.max(rank, before[at] ?? 0))).toEqual(after)
}

type Narrow = (wide: Licence, other: Licence) => Licence

const lower = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)
const higher = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)
/** Of two lists of which an empty one means anything: what both allow, or the first where that would be nothing. */
function both<T>(one: readonly T[], other: readonly T[]): readonly T[] {
  if (one.length === 0) return other
  const shared = one.filter((item) => other.some((its) => JSON.stringify(its) === JSON.stringify(item)))
  return shared.length === 0 ? one : shared
}
const TIERS = ['open', 'registered', 'controlled', 'restricted'] as const
const LEVELS = ['software', 'witnessed', 'hardware'] as const
const later = <T>(order: readonly T[], one: T, other: T): T =>
  order.indexOf(one) >= order.indexOf(other) ? one : other

/** Each takes one claim of another licence, as far as it is narrower. */
const NARROWINGS: Readonly<Record<string, Narrow>> = {
  tier: (wide, { tier }) => ({ ...wide, tier: later(TIERS, wide.tier, tier) }),
  digests: (wide, { design }) => ({
    ...wide,
    design: { ...wide.design, digests: both(wide.design.digests, design.digests) },
  }),
  transforms: (wide, { design: { transforms: other } }) => {
    const { transforms } = wide.design
    const [least, greatest] = [
      Math.max(transforms.scale[0], other.scale[0]),
      Math.min(transforms.scale[1], other.scale[1]),
    ]
    const narrow = {
      scale: [least, greatest] as const,
      rotateZ: transforms.rotateZ && other.rotateZ,
      rotateAny: transforms.rotateAny && other.rotateAny,
      mirror: transforms.mirror && other.mirror,
      split: transforms.split && other.split,
    }
    return { ...wide, design: { ...wide.design, transforms: narrow } }
  },
  'slicing mode': (wide) => ({ ...wide, slicing: { ...wide.slicing, mode: 'exact-gcode' } }),
  slicers: (wide, { slicing }) => ({
    ...wide,
    slicing: { ...wide.slicing, slicers: both(wide.slicing.slicers, slicing.slicers) },
  }),
  profile: (wide, { slicing }) => ({
    ...wide,
    slicing: { ...wide.slicing, profileSha256: wide.slicing.profileSha256 ?? slicing.profileSha256 },
  }),
  grant: (wide, { grant }) => ({
    ...wide,
    grant: {
      ...wide.grant,
      copies: Math.min(wide.grant.copies, grant.copies),
      copiesPerMachine: lower(wide.grant.copiesPerMachine, grant.copiesPerMachine),
      copiesPerDay: lower(wide.grant.copiesPerDay, grant.copiesPerDay),
      filamentMmMax: lower(wide.grant.filamentMmMax, grant.filamentMmMax),
    },
  }),
  machines: (wide, { machines }) => {
    const kept = wide.machines.filter(({ id }) => machines.some((other) => other.id === id))
    return kept.length === 0 ? wide : { ...wide, machines: kept }
  },
  printer: (wide, { machines: [other] }) => ({
    ...wide,
    machines: wide.machines.map((one) => ({ ...one, printer: one.printer ?? other?.printer })),
  }),
  'share of a machine': (wide, { machines: [other] }) => ({
    ...wide,
    machines: wide.machines.map((one) => ({ ...one, copies: lower(one.copies, other?.copies) })),
  }),
  materials: (wide, { materials }) => ({ ...wide, materials: both(wide.materials, materials) }),
  'part of a material': (wide) => ({
    ...wide,
    materials: wide.materials.map((one) => ({ ...one, lot: one.lot ?? '1' })),
  }),
  operators: (wide, { operators }) => ({ ...wide, operators: both(wide.operators, operators) }),
  limits: (wide, { limits: other }) => {
    const { limits } = wide
    const size = limits.sizeMmMax ?? other.sizeMmMax
    return {
      ...wide,
      limits: {
        nozzleCelsiusMax: lower(limits.nozzleCelsiusMax, other.nozzleCelsiusMax),
        bedCelsiusMax: lower(limits.bedCelsiusMax, other.bedCelsiusMax),
        chamberCelsiusMax: lower(limits.chamberCelsiusMax, other.chamberCelsiusMax),
        sizeMmMax: size && {
          x: Math.min(size.x, other.sizeMmMax?.x ?? size.x),
          y: Math.min(size.y, other.sizeMmMax?.y ?? size.y),
          z: Math.min(size.z, other.sizeMmMax?.z ?? size.z),
        },
        feedrateMmPerMinMax: lower(limits.feedrateMmPerMinMax, other.feedrateMmPerMinMax),
        flowMm3PerSMax: lower(limits.flowMm3PerSMax, other.flowMm3PerSMax),
        layerMmMin: higher(limits.layerMmMin, other.layerMmMin),
        layerMmMax: lower(limits.layerMmMax, other.layerMmMax),
        secondsMax: lower(limits.secondsMax, other.secondsMax),
      },
    }
  },
  'end use': (wide, { endUse }) => ({
    ...wide,
    endUse: {
      ...wide.endUse,
      code: wide.endUse.code ?? endUse.code,
      countries: both(wide.endUse.countries, endUse.countries),
      endUser: wide.endUse.endUser ?? endUse.endUser,
    },
  }),
  obligations: (wide, { obligations }) => ({
    ...wide,
    obligations: [...wide.obligations, ...obligations],
  }),
  assurance: (wide, { assurance }) => ({ ...wide, assurance: later(LEVELS, wide.assurance, assurance) }),
  dates: (wide, other) => ({
    ...wide,
    notBeforeMs: Math.max(wide.notBeforeMs, other.notBeforeMs),
    expiresAtMs: Math.min(wide.expiresAtMs, other.expiresAtMs),
  }),
  sunset: (wide, { sunsetMs }) => ({
    ...wide,
    sunsetMs: sunsetMs === undefined ? undefined : wide.sunsetMs && Math.max(wide.sunsetMs, sunsetMs),
  }),
  drill: (wide) => ({ ...wide, isDrill: true }),
}

test.each(Object.entries(NARROWINGS))('no job gains by a narrower licence: %s', async (_claim, narrow) => {
  await fc.assert(
    fc.asyncProperty(licences, licences, places, attestations, async (wide, other, place, beside) => {
      await expectNoGain([narrow(wide, other)], [wide], place, beside)
    }),
    { numRuns: 300 },
  )
})

test('nor by several narrowings of it', async () => {
  const names = fc.subarray(Object.keys(NARROWINGS))
  await fc.assert(
    fc.asyncProperty(licences, licences, places, names, async (wide, other, place, chosen) => {
      const narrower = chosen.reduce((licence, name) => NARROWINGS[name]!(licence, other), wide)
      await expectNoGain([narrower], [wide], place)
    }),
    { numRuns: 300 },
  )
})

test('a licence and its parent object to what either of them objects to, whatever the sub-licence says', async () => {
  await fc.assert(
    fc.asyncProperty(licences, licences, places, attestations, async (child, parent, place, beside) => {
      const [alone, above, together] = await Promise.all([
        ranks([child], place, beside),
        ranks([parent], place, beside),
        ranks([child, parent], place, beside),
      ])
      expect(together).toEqual(alone.map((rank, at) => Math.max(rank, above[at] ?? 0)))
    }),
    { numRuns: 500 },
  )
})

test('each check allows some of these jobs and objects to others, so that the tests above say something', async () => {
  const seen = CHECKS.map(() => ({ allowed: 0, objected: 0 }))
  const samples = fc.sample(fc.tuple(licences, places, attestations), { numRuns: 500, seed: 7 })
  for (const [licence, place, beside] of samples) {
    for (const [at, rank] of (await ranks([licence], place, beside)).entries()) {
      seen[at]![rank === 0 ? 'allowed' : 'objected'] += 1
    }
  }
  // Whom the site believes, and what it classifies, is the same in all of them.
  const never = seen.filter(({ objected }) => objected === 0).length
  expect(never).toBe(4)
  for (const { allowed } of seen) expect(allowed).toBeGreaterThan(20)
  for (const { objected } of seen.filter((one) => one.objected > 0)) expect(objected).toBeGreaterThan(20)
})
