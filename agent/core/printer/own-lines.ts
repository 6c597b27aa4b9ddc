import { asciiBytes } from '../../../gcode/index.ts'
import { ODOMETER_QUESTION } from './marlin-lines.ts'
import { OdometerQuery } from './odometer-query.ts'
import type { PrinterLink } from './printer-link.ts'
import type { OdometerReading } from './statistics.ts'

const QUESTION = asciiBytes(ODOMETER_QUESTION)

/** Lines of the gate's own that wait for the link: they go before a host's, and behind them the question for the odometer. */
export class OwnLines {
  readonly odometer: OdometerQuery
  private readonly link: PrinterLink
  private lines: Uint8Array[] = []

  constructor(link: PrinterLink, read: (reading: OdometerReading | null) => void) {
    this.link = link
    this.odometer = new OdometerQuery(read)
  }

  /** Lines wait that do something. */
  get areWaiting(): boolean {
    return this.lines.length > 0
  }

  /** Nothing waits, so that a host's line may go out. */
  get areOver(): boolean {
    return this.lines.length === 0 && !this.odometer.isWanted
  }

  /** Neither on the wire nor here is anything but a question for the odometer. */
  get isLinkIdle(): boolean {
    return this.lines.length === 0 && this.link.inFlight === (this.odometer.isOut ? 1 : 0)
  }

  push(lines: readonly string[]): void {
    for (const line of lines) this.lines.push(asciiBytes(line))
  }

  clear(): void {
    this.lines = []
    this.odometer.drop()
  }

  /** Takes the line that may go out now, if there is one. It must be sent next. */
  next(nowMs: number): Uint8Array | undefined {
    const line = this.lines[0]
    if (line !== undefined) return this.link.isOpenFor(line[0]) ? this.lines.shift() : undefined
    const { odometer, link } = this
    if (!odometer.isWanted || link.inFlight > 0 || !link.isOpenFor(QUESTION[0])) return undefined
    odometer.sent(link.next, nowMs)
    return QUESTION
  }
}
