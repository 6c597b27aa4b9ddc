import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { endProcesses, newFolder, removeFolders, run } from './command.ts'
import { CUBE, newSite, type Site } from './site.ts'

let site: Site
let records: string
let whole: Buffer

/** A site whose log holds three decisions. */
beforeAll(async () => {
  site = await newSite()
  records = join(site.state, 'log', 'records.log')
  for (const word of ['one', 'two', 'three']) {
    const job = site.file(`${word}.gcode`, 'G28\nM104 S300\n')
    const args = ['--port', '/dev/null', '--policy', 'maker-space', '--state', site.state]
    expect((await run(['print', job, ...args])).status).toBe(3)
  }
  whole = readFileSync(records)
})
beforeEach(() => writeFileSync(records, whole))
afterEach(endProcesses)
afterAll(removeFolders)

const audit = (what: 'show' | 'verify', ...more: string[]) =>
  run(['audit', what, '--state', site.state, ...more])

describe('a log that was left alone', () => {
  test('is whole, and shows one record a line', async () => {
    const verified = await audit('verify')
    expect(verified.status).toBe(0)
    expect(verified.stdout).toMatch(/^whole {2}4 records, head [0-9a-f]{64}\n/)
    const shown = await audit('show')
    expect(shown.status).toBe(0)
    expect(shown.stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^ {4}0 {2}\S+Z {2}log portcullis\/[0-9a-f]{32} begins$/),
      expect.stringMatching(/ decision deny for \S*one\.gcode: nozzle target 300 °C is above the limit/),
      expect.stringMatching(/ decision deny for \S*two\.gcode: /),
      expect.stringMatching(/ decision deny for \S*three\.gcode: /),
    ])
  })

  test('is found by its folder too, and as JSON', async () => {
    const { status, stdout } = await run(['audit', 'verify', join(site.state, 'log'), '--json'])
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, records: 4, findings: [] })
  })
})

describe('a log that was altered', () => {
  beforeEach(() => {
    writeFileSync(records, readFileSync(records, 'utf8').replace('two.gcode', 'TWO.gcode'))
  })

  test('does not verify: exit status 6, and the place is named', async () => {
    const { status, stdout } = await audit('verify')
    expect(status).toBe(6)
    expect(stdout).toMatch(/^damaged {2}4 records/)
    expect(stdout).toMatch(/✗ record 2 at byte \d+ does not fit its hash/)
    const json = await audit('verify', '--json')
    expect(json.status).toBe(6)
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, findings: [{ index: 2, severity: 'damage' }] })
  })

  test('is shown up to the damage', async () => {
    const { status, stdout, stderr } = await audit('show')
    expect(status).toBe(6)
    expect(stdout).toContain('one.gcode')
    expect(stdout).not.toContain('TWO.gcode')
    expect(stderr).toMatch(/^portcullis: log `.*` is damaged at record 2, byte \d+: .*\n$/)
  })

  test('lets nothing be printed', async () => {
    const args = ['--port', 'sim', '--policy', 'maker-space', '--state', site.state]
    const { status, stdout, stderr } = await run(['print', CUBE, ...args])
    expect(status).toBe(6)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^portcullis: log `.*` is damaged at record 2, .*\n$/)
  })
})

describe('a log with half a line at its end, as a crash leaves it,', () => {
  beforeEach(() => appendFileSync(records, `${'ab'.repeat(32)} {"kind":"deci`))

  test('is whole, with a notice', async () => {
    const { status, stdout } = await audit('verify')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^whole {2}4 records.*\n {2}! after record 3 there are \d+ bytes of a line/)
  })

  test('is mended by the next print, which records what it cut off', async () => {
    const job = site.file('next.gcode', 'G28\nG1 X10 Y10 F3000\n')
    const args = ['--port', 'sim', '--policy', 'maker-space', '--state', site.state]
    expect((await run(['print', job, ...args])).status).toBe(0)
    expect((await audit('verify', '--json')).status).toBe(0)
    expect((await audit('show')).stdout).toMatch(/cut off \d+ bytes that a crash left at the end/)
  })
})

describe('a log that is not there', () => {
  test('is told in one sentence', async () => {
    const folder = newFolder()
    for (const args of [
      ['audit', 'verify', folder],
      ['audit', 'show', folder],
      ['audit', 'verify', CUBE, '--json'],
      ['audit', 'show', '/nonexistent'],
    ]) {
      const { status, stdout, stderr } = await run(args)
      expect(stderr).toMatch(/^portcullis: there is no log in `.*`\n$/)
      const message = stderr.slice('portcullis: '.length, -1)
      if (args.includes('--json')) expect(JSON.parse(stdout)).toEqual({ error: { code: 'USAGE', message } })
      else expect(stdout).toBe('')
      expect(status).toBe(2)
    }
  })
})
