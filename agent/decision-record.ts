import type { Decision, DecisionReason } from '../policies/index.ts'
import { assert } from './errors.ts'
import { licenceKey } from './licence/index.ts'
import type { LicenceUse } from './licence-schema.ts'
import { type AuditRecord, canonicalJson } from './log-format/index.ts'

/**
 * A decision as the log keeps it: what can be counted stays in the open, the document itself can be forgotten. Whatever
 * the job, the decision about it must fit: what says the most of it stays, and what is left out is counted.
 */

/**
 * Canonical JSON of the document. A receipt tells its reasons twice, in base64, and has at most 1 MiB. Fifty long reasons
 * have 100 KB.
 */
const DOCUMENT_BYTES_MAX = 256 * 1024
/** To so many characters texts are cut, one step after the other, until something fits. Ids and digests are shorter. */
const TEXT_CHARS_STEPS = [Number.POSITIVE_INFINITY, 1000, 100] as const
/** Tools and objects that are still named when texts had to be cut: nobody reads more. */
const ITEMS_MAX = 64
const LICENCE_CHARS_MAX = 512
/** Longer than any name of a person. */
const USER_CHARS_MAX = 200

/**
 * The record of a decision. `user` is whoever asked, where anybody said; `decidedInMs` runs from the whole job being
 * there to the decision; `use` is what was verified of the licence that it rests on.
 */
export function decisionRecord(
  whole: Decision,
  user: string | undefined,
  decidedInMs: number | null,
  use?: LicenceUse,
): AuditRecord {
  const decision = documentOf(whole)
  const { id, outcome, job, policy, licence, reasons } = decision
  const { bytes, lines, commands, sha256, canonicalSha256 } = job
  return {
    kind: 'decision',
    id,
    outcome,
    tier: use?.tier ?? 'open',
    job: { bytes, lines, commands, sha256, canonicalSha256 },
    policy,
    licence: licence === null ? null : { id: keyOf(licence, use), ...(use && { sha256: use.sha256 }) },
    reasons: reasons.map(({ code, rule, outcome: counted, line, count }) => ({
      code,
      rule,
      outcome: counted,
      line,
      count,
    })),
    decidedInMs,
    decision,
    user: userName(user),
  }
}

/**
 * What its copies are counted under: a sub-licence's names its parent as well, which a decision does not. Longer than any that
 * verifies it may be in a decision that was made by hand.
 */
function keyOf(licence: NonNullable<Decision['licence']>, use: LicenceUse | undefined): string {
  return cutText(use?.copies.counters[0]?.key ?? licenceKey(licence), LICENCE_CHARS_MAX)
}

function userName(user: string | undefined): string | null {
  const name = wellFormed((user ?? '').slice(0, USER_CHARS_MAX))
  return name.trim() === '' ? null : name
}

/** The decision as JSON can hold it, within the limit. */
function documentOf(whole: Decision): Decision {
  const decision = plain(whole)
  for (const charsMax of TEXT_CHARS_STEPS) {
    const fitting = withFirstReasons(
      charsMax === Number.POSITIVE_INFINITY ? decision : cut(decision, charsMax),
    )
    if (fitting !== undefined) return fitting
  }
  assert(false, 'a decision with its texts cut fits into a record')
}

/** No halves of surrogate pairs, and null for a number that is none: a name or a number of a job's may be such. */
function plain(decision: Decision): Decision {
  return JSON.parse(JSON.stringify(decision), (_, value: unknown) =>
    typeof value === 'string' ? wellFormed(value) : value,
  ) as Decision
}

const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd')

/** With as many reasons as fit, the first of them. Undefined where there are some and not even the first one fits. */
function withFirstReasons(decision: Decision): Decision | undefined {
  const { reasons } = decision
  let left =
    DOCUMENT_BYTES_MAX - bytesOf({ ...decision, reasons: [], unlistedObjections: Number.MAX_SAFE_INTEGER })
  if (left < 0) return undefined
  let kept = 0
  for (const reason of reasons) {
    left -= bytesOf(reason) + ','.length
    if (left < 0) break
    kept++
  }
  if (kept === reasons.length) return decision
  return kept === 0 ? undefined : withReasons(decision, kept)
}

/** The objections of the reasons that are left out are among those that no reason tells of. */
function withReasons(decision: Decision, kept: number): Decision {
  const { reasons, unlistedObjections } = decision
  const unlisted = reasons.slice(kept).reduce((sum, { count }) => sum + count, unlistedObjections)
  return { ...decision, reasons: reasons.slice(0, kept), unlistedObjections: unlisted }
}

const bytesOf = (value: object): number => Buffer.byteLength(canonicalJson(value), 'utf8')

/** With texts of at most so many characters, and lists of no more than anybody reads. */
function cut(decision: Decision, charsMax: number): Decision {
  const { job, facts, claims, licence } = decision
  const short = (text: string): string => cutText(text, charsMax)
  const orNull = (text: string | null): string | null => (text === null ? null : short(text))
  const reason = (whole: DecisionReason): DecisionReason => ({
    ...whole,
    message: short(whole.message),
    value: orNull(whole.value),
    limit: orNull(whole.limit),
    remedy: short(whole.remedy),
    appeal: short(whole.appeal),
  })
  return {
    ...decision,
    job: { ...job, name: short(job.name) },
    facts: {
      ...facts,
      tools: facts.tools.slice(0, ITEMS_MAX),
      unknownCommands: facts.unknownCommands
        .slice(0, ITEMS_MAX)
        .map(({ name, line }) => ({ name: short(name), line })),
    },
    claims: cutClaims(claims, short),
    licence: licence && { ...licence, issuer: short(licence.issuer), licensee: short(licence.licensee) },
    reasons: decision.reasons.map(reason),
  }
}

function cutClaims(claims: Decision['claims'], short: (text: string) => string): Decision['claims'] {
  const entries = Object.entries(claims).map(([name, value]: [string, unknown]) => {
    if (Array.isArray(value)) return [name, value.slice(0, ITEMS_MAX).map((item) => short(String(item)))]
    return [name, typeof value === 'string' ? short(value) : value]
  })
  return Object.fromEntries(entries) as Decision['claims']
}

function cutText(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : wellFormed(`${text.slice(0, charsMax - 1)}…`)
}
