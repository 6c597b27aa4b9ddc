import { JobDigest } from '../../../gcode/index.ts'
import type { RunningHash } from '../session-options.ts'

/**
 * A job that a host streams on its own account, line by line, as policy lets it: known only by what went by. What it
 * was meant to be nobody says, so it ends without a verdict whether it was whole.
 */
export class Stream {
  readonly id: string
  private readonly digest: JobDigest
  private readonly hash: RunningHash
  private commands_ = 0

  constructor(id: string, hash: RunningHash) {
    this.id = id
    this.hash = hash
    this.digest = new JobDigest(hash)
  }

  /** Commands that went out, without those that only ask: a host asks as often as it likes. */
  get commands(): number {
    return this.commands_
  }

  /** A command goes out. */
  add(command: Uint8Array, end: number, isCounted: boolean): void {
    if (!isCounted) return
    this.commands_++
    this.digest.addCommand(command, 0, end)
  }

  /** The digest of what went out, as hex. */
  digestNow(): string {
    this.digest.flush()
    return this.hash.peek()
  }
}
