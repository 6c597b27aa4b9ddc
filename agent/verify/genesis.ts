/** The first record of a log: which machine's it is, and which key signs for it from then on. */
import { createHash } from 'node:crypto'
import { GENESIS_HEADER, parseLeaf } from '../log-format/index.ts'
import { parseCanonical } from './canonical.ts'
import { isSignedBy, type NoteKey, noteKey } from './note-key.ts'
import { isProblem, type Problem, problem } from './problem.ts'

/** What SHA-256 is taken of to name a machine or a log by its key: the key as SPKI (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const NAME_DIGITS = 16

export interface Genesis {
  readonly origin: string
  /** The log's own key, under the origin. */
  readonly logKey: NoteKey
  /** The machine's key, as the 32 bytes of Ed25519. */
  readonly machineKey: Buffer
  /** What does not fit in it: then whoever wrote it had not the machine's key, or it was changed. */
  readonly wrong: string | null
}

/** Reads record 0. The key that it names is the log's word about itself: whoever knows better compares. */
export function readGenesis(record: Buffer): Genesis | Problem {
  const parsed = parseCanonical(record)
  const read = typeof parsed === 'string' ? null : parseLeaf(parsed.value)
  if (read === null || !('leaf' in read) || read.leaf.kind !== 'log-opened') {
    return problem('record 0 does not name the log')
  }
  const { origin, logKey, machineKey, signature } = read.leaf
  const key = noteKey('log', origin, Buffer.from(logKey, 'base64'))
  if (isProblem(key)) return key
  const machine = noteKey('log', 'machine', Buffer.from(machineKey, 'base64'))
  if (isProblem(machine)) return machine
  const genesis = { origin, logKey: key, machineKey: machine.publicKey }
  if (origin !== originOf(machine.publicKey, key.publicKey)) {
    return { ...genesis, wrong: `the name \`${origin}\` is not that of its keys` }
  }
  const text = Buffer.from(`${GENESIS_HEADER}\n${origin}\n${logKey}\n`, 'utf8')
  const isSigned = isSignedBy(machine, text, Buffer.from(signature, 'base64'))
  return { ...genesis, wrong: isSigned ? null : "the machine's key did not sign for the log's key" }
}

function originOf(machineKey: Buffer, logKey: Buffer): string {
  return `portcullis/m-${nameOf(machineKey)}/l-${nameOf(logKey)}`
}

function nameOf(publicKey: Buffer): string {
  const digest = createHash('sha256').update(SPKI_PREFIX).update(publicKey).digest('hex')
  return digest.slice(0, NAME_DIGITS)
}
