import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BLOCK_BYTES, createBlockHasher, readVerified } from '../../agent/spool/index.ts'

const SOURCE = randomBytes(6 * BLOCK_BYTES)

/** Cuts `bytes` at the places given, in any order and more than once. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const bounds = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return bounds.slice(1).map((end, i) => bytes.subarray(bounds[i], end))
}

test('any chunking of a job gives the same digests', () => {
  const length = fc.integer({ min: 0, max: SOURCE.length })
  const places = fc.array(fc.nat(SOURCE.length), { maxLength: 30 })
  fc.assert(
    fc.property(length, places, (bytes, cuts) => {
      const job = SOURCE.subarray(0, bytes)
      const [whole, parts] = [createBlockHasher(), createBlockHasher()]
      whole.update(job)
      for (const part of cut(job, cuts)) parts.update(part)
      expect(parts.digest()).toEqual(whole.digest())
    }),
  )
})

test('whatever is changed in a spooled job, what is read out of it is an unchanged beginning', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  const path = join(dir, 'job')
  const change = fc.record({
    at: fc.nat(SOURCE.length - 1),
    removed: fc.nat(100),
    inserted: fc.uint8Array({ maxLength: 100 }),
  })
  const hasher = createBlockHasher()
  hasher.update(SOURCE)
  const digests = hasher.digest()
  try {
    await fc.assert(
      fc.asyncProperty(change, async ({ at, removed, inserted }) => {
        const changed = Buffer.concat([SOURCE.subarray(0, at), inserted, SOURCE.subarray(at + removed)])
        writeFileSync(path, changed)
        const blocks: Buffer[] = []
        let hasFailed = false
        try {
          for await (const block of readVerified(path, digests)) blocks.push(Buffer.from(block))
        } catch {
          hasFailed = true
        }
        const read = Buffer.concat(blocks)
        expect(read.equals(SOURCE.subarray(0, read.length))).toBe(true)
        expect(hasFailed).toBe(!changed.equals(SOURCE))
        if (hasFailed) expect(read.length).toBeLessThanOrEqual(at)
      }),
    )
  } finally {
    rmSync(dir, { recursive: true })
  }
})
