import { type FirmwareIdentity, isFirmwareAnswer, readFirmwareIdentity } from './firmware-identity.ts'

/**
 * Our own question which printer this is. It is asked anew each time, for another may be behind the same cable by now.
 * Whoever owns it sends the line; the answer ends here, and no host sees it.
 */

/** Until a printer counts as one that does not answer. Longer than a probe takes to find out that an `ok` was lost. */
export const IDENTITY_LIMIT_MS = 8_000

/** Gets what the printer says, or null where it cannot be asked, or says nothing that can be understood. */
export type ReadIdentity = (identity: FirmwareIdentity | null) => void

export class IdentityQuery {
  private readers: ReadIdentity[] = []
  private isWanted_ = false
  /** Number of the question on the wire, until the printer has settled it; -1 where there is none. */
  private number = -1
  private sentAtMs = 0
  private identity: FirmwareIdentity | null = null

  /** The question is to go out as soon as nothing else is on its way. */
  get isWanted(): boolean {
    return this.isWanted_
  }

  /** The question is on its way, and no line before it. */
  get isOut(): boolean {
    return this.number >= 0
  }

  ask(read: ReadIdentity): void {
    this.readers.push(read)
    this.isWanted_ = this.number < 0
  }

  /** It went out as line `number`. */
  sent(number: number, nowMs: number): void {
    this.isWanted_ = false
    this.number = number
    this.sentAtMs = nowMs
    this.identity = null
  }

  /** A line of the printer that settles nothing. Answers true where it belongs to the answer. */
  heard(line: string): boolean {
    if (this.number < 0 || !isFirmwareAnswer(line)) return false
    this.identity ??= readFirmwareIdentity(line) ?? null
    return true
  }

  /** All lines before `oldest` are settled, by this reply. */
  settled(oldest: number, reply: string): void {
    if (this.number < 0 || oldest <= this.number) return
    this.identity ??= readFirmwareIdentity(reply) ?? null
    this.tell(this.identity)
  }

  tick(nowMs: number): void {
    if (this.number >= 0 && nowMs - this.sentAtMs >= IDENTITY_LIMIT_MS) this.tell(null)
  }

  /** Whatever was asked: there will be no answer. */
  drop(): void {
    this.isWanted_ = false
    this.tell(null)
  }

  private tell(identity: FirmwareIdentity | null): void {
    this.number = -1
    for (const read of this.readers.splice(0)) read(identity)
  }
}
