/**
 * The erasable side table of the log. What could name a person lies here, encrypted, and nowhere else; the log holds a
 * random subject and a commitment. To forget is to shred a key, and the log still verifies.
 */

import { AgentError, assert } from '../errors.ts'
import { canonicalJson, NotCanonicalError, type SealedRef, sealedRef } from '../log-format/index.ts'
import { deriveKeys } from './cipher.ts'
import { makeDurableFolder, nodeVaultDisk, type VaultDisk } from './disk.ts'
import { Eraser, type Erasure, type Expiry } from './eraser.ts'
import { FIELDS_BYTES_MAX, isSubject, monthOf } from './format.ts'
import { checkHead, makeHead } from './head.ts'
import { inParallel } from './in-parallel.ts'
import { Notes } from './notes.ts'
import type { OpenedRow } from './row.ts'
import { checkRows } from './row-check.ts'
import { RowReader } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'
import { SealQueue } from './seal-queue.ts'
import { countRows, listSubject } from './subject-folder.ts'
import { normalName, Subjects } from './subjects.ts'
import { damaged, readTrouble, UnsealableError, unwritable, writeTrouble } from './trouble.ts'
import { Turns } from './turns.ts'

/** What is known of a subject. */
export interface SubjectSummary {
  readonly subject: string
  /** Null where it was never known, is erased, or does not open. */
  readonly name: string | null
  /** Months with rows, `YYYY-MM`, in order: what the clock said when they were sealed. */
  readonly months: readonly string[]
  readonly rows: number
}

/** Why something cannot be opened: it was erased, or it is not there or damaged. */
export type Gone = 'erased' | 'missing'

export interface Vault {
  /**
   * The subject of a person's or host's name: random, made at the first use, durable before it resolves, the same as
   * long as it is not erased. Names are compared after NFC and without space around them; case matters. Throws USAGE
   * for what cannot be a name; a reader also for a name that is not known.
   */
  subjectOf(name: string): Promise<string>
  /** The subject of a name, or undefined: makes none. */
  findSubject(name: string): Promise<string | undefined>
  /** A fresh subject that stands for nobody known. Nothing of it is on the disk before something is sealed for it. */
  newSubject(): string
  /**
   * Durable before it resolves. `fields`: an object whose canonical JSON has at most FIELDS_BYTES_MAX bytes. `atMs`
   * chooses the month with which it can be erased. Rejects with AUDIT_UNWRITABLE, which is an `UnsealableError` where
   * these fields alone are refused, or with AUDIT_DAMAGED where the month's key opens no more.
   */
  seal(subject: string, fields: object, atMs: number): Promise<SealedRef>
  /** What was sealed, with its salt in hexadecimal, or why it is gone. Never anything but what the commitment stands for. */
  open(ref: SealedRef): Promise<OpenedRow | { readonly gone: Gone }>
  /**
   * Why those of a subject's commitments do not open that do not: as `open` would say, and `damaged` where a row is there
   * that does not open or is not what was committed to. For a reader of many: a month is read once, and nothing is held.
   */
  check(subject: string, commitments: Iterable<string>): Promise<ReadonlyMap<string, Gone | 'damaged'>>
  subjects(): Promise<readonly SubjectSummary[]>
  /**
   * Shreds what was sealed for the subject in months that are over at `keepFromMs`; null: everything. With nothing
   * remaining its name goes too. Answers what of the subject is erased by now, by this call and earlier ones, and what
   * is kept: to call again after any failure finishes it and gives the same answer. Throws USAGE if nothing is known
   * of the subject. Whoever seals for it later begins anew. `record` puts it on record: until that has resolved it
   * counts as unreported.
   */
  erase(subject: string, options: EraseOptions): Promise<Erasure>
  /**
   * Shreds the months of all subjects that are over at `beforeMs`, and names of which nothing remains. A failure after
   * the first subject ends it early and without a word, so that what is gone can be recorded; the next call meets it at
   * once and throws. `record` puts each on record, as with `erase`.
   */
  eraseOlderThan(beforeMs: number, record?: (expiry: Expiry) => Promise<void>): Promise<readonly Expiry[]>
  /** What was shredded of whom, and is not known to be on record: what shredded it ended before. At worst it is told twice. */
  unreported(): readonly Expiry[]
  /** That is on record now. */
  reported(subject: string): Promise<void>
  /** Waits for what is under way. */
  close(): Promise<void>
}

export interface EraseOptions {
  readonly keepFromMs: number | null
  readonly record?: (erasure: Erasure) => Promise<void>
}

export interface VaultOptions {
  /** 32 bytes, from a key file beside the vault. Without it everything in the vault is gone. */
  readonly wrappingKey: Buffer
  readonly disk?: VaultDisk
  /** Writes nothing. It may read while another process writes. */
  readonly isReader?: boolean
  readonly nowMs?: () => number
}

/**
 * Opens the vault in a folder, and begins one where there is none. Whoever writes must be the only one who does: the
 * caller holds the log's lock. Finishes an erasure that was under way. Throws AUDIT_DAMAGED if the vault is another
 * key's, AUDIT_UNWRITABLE or STATE_UNUSABLE if the disk refuses.
 */
export async function openVault(dir: string, options: VaultOptions): Promise<Vault> {
  const vault = new FolderVault(dir, options)
  await vault.begin()
  return vault
}

class FolderVault implements Vault {
  readonly #dir: string
  readonly #disk: VaultDisk
  readonly #options: VaultOptions
  readonly #nowMs: () => number
  readonly #keys: ReturnType<typeof deriveKeys>
  readonly #notes: Notes
  readonly #subjects: Subjects
  readonly #reader: RowReader
  readonly #eraser: Eraser
  readonly #seals: SealQueue
  /** Everything that writes, and everything that reads what is written at more than one place. */
  readonly #turns = new Turns()
  #isClosed = false

  constructor(dir: string, options: VaultOptions) {
    const { disk = nodeVaultDisk, nowMs = Date.now } = options
    const keys = deriveKeys(options.wrappingKey)
    const notes = new Notes(disk, dir, keys)
    const subjects = new Subjects(disk, dir, keys, notes)
    const reader = new RowReader(disk, dir, keys, notes)
    const writer = new RowWriter(disk, dir, keys, notes, (subject) => subjects.ensure(subject))
    const eraser = new Eraser({ disk, dir, keys, notes, subjects, reader, writer })
    this.#dir = dir
    this.#disk = disk
    this.#options = options
    this.#nowMs = nowMs
    this.#keys = keys
    this.#notes = notes
    this.#subjects = subjects
    this.#reader = reader
    this.#eraser = eraser
    this.#seals = new SealQueue(dir, this.#turns, async (place, fields) => {
      await eraser.settle(place.subject)
      return await writer.append(place, fields)
    })
  }

  async begin(): Promise<void> {
    if (this.#options.isReader === true) return await this.#reading(() => this.#beginReading())
    await this.#writing(() => this.#beginWriting())
  }

  async #beginReading(): Promise<void> {
    const subjects = await this.#subjects.list()
    const hasHead = await checkHead(this.#disk, this.#dir, this.#keys)
    if (!hasHead && subjects.length > 0) throw this.#headless()
    await this.#notes.refresh()
  }

  async #beginWriting(): Promise<void> {
    await makeDurableFolder(this.#disk, this.#dir)
    const subjects = await this.#subjects.recover()
    if (!(await checkHead(this.#disk, this.#dir, this.#keys))) {
      if (subjects.length > 0) throw this.#headless()
      await makeHead(this.#disk, this.#dir, this.#keys)
    }
    await this.#notes.recover()
    await this.#eraser.recover()
  }

  #headless(): AgentError {
    return damaged(this.#dir, 'its head is missing; put the vault back from a backup')
  }

  async subjectOf(name: string): Promise<string> {
    const normal = normalName(name)
    if (this.#options.isReader === true) {
      const found = await this.findSubject(normal)
      if (found !== undefined) return found
      throw new AgentError('USAGE', 'nobody of that name is known in the vault; see `audit show`')
    }
    return await this.#turn(async () => {
      await this.#subjects.sweep()
      const found = await this.#subjects.find(normal)
      if (found !== undefined) return found
      return await this.#subjects.create({ name: normal, month: monthOf(this.#nowMs()) })
    })
  }

  async findSubject(name: string): Promise<string | undefined> {
    const normal = normalName(name)
    return await this.#reading(() =>
      this.#turns.take(async () => {
        if (this.#options.isReader !== true) return await this.#subjects.find(normal)
        await this.#lookAgain()
        const found = await this.#subjects.find(normal)
        // What was read before may have been erased since.
        const isThere = found !== undefined && (await this.#nameOf(found)) === normal
        return isThere ? found : undefined
      }),
    )
  }

  newSubject(): string {
    return this.#subjects.fresh()
  }

  async seal(subject: string, fields: object, atMs: number): Promise<SealedRef> {
    assert(isSubject(subject), 'a subject has the form of one')
    this.#requireWriter()
    const commitment = await this.#seals.seal({ subject, month: monthOf(atMs) }, this.#encode(fields))
    return { subject, commitment }
  }

  #encode(fields: object): Buffer {
    assert(!Array.isArray(fields), 'what is sealed is an object')
    let bytes: Buffer
    try {
      bytes = Buffer.from(canonicalJson(fields), 'utf8')
    } catch (error) {
      if (!(error instanceof NotCanonicalError)) throw error
      throw new UnsealableError(this.#dir, error.message)
    }
    // A commitment to no member would be one without salt.
    assert(bytes.length > '{}'.length, 'what is sealed has members')
    if (bytes.length <= FIELDS_BYTES_MAX) return bytes
    const limit = `the limit of ${FIELDS_BYTES_MAX} bytes`
    throw new UnsealableError(this.#dir, `it has ${bytes.length} bytes, above ${limit}`)
  }

  async open(ref: SealedRef): Promise<OpenedRow | { readonly gone: Gone }> {
    // It comes from a log, which anybody may have written.
    if (!sealedRef.safeParse(ref).success) return { gone: 'missing' }
    return await this.#reading(async () => {
      const row = await this.#reader.find(ref.subject, ref.commitment)
      if (typeof row === 'object') return row
      return { gone: row === 'absent' && this.#notes.hasSubject(ref.subject) ? 'erased' : 'missing' }
    })
  }

  async check(
    subject: string,
    commitments: Iterable<string>,
  ): Promise<ReadonlyMap<string, Gone | 'damaged'>> {
    assert(isSubject(subject), 'a subject has the form of one')
    return await this.#reading(async () => {
      const parts = { disk: this.#disk, dir: this.#dir, keys: this.#keys, notes: this.#notes }
      await this.#notes.refresh()
      const first = await checkRows(parts, subject, commitments)
      // An erasure may have come between the notes and the rows: looked at again, they tell of it.
      if (first.size > 0) await this.#notes.refresh()
      const wrong = first.size > 0 ? await checkRows(parts, subject, first.keys()) : first
      const absent = this.#notes.hasSubject(subject) ? 'erased' : 'missing'
      const whys = [...wrong].map(([commitment, trouble]): [string, Gone | 'damaged'] => [
        commitment,
        trouble === 'absent' ? absent : 'damaged',
      ])
      return new Map(whys)
    })
  }

  async subjects(): Promise<readonly SubjectSummary[]> {
    return await this.#reading(() =>
      this.#turns.take(async () => {
        const summaries = await inParallel(await this.#lookAgain(), (subject) => this.#summarise(subject))
        return summaries.filter((summary) => summary !== undefined)
      }),
    )
  }

  async #summarise(subject: string): Promise<SubjectSummary | undefined> {
    const folder = this.#subjects.folder(subject)
    const { months, hasName } = await listSubject(this.#disk, folder)
    if (months.length === 0 && !hasName) return undefined
    let rows = 0
    for (const month of months) rows += await countRows(this.#disk, folder, month)
    return { subject, name: (await this.#nameOf(subject)) ?? null, months, rows }
  }

  async #nameOf(subject: string): Promise<string | undefined> {
    return (await this.#subjects.readName(subject))?.entry?.name
  }

  /** Which subjects there are now. */
  async #lookAgain(): Promise<readonly string[]> {
    await this.#notes.refresh()
    return await this.#subjects.list()
  }

  async erase(subject: string, { keepFromMs, record }: EraseOptions): Promise<Erasure> {
    const erasure = await this.#turn(async () => {
      await this.#subjects.sweep()
      return await this.#eraser.erase(subject, keepFromMs)
    })
    // In nobody's turn: a record is sealed itself.
    await record?.(erasure)
    await this.reported(subject)
    return erasure
  }

  unreported(): readonly Expiry[] {
    return this.#eraser.unreported
  }

  async reported(subject: string): Promise<void> {
    await this.#turn(async () => {
      this.#eraser.reported(subject)
      await this.#eraser.markDone()
    })
  }

  async eraseOlderThan(
    beforeMs: number,
    record?: (expiry: Expiry) => Promise<void>,
  ): Promise<readonly Expiry[]> {
    const expired: Expiry[] = []
    const subjects = await this.#turn(async () => {
      await this.#subjects.sweep()
      return await this.#subjects.list()
    })
    const unreported = this.#eraser.unreported.map(({ subject }) => subject)
    for (const subject of new Set([...unreported, ...subjects])) {
      try {
        const expiry = await this.#turn(() => this.#eraser.expire(subject, beforeMs))
        if (expiry === undefined) continue
        await record?.(expiry)
        this.#eraser.reported(subject)
        expired.push(expiry)
      } catch (error) {
        if (expired.length === 0 || !(error instanceof AgentError)) throw error
        break
      }
    }
    await this.#turn(() => this.#eraser.markDone())
    return expired
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#turns.take(async () => undefined)
  }

  #requireWriter(): void {
    assert(this.#options.isReader !== true, 'a reader of the vault writes nothing')
    if (this.#isClosed) throw unwritable(this.#dir, 'it was closed')
  }

  /** Something that writes, after all that was asked for before. */
  async #turn<T>(work: () => Promise<T>): Promise<T> {
    this.#requireWriter()
    return await this.#writing(() => this.#turns.take(work))
  }

  async #writing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw writeTrouble(this.#dir, error)
    }
  }

  async #reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw readTrouble(this.#dir, error)
    }
  }
}
