import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findPrinterDevice } from '../../agent/install/index.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'portcullis-sys-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function file(path: string, text = ''): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

function link(path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  symlinkSync(relative(dirname(join(root, path)), join(root, target)), join(root, path))
}

const USB = 'sys/devices/pci0000:00/0000:00:14.0/usb1/1-2'

/** A USB printer as Linux shows it: `depth` folders lie between its port and the USB device. */
function plugIn(name: string, attributes: Readonly<Record<string, string>>, between: string): void {
  for (const [key, value] of Object.entries(attributes)) file(`${USB}/${key}`, `${value}\n`)
  file(`${USB}/${between}/uevent`)
  link(`sys/class/tty/${name}/device`, `${USB}/${between}`)
  file(`dev/${name}`)
  link('dev/serial/by-id/usb-printer', `dev/${name}`)
}

describe('a USB printer', () => {
  test('behind a converter chip is found by its stable name', () => {
    plugIn('ttyUSB3', { idVendor: '1a86', idProduct: '7523' }, '1-2:1.0/ttyUSB3')
    const found = { kind: 'usb', node: '/dev/ttyUSB3', vendor: '1a86', product: '7523' }
    expect(findPrinterDevice('/dev/serial/by-id/usb-printer', root)).toEqual(found)
    expect(findPrinterDevice('/dev/ttyUSB3', root)).toEqual(found)
  })

  test('with USB of its own has a serial number', () => {
    plugIn('ttyACM0', { idVendor: '2c99', idProduct: '0002', serial: 'CZPX4720X004XC41234' }, '1-2:1.0')
    expect(findPrinterDevice('/dev/ttyACM0', root)).toEqual({
      kind: 'usb',
      node: '/dev/ttyACM0',
      vendor: '2c99',
      product: '0002',
      serial: 'CZPX4720X004XC41234',
    })
  })

  test.each([
    '", RUN+="/bin/sh -c evil',
    'A*',
    'A?',
    'A[0]',
    'A|B',
    'A\\',
    'A\nB',
    '$env{x}',
    '%k',
    'é',
    'A ',
    ' A',
    '',
  ])('that calls itself %j goes without its serial number', (serial) => {
    plugIn('ttyACM0', { idVendor: '2c99', idProduct: '0002', serial }, '1-2:1.0')
    expect(findPrinterDevice('/dev/ttyACM0', root)).not.toHaveProperty('serial')
  })

  test('with ids that are none is known by its name only', () => {
    plugIn('ttyACM0', { idVendor: '"', idProduct: '0002' }, '1-2:1.0')
    expect(findPrinterDevice('/dev/ttyACM0', root)).toEqual({ kind: 'fixed', node: '/dev/ttyACM0' })
  })
})

describe('a port', () => {
  test('that is part of the machine is known by its name', () => {
    file('sys/devices/platform/serial0/uevent')
    link('sys/class/tty/ttyAMA0/device', 'sys/devices/platform/serial0')
    file('dev/ttyAMA0')
    expect(findPrinterDevice('/dev/ttyAMA0', root)).toEqual({ kind: 'fixed', node: '/dev/ttyAMA0' })
  })

  test('that is not there is absent', () => {
    expect(findPrinterDevice('/dev/serial/by-id/usb-printer', root)).toEqual({ kind: 'absent' })
    link('dev/serial/by-id/usb-gone', 'dev/ttyUSB9')
    expect(findPrinterDevice('/dev/serial/by-id/usb-gone', root)).toEqual({ kind: 'absent' })
  })

  test.each(['sim', 'tcp://printer:4000', 'tcp://[::1]:4000'])('%s has no device here', (port) => {
    expect(findPrinterDevice(port, root)).toEqual({ kind: 'none' })
  })

  test('that is virtual has no device either', () => {
    file('dev/pts/4')
    link('tmp/printer', 'dev/pts/4')
    expect(findPrinterDevice('/tmp/printer', root)).toEqual({ kind: 'none' })
  })

  test('of a strange name is not written anywhere', () => {
    file('dev/ttyUSB0", RUN+="x')
    expect(findPrinterDevice('/dev/ttyUSB0", RUN+="x', root)).toEqual({ kind: 'none' })
  })
})
