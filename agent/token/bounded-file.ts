/** Small files from people: read whole, but only after their kind and size are known. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { AgentError, systemErrorCode } from '../errors.ts'

/**
 * Reads a regular file of at most `limitBytes`. What is missing, a directory, a pipe or too large is refused with
 * LICENCE_UNREADABLE before any of it is read. `what` names the thing in the message: `licence`, `certificate`.
 */
export async function readBoundedFile(path: string, limitBytes: number, what: string): Promise<Buffer> {
  const handle = await openForReading(path, what)
  try {
    const status = await handle.stat()
    if (!status.isFile()) {
      throw unreadable(path, what, status.isDirectory() ? 'is a directory' : 'is not a regular file')
    }
    if (status.size > limitBytes) throw tooLarge(path, what, status.size, limitBytes)
    // One byte more than allowed: a file that grew since stat is noticed without reading the rest of it.
    const buffer = Buffer.alloc(limitBytes + 1)
    let sizeBytes = 0
    while (sizeBytes < buffer.length) {
      const { bytesRead } = await handle.read(buffer, sizeBytes, buffer.length - sizeBytes)
      if (bytesRead === 0) break
      sizeBytes += bytesRead
    }
    if (sizeBytes > limitBytes) throw tooLarge(path, what, sizeBytes, limitBytes)
    return buffer.subarray(0, sizeBytes)
  } catch (error) {
    if (error instanceof AgentError) throw error
    throw unreadable(path, what, 'cannot be read', error)
  } finally {
    await handle.close()
  }
}

async function openForReading(path: string, what: string): Promise<FileHandle> {
  try {
    // Non-blocking, or opening a named pipe would wait for a writer that never comes.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw unreadable(path, what, describeOpenFailure(error), error)
  }
}

function describeOpenFailure(error: unknown): string {
  const code = systemErrorCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist'
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user'
  return `cannot be opened (${code ?? 'unknown reason'})`
}

function tooLarge(path: string, what: string, sizeBytes: number, limitBytes: number): AgentError {
  return unreadable(path, what, `has ${sizeBytes} bytes, above the limit of ${limitBytes} bytes`)
}

function unreadable(path: string, what: string, problem: string, cause?: unknown): AgentError {
  return new AgentError('LICENCE_UNREADABLE', `${what} \`${path}\` ${problem}`, { cause })
}
