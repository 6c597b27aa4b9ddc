import { asciiBytes } from '../../../gcode/index.ts'
import { IdentityQuery } from './identity-query.ts'
import { IDENTITY_QUESTION, ODOMETER_QUESTION } from './marlin-lines.ts'
import { OdometerQuery } from './odometer-query.ts'
import type { PrinterLink } from './printer-link.ts'
import type { OdometerReading } from './statistics.ts'

const ODOMETER = asciiBytes(ODOMETER_QUESTION)
const IDENTITY = asciiBytes(IDENTITY_QUESTION)

/** Lines of the gate's own that wait for the link: they go before a host's, and behind them the questions. */
export class OwnLines {
  readonly odometer: OdometerQuery
  readonly identity = new IdentityQuery()
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
    return this.lines.length === 0 && !this.odometer.isWanted && !this.identity.isWanted
  }

  /** Neither on the wire nor here is anything but a question. */
  get isLinkIdle(): boolean {
    const isAsking = this.odometer.isOut || this.identity.isOut
    return this.lines.length === 0 && this.link.inFlight === (isAsking ? 1 : 0)
  }

  push(lines: readonly string[]): void {
    for (const line of lines) this.lines.push(asciiBytes(line))
  }

  clear(): void {
    this.lines = []
    this.odometer.drop()
    this.identity.drop()
  }

  /** A line of the printer that settles nothing. Answers true where it belongs to the answer to a question. */
  heard(line: string): boolean {
    return this.odometer.heard(line) || this.identity.heard(line)
  }

  /** All lines before `oldest` are settled, by this reply. */
  settled(oldest: number, reply: string): void {
    this.odometer.settled(oldest)
    this.identity.settled(oldest, reply)
  }

  tick(nowMs: number): void {
    this.odometer.tick(nowMs)
    this.identity.tick(nowMs)
  }

  /** Takes the line that may go out now, if there is one. It must be sent next. */
  next(nowMs: number): Uint8Array | undefined {
    const line = this.lines[0]
    if (line !== undefined) return this.link.isOpenFor(line[0]) ? this.lines.shift() : undefined
    const { odometer, identity, link } = this
    const query = odometer.isWanted ? odometer : identity
    if (!query.isWanted || link.inFlight > 0 || !link.isOpenFor(ODOMETER[0])) return undefined
    query.sent(link.next, nowMs)
    return query === odometer ? ODOMETER : IDENTITY
  }
}
