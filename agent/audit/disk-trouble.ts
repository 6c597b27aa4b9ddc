/** Says in one sentence what a disk refused, and why. */
import { AgentError, InvariantError, systemErrorCode } from '../errors.ts'

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than this process may write',
  EIO: 'the disk reported an input/output error',
  EROFS: 'its file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'the folder above it does not exist',
  ENOTDIR: 'it is not a folder',
  EISDIR: 'one of its files is a folder',
  ENOTFILE: 'one of its files is not a regular file',
  ELOOP: 'one of its files is a symbolic link',
  ENOLCK: 'its file system has no locks',
  EMFILE: 'this process has too many files open',
  ENFILE: 'this machine has too many files open',
}

/** What a person can act on: a known reason in words, else what the system said. */
export function diskReason(error: unknown): string {
  const code = systemErrorCode(error)
  return (code !== undefined ? REASONS[code] : undefined) ?? code ?? String(error)
}

/** What failed on the way to the disk, as AUDIT_UNWRITABLE. What is one of our own errors already stays as it is. */
export function diskTrouble(dir: string, error: unknown): AgentError | InvariantError {
  if (error instanceof AgentError || error instanceof InvariantError) return error
  return new AgentError('AUDIT_UNWRITABLE', `log \`${dir}\` cannot be written: ${diskReason(error)}`, {
    cause: error,
  })
}
