/** Holds the heads that a log has published against the log itself: it may never be shorter than one, nor another. */
import type { KeyObject } from 'node:crypto'
import { CHECKPOINT_BYTES_MAX, SIGNATURE_BYTES, TILE_WIDTH } from '../log-format/index.ts'
import { damaged } from './damage.ts'
import type { Files } from './disk.ts'
import type { Owner } from './journal.ts'
import { readLogFile } from './log-file.ts'
import { checkpointText, isSignedBy, logKeyId, rawPublicKey } from './note.ts'
import type { Replay } from './replay.ts'
import { subtreeRoot, type TileSource } from './tiles.ts'

const KEY_ID_BYTES = 4
const TEXT = /^([^\n]+)\n([1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n$/
const SIGNATURE_LINE = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/

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
  const bytes = await readLogFile(files, dir, name, CHECKPOINT_BYTES_MAX)
  return bytes && decodeHead(dir, name, bytes)
}

/** What the file of a published head says. Throws AUDIT_DAMAGED where it is none. */
export function decodeHead(dir: string, name: string, bytes: Buffer): PublishedHead {
  const note = bytes.toString('utf8')
  const head = Buffer.from(note, 'utf8').equals(bytes) ? parseHead(note) : undefined
  if (head === undefined) throw damaged(dir, `\`${name}\``, 'it is not a checkpoint')
  return head
}

/** Reads a note as a head, in the one spelling that it can have. */
function parseHead(note: string): PublishedHead | undefined {
  const end = note.indexOf('\n\n') + 1
  const [, origin, sizeText, rootText] = TEXT.exec(note.slice(0, end)) ?? []
  const size = Number(sizeText)
  if (origin === undefined || rootText === undefined || !Number.isSafeInteger(size)) return undefined
  const root = Buffer.from(rootText, 'base64')
  if (note.slice(0, end) !== checkpointText(origin, size, root)) return undefined
  const lines = note.slice(end + 1).split('\n')
  if (lines.pop() !== '' || lines.length === 0 || !lines.every(isSignatureLine)) return undefined
  return { origin, size, root, note }
}

function isSignatureLine(line: string): boolean {
  const [, , base64] = SIGNATURE_LINE.exec(line) ?? []
  return base64 !== undefined && Buffer.from(base64, 'base64').toString('base64') === base64
}

/** Whether a note is a head of this log, signed by it, of at most `size` records. */
export function isHeadOf(note: string, origin: string, key: KeyObject, size: number): boolean {
  const head = parseHead(note)
  return head !== undefined && head.size <= size && isSigned(head, origin, key)
}

/**
 * Checks one of them against the log, where it is there.
 * Throws AUDIT_DAMAGED where it is not signed by the log, or the log is not the one that it speaks of.
 */
export async function checkPublishedHead(
  files: Files,
  owner: Owner,
  name: string,
  replay: Replay,
): Promise<void> {
  const head = await readPublishedHead(files, owner.dir, name)
  if (head !== undefined) await requireHeadOf(owner, name, head, replay)
}

/** Throws AUDIT_DAMAGED where a head is not one of this log, or of more records than it has. */
export async function requireHeadOf(
  { dir, origin, key }: Owner,
  name: string,
  head: PublishedHead,
  replay: Replay,
): Promise<void> {
  const { size, root } = head
  const { tree, roots } = replay.journal
  const place = `\`${name}\``
  if (tree.size === 0) throw damaged(dir, 'record 0', `it is missing, and ${place} is of ${size} records`)
  if (!isSigned(head, origin, key)) throw damaged(dir, place, "it is not signed by this log's key")
  if (size > tree.size)
    throw damaged(dir, `record ${tree.size}`, `it ends here, and ${place} was signed for ${size} records`)
  const actual = roots.get(size) ?? (await rootAt(size, replay)).toString('hex')
  if (actual !== root.toString('hex'))
    throw damaged(dir, place, `the first ${size} records are not those that it was signed for`)
}

/** By the log's own key. Signatures of others are theirs to check. */
function isSigned({ size, root, origin, note }: PublishedHead, ours: string, key: KeyObject): boolean {
  const text = checkpointText(ours, size, root)
  const id = logKeyId(ours, rawPublicKey(key))
  const signatures = note
    .slice(text.length + 1)
    .split('\n')
    .map((line) => SIGNATURE_LINE.exec(line) ?? [])
    .filter(([, name]) => name === ours)
    .map(([, , base64]) => Buffer.from(base64 ?? '', 'base64'))
    .filter((bytes) => bytes.length === KEY_ID_BYTES + SIGNATURE_BYTES && bytes.indexOf(id) === 0)
  // As signed notes ask: one that is wrong makes the note wrong.
  const isRight = (bytes: Buffer): boolean => isSignedBy(text, bytes.subarray(KEY_ID_BYTES), key)
  return origin === ours && signatures.length > 0 && signatures.every(isRight)
}

/** The root at a size that lies before the heads of the journal, or between two of them. */
async function rootAt(size: number, { journal, settled }: Replay): Promise<Buffer> {
  const { segments, tree } = journal
  const source: TileSource = async (level, index, count) => {
    const edge = tree.partialTile(level)
    if (edge?.index === index && edge.width >= count) return edge.bytes
    const fresh = segments
      .flatMap(({ tiles }) => tiles)
      .find((tile) => tile.level === level && tile.index === index)
    return fresh?.bytes ?? (await settled.tile(level, index))
  }
  return await subtreeRoot(source, 0, size)
}

/** Where a head needs a tile that is not full, how wide it is there. */
export function widthAt(size: number, level: number, index: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level)
  return Math.min(TILE_WIDTH, Math.max(0, hashes - index * TILE_WIDTH))
}
