import { type ByteHasher, Survey } from '../gcode/index.ts'
import { type Decision, decide } from './decision.ts'
import type { LicenceStanding } from './job-context.ts'
import type { Policy, PolicyCase } from './policy.ts'
import { ReasonTally } from './reason-tally.ts'

/** Stands for digests that a case has no use for, and that no design in a policy can have. */
const NO_SHA256 = ''
/**
 * First byte of every character that UTF-8 writes with two: enough for the reader to refuse it outside a
 * comment.
 */
const NON_ASCII_BYTE = 0xc2

const NO_HASHER: ByteHasher = { update: () => undefined }

/**
 * Decides about a few lines of G-code as about a job, for a policy's own cases, for tests and for trying a
 * policy.
 */
export function judgeGcode(
  policy: Policy,
  gcode: string,
  licence: LicenceStanding = { kind: 'none' },
): Decision {
  const tally = new ReasonTally(policy)
  const survey = new Survey({ table: policy.dialect, hasher: NO_HASHER, judge: tally, estimatesTime: false })
  const bytes = bytesOf(gcode)
  survey.push(bytes)
  survey.end()
  return decide({
    id: '',
    at: '',
    job: { name: '', bytes: bytes.length, sha256: NO_SHA256, canonicalSha256: NO_SHA256 },
    facts: survey.facts(),
    claims: survey.claims(),
    policySha256: NO_SHA256,
    tally,
    refusedLines: survey.refusedLines,
    refusedCount: survey.refusedCount,
    licence,
  })
}

/** A case of a policy that did not come out as it says. */
export interface FailedCase {
  readonly name: string
  /** One sentence: what was expected and what came out. */
  readonly message: string
}

/** Runs a policy's own cases and answers those that failed. */
export function failedCases(policy: Policy): readonly FailedCase[] {
  return policy.cases.flatMap((one) => {
    const { outcome, reasons } = judgeGcode(policy, one.gcode)
    const codes = [...new Set(reasons.filter((reason) => reason.outcome !== 'audit').map(({ code }) => code))]
    if (outcome === one.outcome && sameSet(codes, one.codes)) return []
    return [
      { name: one.name, message: `expected ${told(one.outcome, one.codes)}, got ${told(outcome, codes)}` },
    ]
  })
}

function told(outcome: PolicyCase['outcome'], codes: readonly string[]): string {
  return codes.length === 0 ? outcome : `${outcome} (${codes.join(', ')})`
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one))
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? NON_ASCII_BYTE
    return code > 0x7f ? NON_ASCII_BYTE : code
  })
}
