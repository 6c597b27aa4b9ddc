/** The files that the commands about licences write: whole or not at all, and never over another. */
import { randomUUID } from 'node:crypto'
import { link, open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'

/** A licence is no secret: what it is good for it says itself. */
const TOKEN_MODE = 0o644
const KEY_MODE = 0o600

/** Room for a file on the disk, under another name than it will have. */
export interface StagedFile {
  /** Writes it and gives it its name. Fails with USAGE where that is taken. */
  keep(): Promise<void>
  /** Removes what was not kept. */
  discard(): Promise<void>
}

/**
 * Makes room for a file beside its place, so that a full disk or a wrong folder shows before anything is decided. What
 * it is to hold is not written before it is kept: a token that is not on record must not lie about, not even for a moment.
 */
export async function stageFile(path: string, text: string, mode = TOKEN_MODE): Promise<StagedFile> {
  const partial = `${path}.${randomUUID()}.partial`
  const discard = () => rm(partial, { force: true })
  try {
    if (await isThere(path)) throw Object.assign(new Error('exists'), { code: 'EEXIST' })
    await writeSynced(partial, ' '.repeat(Buffer.byteLength(text)), 'wx', mode)
  } catch (error) {
    await discard()
    throw unwritable(path, error)
  }
  const keep = async () => {
    try {
      await writeSynced(partial, text, 'r+', mode)
      await link(partial, path)
      await discard()
      await syncFolder(dirname(path))
    } catch (error) {
      throw unwritable(path, error)
    }
  }
  return { keep, discard }
}

async function writeSynced(path: string, text: string, flags: 'wx' | 'r+', mode: number): Promise<void> {
  const file = await open(path, flags, mode)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
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
