import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { endProcesses, removeFolders, until } from './command.ts'
import { expectLast, expectRecords, type Gate, startGate } from './gate.ts'
import { type Host, numbered, openSerial } from './gate-hosts.ts'
import { isCold, type Printer, startPrinter } from './printer.ts'
import { newSite, type Site } from './site.ts'

/** The emergency stop passes at once and bare, whatever stands before it. */

let site: Site
let printer: Printer
let gate: Gate
let host: Host

beforeEach(async () => {
  site = await newSite()
  // At its real speed: it is to wait for heat when the stop comes.
  printer = await startPrinter({ speed: '1' })
  gate = await startGate(site, printer.port)
  await gate.untilState('idle')
  host = await openSerial(gate.link)
})
afterEach(endProcesses)
afterAll(removeFolders)

async function expectKilled(): Promise<void> {
  await until('the stop', () =>
    printer.journal().some((record) => record.kind === 'event' && record.name === 'killed'),
  )
  const hex = printer.journal().flatMap((record) => (record.kind === 'received' ? [record.hex] : []))
  // No number and no checksum: with them the firmware would not see it before its turn.
  expect(Buffer.from(hex.join(''), 'hex').toString('latin1')).toMatch(/\nM112\n/)
  expect(isCold(printer)).toBe(true)
  await gate.untilState('halted')
  await expectRecords(site, 'emergency-stop', [{ by: 'the host' }])
}

/** The printer waits for heat and takes nothing more, and the host has sent on all the same. */
async function fillWindow(): Promise<void> {
  const lines = ['M110 N0', 'M109 S200', ...Array.from({ length: 40 }, (_, i) => `M106 S${i + 1}`)]
  host.send(lines.map((line, i) => `${numbered(i, line)}\n`).join(''))
  await until('the printer to wait for heat', () => printer.commands().includes('M109 S200'))
}

describe('M112 while the printer waits for heat and the window is closed', () => {
  test.each([
    ['bare', 'M112\n'],
    ['numbered', `${numbered(42, 'M112')}\n`],
    ['with a wrong number and checksum', 'N7 M112*1\n'],
    ['in lower case, with words and a comment', 'm112 P1 ; stop!\r\n'],
  ])('%s, reaches it at once', async (_, text) => {
    await fillWindow()
    host.send(text)
    await expectKilled()
    // It waited no longer: nothing that stood behind the wait ran before the stop.
    expect(printer.commands().slice(-2)).toEqual(['M109 S200', 'M112'])
    await expectLast(site, 'job-closed', {
      outcome: 'stopped',
      code: 'emergency-stop',
      reason: 'the host sent the emergency stop',
    })
  })
})

test('M112 while a refused job is blocked reaches the printer at once', async () => {
  await host.print(['M140 S60', 'M104 S300', 'M104 S100'], { isNumbered: true })
  expect((await gate.status()).state).toBe('refused')
  expect(printer.commands()).toContain('M140 S60')
  host.send('M112\n')
  await expectKilled()
})
