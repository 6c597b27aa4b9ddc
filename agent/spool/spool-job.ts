/**
 * Copies a job to a private file before anything looks at it: what is surveyed, licensed and printed is then one
 * thing that nobody else has open.
 */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AgentError, systemReason } from '../errors.ts'
import { type JobSource, type OpenSource, openSource } from './job-source.ts'
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

/** The place of a copy in the spool, which this process owns whoever fills it. */
export interface SpoolPlace {
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
    // A file that is too long is refused before it costs anybody the disk.
    requireKnownSize(opened, options)
    const { path, remove } = await reserveSpool(spoolDir)
    const hash = createHash('sha256')
    let bytes = 0
    try {
      for await (const chunk of copyJob(path, opened, options)) {
        hash.update(chunk)
        bytes += chunk.length
      }
    } catch (error) {
      // The first failure is the one to tell. What cannot be removed now is a leftover to the next process.
      await remove().catch(() => undefined)
      throw error
    }
    return { name, bytes, sha256: hash.digest('hex'), path, remove }
  } finally {
    await opened.close()
  }
}

/**
 * Makes an empty private file in the spool, after clearing away what dead processes left there. It counts as this
 * process's own: no other one clears it away while this one lives. Throws STATE_UNUSABLE.
 */
export async function reserveSpool(spoolDir: string): Promise<SpoolPlace> {
  const path = join(spoolDir, await inSpool(spoolDir, prepareSpool(spoolDir)))
  await inSpool(
    spoolDir,
    open(path, 'wx', SPOOL_FILE_MODE).then((file) => file.close()),
  )
  return { path, remove: async () => void (await inSpool(spoolDir, removeFile(path))) }
}

/**
 * Copies an open job into its reserved place and yields each chunk once it is in the copy; a chunk is valid until the
 * next is asked for. Throws JOB_UNREADABLE or STATE_UNUSABLE, and leaves it to the owner of the place to remove it.
 */
export async function* copyJob(
  path: string,
  opened: OpenSource,
  options: SpoolOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const { bytesMax = JOB_BYTES_MAX, progress } = options
  requireKnownSize(opened, options)
  const spoolDir = dirname(path)
  const flags = constants.O_WRONLY | constants.O_NOFOLLOW
  const file = await inSpool(spoolDir, open(path, flags))
  let bytes = 0
  try {
    for await (const chunk of opened.chunks) {
      requireSize(opened.name, bytes + chunk.length, bytesMax)
      for (let written = 0; written < chunk.length; ) {
        const write = file.write(chunk, written, chunk.length - written)
        written += (await inSpool(spoolDir, write)).bytesWritten
      }
      bytes += chunk.length
      progress?.(bytes, opened.bytes)
      yield chunk
    }
    requireSize(opened.name, bytes, bytesMax)
    await inSpool(spoolDir, file.close())
  } finally {
    // Does nothing where it was closed above; a failure is told by what brought us here.
    await file.close().catch(() => undefined)
  }
}

async function prepareSpool(spoolDir: string): Promise<string> {
  await removeLeftovers(spoolDir)
  return await newSpoolName()
}

function requireKnownSize(opened: OpenSource, options: SpoolOptions): void {
  if (opened.bytes !== undefined) requireSize(opened.name, opened.bytes, options.bytesMax ?? JOB_BYTES_MAX)
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
