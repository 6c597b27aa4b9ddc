/**
 * Names the process that owns a file, in the file's own name, so that a later one can tell whether it still lives.
 * A process number alone does not do: numbers are used again.
 */
import { readFile, readlink } from 'node:fs/promises'
import { AgentError } from '../errors.ts'

/** One boot of the machine, the space that process numbers belong to, the number, and when it started. */
const STAMP = /^([0-9a-f]{8})-([0-9]+)-([0-9]+)-([0-9]+)$/

/** Where `starttime` stands in /proc/PID/stat after the command's name, which may hold spaces: field 22 of proc(5). */
const START_TIME_FIELD = 19

/** The stamp of this process, safe in a file name. */
export async function ownStamp(): Promise<string> {
  const startedAt = await startTime(process.pid)
  if (startedAt === undefined) {
    throw new AgentError('STATE_UNUSABLE', '`/proc` cannot be read, which tells whose a spooled job is')
  }
  return `${await bootId()}-${await pidSpace()}-${process.pid}-${startedAt}`
}

/**
 * True if the process that made the stamp is surely gone. False if it lives, if that cannot be seen from here (another
 * container's processes), and for what is no stamp.
 */
export async function isOwnerGone(stamp: string): Promise<boolean> {
  const [, boot, space, pid, startedAt] = STAMP.exec(stamp) ?? []
  if (pid === undefined) return false
  if (boot !== (await bootId())) return true
  if (space !== (await pidSpace())) return false
  return (await startTime(Number(pid))) !== startedAt
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).slice(0, 8)
}

async function pidSpace(): Promise<string> {
  return (await readlink('/proc/self/ns/pid')).replace(/[^0-9]/g, '')
}

/** In clock ticks since boot; undefined if there is no such process. */
async function startTime(pid: number): Promise<string | undefined> {
  let stat: string
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TIME_FIELD]
}
