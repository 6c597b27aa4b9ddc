/** A receipt in words: what somebody would hang beside the printer, or take to whoever hears the appeal. */
import type { CertificatePredicate, RefusalPredicate, Statement } from './statement.ts'
import { PREDICATE_TYPE } from './statement.ts'
import type { ToldReason } from './told.ts'

/** Digits of a digest that tell two jobs apart at a glance. */
const SHORT_DIGEST_CHARS = 16

/** Lines without colours. Texts in them are of others: whoever shows them cleans them, line by line. */
export function describeReceipt(statement: Statement): readonly string[] {
  const job = statement.subject[0]?.digest.sha256.slice(0, SHORT_DIGEST_CHARS) ?? ''
  return statement.predicateType === PREDICATE_TYPE.certificate
    ? certificateLines(statement.predicate, job)
    : refusalLines(statement.predicate, job)
}

function certificateLines(told: CertificatePredicate, job: string): readonly string[] {
  const { decision, licence, operator, print, release } = told
  const { sizeMm, filamentMm } = told.facts
  return [
    `PRINT CERTIFICATE${told.serial === null ? '' : `   part ${told.serial}`}`,
    '',
    ...rows([
      ['print', printWords(print)],
      ['ended', print?.end ? dateTime(print.end.at) : null],
      ['decided', `${outcomeWords(decision.outcome)} on ${dateTime(decision.decidedAt)}`],
      ['released', release && `by the ${release.role} on ${dateTime(release.at)} (record ${release.index})`],
      ['machine', told.machine],
      ['job', `${job}...`],
      ['licence', licence && `${licence.id} by ${licence.issuer}, until ${dateTime(licence.expiresAt)}`],
      ['copy', licence?.copy ? `${licence.copy.number}, ${licence.copy.state}` : null],
      ['size', sizeMm ? `${sizeMm.x} x ${sizeMm.y} x ${sizeMm.z} mm` : null],
      ['filament', filamentMm === undefined ? null : `${filamentMm} mm`],
      ['material', told.claimedMaterial && `${told.claimedMaterial}, as the job claims`],
      ['operator', operator.name ?? operator.subject],
      ['policy', `${decision.policy.name} version ${decision.policy.version}`],
    ]),
    ...reasonLines(decision.reasons),
    '',
    `record ${print?.index ?? decision.index} of log ${told.log}`,
  ]
}

function refusalLines(told: RefusalPredicate, job: string): readonly string[] {
  const { decision, appealBy, operator } = told
  const more = decision.unlistedObjections
  return [
    decision.outcome === 'hold' ? 'PRINT HELD' : 'PRINT DENIED',
    '',
    ...rows([
      ['when', dateTime(decision.decidedAt)],
      ['machine', told.machine],
      ['job', `${job}...`],
      ['operator', operator.name ?? operator.subject],
      ['policy', `${decision.policy.name} version ${decision.policy.version}`],
    ]),
    ...reasonLines(decision.reasons),
    ...(more > 0 ? [`  and ${more} more objections of the same kinds`] : []),
    '',
    ...(appealBy === null ? [] : [`appeal by ${appealBy} (UTC), naming record ${decision.index}`]),
    `record ${decision.index} of log ${told.log}`,
  ]
}

function reasonLines(reasons: readonly ToldReason[]): readonly string[] {
  const lines = reasons.flatMap((reason, i) => {
    const where = reason.line === null ? '' : `line ${reason.line}: `
    const times = reason.count > 1 ? ` (${reason.count} lines)` : ''
    const isDisputable = reason.outcome === 'deny' || reason.outcome === 'hold'
    return [
      `  ${i + 1}. ${where}${reason.message}${times}`,
      `     what to do: ${reason.remedy}`,
      ...(isDisputable ? [`     appeal: ${reason.appeal}`] : []),
      `     code: ${reason.code}`,
    ]
  })
  return lines.length === 0 ? [] : ['', ...lines]
}

function printWords(print: CertificatePredicate['print']): string {
  if (print === null) return 'not begun when this was written'
  const { end } = print
  const begun = `begun on ${dateTime(print.openedAt)}`
  if (end === null) return `${begun}; not ended when this was written`
  const of = end.commandsTotal === null ? '' : ` of ${end.commandsTotal}`
  const why = end.code === null ? '' : ` (${end.code})`
  return `${end.outcome}${why}, ${end.commandsSent}${of} commands, ${begun}`
}

function outcomeWords(outcome: CertificatePredicate['decision']['outcome']): string {
  return { allow: 'allowed', warn: 'allowed, with warnings', hold: 'held', deny: 'denied' }[outcome]
}

function rows(all: readonly (readonly [string, string | null])[]): readonly string[] {
  const width = Math.max(...all.map(([name]) => name.length))
  return all.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(width)}  ${value}`]))
}

/** `2026-11-22 20:00 UTC`; what is no time stays as it is. */
function dateTime(at: string): string {
  return at.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?Z$/, '$1 $2 UTC')
}
