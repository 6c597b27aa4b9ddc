import { describe, expect, onTestFinished, test } from 'vitest'
import { issueLicence } from '../agent/issuer/index.ts'
import type { PrinterIdentity } from '../agent/licence/index.ts'
import { identifyPrinter, isSamePrinter, namesPrinter, printerIdentity } from '../agent/printer-identity.ts'
import { type SimulatorOptions, startSimulator } from '../agent/simulator.ts'
import { issuer, NOW_MS, order } from './licence/fixture.ts'

const UUID = '6f9619ff-8b86-d011-b42d-00c04fc964ff'

/** A simulated printer and every command that it executed. */
async function printer(options: SimulatorOptions = {}) {
  const commands: string[] = []
  const simulator = await startSimulator({
    speed: 'max',
    journal: (line) => {
      const record = JSON.parse(line)
      if (record.kind === 'command') commands.push(record.text)
    },
    ...options,
  })
  onTestFinished(() => simulator.stop())
  return { path: simulator.path, commands }
}

describe('a printer that is asked which one it is', () => {
  test('is told by what it reports, and does nothing but answer', async () => {
    const { path, commands } = await printer({ firmware: 'Marlin bench', uuid: UUID })
    expect(await identifyPrinter(path, 115_200)).toEqual({
      level: 'reported',
      uuid: UUID,
      firmware: 'Marlin bench',
      usbSerial: null,
    })
    expect(commands).toEqual(['M110 N0', 'M115'])
  })

  test('has no UUID of its own where nobody configured one', async () => {
    const { path } = await printer()
    expect(await identifyPrinter(path, 115_200)).toMatchObject({ uuid: null, level: 'reported' })
  })

  test('is asked over TCP as well', async () => {
    const { path } = await printer({ tcp: { host: '127.0.0.1', port: 0 }, uuid: UUID })
    expect(await identifyPrinter(path, 115_200)).toMatchObject({ uuid: UUID })
  })

  test('is found though each second line comes damaged', async () => {
    const { path } = await printer({ uuid: UUID, faults: { 'resend-every': 2 } })
    expect(await identifyPrinter(path, 115_200)).toMatchObject({ uuid: UUID })
  })

  test('cannot be where there is no port', async () => {
    await expect(identifyPrinter('/dev/is-not-there', 115_200)).rejects.toMatchObject({
      code: 'PORT_MISSING',
    })
  })
})

describe('what is known of a printer', () => {
  test('is worth more with the serial number of its adapter, and nothing without either', () => {
    const said = { uuid: UUID, firmware: 'Marlin' }
    expect(printerIdentity(said, null)?.level).toBe('reported')
    expect(printerIdentity(said, 'A9')).toEqual({ level: 'usb', ...said, usbSerial: 'A9' })
    expect(printerIdentity(null, 'A9')).toMatchObject({ level: 'usb', uuid: null, firmware: null })
    expect(printerIdentity(null, null)).toBeNull()
  })

  test('is the same as before only where all of it is', () => {
    const before: PrinterIdentity = { level: 'usb', uuid: UUID, firmware: 'Marlin', usbSerial: 'A9' }
    expect(isSamePrinter({ ...before }, before)).toBe(true)
    expect(isSamePrinter(null, before)).toBe(false)
    for (const change of [{ uuid: null }, { firmware: 'Marlin 2' }, { usbSerial: null }])
      expect(isSamePrinter({ ...before, ...change }, before)).toBe(false)
  })
})

test('only a licence that binds this machine to a printer has it asked', async () => {
  const machines = [{ id: 'bench-1', printer: { uuid: UUID } }, 'bench-2']
  const bound = await issueLicence(issuer, { ...order, machines } as typeof order, NOW_MS)
  expect(namesPrinter(bound, 'bench-1')).toBe(true)
  expect(namesPrinter(bound, 'bench-2')).toBe(false)
  expect(namesPrinter(await issueLicence(issuer, order, NOW_MS), 'bench-1')).toBe(false)
  expect(namesPrinter(undefined, 'bench-1')).toBe(false)
  expect(namesPrinter('no licence', 'bench-1')).toBe(false)
})
