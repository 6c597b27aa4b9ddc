import fs from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * The serial number of the USB device behind a port, as the kernel has it from the device itself. It belongs to the
 * adapter, which with most boards is the board; cheap adapters have none, or all of them the same one, and whoever makes
 * a device can write in any.
 */

/** USB allows 126 characters. */
const SERIAL_CHARS_MAX = 126
/** Folders between a serial port and its USB device: the port's own, its interface's. One more, for hubs in a chip. */
const LEVELS_MAX = 6

/**
 * The serial number, or null where there is none that can be known: no USB device, none reported, a TCP link. `sysDir` is
 * where the kernel tells of devices.
 */
export async function usbSerialOf(name: string, sysDir = '/sys'): Promise<string | null> {
  if (name.startsWith('tcp://')) return null
  try {
    const device = await fs.realpath(name)
    let folder = await fs.realpath(join(sysDir, 'class', 'tty', basename(device), 'device'))
    for (let level = 0; level < LEVELS_MAX; level++) {
      const serial = await readSerial(folder)
      if (serial !== undefined) return serial
      folder = dirname(folder)
    }
  } catch {
    // No such port, or not one that the kernel tells of.
  }
  return null
}

/** Null: this is the USB device, and it has none. Undefined: this is none. */
async function readSerial(folder: string): Promise<string | null | undefined> {
  const isDevice = (await read(join(folder, 'idVendor'))) !== undefined
  if (!isDevice) return undefined
  const serial = (await read(join(folder, 'serial')))?.trim() ?? ''
  return /^[ -~]+$/.test(serial) && serial.length <= SERIAL_CHARS_MAX ? serial : null
}

async function read(path: string): Promise<string | undefined> {
  return await fs.readFile(path, 'latin1').catch(() => undefined)
}
