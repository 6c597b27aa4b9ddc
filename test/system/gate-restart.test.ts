import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { endProcesses, removeFolders, until } from './command.ts'
import { expectRecords, type Gate, recordsOf, startGate } from './gate.ts'
import { type Host, openTcp } from './gate-hosts.ts'
import { isCold, type Printer, startPrinter } from './printer.ts'
import { logRecords, newSite, type Site } from './site.ts'

/** What a gate knows of the one before it: nothing that a person must look at is lost by starting again. */

let site: Site

beforeEach(async () => {
  site = await newSite()
})
afterEach(endProcesses)
afterAll(removeFolders)

const plugIn = (faults: readonly string[] = []): Promise<Printer> =>
  startPrinter({ link: join(site.folder, 'printer'), faults })

async function end(gate: Gate): Promise<void> {
  gate.command.signal('SIGTERM')
  const { status, stderr } = await gate.command.ended
  expect(stderr).toBe('')
  expect(status).toBe(0)
}

async function heat(gate: Gate, printer: Printer): Promise<Host> {
  await gate.untilState('idle')
  const host = await openTcp(gate.tcpPort)
  await host.say('M104 S200')
  await until('the heater to be on', () => printer.targets()['nozzle'] === 200)
  return host
}

test('a gate that ends in good order says so, and the next one begins with nothing to look at', async () => {
  const printer = await plugIn()
  const gate = await startGate(site, printer.port)
  await gate.untilState('idle')
  await end(gate)
  expect((await logRecords(site)).at(-1)).toMatchObject({ kind: 'agent-ended' })
  const again = await startGate(site, printer.port)
  expect((await again.untilState('idle', 'latched')).latch).toBeNull()
})

test('a refusal outlives restarts, until a person clears it', async () => {
  const printer = await plugIn()
  const first = await startGate(site, printer.port)
  await first.untilState('idle')
  const host = await openTcp(first.tcpPort)
  await host.print(['G28', 'M104 S210', 'G1 X999'], { isNumbered: true })
  await first.untilState('refused')
  await end(first)
  for (let i = 0; i < 2; i++) {
    const again = await startGate(site, printer.port)
    const { latch } = await again.untilState('latched')
    expect(latch?.message).toMatch(/^blocked when the last gate ended: line-refused, record \d+$/)
    await end(again)
  }
  const last = await startGate(site, printer.port)
  await last.untilState('latched')
  await until('the stop', async () => (await recordsOf(site, 'safe-stop')).at(-1)?.['confirmed'] === true)
  await last.clear()
  await last.untilState('idle')
  await end(last)
  const free = await startGate(site, printer.port)
  expect((await free.untilState('idle', 'latched')).latch).toBeNull()
})

test('a stop that a deaf printer never confirmed is tried again by each gate that comes after', async () => {
  const printer = await plugIn()
  const first = await startGate(site, printer.port)
  await heat(first, printer)
  first.command.signal('SIGKILL')
  await first.command.ended
  await until('the guard', () => isCold(printer))
  printer.command.signal('SIGTERM')
  await printer.command.ended
  const deaf = await plugIn(['silent'])
  const second = await startGate(site, deaf.port)
  await second.untilState('stopping')
  // It takes longer than fifteen seconds, and ends with the emergency stop.
  await end(second)
  await expectRecords(site, 'safe-stop', [{ confirmed: false }])
  deaf.command.signal('SIGTERM')
  await deaf.command.ended
  const well = await plugIn()
  const third = await startGate(site, well.port)
  expect((await third.untilState('latched')).latch).toMatchObject({ code: 'found-running' })
  await until('the stop', async () => (await recordsOf(site, 'safe-stop')).at(-1)?.['confirmed'] === true)
  expect(well.commands()).toContain('M104 S0')
}, 90_000)

test('hosts that come and go by the hundred fill no log', async () => {
  const printer = await plugIn()
  const gate = await startGate(site, printer.port)
  await gate.untilState('idle')
  for (let i = 0; i < 300; i++) {
    const host = await openTcp(gate.tcpPort)
    host.send('M105\n')
    await host.close()
  }
  const kinds = (await logRecords(site)).map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind === 'host-opened').length).toBeLessThanOrEqual(60)
  expect((await gate.status()).state).toBe('idle')
})
