/**
 * Shreds what lies in the vault, a subject at a time: noted durably first, so that whatever stops it in between, it is
 * finished by whoever opens the vault next.
 */
import { AgentError } from '../errors.ts'
import type { VaultKeys } from './cipher.ts'
import type { VaultDisk } from './disk.ts'
import { isMonthBefore, isSubject, NONCE_BYTES } from './format.ts'
import { NO_NONCE, type ShredNote } from './note.ts'
import type { Notes } from './notes.ts'
import type { RowReader } from './row-reader.ts'
import type { RowWriter } from './row-writer.ts'
import {
  countRows,
  type Doomed,
  isMonthNoted,
  listSubject,
  readMonthKey,
  removeIfEmpty,
  type SubjectFiles,
  shred,
} from './subject-folder.ts'
import type { Subjects } from './subjects.ts'

/** What is gone of a subject, by this erasure and those before it, and what a duty keeps. */
export interface Erasure {
  readonly erasedRows: number
  /** `YYYY-MM`, in order. */
  readonly erasedMonths: string[]
  readonly deferredRows: number
  readonly deferredMonths: string[]
}

/** What was shredded of a subject. */
export interface Expiry {
  readonly subject: string
  readonly months: readonly string[]
  readonly rows: number
}

interface Parts {
  readonly disk: VaultDisk
  readonly dir: string
  readonly keys: VaultKeys
  readonly notes: Notes
  readonly subjects: Subjects
  readonly reader: RowReader
  readonly writer: RowWriter
}

export class Eraser {
  readonly #parts: Parts
  /** Subjects of which a note could not be written: whether it is on the disk is unknown until that is settled. */
  readonly #unsettled = new Set<string>()
  /** What was noted, and is not known to be on record: what noted it failed, or was killed before it said so. */
  readonly #unreported = new Map<string, readonly ShredNote[]>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Finishes what was under way when the process before this one ended. */
  async recover(): Promise<void> {
    const { notes, subjects } = this.#parts
    await subjects.sweep()
    for (const subject of notes.pendingSubjects) {
      this.#unreported.set(subject, notes.pendingOf(subject))
      await this.settle(subject)
    }
    await this.markDone()
  }

  /** What was shredded of whom without being on record, as far as it is known. */
  get unreported(): readonly Expiry[] {
    return [...this.#unreported].map(([subject, gone]) => expiryOf(subject, gone))
  }

  /** What was shredded of the subject so far is on record. */
  reported(subject: string): void {
    this.#unreported.delete(subject)
  }

  /** Once all is shredded and on record. Until then whoever opens the vault next finds what is not. */
  async markDone(): Promise<void> {
    if (this.#unreported.size === 0) await this.#parts.notes.markDone()
  }

  /** Finishes what failed of the subject before, if anything did. Nothing may be sealed for it until then. */
  async settle(subject: string): Promise<void> {
    const { notes } = this.#parts
    if (this.#unsettled.has(subject)) {
      await notes.settle()
      this.#unsettled.delete(subject)
    }
    if (notes.pendingOf(subject).length > 0) await this.#finish(subject)
  }

  /** Throws USAGE if nothing is known of the subject. */
  async erase(subject: string, keepFromMs: number | null): Promise<Erasure> {
    const { notes } = this.#parts
    const nobody = 'nothing is known of it in the vault'
    if (!isSubject(subject)) {
      throw new AgentError('USAGE', 'a subject is `s-` and 16 hexadecimal digits; see those of `audit show`')
    }
    const files = await this.#filesOf(subject)
    if (files.months.length === 0 && !files.hasName && !notes.hasSubject(subject)) {
      throw new AgentError('USAGE', `subject \`${subject}\` cannot be erased: ${nobody}; see \`audit show\``)
    }
    const isDoomed = (month: string): boolean => keepFromMs === null || isMonthBefore(month, keepFromMs)
    const months = files.months.filter(isDoomed)
    const deferredMonths = files.months.filter((month) => !isDoomed(month))
    await this.#shred(subject, { months, isNameToo: files.hasName && deferredMonths.length === 0 })
    const deferredRows = await this.#countRows(subject, deferredMonths)
    const gone = await notes.of(subject)
    return { erasedRows: rowsOf(gone), erasedMonths: monthsOf(gone), deferredRows, deferredMonths }
  }

  /** Shreds the subject's months that lie before the moment. Undefined if nothing was shredded. */
  async expire(subject: string, beforeMs: number): Promise<Expiry | undefined> {
    const files = await this.#filesOf(subject)
    const months = files.months.filter((month) => isMonthBefore(month, beforeMs))
    const isNameToo =
      months.length === files.months.length && (await this.#isNameOver(subject, files, beforeMs))
    await this.#shred(subject, { months, isNameToo })
    const gone = this.#unreported.get(subject)
    return gone === undefined ? undefined : expiryOf(subject, gone)
  }

  /** A name goes with the last of the rows; one that never had any, with the month in which it was first used. */
  async #isNameOver(subject: string, { months, hasName }: SubjectFiles, beforeMs: number): Promise<boolean> {
    if (!hasName || months.length > 0) return hasName
    const month = (await this.#parts.subjects.readName(subject))?.entry?.month
    return month === undefined || isMonthBefore(month, beforeMs)
  }

  async #filesOf(subject: string): Promise<SubjectFiles> {
    await this.settle(subject)
    return await listSubject(this.#parts.disk, this.#parts.subjects.folder(subject))
  }

  /** Notes it, then does it. */
  async #shred(subject: string, doomed: Doomed): Promise<void> {
    if (doomed.months.length === 0 && !doomed.isNameToo) return
    const { notes, subjects } = this.#parts
    const toNote = await this.#notesFor(subject, doomed)
    this.#unsettled.add(subject)
    await notes.add(toNote)
    this.#unsettled.delete(subject)
    this.#unreported.set(subject, [...(this.#unreported.get(subject) ?? []), ...toNote])
    // From here on it is gone for whoever asks, whatever happens to the disk.
    if (doomed.isNameToo) subjects.forgetName(subject)
    await this.#finish(subject)
  }

  async #notesFor(subject: string, { months, isNameToo }: Doomed): Promise<ShredNote[]> {
    const { disk, keys, subjects } = this.#parts
    const folder = subjects.folder(subject)
    const toNote: ShredNote[] = []
    for (const month of months) {
      const key = await readMonthKey(disk, folder, keys, subject, month)
      const nonce = Buffer.alloc(NONCE_BYTES)
      key?.wrapped.copy(nonce)
      toNote.push({ kind: 'month', subject, month, rows: await countRows(disk, folder, month), nonce })
    }
    if (isNameToo) {
      const nonce = (await subjects.readName(subject))?.nonce ?? NO_NONCE
      toNote.push({ kind: 'name', subject, month: null, rows: 0, nonce })
    }
    return toNote
  }

  /** Shreds what is noted of the subject and still there. */
  async #finish(subject: string): Promise<void> {
    const { disk, dir, keys, notes, subjects, reader, writer } = this.#parts
    const folder = subjects.folder(subject)
    const pending = notes.pendingOf(subject)
    const files = await listSubject(disk, folder)
    const months: string[] = []
    for (const month of files.months) {
      const key = await readMonthKey(disk, folder, keys, subject, month)
      if (isMonthNoted(notes, subject, month, key)) months.push(month)
    }
    const isNameToo = await this.#isNameNoted(subject, pending)
    await shred(disk, folder, { months, isNameToo })
    reader.forget(subject)
    writer.forget(subject)
    if (months.length === files.months.length && (isNameToo || !files.hasName)) {
      await removeIfEmpty(disk, dir, folder)
      subjects.forget(subject)
    }
    notes.done(subject)
  }

  async #isNameNoted(subject: string, pending: readonly ShredNote[]): Promise<boolean> {
    if (!pending.some((note) => note.kind === 'name')) return false
    const name = await this.#parts.subjects.readName(subject)
    // One that does not open, for whatever reason, is not one that anybody was given since.
    return name !== undefined && name.entry === undefined
  }

  async #countRows(subject: string, months: readonly string[]): Promise<number> {
    const { disk, subjects } = this.#parts
    let rows = 0
    for (const month of months) rows += await countRows(disk, subjects.folder(subject), month)
    return rows
  }
}

const expiryOf = (subject: string, gone: readonly ShredNote[]): Expiry => ({
  subject,
  months: monthsOf(gone),
  rows: rowsOf(gone),
})

const rowsOf = (notes: readonly ShredNote[]): number => notes.reduce((rows, note) => rows + note.rows, 0)

const monthsOf = (notes: readonly ShredNote[]): string[] =>
  [...new Set(notes.flatMap((note) => note.month ?? []))].sort()
