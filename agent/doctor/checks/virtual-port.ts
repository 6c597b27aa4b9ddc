/** The virtual port that hosts open: that it leads to the gate, to nobody else, and that hosts find it. */
import { basename, dirname } from 'node:path'
import { ENTER, gateMay, moveOrShut, othersWho, READ, usersOf, WRITE, weaknessesOf } from '../access.ts'
import { fail, note, octal, ok, type Told, warn, word } from '../finding.ts'
import { type Check, type Subject, unseen } from '../subject.ts'
import { follow } from '../trail.ts'
import { type FileFacts, seen } from '../world.ts'

/** What OctoPrint lists of /dev by itself, and only there. */
const LISTED = /^(ttyUSB|ttyACM|tty\.usb|cu\.|cuaU|ttyS|rfcomm)/
const TERMINALS = '/dev/pts/'

export const virtualPort: Check = {
  id: 'virtual-port',
  examine(subject) {
    const { people, site, world } = subject
    const { link } = site.config.host
    if (link === undefined) return []
    const weaknesses = weaknessesOf(people, follow(world, link)).map((weakness) =>
      fail(
        `the link \`${link}\` can be led elsewhere by ${weakness.who}, who can write in \`${weakness.folder}\``,
        moveOrShut('make the link in a folder of the gate’s user, such as `/run/portcullis`', weakness),
      ),
    )
    return [
      ...weaknesses,
      ...noHost(subject, link),
      ...noFolder(subject, link),
      ...examineLink(subject, link),
      ...listed(subject, link),
    ]
  },
}

/** A port that only the gate's user may open makes the hosts run as that user, and then the printer is theirs too. */
function noHost(subject: Subject, link: string): readonly Told[] {
  const { people, site } = subject
  const { owner, group, mode } = site.config.host
  const unknown = [
    ...(owner !== undefined && people.uidOf(owner) === undefined
      ? [`user \`${owner}\` of \`host.owner\``]
      : []),
    ...(group !== undefined && people.gidOf(group) === undefined
      ? [`group \`${group}\` of \`host.group\``]
      : []),
  ].map((what) => fail(`the ${what} does not exist on this machine`, 'make it, or correct the configuration'))
  if (unknown.length > 0) return unknown
  const facts: FileFacts = {
    type: 'character',
    mode,
    uid: owner === undefined ? people.gateUid : (people.uidOf(owner) ?? people.gateUid),
    gid: group === undefined ? -1 : (people.gidOf(group) ?? -1),
    device: '',
  }
  if (usersOf(othersWho(people, facts, READ | WRITE)).length > 0 || site.config.host.tcp !== undefined)
    return []
  return [
    warn(
      `only root and the gate’s own user can open \`${link}\`: a host that runs as either can open the printer too`,
      'let the host run as a user of its own, put that user into a group, and name it in `host.group`',
    ),
  ]
}

/** The gate makes its link anew at each start. */
function noFolder({ people, world }: Subject, link: string): readonly Told[] {
  const trail = follow(world, dirname(link))
  if (trail.end.kind === 'missing') {
    return [
      note(
        `the folder \`${trail.path}\` is not there: without it the gate cannot make its link`,
        'the unit or the tmpfiles entry that `portcullis install-files` writes makes it',
      ),
    ]
  }
  if (trail.end.kind === 'hidden' || gateMay(people, trail.end.value, WRITE | ENTER)) return []
  const user = people.userName(people.gateUid)
  return [
    fail(
      `the gate’s user \`${user}\` cannot make its link in \`${trail.path}\``,
      'let the unit or the tmpfiles entry that `portcullis install-files` writes make a folder for it',
    ),
  ]
}

function examineLink(subject: Subject, link: string): readonly Told[] {
  const { world } = subject
  const facts = world.lstat(link)
  if (facts.kind === 'missing') {
    return [note(`\`${link}\` is not there: the gate does not run now`, 'start the gate, then ask again')]
  }
  if (facts.kind === 'hidden') return [unseen(subject, 'the virtual port', link, facts.reason)]
  const target = facts.value.type === 'link' ? seen(world.readlink(link)) : undefined
  if (target === undefined || !target.startsWith(TERMINALS)) {
    const what = target === undefined ? 'is no link' : `leads to \`${target}\``
    return [
      fail(
        `\`${link}\` ${what}, not to a virtual port of the gate`,
        `look at what it is (\`ls -l ${word(link)}\`) and remove it; the gate makes its own`,
      ),
    ]
  }
  const terminal = world.stat(link)
  if (terminal.kind === 'missing') {
    return [note(`\`${link}\` is left over: the gate does not run now`, 'start the gate, then ask again')]
  }
  if (terminal.kind === 'hidden') return [unseen(subject, 'the virtual port', link, terminal.reason)]
  return [examineTerminal(subject, link, target, terminal.value)]
}

function examineTerminal(subject: Subject, link: string, target: string, facts: FileFacts): Told {
  const { people, site } = subject
  const { group, mode } = site.config.host
  const gid = group === undefined ? undefined : people.gidOf(group)
  const now = `mode ${octal(facts.mode)}, group \`${people.groupName(facts.gid)}\``
  if (othersWho(people, facts, READ | WRITE).everyone) {
    return fail(`\`${target}\` behind \`${link}\` (${now}) is open to every user`, 'start the gate again')
  }
  if (facts.mode === mode && (gid === undefined || facts.gid === gid)) {
    return ok(`\`${link}\` leads to \`${target}\` (${now})`)
  }
  const wanted = `mode ${octal(mode)}${group === undefined ? '' : `, group \`${group}\``}`
  return warn(
    `\`${target}\` behind \`${link}\` has ${now}; the configuration says ${wanted}`,
    'start the gate again, so that it takes the configuration up',
  )
}

function listed({ site }: Subject, link: string): readonly Told[] {
  const real = site.config.printer.port
  const block = real.startsWith('/')
    ? `, and \`blocklistedPorts: ["${real}"]\` to hide the printer’s own`
    : ''
  if (dirname(link) === '/dev' && LISTED.test(basename(link))) {
    return [ok(`\`${link}\` has a name that OctoPrint lists by itself`)]
  }
  return [
    note(
      `\`${link}\` has a name that OctoPrint does not list by itself`,
      `under \`serial:\` of OctoPrint’s \`config.yaml\` write \`additionalPorts: ["${link}"]\`${block}`,
    ),
  ]
}
