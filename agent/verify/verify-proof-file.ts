/**
 * Checks a proof in a file: that a record is in a log, under a head that the log signed and enough witnesses cosigned.
 * It needs the file, the record and a policy, and nothing of the log.
 */
import { basename, dirname } from 'node:path'
import { AgentError } from '../errors.ts'
import { type Leaf, parseLeaf, RECORD_BYTES_MAX } from '../log-format/index.ts'
import { parseCanonical } from './canonical.ts'
import { LogFolder } from './folder.ts'
import { isProblem, type Problem, problem } from './problem.ts'
import type { TlogPolicy } from './tlog-policy.ts'
import { checkTlogProof, parseTlogProof, TLOG_PROOF_BYTES_MAX } from './tlog-proof.ts'
import { type SignedHead, signedHead } from './verify-log.ts'

export interface ProvenRecord {
  readonly origin: string
  readonly index: number
  readonly record: Leaf
  /** The head that it is proved under. */
  readonly head: SignedHead
}

/**
 * Checks the proof in a file against the logs and witnesses of a policy. The record is the one given, or the one that the
 * file carries as its extra data: that is signed by nobody, and proved like any other.
 * Throws USAGE where the file cannot be read.
 */
export function verifyProofFile(
  path: string,
  policy: TlogPolicy,
  record?: Uint8Array,
): ProvenRecord | Problem {
  const bytes = new LogFolder(dirname(path)).read(basename(path), TLOG_PROOF_BYTES_MAX)
  if (!Buffer.isBuffer(bytes)) {
    const why = bytes === 'missing' ? 'it does not exist' : bytes.problem
    throw new AgentError('USAGE', `proof \`${path}\` cannot be read: ${why}`)
  }
  return verifyProof(bytes, policy, record)
}

/** Checks the bytes of a proof. */
export function verifyProof(
  bytes: Uint8Array,
  policy: TlogPolicy,
  record?: Uint8Array,
): ProvenRecord | Problem {
  const proof = parseTlogProof(bytes)
  if (isProblem(proof)) return proof
  const entry = record ?? proof.extra
  if (entry === null) return problem('the proof does not carry its record, and none was given')
  if (entry.length > RECORD_BYTES_MAX) return problem(`a record has at most ${RECORD_BYTES_MAX} bytes`)
  const verified = checkTlogProof(proof, entry, policy)
  if (isProblem(verified)) return verified
  const leaf = readRecord(Buffer.from(entry), proof.index)
  if (isProblem(leaf)) return leaf
  return { origin: verified.checkpoint.origin, index: proof.index, record: leaf, head: signedHead(verified) }
}

/** The record that the log proves, if it is one that it may hold. */
function readRecord(entry: Buffer, index: number): Leaf | Problem {
  const parsed = parseCanonical(entry)
  if (typeof parsed === 'string') return problem('it is in the log, and is not JSON in canonical form')
  const read = parseLeaf(parsed.value)
  if ('problem' in read) return problem(`it is in the log, and cannot be understood: ${read.problem}`)
  if (read.leaf.seq === index) return read.leaf
  return problem(`it is in the log as record ${index}, and says that it is record ${read.leaf.seq}`)
}
