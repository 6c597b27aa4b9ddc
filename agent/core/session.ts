import { JobDigest } from '../../gcode/index.ts'
import { CommandQueue } from './command-queue.ts'
import type { DurableIndex, JobOutcome, SessionRecord, StopCode, StopReason } from './effects.ts'
import { JobOdometer } from './job-odometer.ts'
import { JobReader } from './job-reader.ts'
import { Closing } from './printer/closing.ts'
import { Greeting, HELLO_LIMIT_MS } from './printer/greeting.ts'
import { preambleLines, safeStopLines } from './printer/marlin-lines.ts'
import { LINK_FAULTS, PrinterLink } from './printer/printer-link.ts'
import {
  quoted,
  REPLY_CANCEL,
  REPLY_ERROR,
  REPLY_HALTED,
  REPLY_LINK_ERROR,
  REPLY_OK,
  REPLY_OTHER,
  REPLY_RESEND,
  REPLY_START,
  type ReplyKind,
  replyKind,
} from './printer/reply.ts'
import { SafeStop } from './printer/safe-stop.ts'
import type { SessionOptions } from './session-options.ts'

/**
 * One job on one printer: events in, effects out, no clock and no waiting. Says hello, puts the job on record, establishes
 * the declared start, sends the job line by line as the printer takes them, and closes; on any fault it brings the machine
 * to rest instead. Nothing of the job leaves before its record is durable.
 */

/** Commands between two seals of the running digest in the log. */
export const SEAL_EVERY_COMMANDS = 10_000

/** Longest wait for the record that a job is closed. A disk that syncs takes milliseconds, a busy one seconds. */
export const RECORD_LIMIT_MS = 10_000

/** Where a job stands. */
export type SessionPhase =
  | 'hello'
  | 'recording'
  | 'preamble'
  | 'job'
  | 'closing'
  | 'reading'
  | 'stopping'
  | 'ending'
  | 'done'

export class Session {
  private readonly options: SessionOptions
  private readonly link: PrinterLink
  private readonly queue = new CommandQueue()
  private readonly reader: JobReader
  private readonly digest: JobDigest
  private readonly safeStop: SafeStop
  private readonly greeting: Greeting
  private readonly closing: Closing
  private phase_: SessionPhase = 'hello'
  private wantsBlock = false
  private jobHasEnded = false
  private sent = 0
  private readonly odometer: JobOdometer
  private nextRecordId = 1
  private openedId = -1
  private closedId = -1
  private endingSinceMs = Number.POSITIVE_INFINITY
  private reason: StopReason | null = null
  private outcome: JobOutcome = 'printed'

  constructor(options: SessionOptions) {
    this.options = options
    this.link = new PrinterLink(options.printer)
    this.reader = new JobReader(options.table, options.judge, this.queue, options.isConfidential)
    this.digest = new JobDigest(options.hash)
    this.closing = new Closing(options.tools)
    this.safeStop = new SafeStop(options.printer, safeStopLines(options.tools))
    this.greeting = new Greeting(this.link)
    this.odometer = new JobOdometer(this.link, (record) => this.append(record))
  }

  get phase(): SessionPhase {
    return this.phase_
  }

  /** Commands of the job that were handed to the printer. */
  get commandsSent(): number {
    return this.sent
  }

  /** The port is open, and what must stand ready before the first byte does. Nothing is sent or timed before. */
  start(nowMs: number): void {
    if (this.phase_ === 'hello') this.greeting.start(nowMs)
  }

  /** A line from the printer. */
  printerLine(line: string, nowMs: number): void {
    if (this.phase_ === 'stopping') {
      this.safeStop.reply(line)
      this.stopIfAtRest()
      return
    }
    if (this.greeting.state === 'idle' || this.phase_ === 'ending' || this.phase_ === 'done') return
    this.reply(line, nowMs)
    this.checkLink(nowMs)
    this.pump(nowMs)
  }

  private reply(line: string, nowMs: number): void {
    const kind = replyKind(line)
    this.link.heard(kind !== REPLY_OTHER, nowMs)
    switch (kind) {
      case REPLY_HALTED:
        this.stop('printer-halted', `the printer halted: ${quoted(line, this.options.isConfidential)}`, nowMs)
        return
      case REPLY_ERROR:
        this.stop('printer-error', `the printer reported ${quoted(line, this.options.isConfidential)}`, nowMs)
        return
      default:
        if (this.phase_ === 'hello') this.replyToHello(kind, nowMs)
        else this.replyToLine(kind, line, nowMs)
    }
  }

  private replyToHello(kind: ReplyKind, nowMs: number): void {
    if (kind === REPLY_OK) this.greeting.ok(nowMs)
    else if (kind === REPLY_RESEND || kind === REPLY_LINK_ERROR) this.greeting.refused()
    else if (kind === REPLY_START) this.greeting.booted(nowMs)
    this.openIfGreeted()
  }

  private replyToLine(kind: ReplyKind, line: string, nowMs: number): void {
    if (kind === REPLY_OK) {
      this.link.acknowledge(line)
      this.odometer.settled(this.link.oldest)
      if (this.phase_ === 'closing') this.closing.ok(line)
    } else if (kind === REPLY_LINK_ERROR) this.link.refused()
    else if (kind === REPLY_RESEND) this.link.requestResend(line)
    else if (kind === REPLY_START) this.stop('printer-reset', 'the printer restarted in mid-job', nowMs)
    else if (kind === REPLY_CANCEL)
      this.stop('printer-cancelled', 'the job was cancelled at the printer', nowMs)
    else if (kind === REPLY_OTHER) this.odometer.heard(line)
  }

  private openIfGreeted(): void {
    if (this.phase_ !== 'hello' || this.greeting.state !== 'greeted') return
    this.phase_ = 'recording'
    this.openedId = this.nextRecordId
    this.append({ kind: 'job-opened', preamble: preambleLines(this.options.tools) })
  }

  /** The record with this id is durable. */
  recorded(id: number, _at: DurableIndex, nowMs: number): void {
    if (id === this.openedId && this.phase_ === 'recording') {
      this.phase_ = 'preamble'
      this.odometer.begin(this.options.tools)
      this.askForBlock()
    }
    if (id === this.closedId && this.phase_ === 'ending') this.finish()
    this.pump(nowMs)
  }

  /** The record could not be written. No record, no byte: the job ends here. */
  recordFailed(id: number, message: string, nowMs: number): void {
    if (this.phase_ === 'done') return
    if (id === this.closedId) {
      // What happened has happened; that the log does not hold it must still be told.
      this.reason ??= { code: 'record-failed', message }
      this.finish()
      return
    }
    this.stop('record-failed', message, nowMs)
  }

  /** The next verified block of the job, in answer to `want-block`. */
  jobBlock(block: Uint8Array, nowMs: number): void {
    this.wantsBlock = false
    this.reader.push(block)
    this.checkReader(nowMs)
    this.pump(nowMs)
  }

  /** The job has no more blocks. */
  jobEnded(nowMs: number): void {
    this.wantsBlock = false
    this.jobHasEnded = true
    this.reader.end()
    this.checkReader(nowMs)
    this.pump(nowMs)
  }

  private checkReader(nowMs: number): void {
    const refused = this.reader.refused
    if (refused === undefined) return
    const message = `line ${refused.line} is refused although the survey let it pass: ${refused.message}`
    this.stop('line-refused', message, nowMs)
  }

  /** A person or a signal ends the job, or something outside failed. */
  stop(code: StopCode, message: string, nowMs: number): void {
    // Every command has run and the machine is cold: only what the printer counted stays unknown.
    if (this.phase_ === 'reading' && code !== 'record-failed') this.close()
    if (this.phase_ === 'stopping' || this.phase_ === 'ending' || this.phase_ === 'done') return
    this.reason = { code, message }
    this.outcome = code === 'port-lost' ? 'uncertain' : 'stopped'
    this.queue.clear()
    this.phase_ = 'stopping'
    this.safeStop.start(nowMs, this.link.inFlight)
  }

  /** The port is gone: nothing can be sent any more. */
  portEnded(message: string, nowMs: number): void {
    if (this.phase_ === 'ending' || this.phase_ === 'done') return
    this.stop('port-lost', message, nowMs)
    if (this.phase_ === 'stopping') this.close()
  }

  /** Time has passed. Call some ten times a second. */
  tick(nowMs: number): void {
    switch (this.phase_) {
      case 'hello':
        this.tickHello(nowMs)
        return
      case 'stopping':
        this.safeStop.tick(nowMs)
        this.stopIfAtRest()
        return
      case 'ending':
        this.tickEnding(nowMs)
        return
      case 'done':
        return
      default:
        this.link.tick(nowMs)
        this.odometer.tick(nowMs)
        this.checkLink(nowMs)
        this.pump(nowMs)
    }
  }

  private tickHello(nowMs: number): void {
    this.greeting.tick(nowMs)
    this.openIfGreeted()
    if (this.greeting.state !== 'silent') return
    const seconds = Math.round(HELLO_LIMIT_MS / 1000)
    this.stop('printer-silent', `the printer did not answer within ${seconds} s`, nowMs)
    // Nothing was heated, and there is nobody to wait for.
    this.close()
  }

  /** The machine is at rest; a disk that hangs must not hold the port and whoever waits for ever. */
  private tickEnding(nowMs: number): void {
    this.endingSinceMs = Math.min(this.endingSinceMs, nowMs)
    if (nowMs - this.endingSinceMs < RECORD_LIMIT_MS) return
    const message = `the log did not take the end of the job within ${RECORD_LIMIT_MS / 1000} s`
    this.recordFailed(this.closedId, message, nowMs)
  }

  private checkLink(nowMs: number): void {
    const { fault } = this.link
    if (fault === 'none') return
    const [code, message] = LINK_FAULTS[fault]
    this.stop(code, fault === 'silent' ? `${message} in mid-job` : message, nowMs)
  }

  /** Sends what may be sent now. */
  private pump(nowMs: number): void {
    while (this.sendNext(nowMs)) {}
  }

  /** Sends the next line, or goes on to the next phase. Answers false where there is nothing to do now. */
  private sendNext(nowMs: number): boolean {
    switch (this.phase_) {
      case 'preamble':
        return this.sendPreamble(nowMs)
      case 'job':
        return this.sendJob(nowMs)
      case 'closing':
        return this.sendClosing(nowMs)
      case 'reading':
        return this.sendQuestion(nowMs)
      default:
        return false
    }
  }

  private sendPreamble(nowMs: number): boolean {
    if (this.sendOwn(nowMs)) return true
    if (this.odometer.hasBegun) this.phase_ = 'job'
    return this.odometer.hasBegun
  }

  /** Sends a line of our own, if one may go out now. */
  private sendOwn(nowMs: number): boolean {
    const line = this.odometer.next(nowMs)
    if (line !== undefined) this.link.send(line, 0, line.length, nowMs)
    return line !== undefined
  }

  private sendJob(nowMs: number): boolean {
    const queue = this.queue
    if (queue.length > 0) {
      if (!this.link.isOpenFor(queue.buffer[queue.start])) return false
      this.link.send(queue.buffer, queue.start, queue.end, nowMs)
      this.account(queue)
      queue.shift()
      return true
    }
    if (this.jobHasEnded) {
      this.phase_ = 'closing'
      return true
    }
    this.askForBlock()
    return this.queue.length > 0
  }

  private sendClosing(nowMs: number): boolean {
    const line = this.closing.next
    if (line !== undefined) {
      if (!this.link.isOpenFor(line[0])) return false
      this.link.send(line, 0, line.length, nowMs)
      this.closing.sent(nowMs)
      return true
    }
    if (this.link.inFlight > 0) return false
    if (this.closing.isCold) return this.printed(nowMs)
    if (this.closing.isDue(nowMs)) {
      if (this.closing.again()) return true
      this.stop('heaters-on', 'the printer did not confirm after the job that its heaters are off', nowMs)
    }
    return false
  }

  /** Asks for the odometer; the job closes when it is read, or cannot be. */
  private sendQuestion(nowMs: number): boolean {
    if (this.sendOwn(nowMs)) return true
    if (this.odometer.hasEnded) this.close()
    return false
  }

  /** Counts a command once, when it goes out first; sending it again for the printer counts nothing. */
  private account(queue: CommandQueue): void {
    this.sent++
    this.odometer.sent(queue)
    if (queue.isCounted) this.digest.addCommand(queue.buffer, queue.start, queue.end)
    if (this.sent % SEAL_EVERY_COMMANDS !== 0) return
    this.append({ kind: 'job-sealed', commands: this.sent, sha256: this.digestNow() })
  }

  private digestNow(): string {
    this.digest.flush()
    return this.options.hash.peek()
  }

  private askForBlock(): void {
    if (this.wantsBlock || this.jobHasEnded) return
    this.wantsBlock = true
    this.options.effects({ kind: 'want-block' })
  }

  /** The printer has taken and ended everything. What it was given must be what was surveyed. */
  private printed(nowMs: number): boolean {
    if (this.digestNow() === this.options.canonicalSha256) {
      this.phase_ = 'reading'
      this.odometer.end()
    } else this.stop('job-changed', 'what was sent is not what was surveyed', nowMs)
    return this.phase_ === 'reading'
  }

  private stopIfAtRest(): void {
    if (!this.safeStop.isRunning) this.close()
  }

  private close(): void {
    this.phase_ = 'ending'
    this.odometer.close()
    if (this.reason !== null) {
      this.append({ kind: 'safe-stop', reason: this.reason, confirmed: this.safeStop.isCold })
    }
    this.closedId = this.nextRecordId
    this.append({
      kind: 'job-closed',
      outcome: this.outcome,
      commands: this.sent,
      sha256: this.digestNow(),
      reason: this.reason,
    })
  }

  private finish(): void {
    this.phase_ = 'done'
    const coldConfirmed = this.closing.isCold || this.safeStop.isCold
    this.options.effects({ kind: 'finished', outcome: this.outcome, reason: this.reason, coldConfirmed })
  }

  private append(record: SessionRecord): void {
    this.options.effects({ kind: 'append', id: this.nextRecordId++, record })
  }
}
