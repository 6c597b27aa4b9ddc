/**
 * The partial tiles and bundle of the checkpoint against the tree. They are not synced when they are written, and are made
 * again from the journal when the log is opened: there, one that is wanting is a notice. In a copy it is damage.
 */
import { HASH_BYTES, TILE_WIDTH } from '../log-format/index.ts'
import { hashEntries, splitBundle } from './bundle.ts'
import { damage, type Finding, notice } from './finding.ts'
import type { FileRead, LogFolder } from './folder.ts'
import { type JournalHashes, LeafHashes } from './heads.ts'
import { type Partial, type PublishedFiles, partialsOf } from './published.ts'
import type { TileTree } from './tile-tree.ts'

export function checkPartials(
  folder: LogFolder,
  { partials }: PublishedFiles,
  tree: TileTree,
  journal: readonly JournalHashes[],
  size: number,
  isCopy: boolean,
): readonly Finding[] {
  const leaves = new LeafHashes(folder, tree, journal)
  const findings: Finding[] = []
  for (const partial of partialsOf(size)) {
    const { file, level, index, width } = partial
    const isOfLeaves = level === 'entries' || level === 0
    const from = index * TILE_WIDTH
    const expected = isOfLeaves ? leaves.of(index, width) : tree.hashes(level, from, from + width)
    // What is lost is told elsewhere.
    if (expected === null || expected.length < width * HASH_BYTES) continue
    const actual = hashesOf(partials.get(file) ?? 'missing', partial)
    if (actual?.equals(expected)) continue
    const first = index * TILE_WIDTH * (isOfLeaves ? 1 : TILE_WIDTH ** level)
    findings.push(isCopy ? wrong(file, first) : wanting(file, first))
  }
  return findings
}

/** The hashes that a partial tile holds, or those of the records of a partial bundle. */
function hashesOf(read: FileRead, { level, width }: Partial): Buffer | null {
  if (!Buffer.isBuffer(read)) return null
  if (level !== 'entries') return read
  const { starts, wrongAt } = splitBundle(read, width)
  return wrongAt === null ? hashEntries(read, starts) : null
}

function wrong(file: string, first: number): Finding {
  return damage('changed-tile', { index: first, file }, `\`${file}\` is not what the checkpoint needs`)
}

function wanting(file: string, first: number): Finding {
  const message = `\`${file}\` is not what the checkpoint needs: it is made again when the log is opened`
  return notice('unsettled-tile', { index: first, file }, message)
}
