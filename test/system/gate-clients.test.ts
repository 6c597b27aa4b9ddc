import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { endProcesses, removeFolders, until } from './command.ts'
import { canonicalCommands, commandsFrom, expectLast, type Gate, startGate } from './gate.ts'
import { type Host, numbered, openSerial, openTcp } from './gate-hosts.ts'
import { isCold, type Printer, startPrinter } from './printer.ts'
import { CUBE, newSite, type Site } from './site.ts'

/** Hosts without idioms of their own: they send on whatever they are told, and nothing of a refused job may pass. */

let site: Site
let printer: Printer
let gate: Gate
let host: Host | undefined

beforeAll(async () => {
  ;[site, printer] = await Promise.all([newSite(), startPrinter()])
  gate = await startGate(site, printer.port)
  await gate.untilState('idle')
})
afterEach(async () => {
  await host?.close()
  if ((await gate.status()).latch !== null) await gate.clear()
})
afterAll(async () => {
  await endProcesses()
  removeFolders()
})

/** The cube as a host sends it: without comments and blank lines. */
const LINES = readFileSync(CUBE, 'utf8')
  .split('\n')
  .map((line) => line.replace(/;.*/, '').trim())
  .filter((line) => line !== '')

interface Kind {
  readonly name: string
  readonly open: () => Promise<Host>
  readonly isNumbered: boolean
}

const KINDS: readonly Kind[] = [
  { name: 'a numbered node-serialport host', open: () => openSerial(gate.link), isNumbered: true },
  { name: 'a numbered TCP host', open: () => openTcp(gate.tcpPort), isNumbered: true },
  { name: 'a TCP host without numbers', open: () => openTcp(gate.tcpPort), isNumbered: false },
]

describe.each(KINDS)('$name', ({ open, isNumbered }) => {
  test('prints a PrusaSlicer file: the journal equals the job, damaged lines and all', async () => {
    const first = printer.commands().length
    host = await open()
    const damageEvery = isNumbered ? 100 : 0
    const { resent } = await host.print(LINES, { isNumbered, damageEvery })
    expect(resent).toBe(isNumbered ? Math.floor(LINES.length / 100) : 0)
    expect(commandsFrom(printer, first)).toEqual(await canonicalCommands(CUBE))
    expect(isCold(printer)).toBe(true)
  })

  test.each([
    ['10 %', Math.floor(LINES.length / 10), 'G1 X10 Y999', /travel move reaches Y 999 mm, above the limit/],
    ['50 %', Math.floor(LINES.length / 2), 'G1 X10 X11', /repeat/],
    ['the last line', LINES.length - 1, 'M104 S301', /nozzle target 301 C is above the limit of 260 C/],
  ] as const)('with a refused line at %s sends neither it nor what follows', async (_, at, line, reason) => {
    const first = printer.commands().length
    const received = printer.receivedBytes()
    host = await open()
    const job = LINES.with(at, line)
    // Deaf as it is it sends the job to its end, and every line of it is acknowledged.
    const { acknowledged } = await host.print(job, { isNumbered })
    expect(acknowledged).toBe(LINES.length)
    const canonical = await canonicalCommands(CUBE)
    const offs = canonical.slice(at + 1).filter((command) => /^M107$|^M104 S0$/.test(command))
    expect(commandsFrom(printer, first)).toEqual([...canonical.slice(0, at), ...offs])
    expect(wire(received)).not.toContain(line)
    expect(host.heard.filter((said) => said.startsWith('echo:') && reason.test(said))).toHaveLength(1)
    expect(host.heard).toContain('// action:cancel')
    expect((await gate.status()).state).toBe('refused')
    await expectLast(site, 'job-closed', { outcome: 'stopped' })
  })

  test('with a refused line outside a job reads why, and goes on', async () => {
    host = await open()
    const refused = await host.say('M104 S301')
    expect(refused[0]).toMatch(/^echo:line \d+ - nozzle target 301 C is above the limit of 260 C/)
    expect(refused).not.toContain('// action:cancel')
    expect(await host.say('M104 S0')).toEqual(['ok'])
    expect((await gate.status()).latch).toBeNull()
  })
})

/** What the printer received from the given byte on, as text. */
function wire(from: number): string {
  const hex = printer.journal().flatMap((record) => (record.kind === 'received' ? [record.hex] : []))
  return Buffer.from(hex.join(''), 'hex').subarray(from).toString('latin1')
}

describe.each(KINDS)('$name that does not wait for answers', ({ open, isNumbered }) => {
  const written = (lines: readonly string[]): readonly string[] =>
    isNumbered ? ['M110 N0', ...lines].map((line, i) => numbered(i, line)) : lines

  test('prints the file in order, and each line has one answer', async () => {
    const first = printer.commands().length
    host = await open()
    await host.pour(written(LINES))
    expect(commandsFrom(printer, first)).toEqual(await canonicalCommands(CUBE))
    expect(host.heard.filter((said) => /^ok\b/.test(said))).toHaveLength(written(LINES).length)
  })

  test('sends nothing of a refused job that was on its way already', async () => {
    const first = printer.commands().length
    const at = 1000
    host = await open()
    await host.pour(written(LINES.with(at, 'G1 X10 Y999')))
    const canonical = await canonicalCommands(CUBE)
    const offs = canonical.slice(at + 1).filter((command) => /^M107$|^M104 S0$/.test(command))
    expect(commandsFrom(printer, first)).toEqual([...canonical.slice(0, at), ...offs])
  })
})

test('a line of 10 MB without an end and garbage of all bytes reach nobody, and the host is still served', async () => {
  const first = printer.commands().length
  const received = printer.receivedBytes()
  host = await openTcp(gate.tcpPort)
  host.send('G1 X1'.repeat(2_000_000))
  host.send('\n')
  host.send(`${String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))}\n`)
  host.send('M114\n')
  // Of the blank lines in it some have answers of their own, so that an ok does not tell.
  await until('the question', () => commandsFrom(printer, first).length > 0)
  expect(commandsFrom(printer, first)).toEqual(['M114'])
  expect(wire(received)).not.toMatch(/X1|[^\n -~]/)
  expect((await gate.status()).latch).toBeNull()
})

test('a host that reconnects after a refusal and numbers anew is told so, and prints nothing until a person clears it', async () => {
  host = await openSerial(gate.link)
  await host.print(LINES.slice(0, 50).with(40, 'G1 X10 Y999'), { isNumbered: true })
  await host.close()
  const first = printer.commands().length
  host = await openSerial(gate.link)
  await host.print(LINES, { isNumbered: true })
  expect(host.heard).toContainEqual(expect.stringMatching(/^echo:blocked until .* cleared - line 41 was/))
  expect(commandsFrom(printer, first).filter((command) => !/ S0$|^M107$/.test(command))).toEqual([])
  await gate.clear()
  // Nobody knows where the toolhead is, so it is homed first.
  expect((await host.say('G1 X10 F3000'))[0]).toMatch(/^echo:line .*position that is not known/)
  await host.say('G28')
  expect(await host.say('G1 X10 F3000')).toEqual(['ok'])
  await until('the move', () => printer.commands().at(-1) === 'G1 X10 F3000')
})
