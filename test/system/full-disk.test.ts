import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Ended, endProcesses, removeFolders, run } from './command.ts'
import { commitEnds } from './journal.ts'
import { isCold, type Printer, startPrinter } from './printer.ts'
import { logRecords, newSite, type Site, spooled } from './site.ts'

/**
 * A disk that fills up under the log, by a limit on the size of any file the agent writes: the log is the largest,
 * and the system refuses the same bytes that a full disk would refuse.
 */
const JOB = `M104 S200\nG28\nM109 S200\n${Array.from({ length: 50 }, (_, i) => `G1 X${10 + i} Y20 F3000\n`).join('')}`

const ONE_PRINT = ['decision', 'job-opened', 'odometer', 'job-closed']

let site: Site
let printer: Printer

beforeEach(async () => {
  site = await newSite()
  printer = await startPrinter()
})
afterEach(endProcesses)
afterAll(removeFolders)

function print(under: readonly string[] = [], text = JOB): Promise<Ended> {
  const job = site.file('job.gcode', text)
  const args = ['--port', printer.port, '--policy', 'maker-space', '--state', site.state]
  return run(['print', job, ...args], { under })
}

function expectFault({ status, stderr }: Ended): void {
  expect(stderr).toMatch(/^portcullis: log `.*` cannot be written: the file would be larger than .*\n$/)
  expect(stderr).not.toMatch(/^ +at |internal fault/m)
  expect(status).toBe(1)
  expect(spooled(site)).toEqual([])
}

/** How far the log grows in one print more: before it, with its decision, with the job opened, and at its end. */
async function sizesOfOnePrint(): Promise<{ before: number; decided: number; opened: number }> {
  expect((await print()).status).toBe(0)
  expect((await print()).status).toBe(0)
  // The decision, the job opened, its odometer read, and closed: each waits for the one before it.
  const [start = 0, decision = 0, _opened = 0, odometer = 0, end = 0] = commitEnds(site).slice(-5)
  expect((await logRecords(site)).slice(-4).map(({ kind }) => kind)).toEqual(ONE_PRINT)
  return {
    before: end,
    decided: end + decision - start,
    opened: end + odometer - start,
  }
}

describe('a disk that is full under the log', () => {
  test('before the decision: no byte reaches the printer', async () => {
    const { before } = await sizesOfOnePrint()
    const received = printer.receivedBytes()
    expectFault(await print(['prlimit', `--fsize=${before + 100}`]))
    expect(printer.receivedBytes()).toBe(received)
  })

  test('before what may have to be forgotten of the decision: no byte reaches the printer', async () => {
    // Enough for a small job and for the first record, and too little for a row of the side table.
    const { status, stderr } = await print(['prlimit', '--fsize=1100'], 'G28\n')
    expect(stderr).toMatch(
      /^portcullis: [^\n]*vault[^\n]* the file would be larger than this process may write\n$/,
    )
    expect(status).toBe(1)
    expect(printer.receivedBytes()).toBe(0)
    expect((await logRecords(site)).map(({ kind }) => kind)).toEqual(['log-opened'])
    expect((await print()).status).toBe(0)
    expect((await run(['audit', 'verify', '--state', site.state])).status).toBe(0)
  })

  test('before the job is opened: no command of the job reaches the printer', async () => {
    const { decided } = await sizesOfOnePrint()
    const commands = printer.commands().length
    const ended = await print(['prlimit', `--fsize=${decided + 40}`])
    expectFault(ended)
    expect(printer.commands().slice(commands)).not.toContain('M104 S200')
    expect(
      printer
        .commands()
        .slice(commands)
        .filter((command) => /^G/.test(command)),
    ).toEqual([])
    expect(isCold(printer)).toBe(true)
  })

  test('in mid-job: what happened is told, the printer is cold, and the log is whole again after', async () => {
    const { opened } = await sizesOfOnePrint()
    expectFault(await print(['prlimit', `--fsize=${opened + 40}`]))
    expect(isCold(printer)).toBe(true)
    expect((await print()).status).toBe(0)
    expect((await run(['audit', 'verify', '--state', site.state])).status).toBe(0)
    const kinds = (await logRecords(site)).map(({ kind }) => kind)
    expect(kinds.slice(-4)).toEqual(ONE_PRINT)
  })
})
