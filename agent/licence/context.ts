/**
 * What a licence is held against. All of it is plain data, so that it can be handed to the process that inspects a job;
 * who fills it in is the composition's business.
 */
import type { Trust } from '../trust/index.ts'
import type { AssuranceLevel, CommitRule, Licence, PrinterLevel } from './licence.ts'

/** What time it is, and how surely that is known. */
export interface TimeStanding {
  /** What dates are held against, in ms since 1970: the later of the clock and the latest signed time. */
  readonly nowMs: number
  /** The latest time that somebody else signed - a witness, an issuer's status list - or 0 where nobody has. */
  readonly signedMs: number
  /**
   * What speaks against the clock: it is behind what was signed or recorded, it was never set, or it is further ahead of
   * both than a machine is usually off.
   */
  readonly doubt: 'none' | 'set-back' | 'unset' | 'ahead'
}

/** Which printer is behind the machine, as far as anybody can tell. All of it can be forged by who builds a printer. */
export interface PrinterIdentity {
  readonly level: PrinterLevel
  /** Of `M115`; null where it reports none, or the one that its firmware ships by default. */
  readonly uuid: string | null
  readonly firmware: string | null
  readonly usbSerial: string | null
}

export interface MachineStanding {
  /** `m-` and the beginning of the digest of the machine's key. */
  readonly id: string
  /** Null where no printer is known yet, as in `check`. */
  readonly printer: PrinterIdentity | null
  readonly assurance: AssuranceLevel
  /** Witnesses that cosign before the first byte. */
  readonly cosigners: number
  /** Whether bytes could reach a real machine. */
  readonly isRealPort: boolean
}

/** What was measured of the job. Lengths in mm, temperatures in degrees Celsius. Null: nothing of the kind. */
export interface LicensedJob {
  readonly rawSha256: string
  readonly canonicalSha256: string
  readonly nozzleMaxCelsius: number | null
  readonly bedMaxCelsius: number | null
  readonly chamberMaxCelsius: number | null
  readonly sizeMm: { readonly x: number; readonly y: number; readonly z: number } | null
  readonly feedrateMaxMmPerMin: number | null
  readonly flowMaxMm3PerS: number | null
  readonly layerMinMm: number | null
  readonly layerMaxMm: number | null
  readonly filamentMm: number
  readonly estimatedSeconds: number
}

export interface DeclaredMaterial {
  readonly type: string
  readonly vendor?: string
  readonly lot?: string
  readonly tag?: string
}

/** What whoever starts the job says of it. It is on record, and is all that anybody can know of some things. */
export interface Declarations {
  readonly operator?: string
  readonly role?: string
  readonly material?: DeclaredMaterial
  readonly endUse?: string
  /** ISO 3166-1 alpha-2. */
  readonly destination?: string
  readonly endUser?: string
}

/** How far a licence was used on this machine, as the log tells it. */
export interface CopyUse {
  /** Copies that are reserved, printing, printed or uncertain. */
  readonly used: number
  /** Of them, those reserved on this day (UTC) of the log's time. */
  readonly usedToday: number
  readonly filamentMm: number
  /** The record at which this log first knew of the licence. */
  readonly firstRecord: number
  /** SHA-256 of its compact token then; null where the log does not say. */
  readonly firstSha256: string | null
  /** When the oldest copy was printed that no report covers; null where there is none. */
  readonly unreportedSinceMs: number | null
}

/** By `licenceKey`. */
export type CopyUses = Readonly<Record<string, CopyUse>>

/** The latest status list that was seen here of each URI: an older one is not used. */
export type SeenLists = Readonly<Record<string, { readonly issuedAtMs: number; readonly sha256: string }>>

/** The place where a job would be printed: all but the job itself and what is declared of it. */
export interface LicencePlace {
  readonly trust: Trust
  readonly time: TimeStanding
  readonly machine: MachineStanding
  readonly uses: CopyUses
  /** Compact tokens that the site holds, besides those that travel with a licence. */
  readonly statusLists: readonly string[]
  readonly seenLists: SeenLists
}

export interface LicenceContext extends LicencePlace {
  readonly job: LicensedJob
  readonly declared: Declarations
}

/** What a job takes of its licence: one copy, in this counter and those of its parents. */
export interface CopyTerms {
  /** The licence's own key, then its parents'. */
  readonly counters: readonly CopyCounter[]
  readonly commit: CommitRule
}

/** One counter, and what this machine may take of it. */
export interface CopyCounter {
  readonly key: string
  readonly limit: number
  readonly limitPerDay: number | undefined
  readonly filamentMmMax: number | undefined
}

/** A licence that allows the job, as far as nothing holds it. */
export interface AllowedLicence {
  readonly licence: Licence
  /** SHA-256 of its compact token, 64 lower-case hexadecimal digits. */
  readonly sha256: string
  readonly copies: CopyTerms
  /** The anchor under which the outermost licence was signed: SHA-256 of its certificate. */
  readonly anchorSha256: string
  /** Copies that are left to this machine, this job's own included. */
  readonly copiesLeft: number
}

/** Status lists that were used: what the log must know of, so that none older is used again. */
export type UsedLists = readonly {
  readonly uri: string
  readonly issuedAtMs: number
  readonly sha256: string
}[]
