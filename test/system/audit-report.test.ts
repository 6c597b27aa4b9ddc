import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, endProcesses, removeFolders, run } from './command.ts'
import { writeConfig } from './gate.ts'
import { CUBE, licenceCube, newSite, type Site } from './site.ts'

/** What is made of a log for others: reports in every form. */

let site: Site
const NAMES = /quentin|yvonne|sybil|figurine|too cold/

/** A refusal, an appeal that was upheld and let be told, and a print on a licence. */
beforeAll(async () => {
  site = await newSite()
  const judged = ['--policy', 'maker-space', '--state', site.state]
  const hot = site.file('figurine.gcode', 'G28\nM104 S300\n')
  expect((await run(['print', hot, '--port', '/dev/null', ...judged, '--user', 'quentin'])).status).toBe(3)
  await done('appeal', '1', '--by', 'quentin', '--text', 'it is too cold')
  await done('answer-appeal', '2', '--upheld', '--by', 'sybil', '--reason', 'it is')
  await done('approve-case', '1', '--by', 'sybil')
  const cube = [
    'print',
    CUBE,
    '--port',
    'sim',
    ...judged,
    '--licence',
    await licenceCube(site),
    '--user',
    'yvonne',
  ]
  expect((await run(cube)).status).toBe(0)
})
afterEach(endProcesses)
afterAll(removeFolders)

const audit = (...args: string[]): Promise<Ended> => run(['audit', ...args, '--state', site.state])

async function done(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await audit(...args)
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout
}

describe('the report for the site', () => {
  test('says in sentences what was decided, and tells the cases', async () => {
    const said = await done('report')
    expect(said).toMatch(
      /^What the gate decided {2}\d+ \w+ 20\d\d\n\nDecisions\n {2}2 jobs were decided: 1 let print/,
    )
    expect(said).toContain('Appeals: 1 filed; 1 upheld, 0 rejected, 0 withdrawn, 0 waiting.')
    expect(said).toContain('  - The nozzle was to be hotter than this site allows. Remedy: slice again')
    expect(said).not.toMatch(NAMES)
  })

  test('is one JSON document, tables and a page that needs nothing else', async () => {
    const folder = join(site.folder, 'tables')
    const page = join(site.folder, 'report.html')
    const { stdout } = await audit('report', '--json', '--csv', folder, '--html', page)
    expect(JSON.parse(stdout)).toMatchObject({
      format: 'portcullis-report-1',
      audience: 'site',
      log: { size: 12 },
      appeals: { filed: 1, upheld: 1 },
    })
    const tables = readdirSync(folder)
    expect(tables).toEqual(
      expect.arrayContaining(['decisions.csv', 'reasons.csv', 'cases.csv', 'licences.csv']),
    )
    const decisions = readFileSync(join(folder, 'decisions.csv'), 'utf8')
    expect(decisions).toMatch(/^month,.*\r\n20\d\d-\d\d,open,\S*\r\n20\d\d-\d\d,registered,\S*\r\n$/)
    const html = readFileSync(page, 'utf8')
    expect(html).toMatch(/^<!doctype html>/i)
    expect(html).toContain('<svg')
    expect(html.replaceAll(/http:\/\/www\.w3\.org\/\S+/g, '')).not.toMatch(
      /(?:src|href|action)\s*=\s*["']?\s*https?:|<script|<link|<img|@import|url\(/,
    )
    for (const path of [page, ...tables.map((name) => join(folder, name))]) {
      expect(readFileSync(path, 'utf8')).not.toMatch(NAMES)
      expect(statSync(path).mode & 0o077).toBe(0)
    }
    const again = await audit('report', '--html', page)
    expect(again.stderr).toBe(`portcullis: \`${page}\` exists already; name another file\n`)
    expect(again.status).toBe(2)
  })

  test('has the deadlines of the configuration, and of a part of the time', async () => {
    const config = writeConfig(site, '/dev/null', { answers: { holdHours: 5, appealAnswerDays: 3 } })
    const { stdout } = await run([
      'audit',
      'report',
      '--config',
      config,
      '--from',
      '2999-01',
      '--to',
      '2999-02',
    ])
    expect(stdout).toContain('This site decides a hold within 5 hours and an appeal within 3 days.')
    expect(stdout).toContain('No job was decided in this period.')
  })
})

describe('the report for a licensor', () => {
  test('counts the copies of one licence, and nothing else', async () => {
    const { licence } = JSON.parse(await done('show', '--json', '--kind', 'decision', '--from', '5')).record
    const said = await done('report', '--for', 'licensor', '--licence', licence.id)
    expect(said).toContain(licence.id)
    expect(said).toContain('1 job was decided: 1 let print')
    expect(said).not.toMatch(NAMES)
    expect(said).not.toContain('nozzle')
  })

  test('of a licence that is not in the log says that', async () => {
    const { stderr, status } = await audit('report', '--for', 'licensor', '--licence', 'nowhere')
    expect(stderr).toMatch(/^portcullis: no record of the period names licence `nowhere`; /)
    expect(status).toBe(0)
  })
})

test('the report for the public tells nothing of few', async () => {
  const said = await done('report', '--for', 'public')
  expect(said).toContain('Statistics are published by whole months, once they are over.')
  expect(said).toContain('A count below 10 is not published')
  expect(said).not.toMatch(NAMES)
  expect(said).not.toContain('2 jobs')
})

test.each([
  [['--for', 'licensor'], /^a licensor is told of one licence: name it with `--licence`$/],
  [['--for', 'public', '--from', '2026-01-02'], /^public statistics are of whole months: /],
])('a report with %j is refused in a sentence', async (args, sentence) => {
  const { status, stdout, stderr } = await audit('report', ...args)
  expect(stderr.replace(/^portcullis: (.*)\n$/, '$1')).toMatch(sentence)
  expect(stdout).toBe('')
  expect(status).toBe(2)
})
