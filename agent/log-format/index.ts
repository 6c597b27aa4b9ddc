/** The log-format room's only door: what the writer and the verifier of a log agree on, and nothing that either does. */
export { canonicalJson, NotCanonicalError } from './canonical-json.ts'
export {
  commitMembers,
  commitmentOf,
  memberCommitment,
  type Opening,
  openMembers,
  toldMembers,
} from './commitment.ts'
export * from './format.ts'
export { bundleOfSegment, segmentPath, tilePath } from './paths.ts'
export {
  type AgentKind,
  type AuditRecord,
  HIDING_KINDS,
  joinRecord,
  type Leaf,
  type OpenRecord,
  parseLeaf,
  parseRecord,
  RECORD_KINDS,
  type RecordKind,
  type SealedRef,
  type StoredRecord,
  sealedRef,
  splitRecord,
} from './record.ts'
export { TIERS } from './record-kinds.ts'
