/** As whom the hosts run: one with the gate's user or root can go round the gate whatever the device's mode says. */
import { fail, ok, type Told, warn } from '../finding.ts'
import type { Check, Host, Subject } from '../subject.ts'
import { seen } from '../world.ts'

export const hostUser: Check = {
  id: 'host-user',
  examine(subject) {
    const { hosts } = subject
    const told = hosts.flatMap((host) => examineHost(subject, host))
    if (hosts.length === 0 || told.length > 0) return told
    return [ok('the host programs that run have users of their own')]
  },
}

function examineHost({ people, world }: Subject, { name, process }: Host): readonly Told[] {
  const { pid, uid } = process
  if (!people.isTrusted(uid)) return []
  const who = `the host program \`${name}\` (process ${pid})`
  const own = 'let it run as a user of its own, in the group of `host.group` and not in `dialout`'
  if (uid !== 0) {
    return [
      fail(`${who} runs as the gate’s own user \`${people.userName(uid)}\` and can open the printer`, own),
    ]
  }
  const itsSpace = seen(world.readlink(`/proc/${pid}/ns/pid`))
  const ours = seen(world.readlink('/proc/self/ns/pid'))
  if (itsSpace !== undefined && ours !== undefined && itsSpace !== ours) {
    const message = `${who} runs as root in a container: it can open the printer if it was given the device`
    return [warn(message, 'give the container the virtual port only, and do not run it `--privileged`')]
  }
  return [fail(`${who} runs as root: nothing on this machine can hold it`, own)]
}
