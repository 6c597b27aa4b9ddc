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
import {
  FRAME_BYTES_MAX,
  type Frame,
  findSignedFrame,
  firstOfFrame,
  isFrameSigned,
  readFrame,
} from './segment.ts'
import { compareTile, type TileTree, unsettled } from './tile-tree.ts'

export interface JournalOwner {
  readonly origin: string
  /** The log's key; null where it is not known, and nothing can be said of signatures. */
  readonly key: NoteKey | null
}

/** Records that follow on each other, and what each of them says. */
export interface CheckedRun {
  readonly first: number
  readonly width: number
  /** Their hashes, where the run is all that there is of its bundle. */
  readonly hashes: Buffer
  readonly report: BundleReport
}

/** Frames that follow on each other. */
interface FrameRun {
  readonly first: number
  readonly frames: readonly Frame[]
  readonly hashes: Buffer
  /** Where the last one ends in the segment. */
  readonly end: number
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
  #isAstrayTold = false
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

  /** The next segment. `isLast`: no later one has anything in it. Answers the records that it has, in order. */
  take(segment: Segment, isLast: boolean, findings: Finding[]): readonly CheckedRun[] {
    const { bundle, file, bytes } = segment
    const first = bundle * TILE_WIDTH
    if (bytes.length === 0 && isLast && bundle === Math.floor(this.#size / TILE_WIDTH) + 1) return []
    if (first !== this.#size) {
      const message = `\`${file}\` begins at record ${first}, and those before it end at ${this.#size}`
      findings.push(damage('broken-journal', { index: this.#size, file }, message))
      if (first < this.#size) return []
      this.#loseCourse()
      this.#size = first
    }
    const run = this.#readFrames(segment, 0, first, findings)
    this.#size = first + run.hashes.length / HASH_BYTES
    const next = run.end < bytes.length ? this.#judgeTail(segment, run.end, isLast, findings) : null
    if (this.#size === first + TILE_WIDTH) this.#complete(bundle, run, findings)
    else if (!isLast) return this.#readBroken(segment, run, next, findings)
    const runs = [this.#checkRun(run, file, findings)]
    return next === null ? runs : [...runs, ...this.#readBehind(segment, next, findings)]
  }

  #checkRun({ first, frames, hashes }: FrameRun, file: string, findings: Finding[]): CheckedRun {
    const width = hashes.length / HASH_BYTES
    const entries = Buffer.concat(frames.map((frame) => frame.entries))
    const { report } = checkBundle({ first, width, entries, tile: null, file })
    findings.push(...report.findings.map((finding) => inSegment(finding, frames)))
    return { first, width, hashes, report: { ...report, findings: [] } }
  }

  /** The good frames from `offset` on, where the record `first` is to be, and the hashes of their records. */
  #readFrames(
    { file, bytes, bundle }: Segment,
    offset: number,
    first: number,
    findings: Finding[],
  ): FrameRun {
    const frames: Frame[] = []
    let hashes = Buffer.alloc(0)
    let end = offset
    for (;;) {
      const frame = readFrame(bytes, end, first + hashes.length / HASH_BYTES)
      if (frame === null || !this.#isSigned(frame)) break
      const { starts } = splitBundle(frame.entries, frame.count)
      const grown = Buffer.concat([hashes, hashEntries(frame.entries, starts)])
      const isRight = this.#isHead(frame, grown)
      if (!isRight && (this.#isOnCourse || this.#isHead(frame, this.#settledHashes(bundle, grown.length))))
        break
      if (!isRight) this.#tellAstray(frame, file, findings)
      this.#isOnCourse = isRight
      frames.push(frame)
      hashes = grown
      end += frame.bytes
    }
    return { first, frames, hashes, end }
  }

  /** Whether a frame's head is that of the tree with these leaf hashes at its end. */
  #isHead(frame: Frame, hashes: Buffer): boolean {
    return !this.#tree.isLost && hashes.length > 0 && this.#left.root(rootOfHashes(hashes)).equals(frame.root)
  }

  /** The first hashes of a settled bundle's tile: they tell whether the frame is wrong or what is left of it. */
  #settledHashes(bundle: number, bytes: number): Buffer {
    const tile = this.#folder.read(tilePath(0, bundle), TILE_BYTES)
    return Buffer.isBuffer(tile) ? tile.subarray(0, bytes) : Buffer.alloc(0)
  }

  #isSigned(frame: Frame): boolean {
    return this.#owner.key === null || isFrameSigned(frame, this.#owner.origin, this.#owner.key)
  }

  #loseCourse(): void {
    this.#tree.lose()
    this.#isOnCourse = false
  }

  /** Once: what is wrong left of a frame is wrong left of all that follow. */
  #tellAstray({ size, offset }: Frame, file: string, findings: Finding[]): void {
    if (this.#isAstrayTold) return
    this.#isAstrayTold = true
    const what = this.#tree.isLost
      ? 'cannot be compared with the records, because some are lost'
      : 'is of other records'
    const message = `the head of ${size} records that the log signed in \`${file}\` ${what}`
    findings.push(damage('other-records', { index: size - 1, file, offset }, message))
  }

  /** A crash leaves a piece of one frame behind frames that are right, and nothing behind it. Answers where one follows. */
  #judgeTail({ file, bytes }: Segment, end: number, isLast: boolean, findings: Finding[]): number | null {
    const index = this.#size
    const length = bytes.length - end
    const { origin, key } = this.#owner
    const place = { index, file, offset: end }
    const next = findSignedFrame(bytes, end + 1, origin, key)
    if (isLast && this.#isOnCourse && length <= FRAME_BYTES_MAX && next === null) {
      const message = `\`${file}\` ends with ${length} bytes of a commit that a crash cut short, or that is being written`
      findings.push(notice('unfinished-commit', place, message))
      return null
    }
    const more = next === null ? '' : `; a signed commit follows at byte ${next}`
    const message = `record ${index} is not as it was committed, in \`${file}\` at byte ${end}${more}`
    findings.push(damage('broken-journal', place, message))
    return next
  }

  /** Reads on at a signed frame behind one that is broken. What the broken one held is lost, and the tree with it. */
  #readBehind(segment: Segment, offset: number, findings: Finding[]): readonly CheckedRun[] {
    const { bytes, bundle, file } = segment
    const runs: CheckedRun[] = []
    this.#loseCourse()
    this.#isAstrayTold = true
    for (let at: number | null = offset; at !== null; ) {
      const first = firstOfFrame(bytes, at)
      if (first < this.#size || first >= (bundle + 1) * TILE_WIDTH) return runs
      const run = this.#readFrames(segment, at, first, findings)
      if (run.frames.length === 0) return runs
      runs.push(lost(this.#size, first - this.#size), this.#checkRun(run, file, findings))
      this.#size = first + run.hashes.length / HASH_BYTES
      const { origin, key } = this.#owner
      at = run.end < bytes.length ? findSignedFrame(bytes, run.end + 1, origin, key) : null
    }
    return runs
  }

  /** A segment that is not full, and not the last. Its records are read from the bundle where that is settled. */
  #readBroken(
    segment: Segment,
    run: FrameRun,
    next: number | null,
    findings: Finding[],
  ): readonly CheckedRun[] {
    const { bundle, file, bytes } = segment
    const [first, end] = [bundle * TILE_WIDTH, (bundle + 1) * TILE_WIDTH]
    if (run.end === bytes.length) {
      const message = `\`${file}\` ends at record ${this.#size}, and another segment follows`
      findings.push(damage('broken-journal', { index: this.#size, file, offset: run.end }, message))
    }
    if (this.#isSettled(bundle)) {
      this.#size = end
      return [this.#readElsewhere(bundle, first, findings)]
    }
    const runs = [this.#checkRun(run, file, findings)]
    if (next !== null) runs.push(...this.#readBehind(segment, next, findings))
    runs.push(lost(this.#size, end - this.#size))
    this.#loseCourse()
    this.#size = end
    return runs
  }

  #readElsewhere(bundle: number, first: number, findings: Finding[]): CheckedRun {
    const report = checkBundleFiles(this.#folder, bundle)
    findings.push(...report.findings)
    const root = report.root ?? report.tileRoot
    if (root === null) this.#loseCourse()
    else if (!this.#tree.isLost) this.#push(bundle, root, findings)
    return { first, width: TILE_WIDTH, hashes: Buffer.alloc(0), report: { ...report, findings: [] } }
  }

  /** A full segment: its bundle and tile must be as it is, or not be there yet. */
  #complete(bundle: number, { frames, hashes }: FrameRun, findings: Finding[]): void {
    const entries = Buffer.concat(frames.map((frame) => frame.entries))
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

/** So many records of which nothing is known. */
function lost(first: number, width: number): CheckedRun {
  const report = {
    root: null,
    tileRoot: null,
    count: 0,
    unread: [],
    times: null,
    shifts: [],
    facts: [],
    findings: [],
    omitted: 0,
  }
  return { first, width, hashes: Buffer.alloc(0), report }
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
