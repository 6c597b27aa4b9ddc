import {
  advance,
  asciiBytes,
  Command,
  LineParser,
  MARLIN,
  MachineState,
  Move,
  PARSED,
  planMove,
} from '../../gcode/index.ts'
import type { ObjectionSink, Policy, Verdict } from '../../policies/index.ts'

/** A gate in short: judges lines as they come and takes only the allowed ones into its state. */
export class LineReader {
  readonly state = new MachineState()
  readonly command = new Command()
  readonly move = new Move()
  private readonly parser = new LineParser(MARLIN)

  /** Reads one line and plans what it would do. */
  read(line: string): void {
    const bytes = asciiBytes(line)
    const code = this.parser.parse(bytes, 0, bytes.length, this.command)
    if (code !== PARSED) throw new Error(`\`${line}\` is not read: ${code}`)
    planMove(this.state, this.command, this.move)
  }

  /** The verdict of a line; the state moves on only where it is allowed. */
  pass(policy: Policy, line: string, sink?: ObjectionSink): Verdict {
    this.read(line)
    const verdict = policy.judge(this.command, this.state, this.move, sink)
    if (verdict.kind === 'allow') advance(this.state, this.command, this.move)
    return verdict
  }

  /** Lines that are let through, unjudged. */
  run(lines: string): this {
    for (const line of lines.split('\n')) {
      this.read(line)
      advance(this.state, this.command, this.move)
    }
    return this
  }
}
