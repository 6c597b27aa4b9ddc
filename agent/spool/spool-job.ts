/**
 * Copies a job to a private file before anything looks at it: what is surveyed, licensed and printed is then one
 * thing that nobody else has open.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { AgentError, systemReason } from '../errors.ts'
import { type JobSource, openSource } from './job-source.ts'
import { newSpoolName, removeFile, removeLeftovers } from './leftovers.ts'

/** Larger than any slicer's output for a printer of this kind, and small enough that one job cannot fill a disk. */
export const JOB_BYTES_MAX = 2 * 1024 * 1024 * 1024

/** Only the owner may read a job: a design may be worth stealing. */
const SPOOL_FILE_MODE = 0o600

export interface SpoolOptions {
  /** Refuses a longer job; the default is `JOB_BYTES_MAX`. */
  readonly bytesMax?: number
  /** Told how many bytes are copied, and of how many where that is known. */
  readonly progress?: (bytes: number, totalBytes: number | undefined) => void
}

/** A private copy of a job. */
export interface SpooledJob {
  /** What the user called it. */
  readonly name: string
  readonly bytes: number
  /** SHA-256 of the file as it came, in hexadecimal. */
  readonly sha256: string
  readonly path: string
  /** Removes the copy. A second call does nothing. */
  remove(): Promise<void>
}

/**
 * Copies a job into the spool in one pass and bounded memory, after clearing away what dead processes left there.
 * Throws JOB_UNREADABLE where the job is at fault, STATE_UNUSABLE where the spool is; neither leaves a file behind.
 */
export async function spoolJob(
  spoolDir: string,
  source: JobSource,
  options: SpoolOptions = {},
): Promise<SpooledJob> {
  const opened = await openSource(source)
  const { name } = opened
  try {
    const { bytesMax = JOB_BYTES_MAX, progress } = options
    // A file that is too long is refused before it costs anybody the disk.
    if (opened.bytes !== undefined) requireSize(name, opened.bytes, bytesMax)
    const path = join(spoolDir, await inSpool(spoolDir, prepareSpool(spoolDir)))
    const copy = new SpoolCopy(await inSpool(spoolDir, open(path, 'wx', SPOOL_FILE_MODE)), spoolDir)
    try {
      for await (const chunk of opened.chunks) {
        requireSize(name, copy.bytes + chunk.length, bytesMax)
        await copy.write(chunk)
        progress?.(copy.bytes, opened.bytes)
      }
      requireSize(name, copy.bytes, bytesMax)
      await copy.close()
    } catch (error) {
      // The first failure is the one to tell. What cannot be removed now is a leftover to the next process.
      await copy.close().catch(() => undefined)
      await removeFile(path).catch(() => undefined)
      throw error
    }
    const remove = async () => void (await inSpool(spoolDir, removeFile(path)))
    return { name, bytes: copy.bytes, sha256: copy.digest(), path, remove }
  } finally {
    await opened.close()
  }
}

async function prepareSpool(spoolDir: string): Promise<string> {
  await removeLeftovers(spoolDir)
  return await newSpoolName()
}

class SpoolCopy {
  readonly #file: FileHandle
  readonly #spoolDir: string
  readonly #hash = createHash('sha256')
  bytes = 0

  constructor(file: FileHandle, spoolDir: string) {
    this.#file = file
    this.#spoolDir = spoolDir
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk)
    for (let written = 0; written < chunk.length; ) {
      const write = this.#file.write(chunk, written, chunk.length - written)
      written += (await inSpool(this.#spoolDir, write)).bytesWritten
    }
    this.bytes += chunk.length
  }

  digest(): string {
    return this.#hash.digest('hex')
  }

  close(): Promise<void> {
    return inSpool(this.#spoolDir, this.#file.close())
  }
}

function requireSize(name: string, bytes: number, bytesMax: number): void {
  if (bytes === 0) throw new AgentError('JOB_UNREADABLE', `job \`${name}\` is empty`)
  if (bytes <= bytesMax) return
  throw new AgentError('JOB_UNREADABLE', `job \`${name}\` is longer than the limit of ${bytesMax} bytes`)
}

/** What fails on this side is the fault of the spool, never of the job. */
async function inSpool<T>(spoolDir: string, step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (error) {
    if (error instanceof AgentError) throw error
    const message = `spool \`${spoolDir}\` cannot be written: ${systemReason(error)}`
    throw new AgentError('STATE_UNUSABLE', message, { cause: error })
  }
}
