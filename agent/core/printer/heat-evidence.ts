import { reportsCold, reportsTemperatures } from './reply.ts'

/**
 * Whether the printer may be heating: from the first command that sets a target, until the printer itself says that
 * all targets are 0. Its word counts only as the answer to an `M105` that went out after that command, alone, and only
 * twice in a row: an `ok` that came twice passes for the answer of the line behind it, and may be older than the heat.
 */

/** Answers in a row that must say so. One may be that of a question from before. */
const COLD_ANSWERS_MIN = 2
/** Commands of our own that set a target, where it is not 0. */
const TARGET = /^M(?:104|109|140|141|190|191) (?!(?:T\d+ )?S0$)/
const QUESTION = [0x4d, 0x31, 0x30, 0x35] as const
const SPACE = 0x20

export class HeatEvidence {
  private mayBeHot_ = false
  /** Number of the question that waits for its answer, or -1. */
  private asked = -1
  private coldAnswers = 0

  get mayBeHot(): boolean {
    return this.mayBeHot_
  }

  /** A command that sets a target is about to go out. */
  heats(): void {
    this.mayBeHot_ = true
    this.forgetAnswers()
  }

  /** Lines of our own are about to go out: a place that was left may be warmed up again. */
  ownLines(lines: readonly string[]): void {
    if (lines.some((line) => TARGET.test(line))) this.heats()
  }

  /** The machine was brought to rest, or has no power over its heaters any more. */
  isCold(): void {
    this.mayBeHot_ = false
    this.forgetAnswers()
  }

  /** What was asked is not answered any more, and the numbers begin anew. */
  forgetAnswers(): void {
    this.asked = -1
    this.coldAnswers = 0
  }

  /** `command[start, end)` goes out as line `number`; `isAlone`: nothing else is on its way. */
  sent(command: Uint8Array, start: number, end: number, number: number, isAlone: boolean): void {
    if (this.mayBeHot_ && isAlone && isQuestion(command, start, end)) this.asked = number
  }

  /** An `ok` has come, and all lines before `oldest` are settled now. */
  answered(reply: string, oldest: number): void {
    if (!this.mayBeHot_ || this.asked < 0 || oldest <= this.asked) return
    const isIts = oldest === this.asked + 1 && reportsTemperatures(reply)
    this.asked = -1
    this.coldAnswers = isIts && reportsCold(reply) ? this.coldAnswers + 1 : 0
    if (this.coldAnswers >= COLD_ANSWERS_MIN) this.isCold()
  }
}

function isQuestion(command: Uint8Array, start: number, end: number): boolean {
  for (let i = 0; i < QUESTION.length; i++) if (command[start + i] !== QUESTION[i]) return false
  const after = start + QUESTION.length
  return after === end || (after < end && command[after] === SPACE)
}
