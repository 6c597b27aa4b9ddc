/** From the wire's words to this program's: what is left out gets the meaning that the format gives it. */
import type { LicenceClaims } from './claims.ts'
import type { Licence, LicensedOperator, Obligation } from './licence.ts'

/** Counts once its first layer is complete; before that a print that fails gives its copy back. */
const DEFAULT_COMMIT = { layer: 1, onAbort: 'return' } as const

/** No factor but 1, nothing turned, mirrored or cut. */
const FIXED_SCALE = [1, 1] as const

export function toLicence(claims: LicenceClaims): Licence {
  const { slice, status, delegate, exempt, appeal } = claims
  return {
    id: claims.jti,
    issuer: claims.iss,
    licensee: claims.sub,
    tier: claims.tier,
    design: toDesign(claims.design),
    slicing: {
      mode: slice?.mode ?? 'exact-gcode',
      slicers: slice?.slicers ?? [],
      profileSha256: slice?.profile,
    },
    grant: toGrant(claims.grant),
    machines: claims.machines.map(({ id, copies, printer }) => ({
      id,
      copies,
      printer: printer && {
        uuid: printer.uuid,
        firmware: printer.firmware,
        usbSerial: printer.usb,
        level: printer.level,
      },
    })),
    materials: (claims.materials ?? []).map(({ type, vendor, lot, tag }) => ({ type, vendor, lot, tag })),
    operators: (claims.operators ?? []).map(toOperator),
    limits: toLimits(claims.limits),
    endUse: toEndUse(claims.end_use),
    exemption: exempt && { basis: exempt.basis, authority: exempt.authority },
    obligations: (claims.obligations ?? []).map(toObligation),
    assurance: claims.assurance ?? 'software',
    status: status && {
      uri: status.uri,
      index: status.idx,
      ageSecondsMax: status.max_age,
      beyond: status.beyond,
    },
    delegation: delegate && { key: delegate.key, depth: delegate.depth },
    parentSha256: claims.prt,
    appeal: appeal && { uri: appeal.uri, days: appeal.days },
    issuedAtMs: claims.iat * 1000,
    notBeforeMs: claims.nbf * 1000,
    expiresAtMs: claims.exp * 1000,
    sunsetMs: claims.sunset === undefined ? undefined : claims.sunset * 1000,
    isDrill: claims.drill === true,
  }
}

function toDesign(design: LicenceClaims['design']): Licence['design'] {
  const { transforms } = design
  return {
    id: design.id,
    revision: design.rev,
    title: design.title,
    digests: design.digests.map(({ form, value }) => ({ form, sha256: value })),
    classes: design.classes ?? [],
    transforms: {
      scale: transforms?.scale ?? FIXED_SCALE,
      rotateZ: transforms?.rotate_z ?? false,
      rotateAny: transforms?.rotate_any ?? false,
      mirror: transforms?.mirror ?? false,
      split: transforms?.split ?? false,
    },
  }
}

function toGrant(grant: LicenceClaims['grant']): Licence['grant'] {
  return {
    copies: grant.copies,
    copiesPerMachine: grant.per?.machine,
    copiesPerDay: grant.per?.day,
    filamentMmMax: grant.filament_mm,
    commit:
      grant.commit === undefined
        ? DEFAULT_COMMIT
        : { layer: grant.commit.layer, onAbort: grant.commit.on_abort },
  }
}

function toOperator(operator: NonNullable<LicenceClaims['operators']>[number]): LicensedOperator {
  if ('role' in operator) return { kind: 'role', role: operator.role }
  return { kind: 'name', commitment: operator }
}

function toLimits(limits: LicenceClaims['limits']): Licence['limits'] {
  return {
    nozzleCelsiusMax: limits?.nozzle_c,
    bedCelsiusMax: limits?.bed_c,
    chamberCelsiusMax: limits?.chamber_c,
    sizeMmMax: limits?.size_mm,
    feedrateMmPerMinMax: limits?.feedrate_mm_min,
    flowMm3PerSMax: limits?.flow_mm3_s,
    layerMmMin: limits?.layer_mm?.[0],
    layerMmMax: limits?.layer_mm?.[1],
    secondsMax: limits?.seconds,
  }
}

function toEndUse(endUse: LicenceClaims['end_use']): Licence['endUse'] {
  return {
    code: endUse?.code,
    countries: endUse?.countries ?? [],
    endUser: endUse?.end_user,
    mayReexport: endUse?.reexport ?? false,
    statementSha256: endUse?.statement,
  }
}

function toObligation(obligation: NonNullable<LicenceClaims['obligations']>[number]): Obligation {
  if (obligation.kind !== 'report') return obligation
  const { within_days: withinDays, by } = obligation
  return { kind: 'report', withinDays, byMs: by === undefined ? undefined : by * 1000 }
}
