// A sealed job at the gate: it is inspected and kept sealed, and what the host sends is held against it.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { endProcesses, removeFolders, run } from './command.ts'
import { canonicalCommands, commandsFrom, type Gate, startGate } from './gate.ts'
import { type Host, openTcp } from './gate-hosts.ts'
import { type Printer, startPrinter } from './printer.ts'
import { CUBE, cubeText, licenceCube, logRecords, newSite, type Site, spooled } from './site.ts'

const SECRET = 'Zephyr-7731'
const LINES = cubeText()
  .split('\n')
  .map((line) => line.replace(/;.*/, '').trim())
  .filter((line) => line !== '')

let site: Site
let printer: Printer
let gate: Gate
let licence: string
let job: string
let host: Host | undefined
let first: number

beforeAll(async () => {
  ;[site, printer] = await Promise.all([newSite(), startPrinter()])
  const key = (await run(['licence', 'seal-key', '--state', site.state])).stdout.trim()
  const design = site.file('design.gcode', `; ${SECRET}\n${cubeText()}`)
  job = join(site.folder, 'part.gcode.age')
  await run(['licence', 'seal', design, '--to', key, '--out', job])
  licence = await licenceCube(site, { copies: 100 })
  gate = await startGate(site, printer.port, { host: { jobs: undefined } })
  await gate.untilState('idle')
})
beforeEach(() => {
  first = printer.commands().length
})
afterEach(async () => {
  await host?.close()
  if ((await gate.status()).latch !== null) await gate.clear()
})
afterAll(async () => {
  await endProcesses()
  removeFolders()
})

/** Files below the state folder that hold the text, the socket left out. */
function leaks(text: string): readonly string[] {
  return readdirSync(site.state, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(site.state, name)
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path).includes(text)
  })
}

async function arm(): Promise<string> {
  const { status, stdout, stderr } = await gate.ask('arm', job, '--licence', licence, '--json')
  expect(stderr).toBe('')
  expect(status).toBe(0)
  expect(stdout).not.toContain(SECRET)
  return JSON.parse(stdout).decision.id
}

describe('a sealed job at the gate', () => {
  test('is armed, lies sealed in the spool, and is printed by the host that has it', async () => {
    const id = await arm()
    expect(spooled(site)).toHaveLength(1)
    expect(readFileSync(join(site.state, 'spool', spooled(site)[0]!)).equals(readFileSync(job))).toBe(true)
    expect(leaks(SECRET)).toEqual([])
    host = await openTcp(gate.tcpPort)
    await host.print(LINES, { isNumbered: true })
    await gate.untilState('idle')
    expect(commandsFrom(printer, first).slice(-2000)).toEqual((await canonicalCommands(CUBE)).slice(-2000))
    expect((await logRecords(site)).filter(({ kind }) => kind === 'job-closed').at(-1)).toMatchObject({
      job: id,
      outcome: 'printed',
    })
    expect(leaks(SECRET)).toEqual([])
  })

  test('is denied without its licence, and the answer quotes nothing of it', async () => {
    const { status, stdout } = await gate.ask('arm', job)
    expect(status).toBe(3)
    expect(stdout).toMatch(/a sealed job needs a licence/)
    expect(stdout).not.toContain(SECRET)
    expect(spooled(site)).toEqual([])
  })

  test('is not quoted where its host sends a line that is refused', async () => {
    await arm()
    host = await openTcp(gate.tcpPort)
    host.send('N0 M110 N0*125\n')
    for (const line of [...LINES.slice(0, 20), `M117 ${SECRET} (`]) await host.say(line).catch(() => [])
    await gate.untilState('refused', 'latched', 'idle', 'job')
    expect(host.heard.join('\n')).not.toContain(SECRET)
    expect(JSON.stringify(await logRecords(site))).not.toContain(SECRET)
    expect(JSON.stringify(await gate.status())).not.toContain(SECRET)
    expect(leaks(SECRET)).toEqual([])
    await gate.ask('stop')
    await gate.untilState('latched', 'refused')
  })
})
