import { AgentError, EXIT } from '../errors.ts'

/**
 * How a command ends badly: one sentence on standard error, the exit status that scripts rely on, and no stack
 * trace unless someone debugs.
 */
export function endWithError(error: unknown): void {
  if (error instanceof AgentError) {
    process.stderr.write(`portcullis: ${error.message}\n`)
    process.exitCode = error.exitStatus
    return
  }
  if (isBrokenPipe(error)) return
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`portcullis: internal fault: ${message} (set PORTCULLIS_DEBUG=1 for details)\n`)
  if (process.env['PORTCULLIS_DEBUG'] !== undefined && error instanceof Error)
    process.stderr.write(`${error.stack}\n`)
  process.exitCode = EXIT.fault
}

/**
 * Ends the process at once where an error reached nobody: the agent no longer knows its own state, and the guard
 * process brings the printer to rest as soon as the agent is gone.
 */
export function endOnFault(): void {
  process.on('uncaughtException', endNow)
  process.on('unhandledRejection', endNow)
}

/** Ends the process at once, with its sentence. Only where nothing is left to do but what `exit` listeners do. */
export function endNow(error: unknown): never {
  endWithError(error)
  process.exit()
}

/** Whoever read our output has gone, as `head` does: nothing is wrong. */
function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE'
}

/** A wrong option, told like any other bad usage. */
export function badUsage(message: string): AgentError {
  return new AgentError('USAGE', message)
}

/** Reads a whole number option, or throws USAGE. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw badUsage(`option \`${option}\` wants a whole number from ${min} to ${max}, not \`${text}\``)
}
