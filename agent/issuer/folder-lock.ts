/**
 * One command at a time in an issuer's folder: two that count the same ledger would each hand out its last copies. A file
 * that only one process can create, which says whose it is. One whose process is gone, on this machine, is put aside;
 * wherever that cannot be known, the folder stays locked until a person removes the file.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { link, open, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'

const LOCK_FILE = 'lock'
/** Held while a lock is put aside, so that nobody puts aside the one that came after it. */
const BREAK_FILE = 'lock.breaking'
const LOCK_MODE = 0o600
/** Far more than a lock says. */
const LOCK_BYTES_MAX = 4096

const holderSchema = z.strictObject({
  process: z.int().positive(),
  /** When it was started, in the kernel's ticks since boot: process numbers come again. */
  started: z.string(),
  boot: z.string(),
  /** Processes of another container have other numbers. */
  space: z.string(),
  host: z.string(),
})

type Holder = z.infer<typeof holderSchema>

export interface FolderLock {
  release(): Promise<void>
}

/** Locks the folder, or fails with STATE_UNUSABLE where another process has it, or may have it. */
export async function lockFolder(dir: string): Promise<FolderLock> {
  const path = join(dir, LOCK_FILE)
  const content = `${JSON.stringify(ownHolder())}\n`
  for (let attempt = 0; attempt < 2; attempt++) {
    if (await createWhole(path, content)) return { release: () => rm(path, { force: true }) }
    await putAside(dir, path)
  }
  throw busy(`another command is at work in \`${dir}\`; try again`)
}

/** Written aside and then linked, so that a lock always says whose it is. False where there is one. */
async function createWhole(path: string, content: string): Promise<boolean> {
  const partial = `${path}.${randomUUID()}`
  try {
    const file = await open(partial, 'wx', LOCK_MODE)
    try {
      await file.writeFile(content)
    } finally {
      await file.close()
    }
    await link(partial, path)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false
    throw new AgentError('STATE_UNUSABLE', `\`${path}\` cannot be made: ${systemReason(error)}`, {
      cause: error,
    })
  } finally {
    await rm(partial, { force: true })
  }
}

/** Removes a lock whose process is gone. Fails where it is not, or nobody can tell. */
async function putAside(dir: string, path: string): Promise<void> {
  const seen = await readLock(path)
  if (seen === undefined) return
  assertGone(path, seen)
  const breaking = join(dir, BREAK_FILE)
  if (!(await createWhole(breaking, `${JSON.stringify(ownHolder())}\n`))) {
    throw busy(`\`${breaking}\` is there; if no command is at work in this folder, remove it`)
  }
  try {
    // Only its own process, which is gone, and whoever holds the other file could have changed it since.
    const again = await readLock(path)
    if (again === seen) await rm(path, { force: true })
  } finally {
    await rm(breaking, { force: true })
  }
}

async function readLock(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(LOCK_BYTES_MAX), 0, LOCK_BYTES_MAX, 0)
      return buffer.toString('utf8', 0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw busy(`\`${path}\` cannot be read: ${systemReason(error)}`)
  }
}

function assertGone(path: string, text: string): void {
  const unsure = `\`${path}\` is from another machine or container, or damaged; if no command is at work in this folder, remove it`
  const holder = parseHolder(text)
  const own = ownHolder()
  if (holder === undefined || holder.host !== own.host) throw busy(unsure)
  // This machine was started anew since: nothing that ran then runs now.
  if (holder.boot !== own.boot && own.boot !== '') return
  if (holder.space !== own.space) throw busy(unsure)
  const started = startOf(holder.process)
  if (started === holder.started || started === 'unknown') {
    throw busy(`another command is at work in this folder (process ${holder.process})`)
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const parsed = holderSchema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

function ownHolder(): Holder {
  return {
    process: process.pid,
    started: startOf(process.pid) ?? 'unknown',
    boot: quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    space: quietly(() => readlinkSync('/proc/self/ns/pid')),
    host: hostname(),
  }
}

function quietly(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

/** The start time of a process, in ticks since boot; undefined where there is no such process. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name, in brackets, may hold anything; the 22nd field is the 20th behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'unknown'
  } catch {
    return isAlive(pid) ? 'unknown' : undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH'
  }
}

function busy(message: string): AgentError {
  return new AgentError('STATE_UNUSABLE', message)
}
