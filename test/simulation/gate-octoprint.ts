/**
 * OctoPrint 1.9 (comm.py) as it matters at the wire: one line in flight, a window that opens with `ok`, a history for
 * requests, a watchdog that gives up after five silences, polls, and what it does when it is told to cancel or pause.
 */

import { actionOf, type HostPort, isOk, numbered, resendOf, SimulatedHost } from './gate-host.ts'

const SILENCE_MS = 30_000
/** Once the firmware has shown that it says when it is busy. */
const SILENCE_BUSY_MS = 3_000
const SILENCES_MAX = 5
const POLL_MS = 5_000
/** `supportResendsWithoutOk`: so long after a request an `ok` that did not come is taken to have come. */
const RESEND_OK_MS = 500
const HISTORY_LINES = 50
const REQUESTS_MAX = 10
/** Sent when a job was cancelled: `afterPrintCancelled`. */
const AFTER_CANCEL = ['M84', 'M104 T0 S0', 'M140 S0', 'M106 S0']
const HARMLESS_ERRORS = /line number|linenumber|checksum|format error|expected line|unknown command/i

export class OctoPrintHost extends SimulatedHost {
  /** Whether it stopped the printer itself, as it does at an error that it does not know. */
  hasKilled = false
  private number = 0
  private isClear = false
  private readonly sent = new Map<number, string>()
  private readonly waiting: string[] = []
  private resendFrom = -1
  private lastRequested = -1
  private requests = 0
  private swallows = 0
  private isResendOkDueAt = Number.POSITIVE_INFINITY
  private heardAtMs = 0
  private polledAtMs = 0
  private polledAtLine = -1
  private silenceMs = SILENCE_MS
  private silences = 0
  private isHello = false

  connected(nowMs: number): void {
    this.nowMs = nowMs
    this.heardAtMs = nowMs
    this.moved()
    this.isHello = true
    this.renumber()
  }

  type(command: string): void {
    this.waiting.push(command)
    this.pump()
  }

  override resume(nowMs: number): void {
    super.resume(nowMs)
    this.pump()
  }

  protected begin(): void {
    this.waiting.length = 0
    this.waiting.push('M110 N0')
    this.pump()
  }

  /** `N0 M110 N0*125`. */
  private renumber(): void {
    this.number = 0
    this.sent.clear()
    this.lastRequested = -1
    this.isClear = false
    this.port.send(`${numbered(0, 'M110 N0')}\n`)
    this.number = 1
  }

  protected heard(text: string): void {
    this.heardAtMs = this.nowMs
    if (this.isFatal(text)) return
    const action = actionOf(text)
    if (action !== undefined) this.act(action)
    else if (text.startsWith('echo:busy:')) this.silenceMs = SILENCE_BUSY_MS
    else if (isOk(text)) this.freed()
    else this.request(resendOf(text))
  }

  private isFatal(text: string): boolean {
    if (!/^(error:|!!|fatal:)/i.test(text) || HARMLESS_ERRORS.test(text)) return false
    this.hasKilled = true
    this.port.send(`M112\n${numbered(this.number, 'M112')}\nM104 T0 S0\nM140 S0\n`)
    this.die()
    return true
  }

  private act(action: string): void {
    if (action === 'cancel' && (this.phase === 'printing' || this.phase === 'paused')) {
      this.phase = 'given-up'
      this.waiting.push(...AFTER_CANCEL)
      this.pump()
    } else if (action === 'pause' && this.phase === 'printing') this.phase = 'paused'
  }

  private freed(): void {
    this.moved()
    this.silences = 0
    this.isResendOkDueAt = Number.POSITIVE_INFINITY
    this.isClear = true
    if (this.isHello) {
      this.isHello = false
      this.phase = 'idle'
      this.waiting.push('M115', 'M21', 'M105')
    } else if (this.phase === 'printing' && this.isThrough) this.phase = 'done'
    this.pump()
  }

  private get isThrough(): boolean {
    return this.next >= this.job.length && this.resendFrom < 0 && this.waiting.length === 0
  }

  private request(number: number | undefined): void {
    if (number === undefined) return
    this.isResendOkDueAt = this.nowMs + RESEND_OK_MS
    // Lines that were on their way when the first request came bring it again.
    if (number === this.lastRequested && this.swallows > 0) {
      this.swallows--
      return
    }
    if (number === this.number) return
    this.requests = number === this.lastRequested ? this.requests + 1 : 1
    this.lastRequested = number
    if (this.requests > REQUESTS_MAX || (!this.sent.has(number) && number !== 0)) {
      this.die()
      return
    }
    this.swallows = this.number - number - 1
    this.resendFrom = number
  }

  private pump(): void {
    if (!this.isClear || this.phase === 'dead') return
    if (this.resendFrom >= 0) {
      this.isClear = false
      const line = this.sent.get(this.resendFrom)
      if (line !== undefined) this.port.send(line)
      this.resendFrom = this.resendFrom + 1 < this.number ? this.resendFrom + 1 : -1
      return
    }
    const typed = this.waiting.shift()
    if (typed === 'M110 N0') this.renumber()
    else if (typed !== undefined) this.send(typed)
    else if (this.phase === 'printing' && this.next < this.job.length) this.send(this.job[this.next++]!)
  }

  /** `sendChecksum=print`: numbers only in a print. */
  private send(command: string): void {
    this.isClear = false
    if (this.phase !== 'printing') {
      this.port.send(`${command}\n`)
      return
    }
    const line = `${numbered(this.number, command)}\n`
    this.sent.set(this.number, line)
    this.sent.delete(this.number - HISTORY_LINES)
    this.number++
    this.port.send(line)
  }

  protected passed(): void {
    if (this.nowMs >= this.isResendOkDueAt) this.freed()
    // A question never holds up the job: it comes behind a line of it.
    const isHeldUp = this.phase === 'printing' && this.next === this.polledAtLine
    if (this.nowMs - this.polledAtMs >= POLL_MS && !this.isHello && !isHeldUp) {
      this.polledAtMs = this.nowMs
      this.polledAtLine = this.next
      if (this.waiting.length === 0) this.waiting.push('M105')
      this.pump()
    }
    if (this.isClear || this.nowMs - this.heardAtMs < this.silenceMs) return
    this.heardAtMs = this.nowMs
    this.silences++
    if (this.silences > SILENCES_MAX) this.die()
    else this.afterSilence()
  }

  private afterSilence(): void {
    if (this.isHello) {
      this.renumber()
      return
    }
    // Asks for a sign of life, which reveals by its number what was lost.
    if (this.waiting[0] !== 'M105') this.waiting.unshift('M105')
    this.isClear = true
    this.pump()
  }

  constructor(port: HostPort, startsAtMs: number) {
    super(port)
    this.polledAtMs = startsAtMs
  }
}
