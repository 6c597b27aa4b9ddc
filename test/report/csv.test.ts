import { describe, expect, test } from 'vitest'
import { csvFiles, csvText } from '../../agent/report/csv.ts'
import { LogMaker } from './log-maker.ts'
import { licenceReportOf, publicReportOf, siteReportOf } from './reporting.ts'
import { workshop } from './workshop-year.ts'

/** Reads RFC 4180 back, by another way than it was written. */
function parse(text: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  let row: string[] = []
  let rest = text
  while (rest !== '') {
    const [whole, quoted, bare = '', end = ''] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest) ?? []
    if (whole === undefined) throw new Error(`no field at ${JSON.stringify(rest.slice(0, 40))}`)
    row.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'))
    rest = rest.slice(whole.length)
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}

describe('a table as CSV', () => {
  test('comes back as it was, with commas, quotes and line ends', () => {
    const rows = [
      ['a,b', 'say "no"', 'two\r\nlines', '', 'é'],
      ['1', '2', '3', '4', '5'],
    ]
    expect(parse(csvText({ columns: ['v', 'w', 'x', 'y', 'z'], rows }))).toEqual([
      ['v', 'w', 'x', 'y', 'z'],
      ...rows,
    ])
  })

  test('ends each line as RFC 4180 says, the last one too', () => {
    expect(csvText({ columns: ['a', 'b'], rows: [[1, null]] })).toBe('a,b\r\n1,\r\n')
  })

  test('has the plain number of what a page tells in words, with its unit in the heading', () => {
    expect(
      csvText({
        columns: ['what', { name: 'late by', unit: 's' }],
        rows: [['hold', { value: 90, shown: '1.5 min' }]],
      }),
    ).toBe('what,late by (s)\r\nhold,90\r\n')
  })

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])(
    'makes text of %j, which a spreadsheet would run',
    (cell) => {
      expect(parse(csvText({ columns: ['a'], rows: [[cell]] }))[1]).toEqual([`'${cell}`])
    },
  )

  test('leaves alone what begins otherwise', () => {
    expect(parse(csvText({ columns: ['a'], rows: [['a=1']] }))[1]).toEqual(['a=1'])
  })
})

describe('the files of a report', () => {
  test('are one for each table, of as many columns in each line', async () => {
    const log = workshop({ days: 400, jobsADay: 6 })
    for (const report of [
      await siteReportOf(log),
      await licenceReportOf(log, 'drone-arm-7'),
      await publicReportOf(log),
    ]) {
      const files = csvFiles(report)
      expect(files.length).toBeGreaterThan(4)
      expect(new Set(files.map(({ name }) => name)).size).toBe(files.length)
      for (const { name, text } of files) {
        expect(name).toMatch(/^[a-z-]+\.csv$/)
        const [heading, ...rows] = parse(text)
        for (const row of rows) expect(row, name).toHaveLength(heading?.length ?? 0)
      }
    }
  })

  test('guard names that somebody chose for a spreadsheet to run', async () => {
    const log = new LogMaker()
    log.decide({ licence: { id: '=HYPERLINK("https://evil.example","x")' } })
    const file = csvFiles(await siteReportOf(log)).find(({ name }) => name === 'licences.csv')
    expect(parse(file?.text ?? '')[1]?.[0]).toBe(`'=HYPERLINK("https://evil.example","x")`)
  })

  test('have the cases, without those of them that are withheld', async () => {
    const log = new LogMaker()
    log.add({ kind: 'case-approved', decision: log.decide({ outcome: 'deny' }) })
    log.to('2026-02-01T00:00:00.000Z').tick()
    const cases = (files: ReturnType<typeof csvFiles>) =>
      parse(files.find(({ name }) => name === 'cases.csv')?.text ?? '')[1]?.slice(0, 4)
    expect(cases(csvFiles(await siteReportOf(log)))).toEqual(['2026-01', 'open', 'deny', 'feedrate'])
    expect(cases(csvFiles(await publicReportOf(log)))).toEqual(['', '', 'deny', 'feedrate'])
  })
})
