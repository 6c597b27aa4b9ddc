/** The published side of a log: full tiles and bundles, the partial ones of the present head, and the head itself. */
import { dirname, join } from 'node:path'
import { CHECKPOINT_FILE, TILE_WIDTH, tilePath, WITNESSED_FILE } from '../log-format/index.ts'
import { type Disk, writeWhole } from './disk.ts'
import { packEntries } from './frame.ts'
import type { FullTile, PartialTile } from './merkle-tree.ts'

/** The folder of a tile's partial files, and the name of one. */
const PARTIALS = /^\d{3}\.p$/
const WIDTH = /^[1-9]\d{0,2}$/

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
    await this.#replace(tilePath('entries', index), packEntries(entries))
    for (const tile of tiles) await this.#replace(tilePath(tile.level, tile.index), tile.bytes)
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
    await this.#replace(CHECKPOINT_FILE, Buffer.from(note, 'utf8'))
    const present = files.map(({ path }) => path)
    await this.#removePartials(present)
    this.#partials = present
  }

  async #removePartials(present: readonly string[]): Promise<void> {
    const gone = this.#partials.filter((path) => !present.includes(path))
    for (const path of gone) await this.#disk.remove(join(this.#dir, path))
    const inUse = present.map(dirname)
    for (const folder of new Set(gone.map(dirname))) {
      if (inUse.includes(folder)) continue
      await this.#disk.removeFolder(join(this.#dir, folder))
      this.#folders.delete(folder)
    }
  }

  /** Keeps a head with the cosignatures of enough witnesses. */
  keepWitnessed(note: string): Promise<void> {
    return this.#replace(WITNESSED_FILE, Buffer.from(note, 'utf8'))
  }

  /**
   * Finds the partial files near the edge of a tree of `size`: what the process before wrote for its last head, and what it
   * had no time to remove or to publish. They go with the next publication.
   */
  async inherit(size: number): Promise<void> {
    const folders = [dirname(tilePath('entries', Math.floor(size / TILE_WIDTH)))]
    for (let level = 0, below = size; below > 0; level++) {
      below = Math.floor(below / TILE_WIDTH)
      folders.push(dirname(tilePath(level, below)))
    }
    const found: string[] = []
    for (const folder of folders) {
      const names = await this.#disk.list(join(this.#dir, folder))
      for (const name of names.filter((name) => PARTIALS.test(name))) {
        const widths = await this.#disk.list(join(this.#dir, folder, name))
        found.push(...widths.filter((width) => WIDTH.test(width)).map((width) => join(folder, name, width)))
      }
    }
    this.#partials = found
  }

  /** Puts a file in its place, whole and durable: whoever reads the folder sees the one before, or this. */
  async #replace(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#dir, name)
    await this.#write(`${name}.new`, bytes, true)
    await this.#disk.rename(`${path}.new`, path)
    await this.#disk.fsyncFolder(dirname(path))
  }

  async #write(name: string, bytes: Uint8Array, isDurable: boolean): Promise<void> {
    const path = join(this.#dir, name)
    await this.#makeFolder(dirname(name))
    const file = await this.#disk.open(path)
    try {
      await file.truncate(bytes.length)
      await writeWhole(file, bytes, 0)
      if (isDurable) await file.fdatasync()
    } finally {
      await file.close()
    }
  }

  /** Each folder once in the life of a process; its name is durable from then on. */
  async #makeFolder(name: string): Promise<void> {
    if (name === '.' || this.#folders.has(name)) return
    await this.#makeFolder(dirname(name))
    await this.#disk.makeFolder(join(this.#dir, name))
    this.#folders.add(name)
  }
}
