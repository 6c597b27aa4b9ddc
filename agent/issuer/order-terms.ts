/** From an order's file to the order: its words become the format's, names become commitments, files their digests. */
import { randomBytes } from 'node:crypto'
import { assert } from '../errors.ts'
import { commitToName, type DesignDigest, type LicenceClaims } from '../licence/index.ts'
import type { LicenceOrder } from './order.ts'
import type { OrderFile } from './order-file.ts'

/** Enough of a digest for the name of a design that has none. */
const DESIGN_ID_CHARS = 16

const SALT_BYTES = 16

/** A file that an order names: a job, whose commands count, or any file, whose bytes do. */
export interface NamedFile {
  readonly path: string
  readonly as: 'job' | 'bytes'
  /** Where it stands in the order. */
  readonly at: readonly PropertyKey[]
}

/** What a named file came to. A canonical digest is there for a job. */
export interface FileDigests {
  readonly sha256: string
  readonly canonicalSha256?: string
}

/** The files that have to be looked at before `toOrder`. */
export function filesOf(order: OrderFile): readonly NamedFile[] {
  const files: NamedFile[] = []
  for (const [i, { file, form }] of order.design.files.entries()) {
    if (file === undefined) continue
    files.push({ path: file, as: form === 'model' ? 'bytes' : 'job', at: ['design', 'files', i, 'file'] })
  }
  const profile = order.slicing?.profile
  if (profile !== undefined && 'file' in profile)
    files.push({ path: profile.file, as: 'bytes', at: ['slicing', 'profile', 'file'] })
  const statement = order['end-use']?.statement
  if (statement !== undefined && 'file' in statement)
    files.push({ path: statement.file, as: 'bytes', at: ['end-use', 'statement', 'file'] })
  return files
}

/** The order of a file. `digests` has an entry for each path of `filesOf`, under `as` and the path. */
export function toOrder(
  order: OrderFile,
  digestsOf: (file: Pick<NamedFile, 'path' | 'as'>) => FileDigests,
): LicenceOrder {
  const bytesDigest = (of: { readonly file: string } | { readonly sha256: string }): string =>
    'file' in of ? digestsOf({ path: of.file, as: 'bytes' }).sha256 : of.sha256
  const digests = order.design.files.map(({ file, sha256, form }): DesignDigest => {
    if (file === undefined) {
      assert(sha256 !== undefined, 'a design’s file is named by its path or its digest')
      return { form, sha256 }
    }
    const found = digestsOf({ path: file, as: form === 'model' ? 'bytes' : 'job' })
    return { form, sha256: form === 'gcode-canon' ? (found.canonicalSha256 ?? '') : found.sha256 }
  })
  const { id, licensee, tier, copies, from, expires, machines, status } = order
  return {
    ...(id !== undefined && { id }),
    licensee,
    tier,
    design: toDesign(order.design, digests),
    copies,
    ...grantOf(order),
    machines: machines.map(toMachine),
    ...(from !== undefined && { notBeforeMs: from }),
    expiresAtMs: expires,
    terms: termsOf(order, bytesDigest),
    ...(status !== undefined && { status: { ageSecondsMax: status['max-age'], beyond: status.beyond } }),
  }
}

function toDesign(design: OrderFile['design'], digests: readonly DesignDigest[]): LicenceOrder['design'] {
  const { id, revision, title, classes, transforms } = design
  return {
    id: id ?? digests[0]?.sha256.slice(0, DESIGN_ID_CHARS) ?? '',
    revision,
    digests,
    ...(title !== undefined && { title }),
    ...(classes !== undefined && { classes }),
    ...(transforms !== undefined && { transforms: toTransforms(transforms) }),
  }
}

function toTransforms(
  transforms: NonNullable<OrderFile['design']['transforms']>,
): NonNullable<LicenceClaims['design']['transforms']> {
  const { scale, rotate, mirror, split } = transforms
  return {
    ...(scale !== undefined && { scale }),
    ...(rotate === 'z' && { rotate_z: true }),
    ...(rotate === 'any' && { rotate_z: true, rotate_any: true }),
    ...(mirror !== undefined && { mirror }),
    ...(split !== undefined && { split }),
  }
}

type GrantWords = Pick<OrderFile, 'copies-per-machine' | 'copies-per-day' | 'filament-mm'> &
  Partial<Pick<OrderFile, 'commit'>>

/** What an order says of copies besides their number. */
export function grantOf(order: GrantWords): Pick<LicenceOrder, 'grant'> {
  const machine = order['copies-per-machine']
  const day = order['copies-per-day']
  const filament = order['filament-mm']
  const { commit } = order
  return {
    grant: {
      ...((machine !== undefined || day !== undefined) && {
        per: { ...(machine !== undefined && { machine }), ...(day !== undefined && { day }) },
      }),
      ...(filament !== undefined && { filament_mm: filament }),
      ...(commit !== undefined && { commit: { layer: commit.layer, on_abort: commit['on-abort'] } }),
    },
  }
}

/** A machine as its claim has it. */
export function toMachine(machine: OrderFile['machines'][number]): LicenceClaims['machines'][number] {
  if (!('printer' in machine) || machine.printer === undefined) return machine
  const { 'usb-serial': usb, ...printer } = machine.printer
  return { ...machine, printer: { ...printer, ...(usb !== undefined && { usb }) } }
}

type Terms = NonNullable<LicenceOrder['terms']>

type TermWords = Partial<
  Pick<
    OrderFile,
    | 'slicing'
    | 'materials'
    | 'operators'
    | 'limits'
    | 'end-use'
    | 'exemption'
    | 'obligations'
    | 'assurance'
    | 'delegate'
    | 'appeal'
    | 'sunset'
    | 'drill'
  >
>

/** The claims of the order's other words. */
export function termsOf(
  order: TermWords,
  digestOf: (of: { readonly file: string } | { readonly sha256: string }) => string,
): Terms {
  const { slicing, materials, operators, exemption, obligations, assurance, delegate, appeal, sunset } = order
  return {
    ...(slicing !== undefined && {
      slice: {
        mode: slicing.mode,
        ...(slicing.slicers !== undefined && { slicers: slicing.slicers }),
        ...(slicing.profile !== undefined && { profile: digestOf(slicing.profile) }),
      },
    }),
    ...(materials !== undefined && { materials }),
    ...(operators !== undefined && { operators: operators.map(toOperator) }),
    ...(order.limits !== undefined && { limits: toLimits(order.limits) }),
    ...(order['end-use'] !== undefined && { end_use: toEndUse(order['end-use'], digestOf) }),
    ...(exemption !== undefined && { exempt: exemption }),
    ...(obligations !== undefined && { obligations: obligations.map(toObligation) }),
    ...(assurance !== undefined && { assurance }),
    ...(delegate !== undefined && { delegate }),
    ...(appeal !== undefined && { appeal: { uri: appeal.uri, days: appeal.within } }),
    ...(sunset !== undefined && { sunset: seconds(sunset) }),
    ...(order.drill === true && { drill: true as const }),
  }
}

function toOperator({ name, role }: NonNullable<OrderFile['operators']>[number]) {
  if (role !== undefined) return { role }
  return commit(name ?? '')
}

/** A salt of its own for each name, so that the same name in two licences does not show as the same. */
function commit(name: string): { readonly salt: string; readonly sha256: string } {
  const salt = randomBytes(SALT_BYTES).toString('hex')
  return { salt, sha256: commitToName(salt, name) }
}

function toLimits(limits: NonNullable<OrderFile['limits']>): NonNullable<Terms['limits']> {
  return defined({
    nozzle_c: limits['nozzle-celsius'],
    bed_c: limits['bed-celsius'],
    chamber_c: limits['chamber-celsius'],
    size_mm: limits['size-mm'],
    feedrate_mm_min: limits['feedrate-mm-per-min'],
    flow_mm3_s: limits['flow-mm3-per-s'],
    layer_mm: limits['layer-mm'],
    seconds: limits.duration,
  })
}

function toEndUse(
  endUse: NonNullable<OrderFile['end-use']>,
  digestOf: (of: { readonly file: string } | { readonly sha256: string }) => string,
): NonNullable<Terms['end_use']> {
  const endUser = endUse['end-user']
  return defined({
    code: endUse.code,
    countries: endUse.countries,
    end_user: endUser === undefined ? undefined : commit(endUser),
    reexport: endUse['re-export'],
    statement: endUse.statement === undefined ? undefined : digestOf(endUse.statement),
  })
}

function toObligation(obligation: NonNullable<OrderFile['obligations']>[number]) {
  const { 'report-within': within, 'report-by': by, retain, witnesses } = obligation
  if (within !== undefined) return { kind: 'report' as const, within_days: within }
  if (by !== undefined) return { kind: 'report' as const, by: seconds(by) }
  if (retain !== undefined) return { kind: 'retain' as const, days: retain }
  assert(witnesses !== undefined, 'an obligation says one thing')
  return { kind: 'witness' as const, cosigners: witnesses }
}

/** Without the members that are undefined: in a token they would be nothing, to a schema they are something. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T
}

function seconds(timeMs: number): number {
  return Math.floor(timeMs / 1000)
}
