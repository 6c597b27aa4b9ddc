import { type OdometerReading, StatisticsReader } from './statistics.ts'

/**
 * Our own question for the printer's counters: asked once where it is wanted, and never again of a printer that does not
 * know it. Whoever owns it sends the line; the answer ends here, and no host sees it.
 */

/** Until a printer counts as one that does not answer. Longer than a probe takes to find out that an `ok` was lost. */
export const ODOMETER_LIMIT_MS = 8_000

export class OdometerQuery {
  private readonly read: (reading: OdometerReading | null) => void
  private readonly statistics = new StatisticsReader()
  private isWanted_ = false
  private isSupported = true
  private hasToldNull = false
  /** Number of the question on the wire, until the printer has settled it; -1 where there is none. */
  private number = -1
  /** It was asked, and what comes of it is not told yet. */
  private isAwaited = false
  /** It was asked of a printer that was stopped since: an answer may come yet, and is nobody's. */
  private isStray = false
  private sentAtMs = 0

  /** `read` gets what the printer says, or null, once a connection, where that cannot be had. */
  constructor(read: (reading: OdometerReading | null) => void) {
    this.read = read
  }

  /** The question is to go out as soon as nothing else is on its way. */
  get isWanted(): boolean {
    return this.isWanted_
  }

  /** The question is on its way, and no other line. */
  get isOut(): boolean {
    return this.number >= 0
  }

  /** The question is wanted, or its answer. */
  get isOpen(): boolean {
    return this.isWanted_ || this.isAwaited
  }

  /** Another connection: there may be another printer behind it. */
  opened(): void {
    this.drop()
    this.isSupported = true
    this.hasToldNull = false
  }

  want(): void {
    this.isStray = false
    this.isWanted_ = this.isSupported
  }

  /** It went out as line `number`. */
  sent(number: number, nowMs: number): void {
    this.isWanted_ = false
    this.isAwaited = true
    this.number = number
    this.sentAtMs = nowMs
    this.statistics.restart()
  }

  /** A line of the printer that settles nothing. Answers true where it belongs to the answer. */
  heard(line: string): boolean {
    return (this.number >= 0 || this.isStray) && this.statistics.take(line)
  }

  /** All lines before `oldest` are settled. */
  settled(oldest: number): void {
    if (this.number < 0 || oldest <= this.number) return
    this.number = -1
    if (this.statistics.isUnknown) this.isSupported = false
    this.tell(this.statistics.reading)
  }

  tick(nowMs: number): void {
    if (!this.isAwaited || nowMs - this.sentAtMs < ODOMETER_LIMIT_MS) return
    this.isSupported = false
    this.tell(null)
  }

  /** Whatever was wanted or asked: nothing is told of it any more. */
  drop(): void {
    this.isStray ||= this.number >= 0
    this.isWanted_ = false
    this.isAwaited = false
    this.number = -1
  }

  private tell(reading: OdometerReading | null): void {
    if (!this.isAwaited) return
    this.isAwaited = false
    if (reading === null && this.hasToldNull) return
    this.hasToldNull ||= reading === null
    this.read(reading)
  }
}
