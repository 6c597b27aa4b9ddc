import { AXES_XYZ, EMPTY, PARSED, type ParseCode } from '../../../gcode/index.ts'
import type { StopReason } from '../effects.ts'
import { type HostLink, LINE_HOPELESS, LINE_REPEATED, LINE_TAKEN, type LineFate } from '../host/host-link.ts'
import type { HostSide } from '../host/host-side.ts'
import type { PrinterSide } from '../printer/printer-side.ts'
import { Arrivals } from './arrivals.ts'
import {
  cardAnswer,
  isHeaterOff,
  isObserving,
  isQuickStop,
  isRenumbering,
  renumbered,
} from './command-kinds.ts'
import { Dabs } from './dabs.ts'
import type { GateJobs } from './gate-jobs.ts'
import type { GateOptions } from './gate-options.ts'
import { HeaterWatch } from './heater-watch.ts'
import { HomeReport } from './home-report.ts'
import { Interlude } from './interlude.ts'
import type { LineOwner, LineParts } from './line-owner.ts'
import { LinePath } from './line-path.ts'
import {
  LinePlanner,
  PLAN_CARD,
  PLAN_FORWARD,
  PLAN_INTERLUDE,
  PLAN_JOB,
  PLAN_MISS,
  PLAN_OPEN_ARMED,
  PLAN_OPEN_STREAM,
  PLAN_REFUSE,
  PLAN_REFUSE_JOB,
  PLAN_SILENT,
  PLAN_SWALLOW,
  type Plan,
  type PlanContext,
} from './line-plan.ts'
import { Refusals } from './refusals.ts'

/**
 * The line path: the host's lines, one after the other, each read, planned for and answered in its turn. Answers keep
 * the order of the lines: what the gate answers itself waits until the printer has answered all that went before.
 */

export class HostLines implements PlanContext {
  readonly path: LinePath
  readonly jobs: GateJobs
  readonly interlude = new Interlude()
  readonly dabs = new Dabs()
  private readonly homeReport = new HomeReport()
  /** The latch was lifted and the printer not homed since. */
  private mustHome_ = false
  readonly link: HostLink
  readonly demandsArmed: boolean
  readonly permitsInterlude: boolean
  private readonly options: GateOptions
  private readonly host: HostSide
  private readonly printer: PrinterSide
  private readonly owner: LineOwner
  private readonly planner = new LinePlanner()
  private readonly refusals: Refusals
  readonly arrivals: Arrivals
  readonly heaters: HeaterWatch
  /** Of the first line that waits, once it was read: its code, and what its number says. */
  private code: ParseCode = PARSED
  private fate: LineFate = LINE_TAKEN
  private isRead = false
  private isAfterRenumbering_ = false
  private lines_ = 0
  private waitsFor_ = -1
  private hasToldMiss = false
  /** Lines that had come when the latch was lifted and still wait: they belong to what it ended. */
  private overdue = 0
  /** The armed job's first command waits for its record, and behind that for the declared start. */
  private isOpening = false
  private nowMs = 0

  constructor({ options, host, printer, jobs, owner }: LineParts) {
    this.options = options
    this.host = host
    this.link = host.link
    this.printer = printer
    this.jobs = jobs
    this.owner = owner
    this.path = new LinePath(options.table, options.judge)
    this.refusals = new Refusals((record) => owner.append(record))
    this.arrivals = new Arrivals((record) => owner.append(record))
    this.heaters = new HeaterWatch(printer, options.effects)
    this.demandsArmed = options.jobs === 'armed'
    this.permitsInterlude = options.permitsInterlude
  }

  get isBlocked(): boolean {
    return this.owner.isBlocked
  }

  private get isLeaving(): boolean {
    return this.owner.isLeaving
  }

  get isPrinterReady(): boolean {
    return this.printer.state === 'ready'
  }

  get mustHome(): boolean {
    return this.mustHome_
  }

  /** A line of the printer that is no answer. What the job in lockstep knows of its place the survey has told. */
  heard(line: string): void {
    if (this.jobs.lockstep !== undefined) return
    this.homeReport.heard(line, this.printer.hostInFlight === 1, this.path.state)
  }

  get isAfterRenumbering(): boolean {
    return this.isAfterRenumbering_
  }

  /** Lines that this host has sent so far. */
  get lines(): number {
    return this.lines_
  }

  /** A host has come. That is put on record with its first line: one that says nothing is nobody. */
  hostCame(): void {
    this.isRead = false
    this.arrivals.renew()
    // Its numbers start where every host's do.
    this.isAfterRenumbering_ = true
    this.isOpening = false
    this.overdue = 0
    this.lines_ = 0
    this.waitsFor_ = -1
  }

  hostLeft(): void {
    this.finishRefusal()
    this.isRead = false
    this.arrivals.renew()
    this.waitsFor_ = -1
  }

  /** The record is durable, or will never be. */
  settled(id: number): void {
    if (id === this.waitsFor_) {
      this.waitsFor_ = -1
      if (this.isOpening) this.prepareJob()
    }
    if (this.refusals.waitsFor(id)) this.finishRefusal()
  }

  /** The printer stands at the declared start. */
  printerReady(): void {
    this.path.state.reset()
    this.interlude.reset()
    this.jobs.printerGreeted()
  }

  /** The latch was lifted: nobody knows where the toolhead is until it is homed. */
  released(): void {
    this.path.state.known = 0
    this.path.state.homed = 0
    this.mustHome_ = true
    this.isAfterRenumbering_ = false
    this.overdue = this.host.queue.length
    this.refusals.forget()
    this.dabs.forget()
  }

  tick(nowMs: number): void {
    this.nowMs = nowMs
    if (this.refusals.isDue(nowMs)) this.finishRefusal()
  }

  /** Handles the host's lines, in their order, as far as they can be handled now. */
  pump(nowMs: number): void {
    this.nowMs = nowMs
    while (this.next()) {}
    this.complete()
    // As soon as there is room, or a host that sends ahead would go no faster than the ticks.
    this.host.checkFlow()
  }

  private next(): boolean {
    const { queue } = this.host
    if (queue.length === 0 || this.waitsFor_ >= 0 || this.refusals.isPending) return false
    if (!this.arrivals.isOnRecord) {
      this.waitsFor_ = this.arrivals.record(this.nowMs)
      return false
    }
    if (!this.isRead) this.read()
    if (this.fate !== LINE_TAKEN) return this.answerFate()
    if (queue.isActed) return this.answer()
    // Nothing begins before it is known how the stream of the last host ended.
    if (this.isLeaving) return false
    if (this.code === PARSED && isRenumbering(this.path.command)) return this.renumber()
    if (this.overdue > 0) return this.answer()
    // A printer on its way to be ready will be: the line waits for it.
    if (this.isPrinterComing) return false
    // What comes behind the last command of the job in lockstep is no part of it.
    if (this.isJobOver) return this.complete()
    return this.execute(this.planner.plan(this.code, queue.buffer, queue.start, queue.end, this))
  }

  private get isPrinterComing(): boolean {
    const { state } = this.printer
    return state === 'greeting' || state === 'preparing' || state === 'stopping'
  }

  private read(): void {
    const { queue, link } = this.host
    this.isRead = true
    this.lines_++
    this.code = this.path.read(queue.buffer, queue.start, queue.end)
    const isRenewed = this.code === PARSED && isRenumbering(this.path.command)
    this.fate = link.take(this.code, this.path.lineNumber, isRenewed, this.path.isIntact)
    const asks = this.code === PARSED && (isObserving(this.path.command) || isHeaterOff(this.path.command))
    if (this.fate === LINE_TAKEN && this.code !== EMPTY) link.note(this.path.lineNumber, !asks)
  }

  private answerFate(): boolean {
    if (this.fate === LINE_REPEATED) return this.drop()
    if (this.printer.hostInFlight > 0) return false
    const { host } = this
    if (this.fate === LINE_HOPELESS && !this.isBlocked)
      this.owner.stop('host-link-failed', 'the host sends the same line damaged again and again')
    else host.sayAll(host.link.request(host.queue.length - 1), this.nowMs)
    return this.answer()
  }

  private renumber(): boolean {
    if (this.printer.hostInFlight > 0) return false
    const { host, owner } = this
    host.link.renumber(renumbered(this.path.command, this.path.lineNumber))
    this.isAfterRenumbering_ = true
    if (this.jobs.stream !== undefined) owner.close('ended')
    // A host that begins anew while nothing passes is told so at once, or it would wait and wonder.
    if (owner.latchSentence !== null) host.sayAll(host.idiom.refuseJob(owner.latchSentence), this.nowMs)
    return this.answer()
  }

  private execute(plan: Plan): boolean {
    switch (plan) {
      case PLAN_FORWARD:
      case PLAN_INTERLUDE:
      case PLAN_JOB:
        return this.forward(plan)
      case PLAN_SWALLOW:
        return this.answer()
      case PLAN_SILENT:
        return this.drop()
      case PLAN_CARD:
        return this.answer(cardAnswer(this.path.command))
      case PLAN_MISS:
        return this.miss()
      case PLAN_REFUSE:
      case PLAN_REFUSE_JOB:
        return this.refuse(plan === PLAN_REFUSE_JOB)
      case PLAN_OPEN_ARMED:
      case PLAN_OPEN_STREAM:
        return this.open(plan === PLAN_OPEN_ARMED)
      default:
        return false
    }
  }

  private forward(plan: Plan): boolean {
    const { path, printer, interlude, jobs } = this
    if (plan === PLAN_JOB && interlude.isOpen) return this.endInterlude()
    if (!printer.isOpenFor(path.canonical[0])) return false
    if (!this.heaters.note(path.command)) return false
    if (plan === PLAN_INTERLUDE) this.inInterlude()
    printer.sendHost(path.canonical, 0, path.canonicalEnd, this.nowMs)
    path.take()
    interlude.sent(path.command)
    this.homeReport.sent(path.command)
    if (path.state.homed === AXES_XYZ) this.mustHome_ = false
    jobs.sent(path, plan === PLAN_JOB, this.nowMs)
    if (plan !== PLAN_JOB) this.dabs.sent(path.command, path.move, this.nowMs)
    if (isQuickStop(path.command)) this.owner.quickStopped()
    return this.drop()
  }

  private inInterlude(): void {
    if (!this.interlude.isOpen) this.interlude.begin(this.path.state)
    this.interlude.count()
  }

  /** The job goes on: everything is put back first, and the line is planned for anew against the state put back. */
  private endInterlude(): boolean {
    const job = this.jobs.lockstep?.job.id
    if (job !== undefined) this.owner.append({ kind: 'interlude', job, commands: this.interlude.commands })
    this.printer.sendOwn(this.interlude.end(this.path.state), this.nowMs)
    return true
  }

  /** Whether every command of the job in lockstep went out. */
  private get isJobOver(): boolean {
    const { lockstep } = this.jobs
    return lockstep !== undefined && !this.isOpening && lockstep.isReady && lockstep.isComplete
  }

  /**
   * Closes the job in lockstep where the printer has answered its last command, and says whether it did. What was sent
   * must be what was surveyed.
   */
  private complete(): boolean {
    if (!this.isJobOver || !this.printer.isIdle) return false
    if (this.jobs.lockstep?.isWhole === true) this.owner.close('printed')
    else this.owner.stop('job-changed', 'what was sent is not what was surveyed')
    return true
  }

  private miss(): boolean {
    if (this.printer.hostInFlight > 0) return false
    const { host, jobs } = this
    const isEnough = jobs.lockstep?.miss() === false
    if (isEnough) this.owner.stop('not-the-job', 'the host sends another job than the one that was armed')
    else if (!this.hasToldMiss)
      host.sayAll(host.idiom.tell('not the next line of the armed job, so it was not sent'), this.nowMs)
    this.hasToldMiss = true
    return this.answer()
  }

  private open(isArmed: boolean): boolean {
    const { jobs, host, printer } = this
    // The declared start must not come between lines of the host that are still to run.
    if (!printer.isIdle) return false
    this.isAfterRenumbering_ = false
    this.hasToldMiss = false
    if (isArmed) {
      this.isOpening = true
      this.waitsFor_ = jobs.openArmed(this.nowMs)
    } else if (jobs.isStreamTooMany(this.nowMs))
      this.owner.stop('many-refusals', 'the host begins one job after the other in a short time')
    else this.waitsFor_ = jobs.openStream(host.profile, this.nowMs)
    return false
  }

  /** The job is on record: the printer is brought to the start that the survey reckoned from. */
  private prepareJob(): void {
    const { jobs, printer } = this
    this.isOpening = false
    const job = jobs.lockstep?.job
    if (job === undefined) return
    this.heaters.expect(job.tools)
    printer.prepareAgain(this.nowMs)
    this.path.state.reset()
    this.interlude.forget()
  }

  private refuse(endsJob: boolean): boolean {
    if (this.printer.hostInFlight > 0) return false
    const objection = this.jobs.toldOf(this.planner.objections[0])
    if (objection === undefined) return this.answer()
    const job = this.jobs.openId
    const line = Math.max(0, this.link.isNumbered ? this.link.lastNumber : this.lines_)
    const { isStop } = this.planner
    if (this.refusals.begin({ objection, line, endsJob, isStop }, job, this.nowMs))
      this.owner.stop('many-refusals', 'many lines were refused in a short time')
    // From this moment on nothing of the job passes, whatever the disk and the host do.
    if (endsJob) this.endJob(`line ${line} was refused: ${objection.message}`, isStop)
    return false
  }

  private endJob(message: string, isStop: boolean): void {
    const reason: StopReason = { code: 'line-refused', message }
    if (isStop) this.owner.stop(reason.code, reason.message)
    else this.owner.end(reason)
  }

  /** The refused line gets its answer. */
  private finishRefusal(): void {
    const { host, options } = this
    if (!this.refusals.tell(host, options.appeal, this.nowMs)) return
    if (host.isHere && host.queue.length > 0) this.answer()
  }

  /** The gate's own answer to the first line. Waits for its turn. */
  private answer(lines: readonly string[] = NO_LINES): boolean {
    if (this.printer.hostInFlight > 0) return false
    this.host.sayAll(lines, this.nowMs)
    this.host.ok(this.nowMs)
    return this.drop()
  }

  private drop(): boolean {
    this.host.queue.shift()
    this.isRead = false
    if (this.overdue > 0) this.overdue--
    return true
  }
}

const NO_LINES: readonly string[] = []
