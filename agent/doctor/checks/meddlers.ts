/** Programs of the system that reach for serial ports by themselves, and talk into the printer or hold its port. */
import type { Device } from '../device.ts'
import { fail, ok, type Told, warn } from '../finding.ts'
import { asRoot, type Check, type Subject, udevRemedy } from '../subject.ts'
import { seen } from '../world.ts'

export const meddlers: Check = {
  id: 'meddlers',
  examine(subject) {
    const { device, processes } = subject
    if (device?.number === undefined) return []
    const told = [
      ...modemManager(subject, device),
      ...brltty(subject, device),
      ...getty(subject, device),
      ...kernelConsole(subject, device),
    ]
    if (!processes.isWhole) {
      told.push(
        warn('programs of other users do not show, so one may reach for the printer', asRoot(subject)),
      )
    }
    return told.length > 0 ? told : [ok('no modem, braille or login program reaches for the printer')]
  },
}

function isRunning({ processes }: Subject, command: RegExp): boolean {
  return processes.list.some((process) => command.test(process.command))
}

function modemManager(subject: Subject, { trail, udev }: Device): readonly Told[] {
  if (!isRunning(subject, /^ModemManager$/)) return []
  if (udev.properties.get('ID_MM_DEVICE_IGNORE') === '1') {
    return [ok(`\`ModemManager\` runs and is told to leave \`${trail.real}\` alone`)]
  }
  const why = udev.isKnown
    ? `nothing tells it to leave \`${trail.real}\` alone: it writes to it at each plugging in`
    : `whether it is told to leave \`${trail.real}\` alone does not show here`
  return [
    warn(
      `\`ModemManager\` runs, and ${why}`,
      `${udevRemedy(subject)}; or, without a modem here, \`sudo systemctl disable --now ModemManager\``,
    ),
  ]
}

function brltty(subject: Subject, { trail }: Device): readonly Told[] {
  if (!isRunning(subject, /^brltty$/)) return []
  return [
    warn(
      `\`brltty\` runs: it takes some USB serial adapters, such as CH340, for braille displays and would hold \`${trail.real}\``,
      'where nobody needs a braille display, `sudo apt remove brltty`',
    ),
  ]
}

function getty({ processes }: Subject, { name, trail }: Device): readonly Told[] {
  const login = processes.list.find(({ command, words }) => /getty$/.test(command) && words.includes(name))
  if (login === undefined) return []
  return [
    fail(
      `process ${login.pid}, \`${login.command}\`, offers a login on \`${trail.real}\` and writes to the printer`,
      `\`sudo systemctl disable --now serial-getty@${name}.service\``,
    ),
  ]
}

/** Lines such as `ttyAMA0 -W- (EC p a) 204:64`. */
function kernelConsole({ world }: Subject, { name, trail }: Device): readonly Told[] {
  const consoles = (seen(world.readText('/proc/consoles')) ?? '')
    .split('\n')
    .map((line) => line.split(' ')[0])
  if (!consoles.includes(name)) return []
  return [
    fail(
      `the kernel writes its messages to \`${trail.real}\`, and so to the printer`,
      `take \`console=${name}\` out of the kernel’s command line (\`/boot/firmware/cmdline.txt\` on a Raspberry Pi) and start again`,
    ),
  ]
}
