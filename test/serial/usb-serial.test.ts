import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { usbSerialOf } from '../../agent/serial/index.ts'

/** A kernel that tells of one port behind a USB adapter, the way Linux does, and a link to it by id. */
function fakeSystem(device: Readonly<Record<string, string>>): {
  readonly sys: string
  readonly port: string
} {
  const root = mkdtempSync(join(tmpdir(), 'portcullis-sys-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const usb = join(root, 'devices', 'usb1', '1-1')
  const tty = join(usb, '1-1:1.0', 'ttyUSB0')
  mkdirSync(tty, { recursive: true })
  // The hub above is a USB device too, with a serial number of its own.
  writeFileSync(join(root, 'devices', 'usb1', 'idVendor'), '1d6b\n')
  writeFileSync(join(root, 'devices', 'usb1', 'serial'), '0000:00:14.0\n')
  for (const [file, text] of Object.entries(device)) writeFileSync(join(usb, file), text)
  mkdirSync(join(root, 'class', 'tty', 'ttyUSB0'), { recursive: true })
  symlinkSync(tty, join(root, 'class', 'tty', 'ttyUSB0', 'device'))
  writeFileSync(join(root, 'ttyUSB0'), '')
  symlinkSync(join(root, 'ttyUSB0'), join(root, 'usb-FTDI_A9-port0'))
  return { sys: root, port: join(root, 'usb-FTDI_A9-port0') }
}

test('the serial number is that of the adapter behind the port, by whichever name', async () => {
  const { sys, port } = fakeSystem({ idVendor: '0403\n', serial: 'A9XYZ123\n' })
  expect(await usbSerialOf(port, sys)).toBe('A9XYZ123')
  expect(await usbSerialOf(join(sys, 'ttyUSB0'), sys)).toBe('A9XYZ123')
})

test.each([
  ['reports none', { idVendor: '1a86\n' }],
  ['reports an empty one', { idVendor: '1a86\n', serial: '\n' }],
  ['reports what is no text', { idVendor: '1a86\n', serial: 'A\u0007B\n' }],
  ['reports more than USB allows', { idVendor: '1a86\n', serial: 'x'.repeat(127) }],
])('an adapter that %s has none, and not that of the hub', async (_, device) => {
  const { sys, port } = fakeSystem(device)
  expect(await usbSerialOf(port, sys)).toBeNull()
})

test('what is no USB device has none', async () => {
  expect(await usbSerialOf('tcp://printer:8888')).toBeNull()
  expect(await usbSerialOf('/dev/null')).toBeNull()
  expect(await usbSerialOf('/dev/is-not-there')).toBeNull()
})
