/** What the kernel knows of the device behind the printer's port: read from /sys, changed nowhere. */

import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export type PrinterDevice =
  /** No device of this machine's own: the built-in printer, one in the network, or a virtual port. */
  | { readonly kind: 'none' }
  /** The port is a device's name, and the device is not there now. */
  | { readonly kind: 'absent' }
  /** A serial port that is part of the machine: `/dev/ttyAMA0`. */
  | { readonly kind: 'fixed'; readonly node: string }
  | UsbDevice

export interface UsbDevice {
  readonly kind: 'usb'
  /** `/dev/ttyUSB0`, as it is called now. */
  readonly node: string
  /** Four hexadecimal digits each. */
  readonly vendor: string
  readonly product: string
  /** Many devices have none, or one that cannot be written into a rule. */
  readonly serial?: string
}

/** What a rule can match without any character that has a meaning there: a device says of itself what it likes. */
const SERIAL = /^[A-Za-z0-9_.:+-][A-Za-z0-9 _.:+-]{0,125}(?<! )$/
const USB_ID = /^[0-9a-f]{4}$/
const NODE_NAME = /^tty[A-Za-z0-9]+$/
/** Parents between a serial port and its USB device are two or three; nothing is looked for further up. */
const PARENTS_MAX = 8

/** Looks up the device of a port. `root` stands for `/`. */
export function findPrinterDevice(port: string, root = '/'): PrinterDevice {
  if (port === 'sim' || port.startsWith('tcp://')) return { kind: 'none' }
  const path = realPath(join(root, port))
  if (path === undefined) return { kind: 'absent' }
  const name = basename(path)
  if (!NODE_NAME.test(name)) return { kind: 'none' }
  const node = `/dev/${name}`
  return usbDevice(node, realPath(join(root, 'sys/class/tty', name, 'device'))) ?? { kind: 'fixed', node }
}

function usbDevice(node: string, from: string | undefined): UsbDevice | undefined {
  let folder = from
  for (let i = 0; folder !== undefined && i < PARENTS_MAX; i++) {
    if (existsSync(join(folder, 'idVendor'))) return readUsbDevice(node, folder)
    folder = dirname(folder)
  }
  return undefined
}

function readUsbDevice(node: string, folder: string): UsbDevice | undefined {
  const vendor = attribute(folder, 'idVendor')
  const product = attribute(folder, 'idProduct')
  if (!USB_ID.test(vendor) || !USB_ID.test(product)) return undefined
  const serial = attribute(folder, 'serial')
  return { kind: 'usb', node, vendor, product, ...(SERIAL.test(serial) && { serial }) }
}

function attribute(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), 'latin1').replace(/\n$/, '')
  } catch {
    return ''
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
