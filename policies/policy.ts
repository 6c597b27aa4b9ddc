import {
  CODE_MAX,
  type Command,
  type CommandRow,
  type CommandTable,
  type MachineState,
  type Move,
} from '../gcode/index.ts'
import type { JobContext } from './job-context.ts'
import { MoveChecks } from './move-checks.ts'
import type { JobCheck, LineCheck, Rule, Watch } from './rule.ts'
import { ALLOW, type Objection, type RuleMode, type Verdict, weakerMode } from './verdict.ts'

/** G0 to G3. */
const MOVES_CODE_MAX = 3
const LETTER_G = 0x47
const LETTER_M = 0x4d

/** A rule as a policy uses it: options read, defaults filled in. */
export interface PolicyRule {
  readonly rule: Rule
  readonly options: unknown
  readonly mode: RuleMode
  /** The policy does not mention it; it is in force all the same. */
  readonly isImplied: boolean
}

/** Commands or a job that a policy carries as its own test. */
export interface PolicyCase {
  readonly name: string
  readonly gcode: string
  readonly outcome: 'allow' | 'warn' | 'hold' | 'deny'
  /** Codes of the reasons that the decision must give, all of them. */
  readonly codes: readonly string[]
}

/** What a policy is made of once its file was read. */
export interface PolicySource {
  readonly name: string
  readonly version: number
  readonly description: string | undefined
  /** Where a person who was refused turns to. */
  readonly appeal: string
  readonly dialect: CommandTable
  readonly rules: readonly PolicyRule[]
  readonly cases: readonly PolicyCase[]
}

/** Takes what rules object to, whatever their mode. Called only when one does. */
export interface ObjectionSink {
  object(objection: Objection, mode: RuleMode): void
}

/** An objection to a job, with the mode that it counts with. */
export interface JudgedObjection {
  readonly objection: Objection
  readonly mode: RuleMode
}

interface LineEntry {
  readonly ruleId: string
  readonly mode: RuleMode
  readonly watches: readonly Watch[]
  readonly check: LineCheck
}

interface JobEntry {
  readonly ruleId: string
  readonly mode: RuleMode
  readonly isMootForStreams: boolean
  readonly check: JobCheck
}

const NO_ENTRIES: readonly LineEntry[] = []

/**
 * A named, versioned set of rules, compiled for one dialect: each command knows the checks that want to see
 * it, so that a line asks nobody else.
 */
export class Policy {
  readonly name: string
  readonly version: number
  readonly description: string | undefined
  readonly appeal: string
  readonly dialect: CommandTable
  readonly rules: readonly PolicyRule[]
  readonly cases: readonly PolicyCase[]

  private readonly jobEntries: readonly JobEntry[]
  private readonly byG: (readonly LineEntry[])[]
  private readonly byM: (readonly LineEntry[])[]
  private readonly byTool: readonly LineEntry[]
  /** What G0 to G3 have in common: nearly always all of theirs. */
  private readonly moveEntries: readonly LineEntry[]
  private readonly moveChecks: MoveChecks
  private readonly unknownEntries: readonly LineEntry[]
  /** Everybody, for a known command with words that it does not have. Rare, so looked up by name. */
  private readonly oddEntries: ReadonlyMap<string, readonly LineEntry[]>

  constructor(source: PolicySource) {
    this.name = source.name
    this.version = source.version
    this.description = source.description
    this.appeal = source.appeal
    this.dialect = source.dialect
    this.rules = source.rules
    this.cases = source.cases
    const { lineEntries, jobEntries } = compileRules(source)
    this.jobEntries = jobEntries
    this.unknownEntries = lineEntries.filter((entry) => watchesUnknown(entry))
    this.byG = new Array<readonly LineEntry[]>(CODE_MAX + 1).fill(NO_ENTRIES)
    this.byM = new Array<readonly LineEntry[]>(CODE_MAX + 1).fill(NO_ENTRIES)
    this.moveEntries = lineEntries.filter(
      ({ watches }) => watches.includes('moves') || watches.includes('every'),
    )
    this.moveChecks = new MoveChecks(this.moveEntries.map(({ check }) => check))
    const oddEntries = new Map<string, readonly LineEntry[]>()
    let byTool: readonly LineEntry[] = NO_ENTRIES
    for (const row of source.dialect.rows) {
      const watching = lineEntries.filter((entry) => watchesRow(entry, row))
      const entries = isMove(row) && sameEntries(watching, this.moveEntries) ? this.moveEntries : watching
      oddEntries.set(
        row.name,
        lineEntries.filter((entry) => watchesUnknown(entry) || watchesRow(entry, row)),
      )
      if (row.letter === LETTER_G) this.byG[row.code] = entries
      else if (row.letter === LETTER_M) this.byM[row.code] = entries
      else byTool = entries
    }
    this.byTool = byTool
    this.oddEntries = oddEntries
  }

  /**
   * Judges one line. Rules of mode `hold`, `warn` and `audit` never refuse a line, since a line cannot wait
   * for a person: what they object to, like everything else, goes to `sink`, where a job's decision is made
   * of it.
   */
  judge(command: Command, state: MachineState, move: Move, sink?: ObjectionSink): Verdict {
    const entries = this.entriesFor(command)
    if (entries === this.moveEntries && this.moveChecks.pass(command, state, move)) return ALLOW
    for (let i = 0; i < entries.length; i++) {
      const objection = ask(entries[i]!, command, state, move)
      if (objection !== undefined) return refuseLine(entries, i, objection, command, state, move, sink)
    }
    return ALLOW
  }

  /** Judges a whole job by what was measured of it. Its lines are judged one by one, by `judge`. */
  judgeJob(job: JobContext): readonly JudgedObjection[] {
    return this.jobEntries.flatMap((entry) =>
      askAboutJob(entry, job).map((objection) => ({ objection, mode: modeOf(entry.mode, objection) })),
    )
  }

  /**
   * Rules that refuse or hold jobs by what only the whole job shows. A job of which a host sends line after line is over
   * before they could be asked.
   */
  get wholeJobRules(): readonly string[] {
    return this.jobEntries
      .filter(({ mode, isMootForStreams }) => !isMootForStreams && (mode === 'enforce' || mode === 'hold'))
      .map(({ ruleId }) => ruleId)
  }

  private entriesFor(command: Command): readonly LineEntry[] {
    const row = command.row
    if (row === undefined) return this.unknownEntries
    if ((command.present & ~row.words) !== 0) return this.oddEntries.get(row.name) ?? this.unknownEntries
    if (row.letter === LETTER_G) return this.byG[row.code]!
    return row.letter === LETTER_M ? this.byM[row.code]! : this.byTool
  }
}

function compileRules(source: PolicySource): {
  readonly lineEntries: readonly LineEntry[]
  readonly jobEntries: readonly JobEntry[]
} {
  const lineEntries: LineEntry[] = []
  const jobEntries: JobEntry[] = []
  for (const { rule, options, mode } of source.rules) {
    const compiled = rule.compile(options, source.dialect)
    const shared = { ruleId: rule.id, mode }
    const watches = compiled.watches ?? rule.watches
    if (compiled.line !== undefined) lineEntries.push({ ...shared, watches, check: compiled.line })
    if (compiled.job !== undefined) {
      const isMootForStreams = compiled.isMootForStreams === true
      jobEntries.push({ ...shared, isMootForStreams, check: compiled.job })
    }
  }
  return { lineEntries, jobEntries }
}

function watchesUnknown({ watches }: LineEntry): boolean {
  return watches.includes('unknown') || watches.includes('every')
}

function watchesRow({ watches }: LineEntry, row: CommandRow): boolean {
  return watches.some(
    (watch) =>
      watch === 'every' ||
      watch === row.name ||
      watch === `class:${row.class}` ||
      (watch === 'moves' && isMove(row)),
  )
}

function isMove(row: CommandRow): boolean {
  return row.letter === LETTER_G && row.code <= MOVES_CODE_MAX
}

function sameEntries(a: readonly LineEntry[], b: readonly LineEntry[]): boolean {
  return a.length === b.length && a.every((entry, i) => entry === b[i])
}

function ask(entry: LineEntry, command: Command, state: MachineState, move: Move): Objection | undefined {
  try {
    return entry.check(command, state, move)
  } catch (error) {
    return failure(entry.ruleId, error)
  }
}

function askAboutJob(entry: JobEntry, job: JobContext): readonly Objection[] {
  try {
    return entry.check(job)
  } catch (error) {
    return [failure(entry.ruleId, error)]
  }
}

/** A rule that throws denies: what it would have found is unknown, so the worst is assumed. */
function failure(ruleId: string, error: unknown): Objection {
  const what = error instanceof Error ? error.message : String(error)
  return {
    code: `${ruleId}.failed`,
    rule: ruleId,
    message: `rule failed: ${what}`,
    remedy: 'tell the person who looks after this gate; nothing passes this rule until it works',
    hasFailed: true,
  }
}

/**
 * What an objection counts as. A rule that failed denies in every mode but `audit`, which is never to have an
 * effect.
 */
function modeOf(mode: RuleMode, objection: Objection): RuleMode {
  if (objection.mode !== undefined) return weakerMode(mode, objection.mode)
  return mode !== 'audit' && objection.hasFailed === true ? 'enforce' : mode
}

/** Cold: somebody objects, from `entries[first]` on. Everyone is asked, so that all are named. */
function refuseLine(
  entries: readonly LineEntry[],
  first: number,
  firstObjection: Objection,
  command: Command,
  state: MachineState,
  move: Move,
  sink: ObjectionSink | undefined,
): Verdict {
  const refusing: Objection[] = []
  for (let i = first; i < entries.length; i++) {
    const entry = entries[i]!
    const objection = i === first ? firstObjection : ask(entry, command, state, move)
    if (objection === undefined) continue
    const mode = modeOf(entry.mode, objection)
    sink?.object(objection, mode)
    if (mode === 'enforce') refusing.push(objection)
  }
  if (refusing.length === 0) return ALLOW
  return {
    kind: refusing.some((objection) => objection.stop === true) ? 'stop' : 'deny',
    objections: refusing,
  }
}
