// The tree against RFC 6962 written down as it stands there, and against tiles cut out of a plain list of hashes.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { leafHash, MerkleTree, nodeHash, rootOfHashes } from '../../agent/audit/merkle-tree.ts'
import { InvariantError } from '../../agent/errors.ts'
import { tilePath } from '../../agent/log-format/index.ts'

const WIDTH = 256

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

const entry = (i: number): Buffer => Buffer.from(`entry ${i}`)
const leaf = (i: number): Buffer => sha256(Buffer.of(0), entry(i))

/** The leaf hashes of all trees here: each tree is the first so many of them. */
const leaves: Buffer[] = []
/** Roots of subtrees that are full, or a test would take minutes. */
const known = new Map<string, Buffer>()

/** RFC 6962 section 2.1, MTH, of the leaves from `from` up to `to`. */
function naiveRoot(from: number, to: number): Buffer {
  while (leaves.length < to) leaves.push(leaf(leaves.length))
  const size = to - from
  if (size === 0) return sha256()
  if (size === 1) return leaves[from]!
  const key = `${from} ${to}`
  const found = known.get(key)
  if (found !== undefined) return found
  let k = 1
  while (k * 2 < size) k *= 2
  const root = sha256(Buffer.of(1), naiveRoot(from, from + k), naiveRoot(from + k, to))
  if (k * 2 === size) known.set(key, root)
  return root
}

/** The hashes of a level of tiles from one up to another: each of 256^level leaves. */
function naiveHashes(level: number, from: number, to: number): Buffer[] {
  const span = WIDTH ** level
  return Array.from({ length: to - from }, (_, i) => naiveRoot((from + i) * span, (from + i + 1) * span))
}

function grown(size: number): MerkleTree {
  const tree = new MerkleTree()
  naiveRoot(0, size)
  for (let i = 0; i < size; i++) tree.add(leaves[i]!)
  return tree
}

describe('the root', () => {
  test('is that of RFC 6962 for every size from 0 to 1,100', () => {
    const tree = new MerkleTree()
    for (let size = 0; size <= 1100; size++) {
      expect(tree.size).toBe(size)
      expect(tree.root().equals(naiveRoot(0, size)), `size ${size}`).toBe(true)
      tree.add(leafHash(entry(size)))
    }
  })

  test('is that of RFC 6962 where a third level of tiles begins', () => {
    const tree = grown(65_535)
    const edges: Record<number, number[][]> = {
      65535: [
        [0, 255, 255],
        [1, 0, 255],
      ],
      65536: [[2, 0, 1]],
      65537: [
        [0, 256, 1],
        [2, 0, 1],
      ],
    }
    for (let size = 65_535; size <= 65_537; size++) {
      expect(tree.root().equals(naiveRoot(0, size)), `size ${size}`).toBe(true)
      expect(tree.partialTiles().map(({ level, index, width }) => [level, index, width])).toEqual(edges[size])
      tree.add(leafHash(entry(size)))
    }
  })

  test('of nothing, and of the leaves of the test tree of Certificate Transparency, is the published one', () => {
    const leaves = [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f',
    ]
    const tree = new MerkleTree()
    expect(tree.root().toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
    for (const hex of leaves) tree.add(leafHash(Buffer.from(hex, 'hex')))
    expect(tree.root().toString('hex')).toBe(
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    )
  })

  test('of hashes that stand in a row is that of the tree over them', () => {
    const row = Buffer.concat(naiveHashes(0, 0, 300))
    for (const [from, count] of [
      [0, 1],
      [299, 1],
      [0, 256],
      [40, 3],
      [7, 100],
      [0, 300],
    ] as const)
      expect(rootOfHashes(row, from, count)).toEqual(naiveRoot(from, from + count))
  })
})

describe('tiles', () => {
  test('of a tree of 70,000 leaves are those of the example in the specification', () => {
    const tree = grown(70_000)
    const full = tree.takeFull()
    expect(full.map(({ level, index }) => tilePath(level, index))).toEqual([
      ...Array.from({ length: 256 }, (_, i) => tilePath(0, i)),
      'tile/1/000',
      ...Array.from({ length: 17 }, (_, i) => tilePath(0, 256 + i)),
    ])
    for (const { level, index, bytes } of full) {
      const hashes = naiveHashes(level, index * WIDTH, (index + 1) * WIDTH)
      expect(bytes.equals(Buffer.concat(hashes)), `${level}/${index}`).toBe(true)
    }
    // Each is told once.
    expect(tree.takeFull()).toEqual([])
    const partial = tree.partialTiles()
    expect(partial.map(({ level, index, width }) => tilePath(level, index, width))).toEqual([
      'tile/0/273.p/112',
      'tile/1/001.p/17',
      'tile/2/000.p/1',
    ])
    for (const { level, index, width, bytes } of partial) {
      const hashes = naiveHashes(level, index * WIDTH, index * WIDTH + width)
      expect(bytes.equals(Buffer.concat(hashes)), `${level}/${index}`).toBe(true)
    }
    expect(tree.partialTile(0)?.index).toBe(273)
    expect(tree.partialTile(3)).toBeUndefined()
  })

  test('lie where the specification puts them, in groups of three digits', () => {
    expect(tilePath(0, 1_234_067)).toBe('tile/0/x001/x234/067')
    expect(tilePath('entries', 999)).toBe('tile/entries/999')
    expect(tilePath('entries', 1000, 7)).toBe('tile/entries/x001/000.p/7')
    expect(tilePath(5, 0)).toBe('tile/5/000')
  })
})

describe('a tree', () => {
  test.each([0, 256, 512, 65_280, 65_536, 65_792])('of %i leaves goes on from its tiles', (size) => {
    const resumed = MerkleTree.resume(size, (level) => {
      const count = Math.floor(size / WIDTH ** level)
      return naiveHashes(level, count - (count % WIDTH), count)
    })
    expect(resumed.root()).toEqual(naiveRoot(0, size))
    for (let i = size; i < size + 300; i++) resumed.add(leafHash(entry(i)))
    expect(resumed.size).toBe(size + 300)
    expect(resumed.root()).toEqual(naiveRoot(0, size + 300))
    const index = size / WIDTH
    expect(resumed.takeFull()[0]).toEqual({
      level: 0,
      index,
      bytes: Buffer.concat(naiveHashes(0, size, size + WIDTH)),
    })
    for (const { level, index, width, bytes } of resumed.partialTiles())
      expect(bytes).toEqual(Buffer.concat(naiveHashes(level, index * WIDTH, index * WIDTH + width)))
  })

  test('is not gone on with from other tiles than its size has', () => {
    expect(() => MerkleTree.resume(100, () => [])).toThrow(InvariantError)
    expect(() => MerkleTree.resume(512, () => [leaf(0)])).toThrow(InvariantError)
    expect(() => MerkleTree.resume(256, () => [leaf(0), leaf(1)])).toThrow(InvariantError)
  })

  test('that was copied grows apart from its copy', () => {
    const tree = grown(700)
    const copy = tree.copy()
    for (let i = 700; i < 800; i++) copy.add(leafHash(entry(i)))
    expect(tree.size).toBe(700)
    expect(tree.root()).toEqual(naiveRoot(0, 700))
    expect(copy.root()).toEqual(naiveRoot(0, 800))
  })

  test('hands out its right edge as it was, not as it becomes', () => {
    const tree = grown(10)
    const [before] = tree.partialTiles()
    tree.add(leafHash(entry(10)))
    expect(before?.width).toBe(10)
    expect(before?.bytes).toHaveLength(320)
  })
})

test('a leaf and a node never hash alike', () => {
  const [a, b] = [leaf(0), leaf(1)]
  expect(nodeHash(a, b)).toEqual(sha256(Buffer.of(1), a, b))
  expect(leafHash(Buffer.concat([a, b]))).not.toEqual(nodeHash(a, b))
})
