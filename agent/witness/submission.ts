/**
 * The body of `add-checkpoint` (C2SP tlog-witness): the size that the witness is thought to know, a proof that the log
 * has only grown since, and the log's checkpoint. Written by the client, read by the server.
 */
import {
  isProblem,
  PROOF_HASHES_MAX,
  type Problem,
  parseCheckpoint,
  parseHash,
  parseSize,
  type UnverifiedCheckpoint,
} from '../verify/index.ts'

/** Head and note. A note with the cosignatures of a hundred witnesses has 20 kB. */
export const SUBMISSION_BYTES_MAX = 64 * 1024

/** `old`, a size of 16 digits, and 63 lines of 45 bytes, with room. */
const HEAD_BYTES_MAX = 4096

export interface Submission {
  readonly oldSize: number
  /** As it was sent. Its length is bounded, and nothing else. */
  readonly proof: readonly Buffer[]
  readonly checkpoint: UnverifiedCheckpoint
}

/** Reads a body. Nothing is verified. */
export function parseSubmission(bytes: Uint8Array): Submission | Problem {
  if (bytes.length > SUBMISSION_BYTES_MAX) return problem(`a body has at most ${SUBMISSION_BYTES_MAX} bytes`)
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const split = body.indexOf('\n\n')
  if (split < 0 || split > HEAD_BYTES_MAX)
    return problem('a body has at most 63 lines of proof, then an empty line')
  const [oldLine = '', ...proofLines] = body
    .toString('latin1', 0, split)
    .split('\n', 1 + PROOF_HASHES_MAX + 1)
  const oldSize = oldLine.startsWith('old ') ? parseSize(oldLine.slice('old '.length)) : null
  if (oldSize === null)
    return problem('the first line is `old` and a decimal number below 2^53, without leading zeros')
  if (proofLines.length > PROOF_HASHES_MAX) return problem(`a proof has at most ${PROOF_HASHES_MAX} hashes`)
  const proof: Buffer[] = []
  for (const line of proofLines) {
    const hash = parseHash(line)
    if (hash === null) return problem('a line of proof is the base64 of 32 bytes')
    proof.push(hash)
  }
  const checkpoint = parseCheckpoint(body.subarray(split + 2))
  return isProblem(checkpoint) ? checkpoint : { oldSize, proof, checkpoint }
}

/** Writes a body. */
export function printSubmission(oldSize: number, proof: readonly Uint8Array[], note: string): string {
  const hashes = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`)
  return `old ${oldSize}\n${hashes.join('')}\n${note}`
}

function problem(text: string): Problem {
  return { problem: text }
}
