/** Two more doors to the same printer: its USB node, past the driver, and further serial ports of the same board. */
import { othersWho, READ, WRITE, whoWords } from '../access.ts'
import { siblings, usbNode } from '../device.ts'
import { fail, note, octal, ok, type Told, word } from '../finding.ts'
import { type Check, type Subject, udevRemedy } from '../subject.ts'

export const deviceUsb: Check = {
  id: 'device-usb',
  examine(subject) {
    const { device, world } = subject
    if (device?.number === undefined) return []
    const { real } = device.trail
    if (device.usb === undefined) return [ok(`\`${real}\` shows no USB device behind it`)]
    const node = usbNode(world, device.usb)
    if (node === undefined) {
      return [
        note(
          `the USB device of \`${real}\` (\`${device.usb}\`) tells no bus number, so its raw node is not known`,
          'see with `ls -l /dev/bus/usb/*/*` that only root can write there',
        ),
      ]
    }
    return [
      examineNode(subject, node, WRITE, 'the raw USB node'),
      ...siblings(world, device).map((path) =>
        examineNode(subject, path, READ | WRITE, 'a second serial port'),
      ),
    ]
  },
}

function examineNode(subject: Subject, path: string, wanted: number, what: string): Told {
  const { people, world } = subject
  const facts = world.stat(path)
  if (facts.kind !== 'seen') {
    return note(
      `${what} of the printer, \`${path}\`, cannot be looked at`,
      `see with \`ls -l ${word(path)}\` that only root and the gate’s user can use it`,
    )
  }
  const who = whoWords(people, othersWho(people, facts.value, wanted))
  if (who === undefined) return ok(`${what} of the printer, \`${path}\`, is shut to others`)
  return fail(
    `${what} of the printer, \`${path}\` (mode ${octal(facts.value.mode)}), is open to ${who}, round the gate`,
    udevRemedy(subject),
  )
}
