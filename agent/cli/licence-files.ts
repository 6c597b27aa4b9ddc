/** The files that the commands about licences write: whole or not at all, and never over another. */
import { randomUUID } from 'node:crypto'
import { link, open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'

/** A licence is no secret: what it is good for it says itself. */
const TOKEN_MODE = 0o644
const KEY_MODE = 0o600

/** A file that is on the disk under another name. */
export interface StagedFile {
  /** Gives it its name. Fails with USAGE where that is taken. */
  keep(): Promise<void>
  /** Removes what was not kept. */
  discard(): Promise<void>
}

/** Lays a file ready beside its place, so that a full disk or a wrong folder shows before anything is decided. */
export async function stageFile(path: string, text: string, mode = TOKEN_MODE): Promise<StagedFile> {
  const partial = `${path}.${randomUUID()}.partial`
  const discard = () => rm(partial, { force: true })
  try {
    if (await isThere(path)) throw Object.assign(new Error('exists'), { code: 'EEXIST' })
    const file = await open(partial, 'wx', mode)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    await discard()
    throw unwritable(path, error)
  }
  const keep = async () => {
    try {
      await link(partial, path)
      await discard()
      await syncFolder(dirname(path))
    } catch (error) {
      throw unwritable(path, error)
    }
  }
  return { keep, discard }
}

/** Writes a file at once. */
export async function writeNew(path: string, text: string, kind: 'token' | 'key' = 'token'): Promise<void> {
  const staged = await stageFile(path, text, kind === 'key' ? KEY_MODE : TOKEN_MODE)
  try {
    await staged.keep()
  } finally {
    await staged.discard()
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false
    throw error
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function unwritable(path: string, cause: unknown): AgentError {
  const special = { EEXIST: 'it exists already', EISDIR: 'it is a directory' }
  return new AgentError('USAGE', `\`${path}\` cannot be written: ${systemReason(cause, special)}`, { cause })
}
