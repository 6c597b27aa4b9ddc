/**
 * Reads the files of a log's folder, each only after its kind and size are known. What is missing or is no file is a
 * value. What this user may not read says nothing about the log: that is thrown.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'

/** What one file of the log gives. */
export type FileRead = Buffer | 'missing' | { readonly problem: string }

/** What is wrong with what we have, and not with the log. */
const OUR_TROUBLE = ['EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'ENOMEM']
const MISSING = ['ENOENT', 'ENOTDIR']

export class LogFolder {
  readonly dir: string

  constructor(dir: string) {
    this.dir = dir
  }

  /** Reads a whole file of at most `bytesMax`. Synchronous: who checks a log has nothing else to do. */
  read(name: string, bytesMax: number): FileRead {
    let fd: number
    try {
      // Not blocking, or the open of a pipe that was put there would wait for ever.
      fd = openSync(join(this.dir, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch (error) {
      return this.#refused(error)
    }
    try {
      return readWhole(fd, bytesMax)
    } catch (error) {
      return this.#refused(error)
    } finally {
      closeSync(fd)
    }
  }

  /** The names in a folder, in order; none where there is no folder. */
  list(name: string): readonly { readonly name: string; readonly isFolder: boolean }[] {
    try {
      const entries = readdirSync(join(this.dir, name), { withFileTypes: true })
      return entries
        .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    } catch (error) {
      if (MISSING.includes(systemErrorCode(error) ?? '')) return []
      throw this.#trouble(error)
    }
  }

  #refused(error: unknown): 'missing' | { problem: string } {
    const code = systemErrorCode(error) ?? ''
    if (MISSING.includes(code)) return 'missing'
    if (code === '' || OUR_TROUBLE.includes(code)) throw this.#trouble(error)
    return { problem: systemReason(error, { ELOOP: 'it is a symbolic link', ENXIO: 'it is no file' }) }
  }

  #trouble(error: unknown): AgentError {
    const message = `log \`${this.dir}\` cannot be read: ${systemReason(error)}`
    return new AgentError('STATE_UNUSABLE', message, { cause: error })
  }
}

function readWhole(fd: number, bytesMax: number): FileRead {
  const stats = fstatSync(fd)
  if (!stats.isFile()) return { problem: 'it is no file' }
  if (stats.size > bytesMax) return { problem: `it has ${stats.size} bytes, above the limit of ${bytesMax}` }
  const bytes = Buffer.alloc(stats.size)
  let filled = 0
  while (filled < bytes.length) {
    const count = readSync(fd, bytes, filled, bytes.length - filled, filled)
    if (count === 0) break
    filled += count
  }
  return bytes.subarray(0, filled)
}
