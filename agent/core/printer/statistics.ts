/**
 * The answer to M78, as Marlin gives it where it was built to count its prints (PRINTCOUNTER; printcounter.cpp
 * `showStats`, duration_t.h):
 *
 *     Stats: Prints: 28, Finished: 26, Failed: 2
 *     Stats: Total time: 11d 21h 42m 59s, Longest job: 5d 12h 41m 17s
 *     Stats: Filament used: 628.09m
 *
 * Its filament is the travel of the extruder's coordinate, forward and back, whatever flow and diameter make of it.
 */

/** What the printer counted since its counters were last set back. */
export interface OdometerReading {
  readonly prints: number
  readonly finished: number
  readonly printSeconds: number
  /** To the 10 mm that the printer says. */
  readonly filamentMm: number
}

/** Longest line of an answer: four times the longest that any printer gives. */
const LINE_CHARS_MAX = 256
/** A line of an answer in any firmware's form: Prusa's own is `STATS 7 min 8 cm.`, without a count of prints. */
const ANSWER = /^(?:echo: ?)?stats\b/i
const UNKNOWN = /unknown command: ?"?M78\b/i
const PRINTS = /^(?:echo: ?)?Stats: Prints: (\d{1,9}), Finished: (\d{1,9}), Failed: -?\d{1,10}\s*$/
const TIME = /^(?:echo: ?)?Stats: Total time: ((?:\d{1,6}[ydhms] ?){1,5})(?: ?\(\d{1,10}\))?, Longest job: /
const FILAMENT = /^(?:echo: ?)?Stats: Filament used: (-?\d{1,10}(?:\.\d{1,6})?)m\s*$/

const DAY_S = 86_400
const SECONDS: Readonly<Record<string, number>> = { y: 365 * DAY_S, d: DAY_S, h: 3_600, m: 60, s: 1 }
const MM_PER_M = 1000

/** Reads one answer, line by line. */
export class StatisticsReader {
  private isUnknown_ = false
  private prints: readonly [all: number, finished: number] | null = null
  private printSeconds: number | null = null
  private filamentMm: number | null = null

  restart(): void {
    this.isUnknown_ = false
    this.prints = null
    this.printSeconds = null
    this.filamentMm = null
  }

  /** A line of the printer. Answers whether it belongs to the answer, readable or not. */
  take(line: string): boolean {
    if (line.length > LINE_CHARS_MAX) return false
    if (UNKNOWN.test(line)) {
      this.isUnknown_ = true
      return true
    }
    if (!ANSWER.test(line)) return false
    const prints = PRINTS.exec(line)
    if (prints !== null) this.prints = [Number(prints[1]), Number(prints[2])]
    const time = TIME.exec(line)
    if (time !== null) this.printSeconds = seconds(time[1] ?? '')
    const filament = FILAMENT.exec(line)
    // More may have been pulled back than ever was pushed.
    if (filament !== null) this.filamentMm = Math.max(0, Math.round(Number(filament[1]) * MM_PER_M))
    return true
  }

  /** The printer does not know the question. */
  get isUnknown(): boolean {
    return this.isUnknown_
  }

  /** What the answer says, or null where not all of it could be read. */
  get reading(): OdometerReading | null {
    const { prints, printSeconds, filamentMm } = this
    if (prints === null || printSeconds === null || filamentMm === null) return null
    return { prints: prints[0], finished: prints[1], printSeconds, filamentMm }
  }
}

/** `11d 21h 42m 59s` in seconds. */
function seconds(duration: string): number {
  let sum = 0
  for (const [, count, unit] of duration.matchAll(/(\d+)([ydhms])/g)) {
    sum += Number(count) * (SECONDS[unit ?? ''] ?? 0)
  }
  return sum
}
