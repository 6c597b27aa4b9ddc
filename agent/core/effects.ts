export type { DurableIndex } from '../durable-index.ts'

import type { OdometerEntry } from './odometer.ts'

/**
 * What the session asks the outside world to do. Cold effects are objects, in order; the hot one, bytes for the
 * printer, is a call on a sink whose buffer is consumed before it returns.
 */

/** Where bytes for the printer go. `bytes[start, end)` is valid only during the call. */
export interface PrinterSink {
  write(bytes: Uint8Array, start: number, end: number): void
}

/** How a job ended. `uncertain` is for what the agent no longer saw: the port went away in mid-job. */
export type JobOutcome = 'printed' | 'stopped' | 'uncertain'

/** Why a job did not end by itself: a stable code and one sentence. */
export interface StopReason {
  readonly code: StopCode
  readonly message: string
}

export type StopCode =
  | 'interrupted'
  | 'printer-silent'
  | 'printer-reset'
  | 'printer-halted'
  | 'printer-error'
  | 'printer-cancelled'
  /** Every command has run, but the printer does not say that its heaters are off. */
  | 'heaters-on'
  | 'link-failed'
  | 'port-lost'
  | 'record-failed'
  /** A witness knows another log than this gate's under the same name, or old records were found changed. */
  | 'log-disputed'
  | 'job-changed'
  | 'guard-lost'
  | 'line-refused'
  /** The host sends another job than the one that was admitted. */
  | 'not-the-job'
  /** Printing asks for an armed job, and there is none. */
  | 'not-armed'
  | 'host-lost'
  | 'host-silent'
  /** The host's lines come damaged however often they are asked for, or it does not wait when asked to. */
  | 'host-link-failed'
  /** Many lines were refused, or many jobs begun, in a short time. */
  | 'many-refusals'
  | 'emergency-stop'
  /** What the printer was doing when the gate came is not known: it was in mid-job when the last gate ended. */
  | 'found-running'

/** Records that the session writes about its job. The audit room stores them; a decision is older than all of them. */
export type SessionRecord =
  | { readonly kind: 'job-opened'; readonly preamble: readonly string[] }
  | { readonly kind: 'job-sealed'; readonly commands: number; readonly sha256: string }
  /** `confirmed` where the printer itself reported its targets at 0. */
  | { readonly kind: 'safe-stop'; readonly reason: StopReason; readonly confirmed: boolean }
  | {
      readonly kind: 'job-closed'
      readonly outcome: JobOutcome
      readonly commands: number
      readonly sha256: string
      readonly reason: StopReason | null
    }
  /** What the printer counted before the job, and behind it. */
  | ({ readonly kind: 'odometer'; readonly isAfterJob: boolean } & OdometerEntry)

export type Effect =
  /** Write this record. Answer with `recorded(id, at)` once it is durable at an index, or `recordFailed(id)`. */
  | { readonly kind: 'append'; readonly id: number; readonly record: SessionRecord }
  /** Hand over the next verified block of the job with `jobBlock`, or say `jobEnded`. */
  | { readonly kind: 'want-block' }
  /** Nothing more will be sent. `coldConfirmed` says whether the printer itself reported its targets at 0. */
  | {
      readonly kind: 'finished'
      readonly outcome: JobOutcome
      readonly reason: StopReason | null
      readonly coldConfirmed: boolean
    }

export type EffectSink = (effect: Effect) => void
