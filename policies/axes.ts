import {
  AXES_XYZ,
  AXIS_X,
  AXIS_Y,
  AXIS_Z,
  type Command,
  LINE_MOVE,
  type MachineState,
  type Move,
  WORD,
} from '../gcode/index.ts'

/** What rules about positions share. */

/**
 * How far Z may be raised, in all, while nobody knows where it is, in mm. Start codes lift the nozzle so that
 * homing X and Y does not scratch the bed; every printer has that much room, or its own end stop.
 */
export const LIFT_MAX_MM = 10

/** Axes that stand on the line with a value. An arc also sweeps axes that it does not name. */
export function namedAxes(command: Command): number {
  const valued = command.valued
  return (
    (valued & (1 << WORD.X) ? AXIS_X : 0) |
    (valued & (1 << WORD.Y) ? AXIS_Y : 0) |
    (valued & (1 << WORD.Z) ? AXIS_Z : 0)
  )
}

/**
 * Whether the line only lifts a Z of unknown height, by a relative move and not too far. The state adds such
 * moves up, so that many small lifts do not make a long one; homing does not start the sum again, which is on
 * the safe side.
 */
export function isSmallLift(state: MachineState, move: Move): boolean {
  return (
    move.kind === LINE_MOVE &&
    move.axes === AXIS_Z &&
    state.isRelative === 1 &&
    move.filamentMm <= 0 &&
    move.z >= state.z &&
    move.z <= LIFT_MAX_MM
  )
}

/** Names of the axes in a mask: for people. Cold. */
export function axisNames(axes: number): readonly string[] {
  const names = []
  if ((axes & AXIS_X) !== 0) names.push('X')
  if ((axes & AXIS_Y) !== 0) names.push('Y')
  if ((axes & AXIS_Z) !== 0) names.push('Z')
  return names
}

/** Axes of XYZ that are not in the mask. */
export function otherAxes(axes: number): number {
  return AXES_XYZ & ~axes
}
