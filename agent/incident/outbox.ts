/**
 * What waits to be sent: one after the other, tried again with growing pauses, and never more than a bounded number of
 * them. Whoever puts something in never waits.
 */
import type { Dispatch, Sink } from './sink.ts'
import { Undeliverable } from './undeliverable.ts'

/** More than a day's at the highest rate would be stale anyway; the newest are kept. */
const WAITING_MAX = 256

/** Pauses double from the first to the longest: half a day of trying in all. */
export interface Patience {
  readonly firstMs: number
  readonly longestMs: number
  readonly attemptsMax: number
}
const PATIENCE: Patience = { firstMs: 2000, longestMs: 60 * 60_000, attemptsMax: 24 }

export interface OutboxItem extends Dispatch {
  /** Index of the incident's record. */
  readonly incident: number
}

/** What became of an item. `why` is there where it was not sent: a sentence of ours or the system's. */
export interface Outcome {
  readonly incident: number
  readonly isSent: boolean
  readonly why?: string
}

export interface OutboxOptions {
  readonly sink: Sink
  readonly told: (outcome: Outcome) => void
  readonly patience?: Patience
  /** How many may wait. */
  readonly waitingMax?: number
}

export class Outbox {
  readonly #options: OutboxOptions
  readonly #patience: Patience
  readonly #ending = new AbortController()
  #waiting: OutboxItem[] = []
  #sending: OutboxItem | undefined
  #working: Promise<void> | undefined

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#patience = options.patience ?? PATIENCE
  }

  /** How many wait, the one that is being sent not among them. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** What is not known to be sent or given up, the oldest first. */
  get unsent(): readonly OutboxItem[] {
    return this.#sending === undefined ? this.#waiting : [this.#sending, ...this.#waiting]
  }

  put(item: OutboxItem): void {
    if (this.#ending.signal.aborted) return
    this.#waiting.push(item)
    const { waitingMax = WAITING_MAX } = this.#options
    const dropped = this.#waiting.length > waitingMax ? this.#waiting.shift() : undefined
    if (dropped !== undefined) this.#tell(dropped, 'too many waited to be sent')
    this.#working ??= this.#work()
  }

  /** Gives up what waits, without a word: it is sent after the next start. */
  async close(): Promise<void> {
    this.#ending.abort()
    await this.#working
  }

  /** Resolves once nothing waits any more. */
  async idle(): Promise<void> {
    await this.#working
  }

  async #work(): Promise<void> {
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift()) {
      this.#sending = item
      await this.#deliver(item)
      this.#sending = undefined
    }
    this.#working = undefined
  }

  async #deliver(item: OutboxItem): Promise<void> {
    const { signal } = this.#ending
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await this.#options.sink.send(item, signal)
        this.#tell(item)
        return
      } catch (error) {
        if (signal.aborted) return
        const why = error instanceof Error ? error.message : String(error)
        if (error instanceof Undeliverable || attempt >= this.#patience.attemptsMax) {
          this.#tell(item, why)
          return
        }
        await this.#pause(attempt)
      }
    }
  }

  #tell({ incident }: OutboxItem, why?: string): void {
    this.#options.told(why === undefined ? { incident, isSent: true } : { incident, isSent: false, why })
  }

  #pause(attempt: number): Promise<void> {
    const { firstMs, longestMs } = this.#patience
    const { signal } = this.#ending
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, Math.min(firstMs * 2 ** (attempt - 1), longestMs))
      // An agent that ends does not wait for an endpoint.
      timer.unref()
      signal.addEventListener('abort', end)
    })
  }
}
