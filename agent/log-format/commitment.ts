/**
 * The commitment of a record to its hidden members. Each member has a salt of its own, so that a receipt can tell one of
 * them and prove it without telling, or letting anybody guess, the one beside it. FORMAT.md has the definition.
 */
import { createHash, createHmac } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'

/**
 * So deep an object is committed to member by member: the hidden members (1), those of a decision (2), and those of its
 * job, facts, claims and licence (3). What lies deeper is told whole or not at all.
 */
const LEVELS = 3

const SALT_LABEL = 'member '

/** What a reader is shown of one member: its commitment alone, or all that opens it. */
export type OpenedMember =
  | { readonly commitment: string }
  | { readonly salt: string; readonly value: unknown }
  | { readonly members: Opening }

/** What a reader is shown of an object's members. Salts are 64 hexadecimal digits, as commitments are. */
export type Opening = Readonly<Record<string, OpenedMember>>

type Fields = Readonly<Record<string, unknown>>

/** The commitment to all of `fields` under a row's one random salt of 32 bytes, in hexadecimal. */
export function commitMembers(fields: object, salt: Uint8Array): string {
  return commitmentOf(openMembers(fields, salt, () => false))
}

/**
 * What opens the members that `isTold` names, by path (`user`, `decision.job.bytes`), and no others. A path of an object
 * that is committed to member by member is never asked about, only those in it.
 */
export function openMembers(fields: object, salt: Uint8Array, isTold: (path: string) => boolean): Opening {
  return openLevel(fields as Fields, salt, isTold, '', 1)
}

/** What an opening commits to, told or not, in hexadecimal. The caller has bounded it to `LEVELS` levels. */
export function commitmentOf(opening: Opening): string {
  const commitments = Object.entries(opening).map(([name, member]) => [name, memberCommitment(member)])
  return createHash('sha256')
    .update(canonicalJson(Object.fromEntries(commitments)))
    .digest('hex')
}

/** What an opening tells: the members without those that it only commits to. */
export function toldMembers(opening: Opening): Record<string, unknown> {
  const told = Object.entries(opening).flatMap(([name, member]): [string, unknown][] => {
    if ('members' in member) return [[name, toldMembers(member.members)]]
    return 'value' in member ? [[name, member.value]] : []
  })
  return Object.fromEntries(told)
}

/** The commitment to one member, in hexadecimal. */
export function memberCommitment(member: OpenedMember): string {
  if ('members' in member) return commitmentOf(member.members)
  return 'value' in member ? commit(Buffer.from(member.salt, 'hex'), member.value) : member.commitment
}

function openLevel(
  fields: Fields,
  salt: Uint8Array,
  isTold: (path: string) => boolean,
  path: string,
  level: number,
): Opening {
  const members: [string, OpenedMember][] = []
  for (const [name, value] of Object.entries(fields)) {
    // JSON has no such thing: a member that is undefined is none.
    if (value === undefined) continue
    const place = `${path}${name}`
    const own = memberSalt(salt, name)
    if (isDivided(value, level)) {
      const inner = openLevel(value, own, isTold, `${place}.`, level + 1)
      const isDark = Object.values(inner).every((member) => 'commitment' in member)
      members.push([name, isDark ? { commitment: commitmentOf(inner) } : { members: inner }])
    } else if (isTold(place)) {
      members.push([name, { salt: own.toString('hex'), value }])
    } else {
      members.push([name, { commitment: commit(own, value) }])
    }
  }
  return Object.fromEntries(members)
}

/** An empty object is committed to whole: without members there would be no salt in it. */
function isDivided(value: unknown, level: number): value is Fields {
  if (level === LEVELS || typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).some((member) => member !== undefined)
}

function memberSalt(salt: Uint8Array, name: string): Buffer {
  return createHmac('sha256', salt).update(`${SALT_LABEL}${name}`).digest()
}

function commit(salt: Uint8Array, value: unknown): string {
  return createHmac('sha256', salt).update(canonicalJson(value)).digest('hex')
}
