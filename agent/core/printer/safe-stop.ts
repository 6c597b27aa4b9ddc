import type { PrinterSink } from '../effects.ts'
import { REPLY_HALTED, REPLY_OK, replyKind, reportsCold, reportsTemperatures } from './reply.ts'

/**
 * Brings the machine to rest: drops its moves, breaks a wait, turns the heaters off, and asks until the printer itself reports its
 * targets at 0; where it does not, the emergency stop. Waits for no ok and no record, and uses no line numbers:
 * a line that Marlin would refuse for its number must not be what keeps a heater on.
 */

/** The lines of one dialect for it. */
export interface SafeStopLines {
  /**
   * Drops the moves that are planned: a firmware whose planner is full reads no further until a move ends. First of
   * all lines, for the queue of commands behind such a move may have one place left.
   */
  readonly dropMoves: string
  /** Ends a wait for heat, so that what follows is read. */
  readonly breakWait: string
  readonly heatersOff: readonly string[]
  readonly poll: string
  readonly emergency: string
}

/** Between two questions whether it is off, and before the lines are sent again. */
export const STOP_POLL_MS = 250
/** Until the emergency stop. Long enough for a move of some seconds that the printer ends first. */
export const STOP_LIMIT_MS = 8_000
/** Answers that must say so before the targets are believed to be 0: one may have been on its way when we began. */
const COLD_REPORTS_MIN = 2

export class SafeStop {
  private readonly sink: PrinterSink
  private readonly lines: SafeStopLines
  private startedAtMs = 0
  private limitMs = STOP_LIMIT_MS
  private sentAtMs = 0
  private coldReports = 0
  private coldReportsMin = COLD_REPORTS_MIN
  private state: 'idle' | 'cooling' | 'cold' | 'killed' = 'idle'

  constructor(sink: PrinterSink, lines: SafeStopLines) {
    this.sink = sink
    this.lines = lines
  }

  /** Begins. Each of the `inFlight` lines that the printer still has may be a question that it answers yet. */
  start(nowMs: number, inFlight: number, limitMs = STOP_LIMIT_MS): void {
    if (this.state !== 'idle') return
    this.limitMs = limitMs
    this.state = 'cooling'
    this.startedAtMs = nowMs
    this.coldReportsMin = Math.max(COLD_REPORTS_MIN, inFlight + 1)
    // A newline of its own ends whatever half line is left on the wire.
    this.send('')
    this.send(this.lines.dropMoves)
    // One of its own, beside that of the round: where it gets lost, what follows fills the printer's queue behind the
    // wait, and no later one is read.
    this.send(this.lines.breakWait)
    this.sendHeatersOff(nowMs)
  }

  get isRunning(): boolean {
    return this.state === 'cooling'
  }

  /** Whether the printer said that its targets are 0. */
  get isCold(): boolean {
    return this.state === 'cold'
  }

  reply(line: string): void {
    if (this.state !== 'cooling') return
    const kind = replyKind(line)
    if (kind === REPLY_HALTED) this.state = 'killed'
    // A report without ok is one that the firmware makes by itself, and may be older than our lines.
    else if (kind === REPLY_OK && reportsTemperatures(line)) this.count(reportsCold(line))
  }

  private count(isCold: boolean): void {
    this.coldReports = isCold ? this.coldReports + 1 : 0
    if (this.coldReports >= this.coldReportsMin) this.state = 'cold'
    else if (isCold) this.send(this.lines.poll)
  }

  tick(nowMs: number): void {
    if (this.state !== 'cooling') return
    if (nowMs - this.startedAtMs >= this.limitMs) {
      this.send('')
      this.send(this.lines.emergency)
      this.state = 'killed'
      return
    }
    if (nowMs - this.sentAtMs >= STOP_POLL_MS) this.sendHeatersOff(nowMs)
  }

  private sendHeatersOff(nowMs: number): void {
    this.sentAtMs = nowMs
    // Again each time: behind the wait that was broken there may be another.
    this.send(this.lines.breakWait)
    for (const line of this.lines.heatersOff) this.send(line)
    this.send(this.lines.poll)
  }

  private send(line: string): void {
    const bytes = new Uint8Array(line.length + 1)
    for (let i = 0; i < line.length; i++) bytes[i] = line.charCodeAt(i)
    bytes[line.length] = 0x0a
    this.sink.write(bytes, 0, bytes.length)
  }
}
