/**
 * Checkpoints (C2SP tlog-checkpoint): the note in which a log states its size and root, and under which witnesses
 * state that they saw it grow.
 */
import { strictBase64 } from './base64.ts'
import { emptyRoot } from './merkle.ts'
import { type NoteSigner, parseNote, type SignedNote, signersOf } from './note.ts'
import type { NoteKey } from './note-key.ts'
import { type Problem, problem } from './problem.ts'

/** We write none and read few: nobody audits them. */
const EXTENSION_LINES_MAX = 16

const HASH_BYTES = 32
const SIZE = /^(?:0|[1-9][0-9]{0,15})$/

export interface Checkpoint {
  /** The log's name. */
  readonly origin: string
  /** How many leaves its tree has. */
  readonly size: number
  readonly root: Buffer
  readonly extensions: readonly string[]
}

/** A checkpoint as it was read; who signed it is not known yet. */
export interface UnverifiedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly note: SignedNote
}

export interface VerifiedCheckpoint extends UnverifiedCheckpoint {
  /** The key of the log that signed it. */
  readonly log: NoteKey
  /** The known cosigners whose signatures verified, each once. */
  readonly cosigners: readonly NoteSigner[]
}

/** Reads a note whose text is a checkpoint. Nothing is verified. */
export function parseCheckpoint(bytes: Uint8Array): UnverifiedCheckpoint | Problem {
  const note = parseNote(bytes)
  if ('problem' in note) return note
  const checkpoint = parseCheckpointText(note.text)
  return 'problem' in checkpoint ? checkpoint : { checkpoint, note }
}

/**
 * Checks who signed. At least one of `keys` must be the log's: of kind log, and named as the checkpoint's origin. The
 * cosigners among `keys` are told back; whether they are enough is for a policy to say.
 */
export function verifyCheckpoint(
  { checkpoint, note }: UnverifiedCheckpoint,
  keys: readonly NoteKey[],
): VerifiedCheckpoint | Problem {
  const signers = signersOf(
    note,
    keys.filter((key) => key.kind === 'cosigner' || key.name === checkpoint.origin),
  )
  if ('problem' in signers) return signers
  const log = signers.find(({ key }) => key.kind === 'log')
  if (log === undefined) return problem('the checkpoint is not signed by a known key of its log')
  return { checkpoint, note, log: log.key, cosigners: signers.filter(({ key }) => key.kind === 'cosigner') }
}

/** The text of a checkpoint: origin, size, root, and lines that are nobody's business, each ended by a line feed. */
export function parseCheckpointText(text: string): Checkpoint | Problem {
  const lines = text.split('\n', 3 + EXTENSION_LINES_MAX + 1)
  if (lines.pop() !== '') {
    return problem(
      `a checkpoint ends with a line feed and has at most ${EXTENSION_LINES_MAX} extension lines`,
    )
  }
  if (lines.includes('')) return problem('a checkpoint has no empty lines')
  const [origin, sizeText, rootText, ...extensions] = lines
  if (origin === undefined || sizeText === undefined || rootText === undefined) {
    return problem('a checkpoint has at least three lines: origin, size and root')
  }
  const size = parseSize(sizeText)
  if (size === null)
    return problem('the size of a checkpoint is a decimal number below 2^53, without leading zeros')
  const root = parseHash(rootText)
  if (root === null) return problem('the root of a checkpoint is the base64 of 32 bytes')
  if (size === 0 && !root.equals(emptyRoot())) return problem('the root is not that of an empty tree')
  return { origin, size, root, extensions }
}

/** A decimal number of leaves, up to 2^53 - 1 and without leading zeros, or null. */
export function parseSize(text: string): number | null {
  const size = SIZE.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(size) ? size : null
}

/** A hash as proofs and checkpoints write it: the base64 of its 32 bytes, or null. */
export function parseHash(text: string): Buffer | null {
  const hash = text.length === 44 ? strictBase64(text) : null
  return hash?.length === HASH_BYTES ? hash : null
}
