// What `audit show` and `audit tail` list of a real log, and what they say of what nobody can ask for.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { record, type ShowOptions, show, tail } from '../../agent/cli/audit.ts'
import { openLedger } from '../../agent/ledger.ts'
import { openStateFolder } from '../../agent/state-folder.ts'
import { decisionOf } from '../state-scratch.ts'
import { capture } from './captured.ts'

const captured = capture()
const HOUR_MS = 3_600_000
const BEGIN_MS = Date.parse('2026-11-22T08:00:00Z')

let folder: string

/** 600 records an hour apart: decisions at first, then a lot of pauses, and one decision before the last three. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-show-'))
  const state = await openStateFolder(folder)
  let nowMs = BEGIN_MS
  const ledger = await openLedger(state, () => nowMs)
  for (let index = 1; index < 600; index++) {
    nowMs = BEGIN_MS + index * HOUR_MS
    const job = `job-${index}`
    if (index <= 20 || index === 596) await ledger.append(decisionOf(job, `member ${index}`))
    else await ledger.append({ kind: 'interlude', job: `job-${index % 3}`, commandsSent: index })
  }
  await ledger.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The numbers of the records that were listed. */
async function listed(work: typeof show, options: ShowOptions = {}): Promise<readonly number[]> {
  captured.stdout = ''
  await work(folder, options)
  return captured.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number.parseInt(line, 10))
}

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('audit show', () => {
  test('lists every record, or those from one on', async () => {
    expect(await listed(show)).toEqual(range(0, 599))
    expect(await listed(show, { from: '300' })).toEqual(range(300, 599))
    expect(await listed(show, { from: '600' })).toEqual([])
  })

  test('lists kinds, jobs and times, each and together', async () => {
    expect(await listed(show, { kind: ['decision'] })).toEqual([...range(1, 20), 596])
    expect(await listed(show, { kind: ['decision', 'log-opened'], from: '1' })).toEqual([
      ...range(1, 20),
      596,
    ])
    expect(await listed(show, { job: 'job-59' })).toEqual([596])
    expect(await listed(show, { job: 'job-1', kind: ['interlude'] })).toEqual(
      range(21, 599).filter((index) => index % 3 === 1 && index !== 596),
    )
    expect(await listed(show, { since: '2026-12-17' })).toEqual(range(592, 599))
    expect(await listed(show, { since: '2026-12-17T05:00:00Z' })).toEqual(range(597, 599))
    expect(await listed(show, { since: '2026-12-17T06:00+01:00', kind: ['interlude'] })).toEqual(
      range(597, 599),
    )
  })

  test('as JSON writes one object a record', async () => {
    await show(folder, { kind: ['decision'], from: '20', json: true })
    const [first, second, ...more] = captured.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(first).toMatchObject({ index: 20, record: { kind: 'decision', id: 'job-20', user: 'member 20' } })
    expect(second).toMatchObject({ index: 596 })
    expect(more).toEqual([])
  })

  test.each([
    [{ kind: ['decision', 'decisions'] }, /^`decisions` is no kind of record; the kinds are log-opened, /],
    [{ since: 'yesterday' }, /^`--since yesterday` is no time; write 2026-11-22 or 2026-11-22T20:00:00Z$/],
    [{ since: '2026-11-22T20:00' }, /^`--since 2026-11-22T20:00` is no time/],
    [{ since: '2026-13-22' }, /is no time/],
    [{ since: '5' }, /is no time/],
    [{ from: '-1' }, /^`-1` is not the number of a record$/],
    [{ from: '1e3' }, /^`1e3` is not the number of a record$/],
  ])('refuses %o in a sentence', async (options, message) => {
    for (const work of [show, tail])
      await expect(work(folder, options)).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringMatching(message),
      })
    expect(captured.stdout).toBe('')
  })
})

describe('audit tail', () => {
  test('lists the last ten', async () => {
    expect(await listed(tail)).toEqual(range(590, 599))
    expect(await listed(tail, { from: '585' })).toEqual(range(585, 599))
  })

  test('lists the last ten of those that are wanted, however far back', async () => {
    expect(await listed(tail, { kind: ['decision'] })).toEqual([...range(12, 20), 596])
    expect(await listed(tail, { job: 'job-2' })).toEqual(
      range(21, 599)
        .filter((index) => index % 3 === 2 && index !== 596)
        .slice(-10),
    )
    expect(await listed(tail, { kind: ['log-opened'] })).toEqual([0])
    expect(await listed(tail, { kind: ['cleared'] })).toEqual([])
  })
})

describe('audit record', () => {
  test('writes the bytes of a record, with nothing behind them', async () => {
    await record('596', folder, {})
    expect(JSON.parse(captured.stdout)).toMatchObject({ seq: 596, kind: 'decision' })
    expect(captured.stdout.at(-1)).toBe('}')
    expect(captured.stdout).not.toContain('member')
  })

  test.each([
    ['600', /^there is no record 600 in log `.*`$/],
    ['last', /^`last` is not the number of a record$/],
  ])('knows no record %s', async (index, message) => {
    await expect(record(index, folder, {})).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(message),
    })
  })
})
