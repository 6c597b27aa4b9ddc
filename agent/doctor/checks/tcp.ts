/** The gate's TCP port: who can reach it, and whether its secret is one. */
import { isLoopback } from '../../config/index.ts'
import { moveOrShut, othersWho, READ, WRITE, weaknessesOf, whoWords } from '../access.ts'
import { fail, note, octal, ok, type Told, warn, word } from '../finding.ts'
import { type Check, type Subject, unseen } from '../subject.ts'
import { follow } from '../trail.ts'

export const tcp: Check = {
  id: 'tcp',
  examine(subject) {
    const { tcp: listener, secretFile } = subject.site.config.host
    if (listener === undefined) return []
    const host = listener.host.includes(':') ? `[${listener.host}]` : listener.host
    const address = `${host}:${listener.port}`
    return [
      ...reach(address, isLoopback(listener.host), secretFile !== undefined),
      ...(secretFile === undefined ? [] : secret(subject, secretFile)),
    ]
  },
}

function reach(address: string, isLocal: boolean, hasSecret: boolean): readonly Told[] {
  if (!isLocal) {
    const how = hasSecret ? 'and the secret travels in the clear' : 'and no secret is asked for'
    return [
      warn(
        `\`${address}\` takes hosts from the network, ${how}`,
        'listen on `127.0.0.1` and let hosts come through an SSH tunnel, or shut the port to all others in the firewall',
      ),
    ]
  }
  if (hasSecret) return [ok(`\`${address}\` takes hosts of this machine that know the secret`)]
  return [
    note(
      `any program of any user on this machine can be the host at \`${address}\`; it is judged like every host`,
      'use `host.link` with a group instead, or name a `host.secretFile`',
    ),
  ]
}

function secret(subject: Subject, path: string): readonly Told[] {
  const { people, world } = subject
  const trail = follow(world, path)
  if (trail.end.kind === 'missing') {
    const make = `\`openssl rand -hex 32 | sudo tee ${word(path)}\``
    return [
      fail(`the secret \`${path}\` is not there`, `make it: ${make}, owned by the gate’s user, mode 0600`),
    ]
  }
  if (trail.end.kind === 'hidden') return [unseen(subject, 'the secret', path, trail.end.reason)]
  const who = whoWords(people, othersWho(people, trail.end.value, READ | WRITE))
  const told = [
    ...(who === undefined
      ? []
      : [
          fail(
            `the secret \`${path}\` (mode ${octal(trail.end.value.mode)}) is open to ${who}`,
            `write a new one, then \`sudo chown ${word(people.userName(people.gateUid))} ${word(path)} && sudo chmod 600 ${word(path)}\``,
          ),
        ]),
    ...weaknessesOf(people, trail).map((weakness) =>
      fail(
        `the secret \`${path}\` can be replaced by ${weakness.who}, who can write in \`${weakness.folder}\``,
        moveOrShut('keep it in a folder of root, such as `/etc/portcullis`', weakness),
      ),
    ),
  ]
  return told.length > 0 ? told : [ok(`the secret \`${path}\` shows only to ${people.trusted}`)]
}
