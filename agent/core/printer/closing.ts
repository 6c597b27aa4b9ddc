import { asciiBytes } from '../../../gcode/index.ts'
import { closingAgainLines, closingLines } from './marlin-lines.ts'
import { reportsCold, reportsTemperatures } from './reply.ts'

/**
 * The end of a job that went well. Every line of it has its ok when the last move is done; but an `ok` too many
 * may have come over a noisy wire, so only the printer's own word that its targets are 0 ends the job.
 */

/** Without a report for so long after the last line, it is asked again. */
const REPORT_WITHIN_MS = 6_000
/** Times the heaters are turned off and asked for. A printer that keeps them on after that is stopped. */
const ROUNDS_MAX = 3

export class Closing {
  private readonly tools: readonly number[]
  private lines: readonly Uint8Array[]
  private taken = 0
  private rounds = 1
  private report: 'none' | 'hot' | 'cold' = 'none'
  private sentAtMs = 0

  /** `tools` are those that the job selects or heats. */
  constructor(tools: readonly number[]) {
    this.tools = tools
    this.lines = closingLines(tools).map(asciiBytes)
  }

  /** The next line to send, or undefined where all of them were taken. */
  get next(): Uint8Array | undefined {
    return this.lines[this.taken]
  }

  /** The line was sent. */
  sent(nowMs: number): void {
    this.taken++
    this.sentAtMs = nowMs
  }

  /** An `ok`. What it reports counts once the question is out. */
  ok(reply: string): void {
    if (this.next === undefined && reportsTemperatures(reply))
      this.report = reportsCold(reply) ? 'cold' : 'hot'
  }

  get isCold(): boolean {
    return this.report === 'cold'
  }

  /** Whether it must be asked again, or given up, now that every line has its ok. */
  isDue(nowMs: number): boolean {
    return this.report === 'hot' || nowMs - this.sentAtMs >= REPORT_WITHIN_MS
  }

  /** Starts another round. Answers false where there were enough. */
  again(): boolean {
    if (this.rounds >= ROUNDS_MAX) return false
    this.rounds++
    this.lines = closingAgainLines(this.tools).map(asciiBytes)
    this.taken = 0
    this.report = 'none'
    return true
  }
}
