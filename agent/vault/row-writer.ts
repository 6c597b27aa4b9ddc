/** Puts rows on the disk: one write and one sync for all rows of a subject's month that wait at the same time. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { systemErrorCode } from '../errors.ts'
import { boundTo, encrypt, type VaultKeys } from './cipher.ts'
import { unlinkIfThere, type VaultDisk, type VaultFile, withFile, writeFully, writeNewFile } from './disk.ts'
import { KEY_BYTES, keyFile, NEW_SUFFIX, ROW_BLOCK_BYTES, ROWS_FILE_BYTES_MAX, rowsFile } from './format.ts'
import { NO_NONCE } from './note.ts'
import type { Notes } from './notes.ts'
import { encodeRow, type RowPlace, scanRows } from './row.ts'
import { type MonthKey, readMonthKey } from './subject-folder.ts'
import { damaged, UnsealableError } from './trouble.ts'

/** Keys of months in use that are held: more subjects are hardly busy at the same time. */
const MONTHS_HELD_MAX = 256

export class RowWriter {
  readonly #disk: VaultDisk
  readonly #dir: string
  readonly #keys: VaultKeys
  readonly #notes: Notes
  readonly #makeFolder: (subject: string) => Promise<string>
  /** Months whose files this process has looked through and made durable, with their keys; least lately used first. */
  readonly #months = new Map<string, Buffer>()

  /** `makeFolder` makes a subject's folder, durably, unless it is there, and answers its path. */
  constructor(
    disk: VaultDisk,
    dir: string,
    keys: VaultKeys,
    notes: Notes,
    makeFolder: (subject: string) => Promise<string>,
  ) {
    this.#disk = disk
    this.#dir = dir
    this.#keys = keys
    this.#notes = notes
    this.#makeFolder = makeFolder
  }

  /** Durable when it resolves. Answers the commitments, in hexadecimal, in the order of the fields. */
  async append(place: RowPlace, fields: readonly Buffer[]): Promise<string[]> {
    const id = `${place.subject} ${place.month}`
    const held = this.#months.get(id)
    this.#months.delete(id)
    // Not held again unless all goes well: after a failure nobody knows what the file's end is like.
    const folder = await this.#makeFolder(place.subject)
    const key = held ?? (await this.#keyOf(place, folder))
    const rows = fields.map((bytes) => encodeRow(place, key, bytes))
    const frames = Buffer.concat(rows.map((row) => row.frame))
    await withFile(this.#disk, join(folder, rowsFile(place.month)), 'append', async (file) => {
      if (held === undefined) await cutTorn(file)
      const size = await file.size()
      if (size + frames.length > ROWS_FILE_BYTES_MAX) {
        if (held !== undefined) this.#hold(id, held)
        throw this.#full(place)
      }
      await writeFully(file, frames, size)
      await file.fdatasync()
    })
    if (held === undefined) await this.#disk.fsyncFolder(folder)
    this.#hold(id, key)
    return rows.map((row) => row.commitment)
  }

  /** Forgets what is held of the subject: its files are not what they were. */
  forget(subject: string): void {
    for (const id of this.#months.keys()) if (id.startsWith(`${subject} `)) this.#months.delete(id)
  }

  #hold(id: string, key: Buffer): void {
    this.#months.set(id, key)
    for (const oldest of this.#months.keys()) {
      if (this.#months.size <= MONTHS_HELD_MAX) break
      this.#months.delete(oldest)
    }
  }

  async #keyOf({ subject, month }: RowPlace, folder: string): Promise<Buffer> {
    const there = await readMonthKey(this.#disk, folder, this.#keys, subject, month)
    const key = there ?? (await this.#makeKey({ subject, month }, folder))
    const path = `\`${subject}/${keyFile(month)}\``
    if (this.#notes.hasNonce(key.wrapped)) {
      throw damaged(this.#dir, `${path} was shredded and has been put back; erase \`${subject}\` again`)
    }
    if (key.key !== undefined) return key.key
    throw damaged(this.#dir, `${path} opens no more; put it back from a backup, or erase \`${subject}\``)
  }

  /** A key in its place is whole, and is never replaced. */
  async #makeKey({ subject, month }: RowPlace, folder: string): Promise<MonthKey> {
    const key = randomBytes(KEY_BYTES)
    const path = join(folder, keyFile(month))
    const temporary = `${path}.${randomBytes(4).toString('hex')}${NEW_SUFFIX}`
    try {
      await writeNewFile(this.#disk, temporary, encrypt(this.#keys.wrap, boundTo('key', subject, month), key))
      await this.#disk.link(temporary, path)
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw error
    } finally {
      await unlinkIfThere(this.#disk, temporary)
    }
    // Its name is made durable with that of the rows. Read back: if another process was faster, the key is its.
    const made = await readMonthKey(this.#disk, folder, this.#keys, subject, month)
    return made ?? { wrapped: NO_NONCE, key: undefined }
  }

  #full({ subject, month }: RowPlace): Error {
    const limit = `the limit of ${ROWS_FILE_BYTES_MAX} bytes for one month`
    return new UnsealableError(this.#dir, `\`${subject}/${rowsFile(month)}\` has reached ${limit}`)
  }
}

/** Cuts off what a crash or a failed write left of a row that was never acknowledged. */
async function cutTorn(file: VaultFile): Promise<void> {
  const { tornAt } = await scanRows(file, 0, () => undefined)
  const size = await file.size()
  const end = tornAt ?? size - (size % ROW_BLOCK_BYTES)
  if (end < size) await file.truncate(end)
}
