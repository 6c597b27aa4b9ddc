/**
 * The head of a sealed job, in the age format (age-encryption.org/v1): whom it is sealed to. Looked at before any key is, so
 * that nothing without end is gathered and no passphrase ever tried.
 */
import { AgentError } from '../errors.ts'

/** How every version of the format begins. */
const MAGIC = 'age-encryption.org/'
const VERSION_LINE = 'age-encryption.org/v1'
/** The same in letters, for mail: a third longer, and nothing for a printer. */
const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----'

/** Bytes that tell whether a job is sealed. */
export const START_BYTES = ARMOR.length

/** A recipient takes a hundred bytes, one of another kind than ours up to two thousand. */
const HEADER_BYTES_MAX = 64 * 1024
/** Each costs a multiplication on the curve. */
const STANZAS_MAX = 256

const NEWLINE = 0x0a

/** Whether a file that begins like this is sealed: by what is in it, whatever its name says. */
export function isSealedStart(start: Uint8Array): boolean {
  const text = Buffer.from(start.buffer, start.byteOffset, Math.min(start.length, START_BYTES)).toString(
    'latin1',
  )
  return text.startsWith(MAGIC) || text === ARMOR
}

/**
 * Where the header ends in `head`, behind its last newline; undefined where it goes on. Throws JOB_UNREADABLE for what is no
 * header, asks for a passphrase, or goes beyond a limit.
 */
export function headerEnd(name: string, head: Buffer): number | undefined {
  let stanzas = 0
  for (let start = 0; ; ) {
    const end = head.indexOf(NEWLINE, start)
    if (end === -1 || end >= HEADER_BYTES_MAX) {
      if (head.length >= HEADER_BYTES_MAX)
        throw unreadable(name, `its header is longer than ${HEADER_BYTES_MAX} bytes`)
      if (start === 0 && head.length >= START_BYTES)
        requireVersion(name, head.toString('latin1', 0, START_BYTES))
      return undefined
    }
    const line = head.toString('latin1', start, end)
    if (start === 0) requireVersion(name, line)
    else if (line.startsWith('---')) return end + 1
    else if (line.startsWith('-> ')) {
      if (line.startsWith('-> scrypt')) {
        throw unreadable(name, 'it is sealed with a passphrase, which a machine has none of', RESEAL)
      }
      if (++stanzas > STANZAS_MAX) throw unreadable(name, `it is sealed to more than ${STANZAS_MAX} keys`)
    }
    start = end + 1
  }
}

const RESEAL = '; seal it to the machine’s key with `portcullis licence seal`'

function requireVersion(name: string, line: string): void {
  if (line === VERSION_LINE) return
  if (line.startsWith(ARMOR)) throw unreadable(name, 'it is in the armoured form', '; seal it without armour')
  if (line.startsWith(VERSION_LINE.slice(0, -1)) && line.length < START_BYTES)
    throw unreadable(name, 'its version is not the one that is known, v1', RESEAL)
  throw unreadable(name, 'its header is damaged', ASK_AGAIN)
}

const ASK_AGAIN = '; ask for the file again'

/** Says of a sealed job why it cannot be opened. */
export function unreadable(name: string, why: string, remedy = '', cause?: unknown): AgentError {
  return new AgentError('JOB_UNREADABLE', `sealed job \`${name}\` cannot be opened: ${why}${remedy}`, {
    cause,
  })
}

/** That something in it is not as it was sealed. What that is, nobody can tell. */
export function damaged(name: string, cause: unknown): AgentError {
  return unreadable(name, 'it was cut short, or altered after it was sealed', ASK_AGAIN, cause)
}
