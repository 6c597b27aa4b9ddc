/** A note of what was shredded: written before the shredding begins, and kept for ever. It names nobody. */
import { areEqual, hmac, type VaultKeys } from './cipher.ts'
import { NONCE_BYTES, NOTE_BYTES } from './format.ts'

const KIND = { month: 0x6d, name: 0x6e, done: 0x64 } as const

const SUBJECT_AT = 1
const SUBJECT_BYTES = 8
const YEAR_AT = SUBJECT_AT + SUBJECT_BYTES
const MONTH_AT = YEAR_AT + 2
const ROWS_AT = MONTH_AT + 1
const NONCE_AT = ROWS_AT + 4
const MAC_AT = 32
const ROWS_MAX = 0xffffffff

/** A month's rows or a name, of one subject. */
export interface ShredNote {
  readonly kind: 'month' | 'name'
  readonly subject: string
  /** `YYYY-MM`; null for a name. */
  readonly month: string | null
  readonly rows: number
  /** Of the wrapped key that goes, so that a key made later is never taken for it. Zeros where there was none. */
  readonly nonce: Buffer
}

/** Everything noted before it is shredded. */
export interface DoneNote {
  readonly kind: 'done'
}

export type Note = ShredNote | DoneNote

/** The nonce of a key that is not there any more. */
export const NO_NONCE = Buffer.alloc(NONCE_BYTES)

export function encodeNote(keys: VaultKeys, note: Note): Buffer {
  const bytes = Buffer.alloc(NOTE_BYTES)
  bytes[0] = KIND[note.kind]
  if (note.kind !== 'done') {
    bytes.write(note.subject.slice(2), SUBJECT_AT, 'hex')
    const [year, month] = note.month?.split('-').map(Number) ?? []
    bytes.writeUInt16BE(year ?? 0, YEAR_AT)
    bytes.writeUInt8(month ?? 0, MONTH_AT)
    bytes.writeUInt32BE(Math.min(note.rows, ROWS_MAX), ROWS_AT)
    note.nonce.copy(bytes, NONCE_AT)
  }
  hmac(keys.note, bytes.subarray(0, MAC_AT)).copy(bytes, MAC_AT)
  return bytes
}

/** The note, or undefined for anything that is not one of ours, whole. */
export function decodeNote(keys: VaultKeys, bytes: Buffer): Note | undefined {
  if (!areEqual(hmac(keys.note, bytes.subarray(0, MAC_AT)), bytes.subarray(MAC_AT))) return undefined
  const kind = bytes[0]
  if (kind === KIND.done) return { kind: 'done' }
  if (kind !== KIND.month && kind !== KIND.name) return undefined
  const year = String(bytes.readUInt16BE(YEAR_AT)).padStart(4, '0')
  const month = String(bytes.readUInt8(MONTH_AT)).padStart(2, '0')
  return {
    kind: kind === KIND.month ? 'month' : 'name',
    subject: `s-${bytes.toString('hex', SUBJECT_AT, YEAR_AT)}`,
    month: kind === KIND.month ? `${year}-${month}` : null,
    rows: bytes.readUInt32BE(ROWS_AT),
    nonce: Buffer.from(bytes.subarray(NONCE_AT, NONCE_AT + NONCE_BYTES)),
  }
}
