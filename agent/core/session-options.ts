import type { ByteHasher, CommandTable } from '../../gcode/index.ts'
import type { EffectSink, PrinterSink } from './effects.ts'
import type { LineJudge } from './job-reader.ts'

/** What a session is made of: the job's promise, and the ways out of the core. */

/** Hashing is handed in: the core knows no crypto. */
export interface RunningHash extends ByteHasher {
  /** The digest so far, as hex, without ending the hash. */
  peek(): string
}

export interface SessionOptions {
  readonly table: CommandTable
  readonly judge: LineJudge
  readonly printer: PrinterSink
  readonly effects: EffectSink
  readonly hash: RunningHash
  /** Canonical SHA-256 that the survey found, as hex: the job that ends well must have the same. */
  readonly canonicalSha256: string
  /** Tools that the job selects or heats: each of them is turned off at the end, whichever is active then. */
  readonly tools: readonly number[]
  /** Nothing that is told or recorded may quote the job, nor a printer that may quote it. */
  readonly isConfidential?: boolean
}
