/** The file of what was shredded, and what of it is still to be done. */
import { join } from 'node:path'
import { systemErrorCode } from '../errors.ts'
import type { VaultKeys } from './cipher.ts'
import { readRange, unlessAbsent, type VaultDisk, type VaultFile, withFile, writeFully } from './disk.ts'
import { NONCE_BYTES, NOTE_BYTES, NOTES_FILE, NOTES_FILE_BYTES_MAX } from './format.ts'
import { decodeNote, encodeNote, NO_NONCE, type Note, type ShredNote } from './note.ts'
import { damaged, unwritable } from './trouble.ts'

/** What is read of the file at once. */
const PIECE_BYTES = 1024 * NOTE_BYTES

export class Notes {
  readonly #disk: VaultDisk
  readonly #dir: string
  readonly #path: string
  readonly #keys: VaultKeys
  /** Subjects of which anything was shredded. */
  readonly #subjects = new Set<string>()
  /** Nonces of the wrapped keys that were noted: what has one of them opens no more, though it be put back. */
  readonly #nonces = new Set<string>()
  /** Noted and perhaps not shredded yet, by subject. */
  readonly #pending = new Map<string, ShredNote[]>()
  /** How much of the file was read, or written and synced. Whole notes. */
  #goodBytes = 0
  /** A write failed: behind the good bytes there may be anything. */
  #isTailUnknown = false
  #isThere = false
  /** Nobody else adds notes. */
  #isWriter = false
  /** The last note says that everything is shredded. */
  #isMarked = true

  constructor(disk: VaultDisk, dir: string, keys: VaultKeys) {
    this.#disk = disk
    this.#dir = dir
    this.#path = join(dir, NOTES_FILE)
    this.#keys = keys
  }

  /** Reads what another process added since the last time. A note that is being written is left for the next time. */
  async refresh(): Promise<void> {
    if (this.#isWriter) return
    await unlessAbsent(() => withFile(this.#disk, this.#path, 'read', (file) => this.#readOn(file)))
  }

  /** For the writer: cuts off what a crash left of a note, and makes durable what from here on counts. */
  async recover(): Promise<void> {
    await this.refresh()
    this.#isWriter = true
    const pending = [...this.#pending.values()].flat()
    if (this.#isThere) await this.#cut()
    // Written once more: where a sync failed, Linux shows what it does not have on the disk.
    if (pending.length > 0) await this.#append(pending)
  }

  hasSubject(subject: string): boolean {
    return this.#subjects.has(subject)
  }

  /** What of the subject is noted and perhaps not shredded yet. */
  pendingOf(subject: string): readonly ShredNote[] {
    return this.#pending.get(subject) ?? []
  }

  /** Whether the wrapped key that begins so was ever noted as shredded. */
  hasNonce(wrapped: Buffer): boolean {
    return this.#nonces.has(wrapped.toString('latin1', 0, NONCE_BYTES))
  }

  get pendingSubjects(): readonly string[] {
    return [...this.#pending.keys()]
  }

  /** Every note of the subject there ever was, oldest first, each once. Reads the whole file: for erasures only. */
  async of(subject: string): Promise<readonly ShredNote[]> {
    const found = new Map<string, ShredNote>()
    await unlessAbsent(() =>
      withFile(this.#disk, this.#path, 'read', (file) =>
        this.#walk(file, 0, this.#goodBytes, (note) => {
          if (note.kind === 'done' || note.subject !== subject) return
          found.set(`${note.kind} ${note.month} ${note.nonce.toString('hex')}`, note)
        }),
      ),
    )
    return [...found.values()]
  }

  /** Durable when it resolves. If it rejects, the notes may stand on the disk all the same, until `settle`. */
  async add(notes: readonly ShredNote[]): Promise<void> {
    await this.settle()
    if (this.#goodBytes + (notes.length + 1) * NOTE_BYTES > NOTES_FILE_BYTES_MAX) {
      throw unwritable(this.#dir, `\`${NOTES_FILE}\` is full; begin a new log and vault`)
    }
    await this.#append(notes)
    for (const note of notes) this.#take(note)
  }

  /** Cuts off what a failed `add` may have left. Until then nothing may be sealed for its subject. */
  async settle(): Promise<void> {
    if (this.#isTailUnknown) await this.#cut()
  }

  /** What was noted of the subject is shredded. */
  done(subject: string): void {
    this.#pending.delete(subject)
  }

  /** Says on the disk that everything noted is shredded: whoever opens the vault next has less to look at. */
  async markDone(): Promise<void> {
    if (this.#pending.size > 0 || this.#isMarked) return
    try {
      await this.settle()
      await this.#append([{ kind: 'done' }])
      this.#isMarked = true
    } catch (error) {
      // Without the mark everything is looked at once more, and found shredded. That is no reason to call it undone.
      if (systemErrorCode(error) === undefined) throw error
    }
  }

  async #append(notes: readonly Note[]): Promise<void> {
    const bytes = Buffer.concat(notes.map((note) => encodeNote(this.#keys, note)))
    this.#isTailUnknown = true
    const isFirst = this.#goodBytes === 0
    await withFile(this.#disk, this.#path, 'append', async (file) => {
      await writeFully(file, bytes, this.#goodBytes)
      await file.fdatasync()
    })
    if (isFirst) await this.#disk.fsyncFolder(this.#dir)
    this.#goodBytes += bytes.length
    this.#isTailUnknown = false
  }

  async #cut(): Promise<void> {
    await withFile(this.#disk, this.#path, 'append', async (file) => {
      if ((await file.size()) > this.#goodBytes) await file.truncate(this.#goodBytes)
      await file.fdatasync()
    })
    await this.#disk.fsyncFolder(this.#dir)
    this.#isTailUnknown = false
  }

  async #readOn(file: VaultFile): Promise<void> {
    this.#isThere = true
    const size = await file.size()
    if (size > NOTES_FILE_BYTES_MAX) throw damaged(this.#dir, `\`${NOTES_FILE}\` has ${size} bytes`)
    const end = size - (size % NOTE_BYTES)
    await this.#walk(file, this.#goodBytes, end, (note) => this.#take(note))
    this.#goodBytes = Math.max(this.#goodBytes, end)
  }

  /** What is no note is passed over: it was never acknowledged, or it is damaged and says nothing. */
  async #walk(file: VaultFile, from: number, end: number, onNote: (note: Note) => void): Promise<void> {
    for (let start = from; start < end; start += PIECE_BYTES) {
      const piece = await readRange(file, start, Math.min(PIECE_BYTES, end - start))
      for (let at = 0; at + NOTE_BYTES <= piece.length; at += NOTE_BYTES) {
        const note = decodeNote(this.#keys, piece.subarray(at, at + NOTE_BYTES))
        if (note !== undefined) onNote(note)
      }
    }
  }

  #take(note: Note): void {
    this.#isMarked = note.kind === 'done'
    if (note.kind === 'done') {
      this.#pending.clear()
      return
    }
    this.#subjects.add(note.subject)
    if (!note.nonce.equals(NO_NONCE)) this.#nonces.add(note.nonce.toString('latin1'))
    this.#pending.set(note.subject, [...this.pendingOf(note.subject), note])
  }
}
