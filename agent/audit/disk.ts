/**
 * What the log asks of a disk, and the real one. It is an interface so that a test can make any single step fail
 * without effect, or fail after its effect, and see that no acknowledged record is lost.
 */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
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

/** An open file. Every write says where; there is one writer, so nothing depends on a shared position. */
export interface DiskFile {
  read(into: Uint8Array, position: number): Promise<number>
  /** Answers how many bytes it took, which may be fewer than were given. */
  write(bytes: Uint8Array, position: number): Promise<number>
  /** Resolves when every byte written so far survives a power cut. */
  fdatasync(): Promise<void>
  truncate(length: number): Promise<void>
  /** Forgets what is held in memory, so that the next read tells what the disk really has. */
  dropCache(): Promise<void>
  close(): Promise<void>
}

/** The few operations by which the log touches the world. They fail with a Node system error. */
export interface Disk {
  /** Makes the folder, private, if it is not there, and makes its name durable. */
  makeFolder(path: string): Promise<void>
  lock(path: string): Promise<DiskLock | HeldElsewhere>
  /** Opens for reading and writing, and creates, private, what is not there. A symbolic link is refused. */
  open(path: string): Promise<DiskFile>
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
    return lockFile(await openPrivate(path))
  },
  async open(path) {
    return new NodeFile(await openPrivate(path))
  },
  fsyncFolder,
}

async function openPrivate(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, FILE_MODE)
  try {
    if ((await file.stat()).isFile()) return file
    throw Object.assign(new Error(`\`${path}\` is not a regular file`), { code: 'ENOTFILE' })
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

  async read(into: Uint8Array, position: number): Promise<number> {
    return (await this.#file.read(into, 0, into.length, position)).bytesRead
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
