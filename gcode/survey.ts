import { advance } from './advance.ts'
import { CARRIAGE_RETURN, NEWLINE, SEMICOLON, WORD } from './bytes.ts'
import { ClaimReader } from './claims.ts'
import { Command } from './command.ts'
import type { CommandTable } from './command-table.ts'
import { FactTally } from './fact-tally.ts'
import type { Claims, Facts, RefusedLine } from './facts.ts'
import { type ByteHasher, JobDigest } from './job-digest.ts'
import { type LineSink, LineSplitter } from './lines.ts'
import { FILAMENT_DIAMETER_MM, MachineState } from './machine-state.ts'
import { Move, NO_MOVE } from './move.ts'
import { LineParser } from './parse-line.ts'
import { parsePlain } from './parse-plain.ts'
import { planMove } from './plan-move.ts'
import { EMPTY, explainRefusal, PARSED } from './refusal.ts'
import { TimeEstimate } from './time-estimate.ts'

/** Refused lines that are kept with their reason. A file of junk has as many as lines; their number is kept whole. */
const REFUSED_LINES_MAX = 20

/** Someone who judges each command of a job during the survey: a policy. Called before the state takes the command. */
export interface SurveyJudge {
  judgeLine(command: Command, state: MachineState, move: Move, line: number): void
}

export interface SurveyOptions {
  readonly table: CommandTable
  /** Hashes the canonical commands. */
  readonly hasher: ByteHasher
  readonly judge?: SurveyJudge
  /** Diameter that turns lengths of filament into volumes, in mm. */
  readonly filamentDiameterMm?: number
  /** False leaves the time estimate out, for measuring what it costs. */
  readonly estimatesTime?: boolean
}

/**
 * One pass over a job: facts, claims, digest, and the judgement of each line, from the declared start state.
 * Bounded in memory whatever the job holds.
 */
export class Survey implements LineSink {
  private readonly table: CommandTable
  private readonly parser: LineParser
  private readonly splitter: LineSplitter
  private readonly command = new Command()
  private readonly move = new Move()
  private readonly state = new MachineState()
  private readonly digest: JobDigest
  private readonly claimReader = new ClaimReader()
  private readonly tally: FactTally
  private readonly judge: SurveyJudge | undefined
  private readonly estimate: TimeEstimate | undefined
  private line_ = 0
  /** Behind the last newline of the chunk; -1 until somebody asks. */
  private limit = -1
  private readonly refused: RefusedLine[] = []
  private refusedCount_ = 0

  constructor(options: SurveyOptions) {
    this.table = options.table
    this.parser = new LineParser(options.table)
    this.splitter = new LineSplitter(this)
    this.digest = new JobDigest(options.hasher)
    this.tally = new FactTally(options.filamentDiameterMm ?? FILAMENT_DIAMETER_MM)
    this.judge = options.judge
    this.estimate = options.estimatesTime === false ? undefined : new TimeEstimate()
  }

  /** The next bytes of the job, cut anywhere. */
  push(chunk: Uint8Array, from = 0, to = chunk.length): void {
    this.limit = -1
    this.splitter.push(chunk, from, to)
  }

  /** The job has ended. Call before the results are asked for. Answers whether it ended within a command. */
  end(): boolean {
    const commandsBefore = this.tally.commandCount
    this.splitter.end()
    this.digest.flush()
    this.tally.end()
    return this.tally.commandCount > commandsBefore
  }

  /** Runs of canonical lines are hashed where they lie. See `LineSink`. */
  takeLines(bytes: Uint8Array, from: number, to: number): number {
    // Only lines that end here: reading past the end of an array once makes every later read of it slow. Looked for once
    // a chunk, or a chunk of lines that end otherwise would be searched again for each of them.
    if (this.limit < 0) this.limit = bytes.lastIndexOf(NEWLINE, to - 1) + 1
    const limit = this.limit
    const table = this.table
    const command = this.command
    let at = from
    let runStart = from
    while (at < limit) {
      if (bytes[at] === SEMICOLON) {
        const end = commentEnd(bytes, at)
        if (bytes[end] !== NEWLINE) break
        if (runStart < at) this.digest.addRun(bytes, runStart, at)
        this.line_++
        this.claimReader.read(bytes, at, end)
        at = end + 1
        runStart = at
        continue
      }
      const next = parsePlain(table, bytes, at, limit, command)
      if (next < 0) break
      this.line_++
      const counts = JobDigest.counts(command)
      if (!counts || command.hasBarePoints || command.plainEnd !== next - 1) {
        if (runStart < at) this.digest.addRun(bytes, runStart, at)
        if (counts) this.digest.addWritten(command)
        runStart = next
      }
      this.take(command)
      at = next
    }
    if (runStart < at) this.digest.addRun(bytes, runStart, at)
    return at
  }

  /** Any other line. See `LineSink`. */
  line(bytes: Uint8Array, start: number, end: number): void {
    this.line_++
    if (start < end && bytes[start] === SEMICOLON) {
      this.claimReader.read(bytes, start, end)
      return
    }
    const command = this.command
    const code = this.parser.parse(bytes, start, end, command)
    if (code === EMPTY) return
    if (code !== PARSED) {
      this.refuse(code, bytes, start, end)
      return
    }
    if (JobDigest.counts(command)) this.digest.addWritten(command)
    this.take(command)
  }

  private refuse(code: number, bytes: Uint8Array, start: number, end: number): void {
    this.refusedCount_++
    if (this.refused.length >= REFUSED_LINES_MAX) return
    this.refused.push({ line: this.line_, ...explainRefusal(code, this.command, bytes, start, end) })
  }

  private take(command: Command): void {
    const state = this.state
    const move = this.move
    planMove(state, command, move)
    if (this.judge !== undefined) this.judge.judgeLine(command, state, move, this.line_)
    const estimate = this.estimate
    if (move.kind !== NO_MOVE) {
      this.tally.addMove(state, move)
      if (estimate !== undefined) estimate.addMove(state, move)
    } else {
      this.tally.addCommand(command, this.line_)
      if (estimate !== undefined) addTime(estimate, command)
    }
    this.tally.countClass(command)
    advance(state, command, move)
  }

  /** Lines so far, blank ones and comments included. */
  get lineCount(): number {
    return this.line_
  }

  /** How many lines were refused; the first of them are in `refusedLines`. */
  get refusedCount(): number {
    return this.refusedCount_
  }

  get refusedLines(): readonly RefusedLine[] {
    return this.refused
  }

  claims(): Claims {
    return this.claimReader.claims()
  }

  /**
   * How many of the job's commands are sent when more was laid down than its first `layers` layers: the place of the first
   * command that lays down filament above them, from 1. Where a tenth of the filament would be gone by then, or no such
   * command comes, it is the first command that lays down any. Commands that only observe do not count, for they may be
   * added to a job and make no other of it: what is sent is at least as far as this says. Call at the end.
   */
  commitAt(layers: number): number {
    return this.tally.commitAt(layers, this.state.filamentMm)
  }

  facts(): Facts {
    return this.tally.facts(this.line_, this.state.filamentMm, this.estimate?.totalSeconds() ?? 0)
  }
}

/** Where a comment ends. There is a newline behind `from`; a carriage return ends it sooner. */
function commentEnd(bytes: Uint8Array, from: number): number {
  let i = from
  while (bytes[i] !== NEWLINE && bytes[i] !== CARRIAGE_RETURN) i++
  return i
}

/** What takes time without moving, and what brings the toolhead to rest. */
function addTime(estimate: TimeEstimate, command: Command): void {
  const row = command.row
  if (row === undefined) return
  if (row.class === 'dynamics') {
    estimate.limits(command)
    return
  }
  if (row.name === 'G4') estimate.addSeconds(command.value(WORD.S, command.value(WORD.P, 0) / 1000))
  else if (row.moves || row.class === 'waiting' || row.name === 'M109' || row.name === 'M190') estimate.stop()
}
