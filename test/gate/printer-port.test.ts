import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { PrinterPort, type PrinterPortOptions } from '../../agent/gate/printer-port.ts'
import { type DeviceSide, listenOnPty } from '../../agent/serial/index.ts'
import { ScriptedPrinter } from '../serial/scripted-printer.ts'

const programs = mkdtempSync(join(tmpdir(), 'portcullis-guard-'))
const program = join(programs, 'guard.cjs')
beforeAll(async () => {
  await build({
    entryPoints: ['agent/serial/guard-main.ts'],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: program,
  })
})
afterAll(() => rmSync(programs, { recursive: true, force: true }))

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

class Bench {
  readonly events: string[] = []
  readonly link: string
  readonly port: PrinterPort

  constructor(options: Partial<PrinterPortOptions> = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-port-'))
    cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
    this.link = join(folder, 'printer')
    this.port = new PrinterPort({
      name: this.link,
      baud: 115_200,
      guardProgram: undefined,
      opened: (isBack) => this.events.push(isBack ? 'back' : 'opened'),
      line: (text) => this.events.push(text),
      lost: () => this.events.push('lost'),
      guardLost: () => this.events.push('guard lost'),
      guarded: (tools) => this.events.push(`guarded ${tools}`),
      ...options,
    })
    cleanUps.push(() => this.port.close())
  }

  async device(): Promise<{ device: DeviceSide; printer: ScriptedPrinter }> {
    const device = await listenOnPty({ link: this.link })
    cleanUps.push(() => device.close())
    return { device, printer: new ScriptedPrinter(device) }
  }

  say(text: string): void {
    const bytes = Buffer.from(`..${text}`, 'latin1')
    this.port.write(bytes, 2, bytes.length)
  }

  async saw(...events: readonly string[]): Promise<void> {
    await vi.waitFor(() => expect(this.events).toEqual(events), { timeout: 5_000 })
  }
}

describe('the printer’s port over a gate’s life', () => {
  test('is opened at once where the printer is there, and carries lines both ways', async () => {
    const bench = new Bench()
    const { printer } = await bench.device()
    await bench.port.start()
    await bench.saw('opened')
    bench.say('G28\n')
    await bench.saw('opened', 'ok')
    expect(printer.lines).toEqual(['G28'])
  })

  test('is opened later where it is not there yet, and nothing is lost by waiting', async () => {
    const bench = new Bench()
    await bench.port.start()
    expect(bench.events).toEqual([])
    bench.say('G28\n')
    const { printer } = await bench.device()
    await bench.saw('opened')
    expect(printer.lines).toEqual([])
  })

  test('is told lost when it is unplugged, and back when it is', async () => {
    const bench = new Bench()
    const first = await bench.device()
    await bench.port.start()
    await bench.saw('opened')
    await first.device.unplug()
    await bench.saw('opened', 'lost')
    bench.say('G1 X1\n')
    const second = await bench.device()
    await bench.saw('opened', 'lost', 'back')
    bench.say('G28\n')
    await bench.saw('opened', 'lost', 'back', 'ok')
    expect(second.printer.lines).toEqual(['G28'])
  })

  test('with a name that cannot be is not waited for', async () => {
    const bench = new Bench({ name: 'tcp://nowhere:99999' })
    await expect(bench.port.start()).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('is looked for no longer once it is closed', async () => {
    const bench = new Bench()
    await bench.port.start()
    await bench.port.close()
    await bench.device()
    await new Promise((resolve) => setTimeout(resolve, 1_300))
    expect(bench.events).toEqual([])
  })
})

describe('the guard beside the port', () => {
  test('stands ready before the port is told open, and leaves with it', async () => {
    const pids: number[] = []
    const bench = new Bench({ guardProgram: program, ...logging(pids) })
    const { printer } = await bench.device()
    await bench.port.start()
    await bench.saw('opened')
    expect(pids).toHaveLength(1)
    await bench.port.close()
    expect(isAlive(pids[0]!)).toBe(false)
    expect(printer.lines).toEqual([])
  })

  test('is replaced when it is killed, and that is told', async () => {
    const pids: number[] = []
    const bench = new Bench({ guardProgram: program, ...logging(pids) })
    await bench.device()
    await bench.port.start()
    await bench.saw('opened')
    process.kill(pids[0]!, 'SIGKILL')
    await bench.saw('opened', 'guard lost')
    bench.say('G28\n')
    await bench.saw('opened', 'guard lost', 'ok')
  })

  test('is replaced by one that names a tool used for the first time, before that is said, without a safe stop', async () => {
    const guards = guardsThatTell()
    const bench = new Bench({ guardProgram: guards.program })
    const { printer } = await bench.device()
    await bench.port.start()
    bench.port.setTools([1])
    await bench.saw('opened', 'guarded 1')
    const [first, second] = guards.told()
    expect(first?.script.heatersOff).not.toContain('M104 T1 S0')
    expect(second?.script.heatersOff).toContain('M104 T1 S0')
    expect(isAlive(first!.pid)).toBe(false)
    expect(isAlive(second!.pid)).toBe(true)
    await bench.port.close()
    expect(isAlive(second!.pid)).toBe(false)
    expect(printer.lines).toEqual([])
  })

  test('of the port’s next life knows the tools of the one before', async () => {
    const guards = guardsThatTell()
    const bench = new Bench({ guardProgram: guards.program })
    await bench.port.start()
    bench.port.setTools([1])
    await bench.device()
    await bench.saw('guarded 1', 'opened')
    expect(guards.told().map(({ script }) => script.heatersOff.includes('M104 T1 S0'))).toEqual([true])
  })

  test('that is still starting when its port is lost leaves, and the port is not told open', async () => {
    const guards = guardsThatTell(SLOW_MS)
    const bench = new Bench({ guardProgram: guards.program })
    const { device } = await bench.device()
    const started = bench.port.start()
    await guards.began(1)
    await device.unplug()
    await started
    expect(bench.events).toEqual([])
    expect(guards.alive()).toEqual([])
    await bench.device()
    await bench.saw('opened')
    await bench.port.close()
    expect(guards.alive()).toEqual([])
  })

  test.each(['opened', 'opened again'])(
    'that is still starting for a port %s leaves when the port is closed',
    async (when) => {
      const guards = guardsThatTell(SLOW_MS)
      const bench = new Bench({ guardProgram: guards.program })
      let { device, printer } = await bench.device()
      if (when === 'opened again') {
        await bench.port.start()
        await device.unplug()
        ;({ device, printer } = await bench.device())
        await guards.began(2)
      } else {
        void bench.port.start()
        await guards.began(1)
      }
      const events = [...bench.events]
      await bench.port.close()
      expect(guards.alive()).toEqual([])
      expect(bench.events).toEqual(events)
      expect(printer.lines).toEqual([])
    },
  )

  test('stays when the port is left to it', async () => {
    const guards = guardsThatTell()
    const bench = new Bench({ guardProgram: guards.program })
    await bench.device()
    await bench.port.start()
    await bench.port.leave()
    expect(guards.alive()).toHaveLength(1)
    await bench.port.close()
  })
})

/** Longer than a guard takes to start, so that the test can act in between. */
const SLOW_MS = 400

interface ToldGuard {
  readonly pid: number
  readonly script: { readonly heatersOff: readonly string[] }
}

/** Guards that tell that they begin and what they were told; with `delayMs` they take their time to be ready. */
function guardsThatTell(delayMs = 0) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-guards-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  const [began, told, slow] = ['began', 'told', 'guard.cjs'].map((name) => join(folder, name))
  const lines = (path = ''): string[] =>
    existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
  writeFileSync(
    slow!,
    `const fs = require('node:fs')
fs.appendFileSync(${JSON.stringify(began)}, process.pid + '\\n')
setTimeout(() => {
  process.stdin.once('data', (text) =>
    fs.appendFileSync(${JSON.stringify(told)}, '{"pid":' + process.pid + ',"script":' + String(text).trim() + '}\\n'))
  require(${JSON.stringify(program)})
}, ${delayMs})
`,
  )
  return {
    program: slow!,
    /** Waits until so many guards have begun. */
    began: (count: number) => vi.waitFor(() => expect(lines(began)).toHaveLength(count), { timeout: 5_000 }),
    /** Those that have begun and not ended. */
    alive: (): readonly number[] => lines(began).map(Number).filter(isAlive),
    told: (): readonly ToldGuard[] => lines(told).map((line) => JSON.parse(line)),
  }
}

function logging(pids: number[]): Pick<PrinterPortOptions, 'logger'> {
  const note = (details: object): void => {
    if ('guard' in details && typeof details.guard === 'number') pids.push(details.guard)
  }
  return { logger: { info: note, warn: note, debug: note } as NonNullable<PrinterPortOptions['logger']> }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
