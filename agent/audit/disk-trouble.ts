/** Says in one sentence what a disk refused, and why. */
import { AgentError, InvariantError, systemReason } from '../errors.ts'

/** What these mean for the files of a log, which must be plain files of ours. */
const SPECIAL = {
  ENOENT: 'the folder above it does not exist',
  EISDIR: 'one of its files is a folder',
  ENOTFILE: 'one of its files is not a regular file',
  ELOOP: 'one of its files is a symbolic link',
}

/** What a person can act on: a known reason in words, else what the system said. */
export function diskReason(error: unknown): string {
  return systemReason(error, SPECIAL)
}

/** What failed on the way to the disk, as AUDIT_UNWRITABLE. What is one of our own errors already stays as it is. */
export function diskTrouble(dir: string, error: unknown): AgentError | InvariantError {
  if (error instanceof AgentError || error instanceof InvariantError) return error
  const message = `log \`${dir}\` cannot be written: ${diskReason(error)}`
  return new AgentError('AUDIT_UNWRITABLE', message, { cause: error })
}
