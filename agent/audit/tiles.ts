/** Hashes of the tree, read back from its tiles: to go on where a tree ended, and for proofs. */
import { join } from 'node:path'
import { BUNDLE_BYTES_MAX, HASH_BYTES, TILE_WIDTH, tilePath } from '../log-format/index.ts'
import { damaged } from './damage.ts'
import type { Files } from './disk.ts'
import { unpackEntries } from './frame.ts'
import { largestPowerBelow, leafHash, MerkleTree, nodeHash, rootOfHashes } from './merkle-tree.ts'

const TILE_BYTES = TILE_WIDTH * HASH_BYTES

/** A full tile. That it is not there, or not whole, is damage. */
export async function readTile(files: Files, dir: string, level: number, index: number): Promise<Buffer> {
  const path = tilePath(level, index)
  const bytes = await files.read(join(dir, path), TILE_BYTES)
  if (bytes?.length === TILE_BYTES) return bytes
  throw damaged(dir, `\`${path}\``, bytes === undefined ? 'it is missing' : 'it is not a whole tile')
}

/** The entries of a full bundle, or undefined where there is no such file. */
export async function readBundle(
  files: Files,
  dir: string,
  index: number,
): Promise<readonly Buffer[] | undefined> {
  const path = tilePath('entries', index)
  const bytes = await files.read(join(dir, path), BUNDLE_BYTES_MAX)
  if (bytes === undefined) return undefined
  const entries = unpackEntries(bytes)
  if (entries?.length === TILE_WIDTH) return entries
  throw damaged(dir, `\`${path}\``, 'it is not a whole bundle')
}

/** The tree left of a bundle, from the full tiles. */
export async function resumeTree(files: Files, dir: string, bundle: number): Promise<MerkleTree> {
  const levels = new Map<number, Buffer[]>()
  let below = bundle
  for (let level = 1; below > 0; level++) {
    const roots: Buffer[] = []
    for (let index = below - (below % TILE_WIDTH); index < below; index++)
      roots.push(rootOfHashes(await readTile(files, dir, level - 1, index), 0, TILE_WIDTH))
    levels.set(level, roots)
    below = Math.floor(below / TILE_WIDTH)
  }
  return MerkleTree.resume(bundle * TILE_WIDTH, (level) => levels.get(level) ?? [])
}

/**
 * Compares a full bundle with its tile, and the tile with the one above where that is full. Throws AUDIT_DAMAGED naming
 * the first record that differs.
 */
export async function checkBundle(files: Files, dir: string, index: number): Promise<void> {
  const entries = await readBundle(files, dir, index)
  if (entries === undefined) throw damaged(dir, `\`${tilePath('entries', index)}\``, 'it is missing')
  const tile = await readTile(files, dir, 0, index)
  for (const [i, entry] of entries.entries()) {
    if (tile.compare(leafHash(entry), 0, HASH_BYTES, i * HASH_BYTES, (i + 1) * HASH_BYTES) !== 0)
      throw damaged(
        dir,
        `record ${index * TILE_WIDTH + i}`,
        'it does not have the hash that the tree holds for it',
      )
  }
  const above = await files.read(join(dir, tilePath(1, Math.floor(index / TILE_WIDTH))), TILE_BYTES)
  if (above?.length !== TILE_BYTES) return
  const at = (index % TILE_WIDTH) * HASH_BYTES
  if (above.compare(rootOfHashes(tile, 0, TILE_WIDTH), 0, HASH_BYTES, at, at + HASH_BYTES) !== 0)
    throw damaged(
      dir,
      `\`${tilePath(0, index)}\``,
      'it does not have the hash that the tile above holds for it',
    )
}

/** Answers the first `count` hashes of the tile at a level and index. */
export type TileSource = (level: number, index: number, count: number) => Promise<Buffer>

/** The root of the leaves from `from` up to `to`, as RFC 6962 splits them. `from` begins a subtree as large as that. */
export async function subtreeRoot(source: TileSource, from: number, to: number): Promise<Buffer> {
  const size = to - from
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
