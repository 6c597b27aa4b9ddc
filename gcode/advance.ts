import { WORD } from './bytes.ts'
import { type Command, NO_SUBCODE } from './command.ts'
import {
  AXES_XYZ,
  AXIS_X,
  AXIS_Y,
  AXIS_Z,
  type MachineState,
  MM_PER_INCH,
  PLANE_XY,
  RETRACTED_MAX_MM,
} from './machine-state.ts'
import { type Move, NO_MOVE, UNKNOWN_ARC } from './move.ts'

const G = 0x47
const M = 0x4d

/**
 * Takes a command that was judged and let through into the state. `move` is what `planMove` made of it.
 * Follows Marlin 2.1; where a line would leave the position in doubt, it is unknown from then on.
 */
export function advance(state: MachineState, command: Command, move: Move): void {
  if (move.kind !== NO_MOVE) {
    finishMove(state, move)
    return
  }
  if (command.letter === G) advanceG(state, command)
  else if (command.letter === M) advanceM(state, command)
  else if (command.letter !== 0 && command.code !== state.tool) changeTool(state, command.code)
}

function finishMove(state: MachineState, move: Move): void {
  state.x = move.x
  state.y = move.y
  state.z = move.z
  state.known = move.kind === UNKNOWN_ARC ? 0 : move.known
  state.e = move.e
  state.feedrateMmPerMin = move.feedrateMmPerMin
  state.filamentMm += move.depositedMm
  // A longer pull may not have been made at all.
  if (move.filamentMm < -RETRACTED_MAX_MM) return
  const retracted = state.retractedMm - move.filamentMm
  state.retractedMm = retracted > 0 ? Math.min(retracted, RETRACTED_MAX_MM) : 0
}

function advanceG(state: MachineState, command: Command): void {
  switch (command.code) {
    case 17:
    case 18:
    case 19:
      state.plane = command.code
      return
    case 20:
      state.unitMm = MM_PER_INCH
      return
    case 21:
      state.unitMm = 1
      return
    case 28:
      home(state, command)
      return
    case 34:
    case 35:
      state.plane = PLANE_XY
      loseAxes(state, command)
      return
    case 90:
    case 91:
      // gcode.h `set_relative_mode`: the extruder's bit is rewritten together with the axes'.
      state.isRelative = command.code - 90
      state.isExtruderRelative = command.code - 90
      return
    case 92:
      if (command.subcode === NO_SUBCODE) setPosition(state, command)
      return
    default:
      loseAxes(state, command)
  }
}

function advanceM(state: MachineState, command: Command): void {
  switch (command.code) {
    case 18:
    case 84:
      releaseMotors(state, command)
      return
    case 82:
      state.isExtruderRelative = 0
      return
    case 83:
      state.isExtruderRelative = 1
      return
    case 200:
      setVolumetric(state, command)
      return
    case 220:
      setSpeedFactor(state, command)
      return
    case 221:
      if (command.hasValue(WORD.S)) setFlowFactor(state, command)
      return
    default:
      loseAxes(state, command)
  }
}

/**
 * A tool change moves by an offset that only the printer knows. Each tool has filament and factors of its own, and a
 * printer without that tool keeps the one it has: so from here on whichever of them pushes more holds, and nothing
 * counts as retracted.
 */
function changeTool(state: MachineState, tool: number): void {
  state.tool = tool
  state.known = 0
  state.retractedMm = 0
  state.flowFactor = Math.max(state.flowFactor, state.otherFlowFactor)
  state.otherFlowFactor = state.flowFactor
  state.filamentDiameterMm = Math.min(state.filamentDiameterMm, state.otherDiameterMm)
  state.otherDiameterMm = state.filamentDiameterMm
  if (state.volumetricAreaMm2 > 0) state.volumetricAreaMm2 = areaMm2(state.filamentDiameterMm)
}

/** Whether the command speaks of the selected tool and no other. Tool 0 is there on every printer, another may not be. */
function isForThisTool(state: MachineState, command: Command): boolean {
  return !command.has(WORD.T) || (command.value(WORD.T) === 0 && state.tool === 0)
}

/** M200 D names a diameter and turns volumetric E on, D0 turns it off, S turns it on or off; without them it reports. */
function setVolumetric(state: MachineState, command: Command): void {
  let isOn = state.volumetricAreaMm2 > 0
  let mayBeOn = true
  if (command.hasValue(WORD.D)) {
    // Marlin squares the diameter, so a negative one works as well.
    const diameterMm = Math.abs(command.values[WORD.D]!) * state.unitMm
    if (diameterMm === 0) mayBeOn = false
    else if (isForThisTool(state, command)) state.filamentDiameterMm = diameterMm
    else {
      state.filamentDiameterMm = Math.min(state.filamentDiameterMm, diameterMm)
      state.otherDiameterMm = Math.min(state.otherDiameterMm, diameterMm)
    }
    isOn = mayBeOn
  }
  if (command.hasValue(WORD.S)) isOn = command.values[WORD.S] !== 0
  state.volumetricAreaMm2 = isOn && mayBeOn ? areaMm2(state.filamentDiameterMm) : 0
}

function areaMm2(diameterMm: number): number {
  return (Math.PI * diameterMm * diameterMm) / 4
}

/** `M220 B` puts the factor aside and `R` takes it back, but not on every build: then the faster of the two holds. */
function setSpeedFactor(state: MachineState, command: Command): void {
  const before = state.speedFactor
  if (command.has(WORD.R)) state.speedFactor = Math.max(before, state.savedSpeedFactor)
  if (command.has(WORD.B)) state.savedSpeedFactor = before
  if (command.hasValue(WORD.S)) state.speedFactor = command.values[WORD.S]! / 100
}

/** A factor for another tool, or for one that may not be there, can only raise what is reckoned with. */
function setFlowFactor(state: MachineState, command: Command): void {
  const factor = command.values[WORD.S]! / 100
  if (isForThisTool(state, command)) {
    state.flowFactor = factor
    return
  }
  state.flowFactor = Math.max(state.flowFactor, factor)
  state.otherFlowFactor = Math.max(state.otherFlowFactor, factor)
}

/** G28 finds the machine's own origin again: the homed axes lose their G92 shift, and where they stop only the printer knows. */
function home(state: MachineState, command: Command): void {
  const named = namedAxes(command)
  const axes = named === 0 ? AXES_XYZ : named
  // Before Z some machines move X and Y.
  state.known = 0
  if (command.has(WORD.O)) {
    // It homes only a printer that is not homed, and so may do nothing: then what was shifted before stays, and the plane.
    const isPlain = state.shiftX === 0 && state.shiftY === 0 && state.shiftZ === 0 && state.plane === PLANE_XY
    if (!isPlain) state.homed = 0
    return
  }
  state.plane = PLANE_XY
  state.homed |= axes
  if ((axes & AXIS_X) !== 0) state.shiftX = 0
  if ((axes & AXIS_Y) !== 0) state.shiftY = 0
  if ((axes & AXIS_Z) !== 0) state.shiftZ = 0
}

function setPosition(state: MachineState, command: Command): void {
  const unit = state.unitMm
  if (command.hasValue(WORD.E)) state.e = command.values[WORD.E]! * state.extruderUnit()
  if (command.hasValue(WORD.X)) {
    if ((state.known & AXIS_X) !== 0) state.shiftX = state.x - command.values[WORD.X]! * unit
    else state.homed &= ~AXIS_X
  }
  if (command.hasValue(WORD.Y)) {
    if ((state.known & AXIS_Y) !== 0) state.shiftY = state.y - command.values[WORD.Y]! * unit
    else state.homed &= ~AXIS_Y
  }
  if (command.hasValue(WORD.Z)) {
    if ((state.known & AXIS_Z) !== 0) state.shiftZ = state.z - command.values[WORD.Z]! * unit
    else state.homed &= ~AXIS_Z
  }
}

/**
 * Steppers without current can be pushed anywhere: coordinates are no longer tied to the machine. `M84 S60` only
 * sets the idle time, and `M84 E` frees no axis (M17_M18_M84.cpp).
 */
function releaseMotors(state: MachineState, command: Command): void {
  let axes = namedAxes(command)
  if (axes === 0 && command.present === 0) axes = AXES_XYZ
  state.known &= ~axes
  state.homed &= ~axes
}

/** Axes of X, Y and Z that the command names. */
function namedAxes(command: Command): number {
  let axes = 0
  if (command.has(WORD.X)) axes |= AXIS_X
  if (command.has(WORD.Y)) axes |= AXIS_Y
  if (command.has(WORD.Z)) axes |= AXIS_Z
  return axes
}

function loseAxes(state: MachineState, command: Command): void {
  const row = command.row
  // What an unknown command does to the machine is unknown, too.
  const lost = row === undefined ? AXES_XYZ : row.losesAxes
  if (lost === 0) return
  state.known &= ~lost
  // After a quick stop the steps that were under way are lost, and with them the tie to the machine.
  if (row === undefined || row.class === 'emergency') state.homed &= ~lost
}
