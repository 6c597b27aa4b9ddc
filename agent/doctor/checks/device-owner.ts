/** Who can open the printer's device without the gate: the one question that everything else rests on. */
import { gateMay, othersWho, READ, WRITE, weaknessesOf, whoWords } from '../access.ts'
import type { Device } from '../device.ts'
import { fail, names, note, octal, ok, type Told, warn, word } from '../finding.ts'
import { type Check, type Subject, udevRemedy, unseen } from '../subject.ts'
import { type FileFacts, seen } from '../world.ts'

/** To open it is enough: it resets many printers, and a reader steals the replies. */
const OPEN = READ | WRITE
const GROUP_BITS = 0o070
const ROOT_GROUP = 0

export const deviceOwner: Check = {
  id: 'device-owner',
  examine(subject) {
    const { device } = subject
    if (device === undefined) return examineElsewhere(subject)
    const { end, path } = device.trail
    if (end.kind === 'hidden') return [unseen(subject, 'the printer’s device', path, end.reason)]
    if (end.kind === 'missing') return [missing(subject, device)]
    if (end.value.type !== 'character') {
      return [fail(`\`${path}\` is not a serial device`, 'correct `printer.port` in the configuration')]
    }
    return examineDevice(subject, device, end.value)
  },
}

function examineElsewhere({ site }: Subject): readonly Told[] {
  const { port } = site.config.printer
  if (port === 'sim') {
    return [note('the gate prints on the built-in printer', 'name the real device in `printer.port`')]
  }
  return [
    warn(
      `the printer is reached over the network at \`${port}\`: whoever reaches that address prints round the gate`,
      'put the printer on a network of its own, or let its firewall take connections from this machine only',
    ),
  ]
}

function missing({ world }: Subject, { trail }: Device): Told {
  const there = (seen(world.list('/dev/serial/by-id')) ?? []).map((name) => `/dev/serial/by-id/${name}`)
  return fail(
    `the printer’s device \`${trail.path}\` is not there, so who can open it is not known`,
    there.length === 0
      ? 'switch the printer on and plug it in, then ask again'
      : `plug the printer in and ask again, or correct \`printer.port\`: there is ${names(there)}`,
  )
}

function examineDevice(subject: Subject, device: Device, facts: FileFacts): readonly Told[] {
  const { people } = subject
  const { real, path } = device.trail
  const mode = `mode ${octal(facts.mode)}, owner \`${people.userName(facts.uid)}\`, group \`${people.groupName(facts.gid)}\``
  const who = whoWords(people, othersWho(people, facts, OPEN))
  const open: readonly Told[] =
    who === undefined
      ? emptyGroup(subject, facts, real)
      : [fail(`\`${real}\` (${mode}) can be opened by ${who}, round the gate`, shutRemedy(subject, real))]
  const told = [
    ...open,
    ...accessList(subject, device, facts, who !== undefined),
    ...weaknessesOf(people, device.trail).map(({ folder, who: whoElse }) =>
      fail(
        `another device can be put in the place of \`${path}\` by ${whoElse}, who can write in \`${folder}\``,
        'name the device by its link in `/dev/serial/by-id`, in `printer.port`',
      ),
    ),
    ...(gateMay(people, facts, OPEN)
      ? []
      : [
          fail(
            `the gate’s own user \`${people.userName(people.gateUid)}\` cannot open \`${real}\` (${mode})`,
            udevRemedy(subject),
          ),
        ]),
  ]
  return told.length > 0 ? told : [ok(`only ${people.trusted} can open \`${real}\` (${mode})`)]
}

/** A device comes back with the mode that udev gives it; the terminal of another program has no rule. */
function shutRemedy(subject: Subject, real: string): string {
  return real.startsWith('/dev/pts/') ? `\`sudo chmod 600 ${word(real)}\`` : udevRemedy(subject)
}

/** A group without other members is a door that stands ajar. */
function emptyGroup(subject: Subject, facts: FileFacts, real: string): readonly Told[] {
  const { people } = subject
  const isOwn = facts.gid === people.account(people.gateUid)?.gid
  if ((facts.mode & GROUP_BITS) === 0 || facts.gid === ROOT_GROUP || isOwn) return []
  const group = people.groupName(facts.gid)
  return [
    warn(
      `\`${real}\` opens to the group \`${group}\`, which nobody else has now, but any user or service may be given`,
      udevRemedy(subject),
    ),
  ]
}

/**
 * Access lists do not show here. But where the mode gives the group nothing, that is the mask of a list too, and it gives
 * nothing to anybody. The list that desktops make, for whoever sits at the screen, shows as udev's tag.
 */
function accessList(
  subject: Subject,
  { trail, udev }: Device,
  facts: FileFacts,
  isOpen: boolean,
): readonly Told[] {
  if ((facts.mode & GROUP_BITS) === 0) return []
  if (udev.tags.has('uaccess')) {
    return [
      fail(
        `\`${trail.real}\` is tagged \`uaccess\`: whoever sits at this machine’s screen can open it, round the gate`,
        udevRemedy(subject),
      ),
    ]
  }
  // Shutting the mode, as it must be anyway, shuts the list with it.
  if (isOpen) return []
  return [
    note(
      `an access list of \`${trail.real}\` would not show here, and its mode leaves room for one`,
      `see whom \`getfacl ${word(trail.real)}\` names; a mode of 0600 shuts access lists too`,
    ),
  ]
}
