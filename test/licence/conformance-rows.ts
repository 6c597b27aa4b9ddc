/**
 * Each claim that a licence can carry: a job that satisfies it, jobs that violate it, and what its absence comes to. The
 * table in FORMAT.md is written from what the real check answers to these.
 */
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { commitToName } from '../../agent/licence/commitment.ts'
import { licenseeKey, passOn, publicPart, statusToken } from '../token/sign-kind.ts'
import {
  bracket,
  type ContextChanges,
  DAY_MS,
  digestsOf,
  issuer,
  NOW_MS,
  signClaims,
  used,
} from './fixture.ts'
import { attest, jobWith, machineWith, oneBench, timeWith, trustWith } from './judge.ts'

export interface Cell {
  /** What stands in the table before the code. */
  readonly says?: string
  /** Instead of those of a licence for three copies on one bench. */
  readonly claims?: object
  readonly place?: ContextChanges
  /** Lines that go with the licence. */
  readonly alongside?: readonly string[]
  /** A whole bundle, where the licence is not the first line of it. */
  readonly bundle?: (claims: object) => Promise<string>
  /** As `inShort` says it. */
  readonly code: string
}

export interface Row {
  readonly claim: string
  readonly satisfied: Cell
  readonly violated: readonly Cell[]
  readonly absent: Cell
}

type Given = Omit<Cell, 'code'>

/** `absent` is judged at the place of the first violation, to show whether it limits; or where `satisfied` was. */
function row(
  claim: string,
  given: Given,
  violated: readonly Cell[],
  absent: string,
  absentUnder: 'violated' | 'satisfied' = 'violated',
): Row {
  const claims = { ...oneBench, ...given.claims }
  const under: Given = absentUnder === 'violated' ? { ...given, ...violated[0] } : given
  return {
    claim,
    satisfied: { ...given, claims, code: 'allowed' },
    violated: violated.map((cell) => ({ ...given, ...cell, claims: { ...claims, ...cell.claims } })),
    absent: { ...under, claims: without(claims, claim.split('.')) as object, code: absent },
  }
}

/** Leaves out a claim wherever it stands, and what is empty without it. */
function without(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return undefined
  if (Array.isArray(value)) {
    const items = value.map((item) => without(item, [name, ...rest])).filter((item) => item !== undefined)
    return items.length === 0 ? undefined : items
  }
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    if (key !== name) return [[key, inner]]
    const left = rest.length === 0 ? undefined : without(inner, rest)
    return left === undefined ? [] : [[key, left]]
  })
  return members.length === 0 ? undefined : Object.fromEntries(members)
}

const SALT = '00112233445566778899aabbccddeeff'
const MODEL = 'b'.repeat(64)
const PROFILE = 'c'.repeat(64)
const design = oneBench['design'] as object
const at = (nowMs: number): ContextChanges => ({ nowMs })
const declared = (said: NonNullable<ContextChanges['declared']>): ContextChanges => ({ declared: said })
const sealed = (name: string): object => ({ salt: SALT, sha256: commitToName(SALT, name) })
const malformed = (says: string, claims: object): Cell => ({ says, claims, code: 'malformed' })

// What is sliced at the site.
const farm = generateKeyPairSync('ed25519')
const bench = generateKeyPairSync('ed25519')
const keyOf = ({ publicKey }: typeof farm): string => publicKey.export({ format: 'jwk' }).x ?? ''
const slicers = trustWith({
  slicers: [
    { id: 'farm-slicer', key: keyOf(farm) },
    { id: 'bench-slicer', key: keyOf(bench) },
  ],
})

function slicing(transforms: object = {}, changes: object = {}, key = farm.privateKey): string {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'job', digest: { sha256: bracket.canonicalSha256 } }],
    predicateType: 'https://portcullis.invalid/slicing/v1',
    predicate: {
      slicer: { id: 'farm-slicer' },
      design: { sha256: MODEL },
      profile: { sha256: PROFILE },
      instances: 1,
      transforms: {
        scale: 1,
        rotate_z: 0,
        rotated_otherwise: false,
        mirrored: false,
        split: false,
        ...transforms,
      },
      ...changes,
    },
  }
  return attest(statement, key)
}

const model = { ...design, digests: [{ alg: 'sha-256', form: 'model', value: MODEL }] }

function sliced(slice: object = {}, transforms?: object): object {
  return {
    design: { ...model, ...(transforms && { transforms }) },
    slice: { mode: 'attested-slicer', ...slice },
  }
}

function transformRow(name: string, allowed: unknown, done: object, tooFar: Given): Row {
  const given = { claims: sliced({}, { [name]: allowed }), place: slicers, alongside: [slicing(done)] }
  const violated = [{ ...tooFar, code: 'transform-not-allowed' }]
  return row(`design.transforms.${name}`, given, violated, 'transform-not-allowed', 'satisfied')
}

/** Forbidden in so many words, which is what its absence means. */
function forbiddenRow(name: string, done: object): Row {
  const claims = sliced({}, { [name]: false })
  return transformRow(name, true, done, { says: 'false', claims })
}

// What is passed on.
const licensee = licenseeKey('riverside')
const delegate = { key: publicPart(licensee), depth: 1 }

function passedOn(changes: object = {}, key = licensee): (claims: object) => Promise<string> {
  return async (claims) => {
    const parent = await signClaims(claims)
    return `${passOn(parent, { ...oneBench, ...changes }, key)}\n${parent}`
  }
}

// What is withdrawn.
const status = { uri: `${issuer.uri}/status`, idx: 1, max_age: 7200, beyond: 'deny' }
const [good, revoked, suspended] = [
  [0, 0],
  [0, 1],
  [0, 2],
].map((statuses) => statusToken(statuses))
const alongside = (list: string | undefined): readonly string[] => (list === undefined ? [] : [list])

// Who may.
const anchorSha256 = createHash('sha256').update(new X509Certificate(issuer.rootPem).raw).digest('hex')
const mayExempt = trustWith({
  authorities: [
    {
      anchorSha256,
      powers: ['license', 'exempt'],
      tiers: ['open', 'registered'],
      classes: null,
      countries: null,
    },
  ],
})

function printerRow(name: string, wanted: string, here: object, other: object | undefined): Row {
  const known = { level: 'usb', uuid: null, firmware: null, usbSerial: null } as const
  const place = (changes: object | null): ContextChanges =>
    machineWith({ printer: changes && { ...known, ...changes } })
  const claims = { machines: [{ id: 'bench-1', printer: { [name]: wanted } }] }
  const unknown = { says: 'not known', place: place(null), code: 'printer-unknown' }
  const differs = other && { says: 'another', place: place(other), code: 'other-printer' }
  const lower = { says: 'less surely', place: place({ level: 'reported' }), code: 'printer-unknown' }
  return row(
    `machines.printer.${name}`,
    { claims, place: place(here) },
    [differs ?? lower, unknown],
    'allowed',
  )
}

const spool = { type: 'PLA', vendor: 'Spoolworks', lot: 'L-7', tag: '04a2' }

function materialRow(name: 'type' | 'vendor' | 'lot' | 'tag', absent: string): Row {
  const { [name]: _, ...rest } = spool
  const unsaid = (name === 'type' ? {} : { material: rest }) as NonNullable<ContextChanges['declared']>
  return row(
    `materials.${name}`,
    { claims: { materials: [spool] }, place: declared({ material: spool }) },
    [
      { says: 'another', place: declared({ material: { ...spool, [name]: 'X' } }), code: 'other-material' },
      { says: 'not declared', place: declared(unsaid), code: 'material-undeclared' },
    ],
    absent,
  )
}

function limitRow(
  name: string,
  limit: unknown,
  within: Job,
  ...outside: readonly (readonly [string, Job])[]
): Row {
  const path = name.split('.')
  const limits = path.length === 1 ? { [name]: limit } : { [path[0] ?? '']: limit }
  return row(
    `limits.${name}`,
    { claims: { limits }, place: jobWith(within) },
    outside.map(([says, job]) => ({ says, place: jobWith(job), code: 'outside-envelope' })),
    path.length === 1 ? 'allowed' : 'malformed',
  )
}

type Job = Partial<NonNullable<ContextChanges['job']>>

const overdue = { uses: used(1, { unreportedSinceMs: NOW_MS - 15 * DAY_MS }) }
const sunset = NOW_MS / 1000 - 60
const loose = { design: { ...design, classes: ['wa:1.A.2'] } }
const twoBenches = [{ id: 'bench-1' }, { id: 'bench-2' }]
const rightUse = { endUse: 'medical-training', destination: 'NL', endUser: 'Clinic North' }

export const ROWS: readonly Row[] = [
  row(
    'iss',
    {},
    [
      {
        says: 'another than is certified',
        claims: { iss: 'https://other.example.org' },
        code: 'issuer-not-allowed',
      },
    ],
    'malformed',
  ),
  row('sub', {}, [], 'malformed'),
  row('aud', {}, [malformed('another reader', { aud: 'somebody' })], 'malformed'),
  row('jti', {}, [malformed('no UUID', { jti: 'licence-1' })], 'malformed'),
  row(
    'iat',
    {},
    [{ says: 'later than now', claims: { iat: NOW_MS / 1000 + 1 }, code: 'not-yet-valid' }],
    'malformed',
  ),
  row(
    'nbf',
    {},
    [{ says: 'later than now', place: at(NOW_MS - 2 * DAY_MS), code: 'not-yet-valid' }],
    'malformed',
  ),
  row('exp', {}, [{ says: 'now or before', place: at(NOW_MS + 30 * DAY_MS), code: 'expired' }], 'malformed'),
  row('ver', {}, [{ says: '2', claims: { ver: 2 }, code: 'unsupported-claim' }], 'malformed'),
  row(
    'tier',
    {},
    [
      {
        says: 'not one of the issuer’s',
        claims: { tier: 'restricted' },
        place: mayExempt,
        code: 'outside-authority',
      },
      { says: 'looser than its classes ask', claims: loose, code: 'tier-too-loose' },
    ],
    'malformed',
  ),
  row('design.id', {}, [], 'malformed'),
  row('design.rev', {}, [], 'malformed'),
  row('design.title', {}, [], 'allowed'),
  row(
    'design.digests.alg',
    {},
    [
      malformed('another hash', {
        design: { ...design, digests: [{ alg: 'sha-1', form: 'gcode-raw', value: MODEL }] },
      }),
    ],
    'malformed',
  ),
  row(
    'design.digests.form',
    {},
    [
      {
        says: 'of another form',
        place: { design: { rawSha256: bracket.canonicalSha256, canonicalSha256: bracket.rawSha256 } },
        code: 'other-design',
      },
    ],
    'malformed',
  ),
  row(
    'design.digests.value',
    {},
    [{ says: 'another job', place: { design: digestsOf('other') }, code: 'other-design' }],
    'malformed',
  ),
  row(
    'design.classes',
    { claims: { design: { ...design, classes: ['us-eccn:EAR99'] } } },
    [
      { says: 'asks for a tighter tier', claims: loose, code: 'tier-too-loose' },
      {
        says: 'in no dictionary',
        claims: { design: { ...design, classes: ['xx:17'] } },
        code: 'class-unknown (hold: compliance)',
      },
    ],
    'allowed',
  ),
  transformRow('scale', [1, 2], { scale: 1.5 }, { says: 'beyond', alongside: [slicing({ scale: 3 })] }),
  forbiddenRow('rotate_z', { rotate_z: 90 }),
  forbiddenRow('rotate_any', { rotated_otherwise: true }),
  forbiddenRow('mirror', { mirrored: true }),
  forbiddenRow('split', { split: true }),
  row(
    'slice.mode',
    { claims: sliced(), place: slicers, alongside: [slicing()] },
    [
      { says: 'nothing attested', alongside: [], code: 'slicing-unattested' },
      {
        says: 'the slicer is unknown here',
        place: {},
        code: 'slicer-not-trusted',
      },
    ],
    'other-design',
    'satisfied',
  ),
  row(
    'slice.slicers',
    { claims: sliced({ slicers: ['farm-slicer'] }), place: slicers, alongside: [slicing()] },
    [
      {
        says: 'another',
        alongside: [slicing({}, { slicer: { id: 'bench-slicer' } }, bench.privateKey)],
        code: 'slicer-not-trusted',
      },
    ],
    'allowed',
  ),
  row(
    'slice.profile',
    { claims: sliced({ profile: PROFILE }), place: slicers, alongside: [slicing()] },
    [
      {
        says: 'another',
        alongside: [slicing({}, { profile: { sha256: MODEL } })],
        code: 'slicing-unattested',
      },
    ],
    'allowed',
  ),
  row(
    'grant.copies',
    {},
    [{ says: 'all used', place: { uses: used(3) }, code: 'copies-used-up' }],
    'malformed',
  ),
  row(
    'grant.per.machine',
    { claims: { grant: { copies: 4, per: { machine: 2 } }, machines: twoBenches } },
    [{ says: 'all used', place: { uses: used(2) }, code: 'copies-used-up' }],
    'allocation-missing',
  ),
  row(
    'grant.per.day',
    { claims: { grant: { copies: 3, per: { day: 1 } } } },
    [
      { says: 'all used', place: { uses: used(1, { usedToday: 1 }) }, code: 'copies-used-up-today' },
      { says: 'a clock ahead', place: timeWith({ doubt: 'ahead' }), code: 'clock-untrusted (hold: site)' },
    ],
    'allowed',
  ),
  row(
    'grant.filament_mm',
    { claims: { grant: { copies: 3, filament_mm: 1000 } }, place: jobWith({ filamentMm: 1000 }) },
    [{ says: 'more', place: jobWith({ filamentMm: 1001 }), code: 'filament-used-up' }],
    'allowed',
  ),
  row(
    'grant.commit.layer',
    { claims: { grant: { copies: 3, commit: { layer: 3, on_abort: 'spend' } } } },
    [],
    'malformed',
  ),
  row(
    'grant.commit.on_abort',
    { claims: { grant: { copies: 3, commit: { layer: 3, on_abort: 'spend' } } } },
    [],
    'malformed',
  ),
  row(
    'machines.id',
    {},
    [{ says: 'another', place: { machineId: 'bench-9' }, code: 'other-machine' }],
    'malformed',
  ),
  row(
    'machines.copies',
    { claims: { machines: twoBenches.map((one) => ({ ...one, copies: 1 })) } },
    [{ says: 'all used', place: { uses: used(1) }, code: 'copies-used-up' }],
    'allocation-missing',
  ),
  printerRow('uuid', 'cede2a2f-41a2', { uuid: 'CEDE2A2F-41A2' }, { uuid: 'cede2a2f-41a3' }),
  printerRow('firmware', 'Marlin', { firmware: 'Marlin 2.1.2' }, { firmware: 'Klipper' }),
  printerRow('usb', 'A50285BI', { usbSerial: 'A50285BI' }, { usbSerial: 'B1' }),
  printerRow('level', 'usb', {}, undefined),
  materialRow('type', 'malformed'),
  materialRow('vendor', 'allowed'),
  materialRow('lot', 'allowed'),
  materialRow('tag', 'allowed'),
  row(
    'operators.role',
    { claims: { operators: [{ role: 'technician' }] }, place: declared({ role: 'technician' }) },
    [
      { says: 'another', place: declared({ role: 'visitor' }), code: 'other-operator' },
      { says: 'not declared', place: {}, code: 'operator-undeclared' },
    ],
    'allowed',
  ),
  ...(['salt', 'sha256'] as const).map((name) =>
    row(
      `operators.${name}`,
      { claims: { operators: [sealed('Ana')] }, place: declared({ operator: 'Ana' }) },
      [
        { says: 'another', place: declared({ operator: 'Bo' }), code: 'other-operator' },
        { says: 'not declared', place: {}, code: 'operator-undeclared' },
      ],
      'malformed',
    ),
  ),
  limitRow('nozzle_c', 210, { nozzleMaxCelsius: 210 }, ['above', { nozzleMaxCelsius: 211 }]),
  limitRow('bed_c', 60, { bedMaxCelsius: 60 }, ['above', { bedMaxCelsius: 61 }]),
  limitRow('chamber_c', 40, { chamberMaxCelsius: null }, ['above', { chamberMaxCelsius: 41 }]),
  ...(['x', 'y', 'z'] as const).map((axis) =>
    limitRow(`size_mm.${axis}`, { x: 20, y: 20, z: 20 }, { sizeMm: { x: 20, y: 20, z: 20 } }, [
      'above',
      { sizeMm: { x: 1, y: 1, z: 1, [axis]: 21 } },
    ]),
  ),
  limitRow('feedrate_mm_min', 3000, { feedrateMaxMmPerMin: 3000 }, ['above', { feedrateMaxMmPerMin: 3001 }]),
  limitRow('flow_mm3_s', 8, { flowMaxMm3PerS: 8 }, ['above', { flowMaxMm3PerS: 9 }]),
  limitRow(
    'layer_mm',
    [0.1, 0.3],
    { layerMinMm: 0.1, layerMaxMm: 0.3 },
    ['below', { layerMinMm: 0.05 }],
    ['above', { layerMaxMm: 0.4 }],
  ),
  limitRow('seconds', 1200, { estimatedSeconds: 1200 }, ['above', { estimatedSeconds: 1201 }]),
  row(
    'end_use.code',
    { claims: { end_use: { code: 'medical-training' } }, place: declared(rightUse) },
    [
      { says: 'another', place: declared({ ...rightUse, endUse: 'display' }), code: 'other-end-use' },
      { says: 'not declared', place: {}, code: 'end-use-undeclared' },
    ],
    'allowed',
  ),
  row(
    'end_use.countries',
    { claims: { end_use: { countries: ['NL', 'BE'] } }, place: declared(rightUse) },
    [
      { says: 'another', place: declared({ ...rightUse, destination: 'FR' }), code: 'other-end-use' },
      { says: 'not declared', place: {}, code: 'end-use-undeclared' },
    ],
    'allowed',
  ),
  ...(['salt', 'sha256'] as const).map((name) =>
    row(
      `end_use.end_user.${name}`,
      { claims: { end_use: { end_user: sealed('Clinic North') } }, place: declared(rightUse) },
      [
        { says: 'another', place: declared({ ...rightUse, endUser: 'Clinic South' }), code: 'other-end-use' },
        { says: 'not declared', place: {}, code: 'end-use-undeclared' },
      ],
      'malformed',
    ),
  ),
  row('end_use.reexport', { claims: { end_use: { reexport: true } } }, [], 'allowed'),
  row('end_use.statement', { claims: { end_use: { statement: MODEL } } }, [], 'allowed'),
  row(
    'exempt.basis',
    { claims: { exempt: { basis: 'repair', authority: issuer.uri } }, place: mayExempt },
    [
      {
        says: 'humanitarian, without a witness',
        claims: { exempt: { basis: 'humanitarian', authority: issuer.uri } },
        code: 'assurance-too-low',
      },
    ],
    'malformed',
  ),
  row(
    'exempt.authority',
    { claims: { exempt: { basis: 'repair', authority: issuer.uri } }, place: mayExempt },
    [
      { says: 'may not grant it here', place: {}, code: 'exemption-not-recognised' },
      {
        says: 'another than the issuer',
        claims: { exempt: { basis: 'repair', authority: 'https://other.example.org' } },
        code: 'exemption-not-recognised',
      },
    ],
    'malformed',
  ),
  row(
    'obligations.kind',
    { claims: { obligations: [{ kind: 'retain', days: 9 }] } },
    [malformed('unknown', { obligations: [{ kind: 'dance' }] })],
    'malformed',
  ),
  row(
    'obligations.within_days',
    { claims: { obligations: [{ kind: 'report', within_days: 14 }] } },
    [{ says: 'overdue', place: overdue, code: 'obligation-overdue (hold: issuer)' }],
    'malformed',
  ),
  row(
    'obligations.by',
    { claims: { obligations: [{ kind: 'report', by: NOW_MS / 1000 }] } },
    [{ says: 'overdue', place: overdue, code: 'obligation-overdue (hold: issuer)' }],
    'malformed',
  ),
  row('obligations.days', { claims: { obligations: [{ kind: 'retain', days: 9 }] } }, [], 'malformed'),
  row(
    'obligations.cosigners',
    { claims: { obligations: [{ kind: 'witness', cosigners: 1 }] }, place: machineWith({ cosigners: 1 }) },
    [{ says: 'fewer', place: {}, code: 'assurance-too-low' }],
    'malformed',
  ),
  row(
    'assurance',
    { claims: { assurance: 'witnessed' }, place: machineWith({ assurance: 'witnessed' }) },
    [{ says: 'worth less', place: {}, code: 'assurance-too-low' }],
    'allowed',
  ),
  row(
    'status.uri',
    { claims: { status }, alongside: alongside(good) },
    [{ says: 'no list of it here', alongside: [], code: 'status-missing' }],
    'malformed',
  ),
  row(
    'status.idx',
    { claims: { status }, alongside: alongside(good) },
    [
      { says: 'withdrawn', alongside: alongside(revoked), code: 'revoked' },
      { says: 'suspended', alongside: alongside(suspended), code: 'suspended (hold: issuer)' },
      { says: 'beyond its end', claims: { status: { ...status, idx: 4000 } }, code: 'status-unusable' },
    ],
    'malformed',
  ),
  row(
    'status.max_age',
    { claims: { status }, alongside: alongside(good) },
    [{ says: 'older', place: at(NOW_MS + 2 * 3_600_000), code: 'status-stale' }],
    'malformed',
  ),
  row(
    'status.beyond',
    { claims: { status }, alongside: alongside(good) },
    [
      { says: 'deny', alongside: [], code: 'status-missing' },
      {
        says: 'hold',
        claims: { status: { ...status, beyond: 'hold' } },
        alongside: [],
        code: 'status-missing (hold: site)',
      },
      {
        says: 'warn',
        claims: { status: { ...status, beyond: 'warn' } },
        alongside: [],
        code: 'status-missing (warn)',
      },
    ],
    'malformed',
  ),
  row(
    'delegate.key',
    { claims: { delegate }, bundle: passedOn() },
    [{ says: 'signed with another', bundle: passedOn({}, licenseeKey('other')), code: 'bad-signature' }],
    'malformed',
  ),
  row(
    'delegate.depth',
    { claims: { delegate }, bundle: passedOn() },
    [{ says: 'deeper', bundle: passedOn({ delegate }), code: 'not-a-subset' }],
    'malformed',
  ),
  row(
    'prt',
    { claims: { delegate }, bundle: passedOn() },
    [
      { says: 'another licence', bundle: passedOn({ prt: MODEL }), code: 'parent-missing' },
      malformedParent(),
    ],
    'parent-missing',
  ),
  row('appeal.uri', { claims: { appeal: { uri: issuer.uri, days: 30 } } }, [], 'malformed'),
  row('appeal.days', { claims: { appeal: { uri: issuer.uri, days: 30 } } }, [], 'malformed'),
  {
    claim: 'sunset',
    satisfied: {
      says: 'come, where the tier is too loose',
      claims: { ...oneBench, ...loose, sunset },
      place: timeWith({ signedMs: NOW_MS }),
      code: 'tier-too-loose (warn)',
    },
    violated: [
      {
        says: 'come, but by no signed time',
        claims: { ...oneBench, ...loose, sunset },
        code: 'tier-too-loose',
      },
    ],
    absent: {
      claims: { ...oneBench, ...loose },
      place: timeWith({ signedMs: NOW_MS }),
      code: 'tier-too-loose',
    },
  },
  row(
    'drill',
    { claims: { drill: true }, place: machineWith({ isRealPort: false }) },
    [{ says: 'a real port', place: {}, code: 'drill-only' }],
    'allowed',
  ),
  ...optionalGroups(),
]

/** A licence of an issuer has no parent. */
function malformedParent(): Cell {
  return {
    says: 'in a licence of an issuer',
    bundle: async (claims) => signClaims({ ...claims, prt: MODEL }),
    code: 'malformed',
  }
}

/** What leaving out a whole group of claims comes to. */
function optionalGroups(): readonly Row[] {
  const groups: readonly [string, Given, Cell, string][] = [
    [
      'design.transforms',
      { claims: sliced({}, { mirror: true }), place: slicers, alongside: [slicing({ mirrored: true })] },
      { says: 'see its members', alongside: [slicing({ split: true })], code: 'transform-not-allowed' },
      'transform-not-allowed',
    ],
    [
      'slice',
      { claims: sliced(), place: slicers, alongside: [slicing()] },
      { says: 'see its members', alongside: [], code: 'slicing-unattested' },
      'other-design',
    ],
    [
      'grant.commit',
      { claims: { grant: { copies: 3, commit: { layer: 3, on_abort: 'spend' } } } },
      { says: 'see its members', claims: { grant: { copies: 3, commit: {} } }, code: 'malformed' },
      'allowed',
    ],
    [
      'machines.printer',
      {
        claims: { machines: [{ id: 'bench-1', printer: { level: 'usb' } }] },
        place: machineWith({ printer: { level: 'usb', uuid: null, firmware: null, usbSerial: null } }),
      },
      { says: 'not known', place: {}, code: 'printer-unknown' },
      'allowed',
    ],
    [
      'materials',
      { claims: { materials: [{ type: 'PLA' }] }, place: declared({ material: spool }) },
      { says: 'not declared', place: {}, code: 'material-undeclared' },
      'allowed',
    ],
    [
      'operators',
      { claims: { operators: [sealed('Ana')] }, place: declared({ operator: 'Ana' }) },
      { says: 'not declared', place: {}, code: 'operator-undeclared' },
      'allowed',
    ],
    [
      'limits',
      { claims: { limits: { nozzle_c: 210 } } },
      { says: 'above', place: jobWith({ nozzleMaxCelsius: 300 }), code: 'outside-envelope' },
      'allowed',
    ],
    [
      'limits.size_mm',
      { claims: { limits: { size_mm: { x: 20, y: 20, z: 20 }, bed_c: 90 } } },
      { says: 'above', place: jobWith({ sizeMm: { x: 21, y: 1, z: 1 } }), code: 'outside-envelope' },
      'allowed',
    ],
    [
      'end_use',
      { claims: { end_use: { code: 'display' } }, place: declared({ endUse: 'display' }) },
      { says: 'not declared', place: {}, code: 'end-use-undeclared' },
      'allowed',
    ],
    [
      'end_use.end_user',
      {
        claims: { end_use: { end_user: sealed('Ana'), reexport: true } },
        place: declared({ endUser: 'Ana' }),
      },
      { says: 'not declared', place: {}, code: 'end-use-undeclared' },
      'allowed',
    ],
    [
      'exempt',
      { claims: { exempt: { basis: 'repair', authority: issuer.uri } }, place: mayExempt },
      { says: 'not granted', place: {}, code: 'exemption-not-recognised' },
      'allowed',
    ],
    [
      'obligations',
      { claims: { obligations: [{ kind: 'report', within_days: 14 }] } },
      { says: 'overdue', place: overdue, code: 'obligation-overdue (hold: issuer)' },
      'allowed',
    ],
    [
      'status',
      { claims: { status }, alongside: alongside(good) },
      { says: 'withdrawn', alongside: alongside(revoked), code: 'revoked' },
      'allowed',
    ],
    [
      'delegate',
      { claims: { delegate }, bundle: passedOn() },
      { says: 'more is passed on', bundle: passedOn({ grant: { copies: 4 } }), code: 'not-a-subset' },
      'delegation-not-allowed',
    ],
    [
      'appeal',
      { claims: { appeal: { uri: issuer.uri, days: 30 } } },
      { says: 'no URI', claims: { appeal: { days: 30 } }, code: 'malformed' },
      'allowed',
    ],
  ]
  return groups.map(([claim, given, violated, absent]) => {
    const under = ['slice', 'design.transforms', 'delegate'].includes(claim) ? 'satisfied' : 'violated'
    return row(claim, given, [violated], absent, under)
  })
}
