/**
 * Where a sample's seed comes from: a witness's signature over a head of this log, which nobody but the witness could
 * have made before, or a public beacon's value, for which somebody must have named the beacon beforehand.
 */
import { createHash } from 'node:crypto'
import { isProblem, type NoteKey, type Problem, parseCheckpoint, verifyCheckpoint } from '../verify/index.ts'

/** Longer than any beacon's value, and short enough to read out. */
const BEACON_CHARS_MAX = 1024

/** What comes before the 64 bytes of Ed25519 in a cosignature: its time. */
const TIMESTAMP_BYTES = 8

export interface HeadSeed {
  readonly seed: Buffer
  /** Records that the cosigned head holds. */
  readonly size: number
  /** The name of the witness's key, and its time, in seconds since 1970. */
  readonly witness: string
  readonly time: number
}

/**
 * The seed that follows from a cosigned head. Of several trusted witnesses the one whose key name comes first counts, so
 * that whoever draws has no choice among them. `keys` are the log's own key and those of the trusted witnesses.
 */
export function seedOfHead(note: Uint8Array, keys: readonly NoteKey[]): HeadSeed | Problem {
  const parsed = parseCheckpoint(note)
  if (isProblem(parsed)) return parsed
  const verified = verifyCheckpoint(parsed, keys)
  if (isProblem(verified)) return verified
  const [first] = [...verified.cosigners].sort((a, b) => Buffer.compare(nameOf(a.key), nameOf(b.key)))
  const signature = parsed.note.signatures.find(
    ({ name, keyId, bytes }) =>
      name === first?.key.name &&
      keyId === first.key.keyId &&
      bytes.readBigUInt64BE(0) === BigInt(first.timestamp ?? 0),
  )
  if (first === undefined || signature === undefined) {
    return { problem: 'no witness that is trusted has cosigned this head' }
  }
  return {
    seed: sha256(signature.bytes.subarray(TIMESTAMP_BYTES)),
    size: verified.checkpoint.size,
    witness: first.key.name,
    time: first.timestamp ?? 0,
  }
}

/** The seed that follows from a beacon's value, blanks around it aside. */
export function seedOfBeacon(value: string): Buffer | Problem {
  const text = value.trim()
  if (text === '' || text.length > BEACON_CHARS_MAX || /\p{C}/u.test(text)) {
    return { problem: `a beacon's value is a line of 1 to ${BEACON_CHARS_MAX} characters` }
  }
  return sha256(Buffer.from(text, 'utf8'))
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function nameOf({ name }: NoteKey): Buffer {
  return Buffer.from(name, 'utf8')
}
