/** Makes proofs from a log's folder: RFC 6962 sections 2.1.1 and 2.1.2, in the files of C2SP tlog-proof. */
import { AgentError, assert } from '../errors.ts'
import {
  BUNDLE_BYTES_MAX,
  CHECKPOINT_FILE,
  HASH_BYTES,
  TILE_WIDTH,
  tilePath,
  WITNESSED_FILE,
} from '../log-format/index.ts'
import { isHeadOf, type PublishedHead, readPublishedHead, widthAt } from './checkpoint.ts'
import { damaged } from './damage.ts'
import { type Files, nodeDisk } from './disk.ts'
import { readTrouble } from './disk-trouble.ts'
import { unpackEntries } from './frame.ts'
import { ownerOf } from './leaf.ts'
import { readLogFile } from './log-file.ts'
import { largestPowerBelow, nodeHash } from './merkle-tree.ts'
import { subtreeRoot, type TileSource } from './tiles.ts'

const PROOF_HEADER = 'c2sp.org/tlog-proof@v1'

/** A writer may publish a head while a proof is made. More often than this it does not happen. */
const LOOKS_MAX = 5

/** The latest published head; throws USAGE where none was published. */
export async function publishedHead(dir: string, files: Files = nodeDisk): Promise<PublishedHead> {
  try {
    const head = await readPublishedHead(files, dir, CHECKPOINT_FILE)
    if (head !== undefined) return head
  } catch (error) {
    throw readTrouble(dir, error)
  }
  throw new AgentError('USAGE', `there is no log in \`${dir}\` that has published a checkpoint`)
}

/**
 * A self-contained proof that the record at `index` is in the log: under the head that witnesses cosigned where that
 * covers it, else under the latest one. `extra` is put beside the proof: the record itself makes the file whole.
 * Throws USAGE for a record that no published head covers, AUDIT_DAMAGED where the tiles do not lead to the head.
 */
export async function proveInclusion(
  dir: string,
  index: number,
  options: { readonly extra?: Uint8Array; readonly files?: Files } = {},
): Promise<string> {
  const { extra, files = nodeDisk } = options
  return await onPublished(dir, files, async (latest) => {
    const witnessed = await readPublishedHead(files, dir, WITNESSED_FILE)
    const isWitnessed = witnessed !== undefined && index < witnessed.size && witnessed.size <= latest.size
    const head = isWitnessed ? witnessed : latest
    if (!Number.isSafeInteger(index) || index < 0 || index >= head.size)
      throw new AgentError('USAGE', `there is no record ${index}: the checkpoint covers ${head.size} records`)
    await requireSigned(files, dir, latest, head)
    const source = tilesOf(files, dir, latest.size)
    const path = await inclusionPath(source, index, 0, head.size)
    const leaf = await subtreeRoot(source, index, index + 1)
    if (!rootOfPath(leaf, index, 0, head.size, path).equals(head.root))
      throw damaged(dir, `record ${index}`, 'the tiles do not lead from it to the signed head')
    const lines = path.map((hash) => `${hash.toString('base64')}\n`).join('')
    const beside = extra === undefined ? '' : `extra ${Buffer.from(extra).toString('base64')}\n`
    return `${PROOF_HEADER}\n${beside}index ${index}\n${lines}\n${head.note}`
  })
}

/** The hashes that prove one head to be an earlier one of the same log; `to` is at most the published size. */
export async function proveConsistency(
  dir: string,
  from: number,
  to: number,
  files: Files = nodeDisk,
): Promise<readonly Buffer[]> {
  return await onPublished(dir, files, async (latest) => {
    assert(from >= 0 && from <= to && to <= latest.size, 'a consistency proof is between published sizes')
    if (from === 0 || from === to) return []
    return await consistencyPath(tilesOf(files, dir, latest.size), from, 0, to, true)
  })
}

/** Makes a proof under the latest head, and again where a writer publishes another and takes the tiles of this one away. */
async function onPublished<T>(
  dir: string,
  files: Files,
  prove: (latest: PublishedHead) => Promise<T>,
): Promise<T> {
  for (let look = 1; ; look++) {
    const latest = await publishedHead(dir, files)
    try {
      return await prove(latest)
    } catch (error) {
      const { note } = await publishedHead(dir, files)
      if (note === latest.note || look === LOOKS_MAX) throw readTrouble(dir, error)
    }
  }
}

/** Throws AUDIT_DAMAGED where a head is not signed by the key that the first record names: nobody would take the proof. */
async function requireSigned(
  files: Files,
  dir: string,
  latest: PublishedHead,
  head: PublishedHead,
): Promise<void> {
  const width = Math.min(latest.size, TILE_WIDTH)
  const [full, partial] = [tilePath('entries', 0), tilePath('entries', 0, width)]
  const bundle =
    (await readLogFile(files, dir, full, BUNDLE_BYTES_MAX)) ??
    (await readLogFile(files, dir, partial, BUNDLE_BYTES_MAX))
  const [genesis] = (bundle && unpackEntries(bundle)) ?? []
  const file = width < TILE_WIDTH ? partial : full
  if (genesis === undefined) throw damaged(dir, `\`${file}\``, 'it is missing, or no bundle')
  const { origin, key } = ownerOf(dir, genesis)
  const isSigned = [latest, head].every(({ note }) => isHeadOf(note, origin, key, latest.size))
  if (!isSigned) throw damaged(dir, `\`${CHECKPOINT_FILE}\``, "it is not signed by this log's key")
}

/** The root that a path leads to: RFC 6962 section 2.1.1 the other way round. */
function rootOfPath(leaf: Buffer, index: number, from: number, to: number, path: readonly Buffer[]): Buffer {
  const sibling = path.at(-1)
  if (to - from === 1 || sibling === undefined) return leaf
  const middle = from + largestPowerBelow(to - from)
  const rest = path.slice(0, -1)
  return index < middle
    ? nodeHash(rootOfPath(leaf, index, from, middle, rest), sibling)
    : nodeHash(sibling, rootOfPath(leaf, index, middle, to, rest))
}

/** RFC 6962 section 2.1.1, PATH(m, D[from:to]). */
async function inclusionPath(
  source: TileSource,
  index: number,
  from: number,
  to: number,
): Promise<readonly Buffer[]> {
  if (to - from === 1) return []
  const middle = from + largestPowerBelow(to - from)
  return index < middle
    ? [...(await inclusionPath(source, index, from, middle)), await subtreeRoot(source, middle, to)]
    : [...(await inclusionPath(source, index, middle, to)), await subtreeRoot(source, from, middle)]
}

/** RFC 6962 section 2.1.2, SUBPROOF(m, D[from:to], b). */
async function consistencyPath(
  source: TileSource,
  size: number,
  from: number,
  to: number,
  isWhole: boolean,
): Promise<readonly Buffer[]> {
  if (size === to) return isWhole ? [] : [await subtreeRoot(source, from, to)]
  const middle = from + largestPowerBelow(to - from)
  return size <= middle
    ? [...(await consistencyPath(source, size, from, middle, isWhole)), await subtreeRoot(source, middle, to)]
    : [...(await consistencyPath(source, size, middle, to, false)), await subtreeRoot(source, from, middle)]
}

/** Tiles as the published head has them; a partial one that became full since is taken from the full one. */
function tilesOf(files: Files, dir: string, size: number): TileSource {
  return async (level, index, count) => {
    const width = widthAt(size, level, index)
    const paths = [tilePath(level, index), ...(width < TILE_WIDTH ? [tilePath(level, index, width)] : [])]
    for (const path of paths) {
      const bytes = await readLogFile(files, dir, path, TILE_WIDTH * HASH_BYTES)
      if (bytes !== undefined && bytes.length >= count * HASH_BYTES) return bytes
    }
    throw damaged(dir, `\`${paths.at(-1)}\``, 'it is missing')
  }
}
