/** The two system calls that Node does not offer: an exclusive file lock, and forgetting what is cached of a file. */
import type { FileHandle } from 'node:fs/promises'
import koffi from 'koffi'
import { systemErrorCode } from '../errors.ts'
import type { DiskLock, HeldElsewhere } from './disk.ts'

/** From <sys/file.h> and <fcntl.h>; the same on every Linux. */
const LOCK_EX = 2
const LOCK_NB = 4
const POSIX_FADV_DONTNEED = 4

/** Longer than the number of any process. */
const HOLDER_BYTES_MAX = 16

// `null` is the program itself: its C library, under whatever name that has here.
const library = koffi.load(null)
const flock: (fd: number, operation: number) => number = library.func('int flock(int fd, int operation)')
const fadvise: (fd: number, offset: number, bytes: number, advice: number) => number = library.func(
  // `off_t` is as wide as `long` in the C libraries that matter here, on 32-bit ARM too.
  'int posix_fadvise(int fd, long offset, long bytes, int advice)',
)

/**
 * Takes the locks of a file and of the folder that it lies in, without waiting, and notes this process in the file. The
 * folder's is what keeps a second writer out where somebody deletes the file or puts another in its place. The kernel
 * releases locks with their descriptors, so a process that is killed leaves none behind. Both files are its own from here.
 */
export async function lockFile(file: FileHandle, folder: FileHandle): Promise<DiskLock | HeldElsewhere> {
  const release = async (): Promise<void> => {
    await Promise.all([file.close(), folder.close()])
  }
  try {
    if (!tryLock(file) || !tryLockFolder(folder)) {
      const heldBy = { process: await readHolder(file) }
      await release()
      return { heldBy }
    }
    await file.truncate(0)
    await file.write(`${process.pid}\n`, 0)
  } catch (error) {
    await release()
    throw error
  }
  return { release }
}

/** Whether the lock was free. */
function tryLock({ fd }: FileHandle): boolean {
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return true
  const errno = koffi.errno()
  if (errno === koffi.os.errno['EAGAIN']) return false
  throw flockFailed(errno)
}

/** A network file system may lock only what is open for writing, which no folder can be: there the file's lock is all. */
function tryLockFolder(folder: FileHandle): boolean {
  try {
    return tryLock(folder)
  } catch (error) {
    if (systemErrorCode(error) === 'EBADF') return true
    throw error
  }
}

async function readHolder(file: FileHandle): Promise<number | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HOLDER_BYTES_MAX), 0, HOLDER_BYTES_MAX, 0)
  const text = buffer.toString('latin1', 0, bytesRead)
  return /^[1-9][0-9]*\n$/.test(text) ? Number(text) : undefined
}

function flockFailed(errno: number): Error {
  const code = Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`
  return Object.assign(new Error(`flock: ${code}`), { code })
}

/** Advice only, so its result does not matter: a kernel that keeps the pages is no worse off than before. */
export function dropCache(fd: number): void {
  fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)
}
