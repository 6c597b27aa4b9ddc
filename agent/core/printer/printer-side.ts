import { asciiBytes } from '../../../gcode/index.ts'
import type { PrinterSink } from '../effects.ts'
import { Greeting, HELLO_LIMIT_MS } from './greeting.ts'
import { HeatEvidence } from './heat-evidence.ts'
import { HostReports } from './host-reports.ts'
import { preambleLines, safeStopLines } from './marlin-lines.ts'
import { OwedAnswers } from './owed-answers.ts'
import { OwnLines } from './own-lines.ts'
import { LINK_FAULTS, PrinterLink } from './printer-link.ts'
import type { PrinterSideListener, PrinterState } from './printer-state.ts'
import {
  printable,
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
} from './reply.ts'
import { SafeStop } from './safe-stop.ts'
import { StrayAnswers } from './stray-answers.ts'
import { UsedTools } from './used-tools.ts'

/**
 * The gate's side towards the printer: brings it to the declared start, sends what it is given and says whose line an
 * `ok` is for, and brings it to rest. It outlives unplugs, resets and stops.
 */

/** A board that was found in an unknown state may be booting: twice the time of a safe stop in mid-job. */
export const FIRST_STOP_LIMIT_MS = 20_000

export class PrinterSide {
  readonly tools = new UsedTools()
  private readonly sink: PrinterSink
  private readonly listener: PrinterSideListener
  private readonly link: PrinterLink
  private greeting: Greeting
  private safeStop: SafeStop
  private readonly strays: StrayAnswers
  /** The greeting waits until no answer to a line of before is on its way. */
  private isSettling = false
  private state_: PrinterState = 'absent'
  private readonly owed: OwedAnswers
  readonly own: OwnLines
  private park: readonly string[] = []
  private readonly heat = new HeatEvidence()
  private readonly reports = new HostReports()
  private isKilled_ = false

  constructor(sink: PrinterSink, listener: PrinterSideListener) {
    this.sink = sink
    this.listener = listener
    this.link = new PrinterLink(sink)
    this.greeting = new Greeting(this.link)
    this.safeStop = new SafeStop(sink, safeStopLines([]))
    this.strays = new StrayAnswers(sink)
    this.owed = new OwedAnswers((reply) => listener.answered(reply))
    this.own = new OwnLines(this.link, (reading) => listener.odometer(reading))
  }

  get state(): PrinterState {
    return this.state_
  }

  /** Lines of the host that the printer has not answered. */
  get hostInFlight(): number {
    return this.owed.count
  }

  /** Whether nothing is on its way, neither the host's nor our own, that could do anything. */
  get isIdle(): boolean {
    return this.own.isLinkIdle
  }

  get mayBeHot(): boolean {
    return this.heat.mayBeHot
  }

  /** The emergency stop was sent while nobody knew whether there is a printer to get it. */
  get isKilled(): boolean {
    return this.isKilled_
  }

  /** A command that sets a heater's target is about to go out; `tool` is the one it names or that is active. */
  heats(): void {
    this.heat.heats()
  }

  /** The port is open. With `isUnknown` the printer may be in the middle of something: it is brought to rest first. */
  opened(isUnknown: boolean, nowMs: number): void {
    this.link.restart(0, nowMs)
    this.own.odometer.opened()
    const mustRest = isUnknown || this.isKilled_
    this.isKilled_ = false
    if (!mustRest) {
      this.greet(nowMs)
      return
    }
    // Nor is it known how many lines of others it has still to answer.
    this.strays.begin(Number.POSITIVE_INFINITY)
    this.beginStop(FIRST_STOP_LIMIT_MS, [], nowMs)
  }

  /** The port is gone. */
  lost(): void {
    this.state_ = 'absent'
    this.dropAll()
  }

  /** Nothing that is on its way will be answered any more: the host is told for each of its lines. */
  private dropAll(): void {
    this.own.clear()
    this.heat.forgetAnswers()
    this.owed.giveUp()
  }

  /** The host has left: the answers to its lines are nobody's, least of all the next host's. */
  disown(nowMs: number): void {
    this.owed.disown()
    this.reports.hostLeft()
    if (this.state_ === 'ready' || this.state_ === 'preparing') this.sendOwn(this.reports.takeBack(), nowMs)
  }

  /** Whether a host's command that begins with this byte may go out now. */
  isOpenFor(firstByte: number | undefined): boolean {
    return this.state_ === 'ready' && this.own.areOver && this.link.isOpenFor(firstByte)
  }

  /** Sends a host's canonical command. */
  sendHost(command: Uint8Array, start: number, end: number, nowMs: number): void {
    this.owed.sent(this.link.next)
    this.reports.sent(command, start, end)
    this.send(command, start, end, nowMs)
  }

  private send(command: Uint8Array, start: number, end: number, nowMs: number): void {
    const { link } = this
    this.heat.sent(command, start, end, link.next, link.inFlight === 0)
    link.send(command, start, end, nowMs)
  }

  /** Sends one of the lines that stop or break a wait, at once. */
  sendBare(command: Uint8Array, start: number, end: number): boolean {
    if (this.state_ !== 'ready' && this.state_ !== 'preparing') return false
    return this.link.sendBare(command, start, end)
  }

  /** Sends the declared start once more: a job begins, and whatever came before it must not scale it. */
  prepareAgain(nowMs: number): void {
    this.sendOwn(preambleLines(this.tools.numbers), nowMs)
  }

  /** Lines of our own, which go out before the host's next. */
  sendOwn(lines: readonly string[], nowMs: number): void {
    this.heat.ownLines(lines)
    this.own.push(lines)
    this.pump(nowMs)
  }

  /** A job is closed: its odometer is to be read, now or, where it may be stopped yet, with the next event. */
  readOdometer(isNow: boolean, nowMs: number): void {
    if (this.state_ !== 'ready') return
    this.own.odometer.want()
    if (isNow) this.pump(nowMs)
  }

  /** The job is over. Where lines that put back what a pause had changed are to go out yet, a stop takes their place. */
  abandon(park: readonly string[], nowMs: number): boolean {
    const isPuttingBack = this.own.areWaiting && this.state_ === 'ready'
    if (isPuttingBack) this.stop(park, nowMs)
    return isPuttingBack
  }

  /** The emergency stop, bare, past everything. The newline ends whatever half line is on the wire. */
  kill(): void {
    const bytes = asciiBytes('\nM112\n')
    this.sink.write(bytes, 0, bytes.length)
    // The port may be open already, with the guard still on its way.
    this.isKilled_ = this.state_ === 'absent'
    if (this.isKilled_) return
    this.strays.begin(this.link.inFlight)
    this.halt()
  }

  /** Brings the machine to rest; `park` is sent once it is cold. What was on its way is not answered any more. */
  stop(park: readonly string[], nowMs: number): void {
    if (this.state_ === 'absent' || this.state_ === 'stopping' || this.state_ === 'halted') return
    this.beginStop(undefined, park, nowMs)
  }

  private beginStop(limitMs: number | undefined, park: readonly string[], nowMs: number): void {
    const inFlight = this.link.inFlight
    this.state_ = 'stopping'
    this.park = park
    this.dropAll()
    this.strays.begin(inFlight)
    this.greeting = new Greeting(this.link)
    this.safeStop = new SafeStop(this.strays.sink, safeStopLines(this.tools.numbers))
    this.safeStop.start(nowMs, inFlight, limitMs)
  }

  /** A printer that was killed may have been reset since: it is greeted again, or brought to rest if it may run yet. */
  revive(nowMs: number): void {
    if (this.state_ === 'halted' && this.strays.mayStillRun) this.beginStop(FIRST_STOP_LIMIT_MS, [], nowMs)
    else if (this.state_ === 'halted' || this.state_ === 'silent') this.greet(nowMs)
  }

  /** Greets the printer as soon as what it says is said to us. */
  private settle(nowMs: number): void {
    this.state_ = 'greeting'
    this.isSettling = true
    if (this.strays.areOver(nowMs)) this.greet(nowMs)
  }

  private greet(nowMs: number): void {
    const isAgain = this.state_ === 'silent'
    this.state_ = 'greeting'
    this.isSettling = false
    this.strays.forget()
    this.dropAll()
    this.greeting = new Greeting(this.link)
    this.greeting.start(nowMs, isAgain)
  }

  private halt(): void {
    this.state_ = 'halted'
    this.dropAll()
    // Without power to anything there is nothing that could still heat.
    this.heat.isCold()
  }

  /** A line from the printer. */
  line(line: string, nowMs: number): void {
    const kind = replyKind(line)
    switch (this.state_) {
      case 'absent':
        return
      case 'stopping':
        this.strays.heard(kind, nowMs)
        this.safeStop.reply(line)
        this.said(line, kind)
        this.endStop(nowMs)
        return
      case 'halted':
      case 'silent':
        this.strays.heard(kind, nowMs)
        this.said(line, kind)
        if (kind === REPLY_START && !this.strays.areOwed) this.greet(nowMs)
        else if (kind === REPLY_START || this.state_ === 'silent') this.settle(nowMs)
        return
      case 'greeting':
        this.replyToHello(line, kind, nowMs)
        return
      default:
        this.reply(line, kind, nowMs)
    }
  }

  private replyToHello(line: string, kind: ReplyKind, nowMs: number): void {
    this.link.heard(kind !== REPLY_OTHER, nowMs)
    if (this.isSettling) this.strays.heard(kind, nowMs)
    if (this.isSettling && kind === REPLY_START) this.greet(nowMs)
    if (kind === REPLY_OK) this.greeting.ok(nowMs)
    else if (kind === REPLY_RESEND || kind === REPLY_LINK_ERROR) this.greeting.refused()
    else if (kind === REPLY_START) this.greeting.booted(nowMs)
    else {
      this.said(line, kind)
      if (kind === REPLY_HALTED) this.haltedByItself(line)
    }
    this.checkGreeting(nowMs)
  }

  private reply(line: string, kind: ReplyKind, nowMs: number): void {
    this.link.heard(kind !== REPLY_OTHER, nowMs)
    switch (kind) {
      case REPLY_OK:
        this.acknowledge(line)
        break
      case REPLY_RESEND:
        this.link.requestResend(line)
        break
      case REPLY_LINK_ERROR:
        this.link.refused()
        break
      case REPLY_START:
        this.heat.isCold()
        this.greet(nowMs)
        this.listener.trouble('printer-reset', 'the printer restarted')
        return
      case REPLY_HALTED:
        this.said(line, kind)
        this.haltedByItself(line)
        return
      case REPLY_ERROR:
        this.said(line, kind)
        this.listener.trouble('printer-error', `the printer reported \`${printable(line)}\``)
        return
      case REPLY_CANCEL:
        this.said(line, kind)
        this.listener.trouble('printer-cancelled', 'the job was cancelled at the printer')
        return
      default:
        this.said(line, kind)
        return
    }
    this.checkLink(nowMs)
    this.pump(nowMs)
  }

  private haltedByItself(line: string): void {
    this.halt()
    this.listener.trouble('printer-halted', `the printer halted: \`${printable(line)}\``)
  }

  private acknowledge(line: string): void {
    const link = this.link
    link.acknowledge(line)
    this.heat.answered(line, link.oldest)
    this.owed.settle(link.oldest, line)
    this.own.settled(link.oldest, line)
  }

  private said(line: string, kind: ReplyKind): void {
    if (!this.own.heard(line)) this.listener.said(line, kind)
  }

  private checkGreeting(nowMs: number): void {
    if (this.state_ !== 'greeting' || this.isSettling) return
    if (this.greeting.state === 'silent') {
      this.state_ = 'silent'
      const seconds = Math.round(HELLO_LIMIT_MS / 1000)
      this.listener.trouble('printer-silent', `the printer did not answer within ${seconds} s`)
    } else if (this.greeting.state === 'greeted') this.prepare(nowMs)
  }

  /** The declared start; `restart(0)` of the greeting has set the next number to 1. */
  private prepare(nowMs: number): void {
    this.state_ = 'preparing'
    this.owed.restart()
    this.heat.ownLines(this.park)
    this.own.push([...this.park, ...preambleLines(this.tools.numbers), ...this.reports.takeBack()])
    this.own.odometer.want()
    this.park = []
    this.pump(nowMs)
  }

  private pump(nowMs: number): void {
    for (let line = this.own.next(nowMs); line !== undefined; line = this.own.next(nowMs))
      this.send(line, 0, line.length, nowMs)
    if (!this.own.areOver) return
    if (this.state_ !== 'preparing' || this.link.inFlight > 0) return
    this.state_ = 'ready'
    this.listener.ready()
  }

  private endStop(nowMs: number): void {
    if (this.state_ !== 'stopping' || this.safeStop.isRunning) return
    const { isCold } = this.safeStop
    if (isCold) {
      this.heat.isCold()
      this.settle(nowMs)
    } else this.halt()
    this.listener.rested(isCold)
  }

  private checkLink(nowMs: number): void {
    const { fault } = this.link
    if (fault === 'none') return
    this.beginStop(undefined, [], nowMs)
    this.listener.trouble(...LINK_FAULTS[fault])
  }

  tick(nowMs: number): void {
    switch (this.state_) {
      case 'greeting':
        if (this.isSettling) this.settle(nowMs)
        else this.greeting.tick(nowMs)
        this.checkGreeting(nowMs)
        return
      case 'silent':
        if (this.greeting.isDueAgain(nowMs)) this.greet(nowMs)
        return
      case 'stopping':
        this.safeStop.tick(nowMs)
        this.endStop(nowMs)
        return
      case 'preparing':
      case 'ready':
        this.link.tick(nowMs)
        this.own.tick(nowMs)
        this.checkLink(nowMs)
        this.pump(nowMs)
    }
  }
}
