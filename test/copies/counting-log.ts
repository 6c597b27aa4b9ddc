/**
 * A log with its book of copies on a disk in memory that fails and crashes on demand: what a ledger is, without the side
 * table.
 */
import type { AuditLog, Receipt } from '../../agent/audit/index.ts'
import { bookAfter, type CopyBook, EMPTY_BOOK } from '../../agent/copies/index.ts'
import { CopyKeeper } from '../../agent/copy-keeper.ts'
import { type AuditRecord, type StoredRecord, splitRecord } from '../../agent/log-format/index.ts'
import type { MemoryDisk } from '../audit/memory-disk.ts'
import { DIR, openOn, recordsOf } from '../audit/records.ts'

export class CountingLog {
  readonly keeper: CopyKeeper
  book: CopyBook
  readonly #log: AuditLog
  readonly #disk: MemoryDisk
  #drained: Promise<unknown> = Promise.resolve()

  private constructor(log: AuditLog, book: CopyBook, disk: MemoryDisk) {
    this.#log = log
    this.#disk = disk
    this.book = book
    this.keeper = new CopyKeeper({
      append: (record) => this.append(record),
      drained: () => this.#drained,
      book: () => this.book,
      nowMs: () => disk.now(),
    })
  }

  /** As a process that starts: it settles what was left behind. */
  static async open(disk: MemoryDisk, mayBegin: boolean): Promise<CountingLog> {
    const log = await openOn(disk, { mayBegin })
    const book = bookOfRecords(await recordsOf(DIR, disk))
    const counting = new CountingLog(log, book, disk)
    await counting.keeper.settleAll()
    return counting
  }

  append(record: AuditRecord): Promise<Receipt> {
    const appending = this.#append(record)
    this.#drained = Promise.allSettled([this.#drained, appending]).then(() => undefined)
    return appending
  }

  async *records(): AsyncGenerator<{ readonly record: StoredRecord }> {
    for (const record of await recordsOf(DIR, this.#disk)) yield { record }
  }

  drained(): Promise<unknown> {
    return this.#drained
  }

  async close(): Promise<void> {
    await this.#drained
    await this.#log.close()
  }

  async #append(record: AuditRecord): Promise<Receipt> {
    const split = splitRecord(record)
    if ('problem' in split) throw new Error(split.problem)
    const receipt = await this.#log.append(split.open)
    const stamped = { ...record, seq: receipt.index, at: receipt.at } as StoredRecord
    this.book = bookAfter(this.book, stamped, receipt.index)
    this.keeper.heard(stamped)
    return receipt
  }
}

export function bookOfRecords(records: readonly StoredRecord[]): CopyBook {
  return records.reduce(bookAfter, EMPTY_BOOK)
}
