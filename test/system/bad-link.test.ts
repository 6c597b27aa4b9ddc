import { afterAll, describe, expect, test } from 'vitest'
import { endProcesses, newFolder, removeFolders, run } from './command.ts'
import { holdPort, isCold, type Printer, startPrinter } from './printer.ts'
import { CUBE, logRecords, newSite, type Site, spooled } from './site.ts'

// These tests mostly wait, so they wait together: each has its own site and its own printer.
afterAll(async () => {
  await endProcesses()
  removeFolders()
})

interface Failed {
  readonly stderr: string
  readonly records: readonly Record<string, unknown>[]
}

/** Prints the job and expects that it ends in one sentence with status 5. */
async function expectLinkFailed(port: string): Promise<Failed> {
  const site = await newSite()
  const { status, stderr } = await run(printArgs(site, port))
  expect(stderr).toMatch(/^portcullis: .+\n$/)
  expect(stderr).not.toMatch(/^ +at |internal fault/m)
  expect(status).toBe(5)
  const verified = await run(['audit', 'verify', '--state', site.state])
  expect(verified.status).toBe(0)
  expect(spooled(site)).toEqual([])
  return { stderr, records: await logRecords(site) }
}

const printArgs = (site: Site, port: string, job = CUBE): readonly string[] => [
  'print',
  job,
  '--port',
  port,
  '--policy',
  'maker-space',
  '--state',
  site.state,
]

describe.concurrent('a port that cannot be had', () => {
  test('because it does not exist is told in one sentence', async () => {
    const { stderr } = await expectLinkFailed('/dev/ttyNOTHING')
    expect(stderr).toBe('portcullis: port `/dev/ttyNOTHING` does not exist\n')
  })

  test('because nothing listens there is told in one sentence', async () => {
    const { stderr } = await expectLinkFailed('tcp://127.0.0.1:1')
    expect(stderr).toBe('portcullis: nothing listens at port `tcp://127.0.0.1:1`\n')
  })

  test('because it is no serial device is told in one sentence', async () => {
    expect((await expectLinkFailed(CUBE)).stderr).toContain('is a regular file, not a serial device')
    expect((await expectLinkFailed('/dev/null')).stderr).toContain('is not a serial device')
    expect((await expectLinkFailed(newFolder())).stderr).toContain('is a directory, not a serial device')
  })

  test('because another program holds it is told in one sentence, and the printer gets nothing', async () => {
    const printer = await startPrinter()
    const holder = await holdPort(printer.port)
    try {
      const { stderr } = await expectLinkFailed(printer.port)
      expect(stderr).toMatch(/^portcullis: port `.*` is in use by another program/)
      expect(printer.commands()).toEqual([])
    } finally {
      process.kill(-(holder.pid ?? 0), 'SIGKILL')
    }
  })
})

/** The last records of a job that was stopped: why, as a code that can be counted and in words. */
function expectStopped(
  records: readonly Record<string, unknown>[],
  code: string,
  words: RegExp,
  outcome = 'stopped',
): void {
  const [stop, closed] = records.slice(-2)
  const why = { code, reason: expect.stringMatching(words) }
  expect(stop).toMatchObject({ kind: 'safe-stop', ...why })
  expect(closed).toMatchObject({ kind: 'job-closed', outcome, ...why })
}

/** No command of the job ran after the one at which the fault struck, but for what was in the printer already. */
function expectNothingMore(printer: Printer, after: number): void {
  const own = /^(M108|M10[45]|M14[01]|M107|M112|M110)/
  const job = printer.commands().slice(after + 12)
  expect(job.filter((command) => !own.test(command))).toEqual([])
}

describe.concurrent('a printer that fails in mid-job', () => {
  test('by being unplugged ends the job as uncertain', async () => {
    const printer = await startPrinter({ faults: ['unplug-after=500'] })
    const { stderr, records } = await expectLinkFailed(printer.port)
    expect(stderr).toMatch(/was lost: .*; the printer did not confirm that its heaters are off\n$/)
    expectStopped(records, 'port-lost', / was lost: /, 'uncertain')
    expect((await printer.command.ended).status).toBe(0)
  })

  test('by hanging up over TCP ends the job as uncertain', async () => {
    const printer = await startPrinter({ over: 'tcp', faults: ['unplug-after=500'] })
    const { stderr, records } = await expectLinkFailed(printer.port)
    expect(stderr).toContain('was lost: ')
    expectStopped(records, 'port-lost', / was lost: /, 'uncertain')
  })

  test('by a reset is brought to rest and gets no more of the job', async () => {
    const printer = await startPrinter({ faults: ['reset-after=500'] })
    const { stderr, records } = await expectLinkFailed(printer.port)
    expect(stderr).toBe('portcullis: the printer restarted in mid-job; the printer reports its heaters off\n')
    expectStopped(records, 'printer-reset', /^the printer restarted in mid-job$/)
    expect(isCold(printer)).toBe(true)
    expectNothingMore(printer, 500)
  })

  test('by halting is told in its own words', async () => {
    const printer = await startPrinter({ faults: ['thermal-runaway-after=500'] })
    const { stderr, records } = await expectLinkFailed(printer.port)
    expect(stderr).toContain('Thermal Runaway')
    expectStopped(records, 'printer-error', /Thermal Runaway/)
    expect(isCold(printer)).toBe(true)
    expectNothingMore(printer, 500)
  })

  test('by never answering is given up after some seconds, with nothing of the job sent', async () => {
    const printer = await startPrinter({ faults: ['silent'] })
    const { stderr, records } = await expectLinkFailed(printer.port)
    expect(stderr).toMatch(/^portcullis: the printer did not answer within \d+ s/)
    expect(records.map(({ kind }) => kind).slice(-3)).toEqual(['decision', 'safe-stop', 'job-closed'])
    expect(records.at(-1)).toMatchObject({ commandsSent: 0 })
    expect(printer.commands().filter((command) => /^[GT]/.test(command))).toEqual([])
  })
})

describe.concurrent('a poor wire', () => {
  /** A job as real as the cube, but short: each lost answer costs seconds. */
  const SHORT = `M104 S200\nG28\nM109 S200\n${Array.from({ length: 100 }, (_, i) => `G1 X${10 + i} Y20 F3000`).join('\n')}\nM104 S0\n`
  const faults: readonly (readonly [string, readonly string[]])[] = [
    ['that asks for every second line again', ['resend-every=2']],
    ['that asks for every fifth line again', ['resend-every=5']],
    ['that swallows an answer', ['drop-ok=30']],
    ['that puts noise before an answer', ['garbage-every=110']],
    ['that flips bits of what we send', ['flip-bit-every=331']],
  ]
  test.each(faults)('%s changes nothing of what is printed', async (_, fault) => {
    const site = await newSite()
    const job = site.file('short.gcode', SHORT)
    // One noise or lost answer costs the six seconds of silence after which the agent asks.
    const [clean, poor] = await Promise.all([startPrinter(), startPrinter({ faults: fault })])
    for (const printer of [clean, poor]) {
      const { status, stderr } = await run(printArgs(site, printer.port, job))
      expect(stderr).toBe('')
      expect(status).toBe(0)
    }
    // The agent's own questions after a silence are no commands of the job. A line whose `N` was flipped has no number to
    // check: the printer knows no such command, does nothing, and asks for the number that it misses.
    const told = (printer: Printer): readonly string[] =>
      printer.commands().filter((command) => /^[GMT]/.test(command) && !/^M(105|110)\b/.test(command))
    expect(told(poor)).toEqual(told(clean))
    expect(isCold(poor)).toBe(true)
  })
})
