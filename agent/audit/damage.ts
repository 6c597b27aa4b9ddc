/** What is said of a log that is not as it was written. */
import { AgentError } from '../errors.ts'

/** Somebody or something changed the log. `where` names a record or a file. */
export function damaged(dir: string, where: string, what: string): AgentError {
  return new AgentError('AUDIT_DAMAGED', `log \`${dir}\` is damaged at ${where}: ${what}`)
}
