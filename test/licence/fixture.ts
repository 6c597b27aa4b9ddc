/** The issuer made for tests, and tokens of any shape signed with its key. Its private keys are public: trust nothing of it. */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CompactSign } from 'jose'
import type { LicenceOrder } from '../../agent/issuer/index.ts'
import { keySigner, type Signer } from '../../agent/issuer/signer.ts'
import type { CopyUse, LicenceContext, LicencePlace } from '../../agent/licence/index.ts'
import { trustIn } from '../../agent/trust/index.ts'

export const FIXTURES = new URL('../../fixtures/licence/', import.meta.url)

export function readFixture(name: string): string {
  return readFileSync(new URL(name, FIXTURES), 'utf8')
}

export function fixtureKey(name: 'root' | 'intermediate' | 'signer' | 'rogue' | 'weak'): KeyObject {
  return createPrivateKey(readFixture(`issuer/${name}.key`))
}

/** The issuer of the fixtures: certificates from 2026-01-01 to 2046-01-01. */
export const issuer: Signer & { readonly signingKey: KeyObject } = {
  ...keySigner(
    {
      name: 'Fixture Designs',
      uri: 'https://licences.example.org/fixture',
      rootPem: readFixture('issuer/root.pem'),
      intermediatePem: readFixture('issuer/intermediate.pem'),
      signerPem: readFixture('issuer/signer.pem'),
    },
    fixtureKey('signer'),
  ),
  signingKey: fixtureKey('signer'),
}

export const NOW_MS = Date.parse('2026-11-22T12:00:00Z')
export const DAY_MS = 24 * 60 * 60 * 1000

/** The digests of a job called `name`, in the two forms a licence can name. */
export function digestsOf(name: string): { rawSha256: string; canonicalSha256: string } {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  return { rawSha256: sha256(`raw ${name}`), canonicalSha256: sha256(`canonical ${name}`) }
}

export const bracket = digestsOf('bracket')

/** The order behind most tests: three copies of a bracket on one bench for a month. */
export const order: LicenceOrder = {
  id: '5f0b8c1e-6a58-4f64-9d8a-3f4c5b2a1e07',
  licensee: 'Riverside Makers',
  tier: 'registered',
  design: {
    id: 'bracket-7',
    revision: 'C',
    title: 'Wall bracket',
    digests: [
      { form: 'gcode-raw', sha256: bracket.rawSha256 },
      { form: 'gcode-canon', sha256: bracket.canonicalSha256 },
    ],
  },
  copies: 3,
  machines: ['bench-1'],
  notBeforeMs: NOW_MS - DAY_MS,
  expiresAtMs: NOW_MS + 30 * DAY_MS,
}

/** The place where that order may be printed. */
export function contextWith(changes: ContextChanges = {}): LicenceContext {
  const {
    anchorsPem = [issuer.rootPem],
    nowMs = NOW_MS,
    machineId = 'bench-1',
    design = bracket,
    ...rest
  } = changes
  return {
    trust: trustIn(anchorsPem),
    time: { nowMs, signedMs: 0, doubt: 'none' },
    machine: { id: machineId, printer: null, assurance: 'software', cosigners: 0, isRealPort: true },
    uses: {},
    statusLists: [],
    seenLists: {},
    job: { ...PLAIN_JOB, ...design },
    declared: {},
    ...rest,
  }
}

/** The commonest changes by short names, and any other member whole. */
export interface ContextChanges extends Partial<LicenceContext> {
  readonly anchorsPem?: readonly string[]
  readonly nowMs?: number
  readonly machineId?: string
  readonly design?: typeof bracket
}

/** So many copies of that licence are used here. */
export function used(count: number, changes: Partial<CopyUse> = {}): LicenceContext['uses'] {
  const plain = {
    used: count,
    usedToday: 0,
    filamentMm: 0,
    firstRecord: 5,
    firstSha256: null,
    unreportedSinceMs: null,
  }
  return { [`${issuer.uri}#${order.id}`]: { ...plain, ...changes } }
}

/** A job within every limit. */
export const PLAIN_JOB: LicenceContext['job'] = {
  ...bracket,
  nozzleMaxCelsius: 210,
  bedMaxCelsius: 60,
  chamberMaxCelsius: null,
  sizeMm: { x: 20, y: 20, z: 10 },
  feedrateMaxMmPerMin: 3000,
  flowMaxMm3PerS: 8,
  layerMinMm: 0.2,
  layerMaxMm: 0.2,
  filamentMm: 900,
  estimatedSeconds: 1200,
}

/** A place that trusts these anchors, for whole jobs. */
export function placeOf(anchorsPem: readonly string[], machineId: string, nowMs = NOW_MS): LicencePlace {
  const { trust, time, machine, uses, statusLists, seenLists } = contextWith({ anchorsPem, machineId, nowMs })
  return { trust, time, machine, uses, statusLists, seenLists }
}

/** The claims of that order as they stand in a token, but on two benches with a share each. */
export function plainClaims(): Record<string, unknown> {
  return {
    iss: issuer.uri,
    sub: 'Riverside Makers',
    aud: 'portcullis',
    jti: '5f0b8c1e-6a58-4f64-9d8a-3f4c5b2a1e07',
    iat: (NOW_MS - DAY_MS) / 1000,
    nbf: (NOW_MS - DAY_MS) / 1000,
    exp: (NOW_MS + 30 * DAY_MS) / 1000,
    ver: 1,
    tier: 'registered',
    design: {
      id: 'bracket-7',
      rev: 'C',
      title: 'Wall bracket',
      digests: [
        { alg: 'sha-256', form: 'gcode-raw', value: bracket.rawSha256 },
        { alg: 'sha-256', form: 'gcode-canon', value: bracket.canonicalSha256 },
      ],
    },
    grant: { copies: 3 },
    machines: [
      { id: 'bench-1', copies: 2 },
      { id: 'bench-2', copies: 1 },
    ],
  }
}

/** Each claim that a licence can carry, and each member of it. */
export function fullClaims(): Record<string, unknown> {
  const plain = plainClaims()
  return {
    ...plain,
    design: {
      ...(plain['design'] as object),
      classes: ['us-eccn:EAR99'],
      transforms: { scale: [0.5, 2], rotate_z: true, rotate_any: true, mirror: true, split: true },
    },
    slice: { mode: 'attested-slicer', slicers: ['farm-slicer'], profile: 'c'.repeat(64) },
    grant: {
      copies: 3,
      per: { machine: 2, day: 1 },
      filament_mm: 9000,
      commit: { layer: 3, on_abort: 'spend' },
    },
    machines: [
      {
        id: 'bench-1',
        copies: 2,
        printer: { uuid: 'cede2a2f-41a2-4748', firmware: 'Marlin', usb: 'A50285BI', level: 'usb' },
      },
    ],
    materials: [{ type: 'PA-CF', vendor: 'Spoolworks', lot: 'L-7', tag: '04a2' }],
    operators: [{ role: 'technician' }, { salt: '0'.repeat(32), sha256: 'd'.repeat(64) }],
    limits: {
      nozzle_c: 300,
      bed_c: 110,
      chamber_c: 60,
      size_mm: { x: 100, y: 90, z: 80 },
      feedrate_mm_min: 12000,
      flow_mm3_s: 15,
      layer_mm: [0.1, 0.3],
      seconds: 7200,
    },
    end_use: {
      code: 'medical-training',
      countries: ['NL', 'BE'],
      end_user: { salt: '1'.repeat(32), sha256: 'e'.repeat(64) },
      reexport: true,
      statement: 'f'.repeat(64),
    },
    exempt: { basis: 'humanitarian', authority: issuer.uri },
    obligations: [
      { kind: 'report', within_days: 14 },
      { kind: 'report', by: (NOW_MS + DAY_MS) / 1000 },
      { kind: 'retain', days: 365 },
      { kind: 'witness', cosigners: 2 },
    ],
    assurance: 'witnessed',
    status: { uri: `${issuer.uri}/status`, idx: 7, max_age: 604_800, beyond: 'hold' },
    delegate: { key: 'A'.repeat(43), depth: 1 },
    prt: 'a'.repeat(64),
    appeal: { uri: `${issuer.uri}/appeal`, days: 30 },
    sunset: (NOW_MS + 60 * DAY_MS) / 1000,
    drill: true,
  }
}

export function toX5c(...pems: string[]): string[] {
  return pems.map((pem) => new X509Certificate(pem).raw.toString('base64'))
}

export const plainHeader = {
  alg: 'PS256',
  typ: 'design-licence+jwt',
  x5c: toX5c(issuer.signerPem, issuer.intermediatePem),
}

/**
 * Signs any payload, an object or text as it stands, with any key: what a careless or hostile issuer could send.
 */
export async function signClaims(
  payload: object | string,
  x5c: readonly string[] = plainHeader.x5c,
  key: KeyObject = issuer.signingKey,
): Promise<string> {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  return new CompactSign(Buffer.from(text)).setProtectedHeader({ ...plainHeader, x5c: [...x5c] }).sign(key)
}

/** Replaces the value at a path: `change(claims, ['grant', 'copies'], 0)`. `undefined` removes it. */
export function change(
  claims: Record<string, unknown>,
  path: readonly string[],
  value: unknown,
): typeof claims {
  const copy = structuredClone(claims)
  let node = copy
  for (const key of path.slice(0, -1)) node = node[key] as Record<string, unknown>
  const last = path.at(-1)!
  if (value === undefined) delete node[last]
  else node[last] = value
  return copy
}

export function encodePart(part: object | string): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}
