import { describe, expect, onTestFinished, test } from 'vitest'
import { type Ledger, openLedger } from '../agent/ledger.ts'
import type { AuditRecord } from '../agent/log-format/index.ts'
import { SEALING_CLOCK, sealingMs } from '../agent/sealing-clock.ts'
import type { StateFolder } from '../agent/state-folder.ts'
import { decisionOf, scratchState } from './state-scratch.ts'

const DAY_MS = 24 * 60 * 60_000
const NOVEMBER = Date.UTC(2026, 10, 23)
/** What a clock says that was never set. */
const UNSET = 17_000

/** A ledger on a machine whose clock can be set. */
async function ledgerAt(state: StateFolder, nowMs: () => number): Promise<Ledger> {
  const ledger = await openLedger(state, nowMs)
  onTestFinished(() => ledger.close().catch(() => undefined))
  return ledger
}

const monthsOf = async (ledger: Ledger): Promise<readonly string[]> =>
  (await ledger.vault.subjects()).flatMap(({ months }) => months)

const bySomebody = (by: string): AuditRecord => ({ kind: 'cleared', by })

describe('what is sealed while the clock is not set', () => {
  test('belongs to the month of the records before, after a restart and while it runs', async () => {
    const state = await scratchState()
    const first = await ledgerAt(state, () => NOVEMBER)
    await first.append({ kind: 'agent-ended' })
    await first.close()
    let nowMs = UNSET
    const second = await ledgerAt(state, () => nowMs)
    const { at } = await second.append(bySomebody('ada'))
    // The record itself says what the clock said.
    expect(at).toBe('1970-01-01T00:00:17.000Z')
    nowMs = NOVEMBER + 30 * DAY_MS
    await second.append(bySomebody('grace'))
    nowMs = UNSET
    await second.append(decisionOf('d-1', 'lise'))
    expect((await monthsOf(second)).toSorted()).toEqual(['2026-11', '2026-12', '2026-12'])
    expect(await second.vault.eraseOlderThan(NOVEMBER)).toEqual([])
  })

  test('does not take its person’s name along when what is old is erased', async () => {
    const state = await scratchState()
    const first = await ledgerAt(state, () => NOVEMBER)
    await first.append({ kind: 'agent-ended' })
    await first.close()
    const second = await ledgerAt(state, () => UNSET)
    const ada = await second.vault.subjectOf('ada')
    await second.vault.eraseOlderThan(NOVEMBER)
    expect(await second.vault.findSubject('ada')).toBe(ada)
  })

  test('is younger than this program, where nothing else is known', async () => {
    const ledger = await ledgerAt(await scratchState(), () => UNSET)
    await ledger.append(bySomebody('ada'))
    expect(await monthsOf(ledger)).toEqual(['2025-01'])
  })

  test('belongs to the month of the records before, however many it was before', async () => {
    const state = await scratchState()
    const first = await ledgerAt(state, () => NOVEMBER)
    await first.append({ kind: 'agent-ended' })
    await first.close()
    const ended = Array.from({ length: 9000 }, (): AuditRecord => ({ kind: 'agent-ended' }))
    const second = await ledgerAt(state, () => UNSET)
    await Promise.all(ended.map((record) => second.append(record)))
    await second.close()
    // Most of them lie before the latest snapshot, which is all that is read now.
    const third = await ledgerAt(state, () => UNSET)
    await third.append(bySomebody('ada'))
    expect(await monthsOf(third)).toEqual(['2026-11'])
  })
})

describe('a clock that was ahead', () => {
  const stateAfter = (...atMs: readonly number[]): typeof SEALING_CLOCK.empty =>
    atMs.reduce((state, ms, seq) => {
      const at = new Date(ms).toISOString()
      return SEALING_CLOCK.take(state, { kind: 'agent-ended', seq, at }, seq)
    }, SEALING_CLOCK.empty)
  const many = (count: number): number[] => new Array<number>(count).fill(NOVEMBER)
  const AHEAD = Date.UTC(2099, 0)

  test('is forgotten after some thousand records', () => {
    expect(sealingMs(stateAfter(AHEAD), NOVEMBER)).toBe(AHEAD)
    expect(sealingMs(stateAfter(AHEAD, ...many(4096)), NOVEMBER)).toBe(AHEAD)
    expect(sealingMs(stateAfter(AHEAD, ...many(8192)), NOVEMBER)).toBe(NOVEMBER)
    // Whatever their number, those that a clock stamped that was not set do not count.
    expect(sealingMs(stateAfter(NOVEMBER, ...many(20_000).map(() => UNSET)), UNSET)).toBe(NOVEMBER)
  })

  test('is remembered in a snapshot, and nothing that is none is taken for one', () => {
    const state = stateAfter(AHEAD, ...many(5000))
    expect(SEALING_CLOCK.read(JSON.parse(JSON.stringify(state)))).toEqual(state)
    for (const bad of [
      {},
      { ...state, latestMs: UNSET },
      { ...state, beforeMs: Date.UTC(10_000, 0) },
      { ...state, latestMs: `${AHEAD}` },
      { ...state, count: 5000 },
      { ...state, more: 1 },
    ]) {
      expect(SEALING_CLOCK.read(bad)).toBeUndefined()
    }
  })
})
