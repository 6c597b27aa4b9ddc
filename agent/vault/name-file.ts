/** The name of a subject as it lies on the disk: under a key of its own, which lies wrapped before it. */
import { randomBytes } from 'node:crypto'
import { boundTo, decrypt, encrypt, type VaultKeys } from './cipher.ts'
import { KEY_BYTES, KEY_FILE_BYTES, NAME_BYTES_MAX, NAME_FILE_BYTES, NAME_PLAIN_BYTES } from './format.ts'

const MONTH_CHARS = 7
const LENGTH_AT = MONTH_CHARS
const NAME_AT = LENGTH_AT + 2

/** `month`: that in which the name was first used, `YYYY-MM`. */
export interface NameEntry {
  readonly name: string
  readonly month: string
}

/** `name`: in UTF-8 at most NAME_BYTES_MAX. */
export function encodeName(keys: VaultKeys, subject: string, { name, month }: NameEntry): Buffer {
  const key = randomBytes(KEY_BYTES)
  const plain = Buffer.alloc(NAME_PLAIN_BYTES)
  plain.write(month, 0, 'latin1')
  plain.writeUInt16BE(plain.write(name, NAME_AT, 'utf8'), LENGTH_AT)
  return Buffer.concat([
    encrypt(keys.wrap, boundTo('name-key', subject), key),
    encrypt(key, boundTo('name', subject), plain),
  ])
}

/** The name, or undefined if this is not the whole name file of this subject. */
export function decodeName(keys: VaultKeys, subject: string, file: Buffer): NameEntry | undefined {
  if (file.length !== NAME_FILE_BYTES) return undefined
  const key = decrypt(keys.wrap, boundTo('name-key', subject), file.subarray(0, KEY_FILE_BYTES))
  if (key === undefined) return undefined
  const plain = decrypt(key, boundTo('name', subject), file.subarray(KEY_FILE_BYTES))
  if (plain === undefined) return undefined
  const bytes = plain.readUInt16BE(LENGTH_AT)
  if (bytes > NAME_BYTES_MAX) return undefined
  return {
    name: plain.toString('utf8', NAME_AT, NAME_AT + bytes),
    month: plain.toString('latin1', 0, MONTH_CHARS),
  }
}
