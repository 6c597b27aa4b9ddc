import { NEWLINE } from './bytes.ts'
import type { Command } from './command.ts'
import { CANONICAL_BYTES_MAX, writeLine } from './write-line.ts'

/**
 * The identity of a job: SHA-256 over its canonical commands, each ended by `\n`, without observing commands
 * (`CommandRow.observes`). Comments, spacing, numbering and checksums do not change it; an inserted, dropped
 * or altered command does.
 */

/** Takes bytes to be hashed; node:crypto's `Hash` is one. The bytes are consumed before it returns. */
export interface ByteHasher {
  update(bytes: Uint8Array): unknown
}

/** A hash call costs as much as hashing 400 bytes, so lines are gathered first. */
const BATCH_BYTES = 65_536
/** From this length on, a run of lines is hashed where it lies. */
const DIRECT_BYTES_MIN = 4096

export class JobDigest {
  private readonly hasher: ByteHasher
  private readonly batch = new Uint8Array(BATCH_BYTES)
  private length = 0

  constructor(hasher: ByteHasher) {
    this.hasher = hasher
  }

  /** Whether the command is part of the job's identity. An unknown command is. */
  static counts(command: Command): boolean {
    return command.row === undefined || !command.row.observes
  }

  /** Adds one canonical command, `bytes[start, end)` without line end. */
  addCommand(bytes: Uint8Array, start: number, end: number): void {
    if (this.length + (end - start) + 1 > BATCH_BYTES) this.flush()
    const batch = this.batch
    let to = this.length
    for (let i = start; i < end; i++) batch[to++] = bytes[i]!
    batch[to++] = NEWLINE
    this.length = to
  }

  /** Adds the command just parsed, in canonical form. */
  addWritten(command: Command): void {
    if (this.length + CANONICAL_BYTES_MAX > BATCH_BYTES) this.flush()
    const end = writeLine(command, this.batch, this.length)
    this.batch[end] = NEWLINE
    this.length = end + 1
  }

  /** Adds a run of canonical commands, each with its newline: `bytes[start, end)`. */
  addRun(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    if (length >= DIRECT_BYTES_MIN) {
      this.flush()
      this.hasher.update(bytes.subarray(start, end))
      return
    }
    if (this.length + length > BATCH_BYTES) this.flush()
    this.batch.set(bytes.subarray(start, end), this.length)
    this.length += length
  }

  /** Hands what is gathered to the hasher. Call before its digest is taken. */
  flush(): void {
    if (this.length === 0) return
    this.hasher.update(this.batch.subarray(0, this.length))
    this.length = 0
  }
}
