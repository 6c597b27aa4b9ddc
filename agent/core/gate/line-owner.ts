import type { StopCode, StopReason } from '../effects.ts'
import type { HostSide } from '../host/host-side.ts'
import type { PrinterSide } from '../printer/printer-side.ts'
import type { GateJobOutcome, GateRecord } from './gate-effects.ts'
import type { GateJobs } from './gate-jobs.ts'
import type { GateOptions } from './gate-options.ts'

/** What the line path asks of the gate around it. */
export interface LineOwner {
  readonly isBlocked: boolean
  /** The last host left in mid-stream and it is being found out whether it had come to its end. */
  readonly isLeaving: boolean
  /** The gate was latched in mid-air: says so to a host that begins anew. */
  readonly latchSentence: string | null
  append(record: GateRecord): number
  /** The open job is over and went well, as far as anybody can tell. */
  close(outcome: GateJobOutcome): void
  /** The open job is over, and nothing more passes. */
  end(reason: StopReason): void
  /** The same, and the machine is brought to rest. */
  stop(code: StopCode, message: string): void
  /** The moves that were planned are lost. */
  quickStopped(): void
}

export interface LineParts {
  readonly options: GateOptions
  readonly host: HostSide
  readonly printer: PrinterSide
  readonly jobs: GateJobs
  readonly owner: LineOwner
}
