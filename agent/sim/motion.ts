/** Where the firmware believes the nozzle is, and what a move command means to it: modes, offsets, speeds, limits. */

import { centreFromRadius, type PlanePoint, sweepArc } from './arc.ts'
import type { MarlinBuild } from './marlin-build.ts'
import type { ParsedCommand } from './marlin-parser.ts'
import type { Position } from './planner.ts'

/** The axes that move the nozzle in space. */
export const SPACE_AXES = ['x', 'y', 'z'] as const
/** One of them. */
export type SpaceAxis = (typeof SPACE_AXES)[number]
/** A point in space, in millimetres. */
export type Point = Readonly<Record<SpaceAxis, number>>
/** A box in space, in millimetres. */
export interface Box {
  readonly min: Point
  readonly max: Point
}

const AXES = ['x', 'y', 'z', 'e'] as const
type Axis = (typeof AXES)[number]
/** Numbers beyond this become garbage in the firmware's step counters; here they are cut, to stay finite. */
const COORDINATE_MM_MAX = 1e6
/** What Marlin moves with until an F is given. */
const FEEDRATE_AT_BOOT_MM_PER_MIN = 1500
/** MINIMUM_PLANNER_SPEED of Marlin: `M220 S0` crawls. */
const SPEED_MM_PER_S_MIN = 0.05
const MM_PER_INCH = 25.4

/** A move that is understood, and not done yet. */
export interface Move {
  /** Where it ends, within the software endstops where these apply. */
  readonly to: Position
  /** The way in space, or of the filament where nothing else moves. */
  readonly lengthMm: number
  readonly isFilamentOnly: boolean
  readonly durationMs: number
  /** What it sweeps as it was asked for, before the endstops cut it. */
  readonly asked: Box
  /** What it sweeps in the end. */
  readonly swept: Box
}

const PLANES = {
  17: { a: 'x', b: 'y', lift: 'z', centreA: 'I', centreB: 'J' },
  18: { a: 'z', b: 'x', lift: 'y', centreA: 'K', centreB: 'I' },
  19: { a: 'y', b: 'z', lift: 'x', centreA: 'J', centreB: 'K' },
} as const

/** The motion state of one boot. A reset makes a new one. */
export class Motion {
  /** Native coordinates: the machine's own, without any offset. */
  position: Position = { x: 0, y: 0, z: 0, e: 0 }
  /** G92 moves the workspace, not the machine; G28 takes that back. */
  positionShift: Point = { x: 0, y: 0, z: 0 }
  /** M206. */
  homeOffset: Point = { x: 0, y: 0, z: 0 }
  /** The last of G90, G91, M82 and M83 decides for E. */
  isRelative = false
  isExtruderRelative = false
  isInches = false
  plane: keyof typeof PLANES = 17
  feedrateMmPerMin = FEEDRATE_AT_BOOT_MM_PER_MIN
  feedratePercent = 100
  flowPercent = 100
  homed: Readonly<Record<SpaceAxis, boolean>> = { x: false, y: false, z: false }
  hasSoftwareEndstops = true

  readonly #build: MarlinBuild
  readonly #volumeMm: Point

  constructor(build: MarlinBuild, volumeMm: Point) {
    this.#build = build
    this.#volumeMm = volumeMm
  }

  /** What M114 shows: native coordinates in the workspace of the moment. */
  get logical(): Position {
    const { x, y, z, e } = this.position
    return { x: x + this.#offset('x'), y: y + this.#offset('y'), z: z + this.#offset('z'), e }
  }

  /** G0 and G1. */
  line(command: ParsedCommand): Move {
    const asked = this.#destination(command)
    const to = this.#limit(asked)
    const { x, y, z, e } = this.position
    const inSpaceMm = Math.hypot(to.x - x, to.y - y, to.z - z)
    const lengthMm = inSpaceMm === 0 ? Math.abs(to.e - e) : inSpaceMm
    const boxes = { asked: boxOf(this.position, asked), swept: boxOf(this.position, to) }
    return { to, isFilamentOnly: inSpaceMm === 0, ...this.#timed(lengthMm), ...boxes }
  }

  /** G2 and G3; undefined for one that goes nowhere, `bad` for one without a centre. */
  arc(command: ParsedCommand, isClockwise: boolean): Move | 'bad' | undefined {
    const asked = this.#destination(command)
    const plane = PLANES[this.plane]
    const start = { a: this.position[plane.a], b: this.position[plane.b] }
    const end = { a: asked[plane.a], b: asked[plane.b] }
    const centre = this.#centre(command, start, end, isClockwise)
    if (centre === undefined) return 'bad'
    const arc = sweepArc(start, end, centre, {
      isClockwise,
      circles: this.#build.hasCncOptions ? Math.min(100, command.byte('P') ?? 0) : 0,
      liftMm: asked[plane.lift] - this.position[plane.lift],
    })
    if (arc === undefined) return undefined
    const line = boxOf(this.position, asked)
    const swept: Box = {
      min: { ...line.min, [plane.a]: arc.min.a, [plane.b]: arc.min.b },
      max: { ...line.max, [plane.a]: arc.max.a, [plane.b]: arc.max.b },
    }
    const limited = { min: this.#limitPoint(swept.min), max: this.#limitPoint(swept.max) }
    const lengthMm = Math.min(arc.lengthMm, COORDINATE_MM_MAX)
    const to = this.#limit(asked)
    return { to, isFilamentOnly: false, ...this.#timed(lengthMm), asked: swept, swept: limited }
  }

  /** G92 for one axis: E is set, the others shift the workspace. */
  setLogical(axis: Axis, value: number): void {
    const millimetres = cut(this.#toMm(value))
    if (axis === 'e') {
      this.position = { ...this.position, e: millimetres }
      return
    }
    const shift = millimetres - this.logical[axis]
    this.positionShift = { ...this.positionShift, [axis]: this.positionShift[axis] + shift }
  }

  setHomeOffset(axis: SpaceAxis, value: number): void {
    this.homeOffset = { ...this.homeOffset, [axis]: cut(this.#toMm(value)) }
  }

  /** The axis stands at its endstop: position is known, and what G92 shifted is forgotten. */
  home(axis: SpaceAxis): void {
    this.position = { ...this.position, [axis]: 0 }
    this.positionShift = { ...this.positionShift, [axis]: 0 }
    this.homed = { ...this.homed, [axis]: true }
  }

  #offset(axis: SpaceAxis): number {
    return this.positionShift[axis] + this.homeOffset[axis]
  }

  #toMm(value: number): number {
    return this.isInches ? value * MM_PER_INCH : value
  }

  /** Reads X Y Z E and F. A speed of zero or less is ignored. */
  #destination(command: ParsedCommand): Position {
    const feedrate = cut(this.#toMm(command.float('F') ?? 0))
    if (feedrate > 0) this.feedrateMmPerMin = feedrate
    return {
      x: this.#target(command, 'x'),
      y: this.#target(command, 'y'),
      z: this.#target(command, 'z'),
      e: this.#target(command, 'e'),
    }
  }

  #target(command: ParsedCommand, axis: Axis): number {
    const here = this.position[axis]
    const value = command.float(axis.toUpperCase())
    if (value === undefined) return here
    if (axis === 'e') return cut(this.#toMm(value) + (this.isExtruderRelative ? here : 0))
    return cut(this.#toMm(value) + (this.isRelative ? here : -this.#offset(axis)))
  }

  #centre(
    command: ParsedCommand,
    start: PlanePoint,
    end: PlanePoint,
    isClockwise: boolean,
  ): PlanePoint | undefined {
    const radius = command.float('R')
    if (radius !== undefined) return centreFromRadius(start, end, cut(this.#toMm(radius)), isClockwise)
    const plane = PLANES[this.plane]
    const a = cut(this.#toMm(command.float(plane.centreA) ?? 0))
    const b = cut(this.#toMm(command.float(plane.centreB) ?? 0))
    return a === 0 && b === 0 ? undefined : { a, b }
  }

  #timed(lengthMm: number): { lengthMm: number; durationMs: number } {
    const speedMmPerS = (this.feedrateMmPerMin / 60) * (this.feedratePercent / 100)
    return { lengthMm, durationMs: (lengthMm / Math.max(speedMmPerS, SPEED_MM_PER_S_MIN)) * 1000 }
  }

  #limit(position: Position): Position {
    return { ...this.#limitPoint(position), e: position.e }
  }

  /** The software endstops hold only on axes that were homed. */
  #limitPoint(point: Point): Point {
    const limit = (axis: SpaceAxis) =>
      this.hasSoftwareEndstops && this.homed[axis]
        ? Math.max(0, Math.min(this.#volumeMm[axis], point[axis]))
        : point[axis]
    return { x: limit('x'), y: limit('y'), z: limit('z') }
  }
}

function cut(value: number): number {
  return Math.max(-COORDINATE_MM_MAX, Math.min(COORDINATE_MM_MAX, value))
}

function boxOf(one: Point, other: Point): Box {
  return {
    min: { x: Math.min(one.x, other.x), y: Math.min(one.y, other.y), z: Math.min(one.z, other.z) },
    max: { x: Math.max(one.x, other.x), y: Math.max(one.y, other.y), z: Math.max(one.z, other.z) },
  }
}
