import { describe, expect, onTestFinished, test } from 'vitest'
import { type Ledger, openLedger } from '../agent/ledger.ts'
import type { AuditRecord, StoredRecord } from '../agent/log-format/index.ts'
import type { StateFolder } from '../agent/state-folder.ts'
import {
  LEAP_MAX_MS,
  retentionMs,
  sealingMs,
  seenLists,
  seenScreening,
  TRUSTED_TIME,
  timeStanding,
  unseenLists,
} from '../agent/trusted-time.ts'
import { decisionOf, scratchState } from './state-scratch.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const START = Date.UTC(2026, 10, 23)
const FAR = Date.UTC(2093, 0)
/** What a clock says that was never set. */
const UNSET = 17_000

const stamp = (ms: number) => ({ seq: 0, at: new Date(ms).toISOString() })
const at = (ms: number): StoredRecord => ({ kind: 'agent-ended', ...stamp(ms) })
/** By so many witnesses; it covers all records before. */
const witnessed = (...times: readonly number[]): StoredRecord => witnessedAt(START, 1_000_000, ...times)
const witnessedAt = (clockMs: number, size: number, ...times: readonly number[]): StoredRecord => ({
  kind: 'witnessed',
  size,
  root: 'ab'.repeat(32),
  cosigners: times.map((ms, i) => ({ name: `w${i}`, keyId: '00', time: ms / 1000 })),
  ...stamp(clockMs),
})
const LIST = 'https://lists.example.org/1'
const listSeen = (clockMs: number, issuedMs: number, uri = LIST): StoredRecord => ({
  kind: 'list-seen',
  type: 'status-list',
  uri,
  issuedAt: issuedMs / 1000,
  sha256: 'cd'.repeat(32),
  ...stamp(clockMs),
})

function timeAfter(...records: readonly StoredRecord[]): typeof TRUSTED_TIME.empty {
  const time = records.reduce(
    (before, record, index) => TRUSTED_TIME.take(before, record, index),
    TRUSTED_TIME.empty,
  )
  expect(TRUSTED_TIME.read(JSON.parse(JSON.stringify(time)))).toEqual(time)
  return time
}

/** What a licence is held against at the end of these records, while the clock shows this. */
const standing = (clockMs: number, ...records: readonly StoredRecord[]) =>
  timeStanding(timeAfter(...records), clockMs)

describe('the time that licences are held against', () => {
  test('is the clock’s, where nothing speaks against it', () => {
    expect(standing(START)).toEqual({ nowMs: START, signedMs: 0, doubt: 'none' })
    expect(standing(START + 39 * DAY_MS, at(START))).toMatchObject({
      nowMs: START + 39 * DAY_MS,
      doubt: 'none',
    })
    expect(standing(START - 4 * MINUTE_MS, at(START))).toMatchObject({ doubt: 'none' })
  })

  test('does not go back with the clock', () => {
    expect(standing(START - 6 * MINUTE_MS, at(START))).toEqual({
      nowMs: START,
      signedMs: 0,
      doubt: 'set-back',
    })
    const signed = START + 10 * DAY_MS
    expect(standing(START, at(START), listSeen(START, signed))).toEqual({
      nowMs: signed,
      signedMs: signed,
      doubt: 'set-back',
    })
  })

  test.each([0, UNSET, Date.UTC(2024, 11, 31), START - 366 * DAY_MS])(
    'is what is known of it, where the clock was never set: %d',
    (clockMs) => {
      expect(standing(clockMs, at(START), witnessed(START + DAY_MS))).toEqual({
        nowMs: START + DAY_MS,
        signedMs: START + DAY_MS,
        doubt: 'unset',
      })
    },
  )

  test('is no less than the beginning of this program, where nothing is known at all', () => {
    expect(standing(0)).toEqual({ nowMs: Date.UTC(2025, 0), signedMs: 0, doubt: 'unset' })
  })

  test('is doubted where the clock is far ahead, until somebody else or many days confirm it', () => {
    const ahead = START + 41 * DAY_MS
    expect(standing(ahead, at(START))).toEqual({ nowMs: ahead, signedMs: 0, doubt: 'ahead' })
    expect(standing(ahead, at(START), at(ahead))).toMatchObject({ doubt: 'ahead' })
    expect(standing(ahead, at(START), listSeen(ahead, ahead - DAY_MS))).toMatchObject({ doubt: 'none' })
    expect(standing(ahead, at(START), witnessedAt(ahead, 1, ahead))).toMatchObject({ doubt: 'none' })
    const days = Array.from({ length: 41 }, (_, i) => at(ahead + i * DAY_MS))
    expect(standing(ahead + 40 * DAY_MS, at(START), ...days)).toMatchObject({ doubt: 'none' })
  })

  test('is as before where the clock was far ahead and is back', () => {
    expect(standing(START + DAY_MS, at(START), at(FAR), at(FAR + 5))).toEqual({
      nowMs: START + DAY_MS,
      signedMs: 0,
      doubt: 'none',
    })
  })
})

describe('what one key signs that is far ahead of everything', () => {
  const records = [at(START), listSeen(START, FAR)]

  test('moves no date, and puts the clock in doubt', () => {
    expect(standing(START, ...records)).toEqual({ nowMs: START, signedMs: 0, doubt: 'set-back' })
    expect(standing(START, at(START), witnessedAt(START, 1, FAR))).toMatchObject({
      nowMs: START,
      doubt: 'set-back',
    })
  })

  test('cannot be reached in steps that are each small', () => {
    const steps = Array.from({ length: 100 }, (_, i) => listSeen(START, START + i * 39 * DAY_MS))
    expect(standing(START, at(START), ...steps).nowMs).toBe(START + 39 * DAY_MS)
  })

  test('is taken back by a witness who has seen it and says otherwise', () => {
    expect(standing(START, ...records, witnessedAt(START, 2, START))).toEqual({
      nowMs: START,
      signedMs: START,
      doubt: 'none',
    })
    expect(standing(START, ...records, witnessedAt(START, 1, START))).toMatchObject({ doubt: 'set-back' })
    const believed = [at(START), listSeen(FAR, FAR)]
    expect(standing(START, ...believed).nowMs).toBe(FAR)
    expect(standing(START, ...believed, witnessedAt(START, 2, START))).toMatchObject({
      nowMs: START,
      doubt: 'none',
    })
  })

  test('counts when the clock comes to it, and stays when the clock goes back again', () => {
    const signed = START + 60 * DAY_MS
    const pending = [at(START), listSeen(START, signed)]
    expect(standing(START + 20 * DAY_MS, ...pending)).toMatchObject({ nowMs: signed, doubt: 'set-back' })
    expect(standing(signed + DAY_MS, ...pending)).toMatchObject({ signedMs: signed, doubt: 'none' })
    expect(standing(START, ...pending, at(signed))).toMatchObject({ nowMs: signed, doubt: 'set-back' })
  })

  test('counts at once where two witnesses say so, the one that is behind the other', () => {
    const far = START + 300 * DAY_MS
    expect(standing(START, at(START), witnessed(far, FAR))).toMatchObject({
      nowMs: far,
      signedMs: far,
      doubt: 'set-back',
    })
  })

  test('counts where the clock says nothing, until it is set', () => {
    const signed = [listSeen(UNSET, START), listSeen(UNSET, START + 100 * DAY_MS)]
    expect(standing(UNSET, ...signed)).toEqual({
      nowMs: START + 100 * DAY_MS,
      signedMs: START + 100 * DAY_MS,
      doubt: 'unset',
    })
    expect(standing(START + 101 * DAY_MS, ...signed)).toMatchObject({ doubt: 'none' })
  })

  test('may be any number', () => {
    expect(standing(START, at(START), listSeen(START, Number.MAX_SAFE_INTEGER * 1000))).toMatchObject({
      nowMs: START,
      doubt: 'set-back',
    })
  })
})

describe('a witness', () => {
  test('takes back what records say that a clock ahead has stamped', () => {
    const ahead = START + 30 * DAY_MS
    expect(standing(START, at(START), at(ahead))).toMatchObject({ nowMs: ahead, doubt: 'set-back' })
    expect(standing(START, at(START), at(ahead), witnessedAt(START, 2, START))).toMatchObject({
      nowMs: START,
      doubt: 'none',
    })
    // It has not seen the record, so it may well be later.
    expect(standing(START, at(START), at(ahead), witnessedAt(START, 1, START)).nowMs).toBe(ahead)
  })

  test('takes nothing back alone where others say that it is later', () => {
    const later = START + 30 * DAY_MS
    expect(standing(START, at(START), at(later), witnessedAt(START, 2, START, later)).nowMs).toBe(later)
  })

  test('is none where nobody cosigned', () => {
    expect(standing(START, at(START), witnessedAt(START, 1))).toMatchObject({ signedMs: 0, doubt: 'none' })
  })
})

describe('the lists that were seen', () => {
  const seenAfter = (...records: readonly StoredRecord[]) => {
    const time = timeAfter(...records)
    return seenLists(time, timeStanding(time, START))
  }
  const issued = (ms: number) => ({ issuedAtMs: ms, sha256: 'cd'.repeat(32) })

  test('are the latest of each name', () => {
    const other = 'https://lists.example.org/2'
    expect(
      seenAfter(
        listSeen(START, START - DAY_MS),
        listSeen(START, START - 3 * DAY_MS, other),
        listSeen(START, START - 2 * DAY_MS),
      ),
    ).toEqual({ [LIST]: issued(START - DAY_MS), [other]: issued(START - 3 * DAY_MS) })
  })

  test('keep out no genuine one for the sake of one that is far ahead', () => {
    expect(seenAfter(at(START), listSeen(START, START), listSeen(START, FAR))).toEqual({
      [LIST]: issued(START),
    })
    // Seen while nothing was known of the time.
    expect(seenAfter(listSeen(UNSET, FAR))).toEqual({})
    expect(seenAfter(listSeen(UNSET, FAR), at(START), listSeen(START, START))).toEqual({
      [LIST]: issued(START),
    })
  })

  test('are remembered as far as a snapshot can hold them, those that were issued last', () => {
    const uri = (i: number): string => `https://lists.example.org/${'x'.repeat(460)}/${i}`
    const many = Array.from({ length: 70 }, (_, i) => listSeen(START, START - (i + 1) * 1000, uri(i)))
    const time = timeAfter(...many, listSeen(START, START, LIST))
    const kept = Object.keys(time.lists)
    expect(kept).toHaveLength(64)
    expect(kept).toContain(LIST)
    expect(kept).toContain(uri(0))
    expect(JSON.stringify(time).length).toBeLessThan(50_000)
  })

  test('of one issuer drive out none of another, however many there are', () => {
    const flood = Array.from({ length: 200 }, (_, i) =>
      listSeen(START, START - 1000 + i, `https://many.example/${i}`),
    )
    const time = timeAfter(listSeen(START, START - DAY_MS), ...flood)
    expect(Object.keys(time.lists)).toHaveLength(64)
    expect(time.lists).toHaveProperty([LIST])
    expect(time.lists).toHaveProperty(['https://many.example/199'])
    expect(time.lists).not.toHaveProperty(['https://many.example/0'])
  })

  test('of screening are remembered by themselves, and with all of status fit into a snapshot', () => {
    const name = (kind: string, i: number): string => `https://${kind}.example/${'x'.repeat(460)}/${i}`
    const screening = Array.from({ length: 40 }, (_, i): StoredRecord => {
      const record = listSeen(START, START - i * 1000, name('screening', i))
      return { ...record, type: 'screening-list' } as StoredRecord
    })
    const status = Array.from({ length: 70 }, (_, i) => listSeen(START, START - i * 1000, name('status', i)))
    const time = timeAfter(...status, ...screening)
    expect(Object.keys(time.lists)).toHaveLength(64)
    expect(Object.keys(time.screening)).toHaveLength(16)
    expect(JSON.stringify(time).length).toBeLessThan(60_000)
    const standing = timeStanding(time, START)
    expect(Object.keys(seenScreening(time, standing))).toHaveLength(16)
    const list = { uri: name('screening', 0), issuedAtMs: START - 1, sha256: 'ef'.repeat(32) }
    expect(unseenLists([list], seenScreening(time, standing), 'screening-list')).toEqual([])
    expect(
      unseenLists([{ ...list, issuedAtMs: START + 1000 }], time.screening, 'screening-list'),
    ).toMatchObject([{ kind: 'list-seen', type: 'screening-list', uri: list.uri }])
  })

  test('are put on record when they are newer than those of before', () => {
    const list = { uri: LIST, issuedAtMs: START, sha256: 'ef'.repeat(32) }
    const record = {
      kind: 'list-seen',
      type: 'status-list',
      uri: LIST,
      issuedAt: START / 1000,
      sha256: list.sha256,
    }
    expect(unseenLists([list], {})).toEqual([record])
    expect(unseenLists([list], { [LIST]: issued(START - 1000) })).toEqual([record])
    expect(unseenLists([list], { [LIST]: issued(START) })).toEqual([])
    expect(unseenLists([list], { [LIST]: issued(FAR) })).toEqual([])
  })
})

/** What is believed at the end of these records, where the clock shows this. */
function believed(nowMs: number, ...records: readonly StoredRecord[]): number {
  return retentionMs(timeAfter(...records), nowMs)
}

describe('the clock that retention goes by', () => {
  test('is the one of the machine, as long as that goes on from the records', () => {
    expect(believed(START + 39 * DAY_MS, at(START))).toBe(START + 39 * DAY_MS)
    expect(believed(START - DAY_MS, at(START))).toBe(START - DAY_MS)
  })

  test('is never far ahead of the records, whatever the machine shows', () => {
    expect(believed(FAR, at(START))).toBe(START + LEAP_MAX_MS)
  })

  test('does not follow a jump, however often a gate starts and records under it', () => {
    const starts = Array.from({ length: 50 }, (_, i) => at(FAR + i * 1000))
    expect(believed(FAR, at(START), ...starts)).toBe(START + LEAP_MAX_MS)
  })

  test('has forgotten the jump when the clock is back', () => {
    const back = START + DAY_MS
    expect(believed(FAR, at(START), at(FAR), at(back), at(FAR + 39 * DAY_MS), at(FAR))).toBe(
      back + LEAP_MAX_MS,
    )
  })

  test('follows a jump after as many days under it as a jump may be long: a machine that was off for a summer', () => {
    const days = (count: number) => Array.from({ length: count }, (_, i) => at(START + (100 + i) * DAY_MS))
    const nowMs = START + 141 * DAY_MS
    expect(believed(nowMs, at(START), ...days(40))).toBe(START + LEAP_MAX_MS)
    expect(believed(nowMs, at(START), ...days(41))).toBe(nowMs)
  })

  test('does not take two jumps for time that has gone by', () => {
    expect(believed(FAR, at(START), at(START + 100 * DAY_MS), at(START + 200 * DAY_MS))).toBe(
      START + LEAP_MAX_MS,
    )
  })

  test('follows witnesses at once, the one that is behind the others', () => {
    const far = START + 300 * DAY_MS
    expect(believed(far, at(START), witnessed(far, FAR))).toBe(far)
    expect(believed(FAR, at(START), witnessed(far, FAR))).toBe(far + LEAP_MAX_MS)
  })

  test('learns nothing from a clock that was not set', () => {
    expect(believed(START, at(0), at(START), at(5))).toBe(START)
  })

  test('follows no list', () => {
    expect(believed(FAR, at(START), listSeen(START, START + 39 * DAY_MS))).toBe(START + LEAP_MAX_MS)
    expect(believed(FAR, at(START), listSeen(FAR, FAR))).toBe(START + LEAP_MAX_MS)
  })

  test('is no snapshot of another form', () => {
    const { empty } = TRUSTED_TIME
    for (const odd of [
      {},
      { ...empty, believed: { ms: -1, index: 0 } },
      { ...empty, signed: { ms: Date.UTC(10_000, 0), index: 0 } },
      { ...empty, leap: 3 },
      { ...empty, lists: { [LIST]: 3 } },
      { ...empty, more: 1 },
    ])
      expect(TRUSTED_TIME.read(odd)).toBeUndefined()
  })
})

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
    const first = await ledgerAt(state, () => START)
    await first.append({ kind: 'agent-ended' })
    await first.close()
    let nowMs = UNSET
    const second = await ledgerAt(state, () => nowMs)
    const { at } = await second.append(bySomebody('ada'))
    // The record itself says what the clock said.
    expect(at).toBe('1970-01-01T00:00:17.000Z')
    nowMs = START + 30 * DAY_MS
    await second.append(bySomebody('grace'))
    nowMs = UNSET
    await second.append(decisionOf('d-1', 'lise'))
    expect((await monthsOf(second)).toSorted()).toEqual(['2026-11', '2026-12', '2026-12'])
    expect(await second.vault.eraseOlderThan(START)).toEqual([])
  })

  test('does not take its person’s name along when what is old is erased', async () => {
    const state = await scratchState()
    const first = await ledgerAt(state, () => START)
    await first.append({ kind: 'agent-ended' })
    await first.close()
    const second = await ledgerAt(state, () => UNSET)
    const ada = await second.vault.subjectOf('ada')
    await second.vault.eraseOlderThan(START)
    expect(await second.vault.findSubject('ada')).toBe(ada)
  })

  test('is younger than this program, where nothing else is known', async () => {
    const ledger = await ledgerAt(await scratchState(), () => UNSET)
    await ledger.append(bySomebody('ada'))
    expect(await monthsOf(ledger)).toEqual(['2025-01'])
  })

  test('belongs to the month of the records before, however many it was before', async () => {
    const state = await scratchState()
    const first = await ledgerAt(state, () => START)
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

describe('what is sealed', () => {
  test('is sealed under the clock where that is ahead, and under what is believed where it is behind', () => {
    expect(sealingMs(timeAfter(at(START)), START + DAY_MS)).toBe(START + DAY_MS)
    expect(sealingMs(timeAfter(at(START)), START - DAY_MS)).toBe(START)
    expect(sealingMs(timeAfter(at(START), at(FAR)), START)).toBe(START)
    expect(sealingMs(timeAfter(), UNSET)).toBe(Date.UTC(2025, 0))
    expect(sealingMs(timeAfter(), Date.UTC(10_000, 0))).toBe(Date.UTC(10_000, 0) - 1)
  })
})
