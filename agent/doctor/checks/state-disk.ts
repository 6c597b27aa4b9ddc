/** The disk under the log: that it keeps what is written, and has room. */
import { fail, note, ok, type Told, warn } from '../finding.ts'
import type { Check, Subject } from '../subject.ts'
import { follow } from '../trail.ts'
import { seen } from '../world.ts'

const MB = 1e6
/** Less, and the next job may find no room for its record: then nothing prints. */
const FREE_BYTES_MIN = 20 * MB
/** Less, and somebody should look before it comes to that. */
const FREE_BYTES_LOW = 100 * MB
/** On a small disk a share; on a large one no more than a year's log and a few large jobs. */
const FREE_SHARE_LOW = 0.05
const FREE_BYTES_AMPLE = 2000 * MB
const FILES_FREE_MIN = 100

type Kind = { readonly name: string; readonly nature: 'memory' | 'layer' | 'network' | 'simple' }

/** Magic numbers of statfs(2). */
const KINDS: ReadonlyMap<number, Kind> = new Map([
  [0x01021994, { name: 'tmpfs', nature: 'memory' }],
  [0x858458f6, { name: 'ramfs', nature: 'memory' }],
  [0x794c7630, { name: 'overlay', nature: 'layer' }],
  [0x6969, { name: 'NFS', nature: 'network' }],
  [0x517b, { name: 'SMB', nature: 'network' }],
  [0xff534d42, { name: 'CIFS', nature: 'network' }],
  [0xfe534d42, { name: 'SMB2', nature: 'network' }],
  [0x01021997, { name: '9P', nature: 'network' }],
  [0x00c36400, { name: 'Ceph', nature: 'network' }],
  [0x65735546, { name: 'FUSE', nature: 'network' }],
  [0x4d44, { name: 'FAT', nature: 'simple' }],
  [0x2011bab0, { name: 'exFAT', nature: 'simple' }],
])

const ELSEWHERE = 'keep the state folder on a disk of this machine: `state: /var/lib/portcullis`'

export const stateDisk: Check = {
  id: 'state-disk',
  examine(subject) {
    const { site, world } = subject
    const path = nearest(subject)
    const space = world.space(path)
    if (space.kind !== 'seen') {
      const message = `the disk of \`${site.state}\` tells nothing of itself`
      return [warn(message, `see with \`df ${path}\` that it has room and is no memory`)]
    }
    const told = [
      ...nature(site.state, space.value.type),
      ...readOnly(subject, path),
      ...room(site.state, space.value),
    ]
    if (told.length > 0) return told
    return [ok(`the disk of \`${site.state}\` has ${Math.floor(space.value.bytesFree / MB)} MB free`)]
  },
}

/** The state folder, or the nearest above it that is there. */
function nearest({ site, world }: Subject): string {
  const { steps, end, real } = follow(world, site.state)
  return end.kind === 'seen' ? real : (steps.at(-1)?.folder?.path ?? '/')
}

function nature(state: string, type: number): readonly Told[] {
  const kind = KINDS.get(type)
  switch (kind?.nature) {
    case undefined:
      return []
    case 'memory':
      return [
        fail(
          `\`${state}\` lies in memory (${kind.name}): log and keys are gone at the next start`,
          ELSEWHERE,
        ),
      ]
    case 'layer':
      return [
        warn(
          `\`${state}\` lies on a layered file system (${kind.name}), as containers and write-protected cards have: it may be gone at the next start`,
          'give the container a volume for it, or keep it on a partition that is not layered',
        ),
      ]
    case 'network':
      return [
        note(
          `\`${state}\` lies on a network or user-space file system (${kind.name}): nothing prints while it is away, and its locks and syncs are as good as its server`,
          ELSEWHERE,
        ),
      ]
    case 'simple':
      return [fail(`\`${state}\` lies on a file system without owners and modes (${kind.name})`, ELSEWHERE)]
  }
}

/** Of the mounts that a path lies under, the longest holds it; of equals, the last. */
function readOnly({ world }: Subject, path: string): readonly Told[] {
  const mounts = (seen(world.readText('/proc/self/mountinfo')) ?? '')
    .split('\n')
    .map((line) => line.split(' '))
  let length = -1
  let isReadOnly = false
  for (const fields of mounts) {
    const point = plainPath(fields[4] ?? '')
    const holds = point === '/' || path === point || path.startsWith(`${point}/`)
    if (point === '' || !holds || point.length < length) continue
    length = point.length
    // The mount's own options, and after the dash those of the file system.
    const options = `${fields[5] ?? ''},${fields.at(-1) ?? ''}`.split(',')
    isReadOnly = options.includes('ro')
  }
  if (!isReadOnly) return []
  return [
    fail(
      `\`${path}\` is mounted read-only, so nothing can be recorded and nothing prints`,
      'look for disk errors with `dmesg`; then mount it for writing, or name another `state`',
    ),
  ]
}

/** Spaces and the like stand in /proc as `\040`. */
function plainPath(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}

function room(
  state: string,
  space: { bytes: number; bytesFree: number; files: number; filesFree: number },
): Told[] {
  const { bytes, bytesFree, files, filesFree } = space
  const remedy =
    'make room: old prints, packages and logs of the system (`sudo journalctl --vacuum-size=50M`)'
  const free = `the disk of \`${state}\` has ${Math.floor(bytesFree / MB)} MB free`
  const low = Math.max(FREE_BYTES_LOW, Math.min(bytes * FREE_SHARE_LOW, FREE_BYTES_AMPLE))
  const told: Told[] = []
  if (bytesFree < FREE_BYTES_MIN) told.push(fail(`${free}: when it is full, nothing prints`, remedy))
  else if (bytesFree < low) told.push(warn(`${free}: when it is full, nothing prints`, remedy))
  if (files > 0 && filesFree < FILES_FREE_MIN) {
    told.push(fail(`the disk of \`${state}\` takes only ${filesFree} more files`, remedy))
  }
  return told
}
