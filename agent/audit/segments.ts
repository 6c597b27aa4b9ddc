/** The segments of the journal: which there are, and the one that the writer has open. */
import { join } from 'node:path'
import { bundleOfSegment, JOURNAL_FOLDER, segmentPath } from '../log-format/index.ts'
import { damaged } from './damage.ts'
import type { Disk, DiskFile, Files } from './disk.ts'
import type { Segment } from './journal.ts'
import { SEGMENT_BYTES_MAX, SEGMENTS_MAX } from './limits.ts'
import { readLogFile } from './log-file.ts'

/** A writer may remove a segment while it is read; then its bundle is in tiles. More often than this it does not happen. */
const LOOKS_MAX = 5

/** The bundles that have a segment, in order. */
export async function listSegments(files: Files, dir: string): Promise<readonly number[]> {
  const names = await files.list(join(dir, JOURNAL_FOLDER))
  const bundles = names.map(bundleOfSegment).filter((bundle) => bundle !== undefined)
  if (bundles.length > SEGMENTS_MAX) {
    const what = `it has ${bundles.length} segments, above the limit of ${SEGMENTS_MAX}`
    throw damaged(dir, `\`${JOURNAL_FOLDER}\``, what)
  }
  return bundles.sort((a, b) => a - b)
}

/** One segment as the disk has it. */
export async function readSegment(files: Files, dir: string, bundle: number): Promise<Segment | undefined> {
  const bytes = await readLogFile(files, dir, segmentPath(bundle), SEGMENT_BYTES_MAX)
  return bytes && { bundle, bytes }
}

/** All segments, while a writer may go on writing them. */
export async function readSegments(files: Files, dir: string): Promise<readonly Segment[]> {
  for (let look = 1; look <= LOOKS_MAX; look++) {
    const segments: Segment[] = []
    const bundles = await listSegments(files, dir)
    // From the last to the first: what one has is then never ahead of what the one before it has.
    for (const bundle of bundles.toReversed()) {
      const segment = await readSegment(files, dir, bundle)
      if (segment === undefined) break
      segments.unshift(segment)
    }
    if (segments.length === bundles.length) return segments
  }
  throw damaged(dir, `\`${JOURNAL_FOLDER}\``, 'its segments cannot be read')
}

/** A segment that is open at its end. */
export interface OpenSegment {
  readonly bundle: number
  readonly file: DiskFile
  /** Of its frames. */
  bytes: number
}

/** Makes an empty segment, and its name durable; one that is there already is opened. */
export async function makeSegment(disk: Disk, dir: string, bundle: number): Promise<OpenSegment> {
  const file = await disk.open(join(dir, segmentPath(bundle)))
  try {
    await disk.fsyncFolder(join(dir, JOURNAL_FOLDER))
  } catch (error) {
    await file.close().catch(() => undefined)
    throw error
  }
  return { bundle, file, bytes: 0 }
}

/** Removes a segment whose bundle is in tiles, as is the next one. Durably: the journal must never have a gap. */
export async function removeSegment(disk: Disk, dir: string, bundle: number): Promise<void> {
  await disk.remove(join(dir, segmentPath(bundle)))
  await disk.fsyncFolder(join(dir, JOURNAL_FOLDER))
}
