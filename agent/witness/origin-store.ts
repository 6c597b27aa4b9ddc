/**
 * What a witness remembers of each log: the latest checkpoint that it cosigned, whole, in a file of its own. The
 * cosignature is the witness's own, so a file that was damaged does not verify, and an origin whose file does not verify
 * is refused: a witness that began again from zero would cosign any fork.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import {
  type Checkpoint,
  isProblem,
  type NoteKey,
  type Problem,
  parseCheckpoint,
  signersOf,
} from '../verify/index.ts'
import { SUBMISSION_BYTES_MAX } from './submission.ts'
import { replaceFile, type WitnessDisk } from './witness-disk.ts'

/** A submitted note, and the witness's own line. */
const STATE_BYTES_MAX = SUBMISSION_BYTES_MAX + 1024

const FILE_NAME = /^[0-9a-f]{64}$/

/** The folder of the files, below that of the witness. */
export const ORIGINS_FOLDER = 'origins'

export interface LastCosigned {
  readonly checkpoint: Checkpoint
  /** When the witness said it saw it, in seconds since 1970. */
  readonly timeSeconds: number
  /** The text of the checkpoint, the log's signature and the witness's. */
  readonly note: string
}

/** What a log's file says: the last checkpoint, or why it cannot be told. Null if none was ever cosigned. */
export type Remembered = LastCosigned | Problem | null

/** How a log's file is named, and its latest checkpoint asked for. */
export function originHash(origin: string): string {
  return createHash('sha256').update(origin, 'utf8').digest('hex')
}

export class OriginStore {
  readonly #folder: string
  readonly #disk: WitnessDisk
  readonly #key: NoteKey
  /** What is known to be durable. Memory and disk must agree: a folder that was put back is noticed while we run. */
  readonly #durable = new Map<string, LastCosigned>()
  /** Logs that had a file in this run, whatever was in it. */
  readonly #existing = new Set<string>()

  /** `key` is the witness's own. Only reading needs no lock on the witness's folder `dir`. */
  constructor(dir: string, disk: WitnessDisk, key: NoteKey) {
    this.#folder = join(dir, ORIGINS_FOLDER)
    this.#disk = disk
    this.#key = key
  }

  /** What the disk has. Fails with a system error where it cannot be read. */
  async load(origin: string): Promise<Remembered> {
    const bytes = await this.#disk.read(this.#path(origin), STATE_BYTES_MAX)
    if (bytes === null) return this.#existing.has(origin) ? { problem: 'its file is gone' } : null
    this.#existing.add(origin)
    const durable = this.#durable.get(origin)
    const found = this.#parse(bytes)
    if (isProblem(found)) return found
    if (found.checkpoint.origin !== origin) return { problem: 'its file is that of another log' }
    if (durable !== undefined && durable.note !== found.note)
      return { problem: 'its file was changed by somebody else' }
    return found
  }

  /** What was saved in this run, or null: a look that costs the disk nothing. */
  saved(origin: string): LastCosigned | null {
    return this.#durable.get(origin) ?? null
  }

  /**
   * Remembers a checkpoint, durably when it returns. After a failure nobody knows what the disk holds: the next `load`
   * reads it, and what it says then counts.
   */
  async save(last: LastCosigned): Promise<void> {
    const { origin } = last.checkpoint
    this.#durable.delete(origin)
    await replaceFile(this.#disk, this.#path(origin), Buffer.from(last.note, 'utf8'))
    this.#durable.set(origin, last)
    this.#existing.add(origin)
  }

  /** Every log that was ever cosigned, by the name of its file where the file cannot be read. */
  async list(): Promise<readonly { readonly file: string; readonly last: LastCosigned | Problem }[]> {
    const names = (await this.#disk.list(this.#folder)).filter((name) => FILE_NAME.test(name)).sort()
    const found = []
    for (const file of names) {
      const bytes = await this.#disk.read(join(this.#folder, file), STATE_BYTES_MAX)
      if (bytes === null) continue
      const last = this.#parse(bytes)
      const isMisnamed = !isProblem(last) && originHash(last.checkpoint.origin) !== file
      found.push({ file, last: isMisnamed ? { problem: 'its file is that of another log' } : last })
    }
    return found
  }

  #path(origin: string): string {
    return join(this.#folder, originHash(origin))
  }

  #parse(bytes: Buffer): LastCosigned | Problem {
    const damaged: Problem = { problem: 'its file is damaged' }
    const read = parseCheckpoint(bytes)
    if (isProblem(read)) return damaged
    const signers = signersOf(read.note, [this.#key])
    if (isProblem(signers)) return damaged
    const timeSeconds = signers[0]?.timestamp ?? null
    if (timeSeconds === null) return damaged
    return { checkpoint: read.checkpoint, timeSeconds, note: bytes.toString('utf8') }
  }
}
