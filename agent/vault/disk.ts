/**
 * What the vault asks of a disk, and the real one. It is an interface so that a test can make any single step fail
 * without effect, or fail after its effect, and see that nothing sealed is lost and nothing shredded comes back.
 */
import { constants } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, opendir, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemErrorCode } from '../errors.ts'

/** Only the owner may read or write what the vault holds. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
/** Names that one call of the system may bring: the default of 32 makes a large folder slow. */
const NAMES_AT_ONCE = 1024

/** `new` must not be there yet; `append` may be made, and every write goes to its end; the others must be there. */
export type OpenAs = 'read' | 'append' | 'overwrite' | 'new'

export interface VaultFile {
  /** Its length in bytes. */
  size(): Promise<number>
  /** Answers how many bytes it gave: fewer than asked for at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>
  /** Answers how many bytes it took. A file opened to append takes them at its end, whatever `position` says. */
  write(bytes: Uint8Array, position: number): Promise<number>
  /** Resolves when every byte written so far survives a power cut. */
  fdatasync(): Promise<void>
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

export interface FolderEntry {
  readonly name: string
  readonly isFolder: boolean
}

/** The few operations by which the vault touches the world. They fail with a Node system error. */
export interface VaultDisk {
  /** Makes the folder, private, if it is not there. Its name is durable once the folder above is synced. A link is refused. */
  makeFolder(path: string): Promise<void>
  /** Fails with ETOOMANY where there are more than `namesMax`, with ENOTDIR where it is no folder, or a link to one. */
  list(path: string, namesMax: number): Promise<FolderEntry[]>
  /** A symbolic link and whatever is not a regular file are refused. What it makes is private. */
  open(path: string, as: OpenAs): Promise<VaultFile>
  /** Gives a file one more name. Fails with EEXIST where the name is taken. */
  link(from: string, to: string): Promise<void>
  renameFolder(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** Fails where the folder is not empty. */
  removeFolder(path: string): Promise<void>
  /** Makes the names in a folder durable, and that others are gone. */
  fsyncFolder(path: string): Promise<void>
}

const FLAGS: Readonly<Record<OpenAs, number>> = {
  read: constants.O_RDONLY,
  append: constants.O_RDWR | constants.O_APPEND | constants.O_CREAT,
  overwrite: constants.O_RDWR,
  new: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
}

/** The disk of this machine. */
export const nodeVaultDisk: VaultDisk = {
  async makeFolder(path) {
    try {
      await mkdir(path, { mode: FOLDER_MODE })
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw error
      await requireFolder(path)
    }
  },
  async list(path, namesMax) {
    await requireFolder(path)
    const entries: FolderEntry[] = []
    for await (const entry of await opendir(path, { bufferSize: NAMES_AT_ONCE })) {
      if (entries.length === namesMax) throw failure('ETOOMANY', `\`${path}\` holds too many names`)
      entries.push({ name: entry.name, isFolder: entry.isDirectory() })
    }
    return entries
  },
  async open(path, as) {
    // Not blocking: the open of a pipe that was put there would wait for ever.
    const flags = FLAGS[as] | constants.O_NOFOLLOW | constants.O_NONBLOCK
    const file = await open(path, flags, FILE_MODE)
    try {
      if ((await file.stat()).isFile()) return new NodeFile(file)
      throw failure('ENOTFILE', `\`${path}\` is not a regular file`)
    } catch (error) {
      await file.close()
      throw error
    }
  },
  link,
  renameFolder: rename,
  unlink,
  removeFolder: rmdir,
  async fsyncFolder(path) {
    const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
}

/** A link to a folder is none: what it leads to may belong to somebody else tomorrow. */
async function requireFolder(path: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) throw failure('ENOTDIR', `\`${path}\` is not a folder`)
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

class NodeFile implements VaultFile {
  readonly #file: FileHandle

  constructor(file: FileHandle) {
    this.#file = file
  }

  async size(): Promise<number> {
    return (await this.#file.stat()).size
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

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** Makes the folder and its own name durable. */
export async function makeDurableFolder(disk: VaultDisk, path: string): Promise<void> {
  await disk.makeFolder(path)
  try {
    await disk.fsyncFolder(dirname(path))
  } catch (error) {
    // A folder above that cannot be read cannot be written by us either: somebody else made this one, long ago.
    if (systemErrorCode(error) !== 'EACCES') throw error
  }
}

/** Lets `use` have the file and closes it, however that ends. */
export async function withFile<T>(
  disk: VaultDisk,
  path: string,
  as: OpenAs,
  use: (file: VaultFile) => Promise<T>,
): Promise<T> {
  const file = await disk.open(path, as)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** Is the thing, or what it lies in, simply not there? */
export function isAbsence(error: unknown): boolean {
  const code = systemErrorCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** What `read` answers, or undefined where there is nothing to read. */
export async function unlessAbsent<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

/** The bytes of a small file; one byte more than `bytesMax` where it is longer; undefined where there is none. */
export function readSmallFile(disk: VaultDisk, path: string, bytesMax: number): Promise<Buffer | undefined> {
  return unlessAbsent(() => withFile(disk, path, 'read', (file) => readRange(file, 0, bytesMax + 1)))
}

/** The bytes from `position` on, fewer than asked for only at the end of the file. */
export async function readRange(file: VaultFile, position: number, bytesMax: number): Promise<Buffer> {
  const bytes = Buffer.alloc(bytesMax)
  let length = 0
  while (length < bytesMax) {
    const got = await file.read(bytes.subarray(length), position + length)
    if (got === 0) break
    length += got
  }
  return bytes.subarray(0, length)
}

/** Writes all of it. A disk that takes nothing is full. */
export async function writeFully(file: VaultFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const taken = await file.write(bytes.subarray(written), position + written)
    if (taken === 0) throw failure('ENOSPC', 'the disk takes no more bytes')
    written += taken
  }
}

/** Writes a file that is not there yet, durably. Its name is durable once the folder is synced. */
export function writeNewFile(disk: VaultDisk, path: string, bytes: Uint8Array): Promise<void> {
  return withFile(disk, path, 'new', async (file) => {
    await writeFully(file, bytes, 0)
    await file.fdatasync()
  })
}

/** Whether there was such a file to remove. */
export async function unlinkIfThere(disk: VaultDisk, path: string): Promise<boolean> {
  return (
    (await unlessAbsent(async () => {
      await disk.unlink(path)
      return true
    })) === true
  )
}
