/**
 * The right edge of the log's Merkle tree (RFC 6962 section 2.1): what is needed to add leaves, to know the root, and to
 * write the tiles that become full (C2SP tlog-tiles). Memory: 8 KiB a level of tiles, and there is one level for each
 * factor of 256 in the number of leaves.
 */
import { hash } from 'node:crypto'
import { assert } from '../errors.ts'
import { HASH_BYTES, RECORD_BYTES_MAX, TILE_WIDTH } from '../log-format/index.ts'

const LEAF_PREFIX = 0x00
const NODE_PREFIX = 0x01
const TILE_BYTES = TILE_WIDTH * HASH_BYTES

/** What is hashed is put together here: nothing waits between that and the hash. */
const leaf = Buffer.alloc(1 + RECORD_BYTES_MAX, LEAF_PREFIX)
const node = Buffer.alloc(1 + 2 * HASH_BYTES, NODE_PREFIX)

/** The hash of an entry: `SHA-256(0x00 || entry)`. */
export function leafHash(entry: Uint8Array): Buffer {
  assert(entry.length <= RECORD_BYTES_MAX, 'an entry of the log is within its limit')
  leaf.set(entry, 1)
  return sha256(leaf.subarray(0, 1 + entry.length))
}

/** The hash of two subtrees: `SHA-256(0x01 || left || right)`. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  node.set(left, 1)
  node.set(right, 1 + HASH_BYTES)
  return sha256(node)
}

/** As text of one character a byte, in which Node gives a hash in half the time. */
function sha256(bytes: Buffer): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1')
}

/** The root over hashes that stand one behind the other, `from` the first of `count`; at least one. */
export function rootOfHashes(hashes: Buffer, from: number, count: number): Buffer {
  const range = new Range()
  for (let at = from; at < from + count; at++)
    range.add(hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))
  const root = range.joined(undefined)
  assert(root !== undefined, 'there is a root where there are hashes')
  return root
}

/** Hashes as they come, as the roots of the complete subtrees over them: from the widest, at the left, to the narrowest. */
class Range {
  readonly #roots: Buffer[] = []
  #count = 0

  add(hash: Uint8Array): void {
    this.#count++
    let root: Buffer = Buffer.from(hash)
    for (let rest = this.#count; rest % 2 === 0; rest /= 2) {
      const left = this.#roots.pop()
      assert(left !== undefined, 'two subtrees of one size become one')
      root = nodeHash(left, root)
    }
    this.#roots.push(root)
  }

  /** The root of all of them with what stands right of them, where there is anything. */
  joined(right: Buffer | undefined): Buffer | undefined {
    return this.#roots.reduceRight<Buffer | undefined>(
      (joined, root) => (joined === undefined ? root : nodeHash(root, joined)),
      right,
    )
  }

  copy(): Range {
    const range = new Range()
    range.#count = this.#count
    range.#roots.push(...this.#roots)
    return range
  }
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
  range = new Range()

  add(hash: Uint8Array): void {
    this.bytes.set(hash, this.width * HASH_BYTES)
    this.range.add(hash)
    this.width++
  }

  clear(): void {
    this.width = 0
    this.range = new Range()
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
    for (const [at, { bytes, width, range }] of this.#levels.entries()) {
      const level = tree.#level(at)
      level.bytes.set(bytes.subarray(0, width * HASH_BYTES))
      level.width = width
      level.range = range.copy()
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
    for (const { range } of this.#levels) right = range.joined(right)
    return right ?? sha256(Buffer.alloc(0))
  }

  #add(at: number, hash: Uint8Array): void {
    const level = this.#level(at)
    level.add(hash)
    if (level.width < TILE_WIDTH) return
    const root = level.range.joined(undefined)
    assert(root !== undefined, 'a full tile has a root')
    this.#full.push({
      level: at,
      index: this.#size / TILE_WIDTH ** (at + 1) - 1,
      bytes: Buffer.from(level.bytes),
    })
    level.clear()
    this.#add(at + 1, root)
  }

  #level(at: number): Level {
    while (this.#levels.length <= at) this.#levels.push(new Level())
    return this.#levels[at] ?? new Level()
  }
}
