/** The printer's real device: where its name leads, what the kernel and udev know of it. */
import { dirname } from 'node:path'
import { follow, type Trail } from './trail.ts'
import { seen, type World } from './world.ts'

export interface Device {
  readonly trail: Trail
  /** `major:minor`, where it is there and a character device. */
  readonly number: string | undefined
  /** The kernel's name of it: `ttyUSB0`. */
  readonly name: string
  /** What udev remembers of it: empty where there is no udev. */
  readonly udev: Udev
  /** The folder of its USB device in /sys, undefined for what hangs on no USB. */
  readonly usb: string | undefined
}

/** The database of udev for one device. */
export interface Udev {
  readonly isKnown: boolean
  readonly properties: ReadonlyMap<string, string>
  readonly tags: ReadonlySet<string>
}

export function findDevice(world: World, port: string): Device {
  const trail = follow(world, port)
  const name = trail.real.slice(trail.real.lastIndexOf('/') + 1)
  const facts = seen(trail.end)
  const number = facts?.type === 'character' ? facts.device : undefined
  return {
    trail,
    number,
    name,
    udev: readUdev(number === undefined ? undefined : seen(world.readText(`/run/udev/data/c${number}`))),
    usb: number === undefined ? undefined : usbFolder(world, name),
  }
}

/** The nearest folder above the device's own in /sys that is a USB device, not one of its interfaces. */
export function usbFolder(world: World, tty: string): string | undefined {
  const trail = follow(world, `/sys/class/tty/${tty}/device`)
  if (trail.end.kind !== 'seen') return undefined
  for (let folder = trail.real; folder !== dirname(folder); folder = dirname(folder)) {
    if (world.lstat(`${folder}/busnum`).kind === 'seen') return folder
  }
  return undefined
}

/** The node through which a program can talk to the USB device without its driver. */
export function usbNode(world: World, usb: string): string | undefined {
  const number = (file: string): string | undefined =>
    /^(\d{1,3})\s*$/.exec(seen(world.readText(`${usb}/${file}`)) ?? '')?.[1]?.padStart(3, '0')
  const bus = number('busnum')
  const device = number('devnum')
  return bus === undefined || device === undefined ? undefined : `/dev/bus/usb/${bus}/${device}`
}

/** The other serial ports of the same USB device. */
export function siblings(world: World, device: Device): readonly string[] {
  const { usb, name } = device
  if (usb === undefined) return []
  const ttys = seen(world.list('/sys/class/tty')) ?? []
  return ttys.filter((tty) => tty !== name && usbFolder(world, tty) === usb).map((tty) => `/dev/${tty}`)
}

/** Lines of `E:KEY=VALUE`, `G:tag` for a tag it ever had and, of databases with a version, `Q:tag` for one it has. */
function readUdev(text: string | undefined): Udev {
  const lines = (text ?? '').split('\n')
  const after = (mark: string): readonly string[] =>
    lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length))
  const properties = after('E:').map((pair): [string, string] => {
    const split = pair.indexOf('=')
    return [pair.slice(0, split), pair.slice(split + 1)]
  })
  const hasVersion = after('V:').some((version) => Number(version) >= 1)
  return {
    isKnown: text !== undefined,
    properties: new Map(properties),
    tags: new Set(after(hasVersion ? 'Q:' : 'G:')),
  }
}
