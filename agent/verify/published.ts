/** The published heads of a log, `checkpoint` and `witnessed`, with the partial tiles that the first needs. */
import {
  BUNDLE_BYTES_MAX,
  CHECKPOINT_BYTES_MAX,
  CHECKPOINT_FILE,
  TILE_WIDTH,
  tilePath,
  WITNESSED_FILE,
} from '../log-format/index.ts'
import { parseCheckpoint, type VerifiedCheckpoint, verifyCheckpoint } from './checkpoint.ts'
import { damage, type Finding } from './finding.ts'
import type { FileRead, LogFolder } from './folder.ts'
import type { NoteKey } from './note-key.ts'
import { isProblem } from './problem.ts'

/** A writer may publish while we read; more often than this it does not happen. */
const LOOKS_MAX = 5

/** A tile or bundle of which a head needs only the first part. */
export interface Partial {
  readonly file: string
  readonly level: number | 'entries'
  readonly index: number
  readonly width: number
}

/** What lies there, read in one go: nothing of it is verified. */
export interface PublishedFiles {
  readonly checkpoint: FileRead
  /** What the checkpoint says that its size is; 0 where there is none. */
  readonly size: number
  readonly witnessed: FileRead
  readonly partials: ReadonlyMap<string, FileRead>
}

/** The partial tiles and bundle of a head of this size. */
export function partialsOf(size: number): readonly Partial[] {
  const partials: Partial[] = []
  for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
    const [index, width] = [Math.floor(hashes / TILE_WIDTH), hashes % TILE_WIDTH]
    if (width === 0) continue
    if (level === 0)
      partials.push({ file: tilePath('entries', index, width), level: 'entries', index, width })
    partials.push({ file: tilePath(level, index, width), level, index, width })
  }
  return partials
}

/** Reads the heads, and the partial tiles of the checkpoint before a newer one takes them away. */
export function readPublished(folder: LogFolder): PublishedFiles {
  for (let look = 1; ; look++) {
    const checkpoint = folder.read(CHECKPOINT_FILE, CHECKPOINT_BYTES_MAX)
    const parsed = Buffer.isBuffer(checkpoint) ? parseCheckpoint(checkpoint) : null
    const size = parsed !== null && 'checkpoint' in parsed ? parsed.checkpoint.size : 0
    const partials = new Map(partialsOf(size).map(({ file }) => [file, folder.read(file, BUNDLE_BYTES_MAX)]))
    const witnessed = folder.read(WITNESSED_FILE, CHECKPOINT_BYTES_MAX)
    if (look === LOOKS_MAX || isSameFile(folder.read(CHECKPOINT_FILE, CHECKPOINT_BYTES_MAX), checkpoint)) {
      return { checkpoint, size, witnessed, partials }
    }
  }
}

export function isSameFile(a: FileRead, b: FileRead): boolean {
  return Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : Buffer.isBuffer(a) === Buffer.isBuffer(b)
}

/** A head that this log's key signed, or null and what is wrong with it. */
export function readHead(
  bytes: Uint8Array,
  file: string,
  origin: string,
  keys: readonly NoteKey[],
): { readonly head: VerifiedCheckpoint | null; readonly findings: readonly Finding[] } {
  const parsed = parseCheckpoint(bytes)
  if (isProblem(parsed)) {
    const message = `\`${file}\` is not a checkpoint: ${parsed.problem}`
    return { head: null, findings: [damage('malformed-checkpoint', { file }, message)] }
  }
  if (parsed.checkpoint.origin !== origin) {
    const message = `\`${file}\` is of another log, \`${parsed.checkpoint.origin}\`, than \`${origin}\``
    return { head: null, findings: [damage('other-log', { file }, message)] }
  }
  const head = verifyCheckpoint(parsed, keys)
  if (!isProblem(head)) return { head, findings: [] }
  const message = `\`${file}\` cannot be trusted: ${head.problem}`
  return { head: null, findings: [damage('bad-signature', { file }, message)] }
}
