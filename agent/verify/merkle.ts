/**
 * Merkle trees as RFC 6962 hashes them, and the two proofs about them as RFC 9162 (2.1.3.2 and 2.1.4.2) checks them.
 * Sizes and indexes are whole numbers up to 2^53 - 1: no shifts here, which in JavaScript end at 32 bits.
 */
import { createHash } from 'node:crypto'
import { type Problem, problem } from './problem.ts'

const HASH_BYTES = 32

/** A leaf and a node never hash alike: what goes in first tells them apart (RFC 6962, 2.1). */
const LEAF_PREFIX = Buffer.of(0x00)
const NODE_PREFIX = Buffer.of(0x01)

/** As many levels as a tree of 2^53 leaves has; a longer proof is of no tree that we know. */
export const PROOF_HASHES_MAX = 63

export function leafHash(entry: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF_PREFIX).update(entry).digest()
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(NODE_PREFIX).update(left).update(right).digest()
}

/** The root of a tree without leaves. */
export function emptyRoot(): Buffer {
  return createHash('sha256').digest()
}

/**
 * A tree that only grows, of which nothing is kept but the roots of its full subtrees, largest first: as many as the
 * size has ones in binary. `push` takes leaf hashes, or the roots of full subtrees of one size, always the same.
 */
export class GrowingTree {
  readonly #roots: Uint8Array[] = []
  #size = 0

  push(hash: Uint8Array): void {
    let merged = hash
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = this.#roots.pop()
      if (left !== undefined) merged = nodeHash(left, merged)
    }
    this.#roots.push(merged)
    this.#size++
  }

  /** How many were pushed. */
  get size(): number {
    return this.#size
  }

  /** The root of all that was pushed and, right of it, of a smaller tree with this root where one is given. */
  root(rest?: Uint8Array): Buffer {
    const roots = rest === undefined ? this.#roots : [...this.#roots, rest]
    const root = roots.reduceRight<Uint8Array | null>(
      (right, left) => (right === null ? left : nodeHash(left, right)),
      null,
    )
    return root === null ? emptyRoot() : Buffer.from(root)
  }
}

/** The root of the tree of these leaf hashes. */
export function rootOf(leafHashes: Iterable<Uint8Array>): Buffer {
  const tree = new GrowingTree()
  for (const hash of leafHashes) tree.push(hash)
  return tree.root()
}

export interface InclusionClaim {
  readonly leafHash: Uint8Array
  readonly index: number
  readonly size: number
  /** From the leaf's sibling up. */
  readonly proof: readonly Uint8Array[]
  readonly root: Uint8Array
}

/** Null if the leaf is at its index in the tree of that size and root. */
export function verifyInclusion(claim: InclusionClaim): Problem | null {
  const { index, size, proof, root } = claim
  if (!isCount(size) || !isCount(index)) return problem('an index or size is not a whole number below 2^53')
  if (index >= size) return problem(`index ${index} is beyond a tree of ${size}`)
  const malformed = checkHashes([claim.leafHash, root, ...proof], proof.length)
  if (malformed) return malformed
  let [node, last, hash] = [index, size - 1, claim.leafHash]
  for (const sibling of proof) {
    if (last === 0) return problem(`the proof has more hashes than index ${index} in a tree of ${size} needs`)
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash)
      // A node without a right sibling stands for itself one level up.
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      hash = nodeHash(hash, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  if (last !== 0) return problem(`the proof has fewer hashes than index ${index} in a tree of ${size} needs`)
  return isSame(hash, root) ? null : problem('the proof leads to another root')
}

export interface ConsistencyClaim {
  readonly oldSize: number
  readonly oldRoot: Uint8Array
  readonly newSize: number
  readonly newRoot: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** Null if the tree of the new size and root begins with the tree of the old size and root. */
export function verifyConsistency(claim: ConsistencyClaim): Problem | null {
  const { oldSize, oldRoot, newSize, newRoot, proof } = claim
  if (!isCount(oldSize) || !isCount(newSize)) return problem('a size is not a whole number below 2^53')
  if (oldSize > newSize) return problem(`a tree of ${newSize} cannot begin with one of ${oldSize}`)
  const malformed = checkHashes([oldRoot, newRoot, ...proof], proof.length)
  if (malformed) return malformed
  if (oldSize === 0 || oldSize === newSize) {
    if (proof.length > 0) return problem('a proof from an empty or equal tree has no hashes')
    if (oldSize === 0 && !isSame(oldRoot, emptyRoot()))
      return problem('the old root is not that of an empty tree')
    if (newSize === 0 && !isSame(newRoot, emptyRoot()))
      return problem('the new root is not that of an empty tree')
    if (oldSize === newSize && !isSame(oldRoot, newRoot))
      return problem('two trees of one size have two roots')
    return null
  }
  return followConsistency(claim)
}

/** For `0 < oldSize < newSize`. */
function followConsistency({ oldSize, oldRoot, newSize, newRoot, proof }: ConsistencyClaim): Problem | null {
  let [node, last] = [oldSize - 1, newSize - 1]
  while (isOdd(node)) [node, last] = [half(node), half(last)]
  // A full old tree is itself a node of the new one: the proof begins with its root, which is not sent. That is so
  // exactly when no step is left on its side.
  const [first, ...rest] = node === 0 ? [oldRoot, ...proof] : proof
  if (first === undefined) return problem(tooFew(oldSize, newSize))
  let [oldHash, newHash] = [first, first]
  for (const sibling of rest) {
    if (last === 0)
      return problem(`the proof has more hashes than from size ${oldSize} to ${newSize} it needs`)
    if (isOdd(node) || node === last) {
      oldHash = nodeHash(sibling, oldHash)
      newHash = nodeHash(sibling, newHash)
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      newHash = nodeHash(newHash, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  if (last !== 0) return problem(tooFew(oldSize, newSize))
  if (!isSame(oldHash, oldRoot)) return problem('the proof does not lead to the old root')
  return isSame(newHash, newRoot) ? null : problem('the proof does not lead to the new root')
}

function tooFew(oldSize: number, newSize: number): string {
  return `the proof has fewer hashes than from size ${oldSize} to ${newSize} it needs`
}

function checkHashes(hashes: readonly Uint8Array[], proofHashes: number): Problem | null {
  if (proofHashes > PROOF_HASHES_MAX) return problem(`a proof has at most ${PROOF_HASHES_MAX} hashes`)
  return hashes.every((hash) => hash.length === HASH_BYTES) ? null : problem('a hash does not have 32 bytes')
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0
}

function isOdd(n: number): boolean {
  return n % 2 === 1
}

function half(n: number): number {
  return Math.floor(n / 2)
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
