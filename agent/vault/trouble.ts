/** Says in one sentence what went wrong with the vault. No sentence holds a name or anything that was sealed. */
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'

/** What these mean for the files of a vault, which must be plain files of ours. */
const SPECIAL = {
  ENOENT: 'a folder or file of it went away',
  ENOTFILE: 'one of its files is not a regular file',
  EISDIR: 'one of its files is a folder',
  ELOOP: 'one of its files is a symbolic link',
  ETOOMANY: 'it holds more files than a vault may',
}

/** What the system refused, as `code`. What is no refusal of the system's stays what it is. */
function trouble(error: unknown, code: 'AUDIT_UNWRITABLE' | 'STATE_UNUSABLE', what: string): unknown {
  if (error instanceof AgentError || systemErrorCode(error) === undefined) return error
  return new AgentError(code, `${what}: ${systemReason(error, SPECIAL)}`, { cause: error })
}

export const writeTrouble = (dir: string, error: unknown): unknown =>
  trouble(error, 'AUDIT_UNWRITABLE', `vault \`${dir}\` cannot be written`)

export const readTrouble = (dir: string, error: unknown): unknown =>
  trouble(error, 'STATE_UNUSABLE', `vault \`${dir}\` cannot be read`)

export function unwritable(dir: string, why: string): AgentError {
  return new AgentError('AUDIT_UNWRITABLE', `vault \`${dir}\` cannot be written: ${why}`)
}

/**
 * One row that cannot be sealed: too large, of no canonical form, or for somebody for whom there is no room. Nothing was
 * written of it, and what comes after it has nothing to fear.
 */
export class UnsealableError extends AgentError {
  constructor(dir: string, why: string) {
    super('AUDIT_UNWRITABLE', `vault \`${dir}\` cannot take this: ${why}`)
  }
}

export function damaged(dir: string, why: string): AgentError {
  return new AgentError('AUDIT_DAMAGED', `vault \`${dir}\` is damaged: ${why}`)
}
