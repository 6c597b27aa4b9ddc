/** Runs commands on the modelled machine, one after the other, and keeps what each of them would do. */

import {
  advance,
  Command,
  LineParser,
  MARLIN,
  MachineState,
  Move,
  PARSED,
  planMove,
} from '../../gcode/index.ts'
import { bytesOf, idOf } from './lines-of.ts'

/** The names of `Move.kind`. */
const MOVE_KINDS = ['none', 'line', 'arc', 'unknown-arc'] as const

/** One planned move, copied. Axes are letters: `XY`. */
export interface PlannedMove {
  readonly kind: (typeof MOVE_KINDS)[number]
  readonly axes: string
  readonly known: string
  readonly startKnown: string
  readonly min: { readonly x: number; readonly y: number; readonly z: number }
  readonly max: { readonly x: number; readonly y: number; readonly z: number }
  readonly lengthMm: number
  readonly filamentMm: number
  readonly depositedMm: number
  readonly feedrateMmPerMin: number
}

/** Letters of an axis mask. */
export function axesOf(mask: number): string {
  return ['X', 'Y', 'Z'].filter((_, i) => ((mask >> i) & 1) === 1).join('')
}

/** A machine at the declared start, and what was done with it. */
export class Machine {
  readonly state = new MachineState()
  private readonly parser = new LineParser(MARLIN)
  private readonly command = new Command()
  private readonly move = new Move()

  constructor(program = '') {
    this.run(program)
  }

  /** Runs commands apart by newlines or ` | `. Answers the plan of each. Throws where one is refused. */
  run(program: string): readonly PlannedMove[] {
    return program
      .split(/\n| \| /)
      .filter((line) => line.trim() !== '')
      .map((line) => this.runOne(line))
  }

  /** The plan of the last command of a program. */
  last(program: string): PlannedMove {
    return this.run(program).at(-1)!
  }

  /** Where the toolhead is, unknown axes as null. */
  position(): readonly (number | null)[] {
    const { state } = this
    return [state.x, state.y, state.z].map((at, i) => (((state.known >> i) & 1) === 1 ? at : null))
  }

  private runOne(line: string): PlannedMove {
    const bytes = bytesOf(line)
    const result = this.parser.parse(bytes, 0, bytes.length, this.command)
    if (result !== PARSED) throw new Error(`\`${line}\` is refused: ${idOf(result)}`)
    const { move } = this
    planMove(this.state, this.command, move)
    const planned = snapshot(move)
    advance(this.state, this.command, move)
    return planned
  }
}

function snapshot(move: Move): PlannedMove {
  return {
    kind: MOVE_KINDS[move.kind]!,
    axes: axesOf(move.axes),
    known: axesOf(move.known),
    startKnown: axesOf(move.startKnown),
    min: { x: move.minX, y: move.minY, z: move.minZ },
    max: { x: move.maxX, y: move.maxY, z: move.maxZ },
    lengthMm: move.lengthMm,
    filamentMm: move.filamentMm,
    depositedMm: move.depositedMm,
    feedrateMmPerMin: move.feedrateMmPerMin,
  }
}

/** Homed, and moved to a place: every axis is known. */
export function machineAt(x: number, y: number, z: number, program = ''): Machine {
  return new Machine(`G28\nG1 X${x} Y${y} Z${z}\n${program}`)
}
