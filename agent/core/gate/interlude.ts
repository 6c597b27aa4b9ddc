import { AXES_XYZ, type Command, MachineState, type Move, PLANE_XY, WORD } from '../../../gcode/index.ts'
import { isPrinting } from './command-kinds.ts'

/**
 * A pause in a job that runs in lockstep: a person jogs the toolhead aside, changes filament, warms it again. Where
 * policy permits it, the gate remembers how the job was left and puts it back before the job's next command, so that
 * nothing of the pause shows in the part.
 */

const G = 0x47
const M = 0x4d
/** Classes of commands that a person needs in a pause, and whose effect is put back. */
const CLASSES: readonly string[] = ['modes', 'waiting']
/** Straight moves, with the words that are put back. */
const MOVES: readonly number[] = [0, 1]
const MOVE_WORDS = (1 << WORD.X) | (1 << WORD.Y) | (1 << WORD.Z) | (1 << WORD.E) | (1 << WORD.F)
/** Heaters and the fan of the part, with the words of `Targets`: no other tool, no preset, no automatic target. */
const TARGETS: readonly number[] = [104, 109, 140, 190, 141, 191, 106, 107]
const TARGET_WORDS = (1 << WORD.S) | (1 << WORD.R)
/** Feedrate at which the toolhead goes back, mm a minute: slow enough for every machine's Z. */
const BACK_XY_MM_PER_MIN = 6000
const BACK_Z_MM_PER_MIN = 300
const PRIME_MM_PER_MIN = 300
/** Most filament that is pushed back to where it was, in mm. What was pulled further was taken out. */
const PRIME_MM_MAX = 20

/** The targets that the host's commands have set. */
interface Targets {
  nozzleCelsius: number
  bedCelsius: number
  chamberCelsius: number
  /** 0 to 255. */
  fan: number
}

export class Interlude {
  private readonly targets: Targets = { nozzleCelsius: 0, bedCelsius: 0, chamberCelsius: 0, fan: 0 }
  private readonly left = new MachineState()
  private leftTargets: Targets = { ...this.targets }
  private isOpen_ = false
  private commands_ = 0

  get isOpen(): boolean {
    return this.isOpen_
  }

  get commands(): number {
    return this.commands_
  }

  /** A command went out, of a job or not. */
  sent(command: Command): void {
    // Another tool's heater, another fan.
    if (command.letter !== M || command.value(WORD.T, 0) !== 0 || command.value(WORD.P, 0) !== 0) return
    const { targets } = this
    switch (command.code) {
      case 104:
      case 109:
        targets.nozzleCelsius = command.value(WORD.S, command.value(WORD.R, targets.nozzleCelsius))
        return
      case 140:
      case 190:
        targets.bedCelsius = command.value(WORD.S, command.value(WORD.R, targets.bedCelsius))
        return
      case 141:
      case 191:
        targets.chamberCelsius = command.value(WORD.S, command.value(WORD.R, targets.chamberCelsius))
        return
      case 106:
        targets.fan = command.value(WORD.S, 255)
        return
      case 107:
        targets.fan = 0
    }
  }

  /** The printer is at its declared start, all off. */
  reset(): void {
    Object.assign(this.targets, { nozzleCelsius: 0, bedCelsius: 0, chamberCelsius: 0, fan: 0 })
    this.isOpen_ = false
  }

  /** Another job begins, and nothing of the last one is put back. */
  forget(): void {
    this.isOpen_ = false
  }

  /** Whether the job can be left here at all: only a place that is known can be gone back to. */
  canBegin(state: MachineState): boolean {
    return (
      state.known === AXES_XYZ &&
      state.homed === AXES_XYZ &&
      state.unitMm === 1 &&
      state.volumetricAreaMm2 === 0 &&
      state.plane === PLANE_XY &&
      state.tool === 0
    )
  }

  /** Whether a person may have this command in a pause. `move` is what it would do. */
  permits(command: Command, move: Move): boolean {
    const { row, letter, code, present } = command
    if (row === undefined || isPrinting(command, move)) return false
    if (letter === G && code === 92) return present === 1 << WORD.E
    if (letter === G && MOVES.includes(code)) return (present & ~MOVE_WORDS) === 0
    if (letter === M && TARGETS.includes(code)) return (present & ~TARGET_WORDS) === 0
    return CLASSES.includes(row.class)
  }

  /** The job is left in this state. */
  begin(state: MachineState): void {
    this.isOpen_ = true
    this.commands_ = 0
    this.left.copyFrom(state)
    this.leftTargets = { ...this.targets }
  }

  /** A command of the pause went out. */
  count(): void {
    this.commands_++
  }

  /**
   * The lines that put everything back, and the state with it. Heat first, then the toolhead over its place, down to it,
   * then filament, modes and feedrate.
   */
  end(state: MachineState): readonly string[] {
    const { left } = this
    this.isOpen_ = false
    const lines = [...this.heat(), 'G21', 'G90', ...back(left, state), 'M83', ...prime(left, state)]
    lines.push(`G92 E${text(left.e)}`)
    // Marlin: the last of these decides for the extruder, so its own comes second.
    lines.push(left.isRelative === 1 ? 'G91' : 'G90', left.isExtruderRelative === 1 ? 'M83' : 'M82')
    if (left.feedrateMmPerMin > 0) lines.push(`G1 F${text(left.feedrateMmPerMin)}`)
    state.copyFrom(left)
    Object.assign(this.targets, this.leftTargets)
    return lines
  }

  private heat(): readonly string[] {
    const { nozzleCelsius, bedCelsius, chamberCelsius, fan } = this.leftTargets
    const lines: string[] = []
    if (chamberCelsius !== this.targets.chamberCelsius) lines.push(`M141 S${chamberCelsius}`)
    // Waits where it must be warm, and only sets where it must not.
    lines.push(bedCelsius > 0 ? `M190 S${bedCelsius}` : 'M140 S0')
    lines.push(nozzleCelsius > 0 ? `M109 S${nozzleCelsius}` : 'M104 S0')
    lines.push(fan > 0 ? `M106 S${fan}` : 'M107')
    return lines
  }
}

/** Never lower than the place while away from it: what stands there would be hit. */
function back(left: MachineState, now: MachineState): readonly string[] {
  const z = `G1 Z${text(left.z - left.shiftZ)} F${BACK_Z_MM_PER_MIN}`
  const xy = `G1 X${text(left.x - left.shiftX)} Y${text(left.y - left.shiftY)} F${BACK_XY_MM_PER_MIN}`
  return now.z < left.z ? [z, xy] : [xy, z]
}

/** Filament that the pause pulled back is pushed to where it was; what it pushed has dripped off and stays away. */
function prime(left: MachineState, now: MachineState): readonly string[] {
  const pulledMm = now.retractedMm - left.retractedMm
  if (pulledMm <= 0) return []
  return [`G1 E${text(Math.min(pulledMm, PRIME_MM_MAX))} F${PRIME_MM_PER_MIN}`]
}

/** Marlin keeps thousandths; an exponent would be another word. */
function text(value: number): string {
  return String(Number(value.toFixed(5)))
}
