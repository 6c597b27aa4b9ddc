import {
  advance,
  CANONICAL_BYTES_MAX,
  Command,
  type CommandTable,
  EMPTY,
  explainRefusal,
  isLicencePart,
  JobDigest,
  LineParser,
  type LineSink,
  LineSplitter,
  MachineState,
  Move,
  PARSED,
  planMove,
  writeLine,
} from '../../gcode/index.ts'
import type { Objection, Verdict } from '../../policies/index.ts'
import type { CommandQueue } from './command-queue.ts'
import { pushedMicrons } from './odometer.ts'
import { UNTOLD } from './printer/reply.ts'

/**
 * The line path of a job from a file: bytes to lines, commands, verdicts, and the canonical commands that may go
 * out. The survey has judged every one of them before; a line that is refused here means that what is printed is
 * not what was surveyed, and stops the job.
 */

const LETTER_M = 0x4d
/** M110. It observes, so that leaving it out changes no job's digest. */
const RENUMBER = 110

/** The part of a policy that the line path needs. */
export interface LineJudge {
  judge(command: Command, state: MachineState, move: Move): Verdict
}

export interface RefusedInPrint {
  readonly line: number
  readonly message: string
}

export class JobReader implements LineSink {
  private readonly parser: LineParser
  private readonly splitter = new LineSplitter(this)
  private readonly command = new Command()
  private readonly move = new Move()
  private readonly state = new MachineState()
  private readonly canonical = new Uint8Array(CANONICAL_BYTES_MAX)
  private readonly judge: LineJudge
  private readonly queue: CommandQueue
  private lineNumber = 0
  private refused_: RefusedInPrint | undefined
  private readonly isConfidential: boolean

  /** `isConfidential` where nothing that is told may quote the job. */
  constructor(table: CommandTable, judge: LineJudge, queue: CommandQueue, isConfidential = false) {
    this.isConfidential = isConfidential
    this.parser = new LineParser(table)
    this.judge = judge
    this.queue = queue
  }

  /** Set once a line was refused; nothing behind it is queued. */
  get refused(): RefusedInPrint | undefined {
    return this.refused_
  }

  push(block: Uint8Array): void {
    this.splitter.push(block)
  }

  end(): void {
    this.splitter.end()
  }

  /** See `LineSink`. */
  line(bytes: Uint8Array, start: number, end: number): void {
    this.lineNumber++
    if (this.refused_ !== undefined) return
    const command = this.command
    const code = this.parser.parse(bytes, start, end, command)
    if (code === EMPTY) return
    if (code !== PARSED) {
      this.refuse(explainRefusal(code, command, bytes, start, end).message)
      return
    }
    planMove(this.state, command, this.move)
    const verdict = this.judge.judge(command, this.state, this.move)
    if (verdict.kind !== 'allow') {
      this.refuse(firstMessage(verdict.objections))
      return
    }
    const pushed = pushedMicrons(this.state, this.move)
    advance(this.state, command, this.move)
    // The numbers on the wire are ours: a job that renumbers would make the printer ask for lines that never were.
    if (command.letter === LETTER_M && command.code === RENUMBER) return
    // A licence is for us.
    if (isLicencePart(command)) return
    const length = writeLine(command, this.canonical, 0)
    this.queue.push(this.canonical, 0, length, JobDigest.counts(command), pushed)
  }

  private refuse(message: string): void {
    this.refused_ = { line: this.lineNumber, message: this.isConfidential ? UNTOLD : message }
  }
}

function firstMessage(objections: readonly Objection[]): string {
  return objections[0]?.message ?? 'the policy gave no reason'
}
