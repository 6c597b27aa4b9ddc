/** One row: what was hidden of one record of the log, encrypted, behind a header by which it is found. */
import { randomBytes } from 'node:crypto'
import { commitMembers, NotCanonicalError } from '../log-format/index.ts'
import { areEqual, boundTo, decrypt, encrypt } from './cipher.ts'
import { readRange, type VaultFile } from './disk.ts'
import {
  CIPHER_OVERHEAD_BYTES,
  COMMITMENT_BYTES,
  ROW_BLOCK_BYTES,
  ROW_BLOCKS_MAX,
  ROW_HEADER_BYTES,
  ROW_MAGIC,
  ROWS_FILE_BYTES_MAX,
  rowBlocks,
  SALT_BYTES,
} from './format.ts'

const BLOCKS_AT = ROW_MAGIC.length
const COMMITMENT_AT = BLOCKS_AT + 4
const SPACE = 0x20
/** What is read of a file at once to find rows in it. */
const SCAN_BYTES = 1024 * ROW_BLOCK_BYTES
const [MAGIC_FIRST_BYTE] = ROW_MAGIC

/** Where a row belongs. It opens nowhere else. */
export interface RowPlace {
  readonly subject: string
  readonly month: string
}

/** A row ready to be written. */
export interface Row {
  /** In hexadecimal. */
  readonly commitment: string
  readonly frame: Buffer
}

/** What was sealed, and the salt, in hexadecimal, with which the commitment was made. */
export interface OpenedRow {
  readonly fields: object
  readonly salt: string
}

const boundToRow = ({ subject, month }: RowPlace, header: Buffer): Buffer =>
  Buffer.concat([boundTo('row', subject, month), header])

/** `fields`: canonical JSON of an object, of at most FIELDS_BYTES_MAX. */
export function encodeRow(place: RowPlace, key: Buffer, fields: Buffer): Row {
  const salt = randomBytes(SALT_BYTES)
  const commitment = commitMembers(JSON.parse(fields.toString('utf8')) as object, salt)
  const blocks = rowBlocks(fields.length)
  const header = Buffer.alloc(ROW_HEADER_BYTES)
  ROW_MAGIC.copy(header)
  header.writeUInt32BE(blocks, BLOCKS_AT)
  header.write(commitment, COMMITMENT_AT, 'hex')
  // Spaces to the end of the block: how long the fields are is nobody's business, and JSON does not mind them.
  const plain = Buffer.alloc(blocks * ROW_BLOCK_BYTES - ROW_HEADER_BYTES - CIPHER_OVERHEAD_BYTES, SPACE)
  salt.copy(plain)
  fields.copy(plain, SALT_BYTES)
  const sealed = encrypt(key, boundToRow(place, header), plain)
  return { commitment, frame: Buffer.concat([header, sealed]) }
}

/** What was sealed, or undefined if the frame is not such a row, or not the one of this commitment. */
export function decodeRow(
  place: RowPlace,
  key: Buffer,
  commitment: string,
  frame: Buffer,
): OpenedRow | undefined {
  const header = frame.subarray(0, ROW_HEADER_BYTES)
  if (readRowHeader(header)?.commitment !== commitment) return undefined
  const plain = decrypt(key, boundToRow(place, header), frame.subarray(ROW_HEADER_BYTES))
  if (plain === undefined) return undefined
  const salt = plain.subarray(0, SALT_BYTES)
  // The spaces behind it are none of JSON's business.
  const fields = parseObject(plain.subarray(SALT_BYTES))
  if (fields === undefined || !isCommitted(fields, salt, commitment)) return undefined
  return { fields, salt: salt.toString('hex') }
}

/** False also for what has no canonical form: nobody can have committed to it. */
function isCommitted(fields: object, salt: Buffer, commitment: string): boolean {
  try {
    return areEqual(Buffer.from(commitMembers(fields, salt), 'hex'), Buffer.from(commitment, 'hex'))
  } catch (error) {
    if (error instanceof NotCanonicalError) return false
    throw error
  }
}

/** Only the vault's own key could have made these bytes; still, they are not taken on trust. */
function parseObject(bytes: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

interface RowHeader {
  readonly blocks: number
  readonly commitment: string
}

function readRowHeader(block: Buffer): RowHeader | undefined {
  if (block.length < ROW_HEADER_BYTES || !block.subarray(0, BLOCKS_AT).equals(ROW_MAGIC)) return undefined
  const blocks = block.readUInt32BE(BLOCKS_AT)
  if (blocks < 1 || blocks > ROW_BLOCKS_MAX) return undefined
  return { blocks, commitment: block.toString('hex', COMMITMENT_AT, COMMITMENT_AT + COMMITMENT_BYTES) }
}

/** Where a row begins, and how many bytes it has. */
export interface RowFound {
  readonly position: number
  readonly bytes: number
  readonly commitment: string
}

/** Where to look from the next time, and where a row begins whose end is not there, if one does. */
export interface RowScan {
  readonly nextPosition: number
  readonly tornAt: number | undefined
}

/**
 * Finds the rows from a position on, which is the beginning of a block. Every block is looked at, so that no damage to
 * one row hides another; in a cipher text the eight bytes of the magic stand by chance once in 2^64 blocks.
 */
export async function scanRows(
  file: VaultFile,
  fromPosition: number,
  onRow: (row: RowFound) => void,
): Promise<RowScan> {
  const size = Math.min(await file.size(), ROWS_FILE_BYTES_MAX)
  const end = size - (size % ROW_BLOCK_BYTES)
  let tornAt: number | undefined
  for (let start = fromPosition; start < end; start += SCAN_BYTES) {
    const piece = await readRange(file, start, Math.min(SCAN_BYTES, end - start))
    for (let at = 0; at + ROW_BLOCK_BYTES <= piece.length; at += ROW_BLOCK_BYTES) {
      // Most blocks are the insides of rows: a look at one byte is enough for almost all of them.
      if (piece[at] !== MAGIC_FIRST_BYTE) continue
      const header = readRowHeader(piece.subarray(at, at + ROW_HEADER_BYTES))
      if (header === undefined) continue
      const row = { position: start + at, bytes: header.blocks * ROW_BLOCK_BYTES }
      tornAt = row.position + row.bytes <= end ? undefined : row.position
      if (tornAt === undefined) onRow({ ...row, commitment: header.commitment })
    }
  }
  return { nextPosition: tornAt ?? Math.max(end, fromPosition), tornAt }
}
