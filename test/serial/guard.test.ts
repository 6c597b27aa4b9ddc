import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type DeviceSide,
  listenOnPty,
  listenOnTcp,
  openPort,
  type SafeStopScript,
  startGuard,
} from '../../agent/serial/index.ts'
import { Heard, signal } from './heard.ts'
import { Witness } from './port-contract.ts'
import { ScriptedPrinter } from './scripted-printer.ts'

const SCRIPT: SafeStopScript = {
  breakWait: ['M108'],
  heatersOff: ['M104 S0', 'M140 S0'],
  poll: 'M105',
  emergency: 'M112',
  limitMs: 600,
}
const AGENT = fileURLToPath(new URL('./guarded-agent.ts', import.meta.url))
const STOP = 'M108\nM104 S0\nM140 S0\nM105\n'

let folder: string
let program: string
let device: DeviceSide
let printer: ScriptedPrinter
const processes: ChildProcess[] = []

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'portcullis-guard-'))
  program = path.join(folder, 'guard.cjs')
  await build({
    entryPoints: ['agent/serial/guard-main.ts'],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: program,
  })
})

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

beforeEach(async () => {
  device = await listenOnPty()
  printer = new ScriptedPrinter(device)
})

afterEach(async () => {
  for (const child of processes.splice(0)) child.kill('SIGKILL')
  await device.unplug()
})

/** Starts an agent in a process group of its own, and waits until its guard is ready. */
async function startAgent(
  text: string,
  name = device.path,
): Promise<{ agent: ChildProcess; guardPid: number }> {
  const agent = spawn(
    process.execPath,
    ['--import', 'tsx', AGENT, name, program, JSON.stringify(SCRIPT), text],
    { detached: true, stdio: ['pipe', 'pipe', 'inherit'] },
  )
  processes.push(agent)
  const said = new Heard()
  agent.stdout?.on('data', said.add)
  await said.until('\n')
  return { agent, guardPid: Number(/^armed (\d+)\n$/.exec(said.text)?.[1]) }
}

/** A dead guard whose agent is dead too stays a zombie until the system's first process takes note of it. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

const hasEnded = (pid: number) => expect.poll(() => isAlive(pid), { timeout: 5000, interval: 10 }).toBe(false)

/** The guard holds the port until it has ended, so the device sees its client leave only then. */
function guardHasLeft(): Promise<void> {
  const { seen, give } = signal()
  device.onClient((connected) => {
    if (!connected) give()
  })
  return seen
}

describe('when the agent dies', () => {
  test('killed in the middle of a command, the heaters are off within a second', async () => {
    const { agent, guardPid } = await startAgent('N5 G1 X10 Y2')
    const left = guardHasLeft()
    await printer.heard.until('Y2')
    const startMs = performance.now()
    agent.kill('SIGKILL')
    await printer.heard.until('M140 S0\n')
    expect(performance.now() - startMs).toBeLessThan(1000)
    expect(printer.isCold).toBe(true)
    await left
    expect(printer.heard.text).toBe(`N5 G1 X10 Y2\n${STOP}M105\n`)
    await hasEnded(guardPid)
  })

  test('killed with its whole process group, as a shell or a service manager does it', async () => {
    const { agent } = await startAgent('G28\n')
    const left = guardHasLeft()
    process.kill(-Number(agent.pid), 'SIGKILL')
    await left
    expect(printer.heard.text).toBe(`G28\n\n${STOP}M105\n`)
  })

  test('ended in good order but without a word to the guard', async () => {
    const { agent } = await startAgent('G28\n')
    const left = guardHasLeft()
    agent.stdin?.write('go\n')
    await left
    expect(printer.isCold).toBe(true)
  })

  test('nobody else opens the port between the death and the end of the safe stop', async () => {
    printer.isDeaf = true
    const { agent } = await startAgent('G28\n')
    const left = guardHasLeft()
    agent.kill('SIGKILL')
    await printer.heard.until('M105\n')
    await expect(openPort(device.path, new Witness(), { baud: 115200 })).rejects.toMatchObject({
      code: 'PORT_BUSY',
    })
    await left
    const port = await openPort(device.path, new Witness(), { baud: 115200 })
    await port.close()
  })

  test('a printer that does not obey gets the emergency stop', async () => {
    printer.isDeaf = true
    const { agent } = await startAgent('G28\n')
    const left = guardHasLeft()
    agent.kill('SIGKILL')
    await left
    expect(printer.lines.at(-1)).toBe('M112')
  })

  test('a printer that is unplugged then leaves no guard behind', async () => {
    const { agent, guardPid } = await startAgent('G28\n')
    await device.unplug()
    agent.kill('SIGKILL')
    await hasEnded(guardPid)
  })

  test('a printer behind TCP is stopped as well', async () => {
    await device.unplug()
    device = await listenOnTcp('127.0.0.1', 0)
    printer = new ScriptedPrinter(device)
    const { agent } = await startAgent('G28\n')
    const left = guardHasLeft()
    agent.kill('SIGKILL')
    await left
    expect(printer.heard.text).toBe(`G28\n\n${STOP}M105\n`)
  })
})

describe('while the agent lives', () => {
  test('a disarmed guard leaves without having sent a byte', async () => {
    const { agent, guardPid } = await startAgent('G28\n')
    const left = guardHasLeft()
    agent.stdin?.write('disarm\n')
    await left
    expect(printer.heard.text).toBe('G28\n')
    await hasEnded(guardPid)
    expect(printer.isCold).toBe(false)
  })

  test('signals meant for the agent do not send the guard away', async () => {
    const { agent, guardPid } = await startAgent('G28\n')
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.kill(guardPid, name)
    const left = guardHasLeft()
    agent.kill('SIGKILL')
    await left
    expect(printer.isCold).toBe(true)
  })

  test('the guard reads nothing: every reply is the agent’s', async () => {
    const witness = new Witness()
    const port = await openPort(device.path, witness, { baud: 115200 })
    const guard = await startGuard({ descriptor: port.descriptor ?? -1, program, script: SCRIPT })
    for (let turn = 0; turn < 200; turn++) port.write(Buffer.from('M105\n'))
    await witness.heard.until((text) => text.split('\n').length > 200)
    expect(witness.lines).toHaveLength(200)
    await guard.disarm()
    await guard.disarm()
    await port.close()
  })

  test('a guard that is killed is missed', async () => {
    const port = await openPort(device.path, new Witness(), { baud: 115200 })
    const { seen, give } = signal<string>()
    const guard = await startGuard({ descriptor: port.descriptor ?? -1, program, script: SCRIPT, lost: give })
    process.kill(guard.pid, 'SIGKILL')
    expect(await seen).toBe('it was ended by SIGKILL')
    await guard.disarm()
    await port.close()
  })
})

describe('a guard that cannot work is known before anything is heated', () => {
  const start = (change: object) => startGuard({ descriptor: 0, program, script: SCRIPT, ...change })

  test('a program that is not there', async () => {
    const port = await openPort(device.path, new Witness(), { baud: 115200 })
    const missing = path.join(folder, 'missing.mjs')
    await expect(start({ descriptor: port.descriptor, program: missing })).rejects.toMatchObject({
      code: 'GUARD_FAILED',
      message: 'cannot start the guard that turns the heaters off: it ended with status 1',
    })
    await port.close()
  })

  test('a descriptor that would block it, or that is none', async () => {
    const blocking = fs.openSync('/dev/null', 'r+')
    await expect(start({ descriptor: blocking })).rejects.toMatchObject({ code: 'GUARD_FAILED' })
    fs.closeSync(blocking)
    await expect(start({ descriptor: 999_999 })).rejects.toMatchObject({ code: 'GUARD_FAILED' })
  })

  test('a program that answers something else', async () => {
    const other = path.join(folder, 'other.cjs')
    fs.writeFileSync(other, `process.stdout.write('rea'); setTimeout(() => process.stdout.write('lly?'), 10)`)
    await expect(start({ program: other })).rejects.toMatchObject({
      message: 'cannot start the guard that turns the heaters off: it gave an answer that is not its own',
    })
  })

  test('a script with a line end in it is a fault of the agent', async () => {
    await expect(start({ script: { ...SCRIPT, poll: 'M105\nM104 S300' } })).rejects.toThrow('plain commands')
  })

  test('the guard trusts nothing it is told: wrong input ends it without a byte to the port', async () => {
    const port = await openPort(device.path, new Witness(), { baud: 115200 })
    const wrong = [
      '',
      '\n',
      'disarm\n',
      '{}\n',
      `${JSON.stringify({ ...SCRIPT, poll: 'M105\nM104 S300' })}\n`,
      JSON.stringify(SCRIPT),
      `${JSON.stringify({ ...SCRIPT, more: 1 })}\n`,
      'x'.repeat(100_000),
    ]
    for (const input of wrong) {
      const guard = spawn(process.execPath, [program], {
        stdio: ['pipe', 'ignore', 'ignore', port.descriptor ?? -1],
      })
      guard.stdin?.on('error', () => {})
      guard.stdin?.end(input)
      expect(await once(guard, 'exit'), JSON.stringify(input.slice(0, 50))).toEqual([2, null])
    }
    port.write(Buffer.from('G28\n'))
    await printer.heard.until('G28\n')
    expect(printer.heard.text).toBe('G28\n')
    await port.close()
  })
})
