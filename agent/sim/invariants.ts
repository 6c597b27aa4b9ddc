/** The worst that ever happened to the simulated printer, since it was started and over every reset. */

import type { HeaterModel } from './heater.ts'
import type { Box, Point } from './motion.ts'

/** What a test asks after a run. */
export interface InvariantReport {
  /** The highest targets that were asked for, before the firmware cut them. */
  readonly askedMaxCelsius: Readonly<Record<HeaterModel['name'], number>>
  /** The highest targets that were set. */
  readonly targetMaxCelsius: Readonly<Record<HeaterModel['name'], number>>
  /** Every place that moves were asked to, in the machine's own coordinates; undefined before the first move. */
  readonly askedBoundsMm: Box | undefined
  /** Every place that moves went to. */
  readonly sweptBoundsMm: Box | undefined
  /** The part of that where filament came out. */
  readonly extrudedBoundsMm: Box | undefined
  /** Moves of an axis whose position was not known. */
  readonly unhomedMoves: number
  readonly coldExtrusionsPrevented: number
  /** Must stay 0: a halted printer runs nothing. */
  readonly commandsWhileHalted: number
}

/** Collects them. */
export class Invariants {
  readonly #asked = { nozzle: 0, bed: 0, chamber: 0 }
  readonly #targets = { nozzle: 0, bed: 0, chamber: 0 }
  #askedBounds: Box | undefined
  #sweptBounds: Box | undefined
  #extrudedBounds: Box | undefined
  unhomedMoves = 0
  coldExtrusionsPrevented = 0
  commandsWhileHalted = 0

  targetSet(heater: HeaterModel['name'], askedCelsius: number, celsius: number): void {
    this.#asked[heater] = Math.max(this.#asked[heater], askedCelsius)
    this.#targets[heater] = Math.max(this.#targets[heater], celsius)
  }

  moved(asked: Box, swept: Box): void {
    this.#askedBounds = union(this.#askedBounds, asked)
    this.#sweptBounds = union(this.#sweptBounds, swept)
  }

  extruded(swept: Box): void {
    this.#extrudedBounds = union(this.#extrudedBounds, swept)
  }

  report(): InvariantReport {
    return {
      askedMaxCelsius: { ...this.#asked },
      targetMaxCelsius: { ...this.#targets },
      askedBoundsMm: this.#askedBounds,
      sweptBoundsMm: this.#sweptBounds,
      extrudedBoundsMm: this.#extrudedBounds,
      unhomedMoves: this.unhomedMoves,
      coldExtrusionsPrevented: this.coldExtrusionsPrevented,
      commandsWhileHalted: this.commandsWhileHalted,
    }
  }
}

function union(one: Box | undefined, other: Box): Box {
  if (one === undefined) return other
  const pick = (a: Point, b: Point, of: (...values: number[]) => number): Point => ({
    x: of(a.x, b.x),
    y: of(a.y, b.y),
    z: of(a.z, b.z),
  })
  return { min: pick(one.min, other.min, Math.min), max: pick(one.max, other.max, Math.max) }
}
