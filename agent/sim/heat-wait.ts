/** M109 and M190: waits until a heater has come to its target and stayed there, and tells the host every second. */

import type { Heater } from './heater.ts'
import type { Outcome, Wait } from './wait.ts'

/** TEMP_RESIDENCY_TIME: how long the temperature has to stay near the target. */
const RESIDENCY_MS = 10_000
/** TEMP_WINDOW: what counts as there. */
const WINDOW_CELSIUS = 1
/** TEMP_HYSTERESIS: what counts as gone again. */
const HYSTERESIS_CELSIUS = 3
const REPORT_MS = 1000
/** MIN_COOLING_SLOPE: a wait to cool ends when a minute brought less than this, as for `M109 R0`. */
const COOLING_CHECK_MS = 60_000
const COOLING_CELSIUS_MIN = 1.5

/** Waits for one heater. M108 ends the wait and leaves the target. */
export class HeatWait implements Wait {
  readonly busy = 'processing'
  readonly #heater: Heater
  readonly #report: (remaining: string) => void
  /** False for `S`: a target below the present temperature is not waited for. */
  readonly #waitsToCool: boolean
  #isBroken = false
  #hasToCool: boolean | undefined
  #reportAtMs = Number.NEGATIVE_INFINITY
  #nearSinceMs: number | undefined
  #cooling = { checkAtMs: Number.NEGATIVE_INFINITY, celsius: Number.POSITIVE_INFINITY }

  constructor(heater: Heater, waitsToCool: boolean, report: (remaining: string) => void) {
    this.#heater = heater
    this.#waitsToCool = waitsToCool
    this.#report = report
  }

  isOver(nowMs: number): boolean {
    if (this.#isBroken) return true
    const celsius = this.#heater.celsius(nowMs)
    this.#hasToCool ??= this.#heater.targetCelsius < celsius
    if (this.#hasToCool && !this.#waitsToCool) return true
    if (nowMs >= this.#reportAtMs) {
      this.#reportAtMs = nowMs + REPORT_MS
      this.#report(this.#remaining(nowMs))
    }
    this.#followTarget(celsius, nowMs)
    if (this.#hasToCool && this.#hasStoppedCooling(celsius, nowMs)) return true
    return this.#nearSinceMs !== undefined && nowMs >= this.#nearSinceMs + RESIDENCY_MS
  }

  nextLookMs(): number {
    return this.#reportAtMs
  }

  breakOff(): void {
    this.#isBroken = true
  }

  goOn(): Outcome {
    return 'done'
  }

  #remaining(nowMs: number): string {
    if (this.#nearSinceMs === undefined) return '?'
    return String(Math.max(0, Math.floor((this.#nearSinceMs + RESIDENCY_MS - nowMs) / 1000)))
  }

  #followTarget(celsius: number, nowMs: number): void {
    const differenceCelsius = Math.abs(this.#heater.targetCelsius - celsius)
    if (this.#nearSinceMs === undefined) {
      if (differenceCelsius < WINDOW_CELSIUS) this.#nearSinceMs = nowMs
    } else if (differenceCelsius > HYSTERESIS_CELSIUS) this.#nearSinceMs = nowMs
  }

  #hasStoppedCooling(celsius: number, nowMs: number): boolean {
    if (nowMs < this.#cooling.checkAtMs) return false
    if (this.#cooling.celsius - celsius < COOLING_CELSIUS_MIN) return true
    this.#cooling = { checkAtMs: nowMs + COOLING_CHECK_MS, celsius }
    return false
  }
}
