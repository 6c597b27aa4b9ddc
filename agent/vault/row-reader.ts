/** Finds and opens rows. Holds where the rows are, within limits, and never what is in them. */
import { join } from 'node:path'
import type { VaultKeys } from './cipher.ts'
import { readRange, unlessAbsent, type VaultDisk, withFile } from './disk.ts'
import { rowsFile } from './format.ts'
import type { Notes } from './notes.ts'
import { decodeRow, type OpenedRow, type RowFound, scanRows } from './row.ts'
import { isMonthNoted, listSubject, readMonthKey } from './subject-folder.ts'
import { Turns } from './turns.ts'

/** Rows, and months, of which the places are held: some 60 MB. */
const HELD_MAX = 250_000

interface HeldMonth {
  readonly wrapped: Buffer | undefined
  readonly key: Buffer | undefined
  /** Where the rows begin and how long they are, by commitment. */
  readonly rows: Map<string, RowFound>
  /** Where to look for more. */
  nextPosition: number
}

/** `unreadable`: a row is there and does not open. `absent`: there is none. */
export type RowResult = OpenedRow | 'unreadable' | 'absent'

export class RowReader {
  readonly #disk: VaultDisk
  readonly #dir: string
  readonly #keys: VaultKeys
  readonly #notes: Notes
  /** By subject, then by month; the subject first that was looked for on the disk longest ago. */
  readonly #subjects = new Map<string, ReadonlyMap<string, HeldMonth>>()
  /** What they come to, of HELD_MAX. */
  #held = 0
  /** One look at the disk at a time, so that no two fill the same map. */
  readonly #turns = new Turns()

  constructor(disk: VaultDisk, dir: string, keys: VaultKeys, notes: Notes) {
    this.#disk = disk
    this.#dir = dir
    this.#keys = keys
    this.#notes = notes
  }

  /** Opens a row. Where it is not where it was, or was never seen, the disk is looked at once more. */
  async find(subject: string, commitment: string): Promise<RowResult> {
    const known = await this.#open(subject, commitment)
    if (typeof known === 'object') return known
    return await this.#turns.take(async () => {
      await this.#refresh(subject)
      return await this.#open(subject, commitment)
    })
  }

  forget(subject: string): void {
    const months = this.#subjects.get(subject)
    if (months === undefined) return
    this.#held -= weight(months)
    this.#subjects.delete(subject)
  }

  async #open(subject: string, commitment: string): Promise<RowResult> {
    const months = this.#subjects.get(subject)
    if (months === undefined) return 'absent'
    let result: RowResult = 'absent'
    for (const [month, { key, rows }] of months) {
      const row = rows.get(commitment)
      if (row === undefined) continue
      const frame = key === undefined ? undefined : await this.#read(subject, month, row)
      if (key !== undefined && frame !== undefined) {
        const opened = decodeRow({ subject, month }, key, commitment, frame)
        if (opened !== undefined) return opened
      }
      result = 'unreadable'
    }
    return result
  }

  #read(subject: string, month: string, { position, bytes }: RowFound): Promise<Buffer | undefined> {
    const path = join(this.#dir, subject, rowsFile(month))
    return unlessAbsent(() => withFile(this.#disk, path, 'read', (file) => readRange(file, position, bytes)))
  }

  /** Holds what the disk has of the subject now. */
  async #refresh(subject: string): Promise<void> {
    await this.#notes.refresh()
    const folder = join(this.#dir, subject)
    const held = this.#subjects.get(subject)
    // Taken off first: what is held of a month grows below.
    this.forget(subject)
    const months = new Map<string, HeldMonth>()
    for (const month of (await listSubject(this.#disk, folder)).months) {
      const key = await readMonthKey(this.#disk, folder, this.#keys, subject, month)
      if (isMonthNoted(this.#notes, subject, month, key)) continue
      const before = held?.get(month)
      const isSame = before !== undefined && areSame(before.wrapped, key?.wrapped)
      const now = isSame
        ? before
        : { wrapped: key?.wrapped, key: key?.key, rows: new Map<string, RowFound>(), nextPosition: 0 }
      await this.#scan(join(folder, rowsFile(month)), now)
      months.set(month, now)
    }
    if (months.size === 0) return
    this.#subjects.set(subject, months)
    this.#held += weight(months)
    this.#forgetOldest(subject)
  }

  async #scan(path: string, month: HeldMonth): Promise<void> {
    await unlessAbsent(() =>
      withFile(this.#disk, path, 'read', async (file) => {
        const scan = await scanRows(file, month.nextPosition, (row) => month.rows.set(row.commitment, row))
        month.nextPosition = scan.nextPosition
      }),
    )
  }

  /** Keeps to the limit, but for the subject that was asked for. */
  #forgetOldest(wanted: string): void {
    for (const subject of this.#subjects.keys()) {
      if (this.#held <= HELD_MAX || subject === wanted) return
      this.forget(subject)
    }
  }
}

function weight(months: ReadonlyMap<string, HeldMonth>): number {
  let weight = months.size
  for (const { rows } of months.values()) weight += rows.size
  return weight
}

const areSame = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.equals(b)
