/**
 * What may be said of a sealed job. Its text is told to nobody: not on screens, not in the log, not to whoever appeals.
 * What was measured of it stays, since it is what a decision stands on: amounts, temperatures, digests, lines and codes.
 */
import type { Claims, RefusedLine } from '../gcode/index.ts'
import type { Decision, DecisionReason, LicenceObjection, Objection } from '../policies/index.ts'

/** Rules that speak of licences and of the gate itself, never of what a line says. */
const OWN_WORDS: ReadonlySet<string> = new Set(['licence', 'policy'])

/** A number with its unit. */
const MEASURE = /^-?\d{1,12}(?:\.\d{1,12})?(?: ?[°%]?[a-zA-Z³²/]{0,8})?$/

const UNTOLD = 'what the job says there is not told, for it is sealed'
const REMEDY =
  'tell whoever sealed the job the rule, the code and the line, and ask for it sliced and sealed anew'

/** The decision without any text of the job. */
export function withoutText(decision: Decision): Decision {
  const { facts, reasons } = decision
  return {
    ...decision,
    facts: { ...facts, unknownCommands: [] },
    claims: NO_CLAIMS,
    reasons: reasons.map(reasonWithoutText),
  }
}

export const NO_CLAIMS: Claims = {}

function reasonWithoutText(reason: DecisionReason): DecisionReason {
  if (OWN_WORDS.has(reason.rule)) return reason
  const value = reason.value !== null && MEASURE.test(reason.value) ? reason.value : null
  const measured =
    value === null ? '' : `: ${value}${reason.limit === null ? '' : ` where ${reason.limit} is the limit`}`
  const message = `rule \`${reason.rule}\` objects${measured}; ${UNTOLD}`
  return { ...reason, message, value, remedy: REMEDY }
}

/** A refused line by its place and its code alone. */
export function lineWithoutText({ line, code }: RefusedLine): RefusedLine {
  return { line, code, message: UNTOLD }
}

/** What a policy that asks for no licence would only warn of: a sealed job waits for whoever may release its licence. */
export function sealedHeld(objections: readonly LicenceObjection[]): readonly Objection[] {
  return objections
    .filter(({ outcome }) => outcome === 'hold')
    .map(({ message, remedy, release }) => ({
      code: 'licence.sealed-held',
      rule: 'licence',
      message: `under every policy a sealed job waits where its licence does: ${message}`,
      remedy,
      // Each by itself: somebody else may have to release it.
      group: message,
      ...(release !== null && { release }),
    }))
}

/** Sealed means licensed: the seal proves nothing of who sent a job, so that somebody must have signed for it. */
export const SEALED_UNLICENSED: Objection = {
  code: 'licence.sealed',
  rule: 'licence',
  message: 'a sealed job needs a licence that is valid for it, since the seal does not tell who sent it',
  value: 'no valid licence',
  limit: 'a valid licence',
  remedy:
    'present the licence that belongs to it with `--licence`, or put it beside the job as `JOB.licence`',
}
