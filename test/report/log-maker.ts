// Makes records as a log would hold them, read back with everything that was hidden: places, times and references fit.
import type { AuditRecord, StoredRecord } from '../../agent/log-format/index.ts'
import { Prng } from '../../agent/sim/prng.ts'

export interface LogItem {
  readonly index: number
  readonly record: StoredRecord
}

type Decision = AuditRecord & { kind: 'decision' }
export type DecisionPart = Partial<
  Pick<Decision, 'outcome' | 'tier' | 'reasons' | 'decidedInMs' | 'licence'>
> & {
  /** 16 hexadecimal digits; null leaves the decision without a subject. */
  readonly subject?: string | null
  readonly user?: string | null
  readonly name?: string
}

export const HEX_64 = 'ab'.repeat(32)
export const MACHINE = 'm-0123456789abcdef'
export const ORIGIN = `portcullis/${MACHINE}/l-fedcba9876543210`

/** Sixteen hexadecimal digits for a number. */
export function subjectOf(number: number): string {
  return (BigInt(number + 1) * 0x9e3779b97f4a7c15n).toString(16).padStart(16, '0').slice(-16)
}

export function reason(code: string, outcome: 'warn' | 'hold' | 'deny' | 'audit' = 'deny', count = 1) {
  const [rule = code] = code.split('.')
  return { code, rule, outcome, line: 12, count }
}

export class LogMaker {
  readonly items: LogItem[] = []
  atMs: number

  constructor(at = '2026-01-01T00:00:00.000Z') {
    this.atMs = Date.parse(at)
    this.add({
      kind: 'log-opened',
      format: 'portcullis-log-2',
      origin: ORIGIN,
      logKey: `${'A'.repeat(43)}=`,
      machineKey: `${'B'.repeat(43)}=`,
      signature: `${'C'.repeat(86)}==`,
    })
  }

  get size(): number {
    return this.items.length
  }

  /** The head of the log as it is now. */
  get head(): { origin: string; size: number; root: string } {
    return { origin: ORIGIN, size: this.size, root: HEX_64 }
  }

  to(at: string): this {
    this.atMs = Date.parse(at)
    return this
  }

  after(ms: number): this {
    this.atMs += ms
    return this
  }

  /** Appends a record and answers its index. */
  add(record: Record<string, unknown> & { kind: string }, subject?: string): number {
    const index = this.items.length
    const sealed = subject === undefined ? {} : { sealed: { subject: `s-${subject}`, commitment: HEX_64 } }
    const stored = { ...record, ...sealed, seq: index, at: new Date(this.atMs).toISOString() }
    this.items.push({ index, record: stored as unknown as StoredRecord })
    return index
  }

  decide(part: DecisionPart = {}): number {
    const { subject = subjectOf(this.size), user = null, name = 'part.gcode', ...open } = part
    const outcome = open.outcome ?? 'allow'
    const reasons = open.reasons ?? (outcome === 'allow' ? [] : [reason('feedrate', outcome)])
    return this.add(
      {
        kind: 'decision',
        id: `d-${this.size}`,
        outcome,
        tier: open.tier ?? 'open',
        job: { bytes: 1000, lines: 100, commands: 90, sha256: HEX_64, canonicalSha256: HEX_64 },
        policy: { name: 'maker-space', version: 3, sha256: HEX_64 },
        licence: open.licence ?? null,
        reasons,
        decidedInMs: open.decidedInMs === undefined ? 700 : open.decidedInMs,
        decision: { job: { name }, reasons: reasons.map(() => ({ message: `in ${name}` })) },
        user,
      },
      subject ?? undefined,
    )
  }

  openJob(job: string, decision: number): number {
    return this.add({ kind: 'job-opened', job, decision, canonicalSha256: HEX_64, commands: 90 })
  }

  closeJob(job: string, outcome = 'printed', commandsSent = 90): number {
    const code = outcome === 'printed' ? null : 'printer-lost'
    return this.add({
      kind: 'job-closed',
      job,
      outcome,
      code,
      commandsSent,
      commandsTotal: 90,
      sha256: HEX_64,
      reason: null,
    })
  }

  appeal(decision: number, subject = subjectOf(decision)): number {
    return this.add({ kind: 'appeal-filed', decision, by: 'Ada Appellant', text: 'I object' }, subject)
  }

  decideAppeal(appeal: number, outcome: string): number {
    return this.add({ kind: 'appeal-decided', appeal, outcome, by: 'Bea Judge', reason: 'looked at it' })
  }

  /** A record of no interest, which moves the log's time on. */
  tick(): this {
    this.add({ kind: 'agent-ended' })
    return this
  }
}

export async function* stream(items: Iterable<LogItem>): AsyncGenerator<LogItem> {
  yield* items
}

/** Draws from a seed, with the few shapes that a made-up year needs. */
export class Dice {
  readonly #prng: Prng

  constructor(seed: number) {
    this.#prng = new Prng(seed)
  }

  below(limit: number): number {
    return this.#prng.below(limit)
  }

  chance(percent: number): boolean {
    return this.#prng.below(1000) < percent * 10
  }

  /** One of the names, as often as its weight says. */
  pick<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries(weights) as [Name, number][]
    let left = this.#prng.below(entries.reduce((sum, [, weight]) => sum + weight, 0))
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0) return name
    }
    throw new RangeError('no weight at all')
  }

  /** From a tenth of the typical value to ten times of it, mostly near it. */
  around(typical: number): number {
    const power = (this.#prng.below(2001) + this.#prng.below(2001) - 2000) / 2000
    return Math.round(typical * 10 ** power)
  }

  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.#prng.below(16).toString(16)).join('')
  }
}
