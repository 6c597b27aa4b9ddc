import { describe, expect, test } from 'vitest'
import type { AuditRecord } from '../agent/log-format/index.ts'
import {
  type Fold,
  type FoldedRecord,
  LiveFolds,
  readSnapshots,
  SNAPSHOT_EVERY,
  SnapshotPlan,
} from '../agent/replay.ts'
import { scratchLedger } from './state-scratch.ts'

interface Count {
  readonly hosts: number
  readonly last: number
}

/** How many hosts came, and where the last of them stands. */
const HOSTS: Fold<Count> = {
  name: 'hosts',
  empty: { hosts: 0, last: -1 },
  take: (count, record, index) =>
    record.kind === 'stream-opened' ? { hosts: count.hosts + 1, last: index } : count,
  read: (value) => ('hosts' in value && 'last' in value ? (value as Count) : undefined),
}
/** How many agents ended. */
const ENDS: Fold<{ readonly ends: number }> = {
  name: 'ends',
  empty: { ends: 0 },
  take: ({ ends }, record) => ({ ends: record.kind === 'agent-ended' ? ends + 1 : ends }),
  read: (value) => ('ends' in value ? (value as { ends: number }) : undefined),
}

const CAME: AuditRecord = { kind: 'stream-opened', job: 'j', host: 'printrun' }
const ENDED: AuditRecord = { kind: 'agent-ended' }
const snapshot = (size: number, state: object, fold = 'hosts'): AuditRecord => ({
  kind: 'snapshot',
  fold,
  size,
  state,
})

async function logOf(...records: readonly AuditRecord[]): Promise<string> {
  const { state, ledger } = await scratchLedger()
  await Promise.all(records.map((record) => ledger.append(record)))
  await ledger.close()
  return state.logDir
}

async function replay(dir: string, folds: readonly Fold<object>[] = [HOSTS, ENDS]): Promise<LiveFolds> {
  return await LiveFolds.replay(folds, await readSnapshots(dir), dir)
}
const hostsOf = async (dir: string): Promise<Count> => (await replay(dir)).stateOf(HOSTS)

describe('a replay', () => {
  test('takes every record from the first on', async () => {
    const folds = await replay(await logOf(CAME, ENDED, CAME))
    expect(folds.stateOf(HOSTS)).toEqual({ hosts: 2, last: 3 })
    expect(folds.stateOf(ENDS)).toEqual({ ends: 1 })
    expect(folds.size).toBe(4)
  })

  test('begins with the latest snapshot of its own, and takes what came after that', async () => {
    // The numbers are not those of the records, so that it shows where they come from.
    const dir = await logOf(CAME, snapshot(2, { hosts: 40, last: 1 }), CAME, snapshot(4, {}, 'other'), CAME)
    expect(await hostsOf(dir)).toEqual({ hosts: 42, last: 5 })
  })

  test('gives each fold what came after its own snapshot, and nothing twice', async () => {
    const dir = await logOf(
      CAME,
      ENDED,
      snapshot(3, { hosts: 10, last: 1 }),
      ENDED,
      CAME,
      snapshot(6, { ends: 70 }, 'ends'),
      CAME,
      ENDED,
    )
    const folds = await replay(dir)
    expect(folds.stateOf(HOSTS)).toEqual({ hosts: 12, last: 7 })
    expect(folds.stateOf(ENDS)).toEqual({ ends: 71 })
    expect(folds.size).toBe(9)
  })

  test('also takes what came between the state of a snapshot and its record', async () => {
    expect(await hostsOf(await logOf(CAME, CAME, snapshot(2, { hosts: 10, last: 1 })))).toEqual({
      hosts: 11,
      last: 2,
    })
  })

  test.each([
    ['that another version wrote', snapshot(2, { guests: 1 })],
    ['of more records than came before it', snapshot(9, { hosts: 99, last: 0 })],
  ])('passes over a snapshot %s', async (_which, odd) => {
    expect(await hostsOf(await logOf(CAME, odd, CAME))).toEqual({ hosts: 2, last: 3 })
  })

  test('looks for a snapshot only so far back, and reads the log whole behind that', async () => {
    const planted = snapshot(1, { hosts: 1000, last: 0 })
    const behind = (count: number): AuditRecord[] => Array.from({ length: count }, () => CAME)
    const near = await logOf(planted, ...behind(2 * SNAPSHOT_EVERY))
    expect((await hostsOf(near)).hosts).toBe(1000 + 2 * SNAPSHOT_EVERY)
    const far = await logOf(planted, ...behind(3 * SNAPSHOT_EVERY))
    expect((await hostsOf(far)).hosts).toBe(3 * SNAPSHOT_EVERY)
  })
})

describe('live folds', () => {
  test('come to what a replay comes to', async () => {
    const records: readonly AuditRecord[] = [CAME, ENDED, CAME, CAME]
    const live = await replay(await logOf())
    const stamped = (record: AuditRecord): FoldedRecord => record
    for (const [i, record] of records.entries()) live.take(1 + i, stamped(record))
    const read = await replay(await logOf(...records))
    expect(live.stateOf(HOSTS)).toEqual(read.stateOf(HOSTS))
    expect(live.stateOf(ENDS)).toEqual(read.stateOf(ENDS))
    expect(live.size).toBe(read.size)
  })

  test('take no record twice and pass over none', async () => {
    const live = await replay(await logOf(CAME))
    expect(() => live.take(1, CAME)).toThrow()
    expect(() => live.take(3, CAME)).toThrow()
    live.take(2, CAME)
    expect(live.stateOf(HOSTS)).toEqual({ hosts: 2, last: 2 })
  })
})

describe('a snapshot', () => {
  test('is due so many records after the one before it, and once', () => {
    const plan = new SnapshotPlan()
    let hosts = 5
    plan.keep('hosts', 100, () => ({ hosts }))
    expect(plan.due(100 + SNAPSHOT_EVERY - 1)).toEqual([])
    expect(plan.due(100 + SNAPSHOT_EVERY)).toEqual([snapshot(100 + SNAPSHOT_EVERY, { hosts: 5 })])
    hosts = 6
    expect(plan.due(101 + SNAPSHOT_EVERY)).toEqual([])
    expect(plan.due(101 + 2 * SNAPSHOT_EVERY)).toEqual([snapshot(101 + 2 * SNAPSHOT_EVERY, { hosts: 6 })])
  })

  test('is left out where the state is too long for a record, and asked for again later', () => {
    const plan = new SnapshotPlan()
    let text = 'x'.repeat(60 * 1024)
    plan.keep('long', 0, () => ({ text }))
    plan.keep('short', 0, () => ({}))
    expect(plan.due(SNAPSHOT_EVERY)).toMatchObject([{ fold: 'short' }])
    text = 'x'
    expect(plan.due(SNAPSHOT_EVERY + 1)).toEqual([])
    expect(plan.due(2 * SNAPSHOT_EVERY)).toMatchObject([{ fold: 'long', state: { text } }, { fold: 'short' }])
  })

  test('is due at once for what had none for long', () => {
    const plan = new SnapshotPlan()
    plan.keep('hosts', 0, () => ({}))
    plan.keep('ends', 60_000, () => ({}))
    expect(plan.due(60_001)).toEqual([snapshot(60_001, {})])
  })
})
