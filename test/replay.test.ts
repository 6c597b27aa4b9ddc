import { describe, expect, test } from 'vitest'
import { logSize } from '../agent/audit/index.ts'
import type { AuditRecord } from '../agent/log-format/index.ts'
import { type Fold, LiveFold, latestSnapshot, replay, SNAPSHOT_EVERY } from '../agent/replay.ts'
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

const CAME: AuditRecord = { kind: 'stream-opened', job: 'j', host: 'printrun' }
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

describe('a replay', () => {
  test('takes every record from the first on', async () => {
    expect(await replay(HOSTS, await logOf(CAME, { kind: 'agent-ended' }, CAME))).toEqual({
      hosts: 2,
      last: 3,
    })
  })

  test('begins with the latest snapshot of its own, and takes what came after that', async () => {
    // The numbers are not those of the records, so that it shows where they come from.
    const dir = await logOf(CAME, snapshot(2, { hosts: 40, last: 1 }), CAME, snapshot(4, {}, 'other'), CAME)
    expect(await replay(HOSTS, dir)).toEqual({ hosts: 42, last: 5 })
  })

  test('also takes what came between the state of a snapshot and its record', async () => {
    expect(await replay(HOSTS, await logOf(CAME, CAME, snapshot(2, { hosts: 10, last: 1 })))).toEqual({
      hosts: 11,
      last: 2,
    })
  })

  test.each([
    ['that another version wrote', snapshot(2, { guests: 1 })],
    ['of more records than came before it', snapshot(9, { hosts: 99, last: 0 })],
  ])('passes over a snapshot %s', async (_which, odd) => {
    expect(await replay(HOSTS, await logOf(CAME, odd, CAME))).toEqual({ hosts: 2, last: 3 })
  })
})

describe('a live fold', () => {
  test('comes to what a replay comes to, and says when a snapshot is due', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append(CAME)
    const live = new LiveFold(HOSTS, await replay(HOSTS, state.logDir), await logSize(state.logDir))
    const due: AuditRecord[] = []
    ledger.listen(({ index, record }) => {
      const one = live.take(index, record)
      if (one !== undefined) due.push(one)
    })
    await Promise.all(Array.from({ length: SNAPSHOT_EVERY + 5 }, () => ledger.append(CAME)))
    expect(due).toEqual([
      snapshot(SNAPSHOT_EVERY + 2, { hosts: SNAPSHOT_EVERY + 1, last: SNAPSHOT_EVERY + 1 }),
    ])
    await ledger.append(due[0]!)
    expect(await latestSnapshot('hosts', state.logDir)).toEqual({
      size: SNAPSHOT_EVERY + 2,
      state: { hosts: SNAPSHOT_EVERY + 1, last: SNAPSHOT_EVERY + 1 },
    })
    expect(await replay(HOSTS, state.logDir)).toEqual(live.state)
  })
})
