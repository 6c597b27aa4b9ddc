// The power goes at every operation of a run, and of what was not synced any part is on the disk.
import { expect, test } from 'vitest'
import type { DiskFile } from '../../agent/audit/index.ts'
import {
  type Acknowledged,
  expectKept,
  expectSound,
  longDisk,
  RUN_NUMBERS,
  recover,
  run,
  tornDisk,
} from './crash-runs.ts'
import { MemoryDisk, seeded } from './memory-disk.ts'
import { appendNumbers, openOn } from './records.ts'

/** How many ways to lose what was not synced are tried at each operation. */
const SEEDS = 2

interface Moment {
  /** The disk as it was before one operation. */
  readonly disk: MemoryDisk
  readonly acknowledged: Acknowledged
  readonly operation: string
}

/** Every moment of a run at which the power can go. */
async function momentsOf(disk: MemoryDisk, mayBegin: boolean, firstNumber = 0): Promise<readonly Moment[]> {
  const moments: Moment[] = []
  const acknowledged: Acknowledged = new Map()
  disk.beforeEach = () => {
    const operation = disk.operations.at(-1) ?? 'nothing'
    moments.push({ disk: disk.clone(), acknowledged: new Map(acknowledged), operation })
  }
  const { errors } = await run(disk, firstNumber, mayBegin, acknowledged)
  expect(errors).toEqual([])
  return moments
}

const [long, torn] = [await longDisk(), await tornDisk()]

test.each<[string, MemoryDisk, boolean]>([
  ['a new log', new MemoryDisk(), false],
  ['a log that comes to the end of a bundle', long.clone(), true],
  ['a log that was left with a torn tail', torn.clone(), true],
])(
  '%s keeps every acknowledged record, wherever the power goes',
  { timeout: 180_000 },
  async (_, start, begun) => {
    const all = await momentsOf(start, !begun)
    // A torn tail makes a difference until it is cut off, and that is told.
    const cutOff = all.findLastIndex(({ operation }) => operation.startsWith('truncate /log/journal/'))
    const moments = cutOff < 0 ? all : all.slice(0, cutOff + 12)
    expect(moments.length).toBeGreaterThan(50)
    for (const [i, { disk, acknowledged, operation }] of moments.entries()) {
      for (let seed = 0; seed < SEEDS; seed++) {
        const isKept = begun || acknowledged.size > 0
        try {
          const cut = disk.clone()
          cut.crash({ kind: 'power', seed: i * SEEDS + seed })
          // Before the log is opened again it is whole already, for whoever only reads it.
          const look = (i + seed) % 16 === 0 ? expectSound : expectKept
          if (isKept) await look(cut, [acknowledged])
          const later = await recover(cut, RUN_NUMBERS, !isKept)
          cut.crash({ kind: 'power', seed })
          await look(cut, [acknowledged, later])
        } catch (error) {
          throw new Error(`after operation ${i - 1}, ${operation}, seed ${seed}`, { cause: error })
        }
      }
    }
  },
)

test('and so it does where the power goes again in the recovery', { timeout: 180_000 }, async () => {
  const random = seeded(9)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  const moments = await momentsOf(long.clone(), false)
  for (let i = 0; i < 20; i++) {
    const first = pick(moments)
    const cut = first.disk.clone()
    cut.crash({ kind: 'power', seed: i })
    const again = await momentsOf(cut, false, RUN_NUMBERS)
    for (let j = 0; j < 4; j++) {
      const second = pick(again)
      const twice = second.disk.clone()
      twice.crash({ kind: 'power', seed: i + j })
      const later = await recover(twice, RUN_NUMBERS * 2, false)
      await expectKept(twice, [first.acknowledged, second.acknowledged, later])
    }
  }
})

test('segments that are removed one soon after the other leave no gap, whichever of the removals is lost', async () => {
  const disk = new MemoryDisk()
  const inner = disk.boot()
  let letGo = (): void => undefined
  const stalled = new Promise<void>((resolve) => {
    letGo = resolve
  })
  // The tiles of four bundles wait for each other, and their segments are removed together.
  const open = async (path: string): Promise<DiskFile> => {
    if (path.includes('/tile/entries/') && path.endsWith('.new')) await stalled
    return await inner.open(path)
  }
  const log = await openOn(disk, { disk: { ...inner, open } })
  const receipts = await appendNumbers(log, 0, 256 * 4 + 10)
  expect([...disk.filesBelow('/log/journal').keys()].length).toBeGreaterThan(4)
  letGo()
  const moments: MemoryDisk[] = []
  disk.beforeEach = () => void moments.push(disk.clone())
  await log.publish()
  expect(disk.operations.filter((operation) => operation.startsWith('remove /log/journal/'))).toHaveLength(3)
  for (const [seed, moment] of moments.entries()) {
    moment.crash({ kind: 'power', seed })
    const again = await openOn(moment, { mayBegin: false })
    expect(again.size).toBe(receipts.length + 1)
  }
})

test('a power cut takes what was not synced: else the disk would prove nothing', async () => {
  const moments = await momentsOf(long.clone(), false)
  const left = moments.map(({ disk }, seed) => {
    const cut = disk.clone()
    cut.crash({ kind: 'power', seed })
    return cut.filesBelow('/log')
  })
  const visible = moments.map(({ disk }) => disk.filesBelow('/log'))
  const bytes = (files: Map<string, Buffer>): number =>
    [...files.values()].reduce((sum, { length }) => sum + length, 0)
  expect(left.some((files, i) => files.size < visible[i]!.size)).toBe(true)
  expect(left.some((files, i) => files.size > visible[i]!.size)).toBe(true)
  expect(left.some((files, i) => bytes(files) < bytes(visible[i]!))).toBe(true)
})
