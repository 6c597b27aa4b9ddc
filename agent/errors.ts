/**
 * The two kinds of error that are thrown. The third kind, an expected refusal, is a value:
 * a verdict, a decision, a licence refusal.
 */

/** Exit status of the command, DESIGN of the command line: what a script can rely on. */
export const EXIT = {
  done: 0,
  fault: 1,
  usage: 2,
  denied: 3,
  held: 4,
  linkFailed: 5,
  evidenceFailed: 6,
} as const

/** Every fault of the outside world that people and scripts can meet, with the exit status it ends in. */
const EXIT_BY_CODE = {
  /** A job file that is missing, a directory, empty, or not G-code text. */
  JOB_UNREADABLE: EXIT.usage,
  /** The spool no longer holds what was surveyed. */
  SPOOL_CHANGED: EXIT.fault,
  CONFIG_INVALID: EXIT.usage,
  POLICY_INVALID: EXIT.usage,
  USAGE: EXIT.usage,
  /** A licence or issuer file that cannot be read at all. A licence that is read and refused is a decision. */
  LICENCE_UNREADABLE: EXIT.usage,
  STATE_UNUSABLE: EXIT.fault,
  AUDIT_UNWRITABLE: EXIT.fault,
  AUDIT_DAMAGED: EXIT.evidenceFailed,
  AUDIT_LOCKED: EXIT.fault,
  /** Too few witnesses have cosigned what must be witnessed, or one of them knows another log. */
  NOT_WITNESSED: EXIT.evidenceFailed,
  PORT_MISSING: EXIT.linkFailed,
  PORT_BUSY: EXIT.linkFailed,
  PORT_REFUSED: EXIT.linkFailed,
  PORT_LOST: EXIT.linkFailed,
  PRINTER_SILENT: EXIT.linkFailed,
  PRINTER_RESET: EXIT.linkFailed,
  PRINTER_HALTED: EXIT.linkFailed,
  PRINTER_FAULT: EXIT.linkFailed,
  /** The guard process that turns the heaters off when the agent dies could not be started, or ended. */
  GUARD_FAILED: EXIT.fault,
  INTERRUPTED: EXIT.fault,
} as const

export type AgentErrorCode = keyof typeof EXIT_BY_CODE

export function isAgentErrorCode(code: string): code is AgentErrorCode {
  return Object.hasOwn(EXIT_BY_CODE, code)
}

/**
 * Something outside the code failed. `code` is stable; `message` is one sentence for people, lower case, no full stop, or
 * several where several things are wrong, each a line.
 */
export class AgentError extends Error {
  override readonly name = 'AgentError'
  readonly code: AgentErrorCode
  /** The sentences apart: a line end within one of them came from outside. */
  readonly sentences: readonly string[]

  constructor(code: AgentErrorCode, message: string | readonly string[], options?: { cause?: unknown }) {
    const sentences = typeof message === 'string' ? [message] : message
    super(sentences.join('\n'), options)
    this.code = code
    this.sentences = sentences
  }

  /** What the process ends with when this error reaches the top. */
  get exitStatus(): number {
    return EXIT_BY_CODE[this.code]
  }
}

/** The code itself is wrong. Never caught except by the process, which stops the printer and exits. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** States an invariant in words. On in production: a gate that no longer knows its own state must not go on. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message)
}

/** The `code` of a Node system error (`ENOENT`, `ENOSPC`...), or undefined for any other value. */
export function systemErrorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** What the system's refusals of files and folders mean, for people. */
const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than this process may write',
  EIO: 'the disk reported an input/output error',
  EROFS: 'its file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is not a folder',
  ENOLCK: 'its file system has no locks',
  EMFILE: 'this process has too many files open',
  ENFILE: 'this machine has too many files open',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its symbolic links lead in a circle',
}

/** Why a system call failed, in words to end a message with. `special` says what a code means in one place. */
export function systemReason(error: unknown, special: Readonly<Record<string, string>> = {}): string {
  const code = systemErrorCode(error)
  return code === undefined ? String(error) : (special[code] ?? SYSTEM_REASONS[code] ?? code)
}
