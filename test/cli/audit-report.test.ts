// Reports of a real state folder, by the commands.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { publishedHead } from '../../agent/audit/index.ts'
import { previewCase, report } from '../../agent/cli/audit-report.ts'
import { openLedger } from '../../agent/ledger.ts'
import type { AuditRecord } from '../../agent/log-format/index.ts'
import { openStateFolder } from '../../agent/state-folder.ts'
import { workshop } from '../report/workshop-year.ts'
import { capture } from './captured.ts'

const captured = capture()
const SECRET = 'Zerlina Quast'

let folder: string
let state: string
/** The indexes of a refusal that was approved as a case, of one that was not, and of what was let print. */
let approved: number
let refused: number
let allowed: number

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-report-'))
  state = join(folder, 'state')
  const made = workshop({ days: 20, jobsADay: 8, secret: SECRET }).items.slice(1)
  const ledger = await openLedger(await openStateFolder(state))
  const indexes = await Promise.all(
    made.map(async ({ record }) => {
      const { seq: _seq, at: _at, sealed: _sealed, ...said } = record
      return (await ledger.append(said as unknown as AuditRecord)).index
    }),
  )
  // The records stand where they stood in the made-up log: they refer to each other by that.
  expect(indexes).toEqual(made.map(({ index }) => index))
  const decisions = made.filter(({ record }) => record.kind === 'decision')
  const withOutcome = (...outcomes: readonly string[]): readonly number[] =>
    decisions.flatMap(({ index, record }) =>
      record.kind === 'decision' && outcomes.includes(record.outcome) ? index : [],
    )
  allowed = withOutcome('allow')[0]!
  const cases = made.flatMap(({ record }) => (record.kind === 'case-approved' ? record.decision : []))
  const refusals = withOutcome('deny').filter((index) => !cases.includes(index))
  approved = refusals[0]!
  refused = refusals[1]!
  await ledger.append({ kind: 'case-approved', decision: approved, by: SECRET })
  const { index: appeal } = await ledger.append({
    kind: 'appeal-filed',
    decision: approved,
    by: SECRET,
    text: SECRET,
  })
  await ledger.append({ kind: 'appeal-decided', appeal, outcome: 'upheld', by: SECRET, reason: SECRET })
  await ledger.close()
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string): string => join(folder, name)

describe('audit report', () => {
  test('covers the latest published head, and says which that is', async () => {
    await report(undefined, { state, json: true })
    const { format, audience, log } = JSON.parse(captured.stdout)
    const head = await publishedHead(join(state, 'log'))
    expect([format, audience]).toEqual(['portcullis-report-1', 'site'])
    expect(log).toEqual({ origin: head.origin, size: head.size, root: head.root.toString('hex') })
  })

  test('is told in sentences on a terminal', async () => {
    await report(undefined, { state })
    expect(captured.stdout).toMatch(/^What the gate decided {2}\d+ \w+ \d{4}/)
    expect(captured.stdout).toMatch(/\d+ jobs were decided: \d+ let print/)
    expect(captured.stdout).toContain('--html FILE')
    expect(captured.stdout).not.toContain(SECRET)
  })

  test('takes a log’s folder as well as a state folder', async () => {
    await report(join(state, 'log'), { json: true })
    const whole = JSON.parse(captured.stdout)
    captured.stdout = ''
    await report(state, { json: true })
    expect(JSON.parse(captured.stdout).decisions).toEqual(whole.decisions)
  })

  test('writes a page and tables, and nothing over what is there', async () => {
    const [html, csv] = [file('report.html'), file('tables')]
    await report(undefined, { state, html, csv })
    expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/)
    expect(statSync(html).mode & 0o777).toBe(0o600)
    const names = readdirSync(csv)
    expect(names).toContain('decisions.csv')
    for (const name of names) expect(captured.stdout).toContain(`written  ${join(csv, name)}`)
    for (const path of [html, ...names.map((name) => join(csv, name))])
      expect(readFileSync(path, 'utf8')).not.toContain(SECRET)
    await expect(report(undefined, { state, html })).rejects.toThrow('exists already')
    await expect(report(undefined, { state, csv })).rejects.toThrow('exists already')
  })

  test('is for a licensor, of one licence', async () => {
    await report(undefined, { state, for: 'licensor', licence: 'drone-arm-7', json: true })
    const { audience, licence, licences } = JSON.parse(captured.stdout)
    expect([audience, licence, licences]).toEqual(['licensor', 'drone-arm-7', undefined])
    await expect(report(undefined, { state, for: 'licensor' })).rejects.toThrow('name it with `--licence`')
  })

  test('for the public tells nothing of a month that is not over', async () => {
    await report(undefined, { state, for: 'public', json: true })
    expect(JSON.parse(captured.stdout)).toMatchObject({ audience: 'public', decisions: [], cases: [] })
    await expect(report(undefined, { state, for: 'public', from: '2026-01-15' })).rejects.toThrow(
      'whole months',
    )
  })

  test('has the deadlines of the gate’s configuration', async () => {
    const config = file('gate.yaml')
    const policy = file('policy.yaml')
    writeFileSync(policy, '')
    writeFileSync(
      config,
      [
        'printer: { port: sim, baud: 115200, dialect: marlin }',
        'host: { link: /tmp/portcullis-report-test }',
        `policy: ${policy}`,
        `state: ${state}`,
        'answers: { holdHours: 5, appealAnswerDays: 3 }',
        '',
      ].join('\n'),
    )
    await report(undefined, { config, json: true })
    expect(JSON.parse(captured.stdout).deadlines).toEqual({ holdHours: 5, appealAnswerDays: 3 })
    captured.stdout = ''
    await report(undefined, { state, json: true })
    expect(JSON.parse(captured.stdout).deadlines).toEqual({ holdHours: 72, appealAnswerDays: 14 })
  })

  test.each([
    [{ for: 'everybody' }, 'a report is for site, licensor, public, not for `everybody`'],
    [{ from: 'yesterday' }, 'date `yesterday` is neither a day'],
    [{ from: '2026-03', to: '2026-02' }, 'ends before it begins'],
    [{ zone: 'Mars/Olympus' }, 'time zone `Mars/Olympus` is not known'],
  ])('refuses %j', async (options, message) => {
    await expect(report(undefined, { state, ...options })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message),
    })
    expect(captured.stdout).toBe('')
  })

  test('is refused where there is no log, and writes nothing', async () => {
    const html = file('none.html')
    await expect(report(file('nowhere'), { html })).rejects.toMatchObject({ code: 'USAGE' })
    expect(existsSync(html)).toBe(false)
  })
})

describe('audit case', () => {
  test('shows what would be told of a refusal, and how to let it be told', async () => {
    await previewCase(String(refused), undefined, { state })
    expect(captured.stdout).toContain('Remedy: ')
    expect(captured.stdout).toContain(`portcullis audit approve-case ${refused}`)
    expect(captured.stdout).not.toContain(SECRET)
  })

  test('tells the appeal, and that it was approved', async () => {
    await previewCase(String(approved), undefined, { state, json: true })
    const { case: told, approvedBy } = JSON.parse(captured.stdout)
    expect(told).toMatchObject({ outcome: 'deny', appeal: 'upheld' })
    expect(Object.keys(told).toSorted()).toEqual([
      'appeal',
      'code',
      'month',
      'outcome',
      'remedy',
      'rule',
      'tier',
      'why',
    ])
    expect(approvedBy).toBeGreaterThan(approved)
    captured.stdout = ''
    await report(undefined, { state, json: true })
    expect(JSON.parse(captured.stdout).cases).toContainEqual(told)
  })

  test('refuses what is no refusal, or no record', async () => {
    for (const index of [String(allowed), '0', '99999999', 'x'])
      await expect(previewCase(index, undefined, { state })).rejects.toMatchObject({ code: 'USAGE' })
  })
})
