/**
 * The writer: takes records in order and says that they are in the log only when they are on the disk. Appends that
 * wait at the same time share one `fdatasync`.
 */
import { AgentError, assert } from '../errors.ts'
import { NotCanonicalError } from './canonical-json.ts'
import type { ChainEnd } from './chain.ts'
import type { DiskFile, DiskLock } from './disk.ts'
import { diskTrouble } from './disk-trouble.ts'
import { chainHash, encodeBody } from './entry.ts'
import { BATCH_BYTES_MAX, LINE_FEED, RECORD_BYTES_MAX, SPACE } from './format.ts'
import { type AuditRecord, auditRecord, type OwnRecord } from './record.ts'

/** A disk that is this far behind is not one to go on printing with; memory must not fill while it stalls. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024

/** Where a record stands. Whoever holds one knows that the record survives a power cut. */
export interface Receipt {
  /** The log's name. */
  readonly origin: string
  /** The record's place, counted from 0. */
  readonly index: number
  /** The head of the log with this record, in hexadecimal: it stands for this record and all before it. */
  readonly hash: string
}

/** An open log, with this process as its only writer. */
export interface AuditLog {
  readonly origin: string
  /** How many records are durable. */
  readonly size: number
  /**
   * Appends a record and resolves once it is durable. Rejects with AUDIT_UNWRITABLE when it cannot be: a record too
   * large leaves the log as it was, but after a failure of the disk nobody knows what is on it, so every later
   * append is refused too, until the log is opened again.
   */
  append(record: AuditRecord): Promise<Receipt>
  /** Waits for the appends under way, then lets another process write. */
  close(): Promise<void>
}

/** What an open log holds of the world, and gives back when it is closed. */
export interface Held {
  readonly file: DiskFile
  readonly lock: DiskLock
  readonly nowMs: () => number
}

/** A record that has its place in the chain and waits for the disk. */
interface Waiting {
  readonly line: Buffer
  readonly receipt: Receipt
  readonly resolve: (receipt: Receipt) => void
  readonly reject: (error: Error) => void
}

/** The log as one hash chain in one file. */
export class ChainLog implements AuditLog {
  readonly origin: string
  readonly #dir: string
  readonly #held: Held
  /** The chain as it will be when everything that waits is durable. Owned by `#enqueue`. */
  #nextIndex: number
  #head: Uint8Array
  /** Records in the order of the chain. Filled by `#enqueue`, emptied by `#commitWaiting`. */
  #waiting: Waiting[] = []
  #waitingBytes = 0
  /** What is durable. Owned by `#commitWaiting`. */
  #durableRecords: number
  #durableBytes: number
  /** The one run of `#commitWaiting` under way, if any. */
  #committing: Promise<void> | undefined
  /** Why nothing can be appended any more. Once set, never cleared. */
  #refusal: Error | undefined

  constructor(dir: string, held: Held, end: ChainEnd, origin: string) {
    this.origin = origin
    this.#dir = dir
    this.#held = held
    this.#nextIndex = end.size
    this.#head = end.head
    this.#durableRecords = end.size
    this.#durableBytes = end.offset
  }

  get size(): number {
    return this.#durableRecords
  }

  async append(record: AuditRecord): Promise<Receipt> {
    const checked = auditRecord.safeParse(record)
    assert(checked.success, `a record fits its schema: ${checked.error?.message}`)
    return this.appendAny(checked.data)
  }

  /** For the log's own records too. */
  async appendAny(record: AuditRecord | OwnRecord): Promise<Receipt> {
    if (this.#refusal !== undefined) throw this.#refusal
    const body = this.#encode(record)
    if (this.#waitingBytes + body.length > WAITING_BYTES_MAX) {
      throw this.#unwritable(`the disk is more than ${WAITING_BYTES_MAX} bytes behind`)
    }
    return this.#enqueue(body)
  }

  async close(): Promise<void> {
    this.#refusal ??= this.#unwritable('it was closed')
    await this.#committing
    try {
      await this.#held.file.close()
    } catch (error) {
      throw diskTrouble(this.#dir, error)
    } finally {
      await this.#release()
    }
  }

  async #release(): Promise<void> {
    try {
      await this.#held.lock.release()
    } catch (error) {
      throw diskTrouble(this.#dir, error)
    }
  }

  #encode(record: AuditRecord | OwnRecord): Buffer {
    let body: Buffer
    try {
      body = encodeBody(record, this.#nextIndex, this.#held.nowMs())
    } catch (error) {
      if (!(error instanceof NotCanonicalError)) throw error
      throw this.#unwritable(error.message)
    }
    if (body.length <= RECORD_BYTES_MAX) return body
    throw this.#unwritable(
      `a \`${record.kind}\` record of ${body.length} bytes is above the limit of ${RECORD_BYTES_MAX} bytes`,
    )
  }

  /** Gives the record its place. From here on it is written, or nothing after it is. */
  #enqueue(body: Buffer): Promise<Receipt> {
    const hash = chainHash(this.#head, body)
    const hex = hash.toString('hex')
    const receipt: Receipt = Object.freeze({ origin: this.origin, index: this.#nextIndex, hash: hex })
    this.#head = hash
    this.#nextIndex++
    const line = Buffer.concat([
      Buffer.from(hex, 'latin1'),
      Uint8Array.of(SPACE),
      body,
      Uint8Array.of(LINE_FEED),
    ])
    this.#waitingBytes += line.length
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, receipt, resolve, reject })
      this.#committing ??= this.#commitWaiting()
    })
  }

  /** Writes batch after batch until nothing waits. There is never more than one run of it. */
  async #commitWaiting(): Promise<void> {
    // Appends made in the same turn of the event loop belong to the same batch.
    await undefined
    try {
      while (this.#waiting.length > 0) await this.#commitBatch(this.#takeBatch())
    } finally {
      this.#committing = undefined
    }
  }

  #takeBatch(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { line } of this.#waiting) {
      if (bytes + line.length > BATCH_BYTES_MAX) break
      bytes += line.length
      count++
    }
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, count)
  }

  async #commitBatch(batch: readonly Waiting[]): Promise<void> {
    const bytes = Buffer.concat(batch.map((waiting) => waiting.line))
    try {
      await this.#writeFully(bytes)
      await this.#held.file.fdatasync()
    } catch (error) {
      return this.#giveUp(batch, diskTrouble(this.#dir, error))
    }
    this.#durableBytes += bytes.length
    this.#durableRecords += batch.length
    for (const { resolve, receipt } of batch) resolve(receipt)
  }

  async #writeFully(bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const taken = await this.#held.file.write(bytes.subarray(written), this.#durableBytes + written)
      if (taken === 0) throw this.#unwritable('the disk takes no more bytes')
      written += taken
    }
  }

  /** The disk failed: some of the batch may be on it and some not. Nothing is appended to what is not known. */
  #giveUp(batch: readonly Waiting[], error: Error): void {
    this.#refusal = error
    const refused = [...batch, ...this.#waiting]
    this.#waiting = []
    this.#waitingBytes = 0
    for (const { reject } of refused) reject(error)
  }

  #unwritable(why: string): AgentError {
    return new AgentError('AUDIT_UNWRITABLE', `log \`${this.#dir}\` cannot be written: ${why}`)
  }
}
