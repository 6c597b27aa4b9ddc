/** Opens what a job comes from and hands out its bytes. Only regular files and a stream that was handed in are read. */
import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'

/** Few system calls for a large file, and little memory. */
const CHUNK_BYTES = 256 * 1024

/** A file by its path, or a stream (standard input) with the name to call it by. */
export type JobSource =
  | { readonly path: string }
  | { readonly stream: AsyncIterable<Uint8Array | string>; readonly name: string }

/** An open source. `bytes` is its size where that is known before it is read. */
export interface OpenSource {
  readonly name: string
  readonly bytes: number | undefined
  /** Each chunk is valid until the next is asked for. */
  readonly chunks: AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** Throws JOB_UNREADABLE for whatever is not there, not a regular file, or not ours to read. */
export async function openSource(source: JobSource): Promise<OpenSource> {
  if ('stream' in source) {
    const { name, stream } = source
    return { name, bytes: undefined, chunks: streamChunks(name, stream), close: async () => undefined }
  }
  const { path } = source
  const file = await openRegularFile(path)
  const { size } = await file.stat()
  return { name: path, bytes: size, chunks: fileChunks(path, file), close: () => file.close() }
}

/** Looks before it opens: to open a serial device resets the printer behind it, and to open a pipe waits for its writer. */
async function openRegularFile(path: string): Promise<FileHandle> {
  let file: FileHandle | undefined
  try {
    requireRegular(path, await stat(path))
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    // Again, on what was opened: the name may lead elsewhere by now.
    requireRegular(path, await file.stat())
    return file
  } catch (error) {
    await file?.close()
    throw unreadable(path, error)
  }
}

function requireRegular(path: string, stats: { isFile(): boolean; isDirectory(): boolean }): void {
  if (stats.isFile()) return
  const what = stats.isDirectory()
    ? 'is a directory'
    : 'is not a regular file; to read standard input give `-`'
  throw new AgentError('JOB_UNREADABLE', `job \`${path}\` ${what}`)
}

async function* fileChunks(path: string, file: FileHandle): AsyncGenerator<Uint8Array, void> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null).catch((error: unknown) => {
      throw unreadable(path, error)
    })
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

async function* streamChunks(
  name: string,
  stream: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk
  } catch (error) {
    throw unreadable(name, error)
  }
}

function unreadable(name: string, error: unknown): Error {
  if (error instanceof AgentError) return error
  const code = systemErrorCode(error)
  const why =
    code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : `cannot be read: ${systemReason(error)}`
  return new AgentError('JOB_UNREADABLE', `job \`${name}\` ${why}`, { cause: error })
}
