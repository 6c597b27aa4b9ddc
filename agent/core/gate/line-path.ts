import {
  advance,
  CANONICAL_BYTES_MAX,
  Command,
  type CommandTable,
  EMPTY,
  Envelope,
  explainRefusal,
  JobDigest,
  LineParser,
  MachineState,
  Move,
  PARSED,
  type ParseCode,
  planMove,
  readEnvelope,
  SPACE,
  UNNUMBERED,
  writeLine,
} from '../../../gcode/index.ts'
import type { Verdict } from '../../../policies/index.ts'
import type { LineJudge } from '../job-reader.ts'
import { pushedMicrons, SentTally } from '../odometer.ts'

/**
 * The line path of a host's stream: bytes to command, verdict and canonical form, against the state that all lines let
 * through so far have made. Owns its scratch, so that a line costs no garbage.
 */
export class LinePath {
  readonly command = new Command()
  readonly move = new Move()
  readonly state = new MachineState()
  /** The canonical form of the line last read: `canonical[0, canonicalEnd)`. */
  readonly canonical = new Uint8Array(CANONICAL_BYTES_MAX)
  canonicalEnd = 0
  /** The host's number of the line last read, or `UNNUMBERED`. */
  lineNumber = UNNUMBERED
  /** Whether a line that cannot be read is nonetheless as the host wrote it: its checksum says so. */
  isIntact = false
  /** What went out so far. */
  readonly sent = new SentTally()
  private readonly parser: LineParser
  private readonly raw = new Envelope()
  private readonly judge_: LineJudge

  constructor(table: CommandTable, judge: LineJudge) {
    this.parser = new LineParser(table)
    this.judge_ = judge
  }

  /** Reads `bytes[start, end)`, one line without its end. */
  read(bytes: Uint8Array, start: number, end: number): ParseCode {
    const code = this.parser.parse(bytes, start, end, this.command)
    this.lineNumber = this.parser.envelope.lineNumber
    this.isIntact = code === PARSED
    if (code === PARSED) this.canonicalEnd = writeLine(this.command, this.canonical, 0)
    else if (code === EMPTY) this.lineNumber = UNNUMBERED
    else this.readRaw(bytes, start, end)
    return code
  }

  /** A line with bytes that no command may hold was refused before its number was looked at. */
  private readRaw(bytes: Uint8Array, start: number, end: number): void {
    let last = end
    while (last > start && bytes[last - 1] === SPACE) last--
    const code = readEnvelope(bytes, start, last, this.raw)
    this.lineNumber = code === PARSED ? this.raw.lineNumber : UNNUMBERED
    this.isIntact = code === PARSED && this.lineNumber !== UNNUMBERED
  }

  /** Judges the command last read. */
  judge(): Verdict {
    planMove(this.state, this.command, this.move)
    return this.judge_.judge(this.command, this.state, this.move)
  }

  /** Takes the command last judged into the state: it goes out. */
  take(): void {
    this.sent.add(pushedMicrons(this.state, this.move), JobDigest.counts(this.command))
    advance(this.state, this.command, this.move)
  }

  /** Why the line last read cannot be read. Cold. */
  explain(code: ParseCode, bytes: Uint8Array, start: number, end: number): { code: string; message: string } {
    const refusal = explainRefusal(code, this.command, bytes, start, end)
    return { code: `grammar.${refusal.code}`, message: refusal.message }
  }
}
