// Frames and bundles: what is written is read back, and anything else is no frame, whatever its lengths say.
import { createPublicKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  firstEntry,
  growByFrame,
  packEntries,
  unpackEntries,
} from '../../agent/audit/frame.ts'
import { leafHash, MerkleTree } from '../../agent/audit/merkle-tree.ts'
import { checkpointText, signText } from '../../agent/audit/note.ts'
import {
  FRAME_ENTRIES_BYTES_MAX,
  FRAME_HEADER_BYTES,
  RECORD_BYTES_MAX,
} from '../../agent/log-format/index.ts'
import { KEYS } from './keys.ts'
import { seeded } from './memory-disk.ts'

const ORIGIN = 'portcullis/m-0000000000000000/l-0000000000000000'
const PUBLIC = createPublicKey(KEYS.log)

const entries = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => Buffer.from(`{"seq":${i}}`))

/** A frame of these entries on a tree, as the writer makes it. */
async function frameOn(before: MerkleTree, added: readonly Buffer[]): Promise<Buffer> {
  const tree = before.copy()
  for (const entry of added) tree.add(leafHash(entry))
  const [size, root] = [tree.size, tree.root()]
  return encodeFrame(added, {
    size,
    root,
    signature: await signText(checkpointText(ORIGIN, size, root), KEYS.log),
  })
}

describe('entries', () => {
  test.each([0, 1, 255, 256])('%i of them are read back from a bundle as they were', (count) => {
    expect(unpackEntries(packEntries(entries(count)))).toEqual(entries(count))
  })

  test('of the largest size are read back, and larger ones are no entries', () => {
    const largest = Buffer.alloc(RECORD_BYTES_MAX, 0x20)
    expect(unpackEntries(packEntries([largest]))).toEqual([largest])
    expect(unpackEntries(packEntries([Buffer.alloc(RECORD_BYTES_MAX + 1)]))).toBeUndefined()
  })

  test.each([
    ['an empty entry', '0000'],
    ['half a length', '00'],
    ['an entry that is cut short', '000341'],
    ['a second entry that is cut short', '00014100'],
  ])('%s is no bundle', (_, hex) => {
    expect(unpackEntries(Buffer.from(hex, 'hex'))).toBeUndefined()
  })
})

describe('a frame', () => {
  test('is read back as it was written, wherever it begins', async () => {
    const bytes = await frameOn(new MerkleTree(), entries(3))
    const frame = decodeFrame(Buffer.concat([Buffer.alloc(7), bytes, Buffer.alloc(9)]), 7)
    expect(frame?.entries).toEqual(entries(3))
    expect(frame?.head.size).toBe(3)
    expect(frame?.bytes).toBe(bytes.length)
    expect(bytes.subarray(0, 4).toString()).toBe('PCF1')
    expect(bytes.length).toBe(FRAME_HEADER_BYTES + 3 * (2 + '{"seq":0}'.length))
  })

  test('that lacks its last byte, or any, is none', async () => {
    const bytes = await frameOn(new MerkleTree(), entries(2))
    for (let length = 0; length < bytes.length; length++)
      expect(decodeFrame(bytes.subarray(0, length), 0)).toBeUndefined()
  })

  test.each<[string, (bytes: Buffer) => void]>([
    ['another magic', (bytes) => bytes.write('PCF2', 0)],
    ['no entries', (bytes) => bytes.writeUInt16BE(0, 8)],
    ['fewer entries than it has', (bytes) => bytes.writeUInt16BE(1, 8)],
    ['more entries than it has', (bytes) => bytes.writeUInt16BE(3, 8)],
    ['more entries than a bundle', (bytes) => bytes.writeUInt16BE(257, 8)],
    ['more bytes than there are', (bytes) => bytes.writeUInt32BE(0xffffffff, 4)],
    ['more bytes than a frame may have', (bytes) => bytes.writeUInt32BE(FRAME_ENTRIES_BYTES_MAX + 1, 4)],
    ['a size above 2^53', (bytes) => bytes.writeBigUInt64BE(2n ** 53n, 10)],
  ])('that states %s is none', async (_, change) => {
    const bytes = Buffer.concat([await frameOn(new MerkleTree(), entries(2)), Buffer.alloc(2 * 1024 * 1024)])
    expect(decodeFrame(bytes, 0)).toBeDefined()
    change(bytes)
    expect(decodeFrame(bytes, 0)).toBeUndefined()
  })

  test('grows the tree that it was written on, and no other', async () => {
    const before = new MerkleTree()
    for (const entry of entries(5)) before.add(leafHash(entry))
    const frame = decodeFrame(await frameOn(before, entries(2)), 0)!
    expect(growByFrame(before, frame, ORIGIN, PUBLIC)?.size).toBe(7)
    expect(before.size).toBe(5)
    expect(growByFrame(new MerkleTree(), frame, ORIGIN, PUBLIC)).toBeUndefined()
    expect(growByFrame(before, frame, `${ORIGIN}0`, PUBLIC)).toBeUndefined()
    expect(growByFrame(before, frame, ORIGIN, createPublicKey(KEYS.machine))).toBeUndefined()
    const other: Frame = { ...frame, entries: [frame.entries[1]!, frame.entries[0]!] }
    expect(growByFrame(before, other, ORIGIN, PUBLIC)).toBeUndefined()
    expect(
      growByFrame(before, { ...frame, head: { ...frame.head, size: 8 } }, ORIGIN, PUBLIC),
    ).toBeUndefined()
  })

  test('with any one bit changed is not taken', async () => {
    const before = new MerkleTree()
    const bytes = await frameOn(before, entries(3))
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      const frame = decodeFrame(changed, 0)
      const grown = frame && growByFrame(before, frame, ORIGIN, PUBLIC)
      expect(grown, `bit ${bit}`).toBeUndefined()
    }
  })

  test('is not found in noise, nor does noise throw', () => {
    const random = seeded(1)
    for (let i = 0; i < 2000; i++) {
      const noise = Buffer.from(Array.from({ length: 300 }, () => Math.floor(random() * 256)))
      noise.write('PCF1', 0)
      if (i % 2 === 0) noise.writeUInt32BE(Math.floor(random() * 200), 4)
      expect(decodeFrame(noise, 0)).toBeUndefined()
      unpackEntries(noise)
    }
  })

  test('at the beginning of a log names it only if it comes to its head', async () => {
    const bytes = await frameOn(new MerkleTree(), entries(2))
    expect(firstEntry(bytes)).toEqual(entries(1)[0])
    bytes.write('9', bytes.length - 2)
    expect(firstEntry(bytes)).toBeUndefined()
    expect(firstEntry(Buffer.alloc(0))).toBeUndefined()
  })
})
