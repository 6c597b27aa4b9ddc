/**
 * Checks a whole log, from its folder alone: every record, bundle, tile, commit and signed head, and what records say of
 * each other. It shares with the writer the format and no code, so that a mistake on one side shows on the other.
 * It reads on after damage, and needs no lock: a log may be checked while it is written.
 */
import { AgentError } from '../errors.ts'
import {
  CHECKPOINT_FILE,
  HASH_BYTES,
  JOURNAL_FOLDER,
  TILE_WIDTH,
  WITNESSED_FILE,
} from '../log-format/index.ts'
import { checkBundle, rootOfHashes } from './bundle.ts'
import type { VerifiedCheckpoint } from './checkpoint.ts'
import { damage, type Finding, Findings, notice } from './finding.ts'
import { type FileRead, LogFolder } from './folder.ts'
import { checkHeads, type Head, type JournalHashes } from './heads.ts'
import { type Inventory, takeInventory } from './inventory.ts'
import { type CheckedRun, JournalCheck } from './journal-check.ts'
import { listSegments, readSegments, type SegmentsRead } from './journal-files.ts'
import { type Expected, findOwner, type Owner, requireTrusted } from './log-owner.ts'
import { GrowingTree } from './merkle.ts'
import { type NoteKey, printNoteKey } from './note-key.ts'
import { OrderCheck } from './order.ts'
import { checkPartials } from './partials.ts'
import { isSameFile, type PublishedFiles, partialsOf, readHead, readPublished } from './published.ts'
import { checkSettled } from './settled-check.ts'
import { TileTree } from './tile-tree.ts'
import type { TlogPolicy } from './tlog-policy.ts'

/** A log publishes its first head when it is opened, with at most what its opening itself wrote, crash after crash. */
const UNPUBLISHED_RECORDS_MAX = 8

export interface VerifyOptions extends Expected {
  /** Checkpoints of this log that were kept elsewhere, each with a name to call it by. */
  readonly earlier?: readonly { readonly name: string; readonly note: Uint8Array }[]
  /** Which logs it may be, if the policy names any; whose cosignatures count, and how many must be there. */
  readonly policy?: TlogPolicy
  /** The folder is a copy of what the log publishes, without its journal. */
  readonly isCopy?: boolean
  /** The built program of the threads that check a large log; without it one thread does everything. */
  readonly program?: string
  /** Told now and then how many records have been checked. */
  readonly onProgress?: (records: number) => void
}

/** A published head, with the known witnesses that cosigned it and when, in seconds since 1970. */
export interface SignedHead {
  readonly size: number
  /** In hexadecimal. */
  readonly root: string
  readonly cosigners: readonly { readonly name: string; readonly time: number | null }[]
}

export interface Verification {
  /** True if nothing is damaged. Whether records are missing at the end, only a later head from elsewhere can tell. */
  readonly ok: boolean
  /** The log's name; null if neither it nor the caller tells. */
  readonly origin: string | null
  /** The key that its signatures were checked with, as signed notes write it. */
  readonly key: string | null
  /** How many records were there to be read. */
  readonly records: number
  /** The root of all of them, in hexadecimal; null where some are lost. */
  readonly root: string | null
  /** The published head, and the one that enough witnesses cosigned, if they are signed. */
  readonly checkpoint: SignedHead | null
  readonly witnessed: SignedHead | null
  /** The first hundred, damage before notices, in the order of the log. */
  readonly findings: readonly Finding[]
  /** How many more there were. */
  readonly omitted: number
}

/** Checks the log in a folder. Throws USAGE where there is none, STATE_UNUSABLE where it may not be read. */
export async function verifyLog(dir: string, options: VerifyOptions = {}): Promise<Verification> {
  const folder = new LogFolder(dir)
  const inventory = takeInventory(folder)
  if (!inventory.isLog) throw new AgentError('USAGE', `there is no log in \`${dir}\``)
  return await new LogCheck(folder, inventory, options).run()
}

class LogCheck {
  readonly #folder: LogFolder
  readonly #inventory: Inventory
  readonly #options: VerifyOptions
  readonly #findings = new Findings()
  readonly #order = new OrderCheck()
  readonly #tree: TileTree
  readonly #published: PublishedFiles
  readonly #owner: Owner
  readonly #heads: Head[] = []
  readonly #journal: JournalHashes[] = []
  #size = 0

  constructor(folder: LogFolder, inventory: Inventory, options: VerifyOptions) {
    this.#folder = folder
    this.#inventory = inventory
    this.#options = options
    this.#tree = new TileTree(folder)
    this.#published = readPublished(folder)
    const { owner, findings } = findOwner(folder, this.#published, options)
    this.#owner = owner
    this.#findings.add(...findings)
    const logs = options.policy?.logs ?? []
    if (logs.length > 0)
      this.#findings.add(
        ...requireTrusted(
          owner,
          logs.map(({ key }) => key),
        ),
      )
  }

  async run(): Promise<Verification> {
    const checkpoint = this.#publishedHead(CHECKPOINT_FILE, this.#published.checkpoint)
    const witnessed = this.#publishedHead(WITNESSED_FILE, this.#published.witnessed)
    this.#takeEarlier()
    const publishedSize = checkpoint?.checkpoint.size ?? 0
    await this.#checkRecords(publishedSize)
    if (checkpoint !== null && publishedSize <= this.#size) this.#checkPartials(publishedSize)
    this.#checkEnd()
    this.#requireWitnesses([checkpoint, witnessed])
    this.#checkNames()
    const { isDamaged, omitted } = this.#findings
    return {
      ok: !isDamaged,
      origin: this.#owner.origin,
      key: this.#owner.key === null ? null : printNoteKey(this.#owner.key),
      records: this.#order.records,
      root: this.#root(),
      checkpoint: checkpoint && signedHead(checkpoint),
      witnessed: witnessed && signedHead(witnessed),
      findings: this.#findings.list(),
      omitted,
    }
  }

  /** The log's key, and those of the witnesses that count. */
  #keys(key: NoteKey): readonly NoteKey[] {
    return [key, ...(this.#options.policy?.keys ?? []).filter(({ kind }) => kind === 'cosigner')]
  }

  #readHead(bytes: Uint8Array, file: string): VerifiedCheckpoint | null {
    const { origin, key } = this.#owner
    if (origin === null || key === null) return null
    const { head, findings } = readHead(bytes, file, origin, this.#keys(key))
    this.#findings.add(...findings)
    return head
  }

  #publishedHead(file: string, read: FileRead): VerifiedCheckpoint | null {
    if (read === 'missing') return null
    if (!Buffer.isBuffer(read)) {
      this.#findings.add(damage('unreadable-file', { file }, `\`${file}\` cannot be read: ${read.problem}`))
      return null
    }
    const head = this.#readHead(read, file)
    if (head !== null) this.#heads.push(headOf(head, `\`${file}\``, 'other-records', file))
    return head
  }

  #takeEarlier(): void {
    for (const { name, note } of this.#options.earlier ?? []) {
      const head = this.#readHead(note, name)
      if (head !== null)
        this.#heads.push(headOf(head, `checkpoint \`${name}\` from elsewhere`, 'forked', name))
    }
  }

  #isWithoutJournal(): boolean {
    return this.#options.isCopy === true || listSegments(this.#folder).length === 0
  }

  /** First what is settled, then the journal. A writer that goes on meanwhile settles more, and moves its beginning. */
  async #checkRecords(publishedSize: number): Promise<void> {
    if (this.#isWithoutJournal()) {
      const ofCopy = publishedSize === 0 ? this.#inventory.bundles : Math.floor(publishedSize / TILE_WIDTH)
      await this.#checkSettled(ofCopy)
      this.#checkCopiedRest(publishedSize)
      return
    }
    let isWhole = true
    for (;;) {
      // As between bundles: whoever shares this thread gets a turn.
      await new Promise(setImmediate)
      const journal = readSegments(this.#folder)
      const settled = journal.first ?? 0
      if (isWhole && settled * TILE_WIDTH > this.#size) isWhole = await this.#checkSettled(settled)
      else return this.#checkJournal(journal, publishedSize)
    }
  }

  /** The bundles up to one. Answers whether it came to the end. */
  async #checkSettled(to: number): Promise<boolean> {
    const context = {
      folder: this.#folder,
      published: this.#published,
      tree: this.#tree,
      order: this.#order,
      findings: this.#findings,
      program: this.#options.program,
      onProgress: this.#options.onProgress,
    }
    const isWhole = await checkSettled(context, this.#size / TILE_WIDTH, to)
    this.#size = to * TILE_WIDTH
    return isWhole
  }

  #checkJournal({ segments, findings }: SegmentsRead, publishedSize: number): void {
    this.#findings.add(...findings)
    const present = new Set(segments.map(({ bundle }) => bundle))
    // The segment before one that is full goes when that one is settled; a head is published after what it covers is.
    const isSettled = (bundle: number): boolean =>
      (bundle > 0 && !present.has(bundle - 1)) || publishedSize >= (bundle + 1) * TILE_WIDTH
    const { origin, key } = this.#owner
    const check = new JournalCheck(
      this.#folder,
      { origin: origin ?? '', key },
      this.#tree,
      this.#size,
      isSettled,
    )
    const last = segments.findLast(({ bytes }) => bytes.length > 0)?.bundle ?? 0
    for (const segment of segments) {
      const found: Finding[] = []
      const runs = check.take(segment, segment.bundle >= last, found)
      this.#findings.add(...found)
      for (const run of runs) this.#takeRun(run)
    }
    this.#size = check.size
    this.#options.onProgress?.(this.#size)
  }

  #takeRun({ first, width, hashes, report }: CheckedRun): void {
    this.#findings.addOmitted(report.omitted)
    this.#findings.add(...this.#order.take(report, first, width))
    if (first % TILE_WIDTH === 0) this.#journal.push({ bundle: first / TILE_WIDTH, hashes })
  }

  /** Without a journal there is what the checkpoint covers, and its last bundle is a partial one. */
  #checkCopiedRest(size: number): void {
    if (this.#options.isCopy !== true) {
      const message = 'the journal is gone, and with it what was written after the checkpoint'
      this.#findings.add(damage('no-journal', { index: size, file: JOURNAL_FOLDER }, message))
    }
    const partial = partialsOf(size).find(({ level }) => level === 'entries')
    if (partial === undefined) return
    const { file, index: bundle, width } = partial
    const entries = this.#published.partials.get(file)
    const first = bundle * TILE_WIDTH
    this.#size = size
    if (!Buffer.isBuffer(entries)) {
      this.#findings.add(damage('missing-file', { index: first, file }, `\`${file}\` is missing`))
      return
    }
    const { report, hashes } = checkBundle({ first, width, entries, tile: null, file })
    this.#findings.addOmitted(report.omitted)
    this.#findings.add(...report.findings, ...this.#order.take(report, first, width))
    this.#journal.push({ bundle, hashes })
  }

  #checkPartials(size: number): void {
    const isCopy = this.#isWithoutJournal()
    this.#findings.add(
      ...checkPartials(this.#folder, this.#published, this.#tree, this.#journal, size, isCopy),
    )
  }

  /** What can be said only of the whole: the heads, and whether there is one. */
  #checkEnd(): void {
    const told = this.#order.heads.map(
      ({ index, size, root }): Head => ({
        size,
        root: Buffer.from(root, 'hex'),
        name: `the head that record ${index} tells of`,
        code: 'other-records',
        file: null,
        index,
      }),
    )
    this.#findings.add(
      ...checkHeads(this.#folder, this.#tree, this.#journal, this.#size, [...this.#heads, ...told]),
    )
    if (this.#size === 0) {
      this.#findings.add(damage('wrong-first-record', { index: 0 }, 'the log has no records'))
    } else if (this.#published.checkpoint === 'missing') {
      const isYoung = this.#size <= UNPUBLISHED_RECORDS_MAX
      const message = `there is no checkpoint for ${this.#size} records`
      const place = { file: CHECKPOINT_FILE }
      this.#findings.add(
        isYoung ? notice('no-checkpoint-yet', place, message) : damage('no-checkpoint', place, message),
      )
    }
  }

  #requireWitnesses(heads: readonly (VerifiedCheckpoint | null)[]): void {
    const { policy } = this.#options
    if (policy === undefined || this.#owner.key === null) return
    const isWitnessed = heads.some(
      (head) => head !== null && policy.isSatisfiedBy(head.cosigners.map(({ key }) => key)),
    )
    if (isWitnessed) return
    const message = `no published head is cosigned as the policy asks: quorum \`${policy.quorum}\``
    this.#findings.add(notice('not-witnessed', { file: CHECKPOINT_FILE }, message))
  }

  /** What is in the folder and should not be. The names were taken before the journal was read: a writer only adds. */
  #checkNames(): void {
    const { farthest, strays, strayCount, partials } = this.#inventory
    if (farthest !== null && farthest.records > this.#size) {
      const { file, records } = farthest
      const message = `\`${file}\` is of ${records} records, and the log has ${this.#size}: its end was cut off`
      this.#findings.add(damage('beyond-end', { index: this.#size, file }, message))
    }
    const needed = partialsOf(this.#published.size).map(({ file }) => file)
    const isStill = isSameFile(readPublished(this.#folder).checkpoint, this.#published.checkpoint)
    const left = isStill ? partials.filter((file) => !needed.includes(file)) : []
    const count = strayCount + left.length
    const [file] = [...strays, ...left]
    if (file === undefined) return
    const more = count === 1 ? 'is' : `and ${count - 1} more are`
    this.#findings.add(notice('stray-file', { file }, `\`${file}\` ${more} not needed by the log`))
  }

  #root(): string | null {
    if (this.#tree.isLost) return null
    const tree = new GrowingTree()
    for (let bundle = 0; bundle < this.#tree.bundles; bundle++) tree.push(this.#tree.rootOf(bundle))
    const width = this.#size - tree.size * TILE_WIDTH
    if (width === 0) return tree.root().toString('hex')
    const rest = this.#journal.findLast(({ bundle }) => bundle === tree.size)
    if (rest?.hashes.length !== width * HASH_BYTES) return null
    return tree.root(rootOfHashes(rest.hashes)).toString('hex')
  }
}

function headOf(head: VerifiedCheckpoint, name: string, code: Head['code'], file: string): Head {
  const { size, root } = head.checkpoint
  return { size, root, name, code, file, index: null }
}

export function signedHead({ checkpoint: { size, root }, cosigners }: VerifiedCheckpoint): SignedHead {
  const names = cosigners.map(({ key: { name }, timestamp }) => ({ name, time: timestamp }))
  return { size, root: root.toString('hex'), cosigners: names }
}
