/**
 * Does a sub-licence allow no more than its parent? Each member of a licence has its own rule; a member without one does
 * not compile. Where the parent leaves something open the child may close it, never the other way round.
 */
import { isDeepStrictEqual } from 'node:util'
import { tightness } from '../trust/index.ts'
import {
  ASSURANCE_LEVELS,
  type Licence,
  type LicensedMachine,
  type LicensedMaterial,
  type LicensedPrinter,
  type Obligation,
  PRINTER_LEVELS,
  type StatusTerms,
} from './licence.ts'

/** The claim, as the wire spells it, in which the child goes further than its parent; undefined where in none. */
type Rule<V> = (child: V, parent: V) => string | undefined

type Rules<T> = { readonly [K in keyof T]-?: Rule<T[K]> }

type Narrower<V> = (child: V, parent: V) => boolean

/** The first claim in which `child` allows what `parent` does not. Dates, counts and lists are compared as they were read. */
export function findExcess(child: Licence, parent: Licence): string | undefined {
  return all(LICENCE_RULES)(child, parent)
}

function all<T>(rules: Rules<T>): Rule<T> {
  return (child, parent) => {
    for (const member of Object.keys(rules) as (keyof T)[]) {
      const claim = rules[member](child[member], parent[member])
      if (claim !== undefined) return claim
    }
    return undefined
  }
}

function rule<V>(claim: string, isWithin: Narrower<V>): Rule<V> {
  return (child, parent) => (isWithin(child, parent) ? undefined : claim)
}

const equal: Narrower<unknown> = (child, parent) => isDeepStrictEqual(child, parent)

/** Where the parent does not say, the child may say what it likes. */
function ifSaid<V>(isWithin: Narrower<V>): Narrower<V | undefined> {
  return (child, parent) => parent === undefined || (child !== undefined && isWithin(child, parent))
}

const same = ifSaid<unknown>(equal)
const atMost: Narrower<number> = (child, parent) => child <= parent
const atLeast: Narrower<number> = (child, parent) => child >= parent
/** What is false for the parent stays false. */
const implies: Narrower<boolean> = (child, parent) => !child || parent

/** A list of which any entry will do, and an empty one means anything: each of the child's lies within one of the parent's. */
function oneOf<V>(isWithin: Narrower<V>): Narrower<readonly V[]> {
  return (child, parent) =>
    parent.length === 0 ||
    (child.length > 0 && child.every((entry) => parent.some((allowed) => isWithin(entry, allowed))))
}

/** A list of demands: each of the parent's is met by one of the child's. */
function meets<V>(isWithin: Narrower<V>): Narrower<readonly V[]> {
  return (child, parent) => parent.every((demand) => child.some((entry) => isWithin(entry, demand)))
}

/** What needs no rule: it grants nothing, or was checked before. The reason stands where it is used. */
const free = (): undefined => undefined

function within<T>(rules: Rules<T>): Narrower<T> {
  return (child, parent) => all(rules)(child, parent) === undefined
}

const withinPrinter = within<LicensedPrinter>({
  uuid: rule('uuid', same),
  firmware: rule('firmware', same),
  usbSerial: rule('usb', same),
  level: rule(
    'level',
    ifSaid((child, parent) => PRINTER_LEVELS.indexOf(child) >= PRINTER_LEVELS.indexOf(parent)),
  ),
})

const withinMachine = within<LicensedMachine>({
  id: rule('id', equal),
  copies: rule('copies', ifSaid(atMost)),
  printer: rule('printer', ifSaid(withinPrinter)),
})

const withinMaterial = within<LicensedMaterial>({
  type: rule('type', equal),
  vendor: rule('vendor', same),
  lot: rule('lot', same),
  tag: rule('tag', same),
})

/** The same list and place, or no list of the parent's: a licensee has no certificates to sign lists with. */
const withinStatus = within<StatusTerms>({
  uri: rule('uri', equal),
  index: rule('idx', equal),
  ageSecondsMax: rule('max_age', atMost),
  beyond: rule('beyond', (child, parent) => BEYOND.indexOf(child) >= BEYOND.indexOf(parent)),
})

/** From the loosest on. */
const BEYOND: readonly StatusTerms['beyond'][] = ['warn', 'hold', 'deny']

function withinObligation(child: Obligation, parent: Obligation): boolean {
  if (child.kind === 'report' && parent.kind === 'report') {
    return ifSaid(atMost)(child.withinDays, parent.withinDays) && ifSaid(atMost)(child.byMs, parent.byMs)
  }
  if (child.kind === 'retain' && parent.kind === 'retain') return child.days >= parent.days
  return child.kind === 'witness' && parent.kind === 'witness' && child.cosigners >= parent.cosigners
}

const LICENCE_RULES: Rules<Licence> = {
  // Its own id; copies of it are counted in the parent's counter as well.
  id: free,
  issuer: rule('iss', equal),
  // Whom it is passed on to is what a sub-licence is for.
  licensee: free,
  tier: rule('tier', (child, parent) => tightness(child) >= tightness(parent)),
  design: all<Licence['design']>({
    id: rule('design.id', equal),
    revision: rule('design.rev', equal),
    title: rule('design.title', (child, parent) => child === undefined || child === parent),
    digests: rule('design.digests', oneOf(equal)),
    classes: rule('design.classes', meets(equal)),
    transforms: all<Licence['design']['transforms']>({
      scale: rule('design.transforms.scale', ([min, max], parent) => min >= parent[0] && max <= parent[1]),
      rotateZ: rule('design.transforms.rotate_z', implies),
      rotateAny: rule('design.transforms.rotate_any', implies),
      mirror: rule('design.transforms.mirror', implies),
      split: rule('design.transforms.split', implies),
    }),
  }),
  slicing: all<Licence['slicing']>({
    // Neither is the narrower: the one asks for the very file, the other for a slicer's word.
    mode: rule('slice.mode', equal),
    slicers: rule('slice.slicers', oneOf(equal)),
    profileSha256: rule('slice.profile', same),
  }),
  grant: all<Licence['grant']>({
    copies: rule('grant.copies', atMost),
    copiesPerMachine: rule('grant.per.machine', ifSaid(atMost)),
    copiesPerDay: rule('grant.per.day', ifSaid(atMost)),
    filamentMmMax: rule('grant.filament_mm', ifSaid(atMost)),
    commit: all<Licence['grant']['commit']>({
      layer: rule('grant.commit.layer', atMost),
      onAbort: rule('grant.commit.on_abort', (child, parent) => child === parent || child === 'spend'),
    }),
  }),
  machines: rule('machines', oneOf(withinMachine)),
  materials: rule('materials', oneOf(withinMaterial)),
  operators: rule('operators', oneOf(equal)),
  limits: all<Licence['limits']>({
    nozzleCelsiusMax: rule('limits.nozzle_c', ifSaid(atMost)),
    bedCelsiusMax: rule('limits.bed_c', ifSaid(atMost)),
    chamberCelsiusMax: rule('limits.chamber_c', ifSaid(atMost)),
    sizeMmMax: rule(
      'limits.size_mm',
      ifSaid((child, parent) => child.x <= parent.x && child.y <= parent.y && child.z <= parent.z),
    ),
    feedrateMmPerMinMax: rule('limits.feedrate_mm_min', ifSaid(atMost)),
    flowMm3PerSMax: rule('limits.flow_mm3_s', ifSaid(atMost)),
    layerMmMin: rule('limits.layer_mm', ifSaid(atLeast)),
    layerMmMax: rule('limits.layer_mm', ifSaid(atMost)),
    secondsMax: rule('limits.seconds', ifSaid(atMost)),
  }),
  endUse: all<Licence['endUse']>({
    code: rule('end_use.code', same),
    countries: rule('end_use.countries', oneOf(equal)),
    endUser: rule('end_use.end_user', same),
    mayReexport: rule('end_use.reexport', implies),
    statementSha256: rule('end_use.statement', same),
  }),
  // It goes past rules and brings duties, so neither with nor without it is the narrower.
  exemption: rule('exempt', equal),
  obligations: rule('obligations', meets(withinObligation)),
  assurance: rule(
    'assurance',
    (child, parent) => ASSURANCE_LEVELS.indexOf(child) >= ASSURANCE_LEVELS.indexOf(parent),
  ),
  status: rule('status', ifSaid(withinStatus)),
  delegation: rule(
    'delegate.depth',
    (child, parent) => child === undefined || (parent !== undefined && child.depth < parent.depth),
  ),
  // Compared with the parent's very bytes before.
  parentSha256: free,
  appeal: rule('appeal', same),
  // Every licence of a chain must be current; a clock that is behind its parent's is no gain.
  issuedAtMs: free,
  notBeforeMs: rule('nbf', atLeast),
  expiresAtMs: rule('exp', atMost),
  // From then on demands only warn: an earlier sunset, or one where the parent has none, would be more freedom.
  sunsetMs: rule(
    'sunset',
    (child, parent) => child === undefined || (parent !== undefined && child >= parent),
  ),
  isDrill: rule('drill', (child, parent) => child || !parent),
}
