import { type CommandTable, JobDigest } from '../../../gcode/index.ts'
import { CommandQueue } from '../command-queue.ts'
import { JobReader, type LineJudge } from '../job-reader.ts'
import type { RunningHash } from '../session-options.ts'

/**
 * A host streams a job that was admitted: each of its lines must be the next command of that job. What is sent is what
 * was surveyed, or nothing. Commands that observe, and those that a host keeps to itself, are skipped on both sides.
 */

/** Lines in a row that are not the job's next command. A host that needs more streams another job. */
export const LOCKSTEP_MISSES_MAX = 8

/** A job that was admitted: its decision stands in the log, its bytes in the spool. */
export interface ArmedJob {
  readonly id: string
  readonly name: string
  readonly commands: number
  /** Canonical SHA-256 that the survey found, as hex. */
  readonly canonicalSha256: string
  /** Tools that it selects or heats. */
  readonly tools: readonly number[]
  /** Its licence names the printer: behind another greeting there may be another one. */
  readonly isForThisPrinter?: boolean
  /** Nothing that is told or recorded may quote it. */
  readonly isConfidential?: boolean
}

/** Canonical commands that hosts do not send (OctoPrint `blockedCommands`, `pausingCommands`): M0, M1, M25. */
const HOSTS_OWN: readonly (readonly number[])[] = [
  [0x4d, 0x30],
  [0x4d, 0x31],
  [0x4d, 0x32, 0x35],
]
const SPACE = 0x20

export class Lockstep {
  readonly job: ArmedJob
  private readonly queue = new CommandQueue()
  private readonly reader: JobReader
  private readonly digest: JobDigest
  private readonly hash: RunningHash
  private readonly wantBlock: () => void
  private isWaiting = false
  private hasEnded = false
  private misses_ = 0
  private taken = 0

  constructor(
    job: ArmedJob,
    table: CommandTable,
    judge: LineJudge,
    hash: RunningHash,
    wantBlock: () => void,
  ) {
    this.job = job
    this.reader = new JobReader(table, judge, this.queue, job.isConfidential)
    this.hash = hash
    this.digest = new JobDigest(hash)
    this.wantBlock = wantBlock
  }

  /** Commands of the job that are behind us, those that were skipped too. */
  get commandsTaken(): number {
    return this.taken
  }

  get misses(): number {
    return this.misses_
  }

  /** The next verified block of the job. */
  push(block: Uint8Array): void {
    this.isWaiting = false
    this.reader.push(block)
  }

  /** The job has no more blocks. */
  end(): void {
    this.isWaiting = false
    this.hasEnded = true
    this.reader.end()
  }

  /** Why the job's own bytes are refused in print, though the survey let them pass. */
  get refused(): string | undefined {
    const refused = this.reader.refused
    if (refused === undefined) return undefined
    return `line ${refused.line} is refused although the survey let it pass: ${refused.message}`
  }

  /** Whether the next command stands ready, or it is known that there is none. Asks for a block where neither is so. */
  get isReady(): boolean {
    this.skip()
    if (this.queue.length > 0 || this.hasEnded) return true
    if (!this.isWaiting) {
      this.isWaiting = true
      this.wantBlock()
    }
    return this.queue.length > 0 || this.hasEnded
  }

  /** Every command of the job is behind us. */
  get isComplete(): boolean {
    this.skip()
    return this.hasEnded && this.queue.length === 0
  }

  /** Whether `command[0, length)` is the job's next. Only where it `isReady`. */
  matches(command: Uint8Array, length: number): boolean {
    const { queue } = this
    if (queue.length === 0 || queue.end - queue.start !== length) return false
    const { buffer, start } = queue
    for (let i = 0; i < length; i++) if (buffer[start + i] !== command[i]) return false
    return true
  }

  /** The next command goes out. */
  take(): void {
    this.misses_ = 0
    this.consume()
  }

  /** A line came that is not the next command. Answers false where it was one too many. */
  miss(): boolean {
    this.misses_++
    return this.misses_ < LOCKSTEP_MISSES_MAX
  }

  /** The digest of the commands behind us, as hex. */
  digestNow(): string {
    this.digest.flush()
    return this.hash.peek()
  }

  /** Whether what went out is the whole job as it was surveyed. */
  get isWhole(): boolean {
    return this.isComplete && this.digestNow() === this.job.canonicalSha256
  }

  private skip(): void {
    while (this.queue.length > 0 && (!this.queue.isCounted || this.isHostsOwn())) this.consume()
  }

  private consume(): void {
    const { queue } = this
    if (queue.isCounted) this.digest.addCommand(queue.buffer, queue.start, queue.end)
    this.taken++
    queue.shift()
  }

  private isHostsOwn(): boolean {
    const { buffer, start, end } = this.queue
    for (const name of HOSTS_OWN) {
      const after = start + name.length
      if (after > end || (after < end && buffer[after] !== SPACE)) continue
      if (name.every((byte, i) => buffer[start + i] === byte)) return true
    }
    return false
  }
}
