import { spawnSync } from 'node:child_process'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import {
  closingLines,
  HELLO,
  ODOMETER_QUESTION,
  preambleLines,
} from '../../agent/core/printer/marlin-lines.ts'
import { endProcesses, PORTCULLIS, removeFolders, run, start, until } from './command.ts'
import { isCold, type Printer, startPrinter } from './printer.ts'
import { CUBE, licenceCube, logRecords, newSite, type Site, spooled } from './site.ts'

const PREAMBLE = preambleLines([])

const CLOSING = closingLines([])

afterEach(endProcesses)
afterAll(removeFolders)

/** What the file says, by `read`: the commands of it in order. */
async function canonicalCommands(file: string): Promise<readonly string[]> {
  const { stdout } = await run(['read', file, '--json'])
  const readings = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).canonical)
  return readings.filter((canonical) => canonical !== '')
}

async function expectPrinted(printer: Printer, site: Site): Promise<void> {
  // This printer was not built to count its prints, so it is asked for its odometer once.
  const own = [HELLO, ...PREAMBLE, ODOMETER_QUESTION]
  const expected = [...own, ...(await canonicalCommands(CUBE)), ...CLOSING]
  expect(printer.commands()).toEqual(expected)
  expect(isCold(printer)).toBe(true)
  const records = await logRecords(site)
  const isCopy = (record: object): boolean => 'kind' in record && record.kind === 'copy'
  const copyStates = records.filter(isCopy).map(({ state }) => state)
  if (copyStates.length > 0) expect(copyStates).toEqual(['reserved', 'printing', 'printed'])
  const others = records.filter((record) => !isCopy(record))
  expect(others.map((record) => record['kind'])).toEqual([
    'log-opened',
    'decision',
    'job-opened',
    'odometer',
    'job-closed',
  ])
  expect(others.at(-1)).toMatchObject({ outcome: 'printed', reason: null, commandsSent: 2619 })
  const verified = await run(['audit', 'verify', '--json', '--state', site.state])
  expect(verified.status).toBe(0)
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, records: records.length, findings: [] })
  expect(spooled(site)).toEqual([])
}

describe('a licensed PrusaSlicer job is printed, command by command, and nothing else', () => {
  test('over a virtual serial port', async () => {
    const [site, printer] = await Promise.all([newSite(), startPrinter()])
    const licence = await licenceCube(site)
    const args = ['--port', printer.port, '--policy', 'maker-space.yaml', '--licence', licence]
    const printed = await run(['print', CUBE, ...args, '--state', site.state])
    expect(printed.stderr).toBe('')
    expect(printed.status).toBe(0)
    expect(printed.stdout).toMatch(/^allowed {2}.*cube\.gcode {2}policy maker-space version 1\n/)
    expect(printed.stdout).toMatch(/\nprinted {2}2619 commands in [\d.]+ s\n$/)
    await expectPrinted(printer, site)
  })

  test('over TCP', async () => {
    const [site, printer] = await Promise.all([newSite(), startPrinter({ over: 'tcp' })])
    expect(printer.port).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/)
    const args = ['--port', printer.port, '--policy', 'open-bench']
    const printed = await run(['print', CUBE, ...args, '--state', site.state])
    expect(printed.stderr).toBe('')
    expect(printed.status).toBe(0)
    await expectPrinted(printer, site)
  })

  test('from standard input, with one JSON document about it', async () => {
    const [site, printer] = await Promise.all([newSite(), startPrinter()])
    const licence = await licenceCube(site)
    const args = ['--port', printer.port, '--policy', 'maker-space', '--licence', licence, '--user', 'ada']
    const printed = await run(['print', '-', ...args, '--json', '--state', site.state], {
      stdin: createReadStream(CUBE),
    })
    expect(printed.stderr).toBe('')
    expect(printed.status).toBe(0)
    expect(JSON.parse(printed.stdout)).toMatchObject({
      decision: {
        outcome: 'allow',
        job: { name: 'standard input', bytes: 84_362, commands: 2619 },
        licence: { licensee: 'Riverside Makers', copiesLeft: 3 },
        reasons: [],
        log: { index: 1 },
      },
      print: { outcome: 'printed', reason: null, coldConfirmed: true, commandsSent: 2619 },
    })
    await expectPrinted(printer, site)
  })
})

test('a job that comes in slowly keeps no other print from the log', async () => {
  const [site, printer] = await Promise.all([newSite(), startPrinter()])
  const slow = new PassThrough()
  slow.write('G28\n')
  const args = ['--port', printer.port, '--policy', 'open-bench', '--state', site.state]
  const waiting = start(['print', '-', ...args], { stdin: slow })
  await until(
    'the slow job to be spooled',
    () => existsSync(join(site.state, 'spool')) && spooled(site).length > 0,
  )
  expect((await run(['print', CUBE, ...args])).status).toBe(0)
  slow.end('M84\n')
  const { status, stderr } = await waiting.ended
  expect(stderr).toBe('')
  expect(status).toBe(0)
})

test('a print goes on to its end when nobody hears what it says any more', async () => {
  const [site, printer] = await Promise.all([newSite(), startPrinter()])
  const args = ['print', CUBE, '--port', printer.port, '--policy', 'open-bench', '--state', site.state]
  const command = [process.execPath, PORTCULLIS, ...args].map((word) => `'${word}'`).join(' ')
  const script = `{ ${command}; echo "$?" >'${site.folder}/status'; } 2>&1 | true`
  // The pipe's reader is gone at once, the print is not: its status tells when it has ended.
  spawnSync('sh', ['-c', `${script}; while [ ! -s '${site.folder}/status' ]; do sleep 0.05; done`])
  expect(readFileSync(`${site.folder}/status`, 'utf8')).toBe('0\n')
  await expectPrinted(printer, site)
})
