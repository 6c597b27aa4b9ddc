// Roots and proofs: the published Certificate Transparency vectors, and trees of every small size against the recursive
// definitions of RFC 6962. A proof that holds is accepted; anything else about it is not.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { emptyRoot, leafHash, verifyConsistency, verifyInclusion } from '../../agent/verify/index.ts'
import { GrowingTree, nodeHash, rootOf } from '../../agent/verify/merkle.ts'
import { CT_LEAVES, CT_ROOTS, naiveConsistency, naivePath, naiveRoot } from './trees.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const leavesOf = (count: number): readonly Buffer[] =>
  Array.from({ length: count }, (_, i) => Buffer.from(`leaf ${i}`))
const ALL = leavesOf(72)
const ROOTS = ALL.map((_, n) => naiveRoot(ALL.slice(0, n))).concat(naiveRoot(ALL))

const inclusion = (index: number, size: number) => ({
  leafHash: leafHash(ALL[index]!),
  index,
  size,
  proof: naivePath(index, ALL.slice(0, size)),
  root: ROOTS[size]!,
})
const consistency = (oldSize: number, newSize: number) => ({
  oldSize,
  oldRoot: ROOTS[oldSize]!,
  newSize,
  newRoot: ROOTS[newSize]!,
  proof: naiveConsistency(oldSize, ALL.slice(0, newSize)),
})
const flip = (hash: Uint8Array, bit: number): Buffer => {
  const copy = Buffer.from(hash)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

describe('the tree of the published vectors', () => {
  test.each(CT_ROOTS.map((root, size) => ({ root, size })))(
    'has the published root at size $size',
    ({ root, size }) => {
      expect(hex(rootOf(CT_LEAVES.slice(0, size).map(leafHash)))).toBe(root)
      expect(hex(naiveRoot(CT_LEAVES.slice(0, size)))).toBe(root)
    },
  )

  test('hashes its empty leaf and its empty self as published', () => {
    expect(hex(leafHash(Buffer.alloc(0)))).toBe(CT_ROOTS[1])
    expect(hex(emptyRoot())).toBe(CT_ROOTS[0])
  })

  test('has the published paths', () => {
    const first = [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]
    const claim = {
      leafHash: leafHash(CT_LEAVES[0]!),
      index: 0,
      size: 8,
      root: Buffer.from(CT_ROOTS[8]!, 'hex'),
    }
    expect(verifyInclusion({ ...claim, proof: first.map((hash) => Buffer.from(hash, 'hex')) })).toBeNull()
    const sixToEight = [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]
    const [oldRoot, newRoot] = [Buffer.from(CT_ROOTS[6]!, 'hex'), Buffer.from(CT_ROOTS[8]!, 'hex')]
    const proof = sixToEight.map((hash) => Buffer.from(hash, 'hex'))
    expect(verifyConsistency({ oldSize: 6, oldRoot, newSize: 8, newRoot, proof })).toBeNull()
  })

  test('has a node hash that is not the leaf hash of the same bytes', () => {
    const [a, b] = [leafHash(Buffer.of(1)), leafHash(Buffer.of(2))]
    expect(hex(nodeHash(a, b))).not.toBe(hex(leafHash(Buffer.concat([a, b]))))
  })
})

describe('a growing tree', () => {
  test('has the root of the definition at every size', () => {
    const tree = new GrowingTree()
    for (const [size, leaf] of ALL.entries()) {
      expect(hex(tree.root())).toBe(hex(ROOTS[size]!))
      expect(tree.size).toBe(size)
      tree.push(leafHash(leaf))
    }
    expect(hex(tree.root())).toBe(hex(ROOTS[ALL.length]!))
  })

  test('has the root of the definition with a smaller tree at its right', () => {
    for (let full = 0; full <= 8; full++) {
      for (let rest = 1; rest < 8; rest++) {
        const tree = new GrowingTree()
        for (let i = 0; i < full; i++) tree.push(naiveRoot(ALL.slice(i * 8, i * 8 + 8)))
        const right = naiveRoot(ALL.slice(full * 8, full * 8 + rest))
        expect(hex(tree.root(right))).toBe(hex(naiveRoot(ALL.slice(0, full * 8 + rest))))
      }
    }
  })
})

describe('an inclusion proof', () => {
  test('is accepted for every index of every small tree', () => {
    for (let size = 1; size <= ALL.length; size++) {
      for (let index = 0; index < size; index++) expect(verifyInclusion(inclusion(index, size))).toBeNull()
    }
  })

  test('of another index, size, leaf or root is refused', () => {
    for (let size = 2; size <= 20; size++) {
      for (let index = 0; index < size; index++) {
        const claim = inclusion(index, size)
        for (let other = 0; other < size; other++) {
          if (other !== index) expect(verifyInclusion({ ...claim, index: other })).not.toBeNull()
        }
        expect(verifyInclusion({ ...claim, leafHash: leafHash(Buffer.from('another')) })).not.toBeNull()
        expect(verifyInclusion({ ...claim, root: ROOTS[size - 1]! })).not.toBeNull()
      }
    }
  })

  test('with a hash too many, too few, twice or in another place is refused', () => {
    for (const [index, size] of [
      [0, 8],
      [5, 7],
      [6, 7],
      [64, 70],
      [69, 70],
    ] as const) {
      const claim = inclusion(index, size)
      const bad = [
        [...claim.proof, ROOTS[3]!],
        [ROOTS[3]!, ...claim.proof],
        claim.proof.slice(1),
        claim.proof.slice(0, -1),
        [...claim.proof].reverse(),
        [...claim.proof, claim.root],
      ]
      for (const proof of bad) {
        if (proof.every((hash, i) => claim.proof[i]?.equals(hash)) && proof.length === claim.proof.length)
          continue
        expect(verifyInclusion({ ...claim, proof }), `${index} of ${size}`).not.toBeNull()
      }
    }
  })

  test('says whether it is too long or too short', () => {
    const claim = inclusion(3, 8)
    expect(verifyInclusion({ ...claim, proof: [...claim.proof, claim.root] })?.problem).toContain(
      'more hashes',
    )
    expect(verifyInclusion({ ...claim, proof: claim.proof.slice(1) })?.problem).toContain('fewer hashes')
  })

  test('with any one bit changed is refused', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 70 }),
        fc.nat(),
        fc.nat(),
        fc.nat(255),
        (size, at, which, bit) => {
          const claim = inclusion(at % size, size)
          const proof = claim.proof.map((hash, i) =>
            i === which % claim.proof.length ? flip(hash, bit) : hash,
          )
          expect(verifyInclusion({ ...claim, proof })).not.toBeNull()
          expect(verifyInclusion({ ...claim, leafHash: flip(claim.leafHash, bit) })).not.toBeNull()
          expect(verifyInclusion({ ...claim, root: flip(claim.root, bit) })).not.toBeNull()
        },
      ),
    )
  })

  test('reaches beyond 32 bits: a tree of 2^53 - 1 leaves, and its last leaf', () => {
    // The right edge of the largest tree: each level's sibling made up, the root computed by hand from the definition.
    const size = Number.MAX_SAFE_INTEGER
    const leaf = leafHash(Buffer.from('last'))
    const proof = Array.from({ length: 52 }, (_, i) => leafHash(Buffer.of(i)))
    // Index 2^53 - 2 in a tree of 2^53 - 1 = 111...1: 52 full subtrees to its left.
    const root = proof.reduce((hash, sibling) => nodeHash(sibling, hash), leaf)
    const claim = { leafHash: leaf, index: size - 1, size, proof, root }
    expect(verifyInclusion(claim)).toBeNull()
    expect(verifyInclusion({ ...claim, index: size - 2 })).not.toBeNull()
    // The first leaf has one sibling a level, each at its right.
    const first = Array.from({ length: 53 }, (_, i) => leafHash(Buffer.of(i)))
    const firstRoot = first.reduce((hash, sibling) => nodeHash(hash, sibling), leaf)
    expect(verifyInclusion({ leafHash: leaf, index: 0, size, proof: first, root: firstRoot })).toBeNull()
    // 2^32: where shifts would wrap round to the first leaf.
    const at32 = first.reduce<Buffer>(
      (hash, s, i) => (i === 32 ? nodeHash(s, hash) : nodeHash(hash, s)),
      leaf,
    )
    expect(verifyInclusion({ leafHash: leaf, index: 2 ** 32, size, proof: first, root: at32 })).toBeNull()
    expect(verifyInclusion({ leafHash: leaf, index: 0, size, proof: first, root: at32 })).not.toBeNull()
  })

  test.each([
    ['an index at the size', { index: 8 }],
    ['a negative index', { index: -1 }],
    ['a fraction', { index: 0.5 }],
    ['no number', { index: Number.NaN }],
    ['an infinite size', { size: Number.POSITIVE_INFINITY }],
    ['a size beyond 2^53', { size: 2 ** 53 }],
    ['an empty tree', { size: 0, index: 0 }],
    ['a short root', { root: Buffer.alloc(31) }],
    ['a long leaf hash', { leafHash: Buffer.alloc(33) }],
    ['an empty hash in the proof', { proof: [Buffer.alloc(0), Buffer.alloc(32), Buffer.alloc(32)] }],
    ['a thousand hashes', { proof: Array.from({ length: 1000 }, () => Buffer.alloc(32)) }],
  ])('with %s is refused in words', (_, change) => {
    expect(verifyInclusion({ ...inclusion(0, 8), ...change })?.problem).toEqual(expect.any(String))
  })
})

describe('a consistency proof', () => {
  test('is accepted for every pair of small sizes', () => {
    for (let newSize = 0; newSize <= ALL.length; newSize++) {
      for (let oldSize = 0; oldSize <= newSize; oldSize++) {
        expect(verifyConsistency(consistency(oldSize, newSize)), `${oldSize} ${newSize}`).toBeNull()
      }
    }
  })

  test('between other sizes or roots is refused', () => {
    for (let newSize = 1; newSize <= 20; newSize++) {
      for (let oldSize = 1; oldSize < newSize; oldSize++) {
        const claim = consistency(oldSize, newSize)
        const otherRoot = leafHash(Buffer.from('fork'))
        expect(verifyConsistency({ ...claim, oldRoot: otherRoot })).not.toBeNull()
        expect(verifyConsistency({ ...claim, newRoot: otherRoot })).not.toBeNull()
        expect(verifyConsistency({ ...claim, proof: [...claim.proof, otherRoot] })).not.toBeNull()
        expect(verifyConsistency({ ...claim, proof: claim.proof.slice(1) })).not.toBeNull()
        expect(verifyConsistency({ ...claim, proof: claim.proof.slice(0, -1) })).not.toBeNull()
        expect(verifyConsistency({ ...claim, oldSize: newSize, newSize: oldSize })).not.toBeNull()
      }
    }
  })

  test('with any one bit changed is refused', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 70 }),
        fc.nat(),
        fc.nat(),
        fc.nat(255),
        (newSize, old, which, bit) => {
          const claim = consistency(1 + (old % (newSize - 1)), newSize)
          const proof = claim.proof.map((hash, i) =>
            i === which % claim.proof.length ? flip(hash, bit) : hash,
          )
          expect(verifyConsistency({ ...claim, proof })).not.toBeNull()
          expect(verifyConsistency({ ...claim, oldRoot: flip(claim.oldRoot, bit) })).not.toBeNull()
          expect(verifyConsistency({ ...claim, newRoot: flip(claim.newRoot, bit) })).not.toBeNull()
        },
      ),
    )
  })

  test('of random trees is accepted at random sizes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 200 }),
        fc.nat(),
        (leaves, n) => {
          const oldSize = n % (leaves.length + 1)
          const [oldRoot, newRoot] = [naiveRoot(leaves.slice(0, oldSize)), naiveRoot(leaves)]
          const proof = naiveConsistency(oldSize, leaves)
          expect(verifyConsistency({ oldSize, oldRoot, newSize: leaves.length, newRoot, proof })).toBeNull()
        },
      ),
    )
  })

  test.each([
    ['a shrunken tree', { newSize: 5 }],
    ['a negative size', { oldSize: -1 }],
    ['a size beyond 2^53', { newSize: 2 ** 60 }],
    ['a short root', { oldRoot: Buffer.alloc(31) }],
    ['a long hash', { proof: [Buffer.alloc(64)] }],
    ['sixty-four hashes', { proof: Array.from({ length: 64 }, () => Buffer.alloc(32)) }],
  ])('with %s is refused in words', (_, change) => {
    expect(verifyConsistency({ ...consistency(6, 8), ...change })?.problem).toEqual(expect.any(String))
  })

  test('from nothing is empty, and from the root of nothing', () => {
    const claim = consistency(0, 8)
    expect(verifyConsistency({ ...claim, proof: [ROOTS[1]!] })).not.toBeNull()
    expect(verifyConsistency({ ...claim, oldRoot: ROOTS[1]! })).not.toBeNull()
    expect(verifyConsistency({ ...claim, newSize: 0 })).not.toBeNull()
  })

  test('between equal sizes asks for equal roots', () => {
    const claim = consistency(8, 8)
    expect(verifyConsistency({ ...claim, newRoot: ROOTS[7]! })?.problem).toContain('two roots')
    expect(verifyConsistency({ ...claim, proof: [ROOTS[8]!] })).not.toBeNull()
  })
})
