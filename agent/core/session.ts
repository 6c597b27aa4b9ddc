import { asciiBytes, type ByteHasher, type CommandTable, JobDigest } from '../../gcode/index.ts'
import { CommandQueue } from './command-queue.ts'
import type { EffectSink, JobOutcome, PrinterSink, SessionRecord, StopCode, StopReason } from './effects.ts'
import { JobReader, type LineJudge } from './job-reader.ts'
import { CLOSING, HELLO, MARLIN_SAFE_STOP, PREAMBLE } from './marlin-lines.ts'
import { PrinterLink } from './printer-link.ts'
import {
  REPLY_BUSY,
  REPLY_CANCEL,
  REPLY_ERROR,
  REPLY_HALTED,
  REPLY_OK,
  REPLY_RESEND,
  REPLY_START,
  replyKind,
} from './reply.ts'
import { SafeStop } from './safe-stop.ts'

/**
 * One job on one printer: events in, effects out, no clock and no waiting. Says hello, puts the job on record,
 * establishes the declared start, sends the job line by line as the printer takes them, and closes; on any fault
 * it brings the machine to rest instead. Nothing of the job leaves before its record is durable.
 */

/** Between two hellos to a printer that has not answered. A board that resets on opening takes some seconds. */
const HELLO_EVERY_MS = 1_500
/**
 * Quiet that must follow the answer where several hellos went out: each of them is answered, and an `ok` that
 * comes late would pass for that of a line behind it.
 */
const HELLO_SETTLE_MS = 500
/** Until a printer that has said nothing counts as silent. */
export const HELLO_LIMIT_MS = 12_000
/** Commands between two seals of the running digest in the log. */
export const SEAL_EVERY_COMMANDS = 10_000

/** Hashing is handed in: the core knows no crypto. */
export interface RunningHash extends ByteHasher {
  /** The digest so far, as hex, without ending the hash. */
  peek(): string
}

export interface SessionOptions {
  readonly table: CommandTable
  readonly judge: LineJudge
  readonly printer: PrinterSink
  readonly effects: EffectSink
  readonly hash: RunningHash
  /** Canonical SHA-256 that the survey found, as hex: the job that ends well must have the same. */
  readonly canonicalSha256: string
}

/** Where a job stands. */
export type SessionPhase =
  | 'hello'
  | 'recording'
  | 'preamble'
  | 'job'
  | 'closing'
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
  private phase_: SessionPhase = 'hello'
  private startedAtMs = 0
  private helloAtMs = 0
  private hellos = 0
  private answeredAtMs = Number.POSITIVE_INFINITY
  private wantsBlock = false
  private jobHasEnded = false
  private sent = 0
  private own: readonly Uint8Array[] = []
  private nextRecordId = 1
  private openedId = -1
  private closedId = -1
  private reason: StopReason | null = null
  private outcome: JobOutcome = 'printed'

  constructor(options: SessionOptions) {
    this.options = options
    this.link = new PrinterLink(options.printer)
    this.reader = new JobReader(options.table, options.judge, this.queue)
    this.digest = new JobDigest(options.hash)
    this.safeStop = new SafeStop(options.printer, MARLIN_SAFE_STOP)
  }

  get phase(): SessionPhase {
    return this.phase_
  }

  /** Commands of the job that were handed to the printer. */
  get commandsSent(): number {
    return this.sent
  }

  /** The port is open. */
  start(nowMs: number): void {
    this.startedAtMs = nowMs
    this.hello(nowMs)
  }

  /** A line from the printer. */
  printerLine(line: string, nowMs: number): void {
    this.link.heard(nowMs)
    if (this.phase_ === 'stopping') {
      this.safeStop.reply(line)
      this.stopIfAtRest()
      return
    }
    if (this.phase_ === 'ending' || this.phase_ === 'done') return
    this.reply(line, nowMs)
    this.checkLink(nowMs)
    this.pump(nowMs)
  }

  private reply(line: string, nowMs: number): void {
    switch (replyKind(line)) {
      case REPLY_OK:
        if (this.phase_ === 'hello') this.answered(nowMs)
        else this.link.acknowledge(line)
        return
      case REPLY_RESEND:
        if (this.phase_ !== 'hello') this.link.requestResend(line)
        return
      case REPLY_START:
        // While we say hello a boot is expected: opening a port resets many boards.
        if (this.phase_ === 'hello') this.hello(nowMs)
        else this.stop('printer-reset', 'the printer restarted in mid-job', nowMs)
        return
      case REPLY_HALTED:
        this.stop('printer-halted', `the printer halted: \`${shown(line)}\``, nowMs)
        return
      case REPLY_ERROR:
        this.stop('printer-error', `the printer reported \`${shown(line)}\``, nowMs)
        return
      case REPLY_CANCEL:
        if (this.phase_ !== 'hello')
          this.stop('printer-cancelled', 'the job was cancelled at the printer', nowMs)
        return
      case REPLY_BUSY:
        return
      default:
    }
  }

  private hello(nowMs: number): void {
    this.helloAtMs = nowMs
    this.hellos++
    this.answeredAtMs = Number.POSITIVE_INFINITY
    this.link.restart(-1, nowMs)
    const hello = asciiBytes(HELLO)
    this.link.send(hello, 0, hello.length, nowMs)
  }

  private answered(nowMs: number): void {
    this.answeredAtMs = nowMs
    if (this.hellos === 1) this.greeted(nowMs)
  }

  private greeted(nowMs: number): void {
    this.link.restart(0, nowMs)
    this.phase_ = 'recording'
    this.openedId = this.append({ kind: 'job-opened', preamble: PREAMBLE })
  }

  /** The record with this id is durable. */
  recorded(id: number, nowMs: number): void {
    if (id === this.openedId && this.phase_ === 'recording') {
      this.phase_ = 'preamble'
      this.own = PREAMBLE.map(asciiBytes)
      this.askForBlock()
    }
    if (id === this.closedId && this.phase_ === 'ending') this.finish()
    this.pump(nowMs)
  }

  /** The record could not be written. No record, no byte: the job ends here. */
  recordFailed(id: number, message: string, nowMs: number): void {
    if (id === this.closedId) {
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
    this.stop(
      'line-refused',
      `line ${refused.line} is refused although the survey let it pass: ${refused.message}`,
      nowMs,
    )
  }

  /** A person or a signal ends the job, or something outside failed. */
  stop(code: StopCode, message: string, nowMs: number): void {
    if (this.phase_ === 'stopping' || this.phase_ === 'ending' || this.phase_ === 'done') return
    this.reason = { code, message }
    this.outcome = code === 'port-lost' ? 'uncertain' : 'stopped'
    this.queue.clear()
    this.own = []
    this.phase_ = 'stopping'
    this.safeStop.start(nowMs)
  }

  /** The port is gone: nothing can be sent any more. */
  portEnded(message: string, nowMs: number): void {
    if (this.phase_ === 'ending' || this.phase_ === 'done') return
    this.stop('port-lost', message, nowMs)
    this.close()
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
      case 'done':
        return
      default:
        this.link.tick(nowMs)
        this.checkLink(nowMs)
    }
  }

  private tickHello(nowMs: number): void {
    if (nowMs - this.answeredAtMs >= HELLO_SETTLE_MS) this.greeted(nowMs)
    else if (nowMs - this.startedAtMs >= HELLO_LIMIT_MS) {
      const seconds = Math.round(HELLO_LIMIT_MS / 1000)
      this.stop('printer-silent', `the printer did not answer within ${seconds} s`, nowMs)
      // Nothing was heated, and there is nobody to wait for.
      this.close()
    } else if (this.answeredAtMs === Number.POSITIVE_INFINITY && nowMs - this.helloAtMs >= HELLO_EVERY_MS) {
      this.hello(nowMs)
    }
  }

  private checkLink(nowMs: number): void {
    switch (this.link.fault) {
      case 'none':
        return
      case 'silent':
        this.stop('printer-silent', 'the printer stopped answering in mid-job', nowMs)
        return
      case 'too-many-resends':
        this.stop(
          'link-failed',
          'the printer asked for the same line again and again: the link is too noisy',
          nowMs,
        )
        return
      case 'line-forgotten':
        this.stop('link-failed', 'the printer asked for a line that was never sent, or long ago', nowMs)
    }
  }

  /** Sends what may be sent now. */
  private pump(nowMs: number): void {
    while (this.link.isOpen) {
      if (this.phase_ === 'preamble' || this.phase_ === 'closing') {
        if (!this.sendOwn(nowMs)) return
      } else if (this.phase_ === 'job') {
        if (!this.sendJob(nowMs)) return
      } else return
    }
  }

  /** Sends the next line of our own. Answers false once there is nothing to send. */
  private sendOwn(nowMs: number): boolean {
    const [line, ...rest] = this.own
    if (line !== undefined) {
      this.own = rest
      this.link.send(line, 0, line.length, nowMs)
      return true
    }
    if (this.phase_ === 'preamble') {
      this.phase_ = 'job'
      return true
    }
    if (this.link.inFlight === 0) this.printed(nowMs)
    return false
  }

  private sendJob(nowMs: number): boolean {
    const queue = this.queue
    if (queue.length > 0) {
      this.link.send(queue.buffer, queue.start, queue.end, nowMs)
      this.account(queue)
      queue.shift()
      return true
    }
    if (this.jobHasEnded) {
      this.phase_ = 'closing'
      this.own = CLOSING.map(asciiBytes)
      return true
    }
    this.askForBlock()
    return this.queue.length > 0
  }

  /** Counts a command once, when it goes out first; sending it again for the printer counts nothing. */
  private account(queue: CommandQueue): void {
    this.sent++
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
  private printed(nowMs: number): void {
    if (this.digestNow() !== this.options.canonicalSha256) {
      this.stop('job-changed', 'what was sent is not what was surveyed', nowMs)
      return
    }
    this.close()
  }

  private stopIfAtRest(): void {
    if (!this.safeStop.isRunning) this.close()
  }

  private close(): void {
    this.phase_ = 'ending'
    if (this.reason !== null) {
      this.append({ kind: 'safe-stop', reason: this.reason, confirmed: this.safeStop.isCold })
    }
    this.closedId = this.append({
      kind: 'job-closed',
      outcome: this.outcome,
      commands: this.sent,
      sha256: this.digestNow(),
      reason: this.reason,
    })
  }

  private finish(): void {
    this.phase_ = 'done'
    const coldConfirmed = this.reason === null || this.safeStop.isCold
    this.options.effects({ kind: 'finished', outcome: this.outcome, reason: this.reason, coldConfirmed })
  }

  private append(record: SessionRecord): number {
    const id = this.nextRecordId++
    this.options.effects({ kind: 'append', id, record })
    return id
  }
}

/** A printer's words in a message: cut, and nothing that could break a line. */
function shown(line: string): string {
  return line.replace(/[^\x20-\x7e]/g, '?').slice(0, 80)
}
