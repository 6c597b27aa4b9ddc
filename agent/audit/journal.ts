/**
 * Replays the journal: what is durable and not yet in full tiles, frame by frame, each against the head that the log
 * signed for it. Opening a log for writing and reading one are both this walk.
 */
import type { KeyObject } from 'node:crypto'
import {
  FRAME_ENTRIES_BYTES_MAX,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  segmentPath,
  TILE_WIDTH,
} from '../log-format/index.ts'
import { damaged } from './damage.ts'
import { decodeFrame, growByFrame } from './frame.ts'
import type { FullTile, MerkleTree } from './merkle-tree.ts'
import type { Head } from './note.ts'

/** A segment as the disk has it. */
export interface Segment {
  readonly bundle: number
  readonly bytes: Buffer
}

/** The records of one segment, and where its good frames end. */
export interface Replayed {
  readonly bundle: number
  readonly entries: readonly Buffer[]
  /** Bytes of the good frames. */
  readonly bytes: number
  /** The tiles that it made full. */
  readonly tiles: readonly FullTile[]
}

export interface Journal {
  readonly segments: readonly Replayed[]
  /** The tree with all good frames. */
  readonly tree: MerkleTree
  /** The last signed head; undefined for a log that has no record yet. */
  readonly head: Head | undefined
  /** The roots of all heads in the journal, by size, in hexadecimal. */
  readonly roots: ReadonlyMap<number, string>
  /** What stands behind the last good frame: what a crash leaves of a write that was never acknowledged. */
  readonly tail: Buffer
}

/** Whose log it is. */
export interface Owner {
  readonly dir: string
  readonly origin: string
  readonly key: KeyObject
}

/**
 * `before` is the tree left of the first segment. Throws AUDIT_DAMAGED for what no crash leaves. Undefined where that
 * segment has no frame on that tree: either it or the tree is not as it was written.
 */
export function replayJournal(
  owner: Owner,
  segments: readonly Segment[],
  before: MerkleTree,
): Journal | undefined {
  const walk = new Walk(owner, before)
  for (const [i, segment] of segments.entries()) {
    walk.take(segment, i === segments.length - 1)
    if (walk.isAstray) return undefined
  }
  return walk.end()
}

class Walk {
  readonly #owner: Owner
  readonly #segments: Replayed[] = []
  readonly #roots = new Map<number, string>()
  #tree: MerkleTree
  #head: Head | undefined
  /** Where what stands behind the last good frame begins, for people. */
  #place = ''
  #tail: Buffer = Buffer.alloc(0)

  constructor(owner: Owner, before: MerkleTree) {
    this.#owner = owner
    this.#tree = before
  }

  /** Whether there are records, and no signed head of them. */
  get isAstray(): boolean {
    return this.#tree.size > 0 && this.#head === undefined
  }

  take({ bundle, bytes }: Segment, isLast: boolean): void {
    const path = segmentPath(bundle)
    const full = this.#tree.size / TILE_WIDTH
    // The next segment is made before it is needed, and the one before it may have a torn tail.
    if (isLast && bytes.length === 0 && bundle === Math.floor(full) + 1) return
    if (this.#tail.length > 0)
      throw this.#damaged(`what stands there is no commit of this log, and \`${path}\` follows`)
    if (bundle !== full) {
      this.#place = ''
      throw this.#damaged(`\`${path}\` follows on it, which begins with record ${bundle * TILE_WIDTH}`)
    }
    const entries: Buffer[] = []
    let at = 0
    for (;;) {
      const frame = decodeFrame(bytes, at)
      if (frame === undefined || entries.length + frame.entries.length > TILE_WIDTH) break
      const grown = growByFrame(this.#tree, frame, this.#owner.origin, this.#owner.key)
      if (grown === undefined) break
      this.#tree = grown
      this.#head = frame.head
      this.#roots.set(frame.head.size, frame.head.root.toString('hex'))
      entries.push(...frame.entries)
      at += frame.bytes
    }
    this.#tail = bytes.subarray(at)
    this.#place = `, byte ${at} of \`${path}\``
    if (!this.isAstray) this.#requireTorn(entries.length === TILE_WIDTH)
    this.#segments.push({ bundle, entries, bytes: at, tiles: this.#tree.takeFull() })
  }

  end(): Journal {
    return {
      segments: this.#segments,
      tree: this.#tree,
      head: this.#head,
      roots: this.#roots,
      tail: this.#tail,
    }
  }

  /** A crash leaves a piece of one frame, and nothing behind it: the frame before was synced before it was begun. */
  #requireTorn(isFull: boolean): void {
    const { length } = this.#tail
    if (isFull && length > 0) throw this.#damaged('the segment is full, and more stands behind it')
    if (length > FRAME_HEADER_BYTES + FRAME_ENTRIES_BYTES_MAX)
      throw this.#damaged(`${length} bytes follow that are no commit of this log`)
    for (let at = 1; at + FRAME_HEADER_BYTES <= length; at++) {
      if (this.#tail.readUInt32BE(at) !== FRAME_MAGIC) continue
      if (decodeFrame(this.#tail, at) !== undefined)
        throw this.#damaged('it is not as it was committed, and another commit follows')
    }
  }

  /** The first record that is not there as it was written. */
  #damaged(what: string): Error {
    return damaged(this.#owner.dir, `record ${this.#tree.size}${this.#place}`, what)
  }
}
