import { z } from 'zod'
import {
  AXIS_X,
  AXIS_Y,
  AXIS_Z,
  Command,
  type MachineState,
  type Move,
  NO_MOVE,
  UNKNOWN_ARC,
  WORD,
  wordMask,
} from '../../gcode/index.ts'
import { axisNames, isSmallLift, LIFT_MAX_MM, namedAxes } from '../axes.ts'
import { defineRule } from '../rule.ts'
import type { Objection } from '../verdict.ts'
import { listed, valueAndLimit } from '../wording.ts'

const ID = 'build-volume'
/** Larger than any machine that is driven over a serial port. In mm. */
const SIZE_MAX_MM = 10_000
/** Words of M240 that send the toolhead somewhere, or by some way, to trigger a camera. */
const CAMERA_PLACES = wordMask('ABIJXY')

const XY = AXIS_X | AXIS_Y

/** Letters of axes beyond X, Y and Z. Moves read I, J and K as centres of arcs, homing and G92 as axes. */
const FURTHER_AXES = ['A', 'B', 'C', 'I', 'J', 'K', 'U', 'V', 'W'] as const
const MOVED_AXES = wordMask('ABCUVW')
const NAMED_AXES = wordMask(FURTHER_AXES.join(''))

const point = z.strictObject({
  x: z.number().min(-SIZE_MAX_MM).max(SIZE_MAX_MM).describe('X of the front left corner, in mm.'),
  y: z.number().min(-SIZE_MAX_MM).max(SIZE_MAX_MM).describe('Y of the front left corner, in mm.'),
  z: z.number().min(-SIZE_MAX_MM).max(SIZE_MAX_MM).describe('Z of the bed, in mm.'),
})

const size = z.strictObject({
  x: z.number().positive().max(SIZE_MAX_MM).describe('Width of the build volume, along X, in mm.'),
  y: z.number().positive().max(SIZE_MAX_MM).describe('Depth of the build volume, along Y, in mm.'),
  z: z.number().positive().max(SIZE_MAX_MM).describe('Height of the build volume, along Z, in mm.'),
})

/** Denies moves that leave the build volume, arcs by their whole sweep. */
export const buildVolume = defineRule({
  id: ID,
  summary: 'Denies moves and parking places out of the build volume, and moves whose path cannot be told.',
  why: 'A move past the end of an axis grinds against the frame, loses steps, and everything after it is printed in the wrong place; one below the bed ruins bed and nozzle.',
  options: z.strictObject({
    sizeMm: size.describe('Size of the build volume, in mm.'),
    originMm: point
      .default({ x: 0, y: 0, z: 0 })
      .describe(
        'The corner from which the size counts, in mm: 0 unless the origin is elsewhere, as on a delta.',
      ),
    travelMarginMm: z
      .number()
      .min(0)
      .max(1000)
      .default(0)
      .describe('How far moves that lay down nothing may leave the volume sideways, in mm.'),
    toleranceMm: z
      .number()
      .min(0)
      .max(1)
      .default(0.001)
      .describe('What rounding in a slicer may add to a position, in mm.'),
    retractionLiftMm: z
      .number()
      .min(0)
      .max(LIFT_MAX_MM)
      .default(0)
      .describe(
        'Highest lift of Z at each firmware retraction that `M207` may set, in mm. While it lasts it adds to every height, so the build volume is lower by as much.',
      ),
    furtherAxes: z
      .array(z.enum(FURTHER_AXES))
      .default([])
      .describe(
        'Letters of axes beyond X, Y and Z that a job may move, such as `A`. How far they go is not judged.',
      ),
  }),
  // Firmware holds the places that these name to no limit of its own (nozzle.cpp `Nozzle::park`).
  watches: ['moves', 'G28', 'G92', 'M125', 'M207', 'M240', 'M600', 'M701', 'M702'],
  isOverridable: true,
  compile: ({ sizeMm, originMm, travelMarginMm, toleranceMm, retractionLiftMm, furtherAxes }) => {
    const refusedAxes = ~wordMask(furtherAxes.join(''))
    const movedAxes = MOVED_AXES & refusedAxes
    const topZ = originMm.z + sizeMm.z - retractionLiftMm
    const minX = originMm.x - toleranceMm
    const maxX = originMm.x + sizeMm.x + toleranceMm
    const minY = originMm.y - toleranceMm
    const maxY = originMm.y + sizeMm.y + toleranceMm
    const minZ = originMm.z - toleranceMm
    const maxZ = topZ + toleranceMm
    /** Cold: which side it was, with the limit as the policy says it. */
    const outside = (move: Move, margin: number): Objection => {
      if (move.known & AXIS_X) {
        if (move.minX < minX - margin) return below('X', move, move.minX, originMm.x - margin)
        if (move.maxX > maxX + margin) return above('X', move, move.maxX, originMm.x + sizeMm.x + margin)
      }
      if (move.known & AXIS_Y) {
        if (move.minY < minY - margin) return below('Y', move, move.minY, originMm.y - margin)
        if (move.maxY > maxY + margin) return above('Y', move, move.maxY, originMm.y + sizeMm.y + margin)
      }
      if (move.minZ < minZ) return below('Z', move, move.minZ, originMm.z)
      return above('Z', move, move.maxZ, topZ)
    }
    /** Cold: commands other than moves that name a place or a height. */
    const parking = (command: Command, state: MachineState): Objection | undefined => {
      const unit = state.unitMm
      switch (command.code) {
        case 28:
          return (
            furtherAxis(command, NAMED_AXES & refusedAxes) ??
            wrongLift(command, command.value(WORD.R) * unit, LIFT_MAX_MM)
          )
        case 92:
          return furtherAxis(command, NAMED_AXES & refusedAxes)
        case 207:
          return wrongLift(command, command.value(WORD.Z) * unit, retractionLiftMm)
        case 701:
        case 702:
          return wrongLift(command, command.value(WORD.Z) * unit, roomAbove(state, topZ))
        case 240:
          return (command.present & CAMERA_PLACES) === 0 ? undefined : unknownPlace(command)
        default:
          return (
            parksOutside(command, 'X', WORD.X, unit, state.shiftX, minX, maxX, toleranceMm) ??
            parksOutside(command, 'Y', WORD.Y, unit, state.shiftY, minY, maxY, toleranceMm) ??
            parksOutside(command, 'Z', WORD.Z, unit, 0, minZ, maxZ, toleranceMm) ??
            parksNowhere(command, namedAxes(command) & XY & ~state.homed)
          )
      }
    }
    return {
      line: (command: Command, state: MachineState, move: Move) => {
        if (move.kind === NO_MOVE) return parking(command, state)
        if ((command.present & movedAxes) !== 0) return furtherAxis(command, movedAxes)
        const deposits = move.depositedMm > 0
        if (move.axes === 0 && !deposits) return undefined
        if (move.kind === UNKNOWN_ARC) return unknownArc(command)
        const known = move.known
        const margin = deposits ? 0 : travelMarginMm
        if (
          ((known & AXIS_X) !== 0 && !(move.minX >= minX - margin && move.maxX <= maxX + margin)) ||
          ((known & AXIS_Y) !== 0 && !(move.minY >= minY - margin && move.maxY <= maxY + margin)) ||
          ((known & AXIS_Z) !== 0 && !(move.minZ >= minZ && move.maxZ <= maxZ))
        )
          return outside(move, margin)
        const lost = namedAxes(command) & ~known
        return lost === 0 || isSmallLift(state, move) ? undefined : unknownPosition(lost)
      },
    }
  },
  examples: [
    {
      options: { sizeMm: { x: 220, y: 220, z: 250 } },
      allowed: [
        'G28\nG1 Z0.2 F600\nG1 X0 Y0 F3000\nG1 X220 Y220 E5',
        'G28\nG1 Z250 F600',
        'G28\nG1 X220.0005 F3000',
        'G28\nG1 X10 Y10 Z1 F3000\nG2 X30 Y10 I10 J0 E1',
        'G28\nG1 X10 Y10 Z1 F3000\nG91\nG1 X10\nG90',
        'G91\nG1 Z5 F600\nG90\nG28',
        'G28\nG91\nG1 Z5 F600\nG90',
        'G1 F3000',
        'G28\nG1 X60 E9 F1000',
        'G28\nG1 X10 Y10 Z1 F3000\nG92 X0\nG1 X210',
        'G28 R5',
        'M600\nM600 Z20',
        'G28\nM600 X10 Y10 Z20\nM125 X0 Y0',
        'M207 S1 Z0',
        'G28\nG1 Z200 F600\nM701 L100 Z50',
        'G28\nG92 E0 X0',
        'M240',
      ],
      denied: [
        'G28\nG1 X220.1 F3000',
        'G28\nG1 Y-1 F3000',
        'G28\nG1 Z-0.1 F600',
        'G28\nG1 Z251 F600',
        'G28\nG1 X10 Y10 Z1 F3000\nG1 X300 E5',
        'G28\nG1 X215 Y10 Z1 F3000\nG3 X215 Y30 I0 J10 E1',
        'G28\nG1 X10 Y10 Z1 F3000\nG2 X10 Y10 I0 J-20',
        'G28\nG1 X200 Y10 Z1 F3000\nG91\nG1 X30\nG90',
        'G28\nG1 X100 Y10 Z1 F3000\nG92 X0\nG1 X150',
        'G20\nG28\nG1 X9 F3000',
        'G28\nG2 X10 Y10 I5 J0',
        'G28\nG1 X10 Y10 Z1 F3000\nG2 X20 Y20',
        'G1 X10 F3000',
        'G28\nG91\nG1 X10 F3000',
        'G91\nG1 Z8 F600\nG1 Z8',
        'G91\nG1 Z-1 F600',
        'M600 X300',
        'M600 Y-5 Z20',
        'M125 Z400',
        'M600 X10 Y10 Z20',
        'G28 O\nM125 X0',
        'G28 X\nM125 X0 Y0',
        'G28\nG1 X100 Y10 Z1 F3000\nG92 X0\nM125 X150',
        'G20\nM600 X10',
        'G28 R200',
        'M207 S1 Z300',
        'M207 Z0.4',
        'M207 Z-1',
        'G28 R-1',
        'M701 L10 Z2000',
        'M702 Z-5',
        'G28\nG1 Z200 F600\nM701 Z51',
        'G28\nM701 Z11',
        'G1 A500 U500 F600',
        'G0 V1',
        'G92 A500',
        'G28 I',
        'M240 X300 Y300',
      ],
    },
    {
      options: {
        sizeMm: { x: 200, y: 200, z: 300 },
        originMm: { x: -100, y: -100, z: 0 },
        travelMarginMm: 5,
      },
      allowed: ['G28\nG1 X-100 Y-100 Z1 F3000\nG1 X100 E5', 'G28\nG1 X-105 F3000'],
      denied: ['G28\nG1 X-106 F3000', 'G28\nG1 X-100 Y0 Z1 F3000\nG1 X-101 E1', 'G28\nG1 Z-1 F600'],
    },
    {
      options: { sizeMm: { x: 220, y: 220, z: 250 }, retractionLiftMm: 1, furtherAxes: ['A', 'I'] },
      allowed: ['M207 Z1', 'G28\nG1 Z249 F600', 'G28 I\nG92 A0\nG1 A500 F600'],
      denied: ['M207 Z1.1', 'G28\nG1 Z249.5 F600', 'G1 A1 B1 F600', 'G92 J0', 'G28 W'],
    },
  ],
})

type Axis = 'X' | 'Y' | 'Z'

function above(axis: Axis, move: Move, reached: number, end: number): Objection {
  return outsideObjection(axis, move, reached, end, 'above')
}

function below(axis: Axis, move: Move, reached: number, end: number): Objection {
  return outsideObjection(axis, move, reached, end, 'below')
}

function outsideObjection(
  axis: Axis,
  move: Move,
  reached: number,
  end: number,
  side: 'above' | 'below',
): Objection {
  const { value, limit } = valueAndLimit(reached, end, 'mm')
  const what = move.depositedMm > 0 ? 'extruding move' : 'travel move'
  return {
    code: ID,
    rule: ID,
    message: `${what} reaches ${axis} ${value}, ${side} the limit of ${limit} of the build volume`,
    value,
    limit,
    remedy: `slice again for this printer, with ${axis} at ${limit} or ${side === 'above' ? 'less' : 'more'}`,
    // A part that stands outside does so on thousands of lines, with as many values.
    group: `${axis} ${side}`,
  }
}

/**
 * Builds differ in whether they take the place as shifted by G92 or not, so it must lie inside either way.
 */
function parksOutside(
  command: Command,
  axis: Axis,
  slot: number,
  unitMm: number,
  shiftMm: number,
  min: number,
  max: number,
  toleranceMm: number,
): Objection | undefined {
  if (!command.hasValue(slot)) return undefined
  const place = command.value(slot) * unitMm
  const lowest = Math.min(place, place + shiftMm)
  const highest = Math.max(place, place + shiftMm)
  if (lowest >= min && highest <= max) return undefined
  const isAbove = highest > max
  const { value, limit } = valueAndLimit(
    isAbove ? highest : lowest,
    isAbove ? max - toleranceMm : min + toleranceMm,
    'mm',
  )
  return {
    code: `${ID}.parking`,
    rule: ID,
    message: `\`${command.name()}\` parks the toolhead at ${axis} ${value}, ${isAbove ? 'above' : 'below'} the limit of ${limit} of the build volume`,
    value,
    limit,
    remedy: `take the place out of \`${command.name()}\`, so that the printer parks where its maker meant it to`,
  }
}

/** Until an axis is homed, what someone before called its place may still shift it. */
function parksNowhere(command: Command, axes: number): Objection | undefined {
  if (axes === 0) return undefined
  const value = listed(axisNames(axes))
  return {
    code: `${ID}.unknown-position`,
    rule: ID,
    message: `\`${command.name()}\` parks the toolhead at a place on ${value} before homing, so where that is cannot be judged`,
    value,
    remedy: `home with \`G28\` before this line, or take the place out of \`${command.name()}\``,
  }
}

/** How far Z may be lifted from where it is; not far where nobody knows that. */
function roomAbove(state: MachineState, topZ: number): number {
  return (state.known & AXIS_Z) !== 0 ? Math.max(0, topZ - state.z) : LIFT_MAX_MM
}

/** Some firmware takes a lift below zero for a way down. */
function wrongLift(command: Command, liftMm: number, maxMm: number): Objection | undefined {
  if (liftMm >= 0 && liftMm <= maxMm) return undefined
  const isBelow = liftMm < 0
  const { value, limit } = valueAndLimit(liftMm, isBelow ? 0 : maxMm, 'mm')
  return {
    code: `${ID}.lift`,
    rule: ID,
    message: `\`${command.name()}\` lifts Z by ${value}, ${isBelow ? 'below' : 'above'} the limit of ${limit}`,
    value,
    limit,
    remedy: `lift by ${limit} or ${isBelow ? 'more' : 'less'}`,
  }
}

function furtherAxis(command: Command, refused: number): Objection | undefined {
  const axes = [...Command.letters(command.present & refused)]
  if (axes.length === 0) return undefined
  const value = listed(axes)
  return {
    code: `${ID}.further-axis`,
    rule: ID,
    message: `\`${command.name()}\` names ${value}, and how far a further axis goes cannot be judged`,
    value,
    limit: 'X, Y, Z and E',
    remedy:
      'take it out; a site whose printer has that axis lists it as `furtherAxes` of `build-volume` in its policy',
    group: value,
  }
}

function unknownPlace(command: Command): Objection {
  return {
    code: `${ID}.parking`,
    rule: ID,
    message: `\`${command.name()}\` sends the toolhead to a camera by a path that cannot be judged`,
    remedy: `write \`${command.name()}\` without a place`,
  }
}

function unknownArc(command: Command): Objection {
  return {
    code: `${ID}.arc`,
    rule: ID,
    message: `the path of arc \`${command.name()}\` cannot be told: it has no centre, or starts from a position that is not known`,
    remedy: 'home, move to an absolute position, and give the arc a centre with I and J or a radius with R',
    group: '',
  }
}

function unknownPosition(axes: number): Objection {
  const value = listed(axisNames(axes))
  return {
    code: `${ID}.unknown-position`,
    rule: ID,
    message: `${value} moved from a position that is not known, so where the move ends cannot be judged`,
    value,
    remedy: 'home with `G28` and go to an absolute position with `G90` before this line',
  }
}
