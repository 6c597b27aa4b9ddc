/**
 * What the log asks of a disk, and the real one. It is an interface so that a test can make any single step fail
 * without effect, or fail after its effect, and see that no acknowledged record is lost.
 */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemErrorCode } from '../errors.ts'
import { dropCache, lockFile } from './kernel.ts'

/** Only the owner may read or write what the log holds. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** The lock is held until it is released or the process ends, however it ends. */
export interface DiskLock {
  release(): Promise<void>
}

/** Another process holds the lock. `process` is its number, where it could be read. */
export interface HeldElsewhere {
  readonly heldBy: { readonly process: number | undefined }
}

/** A file open for writing. Every write says where; there is one writer, so nothing depends on a shared position. */
export interface DiskFile {
  /** Answers how many bytes it took, which may be fewer than were given. */
  write(bytes: Uint8Array, position: number): Promise<number>
  /** Resolves when every byte written so far survives a power cut. */
  fdatasync(): Promise<void>
  truncate(length: number): Promise<void>
  /** Forgets what is held in memory, so that the next read tells what the disk really has. */
  dropCache(): Promise<void>
  close(): Promise<void>
}

/** Writes all the bytes, however few the disk takes at a time. */
export async function writeWhole(file: DiskFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const taken = await file.write(bytes.subarray(written), position + written)
    if (taken === 0) throw Object.assign(new Error('no byte was taken'), { code: 'ENOSPC' })
    written += taken
  }
}

/** What reading needs of a disk. */
export interface Files {
  /** A whole file, or undefined where there is none. One of more than `bytesMax` fails with EFBIG. */
  read(path: string, bytesMax: number): Promise<Buffer | undefined>
  /** The names in a folder; none where there is no folder. */
  list(path: string): Promise<readonly string[]>
}

/** The few operations by which the log touches the world. They fail with a Node system error. */
export interface Disk extends Files {
  /** Makes the folder, private, if it is not there, and makes its name durable. */
  makeFolder(path: string): Promise<void>
  /** The lock of a file, and of the folder that it lies in. */
  lock(path: string): Promise<DiskLock | HeldElsewhere>
  /** Opens for reading and writing, and creates, private, what is not there. A symbolic link is refused. */
  open(path: string): Promise<DiskFile>
  /** Puts one file in the place of another, at once. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file. That there is none is as good. */
  remove(path: string): Promise<void>
  /** Removes a folder if it is empty. That there is none is as good. */
  removeFolder(path: string): Promise<void>
  /** Makes the names in a folder durable. */
  fsyncFolder(path: string): Promise<void>
}

/** The disk of this machine. */
export const nodeDisk: Disk = {
  async makeFolder(path) {
    try {
      await mkdir(path, { mode: FOLDER_MODE })
    } catch (error) {
      // Whether it is a folder shows when a file in it is opened.
      if (systemErrorCode(error) !== 'EEXIST') throw error
    }
    try {
      await fsyncFolder(dirname(path))
    } catch (error) {
      // A folder above that cannot be read cannot be written by us either: somebody else made this one, long ago.
      if (systemErrorCode(error) !== 'EACCES') throw error
    }
  },
  async lock(path) {
    const file = await openPrivate(path)
    try {
      return await lockFile(file, await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY))
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
  },
  async open(path) {
    return new NodeFile(await openPrivate(path))
  },
  async read(path, bytesMax) {
    let file: FileHandle
    try {
      // Not blocking: the open of a pipe that was put there would wait for ever.
      file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
    try {
      return await readWhole(path, file, bytesMax)
    } finally {
      await file.close()
    }
  },
  async list(path) {
    try {
      return await readdir(path)
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  },
  rename,
  async remove(path) {
    try {
      await unlink(path)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  },
  async removeFolder(path) {
    try {
      await rmdir(path)
    } catch (error) {
      if (!isMissing(error) && systemErrorCode(error) !== 'ENOTEMPTY') throw error
    }
  },
  fsyncFolder,
}

function isMissing(error: unknown): boolean {
  const code = systemErrorCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

async function readWhole(path: string, file: FileHandle, bytesMax: number): Promise<Buffer> {
  const stats = await file.stat()
  if (!stats.isFile()) throw notAFile(path)
  if (stats.size > bytesMax)
    throw Object.assign(new Error(`\`${path}\` is larger than ${bytesMax} bytes`), { code: 'EFBIG' })
  const bytes = Buffer.alloc(stats.size)
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

function notAFile(path: string): Error {
  return Object.assign(new Error(`\`${path}\` is not a regular file`), { code: 'ENOTFILE' })
}

async function openPrivate(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, FILE_MODE)
  try {
    if ((await file.stat()).isFile()) return file
    throw notAFile(path)
  } catch (error) {
    await file.close()
    throw error
  }
}

async function fsyncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

class NodeFile implements DiskFile {
  readonly #file: FileHandle

  constructor(file: FileHandle) {
    this.#file = file
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    return (await this.#file.write(bytes, 0, bytes.length, position)).bytesWritten
  }

  fdatasync(): Promise<void> {
    return this.#file.datasync()
  }

  truncate(length: number): Promise<void> {
    return this.#file.truncate(length)
  }

  async dropCache(): Promise<void> {
    dropCache(this.#file.fd)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
