import { personProblem } from './control/index.ts'
import { type AgentKind, type AuditRecord, parseRecord } from './log-format/index.ts'

/** What people add to the log by themselves; everything else is for the agent to say. */
const PEOPLE_KINDS: ReadonlySet<AgentKind> = new Set<AgentKind>([
  'appeal-filed',
  'appeal-decided',
  'sampled',
  'reviewed',
  'case-approved',
  'incident-exported',
  'list-seen',
  'report-filed',
])

/** A record that somebody wants to add, or what is wrong with that. */
export function peopleRecord(value: { readonly kind: string }): AuditRecord | { readonly problem: string } {
  const record = parseRecord(value)
  if ('problem' in record) return record
  if (!PEOPLE_KINDS.has(record.kind)) return { problem: `a \`${record.kind}\` record is the agent's to make` }
  for (const [member, text] of Object.entries<unknown>({ ...record })) {
    // Half a surrogate pair has no form in UTF-8, so no record can hold it.
    if (typeof text === 'string' && /\p{Surrogate}/u.test(text))
      return { problem: `its \`${member}\` is not whole Unicode text` }
  }
  if (!('by' in record) || record.by === null) return record
  const problem = personProblem(record.by)
  return problem === undefined ? record : { problem: `its \`by\` ${problem}` }
}
