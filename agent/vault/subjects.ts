/** Who there is: the subjects' folders, and whose name each of them stands for. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { AgentError, systemErrorCode } from '../errors.ts'
import type { VaultKeys } from './cipher.ts'
import { type FolderEntry, readSmallFile, type VaultDisk, writeNewFile } from './disk.ts'
import {
  isSubject,
  NAME_BYTES_MAX,
  NAME_FILE,
  NAME_FILE_BYTES,
  NEW_SUFFIX,
  NONCE_BYTES,
  SUBJECTS_MAX,
} from './format.ts'
import { inParallel } from './in-parallel.ts'
import { decodeName, encodeName, type NameEntry } from './name-file.ts'
import type { Notes } from './notes.ts'
import { removeIfEmpty, shred } from './subject-folder.ts'
import { UnsealableError } from './trouble.ts'

/** Folders of subjects, those on their way, and the vault's own files. */
const ENTRIES_MAX = 2 * SUBJECTS_MAX
const SUBJECT_RANDOM_BYTES = 8

export class Subjects {
  readonly #disk: VaultDisk
  readonly #dir: string
  readonly #keys: VaultKeys
  readonly #notes: Notes
  /** Subjects whose folder is there. */
  readonly #known = new Set<string>()
  /** Those of them of which it is sure that a power cut leaves it there. */
  readonly #durable = new Set<string>()
  /** Those of them whose name was not read yet. */
  readonly #unread = new Set<string>()
  /** The subjects of the names that were. */
  readonly #byName = new Map<string, string>()
  readonly #nameOf = new Map<string, string>()
  /** Subjects that nobody was told of, because this process could not make them: what the disk has of them is to go. */
  readonly #failed = new Set<string>()
  /** Folders of names that were on their way when the process before this one ended. */
  readonly #leftovers = new Set<string>()

  constructor(disk: VaultDisk, dir: string, keys: VaultKeys, notes: Notes) {
    this.#disk = disk
    this.#dir = dir
    this.#keys = keys
    this.#notes = notes
  }

  folder(subject: string): string {
    return join(this.#dir, subject)
  }

  /** A subject that there is not yet. */
  fresh(): string {
    for (;;) {
      const subject = `s-${randomBytes(SUBJECT_RANDOM_BYTES).toString('hex')}`
      if (!this.#known.has(subject)) return subject
    }
  }

  /** Reads which subjects there are, in order. */
  async list(): Promise<readonly string[]> {
    const entries = await this.#entries()
    const before = new Set(this.#known)
    this.#known.clear()
    for (const { name, isFolder } of entries) {
      if (!isFolder) continue
      if (isSubject(name) && !this.#failed.has(name)) {
        this.#known.add(name)
        if (!before.has(name)) this.#unread.add(name)
      }
      if (name.endsWith(NEW_SUFFIX) && isSubject(name.slice(0, -NEW_SUFFIX.length))) this.#leftovers.add(name)
    }
    for (const subject of before) if (!this.#known.has(subject)) this.forget(subject)
    return [...this.#known].sort()
  }

  /** For the writer: what a killed process made and nobody synced counts from here on. */
  async recover(): Promise<readonly string[]> {
    const subjects = await this.list()
    await this.#disk.fsyncFolder(this.#dir)
    for (const subject of subjects) this.#durable.add(subject)
    return subjects
  }

  async #entries(): Promise<FolderEntry[]> {
    try {
      return await this.#disk.list(this.#dir, ENTRIES_MAX)
    } catch (error) {
      // A log whose vault was never begun, or was left behind: nothing can be opened.
      if (systemErrorCode(error) === 'ENOENT') return []
      throw error
    }
  }

  /** Makes the subject's folder, durably, unless it is there, and answers its path. */
  async ensure(subject: string): Promise<string> {
    const folder = this.folder(subject)
    if (this.#durable.has(subject)) return folder
    if (!this.#known.has(subject)) this.#requireRoom()
    await this.#disk.makeFolder(folder)
    await this.#disk.fsyncFolder(this.#dir)
    this.#known.add(subject)
    this.#durable.add(subject)
    return folder
  }

  /** The subject of a name in its one form, or undefined. Reads all names the first time, later only new ones. */
  async find(name: string): Promise<string | undefined> {
    await this.#readNames()
    return this.#byName.get(name)
  }

  /** A new subject for the name, in its one form; durable when it resolves. There must be none for it yet. */
  async create(entry: NameEntry): Promise<string> {
    this.#requireRoom()
    const subject = this.fresh()
    const folder = this.folder(subject)
    const temporary = `${folder}${NEW_SUFFIX}`
    this.#failed.add(subject)
    await this.#disk.makeFolder(temporary)
    await writeNewFile(this.#disk, join(temporary, NAME_FILE), encodeName(this.#keys, subject, entry))
    await this.#disk.fsyncFolder(temporary)
    await this.#disk.renameFolder(temporary, folder)
    await this.#disk.fsyncFolder(this.#dir)
    this.#failed.delete(subject)
    this.#known.add(subject)
    this.#durable.add(subject)
    this.#hold(subject, entry.name)
    return subject
  }

  /**
   * Shreds what was left of subjects that could not be made. Nothing may be said of a name before: it would come back
   * as another subject's, and be forgotten when that one is erased.
   */
  async sweep(): Promise<void> {
    for (const subject of this.#failed) {
      await this.#shredFolder(`${subject}${NEW_SUFFIX}`)
      await this.#shredFolder(subject)
      this.#failed.delete(subject)
    }
    for (const leftover of this.#leftovers) {
      await this.#shredFolder(leftover)
      this.#leftovers.delete(leftover)
    }
  }

  async #shredFolder(name: string): Promise<void> {
    const folder = join(this.#dir, name)
    await shred(this.#disk, folder, { months: [], isNameToo: true })
    await removeIfEmpty(this.#disk, this.#dir, folder)
  }

  /** The name as the disk has it, with the nonce of its key; `entry` is undefined where it is damaged or shredded. */
  async readName(subject: string): Promise<{ entry: NameEntry | undefined; nonce: Buffer } | undefined> {
    const file = await readSmallFile(this.#disk, join(this.folder(subject), NAME_FILE), NAME_FILE_BYTES)
    if (file === undefined) return undefined
    const nonce = Buffer.alloc(NONCE_BYTES)
    file.copy(nonce)
    const isGone = this.#notes.hasNonce(nonce)
    return { entry: isGone ? undefined : decodeName(this.#keys, subject, file), nonce }
  }

  /** The subject's name is noted as shredded: from here on the name is another's, or nobody's. */
  forgetName(subject: string): void {
    const name = this.#nameOf.get(subject)
    if (name === undefined) return
    this.#nameOf.delete(subject)
    this.#byName.delete(name)
  }

  /** The subject's folder is gone. */
  forget(subject: string): void {
    this.forgetName(subject)
    this.#known.delete(subject)
    this.#durable.delete(subject)
    this.#unread.delete(subject)
  }

  async #readNames(): Promise<void> {
    if (this.#unread.size === 0) return
    const names = await inParallel([...this.#unread].sort(), async (subject) => ({
      subject,
      name: (await this.readName(subject))?.entry?.name,
    }))
    for (const { subject, name } of names) {
      this.#unread.delete(subject)
      if (name !== undefined) this.#hold(subject, name)
    }
  }

  #hold(subject: string, name: string): void {
    // Of two with one name, which only a second writer could have made, always the same is taken.
    if (this.#byName.has(name)) return
    this.#byName.set(name, subject)
    this.#nameOf.set(subject, name)
  }

  #requireRoom(): void {
    if (this.#known.size < SUBJECTS_MAX) return
    const remedy = 'erase what need not be kept any longer'
    throw new UnsealableError(this.#dir, `it holds ${SUBJECTS_MAX} subjects, which is the limit; ${remedy}`)
  }
}

/**
 * The one form in which names are compared: NFC, without space around it. Throws USAGE for what cannot be a name; the
 * message does not repeat it.
 */
export function normalName(name: string): string {
  const limit = `the limit of ${NAME_BYTES_MAX} bytes in UTF-8`
  // Before the work: no form of a text has fewer bytes than a third of its code units.
  if (name.length > 3 * NAME_BYTES_MAX) throw new AgentError('USAGE', `a name is above ${limit}`)
  const normal = name.normalize('NFC').trim()
  if (normal === '')
    throw new AgentError('USAGE', 'a name is empty; give one with at least one letter or digit')
  if (/\p{Surrogate}/u.test(normal)) throw new AgentError('USAGE', 'a name is not whole Unicode text')
  const bytes = Buffer.byteLength(normal, 'utf8')
  if (bytes > NAME_BYTES_MAX) throw new AgentError('USAGE', `a name of ${bytes} bytes is above ${limit}`)
  return normal
}

/**
 * The name that a text comes to: cut where it is longer than a name may be, so that whoever has a long one is somebody
 * too. Undefined where nothing of it remains.
 */
export function possibleName(text: string): string | undefined {
  const bytes = Buffer.from(
    text
      .slice(0, 3 * NAME_BYTES_MAX)
      .normalize('NFC')
      .trim(),
    'utf8',
  )
  // A decoder that waits for more leaves away a character that was cut in its midst.
  const name = new TextDecoder().decode(bytes.subarray(0, NAME_BYTES_MAX), { stream: true }).trim()
  return name === '' ? undefined : name
}
