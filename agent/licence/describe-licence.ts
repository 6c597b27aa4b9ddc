/** A licence in plain words. */
import { formatTime } from '../token/index.ts'
import type { DesignDigest, EndUse, Grant, Licence, LicenceLimits, LicensedMachine } from './licence.ts'
import { obligationsOf } from './obligations.ts'
import { degrees, describeMaterial, describeOperator, join, millimetres, plural } from './words.ts'

/** Enough of a digest to tell two designs apart by eye. */
const DIGEST_CHARS_SHOWN = 16

const HOUR_SECONDS = 3600

/** Says what a licence allows, one line for each thing it limits. All text in it was checked when it was read. */
export function describeLicence(licence: Licence): readonly string[] {
  return [
    ...describeOrigin(licence),
    ...describeDesign(licence),
    describeCopies(licence.grant),
    `on ${join(licence.machines.map(describeMachine), 'or')}`,
    `from ${formatTime(licence.notBeforeMs)} until just before ${formatTime(licence.expiresAtMs)}`,
    describeSource(licence),
    ...describeTransforms(licence),
    ...describeCommit(licence.grant),
    ...describePeopleAndMaterials(licence),
    ...describeLimits(licence.limits),
    ...describeEndUse(licence.endUse),
    ...describeDuties(licence),
    ...describeStanding(licence),
  ]
}

function describeOrigin({ id, isDrill, parentSha256, ...licence }: Licence): readonly string[] {
  return [
    `licence ${id}`,
    ...(isDrill ? ['for a drill: it never reaches a real printer'] : []),
    `issued by ${licence.issuer} at ${formatTime(licence.issuedAtMs)}, tier ${licence.tier}`,
    ...(parentSha256 === undefined
      ? []
      : [`passed on by its licensee, under the licence with SHA-256 ${shorten(parentSha256)}`]),
    `allows ${licence.licensee} to print`,
  ]
}

function describeDesign({ design }: Licence): readonly string[] {
  const name = design.title === undefined ? design.id : `${design.title} (${design.id})`
  return [
    `${name}, revision ${design.revision}`,
    ...(design.classes.length === 0 ? [] : [`classified ${join(design.classes, 'and')}`]),
  ]
}

function describeCopies({ copies, copiesPerMachine, copiesPerDay, filamentMmMax }: Grant): string {
  return [
    copies === 1 ? 'one copy' : `up to ${copies} copies`,
    ...(copiesPerMachine === undefined ? [] : [`at most ${copiesPerMachine} on each machine`]),
    ...(copiesPerDay === undefined ? [] : [`at most ${copiesPerDay} a day (UTC)`]),
    ...(filamentMmMax === undefined ? [] : [`of at most ${millimetres(filamentMmMax)} of filament together`]),
  ].join(', ')
}

function describeMachine({ id, copies, printer }: LicensedMachine): string {
  const details = [
    ...(copies === undefined ? [] : [plural(copies, 'copy', 'copies')]),
    ...(printer?.uuid === undefined ? [] : [`printer UUID ${printer.uuid}`]),
    ...(printer?.firmware === undefined ? [] : [`firmware ${printer.firmware}`]),
    ...(printer?.usbSerial === undefined ? [] : [`USB serial ${printer.usbSerial}`]),
    ...(printer?.level === 'usb' ? ['known by its USB serial'] : []),
    ...(printer?.level === 'reported' ? ['known by what it reports'] : []),
  ]
  return details.length === 0 ? id : `${id} (${details.join(', ')})`
}

function describeSource({ design, slicing }: Licence): string {
  const digests = design.digests.filter(({ form }) => form !== 'model' || slicing.mode === 'exact-gcode')
  const direct = digests.length === 0 ? undefined : join(digests.map(describeDigest), 'or')
  if (slicing.mode === 'exact-gcode') return `and only from ${direct}`
  const models = design.digests.filter(({ form }) => form === 'model').map(describeDigest)
  const slicers = slicing.slicers.length === 0 ? 'a slicer trusted at the site' : join(slicing.slicers, 'or')
  const profile =
    slicing.profileSha256 === undefined
      ? ''
      : `, with the profile of SHA-256 ${shorten(slicing.profileSha256)}`
  const made = `what ${slicers} attests to be sliced from ${join(models, 'or') || 'no model'}${profile}`
  return `and only from ${direct === undefined ? made : `${direct}, or ${made}`}`
}

function describeDigest({ form, sha256 }: DesignDigest): string {
  const short = shorten(sha256)
  if (form === 'gcode-raw') return `the very file with SHA-256 ${short}`
  if (form === 'model') return `the model with SHA-256 ${short}`
  return `any G-code with the same commands (SHA-256 ${short})`
}

/** Only where somebody slices it: what is printed from given G-code is as it is. */
function describeTransforms({ design: { transforms }, slicing }: Licence): readonly string[] {
  if (slicing.mode !== 'attested-slicer') return []
  const [least, greatest] = transforms.scale
  const allowed = [
    ...(least === 1 && greatest === 1 ? [] : [`scaled by ${least} to ${greatest}`]),
    ...(transforms.rotateZ ? ['turned about the vertical'] : []),
    ...(transforms.rotateAny ? ['turned about any axis'] : []),
    ...(transforms.mirror ? ['mirrored'] : []),
    ...(transforms.split ? ['cut into parts'] : []),
  ]
  return [
    allowed.length === 0 ? 'as it is: not scaled, turned, mirrored or cut' : `may be ${join(allowed, 'and')}`,
  ]
}

function describeCommit({ commit: { layer, onAbort } }: Grant): readonly string[] {
  const begins =
    layer === 0
      ? 'with its first byte'
      : layer === 1
        ? 'once its first layer is done'
        : `once layer ${layer} is done`
  if (layer === 0) return [`a copy counts ${begins}`]
  const aborted = onAbort === 'return' ? 'is given back' : 'counts too'
  return [`a copy counts ${begins}; one that ends before ${aborted}`]
}

function describePeopleAndMaterials({ materials, operators }: Licence): readonly string[] {
  return [
    ...(materials.length === 0 ? [] : [`in ${join(materials.map(describeMaterial), 'or')}`]),
    ...(operators.length === 0 ? [] : [`started by ${join(operators.map(describeOperator), 'or')}`]),
  ]
}

function describeLimits(limits: LicenceLimits): readonly string[] {
  const { sizeMmMax: size, layerMmMin, layerMmMax, secondsMax } = limits
  const parts = [
    ...most('nozzle', limits.nozzleCelsiusMax, degrees),
    ...most('bed', limits.bedCelsiusMax, degrees),
    ...most('chamber', limits.chamberCelsiusMax, degrees),
    ...(size === undefined ? [] : [`size up to ${size.x} x ${size.y} x ${size.z} mm`]),
    ...most('feedrate', limits.feedrateMmPerMinMax, (value) => `${value} mm/min`),
    ...most('flow', limits.flowMm3PerSMax, (value) => `${value} mm³/s`),
    ...(layerMmMin === undefined || layerMmMax === undefined
      ? []
      : [`layers of ${layerMmMin} to ${millimetres(layerMmMax)}`]),
    ...most('duration', secondsMax, (value) => `${Math.round((value / HOUR_SECONDS) * 100) / 100} h`),
  ]
  return parts.length === 0 ? [] : [`within these limits: ${parts.join(', ')}`]
}

function most(what: string, value: number | undefined, write: (value: number) => string): readonly string[] {
  return value === undefined ? [] : [`${what} up to ${write(value)}`]
}

function describeEndUse({
  code,
  countries,
  endUser,
  mayReexport,
  statementSha256,
}: EndUse): readonly string[] {
  return [
    ...(code === undefined ? [] : [`for the end use ${code}`]),
    ...(endUser === undefined ? [] : ['for one end user, whose name is sealed in it']),
    ...(countries.length === 0 ? [] : [`bound for ${join(countries, 'or')}`]),
    ...(mayReexport ? ['the part may be exported again'] : []),
    ...(statementSha256 === undefined
      ? []
      : [`under the end-use statement with SHA-256 ${shorten(statementSha256)}`]),
  ]
}

function describeDuties(licence: Licence): readonly string[] {
  const { exemption, assurance } = licence
  const duties = obligationsOf(licence).map((duty) => {
    if (duty.kind === 'retain') return `its records are kept for ${plural(duty.days, 'day', 'days')}`
    if (duty.kind === 'witness')
      return `${plural(duty.cosigners, 'witness cosigns', 'witnesses cosign')} before the first byte`
    if (duty.withinDays !== undefined)
      return `each copy is reported within ${plural(duty.withinDays, 'day', 'days')}`
    return `what was printed is reported by ${formatTime(duty.byMs ?? 0)}`
  })
  return [
    ...(exemption === undefined
      ? []
      : [`under a ${exemption.basis} exemption granted by ${exemption.authority}`]),
    ...duties,
    ...(assurance === 'software' ? [] : [`the evidence is worth at least: ${assurance}`]),
  ]
}

function describeStanding({ status, delegation, appeal, sunsetMs }: Licence): readonly string[] {
  return [
    ...(status === undefined
      ? ['it cannot be revoked: it names no status list']
      : [
          `entry ${status.index} of the status list ${status.uri}, which is at most ${describeAge(status.ageSecondsMax)} old; without one it ${BEYOND[status.beyond]}`,
        ]),
    ...(delegation === undefined
      ? []
      : [`its licensee may pass it on, ${plural(delegation.depth, 'level', 'levels')} deep`]),
    ...(sunsetMs === undefined
      ? []
      : [`from ${formatTime(sunsetMs)} on, what its tier demands only warns (by signed time)`]),
    ...(appeal === undefined
      ? []
      : [`a refusal may be disputed at ${appeal.uri} within ${plural(appeal.days, 'day', 'days')}`]),
  ]
}

const BEYOND = { deny: 'is refused', hold: 'is held', warn: 'is used with a warning' } as const

function describeAge(seconds: number): string {
  const days = seconds / (24 * HOUR_SECONDS)
  if (days >= 1) return plural(Math.round(days * 10) / 10, 'day', 'days')
  return `${Math.round((seconds / HOUR_SECONDS) * 100) / 100} h`
}

function shorten(sha256: string): string {
  return `${sha256.slice(0, DIGEST_CHARS_SHOWN)}...`
}
