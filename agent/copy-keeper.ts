import type { Decision } from '../policies/index.ts'
import type { Receipt } from './audit/index.ts'
import {
  type CopyBook,
  type CopyState,
  dueStates,
  hasPassedCommit,
  type OpenCopy,
  openCopyOf,
  type RefundOrder,
  refundRecord,
  useOf,
  wasFinished,
} from './copies/index.ts'
import { decisionRecord } from './decision-record.ts'
import { deniedFor } from './denied-decision.ts'
import type { DurableIndex } from './durable-index.ts'
import type { LicenceUse } from './licence-schema.ts'
import type { AuditRecord, StoredRecord } from './log-format/index.ts'
import { type Refused, refuse } from './token/index.ts'

/**
 * Counts copies of licences. Whoever wants to begin a job asks here: the decision goes on record, and right behind it the
 * copy that the job takes, checked against the book in the same moment in which it is handed to the log. What becomes of
 * the copy follows from what the log says of the job, whoever writes that.
 */

/**
 * That a job may begin: where its decision stands and, where it takes a copy of a licence, where that was reserved. Only
 * the keeper makes one, once both are durable, so whoever asks for one cannot be called without.
 */
declare const admits: unique symbol

export interface Admission {
  readonly decision: DurableIndex
  readonly copy: DurableIndex | null
  readonly [admits]: true
}

export interface AdmissionOrder {
  readonly decision: Decision
  /** The licence that it rests on. */
  readonly licence: LicenceUse | undefined
  readonly user: string | undefined
  readonly decidedInMs: number | null
  /** Where a refusal may be disputed, in the policy's words. */
  readonly appeal: string
}

export interface Admitted {
  /** As it stands in the log, with its place there: no copy was left, perhaps. */
  readonly decision: Decision
  /** Undefined where the job may not begin. */
  readonly admission: Admission | undefined
}

interface KeeperParts {
  readonly append: (record: AuditRecord) => Promise<Receipt>
  /** Resolves when all that was handed in so far is durable, or cannot be. */
  readonly drained: () => Promise<unknown>
  readonly book: () => CopyBook
  readonly nowMs: () => number
}

interface Reservation {
  readonly use: LicenceUse
  readonly receipt: Promise<Receipt>
}

const USED_REFUNDS_MAX = 256
const FINAL_STATES: readonly CopyState[] = ['printed', 'returned', 'uncertain']

export class CopyKeeper {
  readonly #parts: KeeperParts
  /** The reservations of this process, by job, until their copies are finished. */
  readonly #reserved = new Map<string, Reservation>()
  /** The latest state that was handed in for a copy, until the book has done with it. */
  readonly #handed = new Map<string, CopyState>()
  /** Refunds that are known to be used: a bundle brings its own along with every job. */
  readonly #usedRefunds = new Set<string>()
  /** The latest refund. */
  #givingBack: Promise<unknown> = Promise.resolve()

  constructor(parts: KeeperParts) {
    this.#parts = parts
  }

  /** Puts a decision on record and reserves the copy that its job takes. Throws AUDIT_UNWRITABLE. */
  async admit(order: AdmissionOrder): Promise<Admitted> {
    const { licence, user, decidedInMs, appeal } = order
    const isAllowed = mayBegin(order.decision)
    const refused =
      isAllowed && licence !== undefined ? this.#refusalOf(order.decision.id, licence) : undefined
    const decision = refused === undefined ? order.decision : deniedFor(order.decision, refused, appeal)
    // From the check to here nothing else ran, and both are handed in together: nobody comes between.
    const deciding = this.#parts.append(decisionRecord(decision, user, decidedInMs, licence))
    const isReserved = isAllowed && refused === undefined && licence !== undefined
    const reserving = isReserved ? this.#reserve(decision, licence) : undefined
    const [decided, reserved] = await Promise.allSettled([deciding, reserving])
    if (decided.status === 'rejected') {
      // A copy for a job that nobody decided about.
      await this.settle(decision.id)
      throw decided.reason
    }
    if (reserved.status === 'rejected') throw reserved.reason
    const { origin, index } = decided.value
    const recorded: Decision = { ...decision, log: { origin, index } }
    if (!mayBegin(decision)) return { decision: recorded, admission: undefined }
    const copy = reserved.value?.index ?? null
    return { decision: recorded, admission: { decision: index, copy } as Admission }
  }

  #refusalOf(job: string, { copies, filamentMm }: LicenceUse): Refused | undefined {
    const { book, nowMs } = this.#parts
    // The same job takes the same copy, and one that is over takes none again.
    if (this.#reserved.has(job)) return undefined
    if (openCopyOf(book(), job) !== undefined || wasFinished(book(), job))
      return refuse('copies-used-up', 1, 1)
    for (const { key, limit, limitPerDay, filamentMmMax } of copies.counters) {
      const waiting = this.#waitingUnder(key)
      const { used = 0, usedToday = 0, filamentMm: usedMm = 0 } = useOf(book(), key, nowMs()) ?? {}
      const count = used + waiting.length
      if (count >= limit) return refuse('copies-used-up', count, limit)
      const today = usedToday + waiting.length
      if (limitPerDay !== undefined && today >= limitPerDay)
        return refuse('copies-used-up-today', today, limitPerDay)
      const withJobMm = waiting.reduce((sum, use) => sum + use.filamentMm, usedMm + filamentMm)
      if (filamentMmMax !== undefined && withJobMm > filamentMmMax)
        return refuse('filament-used-up', withJobMm, filamentMmMax)
    }
    return undefined
  }

  /** What counts in this licence and is not in the book yet. */
  #waitingUnder(key: string): readonly LicenceUse[] {
    const book = this.#parts.book()
    return [...this.#reserved].flatMap(([job, { use }]) => {
      const isInBook = openCopyOf(book, job) !== undefined || wasFinished(book, job)
      return !isInBook && use.copies.counters.some((counter) => counter.key === key) ? [use] : []
    })
  }

  #reserve({ id: job }: Decision, use: LicenceUse): Promise<Receipt> {
    const before = this.#reserved.get(job)
    if (before !== undefined) return before.receipt
    const { counters, commit } = use.copies
    const record: AuditRecord = {
      kind: 'copy',
      licence: counters[0]?.key ?? '',
      copy: job,
      job,
      state: 'reserved',
      terms: {
        counters: counters.map(({ key, limit }) => ({ licence: key, limit })),
        anchor: use.anchorSha256,
        commitAt: use.commitAt,
        onAbort: commit.onAbort,
        filamentMm: use.filamentMm,
      },
      refund: null,
    }
    const receipt = this.#parts.append(record)
    // Where it cannot be written nobody knows whether it is there: it counts as long as this process lives.
    this.#reserved.set(job, { use, receipt })
    return receipt
  }

  /** So many commands of a job were sent. Puts on record that its copy counts for good, once. */
  progress(job: string, commandsSent: number): void {
    // Asked with every line of the printer, and nearly always answered here.
    if (this.#handed.has(job)) return
    const copy = openCopyOf(this.#parts.book(), job)
    if (copy?.state === 'reserved' && hasPassedCommit(copy, commandsSent)) this.#hand(copy, ['printing'])
  }

  /** A record is durable: where it is the last word on a job, its copy is settled. */
  heard(record: StoredRecord): void {
    switch (record.kind) {
      case 'copy':
        if (!FINAL_STATES.includes(record.state)) return
        this.#handed.delete(record.copy)
        this.#reserved.delete(record.copy)
        return
      case 'job-closed':
      case 'job-disarmed': {
        const copy = this.#openCopy(record.job)
        if (copy !== undefined) this.#hand(copy, dueStates(copy, false))
        return
      }
      default:
    }
  }

  /**
   * Nobody works on this job any more. Its copy becomes what the log says of the job; it resolves once that is on record. What
   * cannot be recorded now the next start will find.
   */
  async settle(job: string): Promise<void> {
    await this.#parts.drained()
    const copy = this.#openCopy(job)
    if (copy !== undefined) this.#hand(copy, dueStates(copy, true))
    await this.#parts.drained()
  }

  /** Settles what a process left behind that is gone. Nobody else may be at work. */
  async settleAll(): Promise<void> {
    for (const job of Object.keys(this.#parts.book().open)) await this.settle(job)
  }

  /**
   * Gives a finished copy back, as its issuer says, or says why it cannot be. `records`: all of kind `copy` that are durable.
   * One after the other: of two refunds that are alike the second finds the first in the log.
   */
  async giveBack(
    order: RefundOrder,
    records: () => AsyncIterable<{ readonly record: StoredRecord }>,
  ): Promise<Receipt | { readonly problem: string }> {
    if (this.#usedRefunds.has(order.id)) return { problem: `refund \`${order.id}\` was used already` }
    const giving = this.#givingBack.then(async () => {
      await this.#parts.drained()
      const record = await refundRecord(records(), order)
      if ('problem' in record) {
        if (record.isUsed) this.#remember(order.id)
        return record
      }
      const receipt = await this.#parts.append(record)
      this.#remember(order.id)
      return receipt
    })
    this.#givingBack = giving.catch(() => undefined)
    return await giving
  }

  #remember(refund: string): void {
    const [oldest] = this.#usedRefunds
    if (this.#usedRefunds.size >= USED_REFUNDS_MAX && oldest !== undefined) this.#usedRefunds.delete(oldest)
    this.#usedRefunds.add(refund)
  }

  /** The copy of a job, with what was handed in for it; undefined where nothing can become of it any more. */
  #openCopy(job: string): OpenCopy | undefined {
    const copy = openCopyOf(this.#parts.book(), job)
    const handed = copy === undefined ? undefined : this.#handed.get(job)
    if (copy === undefined || handed === undefined) return copy
    return handed === 'printing' ? { ...copy, state: 'printing' } : undefined
  }

  #hand({ licence, copy }: OpenCopy, states: readonly CopyState[]): void {
    for (const state of states) {
      this.#handed.set(copy, state)
      const record: AuditRecord = { kind: 'copy', licence, copy, job: copy, state, terms: null, refund: null }
      // A log that takes no more says so to whoever waits for it; the next start settles what is left.
      void this.#parts.append(record).catch(() => undefined)
    }
  }
}

function mayBegin({ outcome }: Decision): boolean {
  return outcome === 'allow' || outcome === 'warn'
}
