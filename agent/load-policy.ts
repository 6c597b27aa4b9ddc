import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { formatProblems, POLICY_CHARS_MAX, type Policy, readPolicy } from '../policies/index.ts'
import { AgentError, systemErrorCode } from './errors.ts'

/** A policy as it was read from a file, with the digest of that file. */
export interface LoadedPolicy {
  readonly policy: Policy
  readonly sha256: string
  readonly path: string
}

/** Reads a policy file. Throws `AgentError` POLICY_INVALID, which names every problem with `file:line:column`. */
export function loadPolicy(path: string): LoadedPolicy {
  const bytes = readBounded(path)
  const text = new TextDecoder('utf-8', { fatal: true })
  let decoded: string
  try {
    decoded = text.decode(bytes)
  } catch (cause) {
    throw new AgentError('POLICY_INVALID', `policy \`${path}\` is not UTF-8 text`, { cause })
  }
  const result = readPolicy(decoded)
  if (!result.ok) {
    const sentences = result.problems.map((problem) => formatProblems(path, [problem]))
    throw new AgentError('POLICY_INVALID', sentences)
  }
  return { policy: result.policy, sha256: createHash('sha256').update(bytes).digest('hex'), path }
}

function readBounded(path: string): Uint8Array {
  let descriptor: number
  try {
    // Without waiting: to open a pipe would wait for its writer.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    const what = systemErrorCode(cause) === 'ENOENT' ? 'does not exist' : 'cannot be read'
    throw new AgentError('POLICY_INVALID', `policy \`${path}\` ${what}`, { cause })
  }
  try {
    if (!fstatSync(descriptor).isFile())
      throw new AgentError('POLICY_INVALID', `policy \`${path}\` is not a regular file`)
    const buffer = new Uint8Array(POLICY_CHARS_MAX + 1)
    let length = 0
    for (;;) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, null)
      length += read
      if (read === 0) return buffer.subarray(0, length)
      if (length > POLICY_CHARS_MAX) {
        const message = `policy \`${path}\` is larger than the limit of ${POLICY_CHARS_MAX} bytes`
        throw new AgentError('POLICY_INVALID', message)
      }
    }
  } finally {
    closeSync(descriptor)
  }
}
