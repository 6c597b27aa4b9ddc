import type { Admission } from '../copy-keeper.ts'
import type { Gate } from '../core/index.ts'
import type { InspectedJob } from '../inspect-job.ts'
import type { RecordedJob } from './gate-records.ts'

/** The spooled jobs that the gate was armed with, and their blocks on the way to it. */

/**
 * So long an armed job waits for its host. The rules of time and the licence were asked about when it was armed, and
 * are not asked again when it begins.
 */
export const ARMED_FOR_MS = 3_600_000

/** One job, until it is over. */
interface Feed {
  readonly recorded: RecordedJob
  readonly inspected: InspectedJob
  readonly armedAtMs: number
  readonly blocks: AsyncIterator<Uint8Array, void>
  /** The block behind the one that was given last: read ahead, so that the end is known as early as can be. */
  ahead: Promise<IteratorResult<Uint8Array, void>> | undefined
}

export class ArmedJobs {
  readonly #feeds = new Map<string, Feed>()
  readonly #gate: () => Gate
  readonly #nowMs: () => number
  #current: Feed | undefined

  constructor(gate: () => Gate, nowMs: () => number) {
    this.#gate = gate
    this.#nowMs = nowMs
  }

  /** What the log knows of an armed job. */
  recorded(job: string): RecordedJob | undefined {
    return this.#feeds.get(job)?.recorded
  }

  /** Arms the gate with an inspected job that was allowed: decision and copy are on record. */
  arm(inspected: InspectedJob, admission: Admission, isForThisPrinter = false): void {
    const { decision, canonicalSha256, commands, tools, isSealed } = inspected
    const recorded = { admitted: admission.decision, canonicalSha256, commands }
    const blocks = inspected.read()
    this.#current = { recorded, inspected, armedAtMs: this.#nowMs(), blocks, ahead: undefined }
    this.#feeds.set(decision.id, this.#current)
    this.#gate().arm(
      {
        id: decision.id,
        name: decision.job.name,
        commands,
        canonicalSha256,
        tools,
        ...(isSealed && { isConfidential: true }),
        ...(isForThisPrinter && { isForThisPrinter }),
      },
      this.#nowMs(),
    )
  }

  /** Until when the job waits for its host, in ISO 8601. */
  armedUntil(job: string): string {
    const armedAtMs = this.#feeds.get(job)?.armedAtMs ?? Number.NEGATIVE_INFINITY
    const leftMs = Math.max(0, armedAtMs + ARMED_FOR_MS - this.#nowMs())
    return new Date(Date.now() + leftMs).toISOString()
  }

  /** Time has passed: gives up a job that has waited for too long, and answers which. */
  lapse(): string | undefined {
    const job = this.#gate().armedJob?.id
    const feed = job === undefined ? undefined : this.#feeds.get(job)
    if (feed === undefined || this.#nowMs() - feed.armedAtMs < ARMED_FOR_MS) return undefined
    this.#gate().disarm()
    return job
  }

  /** The gate wants the next block. */
  want(): void {
    const feed = this.#current
    // Never from inside the call that asked.
    if (feed !== undefined) setImmediate(() => void this.#give(feed))
  }

  async #give(feed: Feed): Promise<void> {
    try {
      const next = await (feed.ahead ?? feed.blocks.next())
      if (feed !== this.#current) return
      if (next.done !== true) {
        this.#gate().jobBlock(next.value, this.#nowMs())
        feed.ahead = feed.blocks.next()
        if ((await feed.ahead).done !== true) return
      }
      if (feed === this.#current) this.#gate().jobEnded(this.#nowMs())
    } catch (error) {
      if (feed !== this.#current) return
      const message = error instanceof Error ? error.message : 'the spooled job cannot be read'
      this.#gate().disarm()
      this.#gate().stop('job-changed', message, this.#nowMs())
    }
  }

  /** The job is over, or was given up: its copy goes. */
  over(job: string): void {
    const feed = this.#feeds.get(job)
    if (feed === undefined) return
    if (this.#current === feed) this.#current = undefined
    // The record of its end is made in this very call, and asks for it.
    setImmediate(() => this.#feeds.delete(job))
    void this.#remove(feed)
  }

  async #remove(feed: Feed): Promise<void> {
    // What cannot be removed now is a leftover to the next process.
    await Promise.resolve(feed.blocks.return?.()).catch(() => undefined)
    await feed.inspected.remove().catch(() => undefined)
  }
}
