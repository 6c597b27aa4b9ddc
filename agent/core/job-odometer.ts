import type { CommandQueue } from './command-queue.ts'
import type { SessionRecord } from './effects.ts'
import { Odometer, SentTally } from './odometer.ts'
import { preambleLines } from './printer/marlin-lines.ts'
import { OwnLines } from './printer/own-lines.ts'
import type { PrinterLink } from './printer/printer-link.ts'

/** A session knows of one job. */
const OWN_JOB = 'job'

/** The printer's counters around the one job of a session, and the lines of our own that go before it. */
export class JobOdometer {
  private readonly own: OwnLines
  private readonly odometer: Odometer
  private readonly tally = new SentTally()

  constructor(link: PrinterLink, append: (record: SessionRecord) => void) {
    this.odometer = new Odometer((entry, job) =>
      append({ kind: 'odometer', isAfterJob: job !== null, ...entry }),
    )
    this.own = new OwnLines(link, (reading) => this.odometer.read(reading, this.tally))
  }

  /** The job may begin: the declared start goes out, and the counters are read. */
  begin(tools: readonly number[]): void {
    this.own.push(preambleLines(tools))
    this.own.odometer.want()
  }

  /** The line of our own that may go out now, if there is one. It must be sent next. */
  next(nowMs: number): Uint8Array | undefined {
    return this.own.next(nowMs)
  }

  /** All lines before `oldest` are settled. */
  settled(oldest: number): void {
    this.own.odometer.settled(oldest)
  }

  /** A line of the printer that settles nothing. */
  heard(line: string): void {
    this.own.odometer.heard(line)
  }

  tick(nowMs: number): void {
    this.own.odometer.tick(nowMs)
  }

  /** Everything that goes before the job has gone out. */
  get hasBegun(): boolean {
    return this.own.areOver
  }

  /** The counters were read, or cannot be. */
  get hasEnded(): boolean {
    return !this.own.odometer.isOpen
  }

  /** The first command of the queue goes out. */
  sent(queue: CommandQueue): void {
    this.tally.add(queue.pushed, queue.isCounted)
  }

  /** The job has run. Its counters are to be read once more. */
  end(): void {
    this.odometer.closed(OWN_JOB)
    this.own.odometer.want()
  }

  /** The job closes. What went out since the printer told its counters is on record even where it is not asked again. */
  close(): void {
    this.own.clear()
    this.odometer.closed(OWN_JOB)
    if (this.odometer.isKnown && !this.tally.isEmpty) this.odometer.read(null, this.tally)
  }
}
