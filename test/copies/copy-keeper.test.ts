import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readLog } from '../../agent/audit/index.ts'
import { exportReceipt } from '../../agent/cli/audit-receipt.ts'
import { useOf } from '../../agent/copies/index.ts'
import { COPY_BOOK } from '../../agent/copy-fold.ts'
import type { Admitted } from '../../agent/copy-keeper.ts'
import { type Ledger, openLedger } from '../../agent/ledger.ts'
import type { AuditRecord, StoredRecord } from '../../agent/log-format/index.ts'
import { verifyReceipt } from '../../agent/receipt/index.ts'
import { SNAPSHOT_EVERY } from '../../agent/replay.ts'
import type { StateFolder } from '../../agent/state-folder.ts'
import { recordsOf, scratchLedger } from '../state-scratch.ts'
import { counterOf, licenceFor, orderFor } from './admission-order.ts'
import { ANCHOR, closed, DAY_MS, disarmed, KEY, opened, PARENT, START_MS } from './book.ts'

const TICK: AuditRecord = { kind: 'stream-opened', job: 'other', host: 'printrun' }

function bare(record: StoredRecord): AuditRecord {
  const { seq: _seq, at: _at, ...rest } = record
  return rest as AuditRecord
}

const start = (ledger: Ledger, job: string, decision: number) =>
  ledger.append({ ...bare(opened(job)), decision } as AuditRecord)

/** The records in the log, in a word each. */
async function storyOf({ logDir }: StateFolder): Promise<readonly string[]> {
  const story: string[] = []
  for await (const { record } of readLog(logDir)) {
    if (record.kind === 'copy') story.push(`${record.copy} ${record.state}`)
    else if (record.kind === 'decision') story.push(`${record.id} ${record.outcome}`)
    else story.push(record.kind)
  }
  return story.slice(1)
}

const used = (ledger: Ledger, key = KEY, nowMs = START_MS): number =>
  useOf(ledger.stateOf(COPY_BOOK), key, nowMs)?.used ?? 0

function denialOf({ decision, admission }: Admitted): { readonly code: string; readonly message: string } {
  expect(decision.outcome).toBe('deny')
  expect(admission).toBeUndefined()
  const [{ code, message } = { code: '', message: '' }] = decision.reasons
  return { code, message }
}

describe('a job that asks for a copy', () => {
  test('has it reserved right behind its decision, and is admitted by both', async () => {
    const { state, ledger } = await scratchLedger()
    const admitting = ledger.copies.admit(orderFor('a', licenceFor()))
    // What is handed in meanwhile does not come between.
    const other = ledger.append(TICK)
    const { decision, admission } = await admitting
    await other
    expect(decision.log).toEqual({ origin: ledger.log.origin, index: 1 })
    expect(admission).toEqual({ decision: 1, copy: 2 })
    expect(await storyOf(state)).toEqual(['a allow', 'a reserved', 'stream-opened'])
    expect(used(ledger)).toBe(1)
  })

  test('has on record what it counts in, and the licence with its tier and digest', async () => {
    const { state, ledger } = await scratchLedger()
    const licence = licenceFor({}, counterOf(KEY, 3), counterOf(PARENT, 9))
    await ledger.copies.admit(orderFor('a', licence))
    const [, decided, reserved] = await recordsOf(state)
    expect(decided).toMatchObject({
      tier: 'controlled',
      licence: { id: KEY, sha256: 'cd'.repeat(32) },
    })
    expect(reserved).toMatchObject({
      licence: KEY,
      copy: 'a',
      job: 'a',
      terms: {
        counters: [
          { licence: KEY, limit: 3 },
          { licence: PARENT, limit: 9 },
        ],
        anchor: ANCHOR,
        commitAt: 10,
        onAbort: 'return',
        filamentMm: 100,
      },
      refund: null,
    })
  })

  test('has the key of a sub-licence in decision and copy alike: a receipt tells both', async () => {
    const { state, ledger } = await scratchLedger()
    const key = `${KEY}@${'ef'.repeat(32)}`
    const licence = licenceFor({}, counterOf(key, 3), counterOf(PARENT, 9))
    const { admission } = await ledger.copies.admit(orderFor('a', licence))
    await start(ledger, 'a', admission!.decision)
    await ledger.append(bare(closed('a', 'printed', 100)))
    await ledger.copies.settle('a')
    await ledger.close()
    const [, decided, reserved] = await recordsOf(state)
    expect(decided).toMatchObject({ licence: { id: key } })
    expect(reserved).toMatchObject({ licence: key })
    const out = join(state.path, 'receipt')
    await exportReceipt('a', undefined, { state: state.path, out, json: true })
    const { ok, findings } = verifyReceipt(readFileSync(out, 'utf8'))
    expect({ ok, findings }).toMatchObject({ ok: true, findings: [] })
  })

  test('is not reserved one where it may not begin, or rests on no licence', async () => {
    const { state, ledger } = await scratchLedger()
    for (const outcome of ['deny', 'hold'] as const) {
      const { admission } = await ledger.copies.admit(orderFor(outcome, licenceFor(), { outcome }))
      expect(admission).toBeUndefined()
    }
    const { admission } = await ledger.copies.admit(orderFor('free', undefined, { licence: null }))
    expect(admission).toEqual({ decision: 3, copy: null })
    expect(await storyOf(state)).toEqual(['deny deny', 'hold hold', 'free allow'])
  })

  test('is denied where none is left, in words, and that is what is on record', async () => {
    const { state, ledger } = await scratchLedger()
    const licence = licenceFor({}, counterOf(KEY, 1))
    await ledger.copies.admit(orderFor('a', licence))
    const denied = await ledger.copies.admit(orderFor('b', licence))
    expect(denialOf(denied)).toEqual({
      code: 'licence.copies-used-up',
      message: '1 copy is used, the licence allows 1',
    })
    expect(denied.decision.reasons[0]).toMatchObject({ appeal: 'ask the desk', remedy: expect.any(String) })
    expect(await storyOf(state)).toEqual(['a allow', 'a reserved', 'b deny'])
  })

  test.each([2, 3, 8])('gets the last copy alone, of %i that ask in the same moment', async (jobs) => {
    const { state, ledger } = await scratchLedger()
    const licence = licenceFor({}, counterOf(KEY, 1), counterOf(PARENT, 5))
    const asked = Array.from({ length: jobs }, (_, i) => ledger.copies.admit(orderFor(`j-${i}`, licence)))
    const admitted = await Promise.all(asked)
    expect(admitted.map(({ admission }) => admission !== undefined)).toEqual(
      Array.from({ length: jobs }, (_, i) => i === 0),
    )
    for (const other of admitted.slice(1)) expect(denialOf(other).code).toBe('licence.copies-used-up')
    expect((await storyOf(state)).filter((word) => word.endsWith('reserved'))).toEqual(['j-0 reserved'])
    expect([used(ledger), used(ledger, PARENT)]).toEqual([1, 1])
  })

  test('finds no copy where a parent has none left, whichever licence took it', async () => {
    const { ledger } = await scratchLedger()
    const under = (key: string) => licenceFor({}, counterOf(key, 5), counterOf(PARENT, 2))
    const asked = ['x#1', 'x#2', 'x#3'].map((key, i) => ledger.copies.admit(orderFor(`j-${i}`, under(key))))
    const admitted = await Promise.all(asked)
    expect(admitted.map(({ decision }) => decision.outcome)).toEqual(['allow', 'allow', 'deny'])
    expect(used(ledger, PARENT)).toBe(2)
  })

  test('finds none where those of the day are used, and one on the next', async () => {
    let nowMs = START_MS
    const { ledger } = await scratchLedger(() => nowMs)
    const licence = licenceFor({}, counterOf(KEY, 9, { limitPerDay: 2 }))
    const ask = (job: string) => ledger.copies.admit(orderFor(job, licence))
    const [, , third] = await Promise.all(['a', 'b', 'c'].map(ask))
    expect(denialOf(third!)).toEqual({
      code: 'licence.copies-used-up-today',
      message: '2 of 2 copies a day are used',
    })
    nowMs -= DAY_MS
    expect(denialOf(await ask('d')).code).toBe('licence.copies-used-up-today')
    nowMs += 2 * DAY_MS
    expect((await ask('e')).decision.outcome).toBe('allow')
  })

  test('finds none where its filament is more than is left', async () => {
    const { ledger } = await scratchLedger()
    const ask = (job: string, filamentMm: number) =>
      ledger.copies.admit(
        orderFor(job, licenceFor({ filamentMm }, counterOf(KEY, 9, { filamentMmMax: 250 }))),
      )
    const [, second] = await Promise.all([ask('a', 200), ask('b', 51)])
    expect(denialOf(second!)).toEqual({
      code: 'licence.filament-used-up',
      message: 'with this job 251 mm of filament are used, the licence allows 250 mm',
    })
    expect((await ask('c', 50)).decision.outcome).toBe('allow')
  })

  test('gets the same one when it asks again, and none once that is over', async () => {
    const { state, ledger } = await scratchLedger()
    const licence = licenceFor({}, counterOf(KEY, 1))
    const [first, second] = await Promise.all([1, 2].map(() => ledger.copies.admit(orderFor('a', licence))))
    expect(second?.admission?.copy).toBe(first?.admission?.copy)
    await ledger.copies.settle('a')
    expect(denialOf(await ledger.copies.admit(orderFor('a', licence))).code).toBe('licence.copies-used-up')
    expect(await storyOf(state)).toEqual(['a allow', 'a reserved', 'a allow', 'a returned', 'a deny'])
    expect((await ledger.copies.admit(orderFor('b', licence))).decision.outcome).toBe('allow')
  })

  test('whose decision cannot be recorded gives it back', async () => {
    const { state, ledger } = await scratchLedger()
    // Its document is more than the side table takes.
    const licence = { id: 'lic-1', issuer: 'https://issuer.example', expiresAt: '', copiesLeft: 1 }
    const huge = { claims: { objects: ['half a \ud83d'] }, licence: { ...licence, licensee: 'x' } }
    const order = orderFor('a', licenceFor(), huge)
    const append = ledger.append.bind(ledger)
    ledger.append = (record) =>
      record.kind === 'decision' ? append({ ...record, decision: { bytes: Number.NaN } }) : append(record)
    await expect(ledger.copies.admit(order)).rejects.toMatchObject({ code: 'AUDIT_UNWRITABLE' })
    expect(await storyOf(state)).toEqual(['a reserved', 'a returned'])
    expect(used(ledger)).toBe(0)
  })
})

describe('the copy of a job', () => {
  async function admitted() {
    const { state, ledger } = await scratchLedger()
    const { admission } = await ledger.copies.admit(orderFor('a', licenceFor()))
    return { state, ledger, decision: admission!.decision }
  }
  const tail = async (state: StateFolder) => (await storyOf(state)).slice(2)

  test('is printing once as many commands are sent, which is told once', async () => {
    const { state, ledger, decision } = await admitted()
    await start(ledger, 'a', decision)
    for (const sent of [1, 9, 10, 11, 90]) ledger.copies.progress('a', sent)
    ledger.copies.progress('unknown', 90)
    await ledger.append(TICK)
    expect(await tail(state)).toEqual(['job-opened', 'a printing', 'stream-opened'])
  })

  test.each([
    ['printed', 100, 'printed'],
    ['stopped', 9, 'returned'],
    ['stopped', 10, 'printed'],
    ['uncertain', 50, 'uncertain'],
  ] as const)('is settled as its job ends: %s after %i commands is %s', async (outcome, sent, state) => {
    const { state: folder, ledger, decision } = await admitted()
    await start(ledger, 'a', decision)
    await ledger.append(bare(closed('a', outcome, sent, outcome === 'uncertain' ? 'port-lost' : null)))
    await ledger.copies.settle('a')
    const words = await tail(folder)
    expect(words.at(-1)).toBe(`a ${state}`)
    expect(words.filter((word) => word === `a ${state}`)).toHaveLength(1)
    expect(used(ledger)).toBe(state === 'returned' ? 0 : 1)
  })

  test('comes back when its job is disarmed', async () => {
    const { state, ledger, decision } = await admitted()
    await ledger.append({ kind: 'job-armed', job: 'a', decision })
    await ledger.append(bare(disarmed('a')))
    await ledger.copies.settle('a')
    expect(await tail(state)).toEqual(['job-armed', 'job-disarmed', 'a returned'])
  })

  test.each([
    ['that never began', [], ['a returned']],
    ['that was open', ['job-opened'], ['a uncertain']],
  ] as const)('of a job %s is settled by the next start', async (_, begun, story) => {
    const { state, ledger, decision } = await admitted()
    if (begun.length > 0) await start(ledger, 'a', decision)
    await ledger.close()
    const again = await openLedger(state)
    expect((await tail(state)).slice(begun.length)).toEqual(story)
    expect(used(again)).toBe(story[0] === 'a returned' ? 0 : 1)
    await again.close()
    const third = await openLedger(state)
    expect((await tail(state)).slice(begun.length)).toEqual(story)
    await third.close()
  })

  test('is told by a snapshot, and by the log after it', async () => {
    const { state, ledger, decision } = await admitted()
    await start(ledger, 'a', decision)
    await Promise.all(Array.from({ length: SNAPSHOT_EVERY }, () => ledger.append(TICK)))
    await ledger.append(bare(closed('a', 'printed', 100)))
    await ledger.copies.settle('a')
    const before = ledger.stateOf(COPY_BOOK)
    await ledger.close()
    const again = await openLedger(state)
    expect(again.snapshotOf('copies')?.size).toBeGreaterThan(0)
    expect(again.stateOf(COPY_BOOK)).toEqual(before)
    expect(used(again)).toBe(1)
    await again.close()
  })
})

describe('a refund', () => {
  test('gives one copy back, and one alone of two at a time', async () => {
    const { state, ledger } = await scratchLedger()
    const licence = licenceFor({}, counterOf(KEY, 2))
    for (const job of ['a', 'b']) {
      const { admission } = await ledger.copies.admit(orderFor(job, licence))
      await start(ledger, job, admission!.decision)
      await ledger.append(bare(closed(job, 'printed', 100)))
    }
    const entries = () => readLog(state.logDir, { kinds: ['copy'] })
    const give = (id: string, copy: string) =>
      ledger.copies.giveBack({ id, licence: KEY, copy, anchor: ANCHOR }, entries)
    const given = await Promise.all([give('r-1', 'a'), give('r-1', 'a'), give('r-1', 'b'), give('r-2', 'a')])
    expect(given.map((one) => ('problem' in one ? one.problem : 'given'))).toEqual([
      'given',
      expect.stringContaining('refund `r-1` was used already'),
      expect.stringContaining('refund `r-1` was used already'),
      'copy `a` is returned already',
    ])
    expect(used(ledger)).toBe(1)
    expect((await ledger.copies.admit(orderFor('c', licence))).decision.outcome).toBe('allow')
    expect((await ledger.copies.admit(orderFor('d', licence))).decision.outcome).toBe('deny')
  })
})
