/** What a licence says, in this program's words. The wire's words are in claims.ts. */

import type { LicenceTier } from '../trust/index.ts'

/**
 * What a digest was taken over: `gcode-raw` the bytes of the file, `gcode-canon` the canonical commands of the job,
 * which stay the same when comments and spacing change, `model` the bytes of the model (3MF, STL, STEP) that a slicer
 * made the job from.
 */
export const DIGEST_FORMS = ['gcode-raw', 'gcode-canon', 'model'] as const

export type DigestForm = (typeof DIGEST_FORMS)[number]

export interface DesignDigest {
  readonly form: DigestForm
  /** SHA-256 as 64 lower-case hexadecimal digits. */
  readonly sha256: string
}

/** What may be done to a model before it is sliced. What is not named may not be done. */
export interface AllowedTransforms {
  /** Least and greatest factor, the same in all directions; [1, 1] where the size is fixed. */
  readonly scale: readonly [number, number]
  readonly rotateZ: boolean
  readonly rotateAny: boolean
  readonly mirror: boolean
  readonly split: boolean
}

export interface LicensedDesign {
  readonly id: string
  readonly revision: string
  readonly title: string | undefined
  /** A job is this design if it matches any one of these. */
  readonly digests: readonly DesignDigest[]
  /** Codes of the dictionary, `regime:code`. They say which tier is the least that the licence may claim. */
  readonly classes: readonly string[]
  readonly transforms: AllowedTransforms
}

/** How free the slicing is: the job is named by its digest, or a slicer that the site knows vouches for it. */
export const SLICING_MODES = ['exact-gcode', 'attested-slicer'] as const

export interface Slicing {
  readonly mode: (typeof SLICING_MODES)[number]
  /** Ids of the slicers that may vouch; empty: any that the site trusts. */
  readonly slicers: readonly string[]
  /** SHA-256 of the one slicer profile; undefined where any will do. */
  readonly profileSha256: string | undefined
}

/** When a copy that was begun counts although it did not come to its end. */
export interface CommitRule {
  /** Once this layer is complete. 0: with the first byte. */
  readonly layer: number
  /** What becomes of a copy whose print ends before that. */
  readonly onAbort: 'return' | 'spend'
}

/** How often, as the licence itself says. A machine's own share may be less, see `LicensedMachine` and allocations. */
export interface Grant {
  readonly copies: number
  readonly copiesPerMachine: number | undefined
  readonly copiesPerDay: number | undefined
  readonly filamentMmMax: number | undefined
  readonly commit: CommitRule
}

/** How surely a printer is known: not at all, by what it reports of itself, by its USB serial number as well. */
export const PRINTER_LEVELS = ['reported', 'usb'] as const

export type PrinterLevel = (typeof PRINTER_LEVELS)[number]

/** What the printer behind the machine must be; every member that is there must fit. */
export interface LicensedPrinter {
  /** As `M115` reports it. */
  readonly uuid: string | undefined
  /** The firmware's name as `M115` begins it, such as `Marlin`. */
  readonly firmware: string | undefined
  readonly usbSerial: string | undefined
  /** How surely it must be known. */
  readonly level: PrinterLevel | undefined
}

export interface LicensedMachine {
  /** The identity of the machine that runs the gate: `m-` and a digest of its key. */
  readonly id: string
  /** Its share of the copies; undefined where the licence gives it none of its own. */
  readonly copies: number | undefined
  readonly printer: LicensedPrinter | undefined
}

/** One material that may be used; every member that is there must fit. */
export interface LicensedMaterial {
  /** `PLA`, `PA-CF`... in capitals. */
  readonly type: string
  readonly vendor: string | undefined
  readonly lot: string | undefined
  /** Id of the spool's tag. */
  readonly tag: string | undefined
}

/** Who may start it: a person by name (as a salted commitment, so that the licence tells no names), or a role. */
export type LicensedOperator =
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'name'; readonly commitment: Commitment }

/** SHA-256 over salt, a zero byte and the name in NFC: who knows the name can check it, nobody can read it. */
export interface Commitment {
  /** 32 hexadecimal digits. */
  readonly salt: string
  readonly sha256: string
}

/** Limits of the job; each can only narrow what the site's policy allows. */
export interface LicenceLimits {
  readonly nozzleCelsiusMax: number | undefined
  readonly bedCelsiusMax: number | undefined
  readonly chamberCelsiusMax: number | undefined
  readonly sizeMmMax: { readonly x: number; readonly y: number; readonly z: number } | undefined
  readonly feedrateMmPerMinMax: number | undefined
  readonly flowMm3PerSMax: number | undefined
  readonly layerMmMin: number | undefined
  readonly layerMmMax: number | undefined
  readonly secondsMax: number | undefined
}

/** What the part is for, where it may go, and to whom. */
export interface EndUse {
  /** A code of the issuer's, such as `medical-training`. */
  readonly code: string | undefined
  /** ISO 3166-1 alpha-2, in capitals; empty where the licence does not say. */
  readonly countries: readonly string[]
  readonly endUser: Commitment | undefined
  readonly mayReexport: boolean
  /** SHA-256 of the signed end-use statement that the issuer holds. */
  readonly statementSha256: string | undefined
}

/** On which ground the licence goes past the rules of its tier. It brings obligations of its own. */
export const EXEMPTION_BASES = ['humanitarian', 'critical-use', 'repair', 'research'] as const

export interface Exemption {
  readonly basis: (typeof EXEMPTION_BASES)[number]
  /** Who granted it: the URI of an authority that the site's trust store lets grant exemptions. */
  readonly authority: string
}

/** What the licensee owes. */
export type Obligation =
  /** A report of what was printed, `withinDays` after each copy or by a date; while one is overdue no copy begins. */
  | { readonly kind: 'report'; readonly withinDays: number | undefined; readonly byMs: number | undefined }
  /** The records of it are kept so long. */
  | { readonly kind: 'retain'; readonly days: number }
  /** The decision is cosigned by so many witnesses before the first byte. */
  | { readonly kind: 'witness'; readonly cosigners: number }

/** How much the evidence must be worth. `hardware` needs a key that no software can copy: not reached by this version. */
export const ASSURANCE_LEVELS = ['software', 'witnessed', 'hardware'] as const

export type AssuranceLevel = (typeof ASSURANCE_LEVELS)[number]

/** Where the licence stands in its issuer's status list, and how old the list may be. */
export interface StatusTerms {
  readonly uri: string
  readonly index: number
  /** The oldest list it may be used with, in seconds. */
  readonly ageSecondsMax: number
  /** What happens with an older one, or without any. */
  readonly beyond: 'deny' | 'hold' | 'warn'
}

/** Who may sign sub-licences under this one. */
export interface Delegation {
  /** The licensee's Ed25519 public key: 32 bytes in base64url. */
  readonly key: string
  /** How many more levels may follow, from 1. */
  readonly depth: number
}

/** Where a refusal may be disputed, and for how long. */
export interface AppealTerms {
  readonly uri: string
  readonly days: number
}

/** One licence: who may print which design how often, on which machines, and when. */
export interface Licence {
  /** Unique for its issuer only: count copies by `licenceKey`. */
  readonly id: string
  /** The issuer's URI, proven by its certificate. Of a sub-licence: that of its outermost parent. */
  readonly issuer: string
  readonly licensee: string
  readonly tier: LicenceTier
  readonly design: LicensedDesign
  readonly slicing: Slicing
  readonly grant: Grant
  /** The machines that may print it; never empty, never a pattern. */
  readonly machines: readonly LicensedMachine[]
  /** Empty: any. */
  readonly materials: readonly LicensedMaterial[]
  /** Empty: anybody. */
  readonly operators: readonly LicensedOperator[]
  readonly limits: LicenceLimits
  readonly endUse: EndUse
  readonly exemption: Exemption | undefined
  readonly obligations: readonly Obligation[]
  readonly assurance: AssuranceLevel
  readonly status: StatusTerms | undefined
  readonly delegation: Delegation | undefined
  /** SHA-256 of the parent's compact token, hexadecimal; undefined for a licence that an issuer signed. */
  readonly parentSha256: string | undefined
  readonly appeal: AppealTerms | undefined
  readonly issuedAtMs: number
  /** First instant at which it may be used. */
  readonly notBeforeMs: number
  /** First instant at which it may no longer be used. */
  readonly expiresAtMs: number
  /** From then on, by signed time, what its tier demands only warns: the rule behind it has lapsed. */
  readonly sunsetMs: number | undefined
  /** Made for a drill: it never reaches a real port. */
  readonly isDrill: boolean
}

/**
 * What copies are counted under: the issuer and its id for the licence; one spelling, one counter. A sub-licence's id is
 * its licensee's to choose, so its parent stands with it: it cannot use up the copies of somebody else's licence.
 */
export function licenceKey(licence: Pick<Licence, 'issuer' | 'id'> & Partial<Licence>): string {
  const { issuer, id, parentSha256 } = licence
  return parentSha256 === undefined ? `${issuer}#${id}` : `${issuer}#${id}@${parentSha256}`
}
