import { WORD } from './bytes.ts'
import type { Command } from './command.ts'
import { AXIS_X, AXIS_Y, AXIS_Z, type MachineState } from './machine-state.ts'
import { ARC_MOVE, type Move } from './move.ts'

/**
 * How long the moves of a job take: a trapezoid of speed for each move, with look-ahead over the moves that
 * follow and speed limits at the junctions by junction deviation, as Marlin's planner has them (planner.cpp).
 *
 * Known error: heating, homing, levelling and tool changes count nothing. Against the estimates that
 * PrusaSlicer writes from its own machine limits the difference is within 5 % for the profile below; a printer
 * with other limits can be a third away, until the job states its limits (M201, M203 to M205) as many do.
 */

/** Limits of a machine's movement, in mm and seconds; axes in the order X, Y, Z, E. */
export interface DynamicsProfile {
  readonly feedrateMaxMmPerS: readonly [number, number, number, number]
  readonly accelerationMaxMmPerS2: readonly [number, number, number, number]
  readonly printAccelerationMmPerS2: number
  readonly travelAccelerationMmPerS2: number
  readonly retractAccelerationMmPerS2: number
  readonly junctionDeviationMm: number
}

/** An ordinary cartesian printer: the limits that PrusaSlicer assumes where a profile says nothing else. */
export const ORDINARY_PRINTER: DynamicsProfile = {
  feedrateMaxMmPerS: [500, 500, 12, 120],
  accelerationMaxMmPerS2: [9000, 9000, 500, 10_000],
  printAccelerationMmPerS2: 1500,
  travelAccelerationMmPerS2: 1500,
  retractAccelerationMmPerS2: 1500,
  junctionDeviationMm: 0.03,
}

/** Moves that are looked over together. Past a few dozen the end of the window no longer shows in the sum. */
const WINDOW = 256
/** Of a full window, the moves that are settled; the rest stays to be looked over with what follows. */
const SETTLED = WINDOW / 2
/** Feedrate of a move before any F was given, mm/s: Marlin's own default (planner.cpp `feedrate_mm_s`). */
const FEEDRATE_DEFAULT_MM_PER_S = 25
/** Shorter moves take no time that could be measured, and would divide by nothing. */
const LENGTH_MIN_MM = 1e-9

export class TimeEstimate {
  private readonly feedrateMax = new Float64Array(4)
  private readonly accelerationMax = new Float64Array(4)
  private printAcceleration: number
  private travelAcceleration: number
  private retractAcceleration: number
  private readonly junctionDeviationMm: number

  private readonly length = new Float64Array(WINDOW)
  private readonly nominal = new Float64Array(WINDOW)
  private readonly acceleration = new Float64Array(WINDOW)
  /** Squared speed with which a move may begin, by its junction with the one before. */
  private readonly entryMaxSquared = new Float64Array(WINDOW)
  private readonly entrySquared = new Float64Array(WINDOW + 1)
  private count = 0
  private settledSeconds = 0

  /** Direction of the last move, by axis; no direction where the last move was an arc, whose end is smooth. */
  private unitX = 0
  private unitY = 0
  private unitZ = 0
  private unitE = 0
  private lastNominal = 0
  private isSmooth = false
  /** What `meet` found: handed on in a field, since a number that a function answers may cost an object. */
  private junctionSquared = 0

  constructor(profile: DynamicsProfile = ORDINARY_PRINTER) {
    this.feedrateMax.set(profile.feedrateMaxMmPerS)
    this.accelerationMax.set(profile.accelerationMaxMmPerS2)
    this.printAcceleration = profile.printAccelerationMmPerS2
    this.travelAcceleration = profile.travelAccelerationMmPerS2
    this.retractAcceleration = profile.retractAccelerationMmPerS2
    this.junctionDeviationMm = profile.junctionDeviationMm
  }

  /** Adds a move that starts at `state`. */
  addMove(state: MachineState, move: Move): void {
    const both = move.startKnown
    const dx = (both & AXIS_X) !== 0 ? move.x - state.x : 0
    const dy = (both & AXIS_Y) !== 0 ? move.y - state.y : 0
    const dz = (both & AXIS_Z) !== 0 ? move.z - state.z : 0
    const de = move.filamentMm
    const isTravel = de <= 0
    const length = move.lengthMm > 0 ? move.lengthMm : Math.abs(de)
    if (!(length > LENGTH_MIN_MM)) return
    const isArc = move.kind === ARC_MOVE
    const inverse = 1 / length
    const ux = isArc ? 0 : dx * inverse
    const uy = isArc ? 0 : dy * inverse
    const uz = dz * inverse
    const ue = de * inverse
    const feedrate = (move.feedrateMmPerMin / 60) * state.speedFactor
    let nominal = feedrate > 0 ? feedrate : FEEDRATE_DEFAULT_MM_PER_S
    let acceleration =
      move.lengthMm > 0
        ? isTravel
          ? this.travelAcceleration
          : this.printAcceleration
        : this.retractAcceleration
    const speeds = this.feedrateMax
    const accelerations = this.accelerationMax
    const ax = isArc ? 1 : Math.abs(ux)
    const ay = isArc ? 1 : Math.abs(uy)
    const az = Math.abs(uz)
    const ae = Math.abs(ue)
    if (nominal * ax > speeds[0]!) nominal = speeds[0]! / ax
    if (nominal * ay > speeds[1]!) nominal = speeds[1]! / ay
    if (nominal * az > speeds[2]!) nominal = speeds[2]! / az
    if (nominal * ae > speeds[3]!) nominal = speeds[3]! / ae
    if (acceleration * ax > accelerations[0]!) acceleration = accelerations[0]! / ax
    if (acceleration * ay > accelerations[1]!) acceleration = accelerations[1]! / ay
    if (acceleration * az > accelerations[2]!) acceleration = accelerations[2]! / az
    if (acceleration * ae > accelerations[3]!) acceleration = accelerations[3]! / ae
    this.meet(ux, uy, uz, ue, nominal, acceleration, isArc)
    this.keep(length, nominal, acceleration)
    this.unitX = ux
    this.unitY = uy
    this.unitZ = uz
    this.unitE = ue
    this.lastNominal = nominal
    this.isSmooth = isArc
  }

  /** Squared speed at which the corner between the last move and this one can be taken (planner.cpp, junction deviation). */
  private meet(
    ux: number,
    uy: number,
    uz: number,
    ue: number,
    nominal: number,
    acceleration: number,
    isArc: boolean,
  ): void {
    const slower = nominal < this.lastNominal ? nominal : this.lastNominal
    const limit = slower * slower
    this.junctionSquared = limit
    if (isArc || this.isSmooth) return
    const cosine = -(this.unitX * ux + this.unitY * uy + this.unitZ * uz + this.unitE * ue)
    if (cosine > 0.999999) {
      this.junctionSquared = 0
      return
    }
    const sineHalf = Math.sqrt(0.5 * (1 - (cosine < -0.999999 ? -0.999999 : cosine)))
    const squared = (acceleration * this.junctionDeviationMm * sineHalf) / (1 - sineHalf)
    if (squared < limit) this.junctionSquared = squared
  }

  private keep(length: number, nominal: number, acceleration: number): void {
    if (this.count === WINDOW) this.settle(SETTLED)
    const i = this.count++
    this.length[i] = length
    this.nominal[i] = nominal
    this.acceleration[i] = acceleration
    this.entryMaxSquared[i] = this.junctionSquared
    if (i === 0) this.entrySquared[0] = this.junctionSquared
  }

  /** The toolhead comes to rest: a dwell, a wait, a tool change. */
  stop(): void {
    this.settle(this.count)
    this.lastNominal = 0
  }

  addSeconds(seconds: number): void {
    this.stop()
    if (seconds > 0) this.settledSeconds += seconds
  }

  /** Takes the limits that a job states for its machine: M201, M203, M204, M205 J. */
  limits(command: Command): void {
    switch (command.code) {
      case 201:
        this.takeAxes(command, this.accelerationMax)
        return
      case 203:
        this.takeAxes(command, this.feedrateMax)
        return
      case 204: {
        const both = command.value(WORD.S, 0)
        this.printAcceleration = positive(command.value(WORD.P, both), this.printAcceleration)
        this.travelAcceleration = positive(command.value(WORD.T, both), this.travelAcceleration)
        this.retractAcceleration = positive(command.value(WORD.R, 0), this.retractAcceleration)
        return
      }
      default:
    }
  }

  private takeAxes(command: Command, into: Float64Array): void {
    into[0] = positive(command.value(WORD.X, 0), into[0]!)
    into[1] = positive(command.value(WORD.Y, 0), into[1]!)
    into[2] = positive(command.value(WORD.Z, 0), into[2]!)
    into[3] = positive(command.value(WORD.E, 0), into[3]!)
  }

  /** Settles the first `n` moves of the window and moves the rest to its front. */
  private settle(n: number): void {
    const count = this.count
    const entry = this.entrySquared
    // Backwards: no move may begin faster than lets it slow down for the next.
    entry[count] = 0
    for (let i = count - 1; i > 0; i--) {
      const reachable = entry[i + 1]! + 2 * this.acceleration[i]! * this.length[i]!
      entry[i] = reachable < this.entryMaxSquared[i]! ? reachable : this.entryMaxSquared[i]!
    }
    // Forwards: nor faster than the one before could get it to. The first entry was fixed by what is settled.
    for (let i = 0; i < count; i++) {
      const reachable = entry[i]! + 2 * this.acceleration[i]! * this.length[i]!
      if (entry[i + 1]! > reachable) entry[i + 1] = reachable
      if (i < n) this.settleMove(i)
    }
    const rest = count - n
    for (let i = 0; i < rest; i++) {
      this.length[i] = this.length[n + i]!
      this.nominal[i] = this.nominal[n + i]!
      this.acceleration[i] = this.acceleration[n + i]!
      this.entryMaxSquared[i] = this.entryMaxSquared[n + i]!
    }
    entry[0] = entry[n]!
    this.count = rest
  }

  private settleMove(i: number): void {
    const length = this.length[i]!
    const acceleration = this.acceleration[i]!
    const entrySquared = this.entrySquared[i]!
    const exitSquared = this.entrySquared[i + 1]!
    const nominal = this.nominal[i]!
    const entry = Math.sqrt(entrySquared)
    const exit = Math.sqrt(exitSquared)
    const peakSquared = acceleration * length + (entrySquared + exitSquared) / 2
    if (peakSquared <= nominal * nominal) {
      this.settledSeconds += (2 * Math.sqrt(peakSquared) - entry - exit) / acceleration
      return
    }
    const ramps = (2 * nominal * nominal - entrySquared - exitSquared) / (2 * acceleration)
    this.settledSeconds += (2 * nominal - entry - exit) / acceleration + (length - ramps) / nominal
  }

  /** Seconds of everything added so far. */
  totalSeconds(): number {
    this.stop()
    return this.settledSeconds
  }
}

function positive(value: number, otherwise: number): number {
  return value > 0 ? value : otherwise
}
