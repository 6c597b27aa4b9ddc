/** Holds the heads that a log has published against the log itself: it may never be shorter than one, nor another. */
import { join } from 'node:path'
import { CHECKPOINT_BYTES_MAX, SIGNATURE_BYTES, TILE_WIDTH } from '../log-format/index.ts'
import { damaged } from './damage.ts'
import type { Files } from './disk.ts'
import type { Journal, Owner } from './journal.ts'
import { checkpointText, isSignedBy } from './note.ts'
import { readTile, subtreeRoot, type TileSource } from './tiles.ts'

const KEY_ID_BYTES = 4
const CHECKPOINT = /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n\n/

/** What a published head says. */
export interface PublishedHead {
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  readonly note: string
}

/** Reads a published head, whoever signed it; undefined where there is none. */
export async function readPublishedHead(
  files: Files,
  dir: string,
  name: string,
): Promise<PublishedHead | undefined> {
  const bytes = await files.read(join(dir, name), CHECKPOINT_BYTES_MAX)
  if (bytes === undefined) return undefined
  const note = bytes.toString('utf8')
  const [, origin, size, root] = CHECKPOINT.exec(note) ?? []
  if (origin === undefined || size === undefined || root === undefined)
    throw damaged(dir, `\`${name}\``, 'it is not a checkpoint')
  return { origin, size: Number(size), root: Buffer.from(root, 'base64'), note }
}

/**
 * Checks one of them against the journal, and answers its size, or undefined where there is none.
 * Throws AUDIT_DAMAGED where it is not signed by the log, or the log is not the one that it speaks of.
 */
export async function checkPublishedHead(
  files: Files,
  owner: Owner,
  name: string,
  journal: Journal,
): Promise<number | undefined> {
  const { dir } = owner
  const head = await readPublishedHead(files, dir, name)
  if (head === undefined) return undefined
  const { size, root, note } = head
  const place = `\`${name}\``
  if (head.origin !== owner.origin || !isSigned(owner, head, note))
    throw damaged(dir, place, "it is not signed by this log's key")
  if (size > journal.tree.size)
    throw damaged(
      dir,
      `record ${journal.tree.size}`,
      `it ends here, and ${place} was signed for ${size} records`,
    )
  const actual = journal.roots.get(size) ?? (await rootInTiles(files, dir, size, journal)).toString('hex')
  if (actual !== root.toString('hex'))
    throw damaged(dir, place, `the first ${size} records are not those that it was signed for`)
  return size
}

function isSigned(owner: Owner, { size, root }: PublishedHead, note: string): boolean {
  const text = checkpointText(owner.origin, size, root)
  for (const line of note.slice(text.length + 1).split('\n')) {
    const [dash, name, base64] = line.split(' ')
    if (dash !== '\u2014' || name !== owner.origin) continue
    const signature = Buffer.from(base64 ?? '', 'base64')
    if (signature.length !== KEY_ID_BYTES + SIGNATURE_BYTES) continue
    if (isSignedBy(text, signature.subarray(KEY_ID_BYTES), owner.key)) return true
  }
  return false
}

/** The root at a size that lies before the heads of the journal, or between two of them. */
async function rootInTiles(
  files: Files,
  dir: string,
  size: number,
  { segments, tree }: Journal,
): Promise<Buffer> {
  const source: TileSource = async (level, index, count) => {
    const partial = tree.partialTiles().find((tile) => tile.level === level && tile.index === index)
    if (partial !== undefined && partial.width >= count) return partial.bytes
    const fresh = segments
      .flatMap(({ tiles }) => tiles)
      .find((tile) => tile.level === level && tile.index === index)
    return fresh?.bytes ?? (await readTile(files, dir, level, index))
  }
  return await subtreeRoot(source, 0, size)
}

/** Where a head needs a tile that is not full, how wide it is there. */
export function widthAt(size: number, level: number, index: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level)
  return Math.min(TILE_WIDTH, Math.max(0, hashes - index * TILE_WIDTH))
}
