/** Reads the journal on the tiles left of it: from here on the records of both can be believed. */
import { segmentPath } from '../log-format/index.ts'
import { damaged } from './damage.ts'
import type { Files } from './disk.ts'
import { firstEntry } from './frame.ts'
import { type Journal, type Owner, replayJournal, type Segment } from './journal.ts'
import { blameTiles, readBundle, resumeTree, SettledTiles } from './tiles.ts'

export interface Replay {
  readonly journal: Journal
  /** What lies left of the journal. */
  readonly settled: SettledTiles
}

/** Throws AUDIT_DAMAGED for what no crash leaves. */
export async function replay(files: Files, owner: Owner, segments: readonly Segment[]): Promise<Replay> {
  const { dir } = owner
  const bundle = segments[0]?.bundle ?? 0
  const before = await resumeTree(files, dir, bundle)
  const journal = replayJournal(owner, segments, before)
  if (journal !== undefined) return { journal, settled: new SettledTiles(files, dir, before) }
  await blameTiles(files, dir, bundle)
  const where = `record ${before.size}, byte 0 of \`${segmentPath(bundle)}\``
  throw damaged(dir, where, 'it is no commit of this log')
}

/** The first record, which names the log; undefined where it was never written whole. Nothing vouches for it yet. */
export async function readGenesis(
  files: Files,
  dir: string,
  segments: readonly Segment[],
): Promise<Buffer | undefined> {
  const [first] = segments
  if (first === undefined) return undefined
  return first.bundle > 0 ? (await readBundle(files, dir, 0))[0] : firstEntry(first.bytes)
}
