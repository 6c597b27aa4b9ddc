/** One commit in the journal: some entries, and the signed head of the tree with them. FORMAT.md, "A segment". */
import type { KeyObject } from 'node:crypto'
import {
  FRAME_ENTRIES_BYTES_MAX,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  HASH_BYTES,
  RECORD_BYTES_MAX,
  SIGNATURE_BYTES,
  TILE_WIDTH,
} from '../log-format/index.ts'
import { leafHash, MerkleTree } from './merkle-tree.ts'
import { checkpointText, type Head, isSignedBy } from './note.ts'

/** Bytes that say how long an entry is. */
export const ENTRY_LENGTH_BYTES = 2

const ENTRIES_BYTES_AT = 4
const COUNT_AT = 8
const SIZE_AT = 10
const ROOT_AT = 18
const SIGNATURE_AT = ROOT_AT + HASH_BYTES

export interface Frame {
  readonly head: Head
  readonly entries: readonly Buffer[]
  /** With its header. */
  readonly bytes: number
}

/** Entries as a bundle holds them: each behind its length. */
export function packEntries(entries: readonly Uint8Array[]): Buffer {
  const packed = Buffer.alloc(entries.reduce((sum, { length }) => sum + ENTRY_LENGTH_BYTES + length, 0))
  let at = 0
  for (const entry of entries) {
    at = packed.writeUInt16BE(entry.length, at)
    packed.set(entry, at)
    at += entry.length
  }
  return packed
}

/** The entries of a bundle, as views; undefined where the lengths do not come out even or an entry is out of range. */
export function unpackEntries(packed: Buffer): readonly Buffer[] | undefined {
  const entries: Buffer[] = []
  for (let at = 0; at < packed.length; ) {
    if (at + ENTRY_LENGTH_BYTES > packed.length) return undefined
    const length = packed.readUInt16BE(at)
    at += ENTRY_LENGTH_BYTES
    if (length === 0 || length > RECORD_BYTES_MAX || at + length > packed.length) return undefined
    entries.push(packed.subarray(at, at + length))
    at += length
  }
  return entries
}

export function encodeFrame(entries: readonly Uint8Array[], { size, root, signature }: Head): Buffer {
  const packed = packEntries(entries)
  const header = Buffer.alloc(FRAME_HEADER_BYTES)
  header.writeUInt32BE(FRAME_MAGIC, 0)
  header.writeUInt32BE(packed.length, ENTRIES_BYTES_AT)
  header.writeUInt16BE(entries.length, COUNT_AT)
  header.writeBigUInt64BE(BigInt(size), SIZE_AT)
  header.set(root, ROOT_AT)
  header.set(signature, SIGNATURE_AT)
  return Buffer.concat([header, packed])
}

/** Reads the frame at `from`, by its form alone; undefined where there is none. */
export function decodeFrame(bytes: Buffer, from: number): Frame | undefined {
  if (from + FRAME_HEADER_BYTES > bytes.length || bytes.readUInt32BE(from) !== FRAME_MAGIC) return undefined
  const entriesBytes = bytes.readUInt32BE(from + ENTRIES_BYTES_AT)
  const count = bytes.readUInt16BE(from + COUNT_AT)
  const size = bytes.readBigUInt64BE(from + SIZE_AT)
  const end = from + FRAME_HEADER_BYTES + entriesBytes
  if (entriesBytes > FRAME_ENTRIES_BYTES_MAX || end > bytes.length) return undefined
  if (count === 0 || count > TILE_WIDTH || size > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  const entries = unpackEntries(bytes.subarray(from + FRAME_HEADER_BYTES, end))
  if (entries?.length !== count) return undefined
  const root = bytes.subarray(from + ROOT_AT, from + ROOT_AT + HASH_BYTES)
  const signature = bytes.subarray(from + SIGNATURE_AT, from + SIGNATURE_AT + SIGNATURE_BYTES)
  return { head: { size: Number(size), root, signature }, entries, bytes: end - from }
}

/** The tree with a frame's entries, if they come to the head that it states and the log signed that; else undefined. */
export function growByFrame(
  before: MerkleTree,
  { head, entries }: Frame,
  origin: string,
  key: KeyObject,
): MerkleTree | undefined {
  const tree = before.copy()
  for (const entry of entries) tree.add(leafHash(entry))
  if (tree.size !== head.size || !tree.root().equals(head.root)) return undefined
  return isSignedBy(checkpointText(origin, head.size, head.root), head.signature, key) ? tree : undefined
}

/** The first entry of a log, from the frame at its beginning; undefined where that does not come to the head that it states. */
export function firstEntry(bytes: Buffer): Buffer | undefined {
  const frame = decodeFrame(bytes, 0)
  const tree = new MerkleTree()
  for (const entry of frame?.entries ?? []) tree.add(leafHash(entry))
  return frame !== undefined && tree.root().equals(frame.head.root) ? frame.entries[0] : undefined
}
