/** The programs that run, as far as /proc shows them. */
import type { World } from './world.ts'
import { seen } from './world.ts'

export interface Process {
  readonly pid: number
  /** The command's name, at most 15 characters. */
  readonly command: string
  /** Its words, empty for the kernel's own. */
  readonly words: readonly string[]
  /** The effective user and group, and the further groups. */
  readonly uid: number
  readonly gids: readonly number[]
}

export interface Processes {
  readonly list: readonly Process[]
  /** Whether other users' processes show at all: they do not where /proc is mounted with `hidepid`. */
  readonly isWhole: boolean
}

export function readProcesses(world: World): Processes {
  const pids = (seen(world.list('/proc')) ?? []).filter((name) => /^\d+$/.test(name)).map(Number)
  const list = pids.flatMap((pid) => readProcess(world, pid) ?? [])
  return { list, isWhole: list.some(({ pid }) => pid === 1) }
}

/** Undefined for one that has ended meanwhile. */
function readProcess(world: World, pid: number): Process | undefined {
  const status = seen(world.readText(`/proc/${pid}/status`))
  if (status === undefined) return undefined
  const field = (name: string): string => new RegExp(`^${name}:[\\t ]*(.*)$`, 'm').exec(status)?.[1] ?? ''
  const numbers = (name: string): readonly number[] => (field(name).match(/\d+/g) ?? []).map(Number)
  // Real, effective, saved, for files.
  const [, uid] = numbers('Uid')
  const [, gid] = numbers('Gid')
  if (uid === undefined || gid === undefined) return undefined
  const words = (seen(world.readText(`/proc/${pid}/cmdline`)) ?? '').split('\0').filter((text) => text !== '')
  return { pid, command: field('Name'), words, uid, gids: [gid, ...numbers('Groups')] }
}

/** The processes that have this device open, and how many could not be looked into. */
export function holdersOf(
  world: World,
  processes: Processes,
  device: string,
): { readonly holders: readonly Process[]; readonly unseen: number } {
  const holders: Process[] = []
  let unseen = 0
  for (const process of processes.list) {
    const folder = `/proc/${process.pid}/fd`
    const files = world.list(folder)
    if (files.kind === 'hidden') unseen++
    if (files.kind !== 'seen') continue
    if (files.value.some((name) => isOpenOn(world, `${folder}/${name}`, device))) holders.push(process)
  }
  return { holders, unseen }
}

function isOpenOn(world: World, path: string, device: string): boolean {
  // Only what was opened as a file of a device: to ask about anything else could wait for a dead network disk.
  if (!seen(world.readlink(path))?.startsWith('/dev/')) return false
  const facts = seen(world.stat(path))
  return facts?.type === 'character' && facts.device === device
}
