/** A session on a table: what it sends and asks for is kept, and the test plays printer, log and spool by hand. */

import { type Effect, type LineJudge, Session, type SessionRecord } from '../../agent/core/index.ts'
import { preambleLines } from '../../agent/core/printer/marlin-lines.ts'
import type { SessionPhase } from '../../agent/core/session.ts'
import type { DurableIndex } from '../../agent/durable-index.ts'
import { MARLIN } from '../../gcode/index.ts'
import { ALLOW } from '../../policies/index.ts'
import { type CanonicalJob, jobOf, runningHash } from './canonical.ts'

const PREAMBLE = preambleLines([])

export const COLD = 'ok T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0'
/** The answer to M78 of a printer that was not built to count; its ok follows. */
export const NO_ODOMETER = 'echo:Unknown command: "M78"'
export const HOT = 'ok T:180.00 /200.00 B:60.00 /60.00 @:127 B@:0'

/** Commands of the job that most tests print. */
export const JOB = ['G28', 'M104 S200', 'G1 X10 Y10 F3000', 'G1 X20 E1']

export interface SessionBench {
  readonly session: Session
  readonly effects: Effect[]
  nowMs: number
  /** What was sent since this was last asked, as text. */
  sent(): string
  /** The commands in it, without number and checksum. */
  commands(): string[]
  hear(...lines: string[]): void
  /** Lets time pass, in steps of the session's own tick. */
  pass(ms: number): void
  records(): SessionRecord[]
  /** Says that the latest record of this kind is durable, or cannot be written. */
  record(kind: SessionRecord['kind'], failure?: string): void
  finished(): (Effect & { kind: 'finished' }) | undefined
  /** Answers the wish for a block with the whole job, and says that it is all. */
  giveJob(): void
  /** Goes on, with a printer that answers each line, until this phase is reached. */
  goTo(phase: SessionPhase): void
}

interface BenchOptions {
  readonly job?: CanonicalJob
  readonly judge?: LineJudge
  readonly canonicalSha256?: string
}

export function sessionBench(options: BenchOptions = {}): SessionBench {
  const job = options.job ?? jobOf(...JOB)
  const effects: Effect[] = []
  let sent = ''
  const session = new Session({
    table: MARLIN,
    judge: options.judge ?? { judge: () => ALLOW },
    printer: {
      write: (bytes, start, end) => {
        sent += Buffer.from(bytes.subarray(start, end)).toString('latin1')
      },
    },
    effects: (effect) => effects.push(effect),
    hash: runningHash(),
    canonicalSha256: options.canonicalSha256 ?? job.sha256,
    tools: [],
  })
  const bench: SessionBench = {
    session,
    effects,
    nowMs: 1_000_000,
    sent: () => {
      const text = sent
      sent = ''
      return text
    },
    commands: () =>
      bench
        .sent()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.replace(/^N\d+ /, '').replace(/\*\d+$/, '')),
    hear: (...lines) => {
      for (const line of lines) session.printerLine(line, bench.nowMs)
    },
    pass: (ms) => {
      for (const endMs = bench.nowMs + ms; bench.nowMs < endMs; ) {
        bench.nowMs = Math.min(endMs, bench.nowMs + 100)
        session.tick(bench.nowMs)
      }
    },
    records: () => effects.flatMap((effect) => (effect.kind === 'append' ? [effect.record] : [])),
    record: (kind, failure) => {
      const append = effects.findLast((effect) => effect.kind === 'append' && effect.record.kind === kind)
      if (append?.kind !== 'append') throw new Error(`no record ${kind} was asked for`)
      if (failure === undefined) session.recorded(append.id, append.id as DurableIndex, bench.nowMs)
      else session.recordFailed(append.id, failure, bench.nowMs)
    },
    finished: () => effects.find((effect) => effect.kind === 'finished'),
    giveJob: () => {
      session.jobBlock(job.bytes, bench.nowMs)
      session.jobEnded(bench.nowMs)
    },
    goTo: (phase) => goTo(bench, phase),
  }
  return bench
}

/** More answers than any test's job needs. */
const ANSWERS_MAX = 100

function goTo(bench: SessionBench, phase: SessionPhase): void {
  const { session } = bench
  if (phase === 'stopping') {
    goTo(bench, 'job')
    session.stop('interrupted', 'the test stops it', bench.nowMs)
    return
  }
  session.start(bench.nowMs)
  if (phase === 'hello') return
  bench.hear('ok')
  if (phase === 'recording') return
  bench.record('job-opened')
  if (phase === 'preamble') return
  for (let i = 0; i < PREAMBLE.length - 1; i++) bench.hear('ok')
  // The last line of the preamble has left: the next ok belongs to it, and the one behind it to the question.
  bench.hear('ok', NO_ODOMETER, 'ok')
  if (phase === 'job') return
  bench.giveJob()
  for (let i = 0; i < ANSWERS_MAX && session.phase === 'job'; i++) bench.hear('ok')
  if (phase === 'closing') return
  for (let i = 0; i < ANSWERS_MAX && session.phase === 'closing'; i++) bench.hear(COLD)
  if (phase === 'ending') return
  bench.record('job-closed')
}
