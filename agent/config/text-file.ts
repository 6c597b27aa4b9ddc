/** Small text files from people: opened, measured and decoded before anything reads what they say. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { AgentError, type AgentErrorCode, systemErrorCode } from '../errors.ts'

/** What the file is called in messages, how large it may be, and the code of what is thrown. */
export interface TextFileKind {
  /** `policy`, `configuration`. */
  readonly what: string
  readonly bytesMax: number
  readonly code: AgentErrorCode
}

/**
 * Reads a regular file of UTF-8 text. What is missing, a folder, a pipe, too large or no text is refused with
 * `AgentError` of the kind's code.
 */
export function readTextFile(
  path: string,
  kind: TextFileKind,
): { readonly text: string; readonly bytes: Uint8Array } {
  const bytes = readBounded(path, kind)
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), bytes }
  } catch (cause) {
    throw refused(path, kind, 'is not UTF-8 text', cause)
  }
}

function readBounded(path: string, kind: TextFileKind): Uint8Array {
  let descriptor: number
  try {
    // Without waiting: to open a pipe would wait for its writer.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw refused(
      path,
      kind,
      systemErrorCode(cause) === 'ENOENT' ? 'does not exist' : 'cannot be read',
      cause,
    )
  }
  try {
    if (!fstatSync(descriptor).isFile()) throw refused(path, kind, 'is not a regular file')
    const buffer = new Uint8Array(kind.bytesMax + 1)
    let length = 0
    for (;;) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, null)
      length += read
      if (read === 0) return buffer.subarray(0, length)
      if (length > kind.bytesMax)
        throw refused(path, kind, `is larger than the limit of ${kind.bytesMax} bytes`)
    }
  } finally {
    closeSync(descriptor)
  }
}

function refused(path: string, { what, code }: TextFileKind, why: string, cause?: unknown): AgentError {
  return new AgentError(code, `${what} \`${path}\` ${why}`, { cause })
}
