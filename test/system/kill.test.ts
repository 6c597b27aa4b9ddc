import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { endProcesses, type Running, removeFolders, run, start, until } from './command.ts'
import { isCold, type Printer, startPrinter } from './printer.ts'
import { logRecords, newSite, type Site, spooled } from './site.ts'

/** What the issue promises: heaters off within this of the agent's death. */
const HEATERS_OFF_MS = 1000
/** Moves of 19 s each: a full planner takes nothing more for as long. */
const SLOW_MOVES = Array.from(
  { length: 500 },
  (_, i) => `G1 X${i % 2 === 0 ? 200 : 10} Y${20 + (i % 100)} F600\n`,
)
/** Waits for heat, then moves. */
const LONG_JOB = `M140 S60\nM104 S210\nM190 S60\nM109 S210\nG28\n${SLOW_MOVES.join('')}`
/** Moves at once, with everything hot. */
const IMPATIENT_JOB = `G28\nM140 S60\nM104 S210\n${SLOW_MOVES.join('')}`
/** Homes with everything hot, as many start codes do. */
const HOT_HOMING_JOB = `M140 S60\nM104 S210\nG28\n${SLOW_MOVES.join('')}`
/** So many moves have been taken when the planner of 16 is full. */
const MOVES_TAKEN = 17

let site: Site

beforeAll(async () => {
  site = await newSite()
})
afterEach(endProcesses)
afterAll(removeFolders)

interface Print {
  readonly printer: Printer
  readonly agent: Running
}

/** Starts a print and waits until the printer, both heaters on, has done what `isThere` looks for. */
async function printUntil(
  job: string,
  speed: string,
  isThere: (printer: Printer) => boolean,
): Promise<Print> {
  const printer = await startPrinter({ speed })
  const args = ['--port', printer.port, '--policy', 'maker-space', '--state', site.state]
  const agent = start(['print', site.file('long.gcode', job), ...args])
  await until('the print to be under way', () => isThere(printer))
  expect(printer.targets()).toMatchObject({ nozzle: 210, bed: 60 })
  return { printer, agent }
}

const hasFullPlanner = (printer: Printer): boolean =>
  printer.commands().filter((command) => command.startsWith('G1 ')).length >= MOVES_TAKEN
const homes = (printer: Printer): boolean => printer.commands().includes('G28')
const waitsForHeat = (printer: Printer): boolean => printer.commands().includes('M190 S60')

/** Children of a process: the guard is the agent's only one. */
function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid
      } catch {
        return false
      }
    })
    .map(Number)
}

describe.each([
  ['that waits for heat', LONG_JOB, '1', waitsForHeat],
  ['whose planner is full of slow moves', IMPATIENT_JOB, '1', hasFullPlanner],
  ['that prints, at 100 times its speed', LONG_JOB, '100', hasFullPlanner],
] as const)('with a printer %s', (_, job, speed, isThere) => {
  test('`kill -9` of the agent turns the heaters off within a second', async () => {
    const { printer, agent } = await printUntil(job, speed, isThere)
    const guards = childrenOf(agent.pid)
    expect(guards).toHaveLength(1)
    const killedAtMs = Date.now()
    agent.signal('SIGKILL')
    await until('the heaters to be off', () => isCold(printer))
    expect(Date.now() - killedAtMs).toBeLessThan(HEATERS_OFF_MS)
    expect((await agent.ended).signal).toBe('SIGKILL')
    await until('the guard to be gone', () => guards.every((pid) => !existsSync(`/proc/${pid}`)))
    expect(isCold(printer)).toBe(true)
  })
})

test('a printer that homes hears nothing until it is home, and then turns the heaters off before all else', async () => {
  const { printer, agent } = await printUntil(HOT_HOMING_JOB, '20', homes)
  agent.signal('SIGKILL')
  await until('the heaters to be off', () => isCold(printer))
  const after = printer.commands().slice(printer.commands().indexOf('G28') + 1)
  expect(after.slice(0, 4)).toEqual(['M410', 'M108', 'M104 S0', 'M140 S0'])
})

test('after a kill the log is whole, the next print clears the spool, and the job stands open on record', async () => {
  const { printer, agent } = await printUntil(IMPATIENT_JOB, '20', hasFullPlanner)
  agent.signal('SIGKILL')
  await agent.ended
  await until('the heaters to be off', () => isCold(printer))
  const last = (await logRecords(site)).slice(-2)
  expect(last).toMatchObject([{ kind: 'job-opened' }, { kind: 'odometer', job: null }])
  const next = site.file('next.gcode', 'G28\nG1 X10 Y10 F3000\n')
  const again = await startPrinter()
  const args = ['--port', again.port, '--policy', 'maker-space', '--state', site.state]
  const printed = await run(['print', next, ...args])
  expect(printed.stderr).toBe('')
  expect(printed.status).toBe(0)
  expect(spooled(site)).toEqual([])
  expect((await run(['audit', 'verify', '--state', site.state])).status).toBe(0)
})

describe.each([
  ['SIGINT', 'the job was stopped by Ctrl-C'],
  ['SIGTERM', 'the job was stopped by a request to end'],
] as const)('%s in mid-print', (signal, words) => {
  test('brings the printer to rest, records it and ends with status 1', async () => {
    const { printer, agent } = await printUntil(IMPATIENT_JOB, '20', hasFullPlanner)
    agent.signal(signal)
    const { status, stderr } = await agent.ended
    expect(stderr).toBe(`portcullis: ${words}; the printer reports its heaters off\n`)
    expect(status).toBe(1)
    expect(isCold(printer)).toBe(true)
    const [stop, closed] = (await logRecords(site)).slice(-2)
    expect(stop).toMatchObject({ kind: 'safe-stop', code: 'interrupted', reason: words, confirmed: true })
    expect(closed).toMatchObject({ kind: 'job-closed', outcome: 'stopped' })
    expect(spooled(site)).toEqual([])
  })
})
