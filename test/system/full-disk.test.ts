import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Ended, endProcesses, removeFolders, run } from './command.ts'
import { isCold, type Printer, startPrinter } from './printer.ts'
import { logRecords, newSite, type Site, spooled } from './site.ts'

/**
 * A disk that fills up under the log, by a limit on the size of any file the agent writes: the log is the largest,
 * and the system refuses the same bytes that a full disk would refuse.
 */
const JOB = `M104 S200\nG28\nM109 S200\n${Array.from({ length: 50 }, (_, i) => `G1 X${10 + i} Y20 F3000\n`).join('')}`

let site: Site
let printer: Printer

beforeEach(async () => {
  site = await newSite()
  printer = await startPrinter()
})
afterEach(endProcesses)
afterAll(removeFolders)

const logBytes = (): number => statSync(join(site.state, 'log', 'records.log')).size

function print(under: readonly string[] = []): Promise<Ended> {
  const job = site.file('job.gcode', JOB)
  const args = ['--port', printer.port, '--policy', 'maker-space', '--state', site.state]
  return run(['print', job, ...args], { under })
}

function expectFault({ status, stderr }: Ended): void {
  expect(stderr).toMatch(/^portcullis: log `.*` cannot be written: the file would be larger than .*\n$/)
  expect(stderr).not.toMatch(/^ +at |internal fault/m)
  expect(status).toBe(1)
  expect(spooled(site)).toEqual([])
}

/** How the log grows in one print: before it, with its decision, with the job opened, and at its end. */
async function sizesOfOnePrint(): Promise<{ before: number; decided: number; opened: number }> {
  const first = await print()
  expect(first.status).toBe(0)
  const before = logBytes()
  expect((await print()).status).toBe(0)
  const { stdout } = await run(['audit', 'show', '--json', '--state', site.state])
  // The job is opened, its odometer read, and it is closed.
  const lengths = stdout.trimEnd().split('\n').slice(-3)
  expect(lengths).toHaveLength(3)
  const [openedBytes = 0, odometerBytes = 0, closedBytes = 0] = lengths.map((line) =>
    Buffer.byteLength(JSON.stringify(JSON.parse(line).record)),
  )
  const after = logBytes()
  return {
    before: after,
    decided: after - before - closedBytes - odometerBytes - openedBytes,
    opened: after - before - closedBytes,
  }
}

describe('a disk that is full under the log', () => {
  test('before the decision: no byte reaches the printer', async () => {
    await sizesOfOnePrint()
    const received = printer.receivedBytes()
    const full = logBytes() + 100
    expectFault(await print(['prlimit', `--fsize=${full}`]))
    expect(printer.receivedBytes()).toBe(received)
  })

  test('before the job is opened: no command of the job reaches the printer', async () => {
    const { before, decided } = await sizesOfOnePrint()
    const commands = printer.commands().length
    const ended = await print(['prlimit', `--fsize=${before + decided + 40}`])
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
    const { before, opened } = await sizesOfOnePrint()
    expectFault(await print(['prlimit', `--fsize=${before + opened + 40}`]))
    expect(isCold(printer)).toBe(true)
    expect((await print()).status).toBe(0)
    expect((await run(['audit', 'verify', '--state', site.state])).status).toBe(0)
    const kinds = (await logRecords(site)).map(({ kind }) => kind)
    expect(kinds.slice(-4)).toEqual(['decision', 'job-opened', 'odometer', 'job-closed'])
  })
})
