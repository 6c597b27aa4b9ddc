/**
 * C2SP signed notes: a text, an empty line, and lines of signatures by keys that a reader may know or not.
 * Nothing of a note is to be believed before a key that the reader trusts has signed it.
 */
import { strictBase64 } from './base64.ts'
import { isKeyName, isSignedBy, type NoteKey } from './note-key.ts'
import { type Problem, problem } from './problem.ts'

/** Post-quantum cosignatures have nearly 5 kB; forty of them still fit. */
export const NOTE_BYTES_MAX = 256 * 1024

/** Four times what every reader must accept. */
export const NOTE_SIGNATURES_MAX = 64

const SIGNATURE_PREFIX = '\u2014 '
const KEY_ID_BYTES = 4
const TIMESTAMP_BYTES = 8

export interface NoteSignature {
  readonly name: string
  readonly keyId: number
  /** What follows the key id: as many bytes as the key's type makes. */
  readonly bytes: Buffer
}

export interface SignedNote {
  /** With its last line feed, without the empty line behind it: what was signed. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** A key that the reader knows, and whose signature on the note verified. */
export interface NoteSigner {
  readonly key: NoteKey
  /** When a cosigner says it signed, in seconds since 1970; null for a log's own signature, which has no time. */
  readonly timestamp: number | null
}

/** Takes a note apart. Nothing is verified. */
export function parseNote(bytes: Uint8Array): SignedNote | Problem {
  if (bytes.length > NOTE_BYTES_MAX) return problem(`a note has at most ${NOTE_BYTES_MAX} bytes`)
  const note = decodeUtf8(bytes)
  if (note === null) return problem('a note is text in UTF-8')
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) return problem('a note has no control characters')
  const split = note.lastIndexOf('\n\n')
  if (split < 0) return problem('a note has an empty line before its signatures')
  const signatures = parseSignatureLines(note.slice(split + 2))
  return 'problem' in signatures ? signatures : { text: note.slice(0, split + 1), signatures }
}

/** The lines below a note, which a witness also answers with on their own: at least one, each ended by a line feed. */
export function parseSignatureLines(text: string): readonly NoteSignature[] | Problem {
  if (text.length > NOTE_BYTES_MAX) return problem(`signatures have at most ${NOTE_BYTES_MAX} bytes`)
  if (!text.endsWith('\n')) return problem('signatures end with a line feed')
  const lines = text.slice(0, -1).split('\n', NOTE_SIGNATURES_MAX + 1)
  if (lines.length > NOTE_SIGNATURES_MAX)
    return problem(`a note has at most ${NOTE_SIGNATURES_MAX} signatures`)
  const signatures: NoteSignature[] = []
  for (const line of lines) {
    const signature = parseSignatureLine(line)
    if (signature === null) return problem('a signature is `\u2014 <key name> <base64>`')
    signatures.push(signature)
  }
  return signatures
}

function parseSignatureLine(line: string): NoteSignature | null {
  if (!line.startsWith(SIGNATURE_PREFIX)) return null
  const [name, encoded, ...more] = line.slice(SIGNATURE_PREFIX.length).split(' ')
  if (name === undefined || encoded === undefined || more.length > 0 || !isKeyName(name)) return null
  const bytes = strictBase64(encoded)
  if (bytes === null || bytes.length <= KEY_ID_BYTES) return null
  return { name, keyId: bytes.readUInt32BE(0), bytes: bytes.subarray(KEY_ID_BYTES) }
}

/** One line, with its line feed, as it stands in a note. */
export function printSignatureLine(signature: NoteSignature): string {
  const id = Buffer.alloc(KEY_ID_BYTES)
  id.writeUInt32BE(signature.keyId)
  return `${SIGNATURE_PREFIX}${signature.name} ${Buffer.concat([id, signature.bytes]).toString('base64')}\n`
}

/**
 * Which of `keys` signed the note, each once, a cosigner with the latest time that it gave. Signatures of other keys are
 * passed over; one that bears a known key's name and id and is not its own spoils the note, because somebody is lying.
 */
export function signersOf(note: SignedNote, keys: readonly NoteKey[]): readonly NoteSigner[] | Problem {
  const known = new Map<string, NoteKey>()
  for (const key of keys) {
    const tuple = tupleOf(key)
    const twin = known.get(tuple)
    if (twin !== undefined && !twin.publicKey.equals(key.publicKey)) {
      return problem(`two known keys share the name and id of \`${key.name}\``)
    }
    known.set(tuple, key)
  }
  const signers = new Map<string, NoteSigner>()
  for (const signature of note.signatures) {
    const tuple = tupleOf(signature)
    const key = known.get(tuple)
    if (key === undefined) continue
    const signer = checkSignature(note.text, signature, key)
    if (signer === null) return problem(`the signature of \`${key.name}\` does not verify`)
    const earlier = signers.get(tuple)
    if (earlier === undefined || (earlier.timestamp ?? 0) < (signer.timestamp ?? 0))
      signers.set(tuple, signer)
  }
  return [...signers.values()]
}

/** What a cosigner signs (C2SP tlog-cosignature): a line of its own, the time in seconds, and the text of the note. */
export function cosignedMessage(text: string, timestamp: number): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${timestamp}\n${text}`, 'utf8')
}

function checkSignature(text: string, { bytes }: NoteSignature, key: NoteKey): NoteSigner | null {
  if (key.kind === 'log') {
    return isSignedBy(key, Buffer.from(text, 'utf8'), bytes) ? { key, timestamp: null } : null
  }
  if (bytes.length <= TIMESTAMP_BYTES) return null
  const timestamp = Number(bytes.readBigUInt64BE(0))
  if (!Number.isSafeInteger(timestamp)) return null
  const isValid = isSignedBy(key, cosignedMessage(text, timestamp), bytes.subarray(TIMESTAMP_BYTES))
  return isValid ? { key, timestamp } : null
}

/** Name and id together name a key; neither does alone. A name has no space. */
function tupleOf({ name, keyId }: { readonly name: string; readonly keyId: number }): string {
  return `${name} ${keyId}`
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
