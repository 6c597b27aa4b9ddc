import { JobDigest } from '../../../gcode/index.ts'
import type { Objection } from '../../../policies/index.ts'
import { assert } from '../../errors.ts'
import type { StopReason } from '../effects.ts'
import { Odometer } from '../odometer.ts'
import { UNTOLD } from '../printer/reply.ts'
import { Burst } from './burst.ts'
import type { GateJobOutcome, GateRecord } from './gate-effects.ts'
import type { GateOptions } from './gate-options.ts'
import type { LinePath } from './line-path.ts'
import { type ArmedJob, Lockstep } from './lockstep.ts'
import { Stream } from './stream.ts'

/** The gate's jobs: one that is armed and waits for its host, and one that is open, in lockstep or as the host streams it. */

/** Commands between two seals of the running digest in the log, and the longest time between them. */
export const SEAL_EVERY_COMMANDS = 10_000
export const SEAL_EVERY_MS = 30_000

/** Jobs that a host may begin in so short a time. Each is a record or two, and no printer prints that fast. */
const STREAMS_MAX = 30
const STREAMS_WITHIN_MS = 60_000

/** What is open, for those who watch. */
export interface OpenJob {
  readonly id: string
  readonly name: string
  readonly commandsSent: number
  readonly commandsTotal: number | null
}

export class GateJobs {
  readonly odometer: Odometer
  private readonly options: GateOptions
  private readonly append: (record: GateRecord) => number
  private armed_: Lockstep | undefined
  private lockstep_: Lockstep | undefined
  private stream_: Stream | undefined
  private readonly streams = new Burst(STREAMS_MAX, STREAMS_WITHIN_MS)
  private sealedAtMs = 0
  private sealedCommands = 0

  constructor(options: GateOptions, append: (record: GateRecord) => number) {
    this.options = options
    this.append = append
    this.odometer = new Odometer((entry, job) => append({ kind: 'odometer', job, ...entry }))
  }

  /** The job that waits for its host. */
  get armed(): Lockstep | undefined {
    return this.armed_
  }

  /** The open job that runs in lockstep. */
  get lockstep(): Lockstep | undefined {
    return this.lockstep_
  }

  get stream(): Stream | undefined {
    return this.stream_
  }

  get openId(): string | null {
    return this.lockstep_?.job.id ?? this.stream_?.id ?? null
  }

  get open(): OpenJob | null {
    const { lockstep_: lockstep, stream_: stream } = this
    if (lockstep !== undefined) {
      const { id, name, commands } = lockstep.job
      return { id, name, commandsSent: lockstep.commandsTaken, commandsTotal: commands }
    }
    if (stream === undefined) return null
    return { id: stream.id, name: 'stream of the host', commandsSent: stream.commands, commandsTotal: null }
  }

  /** A job was admitted. One that was armed before and never began is given up. */
  arm(job: ArmedJob): void {
    assert(this.openId === null, 'no job is armed beside one that is open')
    this.disarm()
    const { table, judge, newHash, effects } = this.options
    this.armed_ = new Lockstep(job, table, judge, newHash(), () => effects({ kind: 'want-block' }))
  }

  disarm(): void {
    if (this.armed_ !== undefined) this.options.effects({ kind: 'job-over', job: this.armed_.job.id })
    this.armed_ = undefined
  }

  /** The printer was greeted: it may be another one, or have another board by now. */
  printerGreeted(): void {
    const job = this.armed_?.job
    if (job?.isForThisPrinter !== true) return
    this.options.effects({ kind: 'printer-doubted', job: job.id })
    this.disarm()
  }

  /** Whether the job at hand must not be quoted. */
  private get isConfidential(): boolean {
    return this.reading?.job.isConfidential === true
  }

  /** What somebody said, as it may be told now: of a job that is confidential, and what may quote it, nothing. */
  told(message: string): string {
    return this.isConfidential ? message.replace(/`[\s\S]*`/, UNTOLD) : message
  }

  /** An objection to a line, as it may be told now. */
  toldOf(objection: Objection | undefined): Objection | undefined {
    if (objection === undefined || !this.isConfidential) return objection
    const { code, rule } = objection
    return { code, rule, message: UNTOLD, remedy: 'look the line up in the job, where you have it' }
  }

  /** The job that blocks from the spool belong to. */
  get reading(): Lockstep | undefined {
    return this.lockstep_ ?? this.armed_
  }

  /** The host has begun the armed job. Answers the id of the record that must be durable before its first command. */
  openArmed(nowMs: number): number {
    this.lockstep_ = this.armed_
    this.armed_ = undefined
    this.begin(nowMs)
    return this.append({ kind: 'job-opened', job: this.openId ?? '' })
  }

  /** One more job of the host's own would be one too many for the time. */
  isStreamTooMany(nowMs: number): boolean {
    return this.streams.add(nowMs)
  }

  /** The host has begun a job of its own. */
  openStream(host: string, nowMs: number): number {
    const { newJobId, newHash } = this.options
    this.stream_ = new Stream(newJobId(), newHash())
    this.begin(nowMs)
    return this.append({ kind: 'stream-opened', job: this.stream_.id, host })
  }

  private begin(nowMs: number): void {
    this.sealedAtMs = nowMs
    this.sealedCommands = 0
  }

  /** A command of the host goes out; `isJobs` where it is the next of the job in lockstep. */
  sent(path: LinePath, isJobs: boolean, nowMs: number): void {
    if (isJobs) this.lockstep_?.take()
    const { stream_: stream } = this
    if (stream !== undefined) stream.add(path.canonical, path.canonicalEnd, JobDigest.counts(path.command))
    const commands = this.commands
    if (commands - this.sealedCommands >= SEAL_EVERY_COMMANDS) this.seal(nowMs)
  }

  private get commands(): number {
    return this.lockstep_?.commandsTaken ?? this.stream_?.commands ?? 0
  }

  private get sha256(): string {
    return this.lockstep_?.digestNow() ?? this.stream_?.digestNow() ?? ''
  }

  private seal(nowMs: number): void {
    const { openId: job, commands, sha256 } = this
    if (job === null) return
    this.sealedAtMs = nowMs
    this.sealedCommands = commands
    this.append({ kind: 'job-sealed', job, commands, sha256 })
  }

  tick(nowMs: number): void {
    if (this.commands > this.sealedCommands && nowMs - this.sealedAtMs >= SEAL_EVERY_MS) this.seal(nowMs)
  }

  /** Closes what is open, and answers whether anything was. */
  close(outcome: GateJobOutcome, reason: StopReason | null): boolean {
    const { openId: job, commands, sha256 } = this
    if (job === null) return false
    this.append({ kind: 'job-closed', job, outcome, commands, sha256, reason })
    if (this.lockstep_ !== undefined) this.options.effects({ kind: 'job-over', job })
    this.lockstep_ = undefined
    this.stream_ = undefined
    this.odometer.closed(job)
    return true
  }
}
