/**
 * Reads a segment of the journal: frames of records, each with the head that the log signed for the tree with them.
 * What a frame says of itself is checked here; whether its root is that of the tree is for who has the tree.
 */
import {
  FRAME_ENTRIES_BYTES_MAX,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  HASH_BYTES,
  SIGNATURE_BYTES,
  TILE_WIDTH,
} from '../log-format/index.ts'
import { splitBundle } from './bundle.ts'
import { isSignedBy, type NoteKey } from './note-key.ts'

const ENTRIES_BYTES_AT = 4
const COUNT_AT = 8
const SIZE_AT = 10
const ROOT_AT = 18
const SIGNATURE_AT = ROOT_AT + HASH_BYTES

/** What a crash can leave of one commit. */
export const FRAME_BYTES_MAX = FRAME_HEADER_BYTES + FRAME_ENTRIES_BYTES_MAX

/** Places that look like a frame in what should be none. Each costs a signature check; more are no accident. */
const LOOKALIKES_MAX = 1000

export interface Frame {
  /** Where it begins in its segment, and with how many bytes. */
  readonly offset: number
  readonly bytes: number
  /** Its records as a bundle has them, and how many. */
  readonly entries: Buffer
  readonly count: number
  /** The head that it states. */
  readonly size: number
  readonly root: Buffer
  readonly signature: Buffer
}

/** The frame at `offset` if its form is right and its size is the one asked for; else null. */
export function readFrame(segment: Buffer, offset: number, sizeBefore: number): Frame | null {
  const frame = readForm(segment, offset)
  if (frame === null || frame.size !== sizeBefore + frame.count) return null
  return Math.ceil(frame.size / TILE_WIDTH) === Math.floor(sizeBefore / TILE_WIDTH) + 1 ? frame : null
}

function readForm(segment: Buffer, offset: number): Frame | null {
  if (offset + FRAME_HEADER_BYTES > segment.length) return null
  const header = segment.subarray(offset, offset + FRAME_HEADER_BYTES)
  if (header.readUInt32BE(0) !== FRAME_MAGIC) return null
  const entriesBytes = header.readUInt32BE(ENTRIES_BYTES_AT)
  const count = header.readUInt16BE(COUNT_AT)
  const size = Number(header.readBigUInt64BE(SIZE_AT))
  const end = offset + FRAME_HEADER_BYTES + entriesBytes
  if (entriesBytes > FRAME_ENTRIES_BYTES_MAX || end > segment.length) return null
  if (count === 0 || count > TILE_WIDTH || !Number.isSafeInteger(size)) return null
  const entries = segment.subarray(offset + FRAME_HEADER_BYTES, end)
  if (splitBundle(entries, count).wrongAt !== null) return null
  return {
    offset,
    bytes: end - offset,
    entries,
    count,
    size,
    root: header.subarray(ROOT_AT, SIGNATURE_AT),
    signature: header.subarray(SIGNATURE_AT, SIGNATURE_AT + SIGNATURE_BYTES),
  }
}

/** The index of the first record of what looks like a frame, by what its head says. */
export function firstOfFrame(segment: Buffer, offset: number): number {
  const frame = readForm(segment, offset)
  return frame === null ? Number.NaN : frame.size - frame.count
}

/** Whether the log signed the head that the frame states. */
export function isFrameSigned(frame: Frame, origin: string, key: NoteKey): boolean {
  const text = `${origin}\n${frame.size}\n${frame.root.toString('base64')}\n`
  return isSignedBy(key, Buffer.from(text, 'utf8'), frame.signature)
}

/** Where behind `from` a frame that the log signed begins, or null: a crash leaves none behind one that is broken. */
export function findSignedFrame(
  segment: Buffer,
  from: number,
  origin: string,
  key: NoteKey | null,
): number | null {
  const magic = Buffer.alloc(4)
  magic.writeUInt32BE(FRAME_MAGIC)
  let lookalikes = 0
  for (let at = segment.indexOf(magic, from); at >= 0; at = segment.indexOf(magic, at + 1)) {
    const frame = readForm(segment, at)
    if (frame === null) continue
    if (key === null || ++lookalikes > LOOKALIKES_MAX || isFrameSigned(frame, origin, key)) return at
  }
  return null
}
