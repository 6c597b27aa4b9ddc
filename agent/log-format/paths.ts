/** Where things lie in a log's folder. Tiles are where C2SP tlog-tiles puts them, so that any web server can serve them. */
import { JOURNAL_FOLDER, TILE_FOLDER } from './format.ts'

/** As many as 2^53 records can need. */
const SEGMENT_DIGITS = 14
const SEGMENT_NAME = /^\d{14}$/

/** `x001/x234/067`: the index in groups of three digits, all but the last behind an `x`. */
export function tileIndexPath(index: number): string {
  let path = String(index % 1000).padStart(3, '0')
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`
  return path
}

/** The tile of hashes at a level, or the bundle of entries; `width` is given for a partial one, from 1 to 255. */
export function tilePath(level: number | 'entries', index: number, width?: number): string {
  const path = `${TILE_FOLDER}/${level}/${tileIndexPath(index)}`
  return width === undefined ? path : `${path}.p/${width}`
}

/** The journal's segment for the entries of one bundle. */
export function segmentPath(bundle: number): string {
  return `${JOURNAL_FOLDER}/${segmentName(bundle)}`
}

export function segmentName(bundle: number): string {
  return String(bundle).padStart(SEGMENT_DIGITS, '0')
}

/** The bundle that a file in the journal's folder is for; undefined for any other name. */
export function bundleOfSegment(name: string): number | undefined {
  return SEGMENT_NAME.test(name) ? Number(name) : undefined
}
