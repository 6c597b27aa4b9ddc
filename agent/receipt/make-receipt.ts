/** Makes a receipt of a decision from records of the log, their proofs, and what the decision hides. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { canonicalJson } from '../log-format/index.ts'
import { checkOpening, checkProofs, checkRecords, isAllowed, logKeyOf } from './check-evidence.ts'
import { spkiOf, writeEnvelope } from './dsse.ts'
import { type Evidence, readLeaves } from './evidence.ts'
import { isProblem, type Problem, problem } from './problem.ts'
import { statementOf } from './statement.ts'
import { openTold, readTold } from './told.ts'
import { RECEIPT_BYTES_MAX } from './verify-receipt.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const KEY_ID_HEX_CHARS = 8

/** A record as it stands in the log, byte for byte, and the text of its tlog-proof. */
export interface ProvenRecord {
  readonly leaf: Uint8Array
  readonly proof: string
}

export interface ReceiptInputs {
  readonly records: {
    /** Record 0. */
    readonly log: ProvenRecord
    readonly decision: ProvenRecord
    readonly release: ProvenRecord | null
    readonly opened: ProvenRecord | null
    readonly copy: ProvenRecord | null
    readonly closed: ProvenRecord | null
  }
  /** The decision's hidden members and their salt. */
  readonly hidden: { readonly fields: object; readonly salt: Uint8Array }
  /** The log's own, private. */
  readonly key: KeyObject
  readonly namesOperator: boolean
  /** Days from the decision within which an appeal may be filed; null where there is no such limit. */
  readonly appealDays: number | null
}

/**
 * The text of the receipt file: a print certificate where the job was allowed, a refusal where it was not. It tells why
 * there can be none where records, proofs and hidden members do not fit together: nobody signs what would not verify.
 */
export function makeReceipt(inputs: ReceiptInputs): string | Problem {
  const { log, decision, release, opened, copy, closed } = inputs.records
  const records = {
    log: written(log),
    decision: written(decision),
    release: release && written(release),
    opened: opened && written(opened),
    copy: copy && written(copy),
    closed: closed && written(closed),
  }
  const leaves = readLeaves({ ...records, opening: {} })
  if (isProblem(leaves)) return leaves
  const key = logKeyOf(leaves.log)
  if (isProblem(key)) return key
  const own = createPublicKey(inputs.key).export({ type: 'spki', format: 'der' })
  if (!own.equals(spkiOf(key.publicKey))) return problem('the key is not that of the log')

  const telling = { isCertificate: isAllowed(leaves), namesOperator: inputs.namesOperator }
  const evidence: Evidence = {
    ...records,
    opening: openTold(inputs.hidden.fields, inputs.hidden.salt, telling),
  }
  const [wrong] = [
    ...checkProofs(evidence, leaves, key, undefined),
    ...checkRecords(leaves),
    ...checkOpening(evidence, leaves),
  ]
  if (wrong !== undefined) return problem(wrong.message)
  const told = readTold(evidence.opening, leaves.decision)
  if (isProblem(told)) return told
  const appealBy = telling.isCertificate ? null : appealDay(leaves.decision.at, inputs.appealDays)
  const statement = canonicalJson(statementOf(evidence, leaves, told, appealBy))
  const keyId = key.keyId.toString(16).padStart(KEY_ID_HEX_CHARS, '0')
  const text = writeEnvelope(Buffer.from(statement, 'utf8'), inputs.key, keyId)
  return text.length > RECEIPT_BYTES_MAX
    ? problem(`it would have more than ${RECEIPT_BYTES_MAX} bytes`)
    : text
}

/** The last day on which an appeal may be filed, in UTC; null where there is no limit. */
export function appealDay(decidedAt: string, days: number | null): string | null {
  if (days === null) return null
  return new Date(Date.parse(decidedAt) + days * DAY_MS).toISOString().slice(0, 10)
}

function written({ leaf, proof }: ProvenRecord): Evidence['decision'] {
  return { leaf: Buffer.from(leaf).toString('base64'), proof }
}
