import { AXES_XYZ, type Command, type MachineState, WORD } from '../../../gcode/index.ts'

/**
 * Where the toolhead stands after homing only the printer knows, and Marlin says so by itself before its `ok` (G28.cpp
 * `report_current_position`). With that a person who homes and then jogs, as hosts' buttons do, is judged by where the
 * jog ends; without, every relative move would be one from nowhere.
 */

/** `X:0.00 Y:0.00 Z:5.00 E:0.00 Count X:0 Y:0 Z:2000`. */
const POSITION = /^X:(-?\d{1,6}\.\d{1,3}) Y:(-?\d{1,6}\.\d{1,3}) Z:(-?\d{1,6}\.\d{1,3}) E:/
const LETTER_G = 0x47

export class HomeReport {
  private isAwaited = false

  /** A command went out. Only behind a homing of all axes that surely homes is a report one of a known place. */
  sent(command: Command): void {
    this.isAwaited = command.letter === LETTER_G && command.code === 28 && !command.has(WORD.O)
  }

  /** A line of the printer. `isAlone`: nothing but the last command sent is on its way, so the line is about that. */
  heard(line: string, isAlone: boolean, state: MachineState): void {
    if (!this.isAwaited || !isAlone || state.homed !== AXES_XYZ || state.unitMm !== 1) return
    const match = POSITION.exec(line)
    if (match === null) return
    this.isAwaited = false
    state.x = Number(match[1]) + state.shiftX
    state.y = Number(match[2]) + state.shiftY
    state.z = Number(match[3]) + state.shiftZ
    state.known = AXES_XYZ
  }
}
