/** The published side of a log: full tiles and bundles, the partial ones of the present head, and the head itself. */
import { dirname, join } from 'node:path'
import { CHECKPOINT_FILE, TILE_WIDTH, tilePath, WITNESSED_FILE } from '../log-format/index.ts'
import type { Disk } from './disk.ts'
import { packEntries } from './frame.ts'
import type { FullTile, PartialTile } from './merkle-tree.ts'

/** A bundle that is full, and the tiles that it made full. */
export interface FullBundle {
  readonly index: number
  readonly entries: readonly Uint8Array[]
  readonly tiles: readonly FullTile[]
}

/** A head with what it needs beside the full tiles. */
export interface Publication {
  readonly size: number
  /** The signed note. */
  readonly note: string
  /** The entries of the bundle that is not full. */
  readonly entries: readonly Uint8Array[]
  readonly tiles: readonly PartialTile[]
}

export class Published {
  readonly #disk: Disk
  readonly #dir: string
  readonly #folders = new Set<string>()
  /** The partial files that are there for the present head. */
  #partials: readonly string[] = []

  constructor(disk: Disk, dir: string) {
    this.#disk = disk
    this.#dir = dir
  }

  /** Writes a full bundle and its tiles, durably. To do it again changes nothing. */
  async settle({ index, entries, tiles }: FullBundle): Promise<void> {
    await this.#write(tilePath('entries', index), packEntries(entries), true)
    for (const tile of tiles) await this.#write(tilePath(tile.level, tile.index), tile.bytes, true)
  }

  /** Replaces the published head. What it needs is there before it, and what the one before needed goes after it. */
  async publish({ size, note, entries, tiles }: Publication): Promise<void> {
    const files = tiles.map(({ level, index, width, bytes }) => ({
      path: tilePath(level, index, width),
      bytes,
    }))
    const width = size % TILE_WIDTH
    if (width > 0) {
      const path = tilePath('entries', Math.floor(size / TILE_WIDTH), width)
      files.push({ path, bytes: packEntries(entries) })
    }
    // Not synced: they are made again from the journal when the log is opened.
    for (const { path, bytes } of files) await this.#write(path, bytes, false)
    await this.#replace(CHECKPOINT_FILE, note)
    const present = files.map(({ path }) => path)
    for (const path of this.#partials) {
      if (!present.includes(path)) await this.#removePartial(path)
    }
    this.#partials = present
  }

  async #removePartial(path: string): Promise<void> {
    const folder = dirname(path)
    await this.#disk.remove(join(this.#dir, path))
    await this.#disk.removeFolder(join(this.#dir, folder))
    this.#folders.delete(folder)
  }

  /** Keeps a head with the cosignatures of enough witnesses. */
  keepWitnessed(note: string): Promise<void> {
    return this.#replace(WITNESSED_FILE, note)
  }

  /** Tells which partial files a head before this process left; they go with the next publication. */
  inherit(size: number): void {
    const paths: string[] = []
    for (let level = 0, below = size; below > 0; level++, below = Math.floor(below / TILE_WIDTH)) {
      const width = below % TILE_WIDTH
      const index = Math.floor(below / TILE_WIDTH)
      if (width === 0) continue
      if (level === 0) paths.push(tilePath('entries', index, width))
      paths.push(tilePath(level, index, width))
    }
    this.#partials = paths
  }

  async #replace(name: string, text: string): Promise<void> {
    const path = join(this.#dir, name)
    await this.#write(`${name}.new`, Buffer.from(text, 'utf8'), true)
    await this.#disk.rename(`${path}.new`, path)
    await this.#disk.fsyncFolder(this.#dir)
  }

  async #write(name: string, bytes: Uint8Array, isDurable: boolean): Promise<void> {
    const path = join(this.#dir, name)
    await this.#makeFolder(dirname(name))
    const file = await this.#disk.open(path)
    try {
      await file.truncate(bytes.length)
      for (let written = 0; written < bytes.length; )
        written += await file.write(bytes.subarray(written), written)
      if (isDurable) await file.fdatasync()
    } finally {
      await file.close()
    }
    if (isDurable) await this.#disk.fsyncFolder(dirname(path))
  }

  /** Each folder once in the life of a process; its name is durable from then on. */
  async #makeFolder(name: string): Promise<void> {
    if (name === '.' || this.#folders.has(name)) return
    await this.#makeFolder(dirname(name))
    await this.#disk.makeFolder(join(this.#dir, name))
    this.#folders.add(name)
  }
}
