/**
 * Checks the journal segment by segment: each frame follows on the one before it, the log signed its head, and that head
 * is the root of the records up to there. What a crash leaves at the very end is told apart from what none leaves.
 */
import { BUNDLE_BYTES_MAX, HASH_BYTES, TILE_WIDTH, tilePath } from '../log-format/index.ts'
import { type BundleReport, checkBundle, hashEntries, rootOfHashes, splitBundle } from './bundle.ts'
import { checkBundleFiles, readFile, readTile, TILE_BYTES } from './bundle-files.ts'
import { damage, type Finding, notice } from './finding.ts'
import type { LogFolder } from './folder.ts'
import type { Segment } from './journal-files.ts'
import { GrowingTree } from './merkle.ts'
import type { NoteKey } from './note-key.ts'
import { FRAME_BYTES_MAX, type Frame, findSignedFrame, isFrameSigned, readFrame } from './segment.ts'
import { compareTile, type TileTree, unsettled } from './tile-tree.ts'

export interface JournalOwner {
  readonly origin: string
  /** The log's key; null where it is not known, and nothing can be said of signatures. */
  readonly key: NoteKey | null
}

/** What a segment holds, as the bundle that it is or will be. */
export interface CheckedSegment {
  readonly bundle: number
  readonly width: number
  readonly entries: Buffer
  readonly hashes: Buffer
  readonly report: BundleReport
}

export class JournalCheck {
  readonly #folder: LogFolder
  readonly #owner: JournalOwner
  readonly #tree: TileTree
  readonly #isSettled: (bundle: number) => boolean
  /** The tree left of the segment, by the roots of its bundles. */
  readonly #left = new GrowingTree()
  /** Whether the last signed head was that of the records. Before the first one of a log that has none, it is. */
  #isOnCourse: boolean
  #size: number

  /** `tree` holds the bundles left of the first segment, which have `size` records. */
  constructor(
    folder: LogFolder,
    owner: JournalOwner,
    tree: TileTree,
    size: number,
    isSettled: (bundle: number) => boolean,
  ) {
    this.#folder = folder
    this.#owner = owner
    this.#tree = tree
    this.#isSettled = isSettled
    this.#size = size
    this.#isOnCourse = size === 0
    for (let bundle = 0; bundle < tree.bundles; bundle++) this.#left.push(tree.rootOf(bundle))
  }

  /** How many records there are up to here. */
  get size(): number {
    return this.#size
  }

  /** The next segment. `isLast`: no later one has anything in it. Null where it has nothing to be checked. */
  take(segment: Segment, isLast: boolean, findings: Finding[]): CheckedSegment | null {
    const { bundle, file, bytes } = segment
    const first = bundle * TILE_WIDTH
    if (bytes.length === 0 && isLast && bundle === Math.floor(this.#size / TILE_WIDTH) + 1) return null
    if (first !== this.#size) {
      const message = `\`${file}\` begins at record ${first}, and those before it end at ${this.#size}`
      findings.push(damage('broken-journal', { index: this.#size, file }, message))
      if (first < this.#size) return null
      this.#tree.lose()
      this.#isOnCourse = false
      this.#size = first
    }
    const { frames, hashes, end } = this.#readFrames(segment, findings)
    const width = hashes.length / HASH_BYTES
    if (end < bytes.length) findings.push(this.#judgeTail(segment, end, first + width, isLast))
    if (width < TILE_WIDTH && !isLast) return this.#readElsewhere(segment, first + width, findings)
    const entries = Buffer.concat(frames.map((frame) => frame.entries))
    const { report } = checkBundle({ first, width, entries, tile: null, file })
    findings.push(...report.findings.map((finding) => inSegment(finding, frames)))
    this.#size = first + width
    if (width === TILE_WIDTH) this.#complete(bundle, entries, hashes, findings)
    return { bundle, width, entries, hashes, report: { ...report, findings: [] } }
  }

  /** The good frames from the segment's beginning on, and the hashes of their records. */
  #readFrames(
    { file, bytes, bundle }: Segment,
    findings: Finding[],
  ): { readonly frames: readonly Frame[]; readonly hashes: Buffer; readonly end: number } {
    const frames: Frame[] = []
    let hashes = Buffer.alloc(0)
    let end = 0
    for (;;) {
      const frame = readFrame(bytes, end, bundle * TILE_WIDTH + hashes.length / HASH_BYTES)
      if (frame === null || !this.#isSigned(frame)) break
      const { starts } = splitBundle(frame.entries, frame.count)
      const grown = Buffer.concat([hashes, hashEntries(frame.entries, starts)])
      const isRight = !this.#tree.isLost && this.#left.root(rootOfHashes(grown)).equals(frame.root)
      if (!isRight && this.#isOnCourse) break
      if (!isRight && frames.length === 0) findings.push(this.#otherRecords(frame, file))
      this.#isOnCourse = isRight
      frames.push(frame)
      hashes = grown
      end += frame.bytes
    }
    return { frames, hashes, end }
  }

  #isSigned(frame: Frame): boolean {
    return this.#owner.key === null || isFrameSigned(frame, this.#owner.origin, this.#owner.key)
  }

  #otherRecords({ size, offset }: Frame, file: string): Finding {
    const what = this.#tree.isLost
      ? 'cannot be compared with the records, because some are lost'
      : 'is of other records'
    const message = `the head of ${size} records that the log signed in \`${file}\` ${what}`
    return damage('other-records', { index: size - 1, file, offset }, message)
  }

  /** A crash leaves a piece of one frame behind frames that are right, and nothing behind it. */
  #judgeTail({ file, bytes }: Segment, end: number, index: number, isLast: boolean): Finding {
    const length = bytes.length - end
    const { origin, key } = this.#owner
    const place = { index, file, offset: end }
    const next = findSignedFrame(bytes, end + 1, origin, key)
    if (isLast && this.#isOnCourse && length <= FRAME_BYTES_MAX && next === null) {
      const message = `\`${file}\` ends with ${length} bytes of a commit that a crash cut short, or that is being written`
      return notice('unfinished-commit', place, message)
    }
    const more = next === null ? '' : `; a signed commit follows at byte ${next}`
    const message = `record ${index} is not as it was committed, in \`${file}\` at byte ${end}${more}`
    return damage('broken-journal', place, message)
  }

  /** A segment that is broken, and not the last: its bundle may be there. `index` is the first record that is not here. */
  #readElsewhere(
    { bundle, file, bytes }: Segment,
    index: number,
    findings: Finding[],
  ): CheckedSegment | null {
    if (!findings.some((finding) => finding.file === file)) {
      const message = `\`${file}\` ends at record ${index}, and another segment follows`
      findings.push(damage('broken-journal', { index, file, offset: bytes.length }, message))
    }
    const report = checkBundleFiles(this.#folder, bundle)
    findings.push(...report.findings)
    this.#size = (bundle + 1) * TILE_WIDTH
    const root = report.root ?? report.tileRoot
    if (root === null) this.#tree.lose()
    else if (!this.#tree.isLost) this.#push(bundle, root, findings)
    const nothing = Buffer.alloc(0)
    return {
      bundle,
      width: TILE_WIDTH,
      entries: nothing,
      hashes: nothing,
      report: { ...report, findings: [] },
    }
  }

  /** A full segment: its bundle and tile must be as it is, or not be there yet. */
  #complete(bundle: number, entries: Buffer, hashes: Buffer, findings: Finding[]): void {
    const [first, file, tileFile] = [bundle * TILE_WIDTH, tilePath('entries', bundle), tilePath(0, bundle)]
    if (this.#isSettled(bundle)) {
      const settled = readFile(this.#folder, file, BUNDLE_BYTES_MAX, first, findings)
      if (settled !== null) findings.push(...compareEntries(settled, entries, file, first))
      const tile = readTile(this.#folder, tileFile, TILE_BYTES, first, findings)
      if (tile !== null) findings.push(...compareTile(tile, hashes, tileFile, 0, bundle))
    } else {
      const isThere = (name: string, bytes: Buffer): boolean => {
        const read = this.#folder.read(name, BUNDLE_BYTES_MAX)
        return Buffer.isBuffer(read) && read.equals(bytes)
      }
      if (!isThere(file, entries)) findings.push(unsettled(file, first))
      else if (!isThere(tileFile, hashes)) findings.push(unsettled(tileFile, first))
    }
    if (!this.#tree.isLost) this.#push(bundle, rootOfHashes(hashes), findings)
  }

  #push(bundle: number, root: Uint8Array, findings: Finding[]): void {
    this.#left.push(root)
    findings.push(...this.#tree.push(root, this.#isSettled(bundle)))
  }
}

/** The first record of a bundle that is not as in the journal. */
function compareEntries(settled: Buffer, entries: Buffer, file: string, first: number): readonly Finding[] {
  if (settled.equals(entries)) return []
  let offset = 0
  while (offset < settled.length && settled[offset] === entries[offset]) offset++
  const { starts } = splitBundle(entries, TILE_WIDTH)
  const later = starts.findIndex((start) => start > offset)
  const index = first + (later < 0 ? starts.length : later) - 1
  const message = `record ${Math.max(first, index)} is not in \`${file}\` what it is in the journal`
  return [damage('changed-record', { index: Math.max(first, index), file, offset }, message)]
}

/** A place in the records of the frames, as a place in the segment. */
function inSegment(finding: Finding, frames: readonly Frame[]): Finding {
  if (finding.offset === null) return finding
  let rest = finding.offset
  for (const frame of frames) {
    if (rest < frame.entries.length)
      return { ...finding, offset: frame.offset + frame.bytes - frame.entries.length + rest }
    rest -= frame.entries.length
  }
  return finding
}
