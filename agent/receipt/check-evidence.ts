/**
 * Whether the evidence of a receipt holds: the log is this machine's, each record is in it, they belong together, and
 * what is told of the decision is what the log committed to.
 */
import { createHash } from 'node:crypto'
import { commitmentOf, GENESIS_HEADER } from '../log-format/index.ts'
import {
  isProblem,
  leafHash,
  type NoteKey,
  noteKey,
  parseTlogProof,
  printNoteKey,
  type TlogPolicy,
  verifyCheckpoint,
  verifyInclusion,
} from '../verify/index.ts'
import { isSignatureOf, spkiOf } from './dsse.ts'
import { type Evidence, type EvidenceLeaves, leafBytes, ROLES, type Role } from './evidence.ts'
import { type Problem, problem } from './problem.ts'

/** How far a person can rely on something that a check found wrong. */
export type EvidenceFault = 'log' | 'proof' | 'quorum' | 'record' | 'commitment'

export interface EvidenceFinding {
  readonly code: EvidenceFault
  readonly message: string
}

const NAME_HEX_CHARS = 16

/** The key of the log that record 0 opens, if the machine key that it names gave the log its name and signed for it. */
export function logKeyOf(log: EvidenceLeaves['log']): NoteKey | Problem {
  const machineKey = Buffer.from(log.machineKey, 'base64')
  const logKey = Buffer.from(log.logKey, 'base64')
  if (log.seq !== 0) return problem(`the log does not begin with record ${log.seq}`)
  if (log.origin !== `portcullis/m-${shortHash(machineKey)}/l-${shortHash(logKey)}`) {
    return problem('the name of the log is not that of its keys')
  }
  const text = `${GENESIS_HEADER}\n${log.origin}\n${log.logKey}\n`
  if (!isSignatureOf(machineKey, Buffer.from(text, 'utf8'), Buffer.from(log.signature, 'base64'))) {
    return problem('the machine key did not sign for the key of the log')
  }
  return noteKey('log', log.origin, logKey)
}

/** `m-...` of a log's name. */
export function machineOf(origin: string): string {
  return origin.split('/')[1] ?? origin
}

/**
 * Checks each record's proof. With a policy the log's key must be one that it trusts, and the checkpoint of each proof
 * must have the cosignatures that it asks for.
 */
export function checkProofs(
  evidence: Evidence,
  leaves: EvidenceLeaves,
  key: NoteKey,
  policy: TlogPolicy | undefined,
): EvidenceFinding[] {
  const findings: EvidenceFinding[] = []
  if (policy !== undefined && !policy.logs.some((log) => isSameKey(log.key, key))) {
    const line = `log ${printNoteKey(key)}`
    const message = `the policy does not name the key of this log; if it is the one you mean, add \`${line}\``
    findings.push({ code: 'log', message })
  }
  for (const role of ROLES) {
    const finding = checkProof(role, evidence, leaves, key, policy)
    if (finding !== null) findings.push(finding)
  }
  return findings
}

function checkProof(
  role: Role,
  evidence: Evidence,
  leaves: EvidenceLeaves,
  key: NoteKey,
  policy: TlogPolicy | undefined,
): EvidenceFinding | null {
  const [entry, leaf] = [evidence[role], leaves[role]]
  if (entry === null || leaf === null) return null
  const failed = (why: string): EvidenceFinding => ({
    code: 'proof',
    message: `the proof of record \`${role}\`: ${why}`,
  })
  const proof = parseTlogProof(Buffer.from(entry.proof, 'utf8'))
  if (isProblem(proof)) return failed(proof.problem)
  const verified = verifyCheckpoint(proof.checkpoint, [key, ...witnessKeys(policy)])
  if (isProblem(verified)) return failed(verified.problem)
  if (proof.index !== leaf.seq) return failed(`it is of index ${proof.index}, not ${leaf.seq}`)
  const { size, root } = verified.checkpoint
  const claim = {
    leafHash: leafHash(leafBytes(entry.leaf)),
    index: proof.index,
    size,
    proof: proof.hashes,
    root,
  }
  const wrong = verifyInclusion(claim)
  if (wrong !== null) return failed(wrong.problem)
  if (policy?.isSatisfiedBy(verified.cosigners.map((cosigner) => cosigner.key)) !== false) return null
  return {
    code: 'quorum',
    message: `the checkpoint of record \`${role}\` is not cosigned as the policy asks: quorum \`${policy.quorum}\``,
  }
}

function witnessKeys(policy: TlogPolicy | undefined): readonly NoteKey[] {
  return policy?.keys.filter(({ kind }) => kind === 'cosigner') ?? []
}

/** Whether the records speak of one another. */
export function checkRecords({ decision, release, opened, copy, closed }: EvidenceLeaves): EvidenceFinding[] {
  const wrong: string[] = []
  const { seq, outcome } = decision
  if (release !== null) {
    if (release.decision !== seq) wrong.push('the release is of another decision')
    if (release.kind === 'hold-decided' && (release.outcome !== 'released' || outcome !== 'hold')) {
      wrong.push('the decision was not held and released')
    }
    if (outcome === 'allow' || outcome === 'warn') wrong.push('a job that is allowed needs no release')
  }
  if (opened !== null) {
    if (opened.decision !== seq) wrong.push('the job was opened by another decision')
    if (opened.canonicalSha256 !== decision.job.canonicalSha256) {
      wrong.push('the job that was opened is not the one that was decided about')
    }
    if (!isAllowed({ decision, release })) wrong.push('a job was opened that was not allowed')
  }
  if (copy !== null && (copy.job !== opened?.job || copy.licence !== decision.licence?.id)) {
    wrong.push('the copy is of another job or licence')
  }
  if (closed !== null) {
    if (closed.job !== opened?.job || closed.seq < opened.seq) wrong.push('the job that ended is another one')
    if (closed.outcome === 'printed' && closed.sha256 !== decision.job.canonicalSha256) {
      wrong.push('what was printed is not the job that was allowed')
    }
  }
  return wrong.map((message) => ({ code: 'record', message }))
}

/** Whether the job may be printed by these records. */
export function isAllowed({ decision, release }: Pick<EvidenceLeaves, 'decision' | 'release'>): boolean {
  return decision.outcome === 'allow' || decision.outcome === 'warn' || release !== null
}

/** Whether what is told of the decision is what its record committed to. */
export function checkOpening({ opening }: Evidence, { decision }: EvidenceLeaves): EvidenceFinding[] {
  const message = 'what it tells of the decision is not what the log committed to'
  try {
    if (commitmentOf(opening) === decision.sealed?.commitment) return []
  } catch {
    // A value without canonical form: nobody can have committed to it.
  }
  return [{ code: 'commitment', message }]
}

function isSameKey(a: NoteKey, b: NoteKey): boolean {
  return a.name === b.name && a.keyId === b.keyId && a.publicKey.equals(b.publicKey)
}

function shortHash(publicKey: Buffer): string {
  return createHash('sha256').update(spkiOf(publicKey)).digest('hex').slice(0, NAME_HEX_CHARS)
}
