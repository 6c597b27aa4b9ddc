/** Reads a log out, record by record, in bounded memory. Needs no lock and no key: a log may be read while it is written. */
import { createPublicKey } from 'node:crypto'
import { join } from 'node:path'
import { AgentError, InvariantError } from '../errors.ts'
import {
  bundleOfSegment,
  CHECKPOINT_FILE,
  JOURNAL_FOLDER,
  joinRecord,
  type Leaf,
  parseLeaf,
  RECORD_DEPTH_MAX,
  type SealedRef,
  type StoredRecord,
  segmentPath,
  TILE_WIDTH,
} from '../log-format/index.ts'
import { damaged } from './damage.ts'
import { type Files, nodeDisk } from './disk.ts'
import { diskReason } from './disk-trouble.ts'
import { decodeFrame } from './frame.ts'
import { type Journal, type Owner, replayJournal, type Segment } from './journal.ts'
import { SEGMENT_BYTES_MAX } from './limits.ts'
import { checkBundle, readBundle, resumeTree } from './tiles.ts'

/** A writer may remove a segment while it is looked for; then its bundle is there. More often than this it does not happen. */
const LOOKS_MAX = 5

/** A record read back. */
export interface LogEntry {
  readonly index: number
  readonly record: StoredRecord
}

export interface ReadOptions {
  /** The first record to read, by its index; 0 by default. */
  readonly from?: number
  /** What was hidden of a record, or undefined where that is gone. Without it hidden members are left out. */
  readonly unseal?: (reference: SealedRef) => Promise<object | undefined>
  /** The disk to read from; that of this machine by default. */
  readonly files?: Files
}

/**
 * Yields every durable record from `from` on. What is still being written ends the reading quietly.
 * Throws AUDIT_DAMAGED at the first record that is not as it was written, USAGE where there is no log.
 */
export async function* readLog(dir: string, options: ReadOptions = {}): AsyncGenerator<LogEntry, void> {
  const { from = 0, unseal, files = nodeDisk } = options
  const log = new OpenedForReading(dir, files)
  try {
    for await (const { index, entry } of log.entries(from)) {
      const leaf = decodeLeaf(dir, entry, index)
      const hidden = leaf.sealed === undefined ? undefined : await unseal?.(leaf.sealed)
      yield { index, record: joinRecord(leaf, hidden) }
    }
  } catch (error) {
    throw readTrouble(dir, error)
  }
}

/** The bytes of one record, as they stand in the log. Throws as `readLog` does, and USAGE where there is no such record. */
export async function readEntry(dir: string, index: number, files: Files = nodeDisk): Promise<Buffer> {
  try {
    for await (const { entry } of new OpenedForReading(dir, files).entries(index)) return entry
  } catch (error) {
    throw readTrouble(dir, error)
  }
  throw new AgentError('USAGE', `there is no record ${index} in log \`${dir}\``)
}

/** How many records can be read, from 0. Throws as `readLog` does. */
export async function logSize(dir: string, files: Files = nodeDisk): Promise<number> {
  try {
    return (await new OpenedForReading(dir, files).journal()).tree.size
  } catch (error) {
    throw readTrouble(dir, error)
  }
}

/** Compares the bundles up to one with their tiles, from the newest to the oldest. Throws AUDIT_DAMAGED. */
export async function* scrubLog(dir: string, files: Files = nodeDisk): AsyncGenerator<number, void> {
  try {
    const { segments } = await new OpenedForReading(dir, files).journal()
    for (let index = (segments[0]?.bundle ?? 0) - 1; index >= 0; index--) {
      await checkBundle(files, dir, index)
      yield index
    }
  } catch (error) {
    throw readTrouble(dir, error)
  }
}

/** A log as whoever only reads has it. */
class OpenedForReading {
  readonly #dir: string
  readonly #files: Files

  constructor(dir: string, files: Files) {
    this.#dir = dir
    this.#files = files
  }

  async *entries(from: number): AsyncGenerator<{ index: number; entry: Buffer }, void> {
    let bundle = Math.floor(from / TILE_WIDTH)
    let skip = from % TILE_WIDTH
    for (;;) {
      const entries = await this.#bundle(bundle)
      for (const [i, entry] of entries.entries()) {
        if (i >= skip) yield { index: bundle * TILE_WIDTH + i, entry }
      }
      if (entries.length < TILE_WIDTH) return
      bundle++
      skip = 0
    }
  }

  async #bundle(index: number): Promise<readonly Buffer[]> {
    const settled = await readBundle(this.#files, this.#dir, index)
    if (settled !== undefined) {
      await checkBundle(this.#files, this.#dir, index)
      return settled
    }
    const { segments } = await this.journal()
    const found = segments.find(({ bundle }) => bundle === index)
    if (found !== undefined) return found.entries
    const first = segments[0]?.bundle ?? 0
    if (index >= first) return []
    // It was settled and removed while this looked for it, or it is wanting.
    const late = await readBundle(this.#files, this.#dir, index)
    if (late !== undefined) return late
    throw damaged(this.#dir, `record ${index * TILE_WIDTH}`, 'its bundle is missing')
  }

  async journal(): Promise<Journal> {
    for (let look = 1; ; look++) {
      const names = await this.#files.list(join(this.#dir, JOURNAL_FOLDER))
      const bundles = names
        .map(bundleOfSegment)
        .filter((bundle) => bundle !== undefined)
        .sort((a, b) => a - b)
      const [first] = bundles
      if (first === undefined) throw await this.#noLog()
      const segments: Segment[] = []
      for (const bundle of bundles) {
        const bytes = await this.#files.read(join(this.#dir, segmentPath(bundle)), SEGMENT_BYTES_MAX)
        if (bytes !== undefined) segments.push({ bundle, bytes })
      }
      if (segments[0]?.bundle === first) return await this.#replay(segments)
      if (look === LOOKS_MAX) throw damaged(this.#dir, `segment ${first}`, 'it cannot be read')
    }
  }

  async #replay(segments: readonly Segment[]): Promise<Journal> {
    const [first] = segments
    const genesis =
      first === undefined || first.bundle > 0
        ? (await readBundle(this.#files, this.#dir, 0))?.[0]
        : decodeFrame(first.bytes, 0)?.entries[0]
    const before = await resumeTree(this.#files, this.#dir, first?.bundle ?? 0)
    if (genesis === undefined && (first?.bundle ?? 0) > 0)
      throw damaged(this.#dir, 'record 0', 'it is missing')
    // A log whose first frame is still being written has no record yet.
    if (genesis === undefined)
      return { segments: [], tree: before, head: undefined, roots: new Map(), tail: Buffer.alloc(0) }
    return replayJournal(ownerOf(this.#dir, genesis), segments, before)
  }

  async #noLog(): Promise<AgentError> {
    const names = await this.#files.list(this.#dir)
    if (names.includes(CHECKPOINT_FILE))
      return damaged(this.#dir, `\`${JOURNAL_FOLDER}\``, 'it is empty, and there is a log')
    return new AgentError('USAGE', `there is no log in \`${this.#dir}\``)
  }
}

function ownerOf(dir: string, genesis: Buffer): Owner {
  const leaf = decodeLeaf(dir, genesis, 0)
  if (leaf.kind !== 'log-opened') throw damaged(dir, 'record 0', 'it does not name the log')
  const x = Buffer.from(leaf.logKey, 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return { dir, origin: leaf.origin, key }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeLeaf(dir: string, entry: Buffer, index: number): Leaf {
  const where = `record ${index}`
  if (depthOf(entry) > RECORD_DEPTH_MAX) throw damaged(dir, where, 'it is nested too deep')
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(entry))
  } catch {
    throw damaged(dir, where, 'it is not JSON in UTF-8')
  }
  const parsed = parseLeaf(value)
  if ('problem' in parsed) throw damaged(dir, where, parsed.problem)
  if (parsed.leaf.seq !== index) throw damaged(dir, where, `it says that it is record ${parsed.leaf.seq}`)
  if ((parsed.leaf.kind === 'log-opened') !== (index === 0))
    throw damaged(dir, where, 'only the first record names the log, and it does')
  return parsed.leaf
}

/** How deep brackets nest, those in strings included: more than there can be. */
function depthOf(json: Uint8Array): number {
  let [depth, deepest] = [0, 0]
  for (const c of json) {
    if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (c === 0x7d || c === 0x5d) depth--
  }
  return deepest
}

function readTrouble(dir: string, error: unknown): unknown {
  if (error instanceof AgentError || error instanceof InvariantError) return error
  return new AgentError('STATE_UNUSABLE', `log \`${dir}\` cannot be read: ${diskReason(error)}`, {
    cause: error,
  })
}
