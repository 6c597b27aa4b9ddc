/** A device named by the order in which things were plugged in may be another device tomorrow. */
import { basename } from 'node:path'
import { note, ok } from '../finding.ts'
import type { Check } from '../subject.ts'
import { follow } from '../trail.ts'
import { seen } from '../world.ts'

const NUMBERED = /^tty(USB|ACM)\d+$/
const BY_ID = '/dev/serial/by-id'

export const deviceName: Check = {
  id: 'device-name',
  examine({ device, world }) {
    if (device?.number === undefined) return []
    const { path, real } = device.trail
    if (!NUMBERED.test(basename(path)))
      return [ok(`\`${path}\` names the printer, not the order of plugging in`)]
    const stable = (seen(world.list(BY_ID)) ?? [])
      .map((name) => `${BY_ID}/${name}`)
      .find((link) => follow(world, link).real === real)
    return [
      note(
        `\`${path}\` goes by the order of plugging in: it may be another device after the next start`,
        stable === undefined
          ? 'name it by a link in `/dev/serial/by-path`, which goes by the USB socket'
          : `write \`port: ${stable}\` in the configuration`,
      ),
    ]
  },
}
