/** Looks through the names in a log's folder: what is there that should not be, and how far the tiles reach. */
import {
  bundleOfSegment,
  CHECKPOINT_FILE,
  JOURNAL_FOLDER,
  LOCK_FILE,
  TILE_FOLDER,
  TILE_WIDTH,
  WITNESSED_FILE,
} from '../log-format/index.ts'
import type { LogFolder } from './folder.ts'

/** A file that is being put in the place of one of these has its name with `.new`. */
const REPLACED = [CHECKPOINT_FILE, WITNESSED_FILE]
const NAMES: readonly string[] = [
  ...REPLACED,
  ...REPLACED.map((name) => `${name}.new`),
  JOURNAL_FOLDER,
  LOCK_FILE,
  TILE_FOLDER,
]
const LEVEL = /^(?:entries|[0-9]|[1-5][0-9]|6[0-3])$/
const GROUP = /^x\d{3}$/
const TILE = /^\d{3}$/
const PARTIAL = /^\d{3}\.p$/
const WIDTH = /^[1-9]\d{0,2}$/

/** As many groups of three digits as 2^53 needs. */
const GROUPS_MAX = 6
/** More names than these are not told one by one. */
const NAMES_TOLD_MAX = 100

export interface Inventory {
  /** Whether there is anything of a log at all. */
  readonly isLog: boolean
  /** Names that are no part of a log, the first hundred, and how many there are. */
  readonly strays: readonly string[]
  readonly strayCount: number
  /** The partial tiles and bundles, the first hundred. */
  readonly partials: readonly string[]
  /** How many full bundles there are. */
  readonly bundles: number
  /** The tile that needs the most records, and how many it needs. */
  readonly farthest: { readonly file: string; readonly records: number } | null
}

export function takeInventory(folder: LogFolder): Inventory {
  const walk = new Walk(folder)
  const names = folder.list('.').map(({ name }) => name)
  for (const name of names) if (!NAMES.includes(name)) walk.stray(name)
  for (const { name } of folder.list(JOURNAL_FOLDER))
    if (bundleOfSegment(name) === undefined) walk.stray(`${JOURNAL_FOLDER}/${name}`)
  for (const { name } of folder.list(TILE_FOLDER)) {
    if (LEVEL.test(name)) walk.tiles(`${TILE_FOLDER}/${name}`, name, '')
    else walk.stray(`${TILE_FOLDER}/${name}`)
  }
  const { strays, strayCount, partials, bundles, farthest } = walk
  const isLog = [CHECKPOINT_FILE, JOURNAL_FOLDER, TILE_FOLDER].some((name) => names.includes(name))
  return { isLog, strays, strayCount, partials, bundles, farthest }
}

class Walk {
  readonly strays: string[] = []
  strayCount = 0
  readonly partials: string[] = []
  bundles = 0
  farthest: { file: string; records: number } | null = null
  readonly #folder: LogFolder

  constructor(folder: LogFolder) {
    this.#folder = folder
  }

  stray(name: string): void {
    if (this.strays.length < NAMES_TOLD_MAX) this.strays.push(name)
    this.strayCount++
  }

  /** A folder of tiles of one level; `digits` are those of the groups above it. */
  tiles(path: string, level: string, digits: string): void {
    for (const { name, isFolder } of this.#folder.list(path)) {
      const file = `${path}/${name}`
      if (isFolder && GROUP.test(name) && digits.length < 3 * (GROUPS_MAX - 1))
        this.tiles(file, level, digits + name.slice(1))
      else if (isFolder && PARTIAL.test(name)) this.#partial(file, level, Number(digits + name.slice(0, 3)))
      else if (!isFolder && TILE.test(name)) this.#tile(file, level, Number(digits + name), TILE_WIDTH)
      else this.stray(file)
    }
  }

  #partial(path: string, level: string, index: number): void {
    for (const { name, isFolder } of this.#folder.list(path)) {
      const file = `${path}/${name}`
      if (isFolder || !WIDTH.test(name) || Number(name) >= TILE_WIDTH) {
        this.stray(file)
        continue
      }
      if (this.partials.length < NAMES_TOLD_MAX) this.partials.push(file)
      this.#tile(file, level, index, Number(name))
    }
  }

  #tile(file: string, level: string, index: number, width: number): void {
    if (level === 'entries' && width === TILE_WIDTH) this.bundles++
    const span = level === 'entries' ? 1 : TILE_WIDTH ** Number(level)
    const records = (index * TILE_WIDTH + width) * span
    if (this.farthest === null || records > this.farthest.records) this.farthest = { file, records }
  }
}
