/**
 * Opens a log for writing. Opening is the recovery: a log that was killed and one that was closed open the same way, and
 * what recovery has to write goes through the same append as everything else.
 */
import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { join } from 'node:path'
import { AgentError } from '../errors.ts'
import {
  CHECKPOINT_FILE,
  canonicalJson,
  FORMAT_NAME,
  GENESIS_HEADER,
  JOURNAL_FOLDER,
  LOCK_FILE,
  TILE_WIDTH,
  WITNESSED_FILE,
} from '../log-format/index.ts'
import { checkPublishedHead } from './checkpoint.ts'
import { damaged, lostJournal } from './damage.ts'
import { type Disk, type DiskLock, nodeDisk } from './disk.ts'
import { diskTrouble } from './disk-trouble.ts'
import type { Journal, Owner, Segment } from './journal.ts'
import { decodeLeaf, ownerOf } from './leaf.ts'
import { type AuditLog, type Held, MerkleLog } from './merkle-log.ts'
import { type LogKey, originOf, rawPublicKey } from './note.ts'
import { Published } from './published.ts'
import { readGenesis, replay } from './replay.ts'
import { listSegments, makeSegment, type OpenSegment, readSegment, removeSegment } from './segments.ts'

/** Records that are compared with their tiles before the log opens: a third of a second's work. */
const CHECKED_AT_OPEN = 65_536

export interface LogOptions {
  /** The machine's key, which names the log as its own, and the log's. Both are Ed25519, private. */
  readonly keys: { readonly machine: KeyObject; readonly log: KeyObject }
  /** Whether a log may begin here. Where one existed before, that it is gone is a finding and no first use. */
  readonly mayBegin: boolean
  /** The disk to use; that of this machine by default. */
  readonly disk?: Disk
  /** The clock that stamps the records, in milliseconds since 1970. */
  readonly nowMs?: () => number
}

/**
 * Opens the log in a folder, which is made if it is not there, and takes it for this process alone.
 * Throws AUDIT_LOCKED, AUDIT_DAMAGED or AUDIT_UNWRITABLE.
 */
export async function openLog(dir: string, options: LogOptions): Promise<AuditLog> {
  const { disk = nodeDisk, nowMs = Date.now } = options
  let lock: DiskLock | undefined
  const opening = new Opening(dir, disk, options)
  try {
    await disk.makeFolder(dir)
    lock = await takeLock(disk, dir)
    return await opening.open({ disk, lock, nowMs })
  } catch (error) {
    // The first failure is the one to tell; closing what a failed disk left open may well fail too.
    await opening.abandon()
    await lock?.release().catch(() => undefined)
    throw diskTrouble(dir, error)
  }
}

async function takeLock(disk: Disk, dir: string): Promise<DiskLock> {
  const lock = await disk.lock(join(dir, LOCK_FILE))
  if (!('heldBy' in lock)) return lock
  const { process: holder } = lock.heldBy
  const which = holder === undefined ? '' : ` (process ${holder})`
  throw new AgentError('AUDIT_LOCKED', `log \`${dir}\` is in use by another portcullis${which}`)
}

class Opening {
  readonly #dir: string
  readonly #disk: Disk
  readonly #options: LogOptions
  readonly #key: LogKey
  /** Segments that are open, by bundle. */
  readonly #files = new Map<number, OpenSegment>()

  constructor(dir: string, disk: Disk, options: LogOptions) {
    this.#dir = dir
    this.#disk = disk
    this.#options = options
    const { machine, log } = options.keys
    this.#key = { origin: originOf(machine, log), publicKey: rawPublicKey(log), privateKey: log }
  }

  async abandon(): Promise<void> {
    for (const { file } of this.#files.values()) await file.close().catch(() => undefined)
  }

  /** Brings the folder to a state that can be appended to. A crash between any two steps leaves one that opens again. */
  async open(held: Held): Promise<AuditLog> {
    await this.#disk.makeFolder(join(this.#dir, JOURNAL_FOLDER))
    const segments = await this.#readSegments()
    await this.#requireOurs(segments)
    const key = createPublicKey(this.#options.keys.log)
    const owner: Owner = { dir: this.#dir, origin: this.#key.origin, key }
    const replayed = await replay(this.#disk, owner, segments)
    const { journal, settled } = replayed
    if (journal.tree.size === 0) await this.#requireFirstUse()
    const published = new Published(this.#disk, this.#dir)
    for (const name of [WITNESSED_FILE, CHECKPOINT_FILE])
      await checkPublishedHead(this.#disk, owner, name, replayed)
    await published.inherit(journal.tree.size)
    // From here on the log is taken for a good one, and written to.
    const from = Math.max(0, settled.bundles - CHECKED_AT_OPEN / TILE_WIDTH)
    for (let index = settled.bundles - 1; index >= from; index--) await settled.entries(index)
    await this.#settle(journal, published)
    const { segment, entries } = await this.#lastSegment(journal)
    const log = new MerkleLog(this.#dir, held, {
      key: this.#key,
      tree: journal.tree,
      head: journal.head,
      segment,
      entries,
      published,
    })
    await this.#appendOwn(log, journal)
    await log.publish()
    return log
  }

  async #readSegments(): Promise<readonly Segment[]> {
    const bundles = await listSegments(this.#disk, this.#dir)
    if (bundles.length === 0) await this.#requireFirstUse()
    const segments: Segment[] = []
    for (const bundle of bundles.length === 0 ? [0] : bundles) {
      const open = await makeSegment(this.#disk, this.#dir, bundle)
      this.#files.set(bundle, open)
      // A killed process may have left frames that only memory holds. They count from here on, so they are synced first.
      await open.file.fdatasync()
      // After a sync that failed, Linux shows pages as clean that never reached the disk. Read what is really there.
      await open.file.dropCache()
      const segment = await readSegment(this.#disk, this.#dir, bundle)
      segments.push(segment ?? { bundle, bytes: Buffer.alloc(0) })
    }
    // The names of the files. Each start makes them durable, so it does not matter which start created them.
    await this.#disk.fsyncFolder(this.#dir)
    return segments
  }

  /** No record: either nothing was ever here, or it was taken away. */
  async #requireFirstUse(): Promise<void> {
    const lost = lostJournal(this.#dir, await this.#disk.list(this.#dir))
    if (lost !== undefined) throw lost
    if (this.#options.mayBegin) return
    const remedy =
      'put it back from a backup, or move the whole state folder away to begin as a new machine, for which no licence was issued'
    throw damaged(this.#dir, 'its beginning', `it is gone, and this machine had one; ${remedy}`)
  }

  /** The log must say of itself that it is this machine's, in the words that the machine's key signed. */
  async #requireOurs(segments: readonly Segment[]): Promise<void> {
    const entry = await readGenesis(this.#disk, this.#dir, segments)
    if (entry === undefined) return
    const { origin } = ownerOf(this.#dir, entry)
    const { seq: _, at: __, ...genesis } = decodeLeaf(this.#dir, entry, 0)
    if (canonicalJson(genesis) === canonicalJson(this.#genesis())) return
    const what = `it is log \`${origin}\`, and not the one that this machine's keys are for, \`${this.#key.origin}\``
    throw damaged(this.#dir, 'record 0', what)
  }

  /** Writes the tiles of full segments again: nobody knows whether the agent before came to it. */
  async #settle({ segments }: Journal, published: Published): Promise<void> {
    const full = segments.filter(({ entries }) => entries.length === TILE_WIDTH)
    for (const { bundle: index, entries, tiles } of full) await published.settle({ index, entries, tiles })
    for (const { bundle } of full.slice(0, -1)) {
      await this.#files.get(bundle)?.file.close()
      this.#files.delete(bundle)
      await removeSegment(this.#disk, this.#dir, bundle)
    }
  }

  /** The segment that is written next, with what is torn at its end cut off. */
  async #lastSegment({
    segments,
    tail,
  }: Journal): Promise<{ segment: OpenSegment; entries: readonly Buffer[] }> {
    const last = segments.at(-1)
    const isFull = last?.entries.length === TILE_WIDTH
    const bundle = last === undefined ? 0 : isFull ? last.bundle + 1 : last.bundle
    const segment = this.#files.get(bundle) ?? (await makeSegment(this.#disk, this.#dir, bundle))
    this.#files.delete(bundle)
    // What else is open is the settled one before, or one that was made ahead; it is opened again when it is its turn.
    for (const { file } of this.#files.values()) await file.close()
    this.#files.clear()
    this.#files.set(bundle, segment)
    if (isFull || last === undefined) return { segment, entries: [] }
    if (tail.length > 0) {
      // Nobody was told that these bytes were records. A crash after the cut loses the note of it, nothing else.
      await segment.file.truncate(last.bytes)
      await segment.file.fdatasync()
    }
    segment.bytes = last.bytes
    return { segment, entries: last.entries }
  }

  /** What the log itself has to say: its beginning, and what was cut off. */
  async #appendOwn(log: MerkleLog, { tree, tail }: Journal): Promise<void> {
    const own = []
    if (tree.size === 0) own.push(log.append(this.#genesis()))
    if (tail.length > 0)
      own.push(log.append({ kind: 'tail-truncated', bytes: tail.length, sha256: sha256(tail) }))
    await Promise.all(own)
  }

  #genesis(): Parameters<AuditLog['append']>[0] {
    const { machine } = this.#options.keys
    const { origin, publicKey } = this.#key
    const logKey = publicKey.toString('base64')
    const text = `${GENESIS_HEADER}\n${origin}\n${logKey}\n`
    return {
      kind: 'log-opened',
      format: FORMAT_NAME,
      origin,
      logKey,
      machineKey: rawPublicKey(machine).toString('base64'),
      signature: sign(null, Buffer.from(text, 'utf8'), machine).toString('base64'),
    }
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
