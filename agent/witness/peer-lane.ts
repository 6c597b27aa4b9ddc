/** One witness's part in the rounds: where it is, how it fared, and when it is asked again. */
import type { OwnHead } from './own-head.ts'
import type { Cosignature, Pushed, WitnessPeer } from './witness-peer.ts'

/** `unknown` until its name could be looked up. */
export type WitnessPlace = 'elsewhere' | 'this-host' | 'no-address' | 'unknown'

/** Before a witness that failed is asked again, in milliseconds: from, to, doubled each time. */
export interface RetryTimes {
  readonly retryMinMs: number
  readonly retryMaxMs: number
}

/** How a witness fared, for people. */
export interface WitnessStatus {
  readonly name: string
  readonly url: string | null
  readonly place: WitnessPlace
  /** When it last cosigned, by our clock in milliseconds since 1970, and which size. */
  readonly lastSuccessMs: number | null
  readonly lastSize: number | null
  /** Why it did not the last time; null if it did, or was not asked yet. */
  readonly lastError: string | null
}

/** What is handed to a lane: the world, as far as it needs it. */
export interface LaneWorld extends RetryTimes {
  /** Fails where the name cannot be looked up. */
  isThisHost(hostname: string): Promise<boolean>
  /** Wall clock, in milliseconds since 1970. */
  nowMs(): number
  /** A clock that never steps, in milliseconds. */
  uptimeMs(): number
  /** From 0 to 1. */
  random(): number
}

export type LaneOutcome = Pushed | { readonly kind: 'local'; readonly sizeBefore: null }

export class PeerLane {
  readonly peer: WitnessPeer
  readonly #world: LaneWorld
  readonly #hostname: string
  #place: WitnessPlace = 'unknown'
  #isBusy = false
  #failures = 0
  /** Not before this is it asked again, by the clock that never steps. */
  #retryAtMs = Number.NEGATIVE_INFINITY
  /** The latest head that it cosigned. */
  #cosigned: { readonly text: string; readonly cosignature: Cosignature; readonly atMs: number } | null = null
  #lastSuccessMs: number | null = null
  #lastSize: number | null = null
  #lastError: string | null = null

  constructor(peer: WitnessPeer, world: LaneWorld) {
    this.peer = peer
    this.#world = world
    this.#hostname = new URL(peer.prefix).hostname
  }

  get isBusy(): boolean {
    return this.#isBusy
  }

  /** When it may be asked again after a failure, by the clock that never steps; null if it did not fail. */
  get retryAtMs(): number | null {
    return this.#failures === 0 ? null : this.#retryAtMs
  }

  /** Its cosignature of this head, if it gave one and counts. */
  cosignatureOf(head: OwnHead): Cosignature | null {
    const isIt = this.#place === 'elsewhere' && this.#cosigned?.text === head.text
    return isIt ? (this.#cosigned?.cosignature ?? null) : null
  }

  /** Whether its word on this head is younger than so many milliseconds. */
  hasFresh(head: OwnHead, maxAgeMs: number): boolean {
    if (this.#cosigned?.text !== head.text) return false
    return this.#world.uptimeMs() - this.#cosigned.atMs < maxAgeMs
  }

  /** Shows it a head. One at a time. Rejects only for errors of our own. */
  async push(
    head: OwnHead,
    signal: AbortSignal,
    options: { readonly fromNothing?: true } = {},
  ): Promise<LaneOutcome> {
    this.#isBusy = true
    try {
      const place = await this.#find(signal)
      if (place === 'this-host') {
        this.#fail('it is on this machine and counts for nothing')
        return { kind: 'local', sizeBefore: null }
      }
      if (place === 'unknown') {
        const why = 'its name cannot be looked up'
        this.#fail(why)
        return { kind: 'failed', why, sizeBefore: null }
      }
      const pushed = await this.peer.push(head, signal, options)
      this.#note(pushed, head)
      return pushed
    } finally {
      this.#isBusy = false
    }
  }

  status(): WitnessStatus {
    return {
      name: this.peer.name,
      url: this.peer.prefix,
      place: this.#place,
      lastSuccessMs: this.#lastSuccessMs,
      lastSize: this.#lastSize,
      lastError: this.#lastError,
    }
  }

  /** Looks up where it is now: addresses change. */
  async #find(signal: AbortSignal): Promise<WitnessPlace> {
    this.#place = await placeOf(this.#hostname, (name) => this.#world.isThisHost(name), signal)
    return this.#place
  }

  #note(pushed: Pushed, head: OwnHead): void {
    switch (pushed.kind) {
      case 'cosigned':
        this.#failures = 0
        this.#cosigned = { text: head.text, cosignature: pushed.cosignature, atMs: this.#world.uptimeMs() }
        this.#lastSuccessMs = this.#world.nowMs()
        this.#lastSize = head.size
        this.#lastError = null
        return
      case 'failed':
        this.#fail(pushed.why)
        return
      case 'refused':
        this.#fail(`it knows another log under this name (status ${pushed.finding.status})`)
    }
  }

  #fail(why: string): void {
    const { retryMinMs, retryMaxMs, random, uptimeMs } = this.#world
    const waitMs = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#failures, 30))
    // Not all printers of a workshop at the same moment.
    this.#retryAtMs = uptimeMs() + waitMs * (0.5 + random() / 2)
    this.#failures++
    this.#lastError = why
  }
}

/** Where a host is; `unknown` if its name cannot be looked up in time. */
export async function placeOf(
  hostname: string,
  isThisHost: (hostname: string) => Promise<boolean>,
  signal: AbortSignal,
): Promise<WitnessPlace> {
  const aborted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null)
    signal.addEventListener('abort', () => resolve(null), { once: true })
  })
  const isHere = await Promise.race([isThisHost(hostname).catch(() => null), aborted])
  if (isHere === null) return 'unknown'
  return isHere ? 'this-host' : 'elsewhere'
}
