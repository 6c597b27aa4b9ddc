/**
 * The independent checker's only door: what stands in a log, a checkpoint or a proof is believed by nobody here. It
 * shares the format with the log's writer, and no code.
 */
export {
  type Checkpoint,
  parseCheckpoint,
  parseHash,
  parseSize,
  type UnverifiedCheckpoint,
  type VerifiedCheckpoint,
  verifyCheckpoint,
} from './checkpoint.ts'
export type { Finding, FindingCode } from './finding.ts'
export {
  type ConsistencyClaim,
  emptyRoot,
  type InclusionClaim,
  leafHash,
  PROOF_HASHES_MAX,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts'
export {
  cosignedMessage,
  NOTE_BYTES_MAX,
  type NoteSignature,
  type NoteSigner,
  parseNote,
  parseSignatureLines,
  printSignatureLine,
  type SignedNote,
  signersOf,
} from './note.ts'
export { isKeyName, type NoteKey, noteKey, parseNoteKey, printNoteKey } from './note-key.ts'
export { isProblem, type Problem } from './problem.ts'
export { parseTlogPolicy, type TlogPolicy } from './tlog-policy.ts'
export { checkTlogProof, parseTlogProof, type TlogProof } from './tlog-proof.ts'
export { type SignedHead, type Verification, type VerifyOptions, verifyLog } from './verify-log.ts'
export { type ProvenRecord, verifyProof, verifyProofFile } from './verify-proof-file.ts'
