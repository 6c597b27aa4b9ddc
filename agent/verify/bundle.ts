/**
 * The check of one bundle: its form, each record's hash against the tile, its JSON, its kind and members, and what it
 * says that others must bear out. A pure function of bytes, so that bundles can be checked side by side.
 */
import { hash } from 'node:crypto'
import { HASH_BYTES, type Leaf, parseLeaf, RECORD_BYTES_MAX } from '../log-format/index.ts'
import { parseCanonical } from './canonical.ts'
import { addFact, type Fact, factsOf } from './facts.ts'
import { damage, type Finding, Findings, notice } from './finding.ts'
import { GrowingTree } from './merkle.ts'

const LENGTH_BYTES = 2
const LEAF_PREFIX = 0x00
const NODE_PREFIX = 0x01

export interface BundleInput {
  /** The index of its first record, and how many it has: 256 unless it is the last. */
  readonly first: number
  readonly width: number
  /** What stands in the bundle: the records, each behind its length. Null where it cannot be read. */
  readonly entries: Buffer | null
  /** The leaf hashes of the tile, where there is one. */
  readonly tile: Buffer | null
  /** The file of the entries, to be named in what is found. */
  readonly file: string
}

export interface BundleReport {
  /** The root of the records; null unless all are there. */
  readonly root: Uint8Array | null
  /** The root of the tile; null where there is none. */
  readonly tileRoot: Uint8Array | null
  /** How many records the bundle could be split into, from its first on. */
  readonly count: number
  /** Indexes of records of which nothing is known: what is no JSON, or of no known kind. */
  readonly unread: readonly number[]
  /** The stamps of the first and last record that were read, and the index of the first. */
  readonly times: { readonly first: string; readonly last: string; readonly index: number } | null
  /** Where a record's number for itself begins to differ from its place, or differs in another way. */
  readonly shifts: readonly { readonly index: number; readonly seq: number; readonly isFirst: boolean }[]
  readonly facts: readonly Fact[]
  readonly findings: readonly Finding[]
  /** How many more findings there were. */
  readonly omitted: number
}

/** Checks a bundle by itself. Answers too the hashes of the records that it could be split into, one behind the other. */
export function checkBundle(input: BundleInput): { readonly report: BundleReport; readonly hashes: Buffer } {
  const { first, width, tile, file } = input
  const split = input.entries === null ? null : splitBundle(input.entries, width)
  const starts = split?.starts ?? []
  const hashes = input.entries === null ? Buffer.alloc(0) : hashEntries(input.entries, starts)
  const records = new RecordChecks(first, file)
  if (split !== null && split.wrongAt !== null) {
    const message = `\`${file}\` is not ${width} records, each behind its length: wrong at byte ${split.wrongAt}`
    records.findings.add(
      damage('malformed-bundle', { index: first + starts.length, file, offset: split.wrongAt }, message),
    )
  }
  if (tile !== null) records.compareHashes(hashes, tile, starts)
  for (const [i, start] of starts.entries()) {
    records.check(
      input.entries?.subarray(start, endOf(input.entries, start)) ?? Buffer.alloc(0),
      first + i,
      start,
    )
  }
  const { times, unread, shifts, facts, findings } = records
  const root = split !== null && split.wrongAt === null ? rootOfHashes(hashes) : null
  const report: BundleReport = {
    root,
    tileRoot: tile === null ? null : root !== null && hashes.equals(tile) ? root : rootOfHashes(tile),
    count: starts.length,
    unread,
    times,
    shifts,
    facts,
    findings: findings.list(),
    omitted: findings.omitted,
  }
  return { report, hashes }
}

/** Where the records of a bundle begin, behind their lengths, as far as it holds what it should. */
export function splitBundle(
  bytes: Buffer,
  width: number,
): { readonly starts: readonly number[]; readonly wrongAt: number | null } {
  const starts: number[] = []
  let at = 0
  while (at < bytes.length && starts.length < width) {
    if (at + LENGTH_BYTES > bytes.length) return { starts, wrongAt: at }
    const length = bytes.readUInt16BE(at)
    const start = at + LENGTH_BYTES
    if (length === 0 || length > RECORD_BYTES_MAX || start + length > bytes.length)
      return { starts, wrongAt: at }
    starts.push(start)
    at = start + length
  }
  return { starts, wrongAt: at === bytes.length && starts.length === width ? null : at }
}

/** The end of a record that begins at `start`, by the length before it. */
export function endOf(bytes: Buffer, start: number): number {
  return start + bytes.readUInt16BE(start - LENGTH_BYTES)
}

/**
 * The leaf hashes, one behind the other. The byte before each record, part of its length, is lent to the prefix that is
 * hashed with it and given back: a copy of each record would take as long as its hash.
 */
export function hashEntries(bytes: Buffer, starts: readonly number[]): Buffer {
  const hashes = Buffer.alloc(starts.length * HASH_BYTES)
  for (const [i, start] of starts.entries()) {
    const end = endOf(bytes, start)
    const lent = bytes.readUInt8(start - 1)
    bytes.writeUInt8(LEAF_PREFIX, start - 1)
    // As text of one character a byte: of the forms that Node gives a hash in, this one takes the least time.
    hashes.write(hash('sha256', bytes.subarray(start - 1, end), 'binary'), i * HASH_BYTES, 'latin1')
    bytes.writeUInt8(lent, start - 1)
  }
  return hashes
}

/**
 * The root of a tree of these leaf hashes, or of the roots of full subtrees of one size; at least one. In memory of its
 * own, so that sending it to another thread does not send what it was cut from.
 */
export function rootOfHashes(hashes: Buffer): Uint8Array {
  const count = hashes.length / HASH_BYTES
  if (!Number.isInteger(Math.log2(count))) return rootOfSome(hashes)
  const level = Buffer.from(hashes)
  const node = Buffer.alloc(1 + 2 * HASH_BYTES, NODE_PREFIX)
  for (let width = count; width > 1; width /= 2) {
    for (let i = 0; i < width / 2; i++) {
      level.copy(node, 1, i * 2 * HASH_BYTES, (i + 1) * 2 * HASH_BYTES)
      level.write(hash('sha256', node, 'binary'), i * HASH_BYTES, 'latin1')
    }
  }
  return new Uint8Array(level.subarray(0, HASH_BYTES))
}

function rootOfSome(hashes: Buffer): Uint8Array {
  const tree = new GrowingTree()
  for (let at = 0; at < hashes.length; at += HASH_BYTES) tree.push(hashes.subarray(at, at + HASH_BYTES))
  return new Uint8Array(tree.root())
}

/** The clock of a record is behind that of the one before it. */
export function steppedBack(index: number, before: string, at: string): Finding {
  const message = `record ${index}: the clock stepped back, from ${before} to ${at}`
  return notice('clock-stepped-back', { index }, message)
}

/** Goes through the records of one bundle, in order. */
class RecordChecks {
  readonly findings = new Findings()
  readonly facts: Fact[] = []
  readonly unread: number[] = []
  readonly shifts: { index: number; seq: number; isFirst: boolean }[] = []
  times: { first: string; last: string; index: number } | null = null
  readonly #first: number
  readonly #file: string
  #shift = 0

  constructor(first: number, file: string) {
    this.#first = first
    this.#file = file
  }

  /** One finding a bundle, at the first record that differs: behind one that was taken out, all do. */
  compareHashes(hashes: Buffer, tile: Buffer, starts: readonly number[]): void {
    if (hashes.equals(tile)) return
    const differing = starts
      .map((offset, i) => ({ offset, i, at: i * HASH_BYTES }))
      .filter(({ at }) => hashes.compare(tile, at, at + HASH_BYTES, at, at + HASH_BYTES) !== 0)
    const [first, ...more] = differing
    if (first === undefined) return
    const index = this.#first + first.i
    const others = more.length === 0 ? '' : `, and ${more.length} more of its bundle`
    const message = `record ${index} does not have the hash that the tree holds for it${others}`
    this.findings.add(damage('changed-record', { index, file: this.#file, offset: first.offset }, message))
  }

  check(bytes: Buffer, index: number, offset: number): void {
    const parsed = parseCanonical(bytes)
    if (typeof parsed === 'string') {
      const what = parsed === 'not-json' ? 'is not JSON in UTF-8' : 'is not in canonical form'
      this.#cannotRead(damage(parsed, { index, file: this.#file, offset }, `record ${index} ${what}`), index)
      return
    }
    const read = parseLeaf(parsed.value)
    if ('problem' in read) {
      const message = `record ${index} cannot be understood: ${read.problem}`
      this.#cannotRead(damage('unknown-record', { index, file: this.#file, offset }, message), index)
      return
    }
    this.#understand(read.leaf, index)
  }

  #cannotRead(finding: Finding, index: number): void {
    this.findings.add(finding)
    this.unread.push(index)
  }

  #understand(leaf: Leaf, index: number): void {
    const shift = leaf.seq - index
    if (shift !== this.#shift) {
      this.shifts.push({ index, seq: leaf.seq, isFirst: this.times === null })
      this.#shift = shift
    }
    if (this.times === null) this.times = { first: leaf.at, last: leaf.at, index }
    else {
      if (leaf.at < this.times.last) this.findings.add(steppedBack(index, this.times.last, leaf.at))
      this.times.last = leaf.at
    }
    if ((leaf.kind === 'log-opened') !== (index === 0)) {
      const what = index === 0 ? 'does not name the log' : 'names the log, as only the first may'
      this.findings.add(damage('wrong-first-record', { index }, `record ${index} ${what}`))
    }
    for (const fact of factsOf(leaf, index)) addFact(this.facts, fact)
  }
}
