/**
 * The right edge of the log's Merkle tree (RFC 6962 section 2.1): what is needed to add leaves, to know the root, and to
 * write the tiles that become full (C2SP tlog-tiles). Memory: 8 KiB a level of tiles, and there is one level for each
 * factor of 256 in the number of leaves.
 */
import { createHash } from 'node:crypto'
import { assert } from '../errors.ts'
import { HASH_BYTES, TILE_WIDTH } from '../log-format/index.ts'

const LEAF_PREFIX = Uint8Array.of(0)
const NODE_PREFIX = Uint8Array.of(1)
const TILE_BYTES = TILE_WIDTH * HASH_BYTES

/** The hash of an entry: `SHA-256(0x00 || entry)`. */
export function leafHash(entry: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF_PREFIX).update(entry).digest()
}

/** The hash of two subtrees: `SHA-256(0x01 || left || right)`. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(NODE_PREFIX).update(left).update(right).digest()
}

/** The root over hashes that stand one behind the other, `from` the first of `count`; at least one. */
export function rootOfHashes(hashes: Buffer, from: number, count: number): Buffer {
  if (count === 1) return hashes.subarray(from * HASH_BYTES, (from + 1) * HASH_BYTES)
  const left = largestPowerBelow(count)
  return nodeHash(rootOfHashes(hashes, from, left), rootOfHashes(hashes, from + left, count - left))
}

/** The largest power of two that is less than `n`; n from 2 on. Not by shifts: sizes go beyond 32 bits. */
export function largestPowerBelow(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}

/** A tile that has just become full. */
export interface FullTile {
  readonly level: number
  readonly index: number
  readonly bytes: Buffer
}

/** A tile at the right edge, not full. */
export interface PartialTile {
  readonly level: number
  readonly index: number
  readonly width: number
  readonly bytes: Buffer
}

/** One level of tiles: the hashes of its last tile so far. */
class Level {
  readonly bytes = Buffer.alloc(TILE_BYTES)
  width = 0

  add(hash: Uint8Array): void {
    this.bytes.set(hash, this.width * HASH_BYTES)
    this.width++
  }
}

export class MerkleTree {
  #size = 0
  readonly #levels: Level[] = []
  #full: FullTile[] = []

  /** How many leaves there are. */
  get size(): number {
    return this.#size
  }

  /**
   * A tree of `size` leaves, a multiple of 256, from what its tiles hold: `hashes(level)` are those of the level's last
   * tile, which is not full, in order.
   */
  static resume(size: number, hashes: (level: number) => readonly Uint8Array[]): MerkleTree {
    assert(size % TILE_WIDTH === 0, 'a tree is resumed where a tile ends')
    const tree = new MerkleTree()
    tree.#size = size
    let rest = size / TILE_WIDTH
    for (let level = 1; rest > 0; level++) {
      const found = hashes(level)
      assert(found.length === rest % TILE_WIDTH, 'a level has as many hashes as its tiles below')
      for (const hash of found) tree.#level(level).add(hash)
      rest = Math.floor(rest / TILE_WIDTH)
    }
    return tree
  }

  /** A tree of its own with the same leaves. Tiles that nobody took yet are not passed on. */
  copy(): MerkleTree {
    const tree = new MerkleTree()
    tree.#size = this.#size
    for (const [at, { bytes, width }] of this.#levels.entries()) {
      const level = tree.#level(at)
      level.bytes.set(bytes.subarray(0, width * HASH_BYTES))
      level.width = width
    }
    return tree
  }

  /** Adds a leaf's hash. */
  add(hash: Uint8Array): void {
    this.#size++
    this.#add(0, hash)
  }

  /** The tiles that became full since this was asked last, from the lowest level up. */
  takeFull(): readonly FullTile[] {
    const full = this.#full
    this.#full = []
    return full
  }

  /** The tiles of the right edge as they are now: copies. */
  partialTiles(): readonly PartialTile[] {
    return Array.from(this.#levels.keys(), (level) => this.partialTile(level)).filter(
      (tile) => tile !== undefined,
    )
  }

  /** The tile of a level at the right edge, a copy; undefined where that level has only full ones. */
  partialTile(level: number): PartialTile | undefined {
    const { bytes, width } = this.#levels[level] ?? { bytes: Buffer.alloc(0), width: 0 }
    if (width === 0) return undefined
    const index = Math.floor(this.#size / TILE_WIDTH ** (level + 1))
    return { level, index, width, bytes: Buffer.from(bytes.subarray(0, width * HASH_BYTES)) }
  }

  /** The root of all leaves; of none it is the hash of nothing. */
  root(): Buffer {
    let right: Buffer | undefined
    for (const { bytes, width } of this.#levels) {
      // Within a tile the complete subtrees stand from the widest to the narrowest; they join from the right.
      let end = width
      for (let span = 1; end > 0; span *= 2) {
        if (Math.floor(end / span) % 2 === 0) continue
        const peak = rootOfHashes(bytes, end - span, span)
        right = right === undefined ? Buffer.from(peak) : nodeHash(peak, right)
        end -= span
      }
    }
    return right ?? createHash('sha256').digest()
  }

  #add(at: number, hash: Uint8Array): void {
    const level = this.#level(at)
    level.add(hash)
    if (level.width < TILE_WIDTH) return
    const bytes = Buffer.from(level.bytes)
    level.width = 0
    this.#full.push({ level: at, index: this.#size / TILE_WIDTH ** (at + 1) - 1, bytes })
    this.#add(at + 1, rootOfHashes(bytes, 0, TILE_WIDTH))
  }

  #level(at: number): Level {
    while (this.#levels.length <= at) this.#levels.push(new Level())
    return this.#levels[at] ?? new Level()
  }
}
