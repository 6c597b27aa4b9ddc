import { type Command, type Move, NO_MOVE } from '../../../gcode/index.ts'
import { Burst } from './burst.ts'

/**
 * Filament pushed in place between moves. Loading and priming is one push, or a few; a push after each small move is
 * printing, dot by dot, and no single line of it shows that.
 */

/** Pushes behind a move of their own that a person needs in the time: a nozzle that is cleaned and primed again and again. */
const DABS_MAX = 20
const DABS_WITHIN_MS = 10 * 60_000

export class Dabs {
  private readonly burst = new Burst(DABS_MAX, DABS_WITHIN_MS)
  private hasMoved = false
  private isSpent_ = false

  /** Whether the command, not yet sent, would be one push too many. */
  isTooMany(command: Command, move: Move): boolean {
    return this.isSpent_ && isPush(command, move)
  }

  /** A command that is no job's went out. */
  sent(command: Command, move: Move, nowMs: number): void {
    if (move.kind === NO_MOVE) return
    if (!isPush(command, move)) {
      if (move.axes !== 0) this.hasMoved = true
      return
    }
    if (this.hasMoved) this.isSpent_ = this.burst.add(nowMs)
    this.hasMoved = false
  }

  /** A job begins, or a person has looked at it. */
  forget(): void {
    this.burst.forget()
    this.hasMoved = false
    this.isSpent_ = false
  }
}

/** Pushes filament and goes nowhere. Firmware recovery, G11, pushes what G10 pulled back and no more. */
function isPush(command: Command, move: Move): boolean {
  return command.letter === 0x47 && command.code <= 3 && move.axes === 0 && move.filamentMm > 0
}
