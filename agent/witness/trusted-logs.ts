/** Which logs a witness knows: lines of public keys in files of its operator. */
import { AgentError } from '../errors.ts'
import { isProblem, type NoteKey, type Problem, parseNoteKey } from '../verify/index.ts'

/** Every printer of the largest workshop. What the witness remembers of them is held in memory too. */
const KEYS_MAX = 256

/** A key has some hundred bytes; the rest is comments. */
export const LOGS_FILE_BYTES_MAX = 256 * 1024

/** The keys of each log, by its origin, which is their name. */
export type TrustedLogs = ReadonlyMap<string, readonly NoteKey[]>

/** A file of public keys: its name for messages, and what stands in it. */
export interface LogsFile {
  readonly path: string
  readonly text: string
}

/** Lines of a C2SP tlog-policy that are not for a witness. */
const OTHER_LINE = /^(?:witness|group|quorum)[ \t]/

/**
 * Reads what the files say together: one key of type 1 a line, by itself or as a line `log <key> [<url>]` of a C2SP
 * tlog-policy, whose other lines are passed over; `#` before a comment. A key that stands twice is one key. Throws
 * CONFIG_INVALID with the line. `own` is the witness's key: no log may have it or its name, because a witness that
 * is a log could be made to sign for itself.
 */
export function readTrustedLogs(files: readonly LogsFile[], own: NoteKey): TrustedLogs {
  const logs = new Map<string, NoteKey[]>()
  let count = 0
  for (const { path, text } of files) {
    let number = 0
    for (const line of text.split('\n')) {
      number++
      const words = line.trim()
      if (words === '' || words.startsWith('#') || OTHER_LINE.test(words)) continue
      const key = readLogKey(/^log[ \t]+([^ \t]+)(?:[ \t]+[^ \t]+)?$/.exec(words)?.[1] ?? words, own)
      if (isProblem(key)) throw invalid(`file of logs \`${path}\`, line ${number}: ${key.problem}`)
      const known = logs.get(key.name) ?? []
      if (known.some(({ publicKey }) => publicKey.equals(key.publicKey))) continue
      if (++count > KEYS_MAX) throw invalid(`a witness knows at most ${KEYS_MAX} keys of logs`)
      logs.set(key.name, [...known, key])
    }
  }
  return logs
}

function readLogKey(vkey: string, own: NoteKey): NoteKey | Problem {
  const key = parseNoteKey(vkey)
  if (isProblem(key)) return key
  if (key.kind !== 'log')
    return { problem: 'this is the key of a witness, not of a log: a log has a key of type 1' }
  if (key.name === own.name || key.publicKey.equals(own.publicKey))
    return { problem: 'this name or key is the witness’s own, which no log may have' }
  return key
}

function invalid(message: string): AgentError {
  return new AgentError('CONFIG_INVALID', message)
}
