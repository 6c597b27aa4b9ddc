/**
 * PRINTCOUNTER of Marlin: how many prints the board has made, how long they took and what filament went through, kept
 * over a reset (printcounter.cpp, stopwatch.cpp). It counts prints that come over the wire, from the card or from nowhere.
 */

/** saveInterval: while a print runs, the memory chip learns of it once an hour. */
const SAVE_EVERY_MS = 3_600_000
/** What a print takes that this program never saw: 3 mm of filament a second are an ordinary speed. */
const ELSEWHERE_MM_PER_S = 3

const MINUTE_S = 60
const HOUR_S = 60 * MINUTE_S
const DAY_S = 24 * HOUR_S
const YEAR_S = 365 * DAY_S

interface Statistics {
  readonly prints: number
  readonly finished: number
  readonly printSeconds: number
  readonly longestSeconds: number
  readonly filamentMm: number
}

const NOTHING: Statistics = { prints: 0, finished: 0, printSeconds: 0, longestSeconds: 0, filamentMm: 0 }

/** What the memory chip holds of it: it outlives a reset. */
export class StoredStatistics {
  values: Statistics = NOTHING
}

/** The counters of one boot, and the timer of the print that runs. */
export class PrintCounter {
  readonly #stored: StoredStatistics
  #values: Statistics
  #state: 'stopped' | 'running' | 'paused' = 'stopped'
  /** When the print went on the last time, and how long it had run before that. */
  #startedAtMs = 0
  #ranMs = 0
  /** Seconds of this print that are in the statistics. */
  #countedS = 0
  #savedAtMs = 0

  constructor(stored: StoredStatistics) {
    this.#stored = stored
    this.#values = stored.values
  }

  /** M75, M24, and M109 or M190 with a target (PRINTJOB_TIMER_AUTOSTART). */
  start(nowMs: number): void {
    if (this.#state === 'running') return
    if (this.#state === 'stopped') {
      this.#values = { ...this.#values, prints: this.#values.prints + 1 }
      this.#ranMs = 0
      this.#countedS = 0
    }
    this.#state = 'running'
    this.#startedAtMs = nowMs
  }

  /** M76, M25. */
  pause(nowMs: number): void {
    if (this.#state !== 'running') return
    this.#ranMs += nowMs - this.#startedAtMs
    this.#state = 'paused'
  }

  /** M77, M81, the end of a file, and heaters that go off. `isFinished` is false for a print that was aborted, as by M524. */
  stop(nowMs: number, isFinished = true): void {
    if (this.#state === 'stopped') return
    this.pause(nowMs)
    this.#count(nowMs)
    const seconds = Math.floor(this.#ranMs / 1000)
    const { finished, longestSeconds } = this.#values
    if (isFinished)
      this.#values = {
        ...this.#values,
        finished: finished + 1,
        longestSeconds: Math.max(longestSeconds, seconds),
      }
    this.#state = 'stopped'
    this.#save(nowMs)
  }

  /** A move is understood: what its E comes to counts, whether it can be made or not (`get_destination_from_command`). */
  moved(filamentMm: number, nowMs: number): void {
    this.#values = { ...this.#values, filamentMm: this.#values.filamentMm + filamentMm }
    if (this.#state !== 'running' || nowMs - this.#savedAtMs < SAVE_EVERY_MS) return
    this.#count(nowMs)
    this.#save(nowMs)
  }

  /** A print that came another way. */
  printElsewhere(filamentMm: number, nowMs: number): void {
    const seconds = Math.round(filamentMm / ELSEWHERE_MM_PER_S)
    const { prints, finished, printSeconds, longestSeconds } = this.#values
    this.#values = {
      prints: prints + 1,
      finished: finished + 1,
      printSeconds: printSeconds + seconds,
      longestSeconds: Math.max(longestSeconds, seconds),
      filamentMm: this.#values.filamentMm + filamentMm,
    }
    this.#save(nowMs)
  }

  /** M78 S78. */
  clear(nowMs: number): void {
    this.#values = NOTHING
    this.#save(nowMs)
  }

  /** M78. */
  lines(nowMs: number): readonly string[] {
    this.#count(nowMs)
    const { prints, finished, printSeconds, longestSeconds, filamentMm } = this.#values
    const failed = prints - finished - (this.#state === 'stopped' ? 0 : 1)
    return [
      `Stats: Prints: ${prints}, Finished: ${finished}, Failed: ${failed}`,
      `Stats: Total time: ${duration(printSeconds)}, Longest job: ${duration(longestSeconds)}`,
      `Stats: Filament used: ${(filamentMm / 1000).toFixed(2)}m`,
    ]
  }

  /** Brings the time up to now. The firmware does so every ten seconds. */
  #count(nowMs: number): void {
    const ranMs = this.#ranMs + (this.#state === 'running' ? nowMs - this.#startedAtMs : 0)
    const seconds = this.#state === 'stopped' ? this.#countedS : Math.floor(ranMs / 1000)
    this.#values = { ...this.#values, printSeconds: this.#values.printSeconds + seconds - this.#countedS }
    this.#countedS = seconds
  }

  #save(nowMs: number): void {
    this.#savedAtMs = nowMs
    this.#stored.values = this.#values
  }
}

/** As duration_t.h writes it: from the largest unit that is not 0, `1d 0h 3m 4s`. */
function duration(seconds: number): string {
  const parts: readonly (readonly [count: number, unit: string])[] = [
    [Math.floor(seconds / YEAR_S), 'y'],
    [Math.floor(seconds / DAY_S) % 365, 'd'],
    [Math.floor(seconds / HOUR_S) % 24, 'h'],
    [Math.floor(seconds / MINUTE_S) % 60, 'm'],
    [seconds % 60, 's'],
  ]
  const first = parts.findIndex(([count]) => count > 0)
  return parts
    .slice(first < 0 ? -1 : first)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ')
}
