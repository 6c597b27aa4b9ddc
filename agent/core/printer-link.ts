import { writeNumbered } from '../../gcode/index.ts'
import type { PrinterSink } from './effects.ts'
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
/** Probes without an answer. More would fill the buffer of a printer that is only busy. */
const PROBES_MAX = 2
/** Times the printer may want the same line in a row. A wire that needs more cannot be printed over. */
export const RESENDS_MAX = 10
/** Lines in flight at most, whatever the printer says it has room for. Marlin's own buffer is 4 (BUFSIZE). */
const WINDOW_MAX = 8
/** Longest command plus its wrapping. */
const LINE_BYTES = 256

const PROBE = Uint8Array.from([0x4d, 0x31, 0x30, 0x35])

export type LinkFault = 'none' | 'too-many-resends' | 'line-forgotten' | 'silent'

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
  private lastRequested = -1
  private requests = 0
  private heardAtMs = 0
  private probedAtMs = Number.NEGATIVE_INFINITY
  private probeNumber = -1
  private probes = 0
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
    this.heardAtMs = nowMs
  }

  get fault(): LinkFault {
    return this.fault_
  }

  /** Lines sent and not acknowledged. */
  get inFlight(): number {
    return this.nextNumber - this.oldestUnacknowledged
  }

  /** Whether another command may go out now. */
  get isOpen(): boolean {
    return this.fault_ === 'none' && this.resendFrom < 0 && !this.skipsOk && this.inFlight < this.window
  }

  /** Sends `command[start, end)`, one canonical command, as the next numbered line. */
  send(command: Uint8Array, start: number, end: number, nowMs: number): void {
    const length = writeNumbered(this.nextNumber, command, start, end, this.line, 0)
    this.history.keep(this.line, 0, length)
    if (this.inFlight === 0) this.heardAtMs = nowMs
    this.nextNumber++
    this.sink.write(this.line, 0, length)
  }

  /** Any line from the printer shows that it lives. */
  heard(nowMs: number): void {
    this.heardAtMs = nowMs
  }

  /** An `ok`. */
  acknowledge(reply: string): void {
    if (this.skipsOk) {
      this.skipsOk = false
      this.resend()
      return
    }
    this.requests = 0
    this.lastRequested = -1
    this.probes = 0
    if (this.inFlight === 0) return
    const number = advancedField(reply, 'N')
    if (number >= this.oldestUnacknowledged && number < this.nextNumber)
      this.oldestUnacknowledged = number + 1
    else if (this.probeNumber >= this.oldestUnacknowledged && reportsTemperatures(reply)) this.probeAnswered()
    else this.oldestUnacknowledged++
    const free = advancedField(reply, 'B')
    // One slot of the printer's buffer stays free, for the probe and for the safe stop.
    if (free >= 0) this.window = Math.max(1, Math.min(WINDOW_MAX, this.inFlight + free - 1))
  }

  /** The probe was answered with temperatures, so everything before it has run: an `ok` of theirs was lost. */
  private probeAnswered(): void {
    this.oldestUnacknowledged = this.probeNumber + 1
    this.probeNumber = -1
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
    if (number === this.nextNumber) {
      // It has everything and asks for what comes next.
      this.oldestUnacknowledged = number
      this.skipsOk = true
      this.resendFrom = -1
      return
    }
    if (!this.history.has(number)) {
      this.fault_ = 'line-forgotten'
      return
    }
    this.resendFrom = number
    this.skipsOk = true
  }

  private resend(): void {
    if (this.resendFrom < 0) return
    // What it asks for may have been acknowledged before; it asks, so it counts as not there.
    this.oldestUnacknowledged = this.resendFrom
    for (let n = this.resendFrom; n < this.nextNumber; n++)
      this.history.replay(n, (bytes, start, end) => this.sink.write(bytes, start, end))
    this.resendFrom = -1
  }

  /** Time has passed: probes after silence, and gives up after a long one. */
  tick(nowMs: number): void {
    if (this.fault_ !== 'none' || this.inFlight === 0) return
    const silentMs = nowMs - this.heardAtMs
    if (silentMs >= SILENT_AFTER_MS) {
      this.fault_ = 'silent'
      return
    }
    if (silentMs < PROBE_AFTER_MS || nowMs - this.probedAtMs < PROBE_AFTER_MS) return
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
    const heardAtMs = this.heardAtMs
    this.send(PROBE, 0, PROBE.length, nowMs)
    this.heardAtMs = heardAtMs
  }
}
