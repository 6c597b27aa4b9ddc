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
export type { Finding } from './finding.ts'
export {
  emptyRoot,
  leafHash,
  PROOF_HASHES_MAX,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts'
export {
  cosignedMessage,
  type NoteSignature,
  parseNote,
  parseSignatureLines,
  printSignatureLine,
  type SignedNote,
  signersOf,
} from './note.ts'
export { type NoteKey, noteKey, parseNoteKey, printNoteKey } from './note-key.ts'
export { isProblem, type Problem } from './problem.ts'
export { parseTlogPolicy, type TlogPolicy } from './tlog-policy.ts'
export { checkTlogProof, parseTlogProof } from './tlog-proof.ts'
export { type Verification, type VerifyOptions, verifyLog } from './verify-log.ts'
export { type ProvenRecord, verifyProof, verifyProofFile } from './verify-proof-file.ts'
