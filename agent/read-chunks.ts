import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { AgentError, systemErrorCode } from './errors.ts'

/** Bytes read at a time: large enough that a read costs nothing a line, small enough to stay in a core's cache. */
const CHUNK_BYTES = 262_144
/** Longest job that is read. A print of a week is a tenth of it. */
export const JOB_BYTES_MAX = 2_147_483_648

/** A part of the job: `bytes[0, length)`, valid until the next part is asked for. */
export interface Chunk {
  readonly bytes: Uint8Array
  readonly length: number
}

/** Reads a file once, in bounded memory. Throws `AgentError` JOB_UNREADABLE for what is no readable file. */
export function* readFileChunks(path: string): Generator<Chunk> {
  const descriptor = openJob(path)
  try {
    const bytes = new Uint8Array(CHUNK_BYTES)
    let total = 0
    for (;;) {
      const length = readSync(descriptor, bytes, 0, CHUNK_BYTES, null)
      if (length === 0) return
      total += length
      if (total > JOB_BYTES_MAX) throw tooLarge(path)
      yield { bytes, length }
    }
  } finally {
    closeSync(descriptor)
  }
}

/** Reads standard input once. */
export async function* readInputChunks(input: NodeJS.ReadableStream): AsyncGenerator<Chunk> {
  let total = 0
  for await (const part of input) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    total += bytes.length
    if (total > JOB_BYTES_MAX) throw tooLarge('-')
    yield { bytes, length: bytes.length }
  }
}

/** Size of the file, for progress; 0 where it cannot be told. */
export function jobBytes(path: string): number {
  const descriptor = openJob(path)
  try {
    return fstatSync(descriptor).size
  } finally {
    closeSync(descriptor)
  }
}

function openJob(path: string): number {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (cause) {
    throw new AgentError('JOB_UNREADABLE', `job \`${path}\` ${openFailure(cause)}`, { cause })
  }
  const stat = fstatSync(descriptor)
  if (stat.isFile()) return descriptor
  closeSync(descriptor)
  const what = stat.isDirectory() ? 'a directory' : 'not a regular file'
  throw new AgentError('JOB_UNREADABLE', `job \`${path}\` is ${what}`)
}

function openFailure(cause: unknown): string {
  switch (systemErrorCode(cause)) {
    case 'ENOENT':
      return 'does not exist'
    case 'EACCES':
      return 'cannot be read: no permission'
    default:
      return `cannot be read: ${cause instanceof Error ? cause.message : 'unknown cause'}`
  }
}

function tooLarge(path: string): AgentError {
  return new AgentError(
    'JOB_UNREADABLE',
    `job \`${path}\` is larger than the limit of ${JOB_BYTES_MAX} bytes`,
  )
}
