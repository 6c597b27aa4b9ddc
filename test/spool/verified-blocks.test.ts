import { createHash, randomBytes } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AgentError, InvariantError } from '../../agent/errors.ts'
import { BLOCK_BYTES, type BlockDigests, createBlockHasher, readVerified } from '../../agent/spool/index.ts'

function scratch(bytes: Buffer): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const path = join(dir, 'job')
  writeFileSync(path, bytes)
  return path
}

function digestsOf(bytes: Buffer): BlockDigests {
  const hasher = createBlockHasher()
  hasher.update(bytes)
  return hasher.digest()
}

/** What was yielded, and the error that ended it. */
async function readOut(path: string, digests: BlockDigests): Promise<{ bytes: Buffer; error: unknown }> {
  const blocks: Buffer[] = []
  try {
    for await (const block of readVerified(path, digests)) blocks.push(Buffer.from(block))
  } catch (error) {
    return { bytes: Buffer.concat(blocks), error }
  }
  return { bytes: Buffer.concat(blocks), error: undefined }
}

function expectChanged(error: unknown, how: string): void {
  expect(error).toBeInstanceOf(AgentError)
  const { code, message } = error as AgentError
  expect(code).toBe('SPOOL_CHANGED')
  expect(message).toBe(`the spooled job changed after it was surveyed: ${how}`)
}

/** Open descriptors of this process that lead to the path. */
function descriptorsOf(path: string): string[] {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path
    } catch {
      // The one by which the folder itself was read.
      return false
    }
  })
}

describe('the digests', () => {
  test.each([1, 100, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES, 20_000_001])(
    'of %i bytes are the SHA-256 of each block of 64 KiB',
    (length) => {
      const bytes = Buffer.alloc(length, 'G1 X10.123 Y4.567 E0.0321\n')
      const expected = []
      for (let start = 0; start < length; start += BLOCK_BYTES) {
        expected.push(
          createHash('sha256')
            .update(bytes.subarray(start, start + BLOCK_BYTES))
            .digest(),
        )
      }
      const { bytes: counted, sha256s } = digestsOf(bytes)
      expect(counted).toBe(length)
      expect(Buffer.concat(expected).equals(sha256s)).toBe(true)
    },
  )

  test('of nothing are none', () => {
    expect(digestsOf(Buffer.alloc(0))).toMatchObject({ bytes: 0, sha256s: { length: 0 } })
  })

  test('keep nothing of a chunk whose buffer is used again', () => {
    const hasher = createBlockHasher()
    const buffer = Buffer.alloc(1000)
    for (let i = 0; i < 100; i++) hasher.update(buffer.fill(i))
    const bytes = Buffer.concat(Array.from({ length: 100 }, (_, i) => Buffer.alloc(1000, i)))
    expect(hasher.digest()).toEqual(digestsOf(bytes))
  })

  test('are taken once', () => {
    const hasher = createBlockHasher()
    hasher.digest()
    expect(() => hasher.update(Buffer.alloc(1))).toThrow(InvariantError)
    expect(() => hasher.digest()).toThrow(InvariantError)
  })
})

describe('a spooled job is read out', () => {
  test.each([1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES, 5 * BLOCK_BYTES + 17])(
    'whole and in order when nobody changed it: %i bytes',
    async (length) => {
      const bytes = randomBytes(length)
      const read = await readOut(scratch(bytes), digestsOf(bytes))
      expect(read.error).toBeUndefined()
      expect(read.bytes.equals(bytes)).toBe(true)
    },
  )

  const bytes = randomBytes(4 * BLOCK_BYTES + 100)
  const digests = digestsOf(bytes)

  test.each([
    [0, 0],
    [BLOCK_BYTES - 1, 0],
    [BLOCK_BYTES, 1],
    [2 * BLOCK_BYTES + 5000, 2],
    [4 * BLOCK_BYTES, 4],
    [4 * BLOCK_BYTES + 99, 4],
  ])(
    'up to the block with byte %i when that changed, and nothing of that block',
    async (changedAt, block) => {
      const changed = Buffer.from(bytes)
      changed[changedAt]! ^= 1
      const read = await readOut(scratch(changed), digests)
      const end = Math.min(bytes.length, (block + 1) * BLOCK_BYTES) - 1
      expectChanged(read.error, `its bytes ${block * BLOCK_BYTES} to ${end} differ`)
      expect(read.bytes.equals(bytes.subarray(0, block * BLOCK_BYTES))).toBe(true)
    },
  )

  test('not when two blocks were swapped', async () => {
    const [a, b] = [bytes.subarray(0, BLOCK_BYTES), bytes.subarray(BLOCK_BYTES, 2 * BLOCK_BYTES)]
    const path = scratch(Buffer.concat([b, a, bytes.subarray(2 * BLOCK_BYTES)]))
    expect((await readOut(path, digests)).bytes).toHaveLength(0)
  })

  test('not at all when it is longer, shorter, empty, gone, or another kind of file', async () => {
    const size = `its size is no longer ${bytes.length} bytes`
    const path = scratch(bytes)
    appendFileSync(path, 'M104 S300\n')
    const attempts: [() => void, string][] = [
      [() => undefined, size],
      [() => truncateSync(path, bytes.length - 1), size],
      [() => truncateSync(path, 0), size],
      [() => unlinkSync(path), 'it cannot be opened any more (ENOENT)'],
      [() => symlinkSync(scratch(bytes), path), 'it cannot be opened any more (ELOOP)'],
    ]
    for (const [change, how] of attempts) {
      change()
      const read = await readOut(path, digests)
      expectChanged(read.error, how)
      expect(read.bytes).toHaveLength(0)
    }
  })

  test('up to the change when it is changed while it is printed', async () => {
    const path = scratch(bytes)
    const blocks = readVerified(path, digests)
    expect((await blocks.next()).done).toBe(false)
    const writer = openSync(path, 'r+')
    writeSync(writer, 'M104 S300\n', 2 * BLOCK_BYTES + 10)
    closeSync(writer)
    const second = await blocks.next()
    expect(Buffer.from(second.value ?? []).equals(bytes.subarray(BLOCK_BYTES, 2 * BLOCK_BYTES))).toBe(true)
    const error: unknown = await blocks.next().catch((reason: unknown) => reason)
    expectChanged(error, `its bytes ${2 * BLOCK_BYTES} to ${3 * BLOCK_BYTES - 1} differ`)
    expect(await blocks.next()).toEqual({ done: true, value: undefined })
  })

  test.each([
    ['longer', (path: string) => appendFileSync(path, 'M104 S300\n')],
    ['shorter', (path: string) => truncateSync(path, bytes.length - 1)],
  ])('without its last block when it got %s while it was printed', async (_, change) => {
    const path = scratch(bytes)
    const blocks = readVerified(path, digests)
    await blocks.next()
    change(path)
    for (let block = 1; block < 4; block++) expect((await blocks.next()).done).toBe(false)
    const error: unknown = await blocks.next().catch((reason: unknown) => reason)
    expectChanged(error, `its size is no longer ${bytes.length} bytes`)
  })

  test('and closed, also by a print that stops early', async () => {
    const path = scratch(bytes)
    const blocks = readVerified(path, digests)
    await blocks.next()
    expect(descriptorsOf(path)).toHaveLength(1)
    await blocks.return()
    expect(descriptorsOf(path)).toHaveLength(0)
    await readOut(path, digests)
    expect(descriptorsOf(path)).toHaveLength(0)
  })

  test('only with a digest for every block', async () => {
    const path = scratch(bytes)
    const { error } = await readOut(path, { ...digests, sha256s: digests.sha256s.subarray(32) })
    expect(error).toBeInstanceOf(InvariantError)
  })
})
