// What a log hides must not come out by a report, whoever opened the log: names, file names, texts and G-code.
import { describe, expect, test } from 'vitest'
import { csvFiles } from '../../agent/report/csv.ts'
import { pageHtml } from '../../agent/report/page/page.ts'
import { type LogItem, LogMaker, reason, subjectOf } from './log-maker.ts'
import { reportOf } from './reporting.ts'
import { workshop } from './workshop-year.ts'

const SECRETS = [
  'Zerlina Quast',
  'zerlina@quast.example',
  'klammer-fuer-hans.gcode',
  'G1 X12.345 Y67.891 E0.4242',
  '192.0.2.77',
] as const

/** A year of a workshop with the secrets in each hidden member, opened. */
function openedLog(): LogMaker {
  const log = workshop({ days: 400, jobsADay: 6, secret: SECRETS.join(' ') })
  const refused = log.decide({
    outcome: 'deny',
    reasons: [reason('feedrate')],
    user: SECRETS[0],
    name: SECRETS[2],
  })
  const hidden = { by: SECRETS[0], reason: SECRETS[3], text: SECRETS[1], note: SECRETS[1] }
  log.add({ kind: 'appeal-filed', decision: refused, ...hidden }, subjectOf(1))
  log.add({
    kind: 'line-refused',
    job: null,
    line: 7,
    code: 'feedrate',
    rule: 'feedrate',
    message: SECRETS[3],
  })
  log.add({ kind: 'host-opened', place: SECRETS[4] })
  log.add({ kind: 'safe-stop', job: null, code: 'x', confirmed: true, reason: SECRETS[2] })
  log.add({ kind: 'case-approved', decision: refused, ...hidden })
  return log
}

const log = openedLog()
const subjects = new Set(log.items.flatMap(({ record }: LogItem) => record.sealed?.subject ?? []))

describe.each(['site', 'licensor', 'public'] as const)('a report for %s', (audience) => {
  const licence = audience === 'licensor' ? 'drone-arm-7' : null
  const told = async (): Promise<readonly string[]> => {
    const report = await reportOf(log, audience, { licence, holdHours: 24, appealAnswerDays: 14 })
    return [JSON.stringify(report), pageHtml(report), ...csvFiles(report).map(({ text }) => text)]
  }

  test('tells no name, no file name, no text and no line of G-code', async () => {
    // The secrets are there to be found.
    for (const secret of SECRETS) expect(JSON.stringify(log.items)).toContain(secret)
    for (const text of await told())
      for (const secret of SECRETS.flatMap((words) =>
        [words, ...words.split(' ')].filter((word) => word.length > 4),
      ))
        expect(text).not.toContain(secret)
  })

  test('tells no subject, no job, no copy and no digest of a file', async () => {
    expect(subjects.size).toBeGreaterThan(50)
    for (const text of await told()) {
      for (const subject of subjects) expect(text).not.toContain(subject.slice(2))
      expect(text).not.toMatch(/\bj-\d+|\bc-\d+\b|\bd-\d+\b/)
    }
  })

  test('is the same of a log whose hidden members were all erased', async () => {
    const erased = new LogMaker()
    erased.items.length = 0
    const open = new Set([...['decision', 'user', 'by', 'reason', 'text', 'note', 'message', 'place']])
    for (const { index, record } of log.items) {
      const entries = Object.entries(record).filter(
        ([name]) => !open.has(name) || (name === 'decision' && record.kind !== 'decision'),
      )
      erased.items.push({ index, record: Object.fromEntries(entries) as unknown as LogItem['record'] })
    }
    erased.atMs = log.atMs
    const wish = { licence, holdHours: 24, appealAnswerDays: 14 }
    expect(await reportOf(erased, audience, wish)).toEqual(await reportOf(log, audience, wish))
  })
})

test('a public report names no machine but that of its log, and no licence', async () => {
  const text = JSON.stringify(await reportOf(log, 'public'))
  for (const licence of [
    'bracket-2026-014',
    'drone-arm-7',
    'prosthetic-hand-R3',
    'gear-set-44',
    'w1',
    'example.org',
  ])
    expect(text).not.toContain(licence)
})
