/** The log that is to be witnessed, and its head as it is shown to witnesses. */
import { assert } from '../errors.ts'
import {
  isProblem,
  type NoteKey,
  parseCheckpoint,
  printSignatureLine,
  verifyCheckpoint,
} from '../verify/index.ts'

/** One's own log, as far as witnesses see it. */
export interface WitnessedLog {
  /** Its public key, whose name is the log's origin. */
  readonly key: NoteKey
  /** The newest head that is durable, as a signed note; published by now, so that proofs for it can be made. */
  checkpoint(): Promise<string>
  /** The hashes that prove the head of `from` records to be an earlier one of the head of `to`. */
  consistencyProof(from: number, to: number): Promise<readonly Uint8Array[]>
}

export interface OwnHead {
  readonly size: number
  readonly root: Buffer
  /** What is signed. */
  readonly text: string
  /** The text with the log's own signature and no other. */
  readonly note: string
}

/** Asks the log for its newest head. What it signs itself must verify. */
export async function newestHead(log: WitnessedLog): Promise<OwnHead> {
  const read = parseCheckpoint(Buffer.from(await log.checkpoint(), 'utf8'))
  assert(!isProblem(read), 'the log’s own checkpoint can be read')
  const verified = verifyCheckpoint(read, [log.key])
  assert(!isProblem(verified), 'the log’s own checkpoint verifies')
  const { note, checkpoint } = verified
  const own = note.signatures.find(({ name, keyId }) => name === log.key.name && keyId === log.key.keyId)
  assert(own !== undefined, 'the log has signed its own checkpoint')
  const { size, root } = checkpoint
  return { size, root, text: note.text, note: `${note.text}\n${printSignatureLine(own)}` }
}
