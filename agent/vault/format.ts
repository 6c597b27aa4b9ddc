/** The constants of the vault's format: names, sizes, limits. FORMAT.md is their specification. */
import { assert } from '../errors.ts'

/** Stands at the head of every vault, and in what every cipher text is bound to. */
export const FORMAT_NAME = 'portcullis-vault-1'

/** Says what the folder is, and under which key. */
export const HEAD_FILE = 'vault'
/** What was shredded: one note for each file of rows and for each name. */
export const NOTES_FILE = 'erased'
/** A subject's name, in the subject's folder. */
export const NAME_FILE = 'name'
/** What is not in its place yet. Whatever a crash leaves under such a name was never acknowledged. */
export const NEW_SUFFIX = '.new'

/** AES-256, HMAC-SHA-256. */
export const KEY_BYTES = 32
/** AES-GCM's own nonce length; any other is hashed first, for nothing. */
export const NONCE_BYTES = 12
export const TAG_BYTES = 16
/** Above what a cipher text takes beyond its plain text. */
export const CIPHER_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES
export const SALT_BYTES = 32
export const COMMITMENT_BYTES = 32

/** A row takes whole blocks, and begins where one begins: after any damage the next row is found again. */
export const ROW_BLOCK_BYTES = 256
/** `pc-row-1` */
export const ROW_MAGIC = Buffer.from('pc-row-1', 'latin1')
/** Magic, number of blocks, commitment. */
export const ROW_HEADER_BYTES = ROW_MAGIC.length + 4 + COMMITMENT_BYTES
/**
 * Above a decision with fifty long reasons, which has 100 KB, and above any other record with each of its texts as long as
 * it may be. A bound on what one row takes of the memory.
 */
export const FIELDS_BYTES_MAX = 512 * 1024
export const ROW_BLOCKS_MAX = rowBlocks(FIELDS_BYTES_MAX)
/**
 * What one subject may fill in a month: a million small rows, so a host may come and go every five seconds; 2500 decisions
 * with fifty long reasons. A bound on what a search of it reads and holds; random nonces are safe for far more.
 */
export const ROWS_FILE_BYTES_MAX = 256 * 1024 * 1024

/** A wrapped key. */
export const KEY_FILE_BYTES = KEY_BYTES + CIPHER_OVERHEAD_BYTES
/** Every name takes the same, so that no file tells how long a name is. */
export const NAME_PLAIN_BYTES = 512
/** `YYYY-MM` and the length of the name. */
const NAME_HEADER_BYTES = 7 + 2
/** Longer than any name, e-mail address or path of a socket. */
export const NAME_BYTES_MAX = NAME_PLAIN_BYTES - NAME_HEADER_BYTES
export const NAME_FILE_BYTES = KEY_FILE_BYTES + NAME_PLAIN_BYTES + CIPHER_OVERHEAD_BYTES

export const NOTE_BYTES = 64
/** Ten years of 8,000 subjects in every month. A bound on what is read when the vault is opened. */
export const NOTES_FILE_BYTES_MAX = 1024 * 1024 * NOTE_BYTES

/** A site has some thousand people and hosts. A bound on what is listed and held. */
export const SUBJECTS_MAX = 100_000
/** A key and rows for each month of four centuries. */
export const SUBJECT_FILES_MAX = 10_000

const SUBJECT = /^s-[0-9a-f]{16}$/
const MONTH_FILE = /^((?:19[7-9][0-9]|[2-9][0-9]{3})-(?:0[1-9]|1[0-2]))\.(key|rows)$/

/** The last moment of the year 9999, in milliseconds since 1970. */
const TIME_MS_MAX = Date.UTC(10_000, 0) - 1

export const isSubject = (text: string): boolean => SUBJECT.test(text)

/** The month and the kind of one of a subject's files, or undefined for any other file. */
export function parseMonthFile(name: string): { month: string; kind: 'key' | 'rows' } | undefined {
  const [, month, kind] = MONTH_FILE.exec(name) ?? []
  if (month === undefined) return undefined
  return { month, kind: kind === 'key' ? 'key' : 'rows' }
}

export const keyFile = (month: string): string => `${month}.key`
export const rowsFile = (month: string): string => `${month}.rows`

/** The month of a moment in UTC, `YYYY-MM`. */
export function monthOf(atMs: number): string {
  assert(Number.isInteger(atMs) && atMs >= 0 && atMs <= TIME_MS_MAX, 'a moment lies from 1970 to 9999')
  return new Date(atMs).toISOString().slice(0, 7)
}

/** Whether the whole month lies before the moment. */
export function isMonthBefore(month: string, atMs: number): boolean {
  const [year, number] = month.split('-').map(Number)
  assert(year !== undefined && number !== undefined, 'a month is written YYYY-MM')
  // Date counts months from 0, so this is the first moment of the next one.
  return Date.UTC(year, number) <= atMs
}

/** How many blocks a row takes whose fields have so many bytes. */
export function rowBlocks(fieldsBytes: number): number {
  const bytes = ROW_HEADER_BYTES + CIPHER_OVERHEAD_BYTES + SALT_BYTES + fieldsBytes
  return Math.ceil(bytes / ROW_BLOCK_BYTES)
}
