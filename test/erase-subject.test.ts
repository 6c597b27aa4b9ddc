import { describe, expect, test } from 'vitest'
import { doubtedMs, eraseByAge, eraseSubject, erasureWords } from '../agent/erase-subject.ts'
import { openLedger, readLedger, SITE } from '../agent/ledger.ts'
import type { StateFolder } from '../agent/state-folder.ts'
import { verifyLog } from '../agent/verify/index.ts'
import { decisionOf, filesOf, recordsOf, scratchLedger } from './state-scratch.ts'

const DAY_MS = 86_400_000
const FREE = { keepDays: null, mustKeepDays: 0 }

async function toldOf(state: StateFolder): Promise<string> {
  const told: string[] = []
  for await (const { record } of readLedger(state)) told.push(JSON.stringify(record))
  return told.join('\n')
}

/** A ledger whose clock goes on a day a record when it is told to. */
async function ageingLedger() {
  let days = 0
  const { state, ledger } = await scratchLedger(() => Date.now() + days * DAY_MS)
  const pass = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      days++
      await ledger.append({ kind: 'agent-ended' })
    }
  }
  return { state, ledger, pass }
}

const erasuresOf = async (state: StateFolder): Promise<readonly object[]> =>
  (await recordsOf(state)).filter((record) => 'kind' in record && record.kind === 'erasure')

describe('a clock that is far ahead', () => {
  test('erases nothing by age, whatever it shows, nor what a duty keeps', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    const farMs = Date.UTC(2093, 0)
    expect(await eraseByAge(ledger, { keepDays: 365, mustKeepDays: 0 }, farMs)).toEqual([])
    expect(doubtedMs(ledger, farMs)).toBeGreaterThan(20_000 * DAY_MS)
    expect(doubtedMs(ledger, Date.now())).toBe(0)
    const order = { subject: 'Ada Lovelace', by: null, nowMs: farMs }
    const kept = await eraseSubject(ledger, { keepDays: null, mustKeepDays: 3000 }, order)
    expect(kept.record).toMatchObject({ rows: 0, deferredRows: 1 })
    expect(await toldOf(state)).toContain('Ada Lovelace')
  })

  test('nor do starts under it', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    await ledger.close()
    const farMs = Date.UTC(2093, 0)
    for (let start = 0; start < 3; start++) {
      const again = await openLedger(state, () => farMs + start * 60_000)
      await again.append({ kind: 'agent-started', version: '1', machine: 'm-1' })
      expect(await eraseByAge(again, { keepDays: 365, mustKeepDays: 0 }, farMs + start * 60_000)).toEqual([])
      await again.close()
    }
    expect(await toldOf(state)).toContain('Ada Lovelace')
  })

  test('takes no age for older than a duty lets it be', async () => {
    const { ledger, pass } = await ageingLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    await pass(70)
    const nowMs = Date.now() + 70 * DAY_MS
    expect(await eraseByAge(ledger, { keepDays: 10, mustKeepDays: 100 }, nowMs)).toEqual([])
    expect(await eraseByAge(ledger, { keepDays: 10, mustKeepDays: 0 }, nowMs)).toHaveLength(1)
  })
})

describe('an erasure that nobody lived to record', () => {
  test('is recorded at the next opening, once, and the log is whole', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append(decisionOf('d-1', 'Ada Lovelace', { job: { name: 'bracket.gcode' } }))
    const subject = (await ledger.vault.findSubject('Ada Lovelace')) ?? ''
    // Whatever ends the process between the shredding and the record.
    const killed = ledger.vault.erase(subject, {
      keepFromMs: null,
      record: () => Promise.reject(new Error('killed')),
    })
    await expect(killed).rejects.toThrow('killed')
    await ledger.close()
    expect(await toldOf(state)).not.toContain('Ada')
    expect(await erasuresOf(state)).toEqual([])
    for (let start = 0; start < 2; start++) {
      await (await openLedger(state)).close()
      expect(await erasuresOf(state)).toEqual([
        expect.objectContaining({ subject, rows: 1, deferredRows: 0, by: null }),
      ])
    }
    expect(await verifyLog(state.logDir)).toMatchObject({ ok: true, findings: [] })
  })

  test('by age is recorded too, and takes nothing from one that is put off', async () => {
    const { state, ledger, pass } = await ageingLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    await pass(62)
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    const nowMs = Date.now() + 62 * DAY_MS
    const privacy = { keepDays: null, mustKeepDays: 300 }
    const { record } = await eraseSubject(ledger, privacy, { subject: 'Ada Lovelace', by: null, nowMs })
    expect(record).toMatchObject({ rows: 0, deferredRows: 2 })
    await expect(
      ledger.vault.eraseOlderThan(nowMs - 20 * DAY_MS, () => Promise.reject(new Error('killed'))),
    ).rejects.toThrow('killed')
    await ledger.close()
    await (await openLedger(state)).close()
    expect((await erasuresOf(state)).at(-1)).toMatchObject({
      rows: 1,
      deferredRows: 1,
      deferredUntil: record.deferredUntil,
    })
  })

  test('can be asked for again by its subject', async () => {
    const { ledger } = await scratchLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    const subject = (await ledger.vault.findSubject('Ada Lovelace')) ?? ''
    await ledger.vault.erase(subject, { keepFromMs: null })
    const { record } = await eraseSubject(ledger, FREE, { subject, by: null, nowMs: Date.now() })
    expect(record).toMatchObject({ rows: 1, deferredRows: 0 })
  })
})

describe('who asks for an erasure', () => {
  test.each(['Ada Lovelace', ' Ada Lovelace '])('is not recorded where it is `%s` herself', async (by) => {
    const { state, ledger } = await scratchLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    const order = { subject: 'Ada Lovelace', by, nowMs: Date.now() }
    const { record } = await eraseSubject(ledger, FREE, order)
    expect(record.by).toBeNull()
    expect(await ledger.vault.subjects()).toEqual([])
    expect(await toldOf(state)).not.toContain('Ada')
  })

  test('nor where she names her subject', async () => {
    const { ledger } = await scratchLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    const [{ subject } = { subject: '' }] = await ledger.vault.subjects()
    const { record } = await eraseSubject(ledger, FREE, { subject, by: 'Ada Lovelace', nowMs: Date.now() })
    expect(record.by).toBeNull()
    expect(await ledger.vault.subjects()).toEqual([])
  })
})

describe('an appeal that has no answer yet', () => {
  const ORDER = { by: null, nowMs: Date.now() }
  const appealed = async () => {
    const { ledger, state } = await scratchLedger()
    const { index: decision } = await ledger.append(decisionOf('d-1', 'Ada Lovelace'))
    const { index: appeal } = await ledger.append({
      kind: 'appeal-filed',
      decision,
      by: 'Grace Hopper',
      text: 'it fits',
    })
    return { ledger, state, appeal }
  }

  test.each(['Ada Lovelace', 'Grace Hopper'])('keeps `%s` from being erased', async (subject) => {
    const { ledger, appeal } = await appealed()
    await expect(eraseSubject(ledger, FREE, { ...ORDER, subject })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(`the appeal of record ${appeal} waits for its answer`),
    })
    const forced = await eraseSubject(ledger, FREE, { ...ORDER, subject, isForced: true })
    expect(forced.record.rows).toBe(1)
  })

  test('keeps nobody else, and nobody once it is answered', async () => {
    const { ledger, appeal } = await appealed()
    await ledger.append({ kind: 'cleared', by: 'Bob Kahn' })
    await eraseSubject(ledger, FREE, { ...ORDER, subject: 'Bob Kahn' })
    await ledger.append({ kind: 'appeal-decided', appeal, outcome: 'rejected', by: 'Eve', reason: 'no' })
    const { record } = await eraseSubject(ledger, FREE, { ...ORDER, subject: 'Grace Hopper' })
    expect(record.rows).toBe(1)
  })
})

describe('a name', () => {
  test('of any length is found by the one that it was recorded under', async () => {
    const { state, ledger } = await scratchLedger()
    const long = 'Maximiliane '.repeat(200)
    await ledger.append({ kind: 'cleared', by: long })
    const order = { subject: long, by: null, nowMs: Date.now() }
    expect((await eraseSubject(ledger, FREE, order)).record.rows).toBe(1)
    expect(await toldOf(state)).not.toContain('Maximiliane')
  })

  test('that is blank is nobody, and not the place', async () => {
    const { ledger } = await scratchLedger()
    await ledger.append({ kind: 'printer-lost', port: '/dev/x', reason: 'gone' })
    await ledger.append({ kind: 'cleared', by: ' ' })
    await ledger.append({ kind: 'cleared', by: SITE })
    expect((await ledger.vault.subjects()).map(({ rows }) => rows)).toEqual([1, 1, 1])
    const order = { by: null, nowMs: Date.now() }
    await expect(eraseSubject(ledger, FREE, { ...order, subject: ' ' })).rejects.toMatchObject({
      code: 'USAGE',
    })
  })

  test('of the place itself erases nothing, nor does its subject', async () => {
    const { ledger } = await scratchLedger()
    await ledger.append({ kind: 'printer-lost', port: '/dev/x', reason: 'gone' })
    const [{ subject } = { subject: '' }] = await ledger.vault.subjects()
    for (const asked of [SITE, subject]) {
      const order = { subject: asked, by: null, nowMs: Date.now() }
      await expect(eraseSubject(ledger, FREE, order)).rejects.toThrow(/no person/)
    }
    expect(await ledger.vault.subjects()).toHaveLength(1)
  })
})

describe('an erasure on request', () => {
  test('forgets a person by name, records that, and the log verifies as before', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append(decisionOf('d-1', 'Ada Lovelace', { job: { name: 'bracket.gcode' } }))
    await ledger.append(decisionOf('d-2', 'Grace Hopper', { job: { name: 'hinge.gcode' } }))
    const { record, receipt } = await eraseSubject(ledger, FREE, {
      subject: 'Ada Lovelace',
      by: 'bob',
      nowMs: Date.now(),
    })
    expect(record).toMatchObject({ kind: 'erasure', cause: 'request', rows: 1, deferredRows: 0, by: 'bob' })
    expect(receipt.index).toBe(3)
    await ledger.close()
    const told = await toldOf(state)
    expect(told).not.toContain('Ada')
    expect(told).not.toContain('bracket')
    expect(told).toContain('Grace Hopper')
    for (const [path, bytes] of filesOf(state.path)) {
      expect(bytes.includes('Ada Lovelace'), path).toBe(false)
      expect(bytes.includes('bracket.gcode'), path).toBe(false)
    }
    expect(await verifyLog(state.logDir)).toMatchObject({ ok: true, records: 4, findings: [] })
  })

  test('finds a subject by its id too', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    const [{ subject } = { subject: '' }] = await ledger.vault.subjects()
    const { record } = await eraseSubject(ledger, FREE, { subject, by: null, nowMs: Date.now() })
    expect(record.subject).toBe(subject)
    expect(await toldOf(state)).not.toContain('Ada')
  })

  test('of somebody of whom nothing is known is refused, and nothing is recorded', async () => {
    const { ledger } = await scratchLedger()
    const order = { subject: 'nobody', by: null, nowMs: Date.now() }
    await expect(eraseSubject(ledger, FREE, order)).rejects.toMatchObject({ code: 'USAGE' })
    expect(ledger.log.size).toBe(1)
  })

  test('keeps what a duty keeps, says until when, and is carried out then', async () => {
    const { state, ledger, pass } = await ageingLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    const privacy = { keepDays: null, mustKeepDays: 30 }
    const nowMs = Date.now()
    const { record } = await eraseSubject(ledger, privacy, { subject: 'Ada Lovelace', by: null, nowMs })
    expect(record).toMatchObject({ rows: 0, deferredRows: 1 })
    const untilMs = Date.parse(record.deferredUntil ?? '')
    expect(untilMs).toBeGreaterThan(nowMs + 30 * DAY_MS - 1)
    expect(erasureWords(record)).toContain(`must be kept until ${record.deferredUntil?.slice(0, 10)}`)
    expect(await toldOf(state)).toContain('Ada Lovelace')
    const { subject } = record
    await pass(62)
    const later = await eraseSubject(ledger, privacy, { subject, by: null, nowMs: untilMs + 1 })
    expect(later.record).toMatchObject({ rows: 1, deferredRows: 0, deferredUntil: null })
    expect(await toldOf(state)).not.toContain('Ada')
  })
})

describe('an erasure by age', () => {
  test('happens to what is older than the site keeps, a record a subject', async () => {
    const { state, ledger, pass } = await ageingLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    await ledger.append({ kind: 'cleared', by: 'Grace Hopper' })
    const privacy = { keepDays: 10, mustKeepDays: 0 }
    expect(await eraseByAge(ledger, privacy, Date.now())).toEqual([])
    await pass(45)
    const done = await eraseByAge(ledger, privacy, Date.now() + 45 * DAY_MS)
    expect(done.map(({ record }) => [record.cause, record.rows])).toEqual([
      ['retention', 1],
      ['retention', 1],
    ])
    expect(await toldOf(state)).not.toMatch(/Ada|Grace/)
  })

  test('does not happen where the site keeps for ever', async () => {
    const { ledger } = await scratchLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    expect(await eraseByAge(ledger, FREE, Date.now() + 10_000 * DAY_MS)).toEqual([])
  })
})
