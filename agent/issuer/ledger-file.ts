/** The ledger's file on this machine's disk. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'
import { LEDGER_BYTES_MAX, type LedgerFile, replayLedger } from './ledger.ts'
import type { LedgerState } from './ledger-state.ts'

/** In the issuer's folder. It is made with the issuer, empty: one that is missing is never begun anew. */
export const LEDGER_FILE = 'ledger.jsonl'

/** Opens the ledger of a folder for appending. */
export async function openLedgerFile(dir: string): Promise<LedgerFile> {
  return new NodeLedgerFile(await openLedger(join(dir, LEDGER_FILE), constants.O_RDWR))
}

/** The ledger as it is now, for whoever only looks. */
export async function readLedger(dir: string): Promise<LedgerState> {
  const path = join(dir, LEDGER_FILE)
  const file = new NodeLedgerFile(await openLedger(path, constants.O_RDONLY))
  try {
    return replayLedger(await file.read(LEDGER_BYTES_MAX), path).state
  } catch (error) {
    if (error instanceof AgentError) throw error
    throw unusable(path, error)
  } finally {
    await file.close()
  }
}

async function openLedger(path: string, mode: number): Promise<FileHandle> {
  let handle: FileHandle
  try {
    handle = await open(path, mode | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw unusable(path, error)
    const message = `ledger \`${path}\` is missing; without it this issuer cannot know what it signed; put it back from a backup`
    throw new AgentError('STATE_UNUSABLE', message, { cause: error })
  }
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw unusable(path, new Error('it is not a regular file'))
}

function unusable(path: string, cause: unknown): AgentError {
  const why =
    cause instanceof Error && systemErrorCode(cause) === undefined ? cause.message : systemReason(cause)
  return new AgentError('STATE_UNUSABLE', `ledger \`${path}\` cannot be read: ${why}`, { cause })
}

class NodeLedgerFile implements LedgerFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async read(bytesMax: number): Promise<Buffer> {
    const { size } = await this.#handle.stat()
    if (size > bytesMax) throw Object.assign(new Error('too large'), { code: 'EFBIG' })
    const buffer = Buffer.alloc(size)
    let length = 0
    while (length < size) {
      const { bytesRead } = await this.#handle.read(buffer, length, size - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return buffer.subarray(0, length)
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.write(bytes, 0, bytes.length, position)).bytesWritten
  }

  async sync(): Promise<void> {
    await this.#handle.sync()
  }

  async truncate(length: number): Promise<void> {
    await this.#handle.truncate(length)
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
