/** The state folder: log, keys, trusted issuers. Whoever can write there can make the gate believe what they like. */
import { join } from 'node:path'
import { gateStopsAt, moveOrShut, weaknessesOf } from '../access.ts'
import { fail, note, octal, ok, type Told, warn, word } from '../finding.ts'
import { type Check, type Subject, unseen } from '../subject.ts'
import { follow } from '../trail.ts'
import { type FileFacts, type FileType, seen } from '../world.ts'

const OTHERS = 0o077
const OTHERS_WRITE = 0o022

const KEY = 'machine.json'
const LOG = 'log'

/** What lies there, and what it means if others see it: the log names people and their prints, a key is a key. */
const CONTENTS: readonly { name: string; type: FileType; seenByOthers: typeof fail }[] = [
  { name: LOG, type: 'folder', seenByOthers: warn },
  { name: 'trust', type: 'folder', seenByOthers: ok },
  { name: 'spool', type: 'folder', seenByOthers: warn },
  { name: 'vault', type: 'folder', seenByOthers: warn },
  { name: `${LOG}/journal`, type: 'folder', seenByOthers: warn },
  { name: `${LOG}/checkpoint`, type: 'file', seenByOthers: ok },
  { name: KEY, type: 'file', seenByOthers: fail },
  { name: 'log-key.json', type: 'file', seenByOthers: fail },
  { name: 'vault-key.json', type: 'file', seenByOthers: fail },
  { name: 'control.sock', type: 'socket', seenByOthers: fail },
]

export const stateFolder: Check = {
  id: 'state-folder',
  examine(subject) {
    const { people, site, world } = subject
    const trail = follow(world, site.state)
    const told = [
      ...(site.config.state === undefined ? [unnamed(site.state)] : []),
      ...weaknessesOf(people, trail).map((weakness) =>
        fail(
          `the state folder \`${site.state}\` can be replaced by ${weakness.who}, who can write in \`${weakness.folder}\``,
          moveOrShut('keep it in a folder of root, such as `/var/lib/portcullis`', weakness),
        ),
      ),
      ...temporary(site.state, trail.real),
    ]
    if (trail.end.kind === 'hidden') {
      return [...told, unseen(subject, 'the state folder', site.state, trail.end.reason)]
    }
    if (trail.end.kind === 'missing') {
      const message = `the state folder \`${site.state}\` is not there yet: the gate makes it when it first starts`
      return [...told, note(message, 'start the gate, then ask again')]
    }
    if (trail.end.value.type !== 'folder') {
      return [fail(`\`${site.state}\` is not a folder`, 'correct `state` in the configuration')]
    }
    const stop = gateStopsAt(people, trail)
    if (stop !== undefined) {
      told.push(
        fail(
          `the gate’s user \`${people.userName(people.gateUid)}\` cannot reach \`${site.state}\`: it may not enter \`${stop}\``,
          'keep it where that user may go, such as `/var/lib/portcullis`',
        ),
      )
    }
    told.push(...modeOf(site.state, trail.end.value, 'folder', warn), ...contents(subject, trail.real))
    const isSound = told.every(({ level }) => level === 'note' || level === 'ok')
    return isSound ? [...told, ok(`the state folder \`${site.state}\` is private to its owner`)] : told
  },
}

function unnamed(path: string): Told {
  return note(
    `the configuration names no state folder: \`${path}\` depends on who starts the gate, and where from`,
    'write `state: /var/lib/portcullis` into the configuration',
  )
}

/** Folders that systems clear by age. */
function temporary(path: string, real: string): readonly Told[] {
  if (![path, real].some((name) => /^\/(var\/)?tmp\//.test(name))) return []
  const message = `the state folder \`${path}\` is where the system clears old files, the log too`
  return [fail(message, 'keep it elsewhere, such as `/var/lib/portcullis`')]
}

function contents(subject: Subject, root: string): readonly Told[] {
  const { people, world } = subject
  const told: Told[] = []
  for (const { name, type, seenByOthers } of CONTENTS) {
    const path = join(root, name)
    const look = world.lstat(path)
    if (look.kind === 'missing') continue
    if (look.kind === 'hidden') {
      told.push(unseen(subject, 'what the gate keeps in', path, look.reason))
      continue
    }
    if (look.value.type !== type) {
      told.push(
        fail(`\`${path}\` is not what the gate makes there`, `find out who put it there, and remove it`),
      )
      continue
    }
    if (look.value.uid !== people.gateUid) {
      const owner = people.userName(look.value.uid)
      told.push(
        fail(
          `\`${path}\` belongs to \`${owner}\`, not to the owner of the state folder: the gate will not use it`,
          `find out why, then \`sudo chown ${word(people.userName(people.gateUid))} ${word(path)}\``,
        ),
      )
    }
    told.push(...modeOf(path, look.value, type, seenByOthers))
  }
  return [...told, ...lostKey(subject, root), ...issuers(subject, join(root, 'trust'))]
}

/** `seenByOthers`: what it means where others may read it, but not write. */
function modeOf(path: string, facts: FileFacts, type: FileType, seenByOthers: typeof fail): readonly Told[] {
  const mode = octal(facts.mode)
  const shut = `\`sudo chmod ${type === 'folder' ? '700' : '600'} ${word(path)}\``
  if ((facts.mode & OTHERS_WRITE) !== 0) {
    return [fail(`\`${path}\` (mode ${mode}) can be written by others`, `${shut}, and check what is in it`)]
  }
  if ((facts.mode & OTHERS) === 0 || seenByOthers === ok) return []
  const message = `\`${path}\` (mode ${mode}) is open to others`
  return [
    seenByOthers(
      message,
      path.endsWith(KEY) ? `${shut}; take the key for copied, and licences with it` : shut,
    ),
  ]
}

/** A log without its key is a loss: with a new key it would be another machine's. */
function lostKey({ world }: Subject, root: string): readonly Told[] {
  const hasLog = (seen(world.list(join(root, LOG))) ?? []).length > 0
  if (!hasLog || world.lstat(join(root, KEY)).kind !== 'missing') return []
  const path = join(root, KEY)
  return [fail(`there is a log but no machine key \`${path}\``, 'put the key back from a backup')]
}

/** Whoever can write one of these makes an issuer that the gate trusts. */
function issuers(subject: Subject, folder: string): readonly Told[] {
  const { people, world } = subject
  const told: Told[] = []
  for (const name of seen(world.list(folder)) ?? []) {
    const path = join(folder, name)
    const facts = seen(world.lstat(path))
    if (facts === undefined) continue
    const isOurs = facts.type === 'file' && people.isTrusted(facts.uid) && (facts.mode & OTHERS_WRITE) === 0
    if (isOurs) continue
    told.push(
      fail(
        `the trusted issuer \`${path}\` could be changed by others than the gate’s user`,
        `compare it with the issuer’s own; if in doubt \`sudo rm ${word(path)}\` and trust the issuer again`,
      ),
    )
  }
  return told
}
