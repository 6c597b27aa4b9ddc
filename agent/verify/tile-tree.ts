/**
 * The tree above the bundles: the roots of the bundles as they come, and of every 256 of those, level by level. The full
 * tiles of the upper levels are held against it.
 */
import { HASH_BYTES, TILE_WIDTH, tilePath } from '../log-format/index.ts'
import { rootOfHashes } from './bundle.ts'
import { readTile, TILE_BYTES } from './bundle-files.ts'
import { damage, type Finding, notice } from './finding.ts'
import type { LogFolder } from './folder.ts'

/** Hashes one behind the other, growing. */
class HashList {
  #bytes = Buffer.alloc(TILE_WIDTH * HASH_BYTES)
  #count = 0

  get count(): number {
    return this.#count
  }

  push(hash: Uint8Array): void {
    if (this.#count * HASH_BYTES === this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)])
    }
    this.#bytes.set(hash, this.#count * HASH_BYTES)
    this.#count++
  }

  slice(from: number, to: number): Buffer {
    return this.#bytes.subarray(from * HASH_BYTES, Math.min(to, this.#count) * HASH_BYTES)
  }
}

export class TileTree {
  readonly #folder: LogFolder
  /** First the roots of the bundles, then of every 256 of them, and so on. */
  readonly #levels: HashList[] = [new HashList()]
  #isLost = false

  constructor(folder: LogFolder) {
    this.#folder = folder
  }

  /** How many bundles are in it. */
  get bundles(): number {
    return this.#levels[0]?.count ?? 0
  }

  /** From here on nothing can be said of the tree: a bundle is gone, and its hash with it. */
  lose(): void {
    this.#isLost = true
  }

  get isLost(): boolean {
    return this.#isLost
  }

  /** The root of a bundle. */
  rootOf(bundle: number): Buffer {
    return this.hashes(1, bundle, bundle + 1)
  }

  /** The hashes of a level, from 1 up, with indexes from `from` up to `to`, as far as they are there. */
  hashes(level: number, from: number, to: number): Buffer {
    return this.#levels[level - 1]?.slice(from, to) ?? Buffer.alloc(0)
  }

  /** Takes the root of the next bundle, and compares the tiles that are full with it. They must be there if `isSettled`. */
  push(root: Uint8Array, isSettled: boolean): readonly Finding[] {
    const findings: Finding[] = []
    let hash = root
    for (let level = 1; ; level++) {
      const list = this.#levels[level - 1] ?? new HashList()
      this.#levels[level - 1] = list
      list.push(hash)
      if (list.count % TILE_WIDTH !== 0) return findings
      const index = list.count / TILE_WIDTH - 1
      const hashes = list.slice(index * TILE_WIDTH, list.count)
      this.#compare(level, index, hashes, isSettled, findings)
      hash = rootOfHashes(hashes)
    }
  }

  #compare(level: number, index: number, hashes: Buffer, isSettled: boolean, findings: Finding[]): void {
    const file = tilePath(level, index)
    const first = index * TILE_WIDTH ** (level + 1)
    if (!isSettled) {
      const read = this.#folder.read(file, TILE_BYTES)
      if (!Buffer.isBuffer(read) || !read.equals(hashes)) findings.push(unsettled(file, first))
      return
    }
    const tile = readTile(this.#folder, file, TILE_BYTES, first, findings)
    if (tile !== null) findings.push(...compareTile(tile, hashes, file, level, index))
  }
}

/** The first hash of a tile that is not that of the tile below it. */
export function compareTile(
  tile: Buffer,
  hashes: Buffer,
  file: string,
  level: number,
  index: number,
): readonly Finding[] {
  if (tile.equals(hashes)) return []
  let offset = 0
  while (tile.compare(hashes, offset, offset + HASH_BYTES, offset, offset + HASH_BYTES) === 0)
    offset += HASH_BYTES
  const below = index * TILE_WIDTH + offset / HASH_BYTES
  const what = level === 0 ? `record ${below}` : `\`${tilePath(level - 1, below)}\``
  const place = { index: below * TILE_WIDTH ** level, file, offset }
  return [damage('changed-tile', place, `\`${file}\` does not have the hash of ${what}`)]
}

/** A crash before a bundle is settled leaves its tiles wanting; the journal has what they are made of. */
export function unsettled(file: string, first: number): Finding {
  const message = `\`${file}\` is not as it will be: it is made again from the journal when the log is opened`
  return notice('unsettled-tile', { index: first, file }, message)
}
