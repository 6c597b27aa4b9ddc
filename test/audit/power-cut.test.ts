// The power goes at every operation of a run, and of what was not synced any part is on the disk.
import { expect, test } from 'vitest'
import {
  type Acknowledged,
  expectKept,
  expectSound,
  longDisk,
  RUN_NUMBERS,
  run,
  tornDisk,
} from './crash-runs.ts'
import { MemoryDisk } from './memory-disk.ts'

/** How many ways to lose what was not synced are tried at each operation. */
const SEEDS = 2

interface Moment {
  /** The disk as it was before one operation. */
  readonly disk: MemoryDisk
  readonly acknowledged: Acknowledged
  readonly operation: string
}

/** Every moment of a run at which the power can go. */
async function momentsOf(disk: MemoryDisk, mayBegin: boolean): Promise<readonly Moment[]> {
  const moments: Moment[] = []
  const acknowledged: Acknowledged = new Map()
  disk.beforeEach = () => {
    const operation = disk.operations.at(-1) ?? 'nothing'
    moments.push({ disk: disk.clone(), acknowledged: new Map(acknowledged), operation })
  }
  const { errors } = await run(disk, 0, mayBegin, acknowledged)
  expect(errors).toEqual([])
  return moments
}

const [long, torn] = [await longDisk(), await tornDisk()]

test.each<[string, MemoryDisk, boolean]>([
  ['a new log', new MemoryDisk(), false],
  ['a log that comes to the end of a bundle', long, true],
  ['a log that was left with a torn tail', torn, true],
])(
  '%s keeps every acknowledged record, wherever the power goes',
  { timeout: 60_000 },
  async (_, start, begun) => {
    const moments = await momentsOf(start, !begun)
    expect(moments.length).toBeGreaterThan(60)
    for (const [i, { disk, acknowledged, operation }] of moments.entries()) {
      for (let seed = 0; seed < SEEDS; seed++) {
        const isKept = begun || acknowledged.size > 0
        try {
          const cut = disk.clone()
          cut.crash({ kind: 'power', seed: i * SEEDS + seed })
          // Before the log is opened again it is whole already, for whoever only reads it.
          const look = (i + seed) % 16 === 0 ? expectSound : expectKept
          if (isKept) await look(cut, [acknowledged])
          const later = await run(cut, RUN_NUMBERS, !isKept)
          expect(later.errors).toEqual([])
          cut.crash({ kind: 'power', seed })
          await look(cut, [acknowledged, later.acknowledged])
        } catch (error) {
          throw new Error(`after operation ${i - 1}, ${operation}, seed ${seed}`, { cause: error })
        }
      }
    }
  },
)

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
