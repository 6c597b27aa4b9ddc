import type { DurableIndex, StopCode, StopReason } from '../effects.ts'
import { EMERGENCY_STOP, type EmergencyKind } from '../host/emergency-lane.ts'
import { HostSide } from '../host/host-side.ts'
import type { ReadIdentity } from '../printer/identity-query.ts'
import { PrinterSide } from '../printer/printer-side.ts'
import type { PrinterState } from '../printer/printer-state.ts'
import { Burst } from './burst.ts'
import type { GateJobOutcome, GateRecord, Latch } from './gate-effects.ts'
import { GateJobs, type OpenJob } from './gate-jobs.ts'
import type { GateOptions } from './gate-options.ts'
import { HostLines } from './host-lines.ts'
import { HostWatch, WATCH_STOPS } from './host-watch.ts'
import { Interrupts } from './interrupts.ts'
import type { LineOwner } from './line-owner.ts'
import type { ArmedJob } from './lockstep.ts'

/** Emergency stops that are recorded in the time, until a person has looked. All of them are obeyed. */
const KILLS_MAX = 4
const KILLS_WITHIN_MS = 60 * 60_000

/**
 * The inline gate: a host prints through it as through a cable, and nothing reaches the printer but commands that the policy
 * let pass, written by us. Events in, effects out; no clock, no waiting. Two links meet here, each with its own numbers.
 */
export class Gate {
  private readonly options: GateOptions
  private readonly host: HostSide
  private readonly printer: PrinterSide
  private readonly jobs: GateJobs
  private readonly lines: HostLines
  private readonly watch: HostWatch
  private readonly interrupts: Interrupts
  private latch_: Latch | null
  /** Why the machine is being brought to rest, until it is. */
  private restReason: StopReason | null = null
  private restJob: string | null = null
  private readonly kills = new Burst(KILLS_MAX, KILLS_WITHIN_MS)
  private nextRecordId = 1
  private clearedId = -1
  private isLogBroken = false
  private isEnding = false
  private hasFinished = false
  private nowMs = 0

  constructor(options: GateOptions) {
    this.options = options
    this.latch_ = options.latch ?? null
    this.jobs = new GateJobs(options, (record) => this.append(record))
    this.host = new HostSide(
      options.host,
      {
        emergency: (kind, bytes, start, end) => this.emergency(kind, bytes, start, end),
        flow: (isOpen) => options.effects({ kind: 'host-flow', isOpen }),
        flooded: () =>
          this.stop('host-link-failed', 'the host does not wait when it is asked to', this.nowMs),
      },
      options.profile,
    )
    this.printer = new PrinterSide(options.printer, {
      answered: (reply) => this.host.answered(reply, this.nowMs),
      said: (line, kind) => {
        this.lines.heard(line)
        this.host.said(line, kind, this.nowMs)
      },
      rested: (isCold) => this.rested(isCold),
      ready: () => this.lines.printerReady(),
      odometer: (reading) => this.jobs.odometer.read(reading, this.lines.path.sent),
      trouble: (code, message) => this.trouble(code, this.jobs.told(message)),
    })
    this.lines = new HostLines({
      options,
      host: this.host,
      printer: this.printer,
      jobs: this.jobs,
      owner: this.owner(),
    })
    this.watch = new HostWatch(options, this.host)
    this.interrupts = new Interrupts(options, this.printer)
  }

  private owner(): LineOwner {
    const gate = this
    return {
      get isBlocked() {
        return gate.latch_ !== null
      },
      get isLeaving() {
        return gate.watch.isLeaving
      },
      get latchSentence() {
        return gate.latch_ === null ? null : `blocked until it is cleared: ${gate.latch_.reason.message}`
      },
      append: (record) => this.append(record),
      close: (outcome) => this.close(outcome, null),
      end: (reason) => this.endJob('stopped', reason),
      stop: (code, message) => this.rest({ code, message }),
      quickStopped: () => this.quickStopped(),
    }
  }

  get latch(): Latch | null {
    return this.latch_
  }

  get printerState(): PrinterState {
    return this.printer.state
  }

  /** Profile of the host that is here, or null. */
  get hostProfile(): string | null {
    return this.host.isHere ? this.host.profile : null
  }

  get openJob(): OpenJob | null {
    return this.jobs.open
  }

  get armedJob(): ArmedJob | null {
    return this.jobs.armed?.job ?? null
  }

  /** The port is open. `isUnknown`: the printer may be in the middle of something. */
  printerOpened(isUnknown: boolean, nowMs: number): void {
    this.nowMs = nowMs
    if (isUnknown || this.printer.isKilled) {
      this.restReason = { code: 'found-running', message: 'what the printer was doing is not known' }
      this.setLatch(this.restReason, null)
    }
    this.printer.opened(isUnknown, nowMs)
  }

  /** The port is gone: nothing can be sent any more. */
  printerLost(message: string, nowMs: number): void {
    this.nowMs = nowMs
    this.rested(false)
    if (this.jobs.openId !== null) this.endJob('uncertain', { code: 'port-lost', message })
    this.printer.lost()
    this.pump()
  }

  printerLine(line: string, nowMs: number): void {
    this.nowMs = nowMs
    this.printer.line(line, nowMs)
    this.pump()
  }

  hostCame(nowMs: number): void {
    this.nowMs = nowMs
    this.host.came(nowMs)
    this.watch.came(nowMs)
    this.lines.hostCame()
    if (this.latch_ !== null) this.host.sayAll(this.host.idiom.tell(this.latch_.reason.message), nowMs)
  }

  hostLeft(nowMs: number): void {
    this.nowMs = nowMs
    if (!this.host.isHere) return
    if (this.lines.arrivals.isOnRecord) this.append({ kind: 'host-closed', lines: this.lines.lines })
    this.lines.hostLeft()
    this.host.left()
    // A job in lockstep that is whole was closed with its last command: this one is not. Our own lines come after.
    if (this.jobs.lockstep !== undefined)
      this.endJob('stopped', { code: 'host-lost', message: 'the host left in mid-job' })
    this.printer.disown(nowMs)
    this.watch.left(this.jobs.stream !== undefined, nowMs)
    this.host.checkFlow()
  }

  hostBytes(bytes: Uint8Array, nowMs: number): void {
    this.nowMs = nowMs
    this.host.bytes(bytes, nowMs)
    this.pump()
  }

  /** The record with this id is durable. */
  recorded(id: number, _at: DurableIndex, nowMs: number): void {
    this.nowMs = nowMs
    if (id === this.clearedId) {
      this.release()
      this.printer.revive(nowMs)
    }
    this.lines.settled(id)
    this.pump()
  }

  /** The record could not be written. No record, no byte. */
  recordFailed(id: number, message: string, nowMs: number): void {
    this.nowMs = nowMs
    const reason: StopReason = { code: 'record-failed', message }
    // A log that failed once takes nothing more. The machine is brought to rest the first time, and not for the records of that.
    if (this.isLogBroken) this.endJob('stopped', reason)
    else this.rest(reason)
    this.isLogBroken = true
    this.lines.settled(id)
    this.pump()
  }

  /** In answer to `tools`: the guard that stands by knows so many. */
  toolsGuarded(tools: number, nowMs: number): void {
    this.nowMs = nowMs
    this.lines.heaters.guarded(tools)
    this.pump()
  }

  /** The next verified block of the armed job, in answer to `want-block`. */
  jobBlock(block: Uint8Array, nowMs: number): void {
    this.nowMs = nowMs
    this.jobs.reading?.push(block)
    this.checkReader()
  }

  /** The armed job has no more blocks. */
  jobEnded(nowMs: number): void {
    this.nowMs = nowMs
    this.jobs.reading?.end()
    this.checkReader()
  }

  private checkReader(): void {
    const refused = this.jobs.reading?.refused
    if (refused !== undefined) {
      this.rest({ code: 'line-refused', message: refused })
      this.jobs.disarm()
    }
    this.pump()
  }

  /** A job was admitted and waits for its host. It lifts the latch: a new decision stands in the log. */
  arm(job: ArmedJob, nowMs: number): void {
    this.nowMs = nowMs
    this.jobs.arm(job)
    this.release()
    this.pump()
  }

  disarm(): void {
    this.jobs.disarm()
  }

  /** Asks which printer it is, once nothing else is on its way. `read` gets null where it cannot be asked now. */
  identify(read: ReadIdentity): void {
    if (this.printer.state === 'ready') this.printer.own.identity.ask(read)
    else read(null)
  }

  /** A person lifts the latch. It holds until that is on record. */
  clear(by: string, nowMs: number): void {
    this.nowMs = nowMs
    this.clearedId = this.append({ kind: 'cleared', by })
  }

  private release(): void {
    if (this.latch_ === null) return
    this.latch_ = null
    this.kills.forget()
    this.lines.released()
  }

  /** Ends what is under way and brings the machine to rest. */
  stop(code: StopCode, message: string, nowMs: number): void {
    this.nowMs = nowMs
    this.rest({ code, message })
    this.pump()
  }

  private rest(reason: StopReason): void {
    const job = this.jobs.openId
    this.endJob('stopped', reason)
    const { state } = this.printer
    if (state !== 'ready' && state !== 'preparing') return
    ;[this.restReason, this.restJob] = [reason, job]
    this.printer.stop(this.options.park, this.nowMs)
  }

  /** The agent ends: brings the machine to rest if it may not be, then says `finished`. */
  shutdown(message: string, nowMs: number): void {
    this.nowMs = nowMs
    this.isEnding = true
    if (this.jobs.openId !== null || this.printer.mayBeHot || !this.printer.isIdle)
      this.rest({ code: 'interrupted', message })
    this.checkEnd()
  }

  private checkEnd(): void {
    if (!this.isEnding || this.hasFinished || this.printer.state === 'stopping') return
    this.hasFinished = true
    this.jobs.disarm()
    this.options.effects({ kind: 'finished', isAtRest: !this.printer.mayBeHot })
  }

  /** Time has passed. Call some ten times a second. */
  tick(nowMs: number): void {
    this.nowMs = nowMs
    this.printer.tick(nowMs)
    this.jobs.tick(nowMs)
    this.lines.tick(nowMs)
    this.watchHost()
    this.pump()
    this.host.tick(this.host.queue.length > 0 || this.printer.hostInFlight > 0, nowMs)
    this.checkEnd()
  }

  private watchHost(): void {
    const result = this.watch.tick(this.printer, this.latch_, this.jobs.openId !== null, this.nowMs)
    switch (result) {
      case 'nothing':
        return
      case 'ended':
        this.close('ended', null)
        return
      case 'still-hot':
        ;[this.restReason, this.restJob] = [this.latch_?.reason ?? null, null]
        this.printer.stop(this.options.park, this.nowMs)
        return
      default:
        this.rest(WATCH_STOPS[result])
    }
  }

  private pump(): void {
    // Once the end has begun nothing of a host goes out: whoever would watch over it is about to leave.
    if (!this.isEnding) this.lines.pump(this.nowMs)
  }

  /** What a host sends to stop or to break a wait, obeyed before its turn where it may be. */
  private emergency(kind: EmergencyKind, bytes: Uint8Array, start: number, end: number): boolean {
    if (kind === EMERGENCY_STOP) {
      this.kill('the host')
      return true
    }
    if (this.isEnding) return false
    const result = this.interrupts.send(bytes, start, end, this.lines.path.state)
    if (result === 'quick-stop') this.quickStopped()
    return result !== 'not-sent'
  }

  /** The moves that were planned are lost, and with them where the toolhead is. */
  private quickStopped(): void {
    this.lines.path.state.known = 0
    this.lines.path.state.homed = 0
    if (this.jobs.openId === null) return
    this.endJob('stopped', { code: 'interrupted', message: 'the host sent a quick stop in mid-job' })
  }

  /** The emergency stop: it passes at once and is recorded after. */
  kill(by: string): void {
    this.printer.kill()
    this.rested(false)
    if (!this.kills.add(this.nowMs)) this.append({ kind: 'emergency-stop', by })
    this.endJob('stopped', { code: 'emergency-stop', message: `${by} sent the emergency stop` })
  }

  private rested(isCold: boolean): void {
    if (this.restReason !== null)
      this.append({ kind: 'safe-stop', job: this.restJob, reason: this.restReason, confirmed: isCold })
    this.restReason = null
  }

  /** The printer side has dealt with the printer; here the job ends, if one is open. */
  private trouble(code: StopCode, message: string): void {
    const reason: StopReason = { code, message }
    const job = this.jobs.openId
    const { state } = this.printer
    if (state === 'stopping') [this.restReason, this.restJob] = [reason, job]
    else if (job === null) return
    if (state === 'ready') this.rest(reason)
    else this.endJob('stopped', reason)
  }

  private endJob(outcome: GateJobOutcome, reason: StopReason): void {
    const job = this.jobs.openId
    this.clearedId = -1
    this.close(outcome, reason)
    if (this.printer.abandon(this.options.park, this.nowMs)) [this.restReason, this.restJob] = [reason, job]
    this.setLatch(reason, job)
  }

  private close(outcome: GateJobOutcome, reason: StopReason | null): void {
    if (this.jobs.close(outcome, reason)) this.printer.readOdometer(reason === null, this.nowMs)
    this.watch.settled()
  }

  private setLatch(reason: StopReason, job: string | null): void {
    const held = this.latch_
    // One that holds is another from here on: whoever saw it has not seen this.
    this.latch_ = held === null ? { reason, sinceMs: this.nowMs } : { ...held }
    if (held !== null) return
    // That the agent ends is nothing that a person must lift.
    if (!this.isEnding) this.append({ kind: 'latched', job, reason })
    if (this.host.isHere && reason.code !== 'line-refused')
      this.host.sayAll(this.host.idiom.refuseJob(reason.message), this.nowMs)
  }

  private append(record: GateRecord): number {
    const id = this.nextRecordId++
    this.options.effects({ kind: 'append', id, record })
    return id
  }
}
