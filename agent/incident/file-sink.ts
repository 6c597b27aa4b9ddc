/**
 * Incidents as JSON lines in a file, for whatever collects files. Each line is durable before it counts as sent. The file
 * is opened for each: it may be moved away at any time.
 */
import { constants } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemErrorCode } from '../errors.ts'
import { eventLine } from './event.ts'
import type { FileSinkOptions } from './options.ts'
import type { Dispatch, Sink } from './sink.ts'
import { Undeliverable } from './undeliverable.ts'

/** A file of so many bytes is moved to `<path>.1`, in the place of the one before: two of them at most. */
const FILE_BYTES_MAX = 10 * 1024 * 1024
const FILE_MODE = 0o600
/** Others could put words into the agent's mouth. */
const WRITABLE_BY_OTHERS = 0o022
const NEWLINE = 0x0a

/** Neither a link nor a pipe nor a device that somebody put there is followed or waited for. */
const FLAGS =
  constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK

export class FileSink implements Sink {
  readonly #path: string
  readonly #bytesMax: number

  /** `bytesMax`: size at which the file is turned over. */
  constructor({ path }: Pick<FileSinkOptions, 'path'>, bytesMax: number = FILE_BYTES_MAX) {
    this.#path = path
    this.#bytesMax = bytesMax
  }

  /** A crash between a line and its acknowledgement leaves it there twice, with the same event id. */
  async send({ event }: Dispatch): Promise<void> {
    const line = Buffer.from(`${eventLine(event)}\n`)
    let file = await this.#open()
    try {
      const { size } = await file.stat()
      if (size > 0 && size + line.length > this.#bytesMax) {
        await file.close()
        await this.#turnOver()
        file = await this.#open()
      }
      await append(file, line)
    } finally {
      await file.close()
    }
    // The name of a new file must be as durable as what is in it.
    await syncFolder(dirname(this.#path))
  }

  async #open(): Promise<FileHandle> {
    let file: FileHandle
    try {
      file = await open(this.#path, FLAGS, FILE_MODE)
    } catch (error) {
      if (systemErrorCode(error) === 'ELOOP') throw new Undeliverable('the file is a symbolic link')
      throw error
    }
    const stats = await file.stat()
    const fault = !stats.isFile()
      ? 'it is not a regular file'
      : stats.uid !== process.geteuid?.()
        ? 'it belongs to another user'
        : (stats.mode & WRITABLE_BY_OTHERS) !== 0
          ? 'others may write to it'
          : undefined
    if (fault === undefined) return file
    await file.close()
    throw new Undeliverable(fault)
  }

  async #turnOver(): Promise<void> {
    await rename(this.#path, `${this.#path}.1`)
  }
}

async function append(file: FileHandle, line: Buffer): Promise<void> {
  const { size } = await file.stat()
  // What a crash left of a line is ended, so that it spoils none but itself.
  const isTorn = size > 0 && (await lastByte(file, size)) !== NEWLINE
  try {
    await file.appendFile(isTorn ? Buffer.concat([Buffer.of(NEWLINE), line]) : line)
    await file.datasync()
  } catch (error) {
    await file.truncate(size).catch(() => {})
    throw error
  }
}

async function lastByte(file: FileHandle, size: number): Promise<number | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return bytesRead === 1 ? buffer[0] : undefined
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
