/** Who may do what with a file, by its owner, group and mode. */
import { names, word } from './finding.ts'
import type { People } from './people.ts'
import type { Trail } from './trail.ts'
import type { FileFacts } from './world.ts'

/** Permission bits, as in each of the three digits of a mode. */
export const READ = 4
export const WRITE = 2
export const ENTER = 1
const STICKY = 0o1000

/** Others than root and the gate who may use a file. */
export interface Others {
  readonly everyone: boolean
  /** The owner: whoever owns a file can change its mode. */
  readonly owner: number | undefined
  readonly group: { readonly gid: number; readonly members: readonly number[] } | undefined
}

/** Who else may do any of `wanted`. */
export function othersWho(people: People, facts: FileFacts, wanted: number): Others {
  const hasGroup = ((facts.mode >> 3) & wanted) !== 0
  return {
    everyone: (facts.mode & wanted) !== 0,
    owner: people.isTrusted(facts.uid) ? undefined : facts.uid,
    group: hasGroup ? { gid: facts.gid, members: people.othersIn(facts.gid) } : undefined,
  }
}

/** In words: `every user of this machine`, `` `pi` (its owner) and `anna` (in group `lab`) ``; undefined where it is nobody. */
export function whoWords(people: People, others: Others): string | undefined {
  if (others.everyone) return 'every user of this machine'
  const { owner, group } = others
  const members = (group?.members ?? []).filter((uid) => uid !== owner).map((uid) => people.userName(uid))
  const words = [
    ...(owner === undefined ? [] : [`\`${people.userName(owner)}\` (its owner)`]),
    ...(group === undefined || members.length === 0
      ? []
      : [`${names(members)} (in group \`${people.groupName(group.gid)}\`)`]),
  ]
  return words.length === 0 ? undefined : words.join(' and ')
}

/** Every user who is named, where it is not everyone. */
export function usersOf({ owner, group }: Others): readonly number[] {
  return [...(owner === undefined ? [] : [owner]), ...(group?.members ?? [])]
}

/** A folder on the way to a file in which others can put something else in place of the next name. */
export interface Weakness {
  readonly folder: string
  readonly others: Others
  readonly who: string
  /**
   * The command that shuts it; undefined where that would break something else: a folder that all share, such as
   * /tmp, or one that belongs to somebody.
   */
  readonly shut: string | undefined
}

/** The better remedy, and where it is one, the command that shuts the folder. */
export function moveOrShut(move: string, { shut }: Weakness): string {
  return shut === undefined ? move : `${move}, or \`${shut}\``
}

/** Where others could swap what a path leads to. The file at its end is not judged. */
export function weaknessesOf(people: People, trail: Trail): readonly Weakness[] {
  const found = new Map<string, Weakness>()
  for (const { facts, folder } of trail.steps) {
    if (folder === undefined) continue
    const others = othersWhoReplace(people, folder.facts, facts)
    const who = whoWords(people, others)
    if (who === undefined) continue
    const isShared = (folder.facts.mode & STICKY) !== 0 || others.owner !== undefined
    const shut = isShared ? undefined : `sudo chmod go-w ${word(folder.path)}`
    found.set(folder.path, { folder: folder.path, others, who, shut })
  }
  return [...found.values()]
}

/** In a sticky folder only the owners of folder and entry replace the entry; a missing entry anyone can make. */
function othersWhoReplace(people: People, folder: FileFacts, entry: FileFacts | undefined): Others {
  const others = othersWho(people, folder, WRITE)
  if ((folder.mode & STICKY) === 0 || entry === undefined) return others
  const owner = others.owner ?? (people.isTrusted(entry.uid) ? undefined : entry.uid)
  return { everyone: false, owner, group: undefined }
}

/** Whether the gate itself may do all of `wanted`. */
export function gateMay(people: People, facts: FileFacts, wanted: number): boolean {
  if (people.gateUid === 0) return true
  const shift = facts.uid === people.gateUid ? 6 : people.gateGids.has(facts.gid) ? 3 : 0
  return ((facts.mode >> shift) & wanted) === wanted
}

/** The first folder on the way that the gate may not enter. */
export function gateStopsAt(people: People, trail: Trail): string | undefined {
  return trail.steps.find(({ folder }) => folder !== undefined && !gateMay(people, folder.facts, ENTER))
    ?.folder?.path
}
