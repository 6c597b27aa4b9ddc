/** Checks a full bundle where it lies: reads its two files and says what is wrong with them as files too. */
import { BUNDLE_BYTES_MAX, HASH_BYTES, TILE_WIDTH, tilePath } from '../log-format/index.ts'
import { type BundleReport, checkBundle } from './bundle.ts'
import { damage, type Finding } from './finding.ts'
import type { LogFolder } from './folder.ts'

export const TILE_BYTES = TILE_WIDTH * HASH_BYTES

/** The check of the bundle with this number, which must be full and settled. */
export function checkBundleFiles(folder: LogFolder, bundle: number): BundleReport {
  const first = bundle * TILE_WIDTH
  const file = tilePath('entries', bundle)
  const findings: Finding[] = []
  const entries = readFile(folder, file, BUNDLE_BYTES_MAX, first, findings)
  const tile = readTile(folder, tilePath(0, bundle), TILE_BYTES, first, findings)
  const { report } = checkBundle({ first, width: TILE_WIDTH, entries, tile, file })
  return { ...report, findings: [...findings, ...report.findings] }
}

/** A file that must be there, or null. `first` is the first record that it is about. */
export function readFile(
  folder: LogFolder,
  file: string,
  bytesMax: number,
  first: number,
  findings: Finding[],
): Buffer | null {
  const read = folder.read(file, bytesMax)
  if (Buffer.isBuffer(read)) return read
  const place = { index: first, file }
  if (read === 'missing') findings.push(damage('missing-file', place, `\`${file}\` is missing`))
  else findings.push(damage('unreadable-file', place, `\`${file}\` cannot be read: ${read.problem}`))
  return null
}

/** A tile of hashes of exactly so many bytes, or null. */
export function readTile(
  folder: LogFolder,
  file: string,
  bytes: number,
  first: number,
  findings: Finding[],
): Buffer | null {
  const tile = readFile(folder, file, TILE_BYTES, first, findings)
  if (tile === null || tile.length === bytes) return tile
  const message = `\`${file}\` has ${tile.length} bytes, and ${bytes / HASH_BYTES} hashes have ${bytes}`
  findings.push(damage('changed-tile', { index: first, file }, message))
  return null
}
