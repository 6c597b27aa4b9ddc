import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HELLO, preambleLines, safeStopLines } from '../../agent/core/printer/marlin-lines.ts'
import { endProcesses, removeFolders, run } from './command.ts'
import { canonicalCommands, commandsFrom, expectLast, type Gate, startGate } from './gate.ts'
import { type Host, openTcp } from './gate-hosts.ts'
import { isCold, type Printer, startPrinter } from './printer.ts'
import { endPrintrun, isWithoutPrintrun, startPronsole } from './printrun.ts'
import { CUBE, cubeText, licenceCube, newSite, type Site, spooled } from './site.ts'

/** A gate whose policy demands licences: nothing is printed that nobody armed. */
const POLICY = `portcullis: 1
name: licences-only
version: 1
dialect: marlin
appeal: ask the front desk
rules:
  nozzle-temperature: { maxCelsius: 260 }
  bed-temperature: { maxCelsius: 110 }
  build-volume: { sizeMm: { x: 220, y: 220, z: 250 } }
  homing-first: {}
  licence: { demand: always }
`
const LINES = cubeText()
  .split('\n')
  .map((line) => line.replace(/;.*/, '').trim())
  .filter((line) => line !== '')
/** What a person does at a printer that prints nothing: heat, home, jog. */
const MAINTENANCE = ['M104 S60', 'G28', 'G1 X50 Y50 Z10 F3000', 'G91', 'G1 X10', 'G90', 'M104 S0']
/** Hosts must not find an `rs` in it. */
const NOT_ARMED = /printing needs a job that was armed at the gate fir-?st/

let site: Site
let printer: Printer
let gate: Gate
let licence: string
let host: Host | undefined
/** Commands in the journal when the test began. */
let first: number

beforeAll(async () => {
  ;[site, printer] = await Promise.all([newSite(), startPrinter()])
  licence = await licenceCube(site, { copies: 100 })
  gate = await startGate(site, printer.port, {
    policy: site.file('licences-only.yaml', POLICY),
    host: { jobs: undefined },
  })
  await gate.untilState('idle')
})
beforeEach(() => {
  first = printer.commands().length
})
afterEach(async () => {
  await host?.close()
  await endPrintrun()
  if ((await gate.status()).latch !== null) await gate.clear()
  expect(spooled(site)).toEqual([])
})
afterAll(async () => {
  await endProcesses()
  removeFolders()
})

async function arm(): Promise<string> {
  const { status, stdout, stderr } = await gate.ask('arm', CUBE, '--licence', licence, '--json')
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return JSON.parse(stdout).decision.id
}

/** What the last job's records say. */
async function expectPrinted(job: string): Promise<void> {
  await gate.untilState('idle')
  const sent = commandsFrom(printer, first)
  const preamble = preambleLines([])
  expect(sent.slice(0, preamble.length)).toEqual(preamble)
  expect(sent.slice(preamble.length)).toEqual(await canonicalCommands(CUBE))
  expect(isCold(printer)).toBe(true)
  await expectLast(site, 'job-opened', { job, commands: 2619 })
  await expectLast(site, 'job-closed', {
    job,
    outcome: 'printed',
    commandsSent: 2619,
    commandsTotal: 2619,
  })
}

describe('where nothing is armed', () => {
  test('maintenance works within the limits, and printing is refused with the reason', async () => {
    host = await openTcp(gate.tcpPort)
    for (const line of MAINTENANCE) await host.say(line)
    expect(host.heard.filter((said) => /^echo:|^\/\//.test(said))).toEqual([])
    expect((await host.say('M104 S301'))[0]).toMatch(/^echo:line \d+.* 301 C is above the limit of 260 C/)
    await host.say('G1 X80 E5 F1200')
    expect(host.heard).toContainEqual(expect.stringMatching(NOT_ARMED))
    // From here on nothing passes, jogging neither.
    await host.say('G1 X90')
    expect(commandsFrom(printer, first)).toEqual(MAINTENANCE)
    expect((await gate.status()).latch).toMatchObject({ code: 'line-refused' })
  })

  test.skipIf(isWithoutPrintrun)(
    'Printrun is refused the cube at its first line that prints (needs Debian’s printrun)',
    async () => {
      const pronsole = await startPronsole(gate.link, CUBE)
      pronsole.type('print')
      await pronsole.untilShown(NOT_ARMED)
      expect(await pronsole.isPrinting()).toBe(false)
      const canonical = await canonicalCommands(CUBE)
      const prints = canonical.findIndex((command) => /^G1 X.* E/.test(command))
      expect(commandsFrom(printer, first)).toEqual(canonical.slice(0, prints))
    },
  )
})

describe('an armed job', () => {
  test.skipIf(isWithoutPrintrun)('is printed by Printrun (needs Debian’s printrun)', async () => {
    const job = await arm()
    expect((await gate.status()).armed).toMatchObject({ id: job, name: 'cube.gcode', commands: 2619 })
    const pronsole = await startPronsole(gate.link, CUBE)
    pronsole.type('print')
    await pronsole.untilShown(/Print ended/)
    await expectPrinted(job)
  })

  test('is printed by a TCP host from what was armed out of standard input', async () => {
    const { status, stdout, stderr } = await run(
      ['arm', '-', '--config', gate.config, '--licence', licence, '--json'],
      { stdin: readFileSync(CUBE, 'utf8') },
    )
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const { armed, decision } = JSON.parse(stdout)
    expect(armed).toBe(true)
    expect(decision).toMatchObject({ outcome: 'allow', job: { name: 'standard input', commands: 2619 } })
    host = await openTcp(gate.tcpPort)
    await host.print(LINES, { isNumbered: true })
    await expectPrinted(decision.id)
  })

  test('is stopped after eight lines of another file, and none of them is sent', async () => {
    const job = await arm()
    host = await openTcp(gate.tcpPort)
    const moved = LINES.map((line, i) => (i > 100 ? line.replace(/X(\d)/, 'X1$1') : line))
    const other = LINES.slice(0, 100).concat(moved.slice(100).filter((line, i) => line !== LINES[100 + i]))
    await host.print(other, { isNumbered: true })
    const preamble = preambleLines([])
    const sent = commandsFrom(printer, first).slice(preamble.length)
    const canonical = await canonicalCommands(CUBE)
    expect(sent.slice(0, 100)).toEqual(canonical.slice(0, 100))
    const { dropMoves, breakWait, heatersOff } = safeStopLines([])
    const own = [dropMoves, breakWait, ...heatersOff, HELLO, ...preamble]
    expect(sent.slice(100).filter((command) => !own.includes(command))).toEqual([])
    expect(isCold(printer)).toBe(true)
    expect(host.heard).toContainEqual(expect.stringMatching(/not the next line of the armed job/))
    expect(host.heard).toContainEqual(expect.stringMatching(/another job than the one that was armed/))
    await expectLast(site, 'job-closed', {
      job,
      outcome: 'stopped',
      commandsSent: 100,
      code: 'not-the-job',
    })
    await gate.untilState('latched')
    await expectLast(site, 'safe-stop', { job, confirmed: true })
  })

  test('that is disarmed is not printed', async () => {
    await arm()
    const { status, stdout } = await gate.ask('disarm')
    expect(stdout).toBe('`cube.gcode` is armed no longer\n')
    expect(status).toBe(0)
    host = await openTcp(gate.tcpPort)
    await host.print(LINES.slice(0, 30), { isNumbered: true })
    expect(host.heard).toContainEqual(expect.stringMatching(NOT_ARMED))
    expect(commandsFrom(printer, first).filter((command) => /^G1 X.* E/.test(command))).toEqual([])
  })
})

describe('a job that is denied is not armed, with exit status 3', () => {
  test.each([
    [
      'for 300 °C',
      () => site.file('hot.gcode', cubeText().replace('M109 S200', 'M109 S300')),
      /300 °C is above/,
    ],
    ['for the licence of another design', () => site.file('other.gcode', `${cubeText()}G1 X1\n`), /licence/],
  ] as const)('%s', async (_, job, reason) => {
    const { status, stdout } = await gate.ask('arm', job(), '--licence', licence, '--json')
    expect(status).toBe(3)
    const { armed, decision } = JSON.parse(stdout)
    expect(armed).toBe(false)
    expect(decision.outcome).toBe('deny')
    expect(JSON.stringify(decision.reasons)).toMatch(reason)
    expect((await gate.status()).armed).toBeNull()
    await expectLast(site, 'decision', { decision: { id: decision.id } })
  })

  test('for the want of a licence, in words', async () => {
    const { status, stdout } = await gate.ask('arm', CUBE)
    expect(status).toBe(3)
    expect(stdout).toMatch(/^denied {2}cube\.gcode {2}policy licences-only version 1\n/)
    expect(stdout).toContain('licence')
  })
})

test('a job that the gate cannot read is bad usage', async () => {
  const { status, stderr } = await gate.ask('arm', '/nowhere/job.gcode')
  expect(stderr).toBe('portcullis: job `/nowhere/job.gcode` does not exist\n')
  expect(status).toBe(2)
})
