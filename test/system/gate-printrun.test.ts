import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { endProcesses, removeFolders } from './command.ts'
import { canonicalCommands, commandsFrom, expectLast, type Gate, startGate } from './gate.ts'
import { isCold, type Printer, startPrinter } from './printer.ts'
import { endPrintrun, isWithoutPrintrun, type Pronsole, runPrintcore, startPronsole } from './printrun.ts'
import { CUBE, newSite, type Site } from './site.ts'

let site: Site
let printer: Printer
let gate: Gate
/** Commands in the journal when the test began. */
let first: number

/** Of the cube's lines, those with a command. */
const LINES = readFileSync(CUBE, 'utf8').split('\n')
const COMMAND_LINES = LINES.flatMap((line, i) => (/^\s*[A-Z]/.test(line) ? [i] : []))
/** What Printrun's print sends beside its file: heaters off where it is ended. */
const isOff = (command: string): boolean => /^M107$|^M1[04]\d S0(\.0)?$/.test(command)

describe.skipIf(isWithoutPrintrun)('Printrun (needs Debian’s printrun)', () => {
  beforeAll(async () => {
    ;[site, printer] = await Promise.all([newSite(), startPrinter()])
    gate = await startGate(site, printer.port)
    await gate.untilState('idle')
  })
  beforeEach(() => {
    first = printer.commands().length
  })
  afterEach(async () => {
    await endPrintrun()
    if ((await gate.status()).latch !== null) await gate.clear()
  })
  afterAll(async () => {
    await endProcesses()
    removeFolders()
  })

  test('printcore prints a PrusaSlicer file: the journal equals the job', async () => {
    await runPrintcore(gate.link, CUBE)
    expect(commandsFrom(printer, first)).toEqual(await canonicalCommands(CUBE))
    expect(isCold(printer)).toBe(true)
    expect((await gate.status()).latch).toBeNull()
  })

  test('pronsole prints a PrusaSlicer file: the journal equals the job', async () => {
    const pronsole = await startPronsole(gate.link, CUBE)
    pronsole.type('print')
    await pronsole.untilShown(/Print ended/)
    expect(commandsFrom(printer, first)).toEqual(await canonicalCommands(CUBE))
    expect(isCold(printer)).toBe(true)
    await gate.untilState('idle')
    await expectLast(site, 'stream-opened', { host: 'printrun' })
    await expectLast(site, 'job-closed', {
      outcome: 'ended',
      commandsSent: 2619,
    })
  })

  test('printcore, which knows no actions, sends on and prints nothing after a refused line', async () => {
    const at = 1309
    const job = site.file('refused.gcode', LINES.with(COMMAND_LINES[at] ?? -1, 'G1 X10 X11').join('\n'))
    await runPrintcore(gate.link, job)
    const canonical = await canonicalCommands(CUBE)
    const sent = commandsFrom(printer, first)
    expect(sent.slice(0, at)).toEqual(canonical.slice(0, at))
    expect(sent.slice(at).filter((command) => !isOff(command))).toEqual([])
    expect((await gate.status()).latch?.message).toMatch(/^line 1309 was refused: .*X/)
  })

  test.each([
    [
      '10 %',
      0.1,
      'G1 X10 Y999',
      'travel move reaches Y 999 mm, above the limit of 220 mm of the build volume',
    ],
    ['50 %', 0.5, 'M104 S301', 'nozzle target 301 C is above the limit of 260 C'],
    ['the last line', 1, 'M500', 'M500'],
  ] as const)(
    'pronsole pauses with the sentence on its screen where the line at %s is refused',
    async (_, part, line, words) => {
      const at = Math.min(COMMAND_LINES.length - 1, Math.floor(part * COMMAND_LINES.length))
      const job = site.file('refused.gcode', LINES.with(COMMAND_LINES[at] ?? -1, line).join('\n'))
      const received = printer.receivedBytes()
      const pronsole = await startPronsole(gate.link, job)
      pronsole.type('print')
      const shown = await pronsole.untilShown(/appeal - /)
      expect(shown).toContain(`line ${at} - `)
      expect(shown).toContain(words)
      expect(await pronsole.isPrinting()).toBe(false)
      await resume(pronsole)
      const canonical = await canonicalCommands(CUBE)
      expect(commandsFrom(printer, first).slice(0, at)).toEqual(canonical.slice(0, at))
      expect(
        commandsFrom(printer, first)
          .slice(at)
          .filter((command) => !isOff(command)),
      ).toEqual([])
      expect(wire(received)).not.toContain(line)
      await expectLast(site, 'job-closed', {
        outcome: 'stopped',
      })
    },
  )

  test('after a refusal neither a new print nor a reconnect moves anything until a person clears it', async () => {
    const job = site.file('refused.gcode', LINES.with(COMMAND_LINES[100] ?? -1, 'G1 X10 Y999').join('\n'))
    let pronsole = await startPronsole(gate.link, job)
    pronsole.type('print')
    await pronsole.untilShown(/appeal - /)
    await pronsole.kill()
    pronsole = await startPronsole(gate.link, CUBE)
    const sent = commandsFrom(printer, first).length
    pronsole.type('print')
    await pronsole.untilShown(/blocked until .* cleared - line 100 was refused/)
    // Its threads wait for each other until then, and one that is hurried has two that print.
    await pronsole.untilShown(/Print ended/)
    pronsole.type('G28')
    await resume(pronsole)
    expect(
      commandsFrom(printer, first)
        .slice(sent)
        .filter((command) => !isOff(command)),
    ).toEqual([])
    await gate.clear()
    const cleared = printer.commands().length
    const from = pronsole.screen().length
    pronsole.type('print')
    await pronsole.untilShown(/Print ended/, from)
    expect(commandsFrom(printer, cleared)).toEqual(await canonicalCommands(CUBE))
  })
})

/** Goes on against all advice, to the end of the file. */
async function resume(pronsole: Pronsole): Promise<void> {
  const from = pronsole.screen().length
  for (;;) {
    const tried = pronsole.screen().length
    pronsole.type('resume')
    // Its pause takes it a moment.
    if (/Print resumed/.test(await pronsole.untilShown(/Print resumed|Not paused/, tried))) break
  }
  await pronsole.untilShown(/Print ended/, from)
}

/** What the printer received from the given byte on, as text. */
function wire(from: number): string {
  const hex = printer.journal().flatMap((record) => (record.kind === 'received' ? [record.hex] : []))
  return Buffer.from(hex.join(''), 'hex').subarray(from).toString('latin1')
}
