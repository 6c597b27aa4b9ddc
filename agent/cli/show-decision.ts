import type { Decision, DecisionReason } from '../../policies/index.ts'
import { EXIT } from '../errors.ts'
import { bold, dim, green, red, yellow } from './output.ts'

/** A decision in words: the outcome, each reason with line, value and limit, and what can be done. */

const OUTCOME_WORDS = {
  allow: green('allowed'),
  warn: yellow('allowed, with warnings'),
  hold: yellow('held'),
  deny: red('denied'),
} as const

export const EXIT_BY_OUTCOME = {
  allow: EXIT.done,
  warn: EXIT.done,
  hold: EXIT.held,
  deny: EXIT.denied,
} as const

export function decisionLines(decision: Decision): readonly string[] {
  const { name, version } = decision.policy
  const more = decision.unlistedObjections
  return [
    `${bold(OUTCOME_WORDS[decision.outcome])}  ${decision.job.name}  ${dim(`policy ${name} version ${version}`)}`,
    ...licenceLines(decision.licence),
    ...decision.reasons.flatMap(reasonLines),
    ...(more > 0 ? [dim(`  and ${more} more objections of the same kinds`)] : []),
    ...(decision.log === null
      ? []
      : [dim(`  on record as number ${decision.log.index} of log ${decision.log.origin}`)]),
  ]
}

function licenceLines(licence: Decision['licence']): readonly string[] {
  if (licence === null) return []
  const { issuer, licensee, copiesLeft, expiresAt } = licence
  const copies = copiesLeft === 1 ? 'this is the last copy' : `${copiesLeft} copies are left, with this one`
  return [dim(`  under a licence of ${issuer} for ${licensee} until ${expiresAt.slice(0, 10)}: ${copies}`)]
}

/** Who may release what is held. */
const RELEASER_WORDS = {
  site: 'whoever runs this site',
  compliance: 'whoever answers for compliance here',
  issuer: 'the issuer of the licence alone',
} as const

function reasonLines(reason: DecisionReason): readonly string[] {
  const where = reason.line === null ? '' : `line ${reason.line}: `
  const times = reason.count > 1 ? dim(` (${reason.count} lines)`) : ''
  const mark = reason.outcome === 'deny' ? red('✗') : yellow(reason.outcome === 'audit' ? '·' : '!')
  return [
    `  ${mark} ${where}${reason.message}${times}`,
    dim(`      what to do: ${reason.remedy}`),
    ...(reason.outcome === 'deny' || reason.outcome === 'hold'
      ? [dim(`      appeal: ${reason.appeal}`)]
      : []),
    ...(reason.outcome === 'hold'
      ? [dim(`      released by: ${RELEASER_WORDS[reason.release ?? 'site']}`)]
      : []),
    dim(`      code: ${reason.code}`),
  ]
}
