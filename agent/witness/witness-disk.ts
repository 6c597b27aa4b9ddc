/**
 * What a witness asks of a disk, and the real one. It is an interface so that a test can make any single step fail
 * without effect, or fail after its effect, and see that no cosigned head is forgotten.
 */
import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemErrorCode } from '../errors.ts'

/** What a witness has seen is no secret, but nobody else may write it. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** The steps by which a witness touches the world. They fail with a Node system error. */
export interface WitnessDisk {
  /** Makes the folder, private, if it is not there, and makes its name durable. */
  makeFolder(path: string): Promise<void>
  /** The whole file, or its first `bytesMax + 1` bytes where it is larger; null if there is none. */
  read(path: string, bytesMax: number): Promise<Buffer | null>
  /** The names in a folder; none if there is no folder. */
  list(path: string): Promise<readonly string[]>
  /** Makes a new file with these bytes, and makes them durable. */
  writeNew(path: string, bytes: Uint8Array): Promise<void>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>
}

/** The disk of this machine. */
export const nodeWitnessDisk: WitnessDisk = {
  async makeFolder(path) {
    try {
      await mkdir(path, { mode: FOLDER_MODE })
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw error
    }
    await syncFolder(dirname(path))
  },
  read,
  async list(path) {
    try {
      return await readdir(path)
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return []
      throw error
    }
  },
  async writeNew(path, bytes) {
    const file = await open(path, 'wx', FILE_MODE)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
  },
  rename,
  remove: unlink,
  syncFolder,
}

async function read(path: string, bytesMax: number): Promise<Buffer | null> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(path, flags).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return null
    throw error
  })
  if (file === null) return null
  try {
    const buffer = Buffer.alloc(bytesMax + 1)
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return buffer.subarray(0, length)
  } finally {
    await file.close()
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** The end of the name of a file that is being written. A crash can leave one behind. */
const TEMPORARY = '.new'

/**
 * Puts `bytes` in the place of what `path` holds: whole or not at all, and durable when it returns. After a failure the
 * disk has the one or the other, and a power cut may change which.
 */
export async function replaceFile(disk: WitnessDisk, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}${TEMPORARY}`
  // There is one writer: what bears this name is what an earlier attempt left.
  await disk.remove(temporary).catch(() => undefined)
  await disk.writeNew(temporary, bytes)
  await disk.rename(temporary, path)
  await disk.syncFolder(dirname(path))
}
