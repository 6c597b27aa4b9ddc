/** A file that the gate obeys: it must read it, and those whom it judges must not write it. */
import {
  gateMay,
  gateStopsAt,
  moveOrShut,
  type Others,
  othersWho,
  READ,
  usersOf,
  WRITE,
  weaknessesOf,
  whoWords,
} from './access.ts'
import { fail, octal, ok, type Told, warn, word } from './finding.ts'
import { type Subject, unseen } from './subject.ts'
import { follow, type Trail } from './trail.ts'

/** `what` names the file in sentences: `the policy`. */
export function examineFile(subject: Subject, what: string, path: string): readonly Told[] {
  const { people, world } = subject
  const trail = follow(world, path)
  const { end, real } = trail
  if (end.kind === 'missing')
    return [fail(`${what} \`${path}\` is not there`, 'put it back, or correct the path')]
  if (end.kind === 'hidden') return [unseen(subject, what, path, end.reason)]
  if (end.value.type !== 'file')
    return [fail(`${what} \`${path}\` is not a regular file`, 'correct the path')]
  const writers = othersWho(people, end.value, WRITE)
  const who = whoWords(people, writers)
  const told = [
    ...unreadable(subject, what, trail),
    ...(who === undefined
      ? []
      : [
          levelFor(subject, writers)(
            `${what} \`${real}\` (mode ${octal(end.value.mode)}) can be changed by ${who}`,
            `\`sudo chown root ${word(real)} && sudo chmod go-w ${word(real)}\`, and read through what it says now`,
          ),
        ]),
    ...weaknessesOf(people, trail).map((weakness) =>
      levelFor(subject, weakness.others)(
        `${what} \`${path}\` can be replaced by ${weakness.who}, who can write in \`${weakness.folder}\``,
        moveOrShut('keep it in a folder of root, such as `/etc/portcullis`', weakness),
      ),
    ),
  ]
  return told.length > 0 ? told : [ok(`${what} \`${path}\` can be changed only by ${people.trusted}`)]
}

/** An owner may be the one who looks after the gate; anyone who prints through it, or a group, is not. */
function levelFor(subject: Subject, others: Others): typeof fail {
  const isOwnerOnly = !others.everyone && (others.group?.members ?? []).every((uid) => uid === others.owner)
  const isJudged = usersOf(others).some((uid) => subject.hostUids.has(uid))
  return isOwnerOnly && !isJudged ? warn : fail
}

function unreadable({ people }: Subject, what: string, trail: Trail): readonly Told[] {
  const gate = `the gate’s user \`${people.userName(people.gateUid)}\``
  const folder = gateStopsAt(people, trail)
  if (folder !== undefined) {
    return [
      fail(
        `${what} \`${trail.path}\` cannot be read by ${gate}, who may not enter \`${folder}\``,
        `keep it where the gate may read, such as \`/etc/portcullis\`, or \`sudo chmod o+x ${word(folder)}\``,
      ),
    ]
  }
  if (trail.end.kind !== 'seen' || gateMay(people, trail.end.value, READ)) return []
  return [
    fail(
      `${what} \`${trail.real}\` (mode ${octal(trail.end.value.mode)}) cannot be read by ${gate}`,
      `\`sudo chmod o+r ${word(trail.real)}\``,
    ),
  ]
}
