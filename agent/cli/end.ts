import { personProblem } from '../control/index.ts'
import { AgentError, EXIT } from '../errors.ts'
import { complain, sayJsonError } from './output.ts'

/**
 * How a command ends badly: one sentence on standard error, the exit status that scripts rely on, and no stack
 * trace unless someone debugs. Whoever asked for JSON gets the sentence as JSON too.
 */
export function endWithError(error: unknown, options: { readonly json?: boolean } = {}): void {
  if (isBrokenPipe(error)) return
  if (options.json) sayJsonError(errorDocument(error))
  if (error instanceof AgentError) {
    complain(...error.sentences)
    process.exitCode = error.exitStatus
    return
  }
  const details =
    process.env['PORTCULLIS_DEBUG'] !== undefined && error instanceof Error ? error.stack : undefined
  complain(
    `internal fault: ${errorDocument(error).message} (set PORTCULLIS_DEBUG=1 for details)`,
    ...(details?.split('\n') ?? []),
  )
  process.exitCode = EXIT.fault
}

/** An error in JSON. */
export function errorDocument(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof AgentError) return { code: error.code, message: error.message }
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) }
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

/** Throws USAGE where a name was given that is nobody's. */
export function checkPerson(option: string, name: string | undefined): void {
  const problem = name === undefined ? undefined : personProblem(name)
  if (problem !== undefined) throw badUsage(`the name of \`${option}\` ${problem}`)
}

/** Reads a whole number option, or throws USAGE. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw badUsage(`option \`${option}\` wants a whole number from ${min} to ${max}, not \`${text}\``)
}
