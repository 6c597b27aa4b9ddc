/**
 * The printer's own time, in virtual milliseconds since it was started. It is handed in, so that a test can step
 * through an hour and a demonstration can print a hundred times faster than a machine would.
 */

import { AgentError, assert } from '../errors.ts'

/** A faster clock could not keep up with a report each virtual second; `max` is the way to go beyond it. */
export const SPEED_MAX = 10_000
/** Node cannot hold a longer timer. The clock looks again when one that was cut short fires. */
const TIMER_MS_MAX = 2 ** 30

/** Takes back what was asked of a clock. Does no harm when it is too late. */
export type Cancel = () => void

/** Virtual time for one simulated printer. */
export interface Clock {
  nowMs(): number
  /** Runs `run` once when the time has come, in order of time and then of asking. */
  at(atMs: number, run: () => void): Cancel
  /** Runs all that is due by now, each at its own time: the printer asks for it before it looks at new bytes. */
  settle(): void
  /** Moves time on to `atMs` at once where this clock may do so; false where time has to pass. */
  jump(atMs: number): boolean
}

interface Alarm {
  readonly atMs: number
  readonly run: () => void
}

/** Alarms in order of time, those of one time in order of asking. A printer has one or two: a plain list will do. */
class AlarmList {
  readonly #alarms: Alarm[] = []

  add(alarm: Alarm): void {
    const at = this.#alarms.findIndex((other) => other.atMs > alarm.atMs)
    this.#alarms.splice(at === -1 ? this.#alarms.length : at, 0, alarm)
  }

  remove(alarm: Alarm): void {
    const at = this.#alarms.indexOf(alarm)
    if (at !== -1) this.#alarms.splice(at, 1)
  }

  get nextMs(): number {
    return this.#alarms[0]?.atMs ?? Number.POSITIVE_INFINITY
  }

  takeDue(nowMs: number): Alarm | undefined {
    return this.nextMs <= nowMs ? this.#alarms.shift() : undefined
  }
}

/** Time that stands still until a test moves it. With `jumps` the printer may move it too, as at speed `max`. */
export class VirtualClock implements Clock {
  readonly #alarms = new AlarmList()
  readonly #jumps: boolean
  #nowMs = 0

  constructor(options: { readonly jumps?: boolean } = {}) {
    this.#jumps = options.jumps === true
  }

  nowMs(): number {
    return this.#nowMs
  }

  at(atMs: number, run: () => void): Cancel {
    const alarm = { atMs, run }
    this.#alarms.add(alarm)
    return () => this.#alarms.remove(alarm)
  }

  /** Lets time pass, and everything happen that falls into it. */
  advance(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs
    for (
      let alarm = this.#alarms.takeDue(untilMs);
      alarm !== undefined;
      alarm = this.#alarms.takeDue(untilMs)
    ) {
      this.#nowMs = Math.max(this.#nowMs, alarm.atMs)
      alarm.run()
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  settle(): void {
    this.advance(0)
  }

  jump(atMs: number): boolean {
    if (!this.#jumps || !Number.isFinite(atMs)) return false
    this.#nowMs = Math.max(this.#nowMs, atMs)
    return true
  }
}

/** `speed` times the time of the wall, or `max`: time of the wall, in which the printer jumps over every wait. */
export class RunningClock implements Clock {
  readonly #alarms = new AlarmList()
  readonly #speed: number
  readonly #jumps: boolean
  readonly #startedMs = performance.now()
  #jumpedMs = 0
  /** The latest time that was shown: none is ever shown before it. */
  #shownMs = 0
  /** The time of the alarm that is running, so that it sees its own hour however late its timer fired. */
  #alarmMs: number | undefined
  #timer: NodeJS.Timeout | undefined
  #isSettling = false

  constructor(speed: number | 'max') {
    this.#jumps = speed === 'max'
    this.#speed = speed === 'max' ? 1 : speed
    assert(this.#speed > 0 && this.#speed <= SPEED_MAX, 'the speed of a clock is within its limits')
  }

  nowMs(): number {
    this.#shownMs = Math.max(this.#shownMs, this.#alarmMs ?? this.#runningMs())
    return this.#shownMs
  }

  at(atMs: number, run: () => void): Cancel {
    const alarm = { atMs, run }
    this.#alarms.add(alarm)
    this.#arm()
    return () => {
      this.#alarms.remove(alarm)
      this.#arm()
    }
  }

  settle(): void {
    if (this.#isSettling) return
    this.#isSettling = true
    try {
      // The horizon is fixed: alarms that ask for the next one cannot hold the process here for ever.
      const untilMs = this.#runningMs()
      for (
        let alarm = this.#alarms.takeDue(untilMs);
        alarm !== undefined;
        alarm = this.#alarms.takeDue(untilMs)
      ) {
        this.#alarmMs = alarm.atMs
        alarm.run()
      }
    } finally {
      this.#alarmMs = undefined
      this.#isSettling = false
    }
    this.#arm()
  }

  jump(atMs: number): boolean {
    if (!this.#jumps || !Number.isFinite(atMs)) return false
    const aheadMs = atMs - this.#runningMs()
    if (aheadMs > 0) this.#jumpedMs += aheadMs
    if (this.#alarmMs !== undefined) this.#alarmMs = Math.max(this.#alarmMs, atMs)
    return true
  }

  #runningMs(): number {
    return (performance.now() - this.#startedMs) * this.#speed + this.#jumpedMs
  }

  #arm(): void {
    if (this.#isSettling) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#alarms.nextMs === Number.POSITIVE_INFINITY) return
    const delayMs = (this.#alarms.nextMs - this.#runningMs()) / this.#speed
    this.#timer = setTimeout(() => this.settle(), Math.max(0, Math.min(delayMs, TIMER_MS_MAX)))
  }
}

/** Reads what a person gives for `--speed`: a factor, or `max` for as fast as it goes. */
export function parseSpeed(text: string): number | 'max' {
  if (text === 'max') return 'max'
  const speed = /^[0-9]{1,5}(\.[0-9]{1,6})?$/.test(text) ? Number(text) : Number.NaN
  if (!(speed > 0 && speed <= SPEED_MAX)) {
    const range = `above 0 and up to ${SPEED_MAX}, or \`max\``
    throw new AgentError('USAGE', `speed \`${text.slice(0, 40)}\` is not a factor ${range}`)
  }
  return speed
}
