/** Finds and reads the segments of the journal while a writer may go on writing them. */
import {
  BUNDLE_BYTES_MAX,
  bundleOfSegment,
  FRAME_HEADER_BYTES,
  JOURNAL_FOLDER,
  segmentPath,
  TILE_WIDTH,
} from '../log-format/index.ts'
import { damage, type Finding } from './finding.ts'
import type { LogFolder } from './folder.ts'

/** A segment in which each of the largest records has a frame of its own, and what a crash left behind them. */
const SEGMENT_BYTES_MAX = 2 * BUNDLE_BYTES_MAX + TILE_WIDTH * FRAME_HEADER_BYTES

/** A writer keeps two, and a few more where its disk is slow. They are held in memory together. */
const SEGMENTS_MAX = 16

/** A writer may remove a segment while it is read; then its bundle is in tiles. More often than this it does not happen. */
const LOOKS_MAX = 5

export interface Segment {
  readonly bundle: number
  readonly file: string
  readonly bytes: Buffer
}

/** The bundles that have a segment, in order. */
export function listSegments(folder: LogFolder): readonly number[] {
  return folder
    .list(JOURNAL_FOLDER)
    .map(({ name }) => bundleOfSegment(name))
    .filter((bundle) => bundle !== undefined)
}

export interface SegmentsRead {
  /** The bundle of the first one, whether it could be read or not; null where there is none. */
  readonly first: number | null
  readonly segments: readonly Segment[]
  readonly findings: readonly Finding[]
}

/** The segments in order. One that cannot be read is left out, and told. */
export function readSegments(folder: LogFolder): SegmentsRead {
  for (let look = 1; ; look++) {
    const segments: Segment[] = []
    const findings: Finding[] = []
    const bundles = listSegments(folder)
    if (bundles.length > SEGMENTS_MAX) {
      const message = `\`${JOURNAL_FOLDER}\` has ${bundles.length} segments, above the limit of ${SEGMENTS_MAX}`
      findings.push(damage('broken-journal', { file: JOURNAL_FOLDER }, message))
    }
    let isWhole = true
    // The newest first: a writer that goes on meanwhile leaves no gap between what was read of two of them.
    for (const bundle of bundles.slice(-SEGMENTS_MAX).reverse()) {
      const file = segmentPath(bundle)
      const bytes = folder.read(file, SEGMENT_BYTES_MAX)
      if (Buffer.isBuffer(bytes)) segments.unshift({ bundle, file, bytes })
      else if (bytes === 'missing') isWhole = false
      else findings.push(unreadable(file, bundle, bytes.problem))
    }
    if (isWhole || look === LOOKS_MAX) return { first: bundles[0] ?? null, segments, findings }
  }
}

function unreadable(file: string, bundle: number, why: string): Finding {
  const place = { index: bundle * TILE_WIDTH, file }
  return damage('unreadable-file', place, `\`${file}\` cannot be read: ${why}`)
}
