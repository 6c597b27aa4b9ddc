// Proofs: of every record, under every head, against the independent checker and against the RFC as it stands there.
import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { proveConsistency, proveInclusion, publishedHead } from '../../agent/audit/index.ts'
import { InvariantError } from '../../agent/errors.ts'
import { canonicalJson } from '../../agent/log-format/index.ts'
import {
  checkTlogProof,
  isProblem,
  parseTlogPolicy,
  parseTlogProof,
  verifyConsistency,
} from '../../agent/verify/index.ts'
import { MemoryDisk } from './memory-disk.ts'
import { appendNumbers, DIR, failure, openOn, recordsOf } from './records.ts'

const RECORDS = 600

const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest()
const node = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Buffer.of(1), left, right)

/** The largest power of two below n. */
const split = (n: number): number => 2 ** Math.floor(Math.log2(n - 1))

/** RFC 6962 section 2.1, of leaf hashes. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length <= 1) return leaves[0] ?? sha256()
  const k = split(leaves.length)
  return node(treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)))
}

/** RFC 6962 section 2.1.1, read backwards: the root that an audit path leads to. */
function rootOf(leaf: Buffer, index: number, size: number, path: readonly Buffer[]): Buffer {
  if (size === 1) {
    expect(path).toEqual([])
    return leaf
  }
  const k = split(size)
  const [last, rest] = [path.at(-1)!, path.slice(0, -1)]
  return index < k
    ? node(rootOf(leaf, index, k, rest), last)
    : node(last, rootOf(leaf, index - k, size - k, rest))
}

const leafOf = (entry: Buffer): Buffer => sha256(Buffer.of(0), entry)

/** The entries of a log of records that hide nothing. */
async function entriesOf(disk: MemoryDisk): Promise<Buffer[]> {
  return (await recordsOf(DIR, disk)).map((record) => Buffer.from(canonicalJson(record)))
}

let disk = new MemoryDisk()
let policyText = ''
let entries: Buffer[] = []
let leaves: Buffer[] = []

beforeAll(async () => {
  disk = new MemoryDisk()
  const log = await openOn(disk)
  await appendNumbers(log, 0, RECORDS - 1, 100)
  await log.close()
  policyText = `log ${log.verifierKey}\nquorum none\n`
  entries = await entriesOf(disk)
  leaves = entries.map(leafOf)
}, 60_000)

function policy() {
  const parsed = parseTlogPolicy(Buffer.from(policyText))
  if (isProblem(parsed)) throw new Error(parsed.problem)
  return parsed
}

function parsed(text: string) {
  const proof = parseTlogProof(Buffer.from(text))
  if (isProblem(proof)) throw new Error(proof.problem)
  return proof
}

describe('a proof of inclusion', () => {
  test('of every record is taken by the independent checker, and is what the RFC says', async () => {
    const root = treeHash(leaves)
    for (let index = 0; index < RECORDS; index++) {
      const proof = parsed(await proveInclusion(DIR, index, { files: disk }))
      expect(isProblem(checkTlogProof(proof, entries[index]!, policy())), `record ${index}`).toBe(false)
      expect(proof.index).toBe(index)
      expect(proof.checkpoint.checkpoint).toMatchObject({ size: RECORDS, root })
      expect(rootOf(leaves[index]!, index, RECORDS, proof.hashes).equals(root), `record ${index}`).toBe(true)
    }
  })

  test('is of that record and of no other', async () => {
    const proof = parsed(await proveInclusion(DIR, 300, { files: disk }))
    for (const index of [0, 299, 301, 599])
      expect(checkTlogProof(proof, entries[index]!, policy())).toHaveProperty('problem')
    expect(checkTlogProof({ ...proof, index: 301 }, entries[300]!, policy())).toHaveProperty('problem')
  })

  test('holds what is put beside it', async () => {
    const proof = parsed(await proveInclusion(DIR, 7, { files: disk, extra: entries[7]! }))
    expect(proof.extra).toEqual(entries[7])
    expect(isProblem(checkTlogProof(proof, entries[7]!, policy()))).toBe(false)
  })

  test('at any size of the log is right: where bundles end, and where a level of tiles begins', async () => {
    const growing = new MemoryDisk()
    const log = await openOn(growing)
    for (const size of [1, 2, 3, 255, 256, 257, 300, 511, 512, 513]) {
      await appendNumbers(log, log.size, size - log.size)
      await log.publish()
      const hashes = (await entriesOf(growing)).map(leafOf)
      const root = treeHash(hashes)
      for (const index of new Set([0, 1, size >> 1, size - 2, size - 1].filter((i) => i >= 0 && i < size))) {
        const proof = parsed(await proveInclusion(DIR, index, { files: growing }))
        expect(proof.checkpoint.checkpoint).toMatchObject({ size, root })
        expect(rootOf(hashes[index]!, index, size, proof.hashes)).toEqual(root)
      }
    }
  })

  test('stands under the head that witnesses cosigned as far as that goes, and under the latest beyond', async () => {
    const growing = new MemoryDisk()
    const log = await openOn(growing)
    await appendNumbers(log, 0, 299)
    await log.keepWitnessed(await log.publish())
    await appendNumbers(log, 299, 300)
    await log.close()
    const sizeOf = async (index: number): Promise<number> =>
      parsed(await proveInclusion(DIR, index, { files: growing })).checkpoint.checkpoint.size
    expect([await sizeOf(0), await sizeOf(299), await sizeOf(300), await sizeOf(599)]).toEqual([
      300, 300, 600, 600,
    ])
  })

  test.each([600, 601, 2 ** 53, -1, 1.5, Number.NaN])(
    'of record %d is refused: there is none',
    async (index) => {
      const error = await failure(proveInclusion(DIR, index, { files: disk }))
      expect(error.code).toBe('USAGE')
      expect(error.message).toBe(`there is no record ${index}: the checkpoint covers 600 records`)
    },
  )

  test('where no head was published is refused', async () => {
    const error = await failure(proveInclusion(DIR, 0, { files: new MemoryDisk() }))
    expect(error.code).toBe('USAGE')
    expect(error.message).toBe('there is no log in `/log` that has published a checkpoint')
  })

  test.each([
    ['tile/0/000', 4],
    ['tile/0/001', 300],
    ['tile/0/002.p/88', 599],
    ['tile/1/000.p/2', 599],
  ])('is not made from a tile that was changed: %s', async (name, index) => {
    for (const change of [
      (tile: Buffer) => tile.fill(0),
      (tile: Buffer) => tile.subarray(0, 31),
      () => undefined,
    ]) {
      const changed = disk.clone()
      changed.tamper(`${DIR}/${name}`, change(Buffer.from(disk.filesBelow(DIR).get(name)!)))
      const error = await failure(proveInclusion(DIR, index, { files: changed }))
      expect(error.code).toBe('AUDIT_DAMAGED')
    }
  })

  test('that a disk keeps from being made is no damage', async () => {
    for (let at = 0; ; at++) {
      const files = disk.clone()
      files.arm({ at, effect: 'absent', code: 'EIO' })
      const error = await proveInclusion(DIR, 300, { files }).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (!files.hasFailed) break
      expect(error).toMatchObject({ code: 'STATE_UNUSABLE' })
    }
  })
})

describe('a proof of consistency', () => {
  const SIZES = [0, 1, 2, 3, 4, 7, 8, 100, 255, 256, 257, 300, 511, 512, 513, 599, 600]

  test('between all pairs of some sizes is taken by the independent checker', async () => {
    const roots = new Map(SIZES.map((size) => [size, treeHash(leaves.slice(0, size))]))
    for (const oldSize of SIZES) {
      for (const newSize of SIZES.filter((size) => size >= oldSize)) {
        const proof = await proveConsistency(DIR, oldSize, newSize, disk)
        const claim = { oldSize, oldRoot: roots.get(oldSize)!, newSize, newRoot: roots.get(newSize)!, proof }
        expect(verifyConsistency(claim), `${oldSize} to ${newSize}`).toBeNull()
        if (oldSize === 0 || oldSize === newSize) continue
        const other = { ...claim, oldRoot: roots.get(oldSize === 1 ? 2 : 1)! }
        expect(verifyConsistency(other), `${oldSize} to ${newSize}`).not.toBeNull()
      }
    }
  })

  test.each([
    [5, 4],
    [0, 601],
    [-1, 4],
  ])('from %i to %i is an error in the code', async (from, to) => {
    await expect(proveConsistency(DIR, from, to, disk)).rejects.toBeInstanceOf(InvariantError)
  })
})

test('the published head is told as it stands there', async () => {
  const head = await publishedHead(DIR, disk)
  expect(head).toMatchObject({ size: RECORDS, root: treeHash(leaves) })
  expect(disk.filesBelow(DIR).get('checkpoint')?.toString()).toBe(head.note)
})
