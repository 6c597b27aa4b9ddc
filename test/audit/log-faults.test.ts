// Every operation of the disk fails: without effect, with half of it, or with all of it.
import { describe, expect, test } from 'vitest'
import {
  expectKept,
  expectSound,
  longDisk,
  RUN_NUMBERS,
  recover,
  run,
  survive,
  tornDisk,
} from './crash-runs.ts'
import { type Crash, MemoryDisk, seeded } from './memory-disk.ts'
import { openOn } from './records.ts'

const EFFECTS = ['absent', 'present', 'half'] as const

/** What an operation can leave half done, or do and yet fail. For any other that is the same as not to do it. */
const CAN_BE: Readonly<Record<(typeof EFFECTS)[number], RegExp>> = {
  absent: /./,
  present: /^(?!read|list)/,
  half: /^(?:write|fdatasync|makeFolder)/,
}

/** Mostly a power cut, each with another part of what was not synced. */
function crashAfter(at: number): Crash {
  return at % 3 === 0 ? { kind: 'process' } : { kind: 'power', seed: at }
}

const [long, torn] = [await longDisk(), await tornDisk()]

const STARTS: readonly (readonly [string, () => MemoryDisk, boolean])[] = [
  ['a new log', () => new MemoryDisk(), false],
  ['a log that comes to the end of a bundle', () => long.clone(), true],
  ['a log that was left with a torn tail', () => torn.clone(), true],
]

/** The operations of a run that meets no fault. */
async function operationsOn(disk: MemoryDisk, begun: boolean): Promise<readonly string[]> {
  disk.arm(undefined)
  expect((await run(disk, 0, !begun)).errors).toEqual([])
  return disk.operations
}

describe.each(STARTS)('on %s', { timeout: 180_000 }, (name, makeDisk, begun) => {
  test.each(EFFECTS)(
    'any one operation that fails, its effect %s, loses no acknowledged record',
    async (effect) => {
      const operations = await operationsOn(makeDisk(), begun)
      // A torn tail makes a difference until it is cut off, and that is told.
      const end = operations.findLastIndex((operation) => operation.startsWith('truncate /log/journal/'))
      const count = end < 0 ? operations.length : end + 12
      let tried = 0
      for (const [at, operation] of operations.slice(0, count).entries()) {
        if (!CAN_BE[effect].test(operation)) continue
        const code = tried % 2 === 0 ? 'ENOSPC' : 'EIO'
        const disk = makeDisk()
        const isReached = await survive(disk, { at, effect, code }, crashAfter(at), begun, tried % 8 === 0)
        expect(isReached, operation).toBe(true)
        tried++
      }
      expect(tried, name).toBeGreaterThan(15)
    },
  )
})

test('every operation of the disk is among those that were made to fail', async () => {
  const operations = await operationsOn(torn.clone(), true)
  const names = new Set(operations.map((operation) => operation.split(' ')[0]))
  const folderOperations = ['makeFolder', 'list', 'rename', 'remove', 'removeFolder', 'fsyncFolder']
  const fileOperations = ['open', 'read', 'write', 'truncate', 'fdatasync', 'dropCache', 'close']
  expect([...names].sort()).toEqual([...folderOperations, ...fileOperations, 'lock', 'release'].sort())
  // A bundle is settled, the next segment is gone over to, and the one before the settled one removed.
  expect(operations).toEqual(
    expect.arrayContaining([
      'rename /log/tile/entries/001.new',
      'write /log/journal/00000000000002',
      'remove /log/journal/00000000000000',
      'rename /log/witnessed.new',
    ]),
  )
})

test('two faults in a row, the second in the recovery from the first, lose no acknowledged record', {
  timeout: 180_000,
}, async () => {
  const random = seeded(4)
  const pick = (count: number): number => Math.floor(random() * count)
  for (let i = 0; i < 100; i++) {
    const disk = long.clone()
    disk.arm({ at: pick(130), effect: EFFECTS[pick(3)]!, code: 'EIO' })
    const first = await run(disk, 0, false)
    disk.crash(crashAfter(i))
    disk.arm({ at: pick(130), effect: EFFECTS[pick(3)]!, code: 'ENOSPC' })
    const second = await run(disk, RUN_NUMBERS, false)
    disk.crash(crashAfter(i + 1))
    const third = await recover(disk, RUN_NUMBERS * 2, false)
    const check = i % 8 === 0 ? expectSound : expectKept
    await check(disk, [first.acknowledged, second.acknowledged, third])
  }
})

test('records that a failed sync lost are not taken for durable when the log is opened again', async () => {
  const syncThatFails = async (ignoresDropCache: boolean): Promise<void> => {
    const operations = await operationsOn(long.clone(), true)
    const at = operations.findLastIndex((operation) => operation.startsWith('fdatasync /log/journal/'))
    const again = long.clone()
    again.ignoresDropCache = ignoresDropCache
    again.arm({ at, effect: 'absent', code: 'EIO' })
    const { acknowledged } = await run(again, 0, false)
    again.crash({ kind: 'process' })
    const later = await run(again, RUN_NUMBERS, false)
    again.crash({ kind: 'power', seed: 1 })
    await expectSound(again, [acknowledged, later.acknowledged])
  }
  await syncThatFails(false)
  // Without the read of what is really there, the log would have a hole: the test can see the difference.
  await expect(syncThatFails(true)).rejects.toThrow()
})

test('a record that counts when the log is opened is durable, though the process that wrote it never synced it', async () => {
  const operations = await operationsOn(long.clone(), true)
  const at = operations.findIndex((operation) => operation.startsWith('write /log/journal/'))
  const killed = long.clone()
  killed.arm({ at, effect: 'present', code: 'EIO' })
  const { acknowledged } = await run(killed, 0, false)
  expect(acknowledged.size).toBe(0)
  killed.crash({ kind: 'process' })
  const { size } = await openOn(killed, { mayBegin: false })
  expect(size).toBe(508)
  killed.crash({ kind: 'power', seed: 0 })
  expect((await openOn(killed, { mayBegin: false })).size).toBe(508)
})
