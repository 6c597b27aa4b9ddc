import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, endProcesses, newFolder, removeFolders, run } from './command.ts'
import { CUBE, licenceCube, newSite, type Site } from './site.ts'

/**
 * What leaves the machine as evidence, checked on another one: there is nothing there but the files that somebody was
 * given, and the key of the log.
 */

let site: Site
/** What the member and the licensor were given. */
let elsewhere: string
let policy: string
let key: string
let spoken: { denied: string; printed: string }

const here = (name: string): string => join(elsewhere, name)

beforeAll(async () => {
  site = await newSite()
  elsewhere = newFolder()
  const judged = ['--policy', 'maker-space', '--state', site.state]
  const hot = site.file('zebra-figurine.gcode', 'G28\nM104 S300\n')
  expect((await run(['print', hot, '--port', '/dev/null', ...judged, '--user', 'quentin'])).status).toBe(3)
  const licence = await licenceCube(site)
  const cube = ['print', CUBE, '--port', 'sim', ...judged, '--licence', licence, '--user', 'bob']
  expect((await run(cube)).status).toBe(0)
  const told = await given('policy')
  policy = here('log.policy')
  key = /^log (\S+)$/m.exec(told.stdout)?.[1] ?? ''
  renameSync(site.file('log.policy', told.stdout), policy)
  await given('prove', '1', '--out', here('1.tlog-proof'))
  const denied = await given('receipt', '1', '--out', here('denied.json'), '--appeal-days', '14')
  const printed = await given('receipt', '2', '--out', here('printed.json'))
  await given('receipt', '2', '--out', here('named.json'), '--name-operator')
  spoken = { denied: denied.stdout, printed: printed.stdout }
  renameSync(site.state, join(site.folder, 'not here'))
})
afterEach(endProcesses)
afterAll(removeFolders)

async function given(...args: string[]): Promise<Ended> {
  const ended = await run(['audit', ...args, '--state', site.state])
  expect(ended.stderr).toBe('')
  expect(ended.status).toBe(0)
  return ended
}

const there = (...args: string[]): Promise<Ended> => run(['audit', ...args], { cwd: elsewhere })

/** A file with some of its text changed. */
function changed(name: string, change: (text: string) => string): string {
  const path = `changed-${name}`
  renameSync(site.file(path, change(readFileSync(here(name), 'utf8'))), here(path))
  return path
}

/** The policy of somebody else's log. */
async function otherPolicy(): Promise<string> {
  const other = await newSite()
  const hot = other.file('hot.gcode', 'M104 S300\n')
  await run(['print', hot, '--port', '/dev/null', '--policy', 'maker-space', '--state', other.state])
  return other.file('other.policy', (await run(['audit', 'policy', '--state', other.state])).stdout)
}

describe('a proof that a record is in the log', () => {
  test('holds on any machine for who has the key of the log, and says what the record says', async () => {
    const about = `record 1 of portcullis/${site.machineId}/l-`
    for (const trust of [
      ['--policy', policy],
      ['--key', key],
    ]) {
      const { status, stdout } = await there('verify-proof', '1.tlog-proof', ...trust)
      expect(stdout).toContain(`in the log  ${about}`)
      expect(stdout).toContain('Z  decision deny for (hidden) (nozzle-temperature)\n')
      expect(stdout).toContain('  signed by the log; no witness was asked for\n')
      expect(status).toBe(0)
    }
    const { stdout } = await there('verify-proof', '1.tlog-proof', '--policy', policy, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      index: 1,
      record: { kind: 'decision', outcome: 'deny' },
    })
  })

  test('does not hold for another record, another place, or another log', async () => {
    const other = await otherPolicy()
    const record = here('record.json')
    const extra = /^extra (\S+)$/m.exec(readFileSync(here('1.tlog-proof'), 'utf8'))?.[1] ?? ''
    const leaf = Buffer.from(extra, 'base64').toString('utf8')
    renameSync(site.file('record.json', leaf.replace('"deny"', '"warn"')), record)
    const moved = changed('1.tlog-proof', (text) => text.replace('\nindex 1\n', '\nindex 2\n'))
    for (const args of [
      ['1.tlog-proof', '--policy', policy, '--record', record],
      [moved, '--policy', policy],
      ['1.tlog-proof', '--policy', other],
      [CUBE, '--policy', policy],
    ]) {
      const { status, stdout, stderr } = await there('verify-proof', ...args)
      expect(stdout).toMatch(/^does not verify {2}[^\n]+\n$/)
      expect(stderr).toBe('')
      expect(status).toBe(6)
    }
  })

  test('is no proof without a key from elsewhere', async () => {
    const { status, stderr } = await there('verify-proof', '1.tlog-proof')
    expect(stderr).toMatch(
      /^portcullis: whose log it is must be known from elsewhere: give `--policy FILE` or /,
    )
    expect(status).toBe(2)
  })
})

describe('the receipt of a refusal', () => {
  test('tells its reasons and until when to appeal, and verifies on any machine', async () => {
    const { status, stdout } = await there('verify-receipt', 'denied.json', '--policy', policy)
    expect(status).toBe(0)
    const [verdict = '', ...more] = stdout.split('\n\n')
    expect(verdict).toMatch(
      /^verifies {2}assurance software: only the key of the log vouches for it: .*\n {2}log /,
    )
    const said = more.join('\n\n')
    expect(said).toMatch(/^PRINT DENIED\n\n {2}when {6}20\d\d-/)
    expect(said).toContain(
      '  1. line 2: nozzle target 300 °C is above the limit of 260 °C\n     what to do: slice again',
    )
    expect(said).toMatch(/\nappeal by 20\d\d-\d\d-\d\d \(UTC\), naming record 1\n/)
    // It says here what it said when it was made.
    expect(spoken.denied.startsWith(said.trimEnd())).toBe(true)
  })

  test('names nobody and no file', () => {
    const text = readFileSync(here('denied.json'), 'utf8')
    const payload = Buffer.from(JSON.parse(text).payload, 'base64').toString('utf8')
    const evidence = JSON.stringify(JSON.parse(payload), (_, value) =>
      typeof value === 'string' && value.length > 100
        ? Buffer.from(value, 'base64').toString('latin1')
        : value,
    )
    for (const said of [text, payload, evidence]) expect(said).not.toMatch(/quentin|zebra/)
    expect(evidence).toContain('s-')
  })

  test('warns who has no key to compare it with', async () => {
    const { status, stdout } = await there('verify-receipt', 'denied.json')
    expect(stdout).toContain(
      'without --policy the key is the receipt’s own: compare it with that of the machine',
    )
    expect(status).toBe(0)
  })

  test('does not verify once it says something else, or where another log is trusted', async () => {
    const milder = changed('denied.json', (text) => {
      const envelope = JSON.parse(text)
      const said = Buffer.from(envelope.payload, 'base64').toString('utf8').replaceAll('300 °C', '261 °C')
      return JSON.stringify({ ...envelope, payload: Buffer.from(said).toString('base64') })
    })
    const altered = await there('verify-receipt', milder, '--policy', policy)
    expect(altered.stdout).toMatch(
      /^does not verify\n {2}✗ the key of the log did not sign it \(signature\)\n/,
    )
    expect(altered.status).toBe(6)
    const foreign = await there('verify-receipt', 'denied.json', '--policy', await otherPolicy())
    expect(foreign.stdout).toContain(`add \`log ${key}\``)
    expect(foreign.status).toBe(6)
  })
})

describe('the receipt of a print', () => {
  test('is a certificate of the part: licence, machine, material, end and a serial number', async () => {
    const { status, stdout } = await there('verify-receipt', 'printed.json', '--policy', policy)
    expect(status).toBe(0)
    const said = stdout.slice(stdout.indexOf('PRINT CERTIFICATE'))
    expect(said).toMatch(/^PRINT CERTIFICATE {3}part PC-\w{4}-\w{4}-\w{4}-\w\n/)
    for (const line of [
      /^ {2}print {5}printed, 2619 of 2619 commands, begun on 20/m,
      /^ {2}licence {3}\S+ by .*, until 20/m,
      new RegExp(`^  machine   ${site.machineId}$`, 'm'),
      /^ {2}material {2}PLA, as the job claims$/m,
      /^ {2}operator {2}s-[0-9a-f]{16}$/m,
    ])
      expect(said).toMatch(line)
    expect(spoken.printed.startsWith(said.trimEnd())).toBe(true)
  })

  test('names who printed it only where that was asked for', async () => {
    const { stdout } = await there('verify-receipt', 'named.json', '--policy', policy)
    expect(stdout).toMatch(/^ {2}operator {2}bob$/m)
  })

  test('is that of one part', async () => {
    const serial = /part (PC-\S+)/.exec(spoken.printed)?.[1] ?? ''
    const other = 'PC-0000-0000-0000-0'
    const right = await there('verify-receipt', 'printed.json', '--policy', policy, '--serial', serial)
    expect(right.status).toBe(0)
    const wrong = await there(
      'verify-receipt',
      'printed.json',
      '--policy',
      policy,
      '--serial',
      other,
      '--json',
    )
    expect(wrong.status).toBe(6)
    expect(JSON.parse(wrong.stdout)).toMatchObject({ ok: false, isThisPart: false, findings: [] })
  })
})
