/**
 * Proofs in a file (C2SP tlog-proof): that one entry is in a log, with the log's checkpoint and its cosignatures. With
 * a policy they are checked anywhere, without the log.
 */
import { strictBase64 } from './base64.ts'
import {
  parseCheckpoint,
  parseHash,
  parseSize,
  type UnverifiedCheckpoint,
  type VerifiedCheckpoint,
  verifyCheckpoint,
} from './checkpoint.ts'
import { leafHash, PROOF_HASHES_MAX, verifyInclusion } from './merkle.ts'
import { NOTE_BYTES_MAX } from './note.ts'
import { type Problem, problem } from './problem.ts'
import type { TlogPolicy } from './tlog-policy.ts'

const FIRST_LINE = 'c2sp.org/tlog-proof@v1'

/** Room for a whole entry, which has at most 65,535 bytes, in base64. */
const EXTRA_CHARS_MAX = 96 * 1024

/** First line, extra, index, hashes. */
const HEAD_BYTES_MAX = EXTRA_CHARS_MAX + 8 * 1024

export const TLOG_PROOF_BYTES_MAX = HEAD_BYTES_MAX + NOTE_BYTES_MAX

export interface TlogProof {
  readonly index: number
  readonly hashes: readonly Buffer[]
  /** What the maker of the file put beside the proof. Nobody signed it. */
  readonly extra: Buffer | null
  readonly checkpoint: UnverifiedCheckpoint
}

/** Reads a proof. Nothing is verified. */
export function parseTlogProof(bytes: Uint8Array): TlogProof | Problem {
  if (bytes.length > TLOG_PROOF_BYTES_MAX) return problem(`a proof has at most ${TLOG_PROOF_BYTES_MAX} bytes`)
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const split = file.indexOf('\n\n')
  if (split < 0 || split > HEAD_BYTES_MAX) return problem('a proof has an empty line before its checkpoint')
  const head = parseHead(file.toString('latin1', 0, split))
  if ('problem' in head) return head
  const checkpoint = parseCheckpoint(file.subarray(split + 2))
  return 'problem' in checkpoint ? checkpoint : { ...head, checkpoint }
}

/** Null for what is not there; the lines come in one order only. */
function parseHead(text: string): Omit<TlogProof, 'checkpoint'> | Problem {
  const [first, ...lines] = text.split('\n', 3 + PROOF_HASHES_MAX + 1)
  if (first !== FIRST_LINE) return problem(`a proof begins with the line \`${FIRST_LINE}\``)
  let extra: Buffer | null = null
  if (lines[0]?.startsWith('extra ')) {
    extra = strictBase64(lines.shift()?.slice('extra '.length) ?? '')
    if (extra === null) return problem('the extra data of a proof is base64')
  }
  const indexLine = lines.shift() ?? ''
  const index = indexLine.startsWith('index ') ? parseSize(indexLine.slice('index '.length)) : null
  if (index === null) return problem('a proof has a line `index` with a decimal number below 2^53')
  if (lines.length > PROOF_HASHES_MAX) return problem(`a proof has at most ${PROOF_HASHES_MAX} hashes`)
  const hashes: Buffer[] = []
  for (const line of lines) {
    const hash = parseHash(line)
    if (hash === null) return problem('a hash of a proof is the base64 of 32 bytes')
    hashes.push(hash)
  }
  return { index, hashes, extra }
}

/**
 * Checks that `entry` is in a log that the policy names, at the proof's index, under a checkpoint that the log signed
 * and enough witnesses cosigned.
 */
export function checkTlogProof(
  proof: TlogProof,
  entry: Uint8Array,
  policy: TlogPolicy,
): VerifiedCheckpoint | Problem {
  const verified = verifyCheckpoint(proof.checkpoint, policy.keys)
  if ('problem' in verified) return verified
  if (!policy.isSatisfiedBy(verified.cosigners.map(({ key }) => key))) {
    return problem(`the checkpoint is not cosigned as the policy asks: quorum \`${policy.quorum}\``)
  }
  const { size, root } = verified.checkpoint
  const claim = { leafHash: leafHash(entry), index: proof.index, size, proof: proof.hashes, root }
  return verifyInclusion(claim) ?? verified
}
