/** Hashes of the tree, read back from its tiles: to go on where a tree ended, to read records, and for proofs. */
import { assert } from '../errors.ts'
import { BUNDLE_BYTES_MAX, HASH_BYTES, TILE_WIDTH, tilePath } from '../log-format/index.ts'
import { damaged } from './damage.ts'
import type { Files } from './disk.ts'
import { unpackEntries } from './frame.ts'
import { readLogFile } from './log-file.ts'
import { largestPowerBelow, leafHash, MerkleTree, nodeHash, rootOfHashes } from './merkle-tree.ts'

const TILE_BYTES = TILE_WIDTH * HASH_BYTES

/** A full tile. That it is not there, or not whole, is damage. */
export async function readTile(files: Files, dir: string, level: number, index: number): Promise<Buffer> {
  const path = tilePath(level, index)
  const bytes = await readLogFile(files, dir, path, TILE_BYTES)
  if (bytes?.length === TILE_BYTES) return bytes
  throw damaged(dir, `\`${path}\``, bytes === undefined ? 'it is missing' : 'it is not a whole tile')
}

/** The entries of a full bundle. That it is not there, or not whole, is damage. */
export async function readBundle(files: Files, dir: string, index: number): Promise<readonly Buffer[]> {
  const path = tilePath('entries', index)
  const bytes = await readLogFile(files, dir, path, BUNDLE_BYTES_MAX)
  const entries = bytes === undefined ? undefined : unpackEntries(bytes)
  if (entries?.length === TILE_WIDTH) return entries
  throw damaged(dir, `\`${path}\``, bytes === undefined ? 'it is missing' : 'it is not a whole bundle')
}

/** The tree left of a bundle, from the full tiles. Nothing vouches for it but a signed head on it. */
export async function resumeTree(files: Files, dir: string, bundle: number): Promise<MerkleTree> {
  const levels = new Map<number, Buffer[]>()
  for (const [level, indexes] of rightEdge(bundle)) {
    const roots: Buffer[] = []
    for (const index of indexes)
      roots.push(rootOfHashes(await readTile(files, dir, level, index), 0, TILE_WIDTH))
    levels.set(level + 1, roots)
  }
  return MerkleTree.resume(bundle * TILE_WIDTH, (level) => levels.get(level) ?? [])
}

/**
 * Finds the tile that makes the tree left of a bundle another than the one that the log signed. Throws AUDIT_DAMAGED if it
 * finds one.
 */
export async function blameTiles(files: Files, dir: string, bundle: number): Promise<void> {
  // The first record names the key that signatures are checked with.
  compareBundle(dir, 0, await readBundle(files, dir, 0), await readTile(files, dir, 0, 0))
  for (const [level, indexes] of rightEdge(bundle)) {
    for (const index of indexes) {
      const tile = await readTile(files, dir, level, index)
      if (level === 0) compareBundle(dir, index, await readBundle(files, dir, index), tile)
      for (let i = 0; level > 0 && i < TILE_WIDTH; i++) {
        const below = await readTile(files, dir, level - 1, index * TILE_WIDTH + i)
        if (!isHashAt(tile, i, rootOfHashes(below, 0, TILE_WIDTH)))
          throw wrongTile(dir, level - 1, index * TILE_WIDTH + i)
      }
    }
  }
}

/** The full tiles left of a bundle that no full tile above holds a hash of, by level. */
function* rightEdge(bundle: number): Generator<[level: number, indexes: readonly number[]], void> {
  for (let level = 0, below = bundle; below > 0; level++, below = Math.floor(below / TILE_WIDTH)) {
    const width = below % TILE_WIDTH
    const from = below - width
    yield [level, Array.from({ length: width }, (_, i) => from + i)]
  }
}

/**
 * The full tiles and bundles left of the journal, for which a signed head vouches: each is believed if it hashes to what
 * the tile above it holds, up to the tree.
 */
export class SettledTiles {
  /** How many full bundles there are. */
  readonly bundles: number
  readonly #files: Files
  readonly #dir: string
  readonly #tree: MerkleTree
  /** The tile of each level that was looked at last: who reads in order asks for it again and again. */
  readonly #last = new Map<number, { readonly index: number; readonly bytes: Buffer }>()

  /** `tree` is that of all the bundles and no more. */
  constructor(files: Files, dir: string, tree: MerkleTree) {
    this.bundles = tree.size / TILE_WIDTH
    this.#files = files
    this.#dir = dir
    this.#tree = tree
  }

  /** The entries of a bundle. Throws AUDIT_DAMAGED naming the first record that differs, or the tile. */
  async entries(index: number): Promise<readonly Buffer[]> {
    const tile = await this.tile(0, index)
    const entries = await readBundle(this.#files, this.#dir, index)
    compareBundle(this.#dir, index, entries, tile)
    return entries
  }

  /** A full tile. Throws AUDIT_DAMAGED where it, or one above it, is not as it was written. */
  async tile(level: number, index: number): Promise<Buffer> {
    const last = this.#last.get(level)
    if (last?.index === index) return last.bytes
    const bytes = await readTile(this.#files, this.#dir, level, index)
    const above = await this.#hashes(level + 1, Math.floor(index / TILE_WIDTH))
    if (!isHashAt(above, index % TILE_WIDTH, rootOfHashes(bytes, 0, TILE_WIDTH)))
      throw wrongTile(this.#dir, level, index)
    this.#last.set(level, { index, bytes })
    return bytes
  }

  /** The hashes that a tile holds, full or not. */
  async #hashes(level: number, index: number): Promise<Buffer> {
    const edge = this.#tree.partialTile(level)
    if (edge?.index === index) return edge.bytes
    assert((index + 1) * TILE_WIDTH ** level <= this.bundles, 'a tile that is asked for is in the tree')
    return await this.tile(level, index)
  }
}

function compareBundle(dir: string, index: number, entries: readonly Buffer[], tile: Buffer): void {
  const wrong = entries.findIndex((entry, i) => !isHashAt(tile, i, leafHash(entry)))
  if (wrong < 0) return
  const where = `record ${index * TILE_WIDTH + wrong}`
  throw damaged(dir, where, 'it does not have the hash that the tree holds for it')
}

function isHashAt(hashes: Buffer, at: number, hash: Buffer): boolean {
  return hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES).equals(hash)
}

function wrongTile(dir: string, level: number, index: number): Error {
  const what = 'it does not have the hash that the tree holds for it'
  return damaged(dir, `\`${tilePath(level, index)}\``, what)
}

/** Answers the first `count` hashes of the tile at a level and index. */
export type TileSource = (level: number, index: number, count: number) => Promise<Buffer>

/** The root of the leaves from `from` up to `to`, as RFC 6962 splits them. `from` begins a subtree as large as that. */
export async function subtreeRoot(source: TileSource, from: number, to: number): Promise<Buffer> {
  const size = to - from
  assert(size > 0, 'a subtree has leaves')
  let level = 0
  let span = 1
  while (span * TILE_WIDTH <= size) {
    span *= TILE_WIDTH
    level++
  }
  if (isPowerOfTwo(size)) {
    const first = from / span
    const index = Math.floor(first / TILE_WIDTH)
    const inTile = first % TILE_WIDTH
    const count = size / span
    return Buffer.from(rootOfHashes(await source(level, index, inTile + count), inTile, count))
  }
  const left = largestPowerBelow(size)
  return nodeHash(await subtreeRoot(source, from, from + left), await subtreeRoot(source, from + left, to))
}

/** Exact for every safe integer, which shifts are not. */
const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n)) && 2 ** Math.log2(n) === n
