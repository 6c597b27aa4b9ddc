import { createHash } from 'node:crypto'
import { formatProblems, POLICY_CHARS_MAX, type Policy, readPolicy } from '../policies/index.ts'
import { readTextFile } from './config/index.ts'
import { AgentError } from './errors.ts'

/** A policy as it was read from a file, with the digest of that file. */
export interface LoadedPolicy {
  readonly policy: Policy
  readonly sha256: string
  readonly path: string
}

/** Reads a policy file. Throws `AgentError` POLICY_INVALID, which names every problem with `file:line:column`. */
export function loadPolicy(path: string): LoadedPolicy {
  const { text, bytes } = readTextFile(path, {
    what: 'policy',
    bytesMax: POLICY_CHARS_MAX,
    code: 'POLICY_INVALID',
  })
  const result = readPolicy(text)
  if (!result.ok) {
    const sentences = result.problems.map((problem) => formatProblems(path, [problem]))
    throw new AgentError('POLICY_INVALID', sentences)
  }
  return { policy: result.policy, sha256: createHash('sha256').update(bytes).digest('hex'), path }
}
