/**
 * The watch: a fold over the log that finds what somebody should look at. It has no clock but the records' and no state
 * but what they left in it, so that the same log gives the same findings; and it remembers little, however long the log.
 */
import { z } from 'zod'
import type { StoredRecord } from '../log-format/index.ts'
import { type Finding, isGraver, type LogEntry, type Moment, SEVERITIES } from './finding.ts'
import { ONLY, type RunningRule, type Signal } from './rule.ts'
import { FLOOD, formOf, RULES, titleOf, UNKNOWN, uidOf } from './rule-book.ts'
import { isWithin, type Place } from './tally.ts'

/** What is raised in an hour unless the site says otherwise: more than a bad day brings, and few enough to be read. */
export const PER_HOUR_DEFAULT = 12
/** More is no limit. */
export const PER_HOUR_MAX = 100
const HOUR_MS = 60 * 60_000
/** Findings that are known to have been raised, the latest. One that grows after it was forgotten is raised again. */
const RAISED_MAX = 128
/** Longer than any of ours. */
const UID_CHARS_MAX = 100

export interface WatchOptions {
  /**
   * How many findings may be raised in an hour of the records' time: 1 to 100; as many critical ones besides. Null for
   * whoever reads a whole log and wants all of them.
   */
  readonly perHourMax?: number | null
}

const raised = z.strictObject({
  uid: z.string().max(UID_CHARS_MAX),
  severity: z.enum(SEVERITIES),
  count: z.int().min(1),
})
type Raised = z.infer<typeof raised>

const kept = z.strictObject({
  version: z.literal(1),
  rules: z.record(z.string().max(100), z.unknown()),
  raised: z.array(raised).max(RAISED_MAX),
  hour: z
    .array(z.strictObject({ ms: z.int(), rule: z.string().max(100), isCritical: z.boolean() }))
    .max(2 * PER_HOUR_MAX),
  floodMs: z.int().nullable(),
})

export class IncidentWatch {
  readonly #perHourMax: number | null
  #rules: readonly RunningRule[] = RULES.map((rule) => rule.begin())
  /** The latest last. */
  #raised = new Map<string, Raised>()
  /** What was raised within the last hour, and when anything was held back within it. */
  #hour: { ms: number; rule: string; isCritical: boolean }[] = []
  #floodMs: number | null = null

  constructor({ perHourMax = PER_HOUR_DEFAULT }: WatchOptions = {}) {
    this.#perHourMax =
      perHourMax === null ? null : Math.min(Math.max(1, Math.trunc(perHourMax)), PER_HOUR_MAX)
  }

  /** A watch that goes on from what another one saved; undefined where that is not of this version's form. */
  static resume(saved: unknown, options?: WatchOptions): IncidentWatch | undefined {
    const parsed = kept.safeParse(saved)
    if (!parsed.success) return undefined
    const rules: RunningRule[] = []
    for (const rule of RULES) {
      const running = rule.resume(parsed.data.rules[rule.id])
      if (running === undefined) return undefined
      rules.push(running)
    }
    const watch = new IncidentWatch(options)
    watch.#rules = rules
    watch.#raised = new Map(parsed.data.raised.map((one) => [one.uid, one]))
    watch.#hour = parsed.data.hour
    watch.#floodMs = parsed.data.floodMs
    return watch
  }

  /** What `resume` takes: plain data, smaller than a record of the log may be. A copy. */
  save(): object {
    return structuredClone({
      version: 1,
      rules: Object.fromEntries(this.#rules.map((running) => [running.rule.id, running.save()])),
      raised: [...this.#raised.values()],
      hour: this.#hour,
      floodMs: this.#floodMs,
    })
  }

  /** Takes the next record. Answers with what is to be raised now: what is new, or graver or twice as much as before. */
  take({ index, record }: LogEntry): readonly Finding[] {
    const moment: Moment = { index, record, ms: Date.parse(record.at) }
    if (record.kind === 'incident' && record.uid.length <= UID_CHARS_MAX) this.#remember(record)
    const findings: Finding[] = []
    for (const running of this.#rules) {
      const signal = running.take(moment)
      const finding = signal === undefined ? undefined : this.#weigh(running.rule.id, signal, moment)
      if (finding !== undefined) findings.push(finding)
    }
    return findings
  }

  #weigh(rule: string, signal: Signal, { index, ms }: Moment): Finding | undefined {
    const uid = uidOf(rule, signal.form, signal.first.index)
    const before = this.#raised.get(uid)
    if (before !== undefined && !isMore(signal, before)) return undefined
    const isCritical = signal.severity === 'critical'
    if (!this.#hasRoom(rule, isCritical, ms)) return this.#flood({ index, ms })
    if (this.#perHourMax !== null) this.#hour.push({ ms, rule, isCritical })
    this.#remember({ uid, severity: signal.severity, count: signal.count })
    return findingOf(rule, signal, uid, before !== undefined)
  }

  /**
   * Whether one more may be raised in this hour. One rule takes half of them at most, and none those of the critical
   * ones: who can make a noise must not drown what matters.
   */
  #hasRoom(rule: string, isCritical: boolean, ms: number): boolean {
    if (this.#perHourMax === null) return true
    this.#hour = this.#hour.filter((one) => isWithin(one.ms, ms, HOUR_MS))
    const peers = this.#hour.filter((one) => one.isCritical === isCritical)
    if (isCritical) return peers.length < this.#perHourMax
    const ofRule = peers.filter((one) => one.rule === rule)
    return peers.length < this.#perHourMax && ofRule.length < Math.ceil(this.#perHourMax / 2)
  }

  /** Something is held back: that is told once, until an hour went by in which nothing was. */
  #flood(here: Place): Finding | undefined {
    const isTold = this.#floodMs !== null && isWithin(this.#floodMs, here.ms, HOUR_MS)
    this.#floodMs = here.ms
    if (isTold) return undefined
    const signal: Signal = { form: ONLY, severity: 'medium', first: here, last: here, count: 1 }
    const uid = uidOf(FLOOD, signal.form, here.index)
    this.#remember({ uid, severity: signal.severity, count: 1 })
    return findingOf(FLOOD, signal, uid, false)
  }

  /** It is raised: by this watch, or by one before it that put it on record. */
  #remember({ uid, severity, count }: Pick<StoredIncident, 'uid' | 'severity' | 'count'>): void {
    const before = this.#raised.get(uid)
    this.#raised.delete(uid)
    this.#raised.set(uid, {
      uid,
      severity: before !== undefined && isGraver(before.severity, severity) ? before.severity : severity,
      count: Math.max(before?.count ?? 1, count),
    })
    const [oldest] = this.#raised.keys()
    if (this.#raised.size > RAISED_MAX && oldest !== undefined) this.#raised.delete(oldest)
  }
}

type StoredIncident = Extract<StoredRecord, { kind: 'incident' }>

function isMore(signal: Signal, before: Raised): boolean {
  return isGraver(signal.severity, before.severity) || signal.count >= 2 * before.count
}

function findingOf(rule: string, signal: Signal, uid: string, isUpdate: boolean): Finding {
  const { form, severity, first, last, count, measured = {} } = signal
  return {
    uid,
    rule,
    severity,
    first: first.index,
    last: last.index,
    firstAt: new Date(first.ms).toISOString(),
    lastAt: new Date(last.ms).toISOString(),
    count,
    title: titleOf(rule, form),
    measured,
    isUpdate,
  }
}

/**
 * The finding that a record of an incident tells of, where no replay of the log finds it any more: a limit has changed
 * since, or its records are gone. Its time is that of the record.
 */
export function findingOfRecord(record: StoredIncident, isUpdate: boolean): Finding {
  const known = formOf(record.rule, record.uid, record.first)
  // A uid or a rule that is not one of ours could say anything.
  const rule = known === undefined ? UNKNOWN : record.rule
  const form = known ?? ONLY
  const { severity, first, last, at, count } = record
  return {
    uid: uidOf(rule, form, first),
    rule,
    severity,
    first,
    last,
    firstAt: at,
    lastAt: at,
    count,
    title: titleOf(rule, form),
    measured: {},
    isUpdate,
  }
}
