/** Reads a log out, record by record, in bounded memory. Needs no lock: a log may be read while it is written. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { AgentError, systemErrorCode } from '../errors.ts'
import { damaged, walkChain } from './chain.ts'
import { diskReason } from './disk-trouble.ts'
import { decodeBody } from './entry.ts'
import { RECORDS_FILE } from './format.ts'
import type { StoredRecord } from './record.ts'

/** A record read back, with the head of the chain up to it in hexadecimal. */
export interface LogEntry {
  readonly index: number
  readonly hash: string
  readonly record: StoredRecord
}

/**
 * Yields every record from the first on. A line that is still being written ends the reading quietly.
 * Throws AUDIT_DAMAGED at the first record that is not as it was written.
 */
export async function* readLog(dir: string): AsyncGenerator<LogEntry, void> {
  const file = await openRecords(dir)
  try {
    const source = {
      read: async (into: Uint8Array, position: number) =>
        (await file.read(into, 0, into.length, position)).bytesRead,
    }
    for await (const { index, offset, hash, body } of walkChain(dir, source)) {
      const decoded = decodeBody(body, index)
      if ('problem' in decoded) throw damaged(dir, index, offset, decoded.problem)
      if ((decoded.record.kind === 'log-opened') !== (index === 0)) {
        throw damaged(dir, index, offset, 'only the first record names the log')
      }
      yield { index, hash: hash.toString('hex'), record: decoded.record }
    }
  } finally {
    await file.close()
  }
}

/** Opens the records for reading. A folder without a log is a mistake in what was asked for. */
export async function openRecords(dir: string): Promise<FileHandle> {
  try {
    // Not blocking: the open of a pipe that was put there would wait for ever.
    return await open(
      join(dir, RECORDS_FILE),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    )
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new AgentError('USAGE', `there is no log in \`${dir}\``, { cause: error })
    }
    throw new AgentError('STATE_UNUSABLE', `log \`${dir}\` cannot be read: ${diskReason(error)}`, {
      cause: error,
    })
  }
}
