/**
 * A heated body with a thermistor: full power below the target, none above it, heat lost to the room all the time.
 * Its temperature is a closed formula of the time since it was last asked, so nothing ticks while nobody looks.
 */

/** The room that the printer stands in. */
export const AMBIENT_CELSIUS = 19.37
/** What Marlin prints for full power. */
const POWER_MAX = 127

/** What a heater is made of and what its firmware allows. */
export interface HeaterModel {
  readonly name: 'nozzle' | 'bed' | 'chamber'
  /** How fast it would warm at full power if it lost nothing. */
  readonly heatingCelsiusPerS: number
  /** The part of its warmth above the room that it loses each second. */
  readonly lossPerS: number
  /** Marlin cuts a higher target to this without a word: its MAXTEMP less the overshoot it allows for. */
  readonly targetCelsiusMax: number
}

/** 19 to 210 °C in a minute. HEATER_0_MAXTEMP is 315, less 15 of overshoot, so that every ready policy is below it. */
export const NOZZLE: HeaterModel = {
  name: 'nozzle',
  heatingCelsiusPerS: 4,
  lossPerS: 0.008,
  targetCelsiusMax: 300,
}

/** 19 to 60 °C in a little over a minute. BED_MAXTEMP is 150, less 10 of overshoot. */
export const BED: HeaterModel = {
  name: 'bed',
  heatingCelsiusPerS: 0.6,
  lossPerS: 0.003,
  targetCelsiusMax: 140,
}

/** CHAMBER_MAXTEMP is 60, less 10 of overshoot. */
export const CHAMBER: HeaterModel = {
  name: 'chamber',
  heatingCelsiusPerS: 0.12,
  lossPerS: 0.001,
  targetCelsiusMax: 50,
}

/** One heater. A time before the last one that it was asked for gives the later temperature. */
export class Heater {
  readonly model: HeaterModel
  readonly #slowness: number
  #targetCelsius = 0
  #celsius = AMBIENT_CELSIUS
  #atMs = 0

  constructor(model: HeaterModel, slowness = 1) {
    this.model = model
    this.#slowness = slowness
  }

  get targetCelsius(): number {
    return this.#targetCelsius
  }

  /** Sets a target as Marlin does: too high a one is cut, a negative one just never heats. Gives what was set. */
  setTarget(celsius: number, nowMs: number): number {
    this.#settle(nowMs)
    this.#targetCelsius = Math.min(celsius, this.model.targetCelsiusMax)
    return this.#targetCelsius
  }

  celsius(nowMs: number): number {
    this.#settle(nowMs)
    return this.#celsius
  }

  /** What the reports show after `@:`, 0 to 127. */
  power(nowMs: number): number {
    this.#settle(nowMs)
    if (this.#targetCelsius <= AMBIENT_CELSIUS || this.#celsius > this.#targetCelsius) return 0
    if (this.#celsius < this.#targetCelsius) return POWER_MAX
    const { heatingCelsiusPerS, lossPerS } = this.model
    return Math.round((POWER_MAX * lossPerS * (this.#celsius - AMBIENT_CELSIUS)) / heatingCelsiusPerS)
  }

  #settle(nowMs: number): void {
    if (nowMs <= this.#atMs) return
    const elapsedS = (nowMs - this.#atMs) / 1000 / this.#slowness
    this.#atMs = nowMs
    if (this.#celsius === this.#targetCelsius) return
    const { heatingCelsiusPerS, lossPerS } = this.model
    const isHeating = this.#celsius < this.#targetCelsius
    const settlesAt = AMBIENT_CELSIUS + (isHeating ? heatingCelsiusPerS / lossPerS : 0)
    const celsius = settlesAt + (this.#celsius - settlesAt) * Math.exp(-lossPerS * elapsedS)
    this.#celsius = isHeating
      ? Math.min(celsius, this.#targetCelsius)
      : Math.max(celsius, this.#targetCelsius, AMBIENT_CELSIUS)
  }
}
