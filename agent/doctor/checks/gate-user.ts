/** As whom the gate runs: a user of its own, with the printer and nothing else. */
import { note, ok, type Told, warn, word } from '../finding.ts'
import type { Check, Subject } from '../subject.ts'

const SOURCES = {
  state: 'the owner of the state folder',
  account: 'the account of that name, as there is no state folder yet',
  caller: 'who asks, as there is no state folder yet',
} as const

/** Whoever has one of these is root in all but name. */
const POWERFUL = ['sudo', 'wheel', 'docker', 'lxd', 'disk', 'shadow']
/** Groups for devices that are not the printer. */
const NEEDLESS = ['dialout', 'uucp', 'tty', 'plugdev']
const NO_LOGIN = /\/(nologin|false)$/

export const gateUser: Check = {
  id: 'gate-user',
  examine(subject) {
    const { people, gateUserFrom } = subject
    const name = people.userName(people.gateUid)
    const taken = `the gate is taken to run as \`${name}\` (${SOURCES[gateUserFrom]})`
    if (people.gateUid === 0) {
      return [
        warn(
          `${taken}: a fault in it would be a fault of the whole machine`,
          'give it a user of its own: `sudo adduser --system --group portcullis`, and the unit that `portcullis install-files` writes',
        ),
      ]
    }
    const told = [...groups(subject, name), ...login(subject, name)]
    return [ok(taken), ...told]
  },
}

function groups({ people, device }: Subject, name: string): readonly Told[] {
  const has = people.gateGroups()
  const deviceGid = device?.trail.end.kind === 'seen' ? device.trail.end.value.gid : undefined
  const needed = deviceGid === undefined ? undefined : people.groupName(deviceGid)
  return [
    ...has
      .filter((group) => POWERFUL.includes(group))
      .map((group) =>
        warn(
          `the gate’s user \`${name}\` is in the group \`${group}\`, which makes it as strong as root`,
          `\`sudo gpasswd -d ${word(name)} ${word(group)}\``,
        ),
      ),
    ...has
      .filter((group) => NEEDLESS.includes(group) && group !== needed)
      .map((group) =>
        note(
          `the gate’s user \`${name}\` is in the group \`${group}\`, which it does not need`,
          `\`sudo gpasswd -d ${word(name)} ${word(group)}\``,
        ),
      ),
  ]
}

function login({ people }: Subject, name: string): readonly Told[] {
  const shell = people.account(people.gateUid)?.shell
  if (shell === undefined || NO_LOGIN.test(shell)) return []
  return [
    warn(
      `\`${name}\`, as whom the gate runs, can log in (\`${shell}\`): whoever is logged in as it can open the printer`,
      'give the gate a user of its own: `sudo adduser --system --group portcullis`',
    ),
  ]
}
