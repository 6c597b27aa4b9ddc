import { type MachineState, type Move, NO_MOVE } from '../../gcode/index.ts'
import type { OdometerReading } from './printer/statistics.ts'

/**
 * What the printer counted beside what it was sent. Where its counters grow by more than that, something was printed
 * around the gate: from a card, over a second cable. Where they grow by less, it was reset before it had kept them.
 */

/** Where the extruder's coordinate is cut off: at a kilometre, so that the way from end to end fits 32 bits. */
const MICRONS_MAX = 1e9

/** What was sent since the record before. The `sent` of all records since a reading, and of its own, belong to it. */
export interface SentSince {
  /** Net forward travel of the extruder, in mm, as `pushedMicrons` counts it. Pulling back beyond 0 is left to the next. */
  readonly filamentMm: number
  /** Commands that do something: questions are left out. */
  readonly commands: number
}

export interface OdometerEntry {
  /** Null where the printer does not count, or what it says cannot be read. */
  readonly printer: OdometerReading | null
  readonly sent: SentSince
}

/** The extruder's coordinate in thousandths of a millimetre. */
function microns(millimetres: number): number {
  return Math.round(Math.max(-MICRONS_MAX, Math.min(MICRONS_MAX, millimetres * 1000)))
}

/**
 * How far the move pushes the extruder's coordinate, in thousandths of a millimetre, as firmware counts it: whatever flow
 * and diameter make of it. From place to place, so that what is rounded off one move comes with the next. A whole number:
 * V8 would make an object of a fraction that goes from call to call.
 */
export function pushedMicrons(state: MachineState, move: Move): number {
  return move.kind === NO_MOVE ? 0 : microns(move.e) - microns(state.e)
}

/** Counts what goes out, command by command, without garbage. */
export class SentTally {
  private pushedMicrons = 0
  private commands = 0

  /** A command goes out that pushes so far. `isCounted` where it does something. */
  add(pushed: number, isCounted: boolean): void {
    this.pushedMicrons += pushed
    if (isCounted) this.commands++
  }

  get isEmpty(): boolean {
    return this.commands === 0
  }

  /** What has gone out since this was last asked, to the thousandth of a millimetre. */
  take(): SentSince {
    const { commands } = this
    const microns = Math.max(0, this.pushedMicrons)
    this.pushedMicrons -= microns
    this.commands = 0
    return { filamentMm: microns / 1000, commands }
  }
}

/** Puts readings on record, each with what was sent since the one before, and the job that was closed since. */
export class Odometer {
  private readonly append: (entry: OdometerEntry, job: string | null) => void
  private job: string | null = null
  private last: OdometerReading | null = null

  constructor(append: (entry: OdometerEntry, job: string | null) => void) {
    this.append = append
  }

  /** Whether the printer has told its counters before. */
  get isKnown(): boolean {
    return this.last !== null
  }

  /** A job is closed: the next reading is the one after it. */
  closed(job: string): void {
    this.job = job
  }

  /** The printer was asked. One that is greeted again and again has nothing to add to what it said before. */
  read(reading: OdometerReading | null, sent: SentTally): void {
    const { job, last } = this
    if (reading !== null) {
      this.last = reading
      if (job === null && sent.isEmpty && isSame(reading, last)) return
    }
    this.job = null
    this.append({ printer: reading, sent: sent.take() }, job)
  }
}

function isSame(one: OdometerReading, other: OdometerReading | null): boolean {
  return (
    other !== null &&
    one.prints === other.prints &&
    one.finished === other.finished &&
    one.printSeconds === other.printSeconds &&
    one.filamentMm === other.filamentMm
  )
}
