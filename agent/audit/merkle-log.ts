/**
 * The writer: takes records in order and says that they are in the log only when they are on the disk. Appends that
 * wait at the same time share one frame of the journal, with one signed head and one `fdatasync`.
 */
import type { DurableIndex } from '../durable-index.ts'
import { AgentError, assert } from '../errors.ts'
import {
  canonicalJson,
  FRAME_ENTRIES_BYTES_MAX,
  NotCanonicalError,
  type OpenRecord,
  parseLeaf,
  RECORD_BYTES_MAX,
  TILE_WIDTH,
} from '../log-format/index.ts'
import { isHeadOf } from './checkpoint.ts'
import { type Disk, type DiskLock, writeWhole } from './disk.ts'
import { diskTrouble } from './disk-trouble.ts'
import { ENTRY_LENGTH_BYTES, encodeFrame } from './frame.ts'
import { leafHash, type MerkleTree } from './merkle-tree.ts'
import { checkpointText, type Head, type LogKey, signedCheckpoint, signText, verifierKey } from './note.ts'
import type { FullBundle, Publication, Published } from './published.ts'
import { makeSegment, type OpenSegment, removeSegment } from './segments.ts'

/** A disk that is this far behind is not one to go on printing with; memory must not fill while it stalls. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024
/** Full segments whose tiles are not written yet. Beyond that the tiles go first. */
const UNSETTLED_MAX = 4
/** From this many records on in a segment the next one is made. */
const PREPARE_AT = TILE_WIDTH / 2

/** Where a record stands. Whoever holds one knows that the record survives a power cut. */
export interface Receipt {
  /** The log's name. */
  readonly origin: string
  /** The record's place, counted from 0. */
  readonly index: DurableIndex
  /** The clock when it was written, as the record has it. */
  readonly at: string
}

/** An open log, with this process as its only writer. */
export interface AuditLog {
  readonly origin: string
  /** The log's key as C2SP signed notes write it. */
  readonly verifierKey: string
  /** How many records are durable. */
  readonly size: number
  /**
   * Appends a record and resolves once it is durable. Rejects with AUDIT_UNWRITABLE when it cannot be: a record too
   * large leaves the log as it was, but after a failure of the disk nobody knows what is on it, so every later
   * append is refused too, until the log is opened again.
   */
  append(record: OpenRecord): Promise<Receipt>
  /** Publishes the present head, with the tiles that it needs, and answers its signed note. */
  publish(): Promise<string>
  /** Keeps a head that enough witnesses have cosigned. */
  keepWitnessed(note: string): Promise<void>
  /** Waits for the appends under way, publishes the head, then lets another process write. */
  close(): Promise<void>
}

/** What an open log holds of the world, and gives back when it is closed. */
export interface Held {
  readonly disk: Disk
  readonly lock: DiskLock
  readonly nowMs: () => number
}

/** The log as recovery found it. */
export interface Start {
  readonly key: LogKey
  readonly tree: MerkleTree
  readonly head: Head | undefined
  readonly segment: OpenSegment
  /** The records of that segment. */
  readonly entries: readonly Buffer[]
  readonly published: Published
}

interface Waiting {
  readonly entry: Buffer
  readonly index: number
  readonly at: string
  readonly resolve: (receipt: Receipt) => void
  readonly reject: (error: Error) => void
}

interface PublishWish {
  readonly resolve: (note: string) => void
  readonly reject: (error: Error) => void
}

export class MerkleLog implements AuditLog {
  readonly origin: string
  readonly verifierKey: string
  readonly #dir: string
  readonly #held: Held
  readonly #key: LogKey
  readonly #published: Published
  /** The tree; between two commits it is what is durable. Owned by `#commitBatch`. */
  readonly #tree: MerkleTree
  /** The head, segment and records of it that are durable. Owned by `#commitBatch`. */
  #head: Head | undefined
  #segment: OpenSegment
  #entries: Buffer[]
  #next: Promise<OpenSegment> | undefined
  /** Records in order. Filled by `#enqueue`, emptied by `#commitWaiting`. */
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #nextIndex: number
  /** The one run of `#commitWaiting` under way, if any. */
  #committing: Promise<void> | undefined
  #wishes: PublishWish[] = []
  /** The head that was published last, or is being. */
  #latest: { readonly size: number; readonly note: string; readonly written: Promise<void> } | undefined
  /** Tiles and heads that are being written, one after the other. */
  #background: Promise<void> = Promise.resolve()
  #unsettled = 0
  /** Why nothing can be appended any more. Once set, never cleared. */
  #refusal: Error | undefined
  /** Set once it was asked to close. */
  #closing: Promise<void> | undefined

  constructor(dir: string, held: Held, start: Start) {
    this.origin = start.key.origin
    this.verifierKey = verifierKey(start.key.origin, start.key.publicKey)
    this.#dir = dir
    this.#held = held
    this.#key = start.key
    this.#published = start.published
    this.#tree = start.tree
    this.#head = start.head
    this.#segment = start.segment
    this.#entries = [...start.entries]
    this.#nextIndex = start.tree.size
  }

  get size(): number {
    return this.#head?.size ?? 0
  }

  async append(record: OpenRecord): Promise<Receipt> {
    this.#requireOpen()
    const at = new Date(this.#held.nowMs()).toISOString()
    const entry = this.#encode(record, at)
    if (this.#waitingBytes + entry.length > WAITING_BYTES_MAX)
      throw this.#unwritable(`the disk is more than ${WAITING_BYTES_MAX} bytes behind`)
    return await this.#enqueue(entry, at)
  }

  async publish(): Promise<string> {
    this.#requireOpen()
    return await this.#publish()
  }

  async keepWitnessed(note: string): Promise<void> {
    this.#requireOpen()
    // With another one in its place the log would not open again.
    if (!isHeadOf(note, this.origin, this.#key.privateKey, this.size))
      throw this.#unwritable('what witnesses are said to have cosigned is no head of it')
    await this.#inBackground(() => this.#published.keepWitnessed(note))
    if (this.#refusal !== undefined) throw this.#refusal
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      await this.#committing
      // A disk that failed has said so to whoever appended.
      if (this.#refusal === undefined) await this.#publish()
      await this.#background
      const next = await this.#next?.catch(() => undefined)
      await Promise.all([this.#segment.file.close(), next?.file.close()])
    } catch (error) {
      throw diskTrouble(this.#dir, error)
    } finally {
      await this.#release()
    }
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw this.#unwritable('it was closed')
    if (this.#refusal !== undefined) throw this.#refusal
  }

  #publish(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#wishes.push({ resolve, reject })
      if (this.#committing === undefined) this.#grantWishes()
    })
  }

  async #release(): Promise<void> {
    try {
      await this.#held.lock.release()
    } catch (error) {
      throw diskTrouble(this.#dir, error)
    }
  }

  #encode(record: OpenRecord, at: string): Buffer {
    const stamped = { ...record, seq: this.#nextIndex, at }
    const parsed = parseLeaf(stamped)
    assert(
      'leaf' in parsed,
      `a \`${record.kind}\` record fits its schema: ${'problem' in parsed && parsed.problem}`,
    )
    let entry: Buffer
    try {
      entry = Buffer.from(canonicalJson(stamped), 'utf8')
    } catch (error) {
      if (!(error instanceof NotCanonicalError)) throw error
      throw this.#unwritable(error.message)
    }
    if (entry.length <= RECORD_BYTES_MAX) return entry
    throw this.#unwritable(
      `a \`${record.kind}\` record of ${entry.length} bytes is above the limit of ${RECORD_BYTES_MAX} bytes`,
    )
  }

  /** Gives the record its place. From here on it is written, or nothing after it is. */
  #enqueue(entry: Buffer, at: string): Promise<Receipt> {
    const index = this.#nextIndex++
    this.#waitingBytes += entry.length
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, index, at, resolve, reject })
      this.#committing ??= this.#commitWaiting()
    })
  }

  /** Writes frame after frame until nothing waits. There is never more than one run of it. */
  async #commitWaiting(): Promise<void> {
    // Appends made in the same turn of the event loop belong to the same frame.
    await undefined
    try {
      while (this.#waiting.length > 0) {
        await this.#commitBatch(this.#takeBatch())
        this.#grantWishes()
      }
    } finally {
      this.#committing = undefined
    }
  }

  /** As many as a frame may hold, and no more than the segment has room for. */
  #takeBatch(): Waiting[] {
    const room = TILE_WIDTH - (this.#tree.size % TILE_WIDTH)
    let bytes = 0
    let count = 0
    let entryBytes = 0
    for (const { entry } of this.#waiting) {
      bytes += ENTRY_LENGTH_BYTES + entry.length
      if (bytes > FRAME_ENTRIES_BYTES_MAX || count === room) break
      entryBytes += entry.length
      count++
    }
    this.#waitingBytes -= entryBytes
    return this.#waiting.splice(0, count)
  }

  async #commitBatch(batch: readonly Waiting[]): Promise<void> {
    const entries = batch.map(({ entry }) => entry)
    for (const entry of entries) this.#tree.add(leafHash(entry))
    try {
      const head = await this.#sign()
      await this.#write(encodeFrame(entries, head))
      await this.#segment.file.fdatasync()
      this.#head = head
      this.#entries.push(...entries)
      // The only place that may say so: the disk has confirmed it.
      for (const { resolve, index, at } of batch)
        resolve(Object.freeze({ origin: this.origin, index: index as DurableIndex, at }))
      await this.#turnOver()
    } catch (error) {
      this.#giveUp(batch, diskTrouble(this.#dir, error))
    }
  }

  async #sign(): Promise<Head> {
    const { size } = this.#tree
    const root = this.#tree.root()
    const text = checkpointText(this.origin, size, root)
    return { size, root, signature: await signText(text, this.#key.privateKey) }
  }

  async #write(bytes: Buffer): Promise<void> {
    await writeWhole(this.#segment.file, bytes, this.#segment.bytes)
    this.#segment.bytes += bytes.length
  }

  /** Makes the next segment ahead of its time, and goes over to it when this one is full. */
  async #turnOver(): Promise<void> {
    const width = this.#tree.size % TILE_WIDTH
    if (width > 0) {
      if (width >= PREPARE_AT) this.#next ??= this.#prepare(this.#segment.bundle + 1)
      return
    }
    const { bundle: index, file } = this.#segment
    this.#settle({ index, entries: this.#entries, tiles: this.#tree.takeFull() })
    if (this.#unsettled > UNSETTLED_MAX) await this.#background
    const next = await (this.#next ?? this.#prepare(index + 1))
    await file.close()
    this.#next = undefined
    this.#segment = next
    this.#entries = []
  }

  #prepare(bundle: number): Promise<OpenSegment> {
    const making = makeSegment(this.#held.disk, this.#dir, bundle)
    // Looked at when it is needed; until then nobody waits for it.
    making.catch(() => undefined)
    return making
  }

  /** Writes the tiles of a full segment. The segment before goes then; this one stays for its signed heads. */
  #settle(bundle: FullBundle): void {
    this.#unsettled++
    void this.#inBackground(async () => {
      await this.#published.settle(bundle)
      if (bundle.index > 0) await removeSegment(this.#held.disk, this.#dir, bundle.index - 1)
      this.#unsettled--
    })
  }

  /** Publishes the durable head for all who wish it. Called between commits, when the tree is that of the head. */
  #grantWishes(): void {
    if (this.#wishes.length === 0 || this.#refusal !== undefined) return
    assert(this.#head !== undefined, 'an open log has a head')
    const wishes = this.#wishes
    this.#wishes = []
    if (this.#latest?.size === this.#head.size) {
      const { written, note } = this.#latest
      void written.then(() => this.#grant(wishes, note))
      return
    }
    const publication: Publication = {
      size: this.#head.size,
      note: signedCheckpoint(this.#key, this.#head),
      entries: [...this.#entries],
      tiles: this.#tree.partialTiles(),
    }
    const written = this.#inBackground(() => this.#published.publish(publication))
    this.#latest = { size: publication.size, note: publication.note, written }
    void written.then(() => this.#grant(wishes, publication.note))
  }

  #grant(wishes: readonly PublishWish[], note: string): void {
    for (const { resolve, reject } of wishes) {
      if (this.#refusal === undefined) resolve(note)
      else reject(this.#refusal)
    }
  }

  /** Never rejects: what fails there ends the log. */
  #inBackground(work: () => Promise<void>): Promise<void> {
    this.#background = this.#background.then(async () => {
      if (this.#refusal !== undefined) return
      try {
        await work()
      } catch (error) {
        this.#giveUp([], diskTrouble(this.#dir, error))
      }
    })
    return this.#background
  }

  /** The disk failed: some of the batch may be on it and some not. Nothing is appended to what is not known. */
  #giveUp(batch: readonly Waiting[], error: Error): void {
    this.#refusal ??= error
    const refused = [...batch, ...this.#waiting, ...this.#wishes]
    this.#waiting = []
    this.#wishes = []
    this.#waitingBytes = 0
    for (const { reject } of refused) reject(error)
  }

  #unwritable(why: string): AgentError {
    return new AgentError('AUDIT_UNWRITABLE', `log \`${this.#dir}\` cannot be written: ${why}`)
  }
}
