/** The files of the trust folder: guarded, bounded, and replaced whole or not at all. */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'

/** The bit that lets any user of the machine write. */
const WORLD_WRITABLE = 0o002

/** Fails with LICENCE_UNREADABLE where a path is missing or any user could have written it. */
export async function assertGuarded(path: string, what: string): Promise<void> {
  let mode: number
  try {
    mode = (await stat(path)).mode
  } catch (error) {
    const missing = systemErrorCode(error) === 'ENOENT'
    throw unreadable(`${what} \`${path}\` ${missing ? 'does not exist' : 'cannot be read'}`, error)
  }
  if ((mode & WORLD_WRITABLE) === 0) return
  throw unreadable(
    `${what} \`${path}\` may be written by every user of this machine, so nothing in it is trusted`,
  )
}

/** The names in a folder that end so, in order. Fails with LICENCE_UNREADABLE where there are too many. */
export async function namesIn(dir: string, ending: string, max: number, what: string): Promise<string[]> {
  let names: string[]
  try {
    names = (await readdir(dir)).filter((name) => name.endsWith(ending)).sort()
  } catch (error) {
    const problem = systemErrorCode(error) === 'ENOTDIR' ? 'is not a folder' : 'cannot be read'
    throw unreadable(`${what} \`${dir}\` ${problem}`, error)
  }
  if (names.length <= max) return names
  throw unreadable(`${what} \`${dir}\` holds ${names.length} files, above the limit of ${max}`)
}

/** The names in a folder that need not be there; one that is there must be guarded. */
export async function namesInOptional(
  dir: string,
  ending: string,
  max: number,
  what: string,
): Promise<string[]> {
  if (!(await exists(dir))) return []
  await assertGuarded(dir, what)
  return await namesIn(dir, ending, max, what)
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false
    throw unreadable(`\`${path}\` cannot be read: ${systemReason(error)}`, error)
  }
}

/**
 * Writes a file aside and moves it into place, so that its name never shows half a file, and makes the name durable.
 * `mode` new: one that is there stays as it is. Fails with STATE_UNUSABLE.
 */
export async function writeWhole(path: string, text: string, mode: 'new' | 'replace'): Promise<void> {
  const partial = `${path}.${randomUUID()}.partial`
  try {
    await ensureGuarded(dirname(path))
    const file = await open(partial, 'wx', 0o644)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    if (mode === 'replace') await rename(partial, path)
    else await link(partial, path).catch(unlessThere)
    await syncFolder(dirname(path))
  } catch (error) {
    if (error instanceof AgentError) throw error
    throw unwritable(path, error)
  } finally {
    await rm(partial, { force: true }).catch(() => undefined)
  }
}

/** Removes a file and makes that durable; one that is not there is removed already. */
export async function removeWhole(path: string): Promise<void> {
  try {
    await rm(path, { force: true })
    await syncFolder(dirname(path))
  } catch (error) {
    throw unwritable(path, error)
  }
}

export async function ensureGuarded(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o755 })
  } catch (error) {
    throw unwritable(dir, error)
  }
  await assertGuarded(dir, 'trust folder')
}

function unlessThere(error: unknown): void {
  if (systemErrorCode(error) !== 'EEXIST') throw error
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function unwritable(path: string, cause: unknown): AgentError {
  const message = `\`${path}\` cannot be changed: ${systemReason(cause)}`
  return new AgentError('STATE_UNUSABLE', message, { cause })
}

export function unreadable(message: string | readonly string[], cause?: unknown): AgentError {
  return new AgentError('LICENCE_UNREADABLE', message, { cause })
}
