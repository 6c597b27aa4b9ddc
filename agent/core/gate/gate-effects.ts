import type { StopReason } from '../effects.ts'
import type { OdometerEntry } from '../odometer.ts'

/** What the gate asks the outside world to do, beside the bytes for host and printer. */

/** How a job at the gate ended. `ended`: the host's stream came to its end; what it was meant to be nobody said. */
export type GateJobOutcome = 'printed' | 'ended' | 'stopped' | 'uncertain'

/** Records that the gate writes. The audit room stores them. */
export type GateRecord =
  | { readonly kind: 'host-opened' }
  | { readonly kind: 'host-closed'; readonly lines: number }
  | { readonly kind: 'stream-opened'; readonly job: string; readonly host: string }
  | { readonly kind: 'job-opened'; readonly job: string }
  | {
      readonly kind: 'job-sealed'
      readonly job: string
      readonly commands: number
      readonly sha256: string
    }
  | {
      readonly kind: 'job-closed'
      readonly job: string
      readonly outcome: GateJobOutcome
      readonly commands: number
      readonly sha256: string
      readonly reason: StopReason | null
    }
  | {
      readonly kind: 'line-refused'
      readonly job: string | null
      readonly line: number
      readonly code: string
      readonly rule: string | null
      readonly message: string
    }
  | { readonly kind: 'latched'; readonly job: string | null; readonly reason: StopReason }
  | { readonly kind: 'cleared'; readonly by: string }
  | { readonly kind: 'emergency-stop'; readonly by: string }
  | { readonly kind: 'interlude'; readonly job: string; readonly commands: number }
  | {
      readonly kind: 'safe-stop'
      readonly job: string | null
      readonly reason: StopReason
      readonly confirmed: boolean
    }
  /** `job`: the one that was closed since the record of this kind before, if one was. */
  | ({ readonly kind: 'odometer'; readonly job: string | null } & OdometerEntry)

export type GateEffect =
  /** Write this record. Answer with `recorded(id, at)` once it is durable at an index, or `recordFailed(id)`. */
  | { readonly kind: 'append'; readonly id: number; readonly record: GateRecord }
  /** Hand over the next verified block of the armed job with `jobBlock`, or say `jobEnded`. */
  | { readonly kind: 'want-block' }
  /** The armed job is over or given up: its spool is not needed any more. */
  | { readonly kind: 'job-over'; readonly job: string }
  /** Whether the printer is still the one that the armed job was allowed for is not known: it is armed no longer. */
  | { readonly kind: 'printer-doubted'; readonly job: string }
  /** Read no more from the host, or read again. */
  | { readonly kind: 'host-flow'; readonly isOpen: boolean }
  /** A tool is used for the first time: whoever watches over the heaters must name it. Answer with `toolsGuarded`. */
  | { readonly kind: 'tools'; readonly tools: readonly number[] }
  /** Nothing more is sent after `shutdown`. `isAtRest`: nothing of the machine is hot, as far as can be known. */
  | { readonly kind: 'finished'; readonly isAtRest: boolean }

export type GateEffectSink = (effect: GateEffect) => void

/**
 * Why nothing of a host passes but polls, heaters-off and the emergency lane. Each time that something stops the machine
 * it is another object: whoever lifts the one that they saw has not seen that.
 */
export interface Latch {
  readonly reason: StopReason
  readonly sinceMs: number
}
