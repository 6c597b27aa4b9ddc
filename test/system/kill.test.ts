import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { endProcesses, type Running, removeFolders, run, start, until } from './command.ts'
import { isCold, type Printer, startPrinter } from './printer.ts'
import { logRecords, newSite, type Site, spooled } from './site.ts'

/** What the issue promises: heaters off within this of the agent's death. */
const HEATERS_OFF_MS = 1000
/** A long job of slow moves with everything hot. */
const LONG_JOB = `G28
M140 S60
M104 S210
M190 S60
M109 S210
${Array.from({ length: 2000 }, (_, i) => `G1 X${i % 2 === 0 ? 10 : 200} Y${20 + (i % 100)} F600`).join('\n')}
M104 S0
M140 S0
`

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

/** Starts a print and waits until the printer is hot and moves. */
async function printInProgress(speed: string): Promise<Print> {
  const job = site.file('long.gcode', LONG_JOB)
  const printer = await startPrinter({ speed })
  const agent = start([
    'print',
    job,
    '--port',
    printer.port,
    '--policy',
    'maker-space',
    '--state',
    site.state,
  ])
  await until('slow moves with the nozzle hot', () => printer.commands().includes('G1 X200 Y21 F600'))
  expect(printer.targets()).toMatchObject({ nozzle: 210, bed: 60 })
  return { printer, agent }
}

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

describe.each(['1', '20'])('with the printer’s clock at %s times', (speed) => {
  test('`kill -9` of the agent turns the heaters off within a second', async () => {
    const { printer, agent } = speed === '1' ? await heatingUp() : await printInProgress(speed)
    const guards = childrenOf(agent.pid)
    expect(guards).toHaveLength(1)
    const killedAtMs = Date.now()
    agent.signal('SIGKILL')
    await until('the heaters to be off', () => isCold(printer))
    expect(Date.now() - killedAtMs).toBeLessThan(HEATERS_OFF_MS)
    expect(Object.keys(printer.targets())).toEqual(expect.arrayContaining(['nozzle', 'bed']))
    expect((await agent.ended).signal).toBe('SIGKILL')
    await until('the guard to be gone', () => guards.every((pid) => !existsSync(`/proc/${pid}`)))
    expect(isCold(printer)).toBe(true)
  })
})

/** Waits until the printer waits for its bed to be hot, with both heaters on: the kill falls into the wait. */
async function heatingUp(): Promise<Print> {
  const job = site.file('long.gcode', LONG_JOB)
  const printer = await startPrinter({ speed: '1' })
  const agent = start([
    'print',
    job,
    '--port',
    printer.port,
    '--policy',
    'maker-space',
    '--state',
    site.state,
  ])
  await until('a wait for heat', () => printer.commands().includes('M190 S60'))
  expect(printer.targets()).toMatchObject({ nozzle: 210, bed: 60 })
  return { printer, agent }
}

test('after a kill the log is whole, the next print clears the spool, and the job stands open on record', async () => {
  const { printer, agent } = await printInProgress('20')
  agent.signal('SIGKILL')
  await agent.ended
  await until('the heaters to be off', () => isCold(printer))
  const last = (await logRecords(site)).at(-1)
  expect(last).toMatchObject({ kind: 'job-opened' })
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
    const { printer, agent } = await printInProgress('20')
    agent.signal(signal)
    const { status, stderr } = await agent.ended
    expect(stderr).toBe(`portcullis: ${words}; the printer reports its heaters off\n`)
    expect(status).toBe(1)
    expect(isCold(printer)).toBe(true)
    const [stop, closed] = (await logRecords(site)).slice(-2)
    expect(stop).toMatchObject({ kind: 'safe-stop', reason: `interrupted: ${words}`, confirmed: true })
    expect(closed).toMatchObject({ kind: 'job-closed', outcome: 'stopped' })
    expect(spooled(site)).toEqual([])
  })
})
