/** What is said of a log that is not as it was written. */
import { AgentError } from '../errors.ts'
import { CHECKPOINT_FILE, JOURNAL_FOLDER, TILE_FOLDER, WITNESSED_FILE } from '../log-format/index.ts'

/** The one file of the first format. */
const OLD_FILE = 'records.log'

/** Somebody or something changed the log. `where` names a record or a file. */
export function damaged(dir: string, where: string, what: string): AgentError {
  return new AgentError('AUDIT_DAMAGED', `log \`${dir}\` is damaged at ${where}: ${what}`)
}

/** What a folder of these names is, in which no record can be found; undefined if there never was a log in it. */
export function lostJournal(dir: string, names: readonly string[]): AgentError | undefined {
  if (names.includes(OLD_FILE)) return damaged(dir, 'its beginning', 'it is of an older format')
  const isLog = [TILE_FOLDER, CHECKPOINT_FILE, WITNESSED_FILE].some((name) => names.includes(name))
  return isLog ? damaged(dir, `\`${JOURNAL_FOLDER}\``, 'it is empty, and there is a log') : undefined
}
