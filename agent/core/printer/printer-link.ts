import { writeNumbered } from '../../../gcode/index.ts'
import type { PrinterSink, StopCode } from '../effects.ts'
import { LineHistory } from './line-history.ts'
import { advancedField, firstNumber, reportsTemperatures } from './reply.ts'

/**
 * Our half of the line protocol to the printer: numbers, checksums, what is in flight, and what it wants again.
 * The printer sees no other numbers than these. Time comes in as an argument.
 */

/** Silence after which a numbered M105 asks what was lost: its `ok` or its `Resend` tells. Marlin reports busy every 2 s. */
export const PROBE_AFTER_MS = 6_000
/** Silence after which the printer counts as gone. Homing without a keepalive may take a minute. */
export const SILENT_AFTER_MS = 90_000
/** A printer that talks but answers nothing: longer than any bed takes to heat where no keepalive is built in. */
export const STALLED_AFTER_MS = 30 * 60_000
/** Probes without an answer. More would fill the buffer of a printer that is only busy. */
const PROBES_MAX = 2
/** Times the printer may want the same line in a row. A wire that needs more cannot be printed over. */
export const RESENDS_MAX = 10
/**
 * How far behind the oldest open line the printer may ask. An `ok` too many, from a noisy wire, makes us believe a
 * line or two too much; a printer that was reset asks for line 1 and would print the start of the job again.
 */
export const RESEND_BACK_MAX = 3
/** Requests in a row for a line that cannot be meant. The first may be a number damaged on its way. */
const STRANGE_REQUESTS_MAX = 1
/** Lines in flight at most, whatever the printer says it has room for. Marlin's own buffer is 4 (BUFSIZE). */
const WINDOW_MAX = 8
/** Longest command plus its wrapping. */
const LINE_BYTES = 256
/** Bare lines whose `ok` is still to come. More of them at once are a host gone wild, and would fill the printer's buffer. */
const BARE_MAX = 4
const NEWLINE = 0x0a

const PROBE = Uint8Array.from([0x4d, 0x31, 0x30, 0x35])
const LETTER_G = 0x47

export type LinkFault = 'none' | 'too-many-resends' | 'line-forgotten' | 'silent'

/** What each fault is to a person and to the log. */
export const LINK_FAULTS: Readonly<Record<Exclude<LinkFault, 'none'>, readonly [StopCode, string]>> = {
  silent: ['printer-silent', 'the printer stopped answering'],
  'too-many-resends': [
    'link-failed',
    'the printer asked for the same line again and again: the link is too noisy',
  ],
  'line-forgotten': ['link-failed', 'the printer asked for a line that was never sent, or long ago'],
}

export class PrinterLink {
  private readonly sink: PrinterSink
  private readonly history = new LineHistory()
  private readonly line = new Uint8Array(LINE_BYTES)
  /** Number of the next new line. */
  private nextNumber = 1
  /** Number of the oldest line that the printer has not acknowledged; equal to `nextNumber` where there is none. */
  private oldestUnacknowledged = 1
  /** Number of the next line to be sent again, or -1. */
  private resendFrom = -1
  /** The `ok` that ends a resend request acknowledges nothing. */
  private skipsOk = false
  private window = 1
  /** Most free slots that the printer ever reported: what it has beside the line that runs. */
  private freeMax = 0
  /** The line sent last lets none follow it while it is in flight. */
  private isAlone = false
  private lastRequested = -1
  private requests = 0
  private strangeRequests = 0
  private heardAtMs = 0
  private answeredAtMs = 0
  private probedAtMs = Number.NEGATIVE_INFINITY
  private probeNumber = -1
  private probes = 0
  /** Of each bare line whose `ok` is still to come, the number of the next numbered line when it went out. */
  private readonly bareAt: number[] = []
  private fault_: LinkFault = 'none'

  constructor(sink: PrinterSink) {
    this.sink = sink
  }

  /** Starts counting anew behind line `last`, as the printer does after `M110 N<last>`. */
  restart(last: number, nowMs: number): void {
    this.history.restart(last + 1)
    this.nextNumber = last + 1
    this.oldestUnacknowledged = last + 1
    this.resendFrom = -1
    this.skipsOk = false
    this.probeNumber = -1
    this.bareAt.length = 0
    this.fault_ = 'none'
    this.requests = 0
    this.strangeRequests = 0
    this.lastRequested = -1
    this.probes = 0
    this.heard(true, nowMs)
  }

  get fault(): LinkFault {
    return this.fault_
  }

  /** Number of the oldest line that is not acknowledged: all before it are. */
  get oldest(): number {
    return this.oldestUnacknowledged
  }

  /** Number that the next line gets. */
  get next(): number {
    return this.nextNumber
  }

  /** Lines sent and not acknowledged. */
  get inFlight(): number {
    return this.nextNumber - this.oldestUnacknowledged
  }

  /**
   * Whether a command that begins with this byte may go out now. Only `G` commands share the printer's buffer:
   * a second wait for heat, queued behind the first, would be out of reach of the `M108` of a safe stop.
   */
  isOpenFor(firstByte: number | undefined): boolean {
    if (this.fault_ !== 'none' || this.resendFrom >= 0 || this.skipsOk) return false
    if (this.inFlight === 0) return true
    return firstByte === LETTER_G && !this.isAlone && this.inFlight < this.window
  }

  /** Sends `command[start, end)`, one canonical command, as the next numbered line. */
  send(command: Uint8Array, start: number, end: number, nowMs: number): void {
    const length = writeNumbered(this.nextNumber, command, start, end, this.line, 0)
    this.history.keep(this.line, 0, length)
    if (this.inFlight === 0) this.heard(true, nowMs)
    this.isAlone = command[start] !== LETTER_G
    this.nextNumber++
    this.sink.write(this.line, 0, length)
  }

  /**
   * Sends `command[start, end)` at once, past the window and without number: with one, Marlin's emergency parser does
   * not see it. Its `ok` comes after those of the lines before it. Answers false where too many of them are on their way.
   */
  sendBare(command: Uint8Array, start: number, end: number): boolean {
    if (this.bareAt.length >= BARE_MAX) return false
    const length = end - start
    for (let i = 0; i < length; i++) this.line[i] = command[start + i] ?? 0
    this.line[length] = NEWLINE
    this.bareAt.push(this.nextNumber)
    this.sink.write(this.line, 0, length + 1)
    return true
  }

  /**
   * Any line from the printer shows that it lives. Only an answer (`ok`, `Resend`, busy) puts off the question what
   * was lost: a printer that reports its temperatures by itself is never quiet.
   */
  heard(isAnswer: boolean, nowMs: number): void {
    this.heardAtMs = nowMs
    if (isAnswer) this.answeredAtMs = nowMs
  }

  /** An `ok`. */
  acknowledge(reply: string): void {
    if (this.skipsOk) {
      this.skipsOk = false
      this.resend()
      return
    }
    this.requests = 0
    this.strangeRequests = 0
    this.lastRequested = -1
    this.probes = 0
    if (this.isForBare(reply)) {
      this.bareAt.shift()
      return
    }
    if (this.inFlight === 0) return
    this.settle(reply)
    const free = advancedField(reply, 'B')
    if (free >= 0) this.fitWindow(free)
  }

  /** Whether an `ok` is that of a bare line: all lines that went out before it are settled, and it says no more than ok. */
  private isForBare(reply: string): boolean {
    const at = this.bareAt[0]
    if (at === undefined || this.oldestUnacknowledged < at) return false
    return advancedField(reply, 'N') < 0 && !reportsTemperatures(reply)
  }

  /** Finds the lines that an `ok` is for. */
  private settle(reply: string): void {
    const number = advancedField(reply, 'N')
    if (number >= 0) {
      // An advanced ok for another line than one in flight came twice, or was damaged: it acknowledges none.
      if (number >= this.oldestUnacknowledged && number < this.nextNumber)
        this.oldestUnacknowledged = number + 1
      return
    }
    if (this.probeNumber >= this.oldestUnacknowledged && reportsTemperatures(reply)) {
      // The probe was answered with temperatures, so everything before it has run: an `ok` of theirs was lost.
      this.oldestUnacknowledged = this.probeNumber + 1
      this.probeNumber = -1
      return
    }
    this.oldestUnacknowledged++
  }

  /**
   * One slot of the printer's buffer stays free, for the probe and for the safe stop. Lines on the wire are not in
   * the number it reports, so the room that it ever had bounds them too.
   */
  private fitWindow(free: number): void {
    this.freeMax = Math.max(this.freeMax, free)
    this.window = Math.max(1, Math.min(WINDOW_MAX, this.freeMax - 1, this.inFlight + free - 1))
  }

  /** An error about numbers or checksums: a line was refused, and an `ok` follows even if its `Resend` gets lost. */
  refused(): void {
    this.skipsOk = true
  }

  /** `Resend: n`: everything from `n` on did not arrive. Marlin sends an `ok` behind it, which starts the sending. */
  requestResend(reply: string): void {
    const number = firstNumber(reply)
    this.requests = number === this.lastRequested ? this.requests + 1 : 1
    this.lastRequested = number
    if (this.requests > RESENDS_MAX) {
      this.fault_ = 'too-many-resends'
      return
    }
    this.skipsOk = true
    if (number === this.nextNumber) {
      // It has everything and asks for what comes next. Its ok for what it has is still to come, or to be asked for.
      this.resendFrom = -1
      return
    }
    if (this.history.has(number) && number >= this.oldestUnacknowledged - RESEND_BACK_MAX) {
      this.resendFrom = number
      return
    }
    if (++this.strangeRequests > STRANGE_REQUESTS_MAX) this.fault_ = 'line-forgotten'
  }

  private resend(): void {
    if (this.resendFrom < 0) return
    // What it asks for may have been acknowledged before; it asks, so it counts as not there. What lies before has
    // arrived but need not have run: that waits for its own ok.
    if (this.resendFrom < this.oldestUnacknowledged) this.oldestUnacknowledged = this.resendFrom
    for (let n = this.resendFrom; n < this.nextNumber; n++)
      this.history.replay(n, (bytes, start, end) => this.sink.write(bytes, start, end))
    this.resendFrom = -1
  }

  /** Time has passed: probes after silence, and gives up after a long one. */
  tick(nowMs: number): void {
    if (this.fault_ !== 'none' || (this.inFlight === 0 && !this.skipsOk)) return
    if (nowMs - this.heardAtMs >= SILENT_AFTER_MS || nowMs - this.answeredAtMs >= STALLED_AFTER_MS) {
      this.fault_ = 'silent'
      return
    }
    if (nowMs - Math.max(this.answeredAtMs, this.probedAtMs) < PROBE_AFTER_MS) return
    this.probedAtMs = nowMs
    this.probe(nowMs)
  }

  private probe(nowMs: number): void {
    if (this.skipsOk) {
      // The ok behind a resend request was lost: some firmware sends none.
      this.skipsOk = false
      this.resend()
      return
    }
    // A probe whose answer was lost cannot be sent again: the printer has its number and would stay silent.
    if (this.probes >= PROBES_MAX) return
    this.probes++
    this.probeNumber = this.nextNumber
    this.send(PROBE, 0, PROBE.length, nowMs)
  }
}
