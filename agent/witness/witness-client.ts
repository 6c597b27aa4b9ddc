/**
 * The agent as a client of witnesses: shows each newer head of its log to all of them, and puts it on record when enough
 * have cosigned it. Nothing of the gate waits for that but who calls `waitFor`.
 */
import { performance } from 'node:perf_hooks'
import { assert, InvariantError, systemReason } from '../errors.ts'
import { printNoteKey } from '../verify/index.ts'
import type { ClientPolicy } from './client-policy.ts'
import { newestHead, type OwnHead, type WitnessedLog } from './own-head.ts'
import { type LaneOutcome, PeerLane, placeOf, type WitnessPlace, type WitnessStatus } from './peer-lane.ts'
import { isThisHost } from './this-host.ts'
import { type Cosignature, type WitnessFinding, WitnessPeer } from './witness-peer.ts'
import { type RecordsWorld, WitnessRecords } from './witness-records.ts'

/** Who waits for a head; a gate has one job at a time. */
const WAITERS_MAX = 256

/** Times in milliseconds. */
export interface ClientTimes {
  /** A head is shown no sooner after the one before, unless somebody waits. */
  readonly pushEveryMs: number
  /** All that one witness is asked about one head takes no longer. */
  readonly answerMs: number
  readonly retryMinMs: number
  readonly retryMaxMs: number
  /** While somebody waits in vain, everybody is asked again so often. */
  readonly urgentEveryMs: number
  /** A cosigned head goes on record no sooner after the one before, unless somebody waits; and is shown again as often. */
  readonly recordEveryMs: number
}

const TIMES: ClientTimes = {
  pushEveryMs: 5000,
  answerMs: 10_000,
  retryMinMs: 1000,
  retryMaxMs: 5 * 60_000,
  urgentEveryMs: 1000,
  recordEveryMs: 10 * 60_000,
}

export interface WitnessClientOptions extends RecordsWorld {
  readonly policy: ClientPolicy
  readonly log: WitnessedLog
  /** Whether a host name leads to this machine. */
  readonly isThisHost?: (hostname: string) => Promise<boolean>
  /** Wall clock, in milliseconds since 1970. */
  readonly nowMs?: () => number
  readonly random?: () => number
  readonly times?: Partial<ClientTimes>
}

/** What a witness said when it was asked what it knows. */
export interface WitnessSize {
  readonly witness: string
  /** The size of the head that it cosigned last; 0 if it did not know this log, null if it did not say. */
  readonly size: number | null
  /** Set where what it knows is not this log. */
  readonly finding: WitnessFinding | null
  /** Why it did not cosign, where there is no finding; null if it did. */
  readonly error: string | null
}

export interface ClientStatus {
  /** The name of the witness or group that must cosign. */
  readonly quorum: string
  /** The latest head that enough have cosigned in this run, and when, by our clock in milliseconds since 1970. */
  readonly witnessed: { readonly size: number; readonly atMs: number } | null
  readonly witnesses: readonly WitnessStatus[]
}

/** What the policy comes to on this machine, for people. */
export interface ClientDescription {
  readonly quorum: string
  /** Whether the witnesses that count are enough, if they all cosign. */
  readonly isReachable: boolean
  readonly witnesses: readonly {
    readonly name: string
    readonly key: string
    readonly url: string | null
    readonly place: WitnessPlace
  }[]
}

interface Waiter {
  readonly size: number
  readonly finish: (isWitnessed: boolean) => void
}

export class WitnessClient {
  readonly #options: WitnessClientOptions
  readonly #times: ClientTimes
  readonly #lanes: readonly PeerLane[]
  readonly #records: WitnessRecords
  readonly #isThisHost: (hostname: string) => Promise<boolean>
  readonly #nowMs: () => number
  readonly #closing = new AbortController()
  /** What is under way with witnesses, also of rounds that did not wait for them. */
  readonly #pushes = new Set<Promise<void>>()
  readonly #waiters = new Set<Waiter>()
  #running: Promise<void> | undefined
  #wake: () => void = () => {}
  /** There may be a newer head than that of the last round. */
  #isDirty = true
  /** Somebody came to wait since the last round. */
  #isUrgent = false
  #round: { readonly head: OwnHead; readonly end: () => void } | undefined
  #lastRoundMs = Number.NEGATIVE_INFINITY
  #witnessed: ClientStatus['witnessed'] = null
  #trouble = ''

  constructor(options: WitnessClientOptions) {
    this.#options = options
    this.#times = { ...TIMES, ...options.times }
    this.#isThisHost = options.isThisHost ?? ((hostname) => isThisHost(hostname))
    this.#nowMs = options.nowMs ?? Date.now
    this.#records = new WitnessRecords(options, this.#times.recordEveryMs, uptimeMs)
    const world = {
      ...this.#times,
      isThisHost: this.#isThisHost,
      nowMs: this.#nowMs,
      uptimeMs,
      random: options.random ?? Math.random,
    }
    this.#lanes = options.policy.tlog.witnesses.flatMap(({ name, key }) => {
      const prefix = options.policy.prefixes.get(name) ?? null
      return prefix === null ? [] : [new PeerLane(new WitnessPeer(name, key, prefix, options.log), world)]
    })
  }

  /** Begins to show heads. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Says that the log has a newer head. Returns at once. */
  published(): void {
    this.#isDirty = true
    this.#wake()
  }

  /**
   * Resolves with true once a head of at least `size` records is cosigned by enough witnesses and that is on record, and
   * with false after `timeoutMs` or when the client is closed.
   */
  waitFor(size: number, timeoutMs: number): Promise<boolean> {
    if (this.#records.recordedSize >= size) return Promise.resolve(true)
    if (this.#closing.signal.aborted || this.#waiters.size >= WAITERS_MAX) return Promise.resolve(false)
    return new Promise((resolve) => {
      const finish = (isWitnessed: boolean): void => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
        resolve(isWitnessed)
      }
      const waiter = { size, finish }
      const timer = setTimeout(finish, timeoutMs, false)
      this.#waiters.add(waiter)
      this.#isUrgent = true
      this.#endEarly()
      this.#wake()
    })
  }

  /**
   * Asks every witness what it knows of this log, and shows it the newest head. For before `start`: a witness that knows
   * more than the log has tells that the log was cut. Nothing is recorded. Takes at most `timeoutMs`.
   */
  async askSizes(timeoutMs: number = this.#times.answerMs): Promise<readonly WitnessSize[]> {
    assert(this.#running === undefined, 'witnesses are asked for their sizes before they are shown heads')
    const head = await newestHead(this.#options.log)
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)])
    return await Promise.all(
      this.#lanes.map(async (lane) => {
        const outcome = await lane.push(head, signal, { fromNothing: true })
        return {
          witness: lane.peer.name,
          size: outcome.sizeBefore,
          finding: outcome.kind === 'refused' ? outcome.finding : null,
          error: outcome.kind === 'refused' ? null : lane.status().lastError,
        }
      }),
    )
  }

  /** How each witness fared so far. */
  status(): ClientStatus {
    const { tlog } = this.#options.policy
    const lanes = new Map(this.#lanes.map((lane) => [lane.peer.name, lane.status()]))
    const witnesses = tlog.witnesses.map(({ name }) => lanes.get(name) ?? withoutAddress(name))
    return { quorum: tlog.quorum, witnessed: this.#witnessed, witnesses }
  }

  /** Where each witness is, looked up now, and whether those that count are enough. */
  async describe(): Promise<ClientDescription> {
    const { tlog, prefixes } = this.#options.policy
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#times.answerMs)])
    const witnesses = await Promise.all(
      tlog.witnesses.map(async ({ name, key }) => {
        const url = prefixes.get(name) ?? null
        const place =
          url === null ? 'no-address' : await placeOf(new URL(url).hostname, this.#isThisHost, signal)
        return { name, key: printNoteKey(key), url, place, noteKey: key }
      }),
    )
    const counting = witnesses.filter(({ place }) => place === 'elsewhere' || place === 'unknown')
    return {
      quorum: tlog.quorum,
      isReachable: tlog.isSatisfiedBy(counting.map(({ noteKey }) => noteKey)),
      witnesses: witnesses.map(({ name, key, url, place }) => ({ name, key, url, place })),
    }
  }

  /** Gives up what is under way; who waits, waits no longer. */
  async close(): Promise<void> {
    this.#closing.abort()
    for (const { finish } of this.#waiters) finish(false)
    this.#round?.end()
    this.#wake()
    await this.#running
    await Promise.allSettled(this.#pushes)
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await this.#sleep(this.#delayMs())
      if (!this.#closing.signal.aborted) await this.#cosignNewest()
    }
  }

  /** How long until something is due; less when somebody calls `#wake`. */
  #delayMs(): number {
    const { pushEveryMs, urgentEveryMs, recordEveryMs, retryMinMs } = this.#times
    if (this.#isUrgent) return 0
    const due = [this.#lastRoundMs + recordEveryMs]
    if (this.#isDirty) due.push(this.#lastRoundMs + pushEveryMs)
    if (this.#waiters.size > 0) due.push(this.#lastRoundMs + urgentEveryMs)
    for (const { retryAtMs, isBusy } of this.#lanes)
      if (retryAtMs !== null && !isBusy) due.push(Math.max(retryAtMs, this.#lastRoundMs + retryMinMs))
    return Math.max(0, Math.min(...due) - uptimeMs())
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(wake, delayMs).unref()
      this.#wake = () => {
        // What woke us may be due later: the delay is reckoned anew.
        this.#wake = () => {}
        wake()
      }
    })
  }

  /** One round: the newest head is shown to everybody who has not cosigned it, and put on record if enough have. */
  async #cosignNewest(): Promise<void> {
    if (this.#delayMs() > 0) return
    const isUrgent = this.#isUrgent || this.#waiters.size > 0
    this.#isUrgent = false
    this.#isDirty = false
    this.#lastRoundMs = uptimeMs()
    let head: OwnHead
    try {
      head = await newestHead(this.#options.log)
    } catch (error) {
      this.#isDirty = true
      this.#warn(error, 'the log’s newest head is not to be had, so no witness is asked')
      return
    }
    const lanes = this.#lanes.filter((lane) => this.#isDue(lane, head, isUrgent))
    await new Promise<void>((resolve) => {
      this.#round = { head, end: resolve }
      const pushes = lanes.map((lane) => this.#push(lane, head))
      void Promise.all(pushes).then(() => resolve())
    })
    this.#round = undefined
    if (!this.#closing.signal.aborted) await this.#conclude(head)
  }

  #isDue(lane: PeerLane, head: OwnHead, isUrgent: boolean): boolean {
    if (lane.isBusy || lane.hasFresh(head, this.#times.recordEveryMs)) return false
    return isUrgent || lane.retryAtMs === null || uptimeMs() >= lane.retryAtMs
  }

  /** Shows a head to one witness. */
  #push(lane: PeerLane, head: OwnHead): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#times.answerMs)])
    const push = lane.push(head, signal).then(async (outcome) => {
      if (this.#closing.signal.aborted) return
      await this.#settle(lane, outcome)
      this.#endEarly()
    })
    this.#pushes.add(push)
    const forget = (): void => {
      this.#pushes.delete(push)
    }
    push.then(forget, forget)
    return push
  }

  async #settle(lane: PeerLane, outcome: LaneOutcome): Promise<void> {
    if (outcome.kind === 'failed')
      this.#options.logger.info({ witness: lane.peer.name, why: outcome.why }, 'a witness did not cosign')
    if (outcome.kind !== 'refused') return
    try {
      await this.#records.refused(outcome.finding)
    } catch (error) {
      this.#warn(error, 'the refusal of a witness could not be put on record')
    }
  }

  /** Who waits need not wait for witnesses that are not needed. */
  #endEarly(): void {
    const { head, end } = this.#round ?? {}
    if (head === undefined || end === undefined) return
    if (this.#isAwaited(head) && this.#quorumOf(head) !== null) end()
  }

  /** The cosignatures of a head, if they are enough. */
  #quorumOf(head: OwnHead): readonly Cosignature[] | null {
    const cosignatures = this.#lanes.flatMap((lane) => lane.cosignatureOf(head) ?? [])
    return this.#options.policy.tlog.isSatisfiedBy(cosignatures.map(({ key }) => key)) ? cosignatures : null
  }

  async #conclude(head: OwnHead): Promise<void> {
    const cosignatures = this.#quorumOf(head)
    if (cosignatures === null) return
    this.#witnessed = { size: head.size, atMs: this.#nowMs() }
    try {
      await this.#records.cosigned(head, cosignatures, this.#isAwaited(head))
    } catch (error) {
      this.#warn(error, 'a cosigned head could not be kept and put on record')
      return
    }
    this.#trouble = ''
    for (const { size, finish } of this.#waiters) if (size <= this.#records.recordedSize) finish(true)
  }

  #isAwaited(head: OwnHead): boolean {
    return [...this.#waiters].some(({ size }) => size <= head.size)
  }

  /** Once for the same thing, until something goes well again. */
  #warn(error: unknown, message: string): void {
    if (error instanceof InvariantError) throw error
    const reason = systemReason(error)
    if (this.#trouble === `${message} ${reason}`) return
    this.#trouble = `${message} ${reason}`
    this.#options.logger.warn({ reason }, message)
  }
}

function withoutAddress(name: string): WitnessStatus {
  return {
    name,
    url: null,
    place: 'no-address',
    lastSuccessMs: null,
    lastSize: null,
    lastError: 'the policy names no address of it',
  }
}

/** Not the wall clock, which steps. */
function uptimeMs(): number {
  return performance.now()
}
