import { describe, expect, test } from 'vitest'
import { eraseByAge, eraseSubject, erasureWords } from '../agent/erase-subject.ts'
import { readLedger } from '../agent/ledger.ts'
import type { StateFolder } from '../agent/state-folder.ts'
import { verifyLog } from '../agent/verify/index.ts'
import { decisionOf, filesOf, scratchLedger } from './state-scratch.ts'

const DAY_MS = 86_400_000
const FREE = { keepDays: null, mustKeepDays: 0 }

async function toldOf(state: StateFolder): Promise<string> {
  const told: string[] = []
  for await (const { record } of readLedger(state)) told.push(JSON.stringify(record))
  return told.join('\n')
}

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
    const { state, ledger } = await scratchLedger()
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
    const later = await eraseSubject(ledger, privacy, { subject, by: null, nowMs: untilMs + 1 })
    expect(later.record).toMatchObject({ rows: 1, deferredRows: 0, deferredUntil: null })
    expect(await toldOf(state)).not.toContain('Ada')
  })
})

describe('an erasure by age', () => {
  test('happens to what is older than the site keeps, a record a subject', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    await ledger.append({ kind: 'cleared', by: 'Grace Hopper' })
    const privacy = { keepDays: 10, mustKeepDays: 0 }
    expect(await eraseByAge(ledger, privacy, Date.now())).toEqual([])
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
