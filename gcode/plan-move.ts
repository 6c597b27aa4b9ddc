import { centreOfRadius, RadiusCentre, Sweep, sweepArc } from './arcs.ts'
import { WORD } from './bytes.ts'
import type { Command } from './command.ts'
import { AXES_XYZ, AXIS_X, AXIS_Y, AXIS_Z, type MachineState, PLANE_XY, PLANE_ZX } from './machine-state.ts'
import { ARC_MOVE, LINE_MOVE, type Move, NO_MOVE, UNKNOWN_ARC } from './move.ts'

const G = 0x47
/** What sums of fractions leave between a retraction and its recovery, in mm of filament; far below one step of a motor. */
const ROUNDING_MM = 1e-6
const sweep = new Sweep()
const centre = new RadiusCentre()

/**
 * Works out what a command would do, into `move`, and leaves `state` alone. Only G0 to G3 make a move here;
 * what moves the machine without saying where is told by its row and settled in `advance`.
 */
export function planMove(state: MachineState, command: Command, move: Move): void {
  if (command.letter !== G || command.code > 3) {
    move.kind = NO_MOVE
    return
  }
  move.kind = LINE_MOVE
  planTarget(state, command, move)
  planExtrusion(state, command, move)
  const feedrate = command.value(WORD.F, 0) * state.unitMm
  move.feedrateMmPerMin = feedrate > 0 ? feedrate : state.feedrateMmPerMin
  if (command.code > 1) planArc(state, command, move)
  else planLine(state, move)
}

function planTarget(state: MachineState, command: Command, move: Move): void {
  const valued = command.valued
  const values = command.values
  const unit = state.unitMm
  let axes = 0
  let known = state.known
  move.x = state.x
  move.y = state.y
  move.z = state.z
  // A relative target of an unknown position stays unknown.
  if ((valued & (1 << WORD.X)) !== 0) {
    axes |= AXIS_X
    const value = values[WORD.X]! * unit
    if (state.isRelative === 1) move.x += value
    else {
      move.x = value + state.shiftX
      known |= AXIS_X
    }
  }
  if ((valued & (1 << WORD.Y)) !== 0) {
    axes |= AXIS_Y
    const value = values[WORD.Y]! * unit
    if (state.isRelative === 1) move.y += value
    else {
      move.y = value + state.shiftY
      known |= AXIS_Y
    }
  }
  if ((valued & (1 << WORD.Z)) !== 0) {
    axes |= AXIS_Z
    const value = values[WORD.Z]! * unit
    if (state.isRelative === 1) move.z += value
    else {
      move.z = value + state.shiftZ
      known |= AXIS_Z
    }
  }
  move.axes = axes
  // An absolute target tells where the toolhead is only once homing has tied coordinates to the machine.
  move.known = known & (state.known | state.homed)
  move.startKnown = state.known & move.known
}

function planExtrusion(state: MachineState, command: Command, move: Move): void {
  move.e = state.e
  move.filamentMm = 0
  move.depositedMm = 0
  if (!command.hasValue(WORD.E)) return
  const value = command.values[WORD.E]! * state.extruderUnit()
  const pushed = state.isExtruderRelative === 1 ? value : value - state.e
  move.e = state.e + pushed
  const length = state.volumetricAreaMm2 > 0 ? pushed / state.volumetricAreaMm2 : pushed
  const filament = length * state.flowFactor
  move.filamentMm = filament
  // Filament that was pulled back comes forward where the toolhead stands. What comes on the way lies there, or a pull
  // that the firmware never made would hide what is printed after it. An arc moves without naming an axis, too.
  const isOnTheWay = move.axes !== 0 || command.code > 1
  if (isOnTheWay) move.depositedMm = filament > 0 ? filament : 0
  else {
    const beyond = filament - state.retractedMm
    move.depositedMm = beyond > ROUNDING_MM ? beyond : 0
  }
}

function planLine(state: MachineState, move: Move): void {
  const dx = (move.startKnown & AXIS_X) !== 0 ? move.x - state.x : 0
  const dy = (move.startKnown & AXIS_Y) !== 0 ? move.y - state.y : 0
  const dz = (move.startKnown & AXIS_Z) !== 0 ? move.z - state.z : 0
  move.lengthMm = Math.sqrt(dx * dx + dy * dy + dz * dz)
  move.minX = dx > 0 ? move.x - dx : move.x
  move.maxX = dx < 0 ? move.x - dx : move.x
  move.minY = dy > 0 ? move.y - dy : move.y
  move.maxY = dy < 0 ? move.y - dy : move.y
  move.minZ = dz > 0 ? move.z - dz : move.z
  move.maxZ = dz < 0 ? move.z - dz : move.z
}

/** Offsets of an arc are relative to its start in every mode; the axis across the plane moves in a straight line. */
function planArc(state: MachineState, command: Command, move: Move): void {
  planLine(state, move)
  move.kind = UNKNOWN_ARC
  move.axes = AXES_XYZ
  const plane = state.plane
  const isXy = plane === PLANE_XY
  const isZx = plane === PLANE_ZX
  const inPlane = isXy ? AXIS_X | AXIS_Y : isZx ? AXIS_Z | AXIS_X : AXIS_Y | AXIS_Z
  if ((move.startKnown & inPlane) !== inPlane) return
  const a0 = isXy ? state.x : isZx ? state.z : state.y
  const b0 = isXy ? state.y : isZx ? state.x : state.z
  const a1 = isXy ? move.x : isZx ? move.z : move.y
  const b1 = isXy ? move.y : isZx ? move.x : move.z
  const isClockwise = command.code === 2
  const unit = state.unitMm
  if (command.hasValue(WORD.R)) {
    // Marlin works the centre out of X and Y whatever the plane, so in another plane it is not where R says.
    if (!isXy || !centreOfRadius(a0, b0, a1, b1, command.values[WORD.R]! * unit, isClockwise, centre)) return
  } else {
    centre.offsetA = command.value(isXy ? WORD.I : isZx ? WORD.K : WORD.J) * unit
    centre.offsetB = command.value(isXy ? WORD.J : isZx ? WORD.I : WORD.K) * unit
  }
  const circles = command.value(WORD.P, 0)
  if (!sweepArc(a0, b0, a1, b1, centre.offsetA, centre.offsetB, isClockwise, circles, sweep)) return
  move.kind = ARC_MOVE
  const across = isXy ? move.maxZ - move.minZ : isZx ? move.maxY - move.minY : move.maxX - move.minX
  move.lengthMm = Math.hypot(sweep.radiusMm * sweep.angleRad, across)
  storeSweep(isXy, isZx, move)
}

function storeSweep(isXy: boolean, isZx: boolean, move: Move): void {
  if (isXy) {
    move.minX = sweep.minA
    move.maxX = sweep.maxA
    move.minY = sweep.minB
    move.maxY = sweep.maxB
  } else if (isZx) {
    move.minZ = sweep.minA
    move.maxZ = sweep.maxA
    move.minX = sweep.minB
    move.maxX = sweep.maxB
  } else {
    move.minY = sweep.minA
    move.maxY = sweep.maxA
    move.minZ = sweep.minB
    move.maxZ = sweep.maxB
  }
}
