/**
 * Who is who on this machine: users and groups of /etc, and the groups that running programs really have. Root and the
 * gate's own user are trusted; everybody else is *others*.
 */
import type { Process } from './processes.ts'
import { seen, type World } from './world.ts'

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly shell: string
}

interface Group {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

const ROOT = 0

export class People {
  /** The user as whom the gate runs. */
  readonly gateUid: number
  readonly gateGids: ReadonlySet<number>
  readonly #accounts: readonly Account[]
  readonly #groups: readonly Group[]
  readonly #processes: readonly Process[]

  constructor(
    world: World,
    processes: readonly Process[],
    gateUid: (accounts: readonly Account[]) => number,
  ) {
    this.#accounts = rows(world, '/etc/passwd').flatMap(readAccount)
    this.#groups = rows(world, '/etc/group').flatMap(readGroup)
    this.#processes = processes
    this.gateUid = gateUid(this.#accounts)
    this.gateGids = new Set(this.#gidsOf(this.gateUid))
  }

  isTrusted(uid: number): boolean {
    return uid === ROOT || uid === this.gateUid
  }

  accounts(): readonly Account[] {
    return this.#accounts
  }

  account(uid: number): Account | undefined {
    return this.#accounts.find((account) => account.uid === uid)
  }

  /** In words: who may do what nobody else may. */
  get trusted(): string {
    return this.gateUid === ROOT ? 'root' : 'root and the gate’s user'
  }

  userName(uid: number): string {
    return this.account(uid)?.name ?? `uid ${uid}`
  }

  groupName(gid: number): string {
    return this.#groups.find((group) => group.gid === gid)?.name ?? `gid ${gid}`
  }

  /** Of a user of the configuration. */
  uidOf(user: string | number): number | undefined {
    return typeof user === 'number' ? user : this.#accounts.find(({ name }) => name === user)?.uid
  }

  gidOf(group: string | number): number | undefined {
    return typeof group === 'number' ? group : this.#groups.find(({ name }) => name === group)?.gid
  }

  /** The users who have this group, without root and the gate: by the lists, or as a running program. */
  othersIn(gid: number): readonly number[] {
    const listed = this.#groups
      .filter((group) => group.gid === gid)
      .flatMap((group) => group.members)
      .flatMap((member) => this.uidOf(member) ?? [])
    const primary = this.#accounts.filter((account) => account.gid === gid).map(({ uid }) => uid)
    const running = this.#processes.filter(({ gids }) => gids.includes(gid)).map(({ uid }) => uid)
    return [...new Set([...listed, ...primary, ...running])].filter((uid) => !this.isTrusted(uid))
  }

  /** The names of the groups that the gate's user has. */
  gateGroups(): readonly string[] {
    return [...this.gateGids].map((gid) => this.groupName(gid))
  }

  #gidsOf(uid: number): readonly number[] {
    const account = this.account(uid)
    if (account === undefined) return []
    const further = this.#groups.filter(({ members }) => members.includes(account.name))
    return [account.gid, ...further.map(({ gid }) => gid)]
  }
}

function rows(world: World, path: string): readonly (readonly string[])[] {
  return (seen(world.readText(path)) ?? '').split('\n').map((line) => line.split(':'))
}

/** name:password:uid:gid:comment:home:shell */
function readAccount([name, , uid, gid, , , shell]: readonly string[]): readonly Account[] {
  if (!name || !isNumber(uid) || !isNumber(gid)) return []
  return [{ name, uid: Number(uid), gid: Number(gid), shell: shell ?? '' }]
}

/** name:password:gid:members */
function readGroup([name, , gid, members]: readonly string[]): readonly Group[] {
  if (!name || !isNumber(gid)) return []
  return [{ name, gid: Number(gid), members: (members ?? '').split(',').filter((member) => member !== '') }]
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,10}$/.test(text)
}
