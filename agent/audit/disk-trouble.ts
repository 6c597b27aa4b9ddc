/** Says in one sentence what a disk refused, and why. */
import { AgentError, InvariantError, systemReason } from '../errors.ts'

/** What these mean for the files of a log, which must be plain files of ours. */
const SPECIAL = {
  ENOENT: 'the folder above it does not exist',
  EISDIR: 'one of its files is a folder',
  ENOTFILE: 'one of its files is not a regular file',
  ELOOP: 'one of its files is a symbolic link',
}

/** What failed on the way from the disk, as STATE_UNUSABLE. What is one of our own errors already stays as it is. */
export function readTrouble(dir: string, error: unknown): AgentError | InvariantError {
  if (error instanceof AgentError || error instanceof InvariantError) return error
  const message = `log \`${dir}\` cannot be read: ${systemReason(error, SPECIAL)}`
  return new AgentError('STATE_UNUSABLE', message, { cause: error })
}

/** What failed on the way to the disk, as AUDIT_UNWRITABLE. What is one of our own errors already stays as it is. */
export function diskTrouble(dir: string, error: unknown): AgentError | InvariantError {
  if (error instanceof AgentError || error instanceof InvariantError) return error
  const message = `log \`${dir}\` cannot be written: ${systemReason(error, SPECIAL)}`
  return new AgentError('AUDIT_UNWRITABLE', message, { cause: error })
}
