/**
 * Checks a receipt anywhere, offline, with nothing but the file and, better, a policy that names the log's key and the
 * witnesses. The file comes from somebody who may gain by it: nothing in it is believed before it was checked.
 */
import { z } from 'zod'
import { canonicalJson } from '../log-format/index.ts'
import type { NoteKey, TlogPolicy } from '../verify/index.ts'
import {
  checkOpening,
  checkProofs,
  checkRecords,
  type EvidenceFault,
  isAllowed,
  logKeyOf,
} from './check-evidence.ts'
import { isEnvelopeSignedBy, parseJson, readEnvelope } from './dsse.ts'
import { type Evidence, evidenceSchema, isCanonical, readLeaves } from './evidence.ts'
import { isProblem, type Problem, problem } from './problem.ts'
import { PREDICATE_TYPE, STATEMENT_TYPE, type Statement, statementOf } from './statement.ts'
import { readTold } from './told.ts'

/** Six records with their proofs and thirty cosignatures each have less than half of it. */
export const RECEIPT_BYTES_MAX = 1024 * 1024

/**
 * What can be wrong with a receipt: `form`, it is none; `log`, the log is not the machine's or not one that the policy
 * trusts; `signature`; `proof`, a record is not shown to be in the log; `quorum`, witnesses are wanting; `record`, the
 * records do not belong together; `commitment`, what is told was not recorded; `serial`; `statement`, it says something
 * else than its evidence.
 */
export type ReceiptFault = EvidenceFault | 'form' | 'signature' | 'serial' | 'statement'

export interface ReceiptFinding {
  readonly code: ReceiptFault
  readonly message: string
}

export interface ReceiptVerification {
  readonly ok: boolean
  /**
   * What the receipt can be relied on for: `witnessed`, the witnesses of the policy saw this log, so that its owner cannot
   * show another one; `software`, the log's key signed, which whoever holds it can do at will; null, nothing.
   */
  readonly assurance: 'software' | 'witnessed' | null
  /** Whether the policy names the log's key. Without, the key is the receipt's own, and `log` is to be compared by hand. */
  readonly isKeyTrusted: boolean
  /** The log's key. Null where the receipt names none that is good for anything. */
  readonly log: NoteKey | null
  /** What it says. Null where anything is wrong but that witnesses are wanting. */
  readonly statement: Statement | null
  readonly findings: readonly ReceiptFinding[]
}

const payloadSchema = z.object({
  _type: z.literal(STATEMENT_TYPE),
  predicateType: z.enum([PREDICATE_TYPE.certificate, PREDICATE_TYPE.refusal]),
  predicate: z.looseObject({
    evidence: evidenceSchema,
    serial: z.unknown().optional(),
    appealBy: z.iso.date().nullable().exactOptional(),
  }),
})

interface Payload {
  readonly text: string
  readonly serial: unknown
  readonly appealBy: string | null
  readonly evidence: Evidence
}

/** Checks the text of a receipt file. */
export function verifyReceipt(
  text: string,
  { policy }: { readonly policy?: TlogPolicy } = {},
): ReceiptVerification {
  if (text.length > RECEIPT_BYTES_MAX || Buffer.byteLength(text, 'utf8') > RECEIPT_BYTES_MAX) {
    return unreadable(problem(`a receipt has at most ${RECEIPT_BYTES_MAX} bytes`))
  }
  const envelope = readEnvelope(text)
  if (isProblem(envelope)) return unreadable(envelope)
  const payload = readPayload(envelope.payload)
  if (isProblem(payload)) return unreadable(payload)
  const { evidence } = payload
  const leaves = readLeaves(evidence)
  if (isProblem(leaves)) return unreadable(leaves)
  const key = logKeyOf(leaves.log)
  if (isProblem(key)) return failed(null, [{ code: 'log', message: key.problem }])

  const findings: ReceiptFinding[] = []
  if (!isEnvelopeSignedBy(envelope, key.publicKey)) {
    findings.push({ code: 'signature', message: 'the key of the log did not sign it' })
  }
  findings.push(...checkProofs(evidence, leaves, key, policy))
  findings.push(...checkRecords(leaves))
  findings.push(...checkOpening(evidence, leaves))
  const told = readTold(evidence.opening, leaves.decision)
  if (isProblem(told)) return failed(key, [...findings, { code: 'commitment', message: told.problem }])
  const statement = statementOf(evidence, leaves, told, isAllowed(leaves) ? null : payload.appealBy)
  findings.push(...compareStatement(payload, statement))
  return verdict(key, policy, findings, statement)
}

function readPayload(bytes: Buffer): Payload | Problem {
  const text = bytes.toString('utf8')
  const value = parseJson(text)
  if (!Buffer.from(text, 'utf8').equals(bytes) || !isCanonical(value, text)) {
    return problem('its statement is not canonical JSON')
  }
  const parsed = payloadSchema.safeParse(value)
  if (!parsed.success) {
    const place = parsed.error.issues[0]?.path.join('.') ?? ''
    return problem(`its statement is not one of a print or a refusal: \`${place}\``)
  }
  const { evidence, serial, appealBy } = parsed.data.predicate
  return { text, serial, appealBy: appealBy ?? null, evidence }
}

function compareStatement(payload: Payload, statement: Statement): ReceiptFinding[] {
  if (canonicalJson(statement) === payload.text) return []
  const serial = 'serial' in statement.predicate ? statement.predicate.serial : undefined
  if (payload.serial !== serial) {
    const message = `the serial number of this part is \`${serial ?? 'none'}\`, not what the receipt says`
    return [{ code: 'serial', message }]
  }
  return [{ code: 'statement', message: 'it says something else than its evidence' }]
}

function verdict(
  key: NoteKey,
  policy: TlogPolicy | undefined,
  findings: readonly ReceiptFinding[],
  statement: Statement,
): ReceiptVerification {
  const holds = findings.every(({ code }) => code === 'quorum')
  if (!holds) return failed(key, findings)
  const ok = findings.length === 0
  const isWitnessed = ok && policy !== undefined && policy.quorum !== 'none'
  return {
    ok,
    assurance: isWitnessed ? 'witnessed' : 'software',
    isKeyTrusted: policy !== undefined,
    log: key,
    statement,
    findings,
  }
}

function unreadable({ problem: message }: Problem): ReceiptVerification {
  return failed(null, [{ code: 'form', message }])
}

function failed(log: NoteKey | null, findings: readonly ReceiptFinding[]): ReceiptVerification {
  return { ok: false, assurance: null, isKeyTrusted: false, log, statement: null, findings }
}
