import type { Command, MachineState, Move } from '../gcode/index.ts'
import type { LineCheck } from './rule.ts'

const PASS: LineCheck = () => undefined

/**
 * The checks of moves, which are nine lines in ten, each with a call of its own: V8 inlines a call that
 * always meets the same function, and none of several that meet at one place in a loop. `check` of a large
 * job gains a tenth by it.
 */
export class MoveChecks {
  private readonly first: LineCheck
  private readonly second: LineCheck
  private readonly third: LineCheck
  private readonly fourth: LineCheck
  private readonly fifth: LineCheck
  private readonly sixth: LineCheck
  /** What does not fit above, one after the other. */
  private readonly others: readonly LineCheck[]

  constructor(checks: readonly LineCheck[]) {
    const [first, second, third, fourth, fifth, sixth, ...others] = checks
    this.first = first ?? PASS
    this.second = second ?? PASS
    this.third = third ?? PASS
    this.fourth = fourth ?? PASS
    this.fifth = fifth ?? PASS
    this.sixth = sixth ?? PASS
    this.others = others
  }

  /** Whether no check objects or throws. Who objects, and why, is asked again by the caller. */
  pass(command: Command, state: MachineState, move: Move): boolean {
    try {
      return (
        this.first(command, state, move) === undefined &&
        this.second(command, state, move) === undefined &&
        this.third(command, state, move) === undefined &&
        this.fourth(command, state, move) === undefined &&
        this.fifth(command, state, move) === undefined &&
        this.sixth(command, state, move) === undefined &&
        this.passOthers(command, state, move)
      )
    } catch {
      return false
    }
  }

  private passOthers(command: Command, state: MachineState, move: Move): boolean {
    for (let i = 0; i < this.others.length; i++)
      if (this.others[i]!(command, state, move) !== undefined) return false
    return true
  }
}
