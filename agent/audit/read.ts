/** Reads a log out, record by record, in bounded memory. Needs no lock and no key: a log may be read while it is written. */
import { AgentError, assert } from '../errors.ts'
import {
  CHECKPOINT_BYTES_MAX,
  CHECKPOINT_FILE,
  joinRecord,
  type RecordKind,
  type SealedRef,
  type StoredRecord,
  TILE_WIDTH,
  WITNESSED_FILE,
} from '../log-format/index.ts'
import { decodeHead, requireHeadOf } from './checkpoint.ts'
import { lostJournal } from './damage.ts'
import { type Files, nodeDisk } from './disk.ts'
import { readTrouble } from './disk-trouble.ts'
import type { Owner } from './journal.ts'
import { decodeLeaf, nobody, ownerOf } from './leaf.ts'
import { readLogFile } from './log-file.ts'
import { type Replay, readGenesis, replay } from './replay.ts'
import { readSegments } from './segments.ts'
import type { SettledTiles } from './tiles.ts'

const KIND = Buffer.from('"kind":"')
const QUOTE = 0x22

/** A record read back. */
export interface LogEntry {
  readonly index: number
  readonly record: StoredRecord
}

export interface ReadOptions {
  /** The first record to read, by its index; 0 by default. */
  readonly from?: number
  /** So many records at the end, and no more. */
  readonly last?: number
  /** Records of these kinds alone. The others are held against the tree, and not read. */
  readonly kinds?: readonly RecordKind[]
  /** What was hidden of a record, or undefined where that is gone. Without it hidden members are left out. */
  readonly unseal?: (reference: SealedRef) => Promise<object | undefined>
  /** The disk to read from; that of this machine by default. */
  readonly files?: Files
}

/**
 * Yields every record from `from` on that is durable when the reading begins. What is still being written ends it quietly.
 * Throws AUDIT_DAMAGED at the first record that is not as it was written, and at the end where a head was published for
 * more records or for others. USAGE where there is no log.
 */
export async function* readLog(dir: string, options: ReadOptions = {}): AsyncGenerator<LogEntry, void> {
  const { from = 0, last = Number.POSITIVE_INFINITY, unseal, files = nodeDisk } = options
  const kinds = options.kinds === undefined ? undefined : new Set<string>(options.kinds)
  try {
    // Before the journal: a writer may publish a head while this looks.
    const heads = await readHeads(files, dir)
    const log = await OpenedForReading.open(files, dir)
    for await (const { index, entry } of log.entries(Math.max(from, log.size - last))) {
      if (kinds !== undefined && !mayBeOf(entry, kinds)) continue
      const leaf = decodeLeaf(dir, entry, index)
      if (kinds?.has(leaf.kind) === false) continue
      const hidden = leaf.sealed === undefined ? undefined : await unseal?.(leaf.sealed)
      yield { index, record: joinRecord(leaf, hidden) }
    }
    for (const { name, bytes } of heads) await log.requireHead(name, bytes)
  } catch (error) {
    throw readTrouble(dir, error)
  }
}

/** In canonical JSON a kind is written in one way; what else may read so shows when the record is read. */
function mayBeOf(entry: Buffer, kinds: ReadonlySet<string>): boolean {
  for (let at = entry.indexOf(KIND); at >= 0; at = entry.indexOf(KIND, at + 1)) {
    const from = at + KIND.length
    if (kinds.has(entry.toString('latin1', from, entry.indexOf(QUOTE, from)))) return true
  }
  return false
}

/** The bytes of one record, as they stand in the log. Throws as `readLog` does, and USAGE where there is no such record. */
export async function readEntry(dir: string, index: number, files: Files = nodeDisk): Promise<Buffer> {
  try {
    const log = await OpenedForReading.open(files, dir)
    for await (const { entry } of log.entries(index)) return entry
  } catch (error) {
    throw readTrouble(dir, error)
  }
  throw new AgentError('USAGE', `there is no record ${index} in log \`${dir}\``)
}

/** How many records can be read, from 0. Throws as `readLog` does. */
export async function logSize(dir: string, files: Files = nodeDisk): Promise<number> {
  try {
    return (await OpenedForReading.open(files, dir)).size
  } catch (error) {
    throw readTrouble(dir, error)
  }
}

/** Compares the bundles up to one with their tiles, from the newest to the oldest. Throws AUDIT_DAMAGED. */
export async function* scrubLog(dir: string, files: Files = nodeDisk): AsyncGenerator<number, void> {
  try {
    const { settled } = await OpenedForReading.open(files, dir)
    for (let index = settled.bundles - 1; index >= 0; index--) {
      await settled.entries(index)
      yield index
    }
  } catch (error) {
    throw readTrouble(dir, error)
  }
}

interface HeadFile {
  readonly name: string
  readonly bytes: Buffer
}

async function readHeads(files: Files, dir: string): Promise<readonly HeadFile[]> {
  const heads: HeadFile[] = []
  for (const name of [CHECKPOINT_FILE, WITNESSED_FILE]) {
    const bytes = await readLogFile(files, dir, name, CHECKPOINT_BYTES_MAX)
    if (bytes !== undefined) heads.push({ name, bytes })
  }
  return heads
}

/** A log as it was when its journal was looked at. What is written after that changes nothing here. */
class OpenedForReading {
  readonly settled: SettledTiles
  readonly #owner: Owner
  readonly #replay: Replay

  constructor(owner: Owner, replayed: Replay) {
    this.#owner = owner
    this.#replay = replayed
    this.settled = replayed.settled
  }

  static async open(files: Files, dir: string): Promise<OpenedForReading> {
    const segments = await readSegments(files, dir)
    if (segments.length === 0) throw await noLog(files, dir)
    const genesis = await readGenesis(files, dir, segments)
    const owner = genesis === undefined ? nobody(dir) : ownerOf(dir, genesis)
    return new OpenedForReading(owner, await replay(files, owner, segments))
  }

  get size(): number {
    return this.#replay.journal.tree.size
  }

  async *entries(from: number): AsyncGenerator<{ index: number; entry: Buffer }, void> {
    for (let index = from; index < this.size; ) {
      const bundle = Math.floor(index / TILE_WIDTH)
      const entries = await this.#bundle(bundle)
      for (const entry of entries.slice(index % TILE_WIDTH)) yield { index: index++, entry }
    }
  }

  async requireHead(name: string, bytes: Buffer): Promise<void> {
    await requireHeadOf(this.#owner, name, decodeHead(this.#owner.dir, name, bytes), this.#replay)
  }

  async #bundle(index: number): Promise<readonly Buffer[]> {
    if (index < this.settled.bundles) return await this.settled.entries(index)
    const segment = this.#replay.journal.segments.find(({ bundle }) => bundle === index)
    assert(segment !== undefined, 'a record of the log is in its tiles or in its journal')
    return segment.entries
  }
}

async function noLog(files: Files, dir: string): Promise<AgentError> {
  return lostJournal(dir, await files.list(dir)) ?? new AgentError('USAGE', `there is no log in \`${dir}\``)
}
