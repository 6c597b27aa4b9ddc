import type { StopCode } from '../effects.ts'
import type { ReplyKind } from './reply.ts'
import type { OdometerReading } from './statistics.ts'

/** Where the printer stands. Only when it is `ready` a host's line goes out. */
export type PrinterState =
  /** No port. */
  | 'absent'
  /** Being told where our numbers start. */
  | 'greeting'
  /** Lines of our own go out first. */
  | 'preparing'
  | 'ready'
  /** Being brought to rest. */
  | 'stopping'
  /** It does not answer, and is greeted again now and then. */
  | 'silent'
  /** It was killed, by us or by itself: it reads nothing until it is reset. */
  | 'halted'

export interface PrinterSideListener {
  /**
   * The answer to a host's line, the oldest that waits for one. `reply` is the printer's `ok` line, or undefined where
   * there is none: it got lost, or the line's fate is unknown because the printer is.
   */
  answered(reply: string | undefined): void
  /** Any other line of the printer. */
  said(line: string, kind: ReplyKind): void
  /** A safe stop is over. */
  rested(isCold: boolean): void
  /** It stands at the declared start and takes lines. */
  ready(): void
  /** It said what it counted, or null where it does not or cannot be understood. */
  odometer(reading: OdometerReading | null): void
  /** What was under way cannot go on. The printer is handled here already. */
  trouble(code: StopCode, message: string): void
}
