import type { PrinterSink } from '../effects.ts'
import { REPLY_HALTED, REPLY_OK, REPLY_OTHER, type ReplyKind } from './reply.ts'

/**
 * Answers that are still to come for lines that do not count any more: those of a safe stop, which are sent again and
 * again, and those that were on their way when it began. A greeting before they have come would take one for its own,
 * and every line behind it would be taken for run when another has.
 */

/** Quiet behind the last answer, where all that were to come have come. One may have come twice. */
export const SETTLED_MS = 500
/** Quiet where some have not: they got lost, or the printer is busy. That it says every 2 s, of which three may get lost. */
export const UNSETTLED_MS = 9_000

export class StrayAnswers {
  /** Where lines go whose answers are counted. */
  readonly sink: PrinterSink
  private owed = 0
  private answeredAtMs = 0
  private mayStillRun_ = false

  constructor(sink: PrinterSink) {
    this.sink = {
      write: (bytes, start, end) => {
        // A newline alone is no line.
        if (end - start > 1) this.owed++
        sink.write(bytes, start, end)
      },
    }
  }

  /** The printer is stopped, with so many lines on their way that it may still work off. */
  begin(inFlight: number): void {
    this.owed += inFlight
    this.mayStillRun_ = true
  }

  /** A line came back. What the printer reports by itself is no answer. */
  heard(kind: ReplyKind, nowMs: number): void {
    if (kind === REPLY_OTHER) return
    this.answeredAtMs = nowMs
    if (kind === REPLY_HALTED) this.mayStillRun_ = false
    if (kind === REPLY_OK && this.owed > 0) this.owed--
  }

  /** Whether a printer that was sent the emergency stop has not said that it stopped. */
  get mayStillRun(): boolean {
    return this.mayStillRun_
  }

  /** Whether lines went out that were not answered. What was sent while a board boots may be answered after it. */
  get areOwed(): boolean {
    return this.owed > 0
  }

  /** Whether what comes from now on is the answer to what is sent from now on. */
  areOver(nowMs: number): boolean {
    return nowMs - this.answeredAtMs >= (this.owed === 0 ? SETTLED_MS : UNSETTLED_MS)
  }

  /** All that matter have come, or the printer has forgotten them. */
  forget(): void {
    this.owed = 0
    this.mayStillRun_ = false
  }
}
