import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  HELLO,
  ODOMETER_QUESTION,
  preambleLines,
  safeStopLines,
} from '../../agent/core/printer/marlin-lines.ts'
import { endProcesses, removeFolders, run, until } from './command.ts'
import {
  commandsFrom,
  expectLast,
  expectRecords,
  type Gate,
  type GateSetUp,
  recordsOf,
  startGate,
} from './gate.ts'
import { type Host, openTcp } from './gate-hosts.ts'
import { lastSegment } from './journal.ts'
import { isCold, type Printer, startPrinter } from './printer.ts'
import { endPrintrun, isWithoutPrintrun, startPrintcore } from './printrun.ts'
import { logRecords, newSite, type Site } from './site.ts'

/** How a machine in mid-print comes to rest when one of those that keep it running is gone. */

/** Heats without waiting, then moves for as long as anybody watches: a full planner takes nothing more for seconds. */
const JOB = [
  'G28',
  'M140 S60',
  'M104 S210',
  ...Array.from({ length: 500 }, (_, i) => `G1 X${i % 2 === 0 ? 200 : 10} Y${20 + (i % 100)} E${i + 1} F600`),
]
/** So many moves have been taken when the planner of 16 is full. */
const MOVES_TAKEN = 17
/** Sets a limit of a process that runs. */
const LIMITS = '/usr/bin/prlimit'
/** Many times its speed, and still in mid-print when it is looked at. */
const SPEED = '20'
const { dropMoves, breakWait, heatersOff } = safeStopLines([])
/** What the gate itself says around a stop. */
const OWN: readonly string[] = [
  dropMoves,
  breakWait,
  ...heatersOff,
  HELLO,
  ...preambleLines([]),
  ODOMETER_QUESTION,
]

let site: Site

beforeEach(async () => {
  site = await newSite()
})
afterEach(async () => {
  await endPrintrun()
  await endProcesses()
})
afterAll(removeFolders)

const plugIn = (): Promise<Printer> => startPrinter({ speed: SPEED, link: join(site.folder, 'printer') })

const isMoving = (printer: Printer): boolean =>
  printer.commands().filter((command) => command.startsWith('G1')).length >= MOVES_TAKEN

interface Print {
  readonly printer: Printer
  readonly gate: Gate
  readonly host: Host
}

/** A gate with a host in mid-print, both heaters on. */
async function printing(setUp: GateSetUp = {}): Promise<Print> {
  const printer = await plugIn()
  const gate = await startGate(site, printer.port, setUp)
  await gate.untilState('idle')
  const host = await openTcp(gate.tcpPort)
  host.print(JOB, { isNumbered: true }).catch(() => {})
  await until('the print to be under way', () => isMoving(printer))
  expect(printer.targets()).toMatchObject({ nozzle: 210, bed: 60 })
  return { printer, gate, host }
}

/** Prints a little on a gate that was cleared: nothing is left over of what was before. */
async function expectPrintsAgain(gate: Gate, printer: Printer): Promise<void> {
  const host = await openTcp(gate.tcpPort)
  const first = printer.commands().length
  await host.print(['G28', 'G1 X50 Y50 Z1 F3000', 'G1 X60 E1'], { isNumbered: true })
  const sent = commandsFrom(printer, first)
  expect(sent.slice(-3)).toEqual(['G28', 'G1 X50 Y50 Z1 F3000', 'G1 X60 E1'])
  expect(sent.slice(0, -3).filter((command) => !OWN.includes(command))).toEqual([])
  await host.close()
}

describe.each([
  ['SIGTERM', 'a request to end'],
  ['SIGINT', 'Ctrl-C'],
] as const)('%s in mid-print', (signal, by) => {
  test('brings the printer to rest, records it, ends with status 0, and leaves nothing latched', async () => {
    const { printer, gate } = await printing()
    gate.command.signal(signal)
    const { status, stderr } = await gate.command.ended
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(isCold(printer)).toBe(true)
    const why = { code: 'interrupted', reason: `the gate was ended by ${by}` }
    await expectRecords(site, 'safe-stop', [{ ...why, confirmed: true }])
    await expectRecords(site, 'job-closed', [{ ...why, outcome: 'stopped' }])
    expect((await run(['audit', 'verify', '--state', site.state])).status).toBe(0)
    const again = await startGate(site, printer.port)
    expect((await again.untilState('idle')).latch).toBeNull()
  })
})

test('after `kill -9` of the gate the guard turns the heaters off, and the next gate stops first, closes the job and waits', async () => {
  const { printer, gate, host } = await printing()
  gate.command.signal('SIGKILL')
  await until('the heaters to be off', () => isCold(printer))
  expect((await gate.command.ended).signal).toBe('SIGKILL')
  await until('the host to be hung up on', () => host.isClosed)
  const first = printer.commands().length
  const again = await startGate(site, printer.port)
  expect((await again.untilState('latched')).latch).toMatchObject({ code: 'found-running' })
  expect(commandsFrom(printer, first).filter((command) => !OWN.includes(command))).toEqual([])
  const [opened] = await recordsOf(site, 'stream-opened')
  await expectRecords(site, 'job-closed', [
    {
      job: opened?.['job'],
      outcome: 'uncertain',
      code: 'agent-ended',
      reason: 'the agent ended in mid-job',
    },
  ])
  await expectLast(site, 'safe-stop', {
    code: 'found-running',
    confirmed: true,
  })
  await again.clear()
  await expectPrintsAgain(again, printer)
})

describe('a host that is gone in mid-print', () => {
  async function expectHostLost(printer: Printer, gate: Gate): Promise<void> {
    await until('the heaters to be off', () => isCold(printer))
    expect((await gate.untilState('latched')).latch).toMatchObject({ code: 'host-lost' })
    await expectLast(site, 'job-closed', {
      outcome: 'stopped',
      code: 'host-lost',
    })
    await expectLast(site, 'safe-stop', { confirmed: true })
  }

  test('over TCP leaves a machine that is brought to rest', async () => {
    const { printer, gate, host } = await printing({ stop: { hostLostSeconds: 1 } })
    await host.close()
    await expectHostLost(printer, gate)
  })

  test.skipIf(isWithoutPrintrun)(
    'by `kill -9` of printcore leaves a machine that is brought to rest (needs Debian’s printrun)',
    async () => {
      const printer = await plugIn()
      const gate = await startGate(site, printer.port, { stop: { hostLostSeconds: 1 } })
      await gate.untilState('idle')
      const printcore = startPrintcore(gate.link, site.file('job.gcode', JOB.join('\n')))
      await until('the print to be under way', () => isMoving(printer))
      await printcore.kill()
      await expectHostLost(printer, gate)
    },
  )
})

test('a printer unplugged in mid-print is stopped when it is back, and prints again once a person has cleared it', async () => {
  const { printer, gate, host } = await printing()
  printer.command.signal('SIGTERM')
  await gate.untilState('no-printer')
  await expectRecords(site, 'job-closed', [{ outcome: 'uncertain', code: 'port-lost' }])
  await printer.command.ended
  const back = await plugIn()
  const { latch } = await gate.untilState('latched')
  expect(latch).toMatchObject({ code: 'port-lost' })
  await until('the stop', () => back.commands().includes('M104 S0'))
  // The host, deaf as it is, sends on: nothing of it reaches the printer.
  expect(commandsFrom(back, 0).filter((command) => !OWN.includes(command))).toEqual([])
  expect(back.commands().slice(0, 5)).toEqual([dropMoves, breakWait, breakWait, 'M104 S0', 'M140 S0'])
  await host.close()
  await gate.clear()
  await expectPrintsAgain(gate, back)
  const kinds = (await logRecords(site)).map(({ kind }) => kind)
  expect(kinds).toEqual(expect.arrayContaining(['printer-lost', 'printer-opened', 'safe-stop', 'cleared']))
})

test('`stop` of a person in mid-print brings the machine to rest for the reason that was given', async () => {
  const { printer, gate, host } = await printing()
  const stopped = await gate.ask('stop', '--reason', 'the nozzle leaks')
  expect(stopped.stderr).toBe('')
  expect(stopped.status).toBe(0)
  expect(stopped.stdout).toContain('brought to rest')
  await until('the heaters to be off', () => isCold(printer))
  const { latch } = await gate.untilState('latched')
  expect(latch).toMatchObject({
    code: 'interrupted',
    message: expect.stringMatching(/ stopped it: the nozzle leaks$/),
  })
  // The host is told that it was, and not by whom.
  await host.hear(/^echo:.*somebody stopped it at the desk/)
  await expectLast(site, 'latched', {
    reason: 'somebody stopped it at the desk',
  })
  await expectLast(site, 'stop-asked', { reason: 'the nozzle leaks' })
  // Deaf as it is, it would send on what is refused.
  await host.close()
  expect((await gate.ask('status')).stdout).toContain(
    'what to do: look after the machine, then `portcullis clear`',
  )
  await gate.clear()
  const { status, stderr } = await gate.ask('clear')
  expect(stderr).toBe('portcullis: nothing is blocked\n')
  expect(status).toBe(2)
})

test('a machine that a refused job leaves hot is brought to rest when nobody looks after it', async () => {
  const printer = await plugIn()
  const gate = await startGate(site, printer.port, { stop: { refusedSeconds: 1 } })
  await gate.untilState('idle')
  const host = await openTcp(gate.tcpPort)
  await host.print(['M140 S60', 'M104 S210', 'G1 X999'], { isNumbered: true })
  expect(printer.targets()).toMatchObject({ nozzle: 210, bed: 60 })
  await until('the heaters to be off', () => isCold(printer))
  await gate.untilState('refused')
  await expectRecords(site, 'safe-stop', [
    { code: 'line-refused', reason: expect.stringMatching(/^line 3 was refused: X moved/), confirmed: true },
  ])
})

test('a disk that fills up in mid-print stops the machine, and whoever asks is told why', async () => {
  const { printer, gate, host } = await printing()
  const { size } = statSync(lastSegment(site))
  execFileSync(LIMITS, ['--pid', String(gate.command.pid), `--fsize=${size}`])
  // Typed beside the print, and no part of it: it is its record that finds no room.
  host.send('M104 S301\n')
  const { latch } = await gate.untilState('latched')
  expect(latch).toMatchObject({
    code: 'record-failed',
    message: expect.stringMatching(/^log `.*` cannot be written: /),
  })
  await until('the heaters to be off', () => isCold(printer))
  await host.hear(/^echo:.*cannot be written/)
  const sent = printer.commands().length
  expect((await gate.ask('clear')).status).not.toBe(0)
  expect((await gate.status()).state).toBe('latched')
  expect(commandsFrom(printer, sent).filter((command) => !OWN.includes(command))).toEqual([])
  gate.command.signal('SIGTERM')
  await gate.command.ended
  expect((await run(['audit', 'verify', '--state', site.state])).status).toBe(0)
  const again = await startGate(site, printer.port)
  await again.untilState('latched')
  await expectLast(site, 'job-closed', { outcome: 'uncertain' })
})
