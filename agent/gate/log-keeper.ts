import { setTimeout as sleep } from 'node:timers/promises'
import { type LogEntry, readLog, scrubLog } from '../audit/index.ts'
import type { EvidenceConfig } from '../config/index.ts'
import { DEFERRALS, dueErasures } from '../deferrals.ts'
import { doubtedMs, eraseByAge, eraseSubject } from '../erase-subject.ts'
import { AgentError } from '../errors.ts'
import { IncidentDesk } from '../incident/index.ts'
import type { Ledger } from '../ledger.ts'
import { type AuditRecord, TILE_WIDTH } from '../log-format/index.ts'
import type { AgentLogger } from '../logger.ts'
import type { StateFolder } from '../state-folder.ts'

/**
 * What a running gate does for its log beside writing it: publishes heads, watches for incidents, erases what is due, and
 * looks through the old records. None of it is waited for by a job or by the start, and none of it may end the gate but a
 * record that is found to be changed.
 */

/** At least so often a head is published, if there is anything new. */
const PUBLISH_EVERY_MS = 60_000
/** What is decided or ends is published so soon: what comes together is published together. */
const PUBLISH_SOON_MS = 1000
/** Between two bundles of old records: the line path comes first. */
const READ_PAUSE_MS = 20
const DAY_MS = 24 * 60 * 60_000
const ERASE_EVERY_MS = DAY_MS

/** After these somebody may want to prove how it stands. */
const TERMINAL: ReadonlySet<AuditRecord['kind']> = new Set<AuditRecord['kind']>([
  'decision',
  'job-closed',
  'latched',
  'cleared',
  'safe-stop',
  'emergency-stop',
  'agent-ended',
  'appeal-filed',
  'appeal-decided',
  'erasure',
])

/** The name of the incident watch's snapshots. */
const INCIDENTS_FOLD = 'incidents'

export interface LogKeeperOptions {
  readonly ledger: Ledger
  readonly state: StateFolder
  readonly evidence: EvidenceConfig
  readonly version: string
  /** Old records are not as they were written: the gate must not go on. */
  readonly damaged: (message: string) => void
  /** A head was published. */
  readonly published?: (note: string) => void
  readonly logger?: AgentLogger
}

export class LogKeeper {
  readonly #options: LogKeeperOptions
  readonly #incidents: IncidentDesk
  readonly #ending = new AbortController()
  readonly #timers = new Set<NodeJS.Timeout>()
  #soon: NodeJS.Timeout | undefined
  #publishedSize = 0
  #size = 0
  #isDamaged = false
  /** From this record on the desk is told of each as it comes; what is older it reads. */
  #watchedFrom = Number.POSITIVE_INFINITY
  #catchingUp: Promise<void> = Promise.resolve()
  #scrubbing: Promise<void> = Promise.resolve()
  #housekeeping: Promise<void> = Promise.resolve()

  private constructor(options: LogKeeperOptions, incidents: IncidentDesk) {
    this.#options = options
    this.#incidents = incidents
  }

  /** Follows the log from here on, and looks meanwhile at what came before. Throws CONFIG_INVALID for a sink that cannot be. */
  static start(options: LogKeeperOptions): LogKeeper {
    const { ledger, evidence, version, logger } = options
    const saved = ledger.snapshotOf(INCIDENTS_FOLD)
    const incidents = new IncidentDesk(
      {
        automatic: evidence.incidents.automatic,
        perHourMax: evidence.incidents.perHourMax,
        ...(evidence.incidents.sink !== undefined && { sink: evidence.incidents.sink }),
        context: { origin: ledger.log.origin, version },
        append: (record) => ledger.append(record),
        trouble: (message) => logger?.warn({ message }, 'incidents'),
      },
      saved?.state,
    )
    const keeper = new LogKeeper(options, incidents)
    ledger.listen((entry) => keeper.#take(entry))
    keeper.#begin(incidents.hasResumed ? (saved?.size ?? 0) : 0)
    return keeper
  }

  /** Ends all of it. The log itself publishes its last head when it is closed. */
  async close(): Promise<void> {
    this.#ending.abort()
    for (const timer of this.#timers) clearTimeout(timer)
    clearTimeout(this.#soon)
    await this.#catchingUp
    await this.#incidents.close()
    await this.#housekeeping
    await this.#scrubbing
  }

  #begin(watchFrom: number): void {
    this.#every(PUBLISH_EVERY_MS, () => this.#publish())
    this.#every(ERASE_EVERY_MS, () => this.#keepHouse())
    this.#keepHouse()
    this.#catchingUp = this.#catchUp(watchFrom)
    this.#scrubbing = this.#scrub()
  }

  #every(everyMs: number, work: () => void): void {
    const timer = setInterval(work, everyMs)
    // It keeps no process alive that has nothing else to do.
    timer.unref()
    this.#timers.add(timer)
  }

  #take(entry: LogEntry): void {
    const { index, record } = entry
    this.#size = index + 1
    if (index >= this.#watchedFrom) this.#incidents.observe(entry)
    if (TERMINAL.has(record.kind as AuditRecord['kind'])) {
      this.#soon ??= setTimeout(() => {
        this.#soon = undefined
        this.#publish()
      }, PUBLISH_SOON_MS)
    }
  }

  #publish(): void {
    if (this.#size === this.#publishedSize || this.#ending.signal.aborted) return
    const size = this.#size
    this.#options.ledger.log.publish().then(
      (note) => {
        this.#publishedSize = size
        this.#options.published?.(note)
      },
      (error: unknown) => this.#warn('the head of the log could not be published', error),
    )
  }

  #keepHouse(): void {
    this.#housekeeping = this.#housekeeping.then(() => this.#erase())
  }

  /** Each by itself: one that cannot be erased today keeps no other waiting. */
  async #erase(): Promise<void> {
    const { ledger, evidence, logger } = this.#options
    const { privacy } = evidence
    const clockMs = Date.now()
    const aheadMs = doubtedMs(ledger, clockMs)
    if (aheadMs > 0)
      logger?.warn(
        { days: Math.ceil(aheadMs / DAY_MS) },
        'the clock is too far ahead of the records of before to erase by it; nothing younger is erased for its age',
      )
    const nowMs = clockMs - aheadMs
    await this.#tryErase(() => eraseByAge(ledger, privacy, nowMs))
    for (const subject of dueErasures(ledger.stateOf(DEFERRALS), nowMs)) {
      if (this.#ending.signal.aborted) return
      await this.#tryErase(() => eraseSubject(ledger, privacy, { subject, by: null, nowMs }))
    }
  }

  async #tryErase(erase: () => Promise<unknown>): Promise<void> {
    try {
      await erase()
    } catch (error) {
      this.#warn('what is due could not be erased', error)
    }
  }

  /** Shows the desk what no desk has seen: after a snapshot of its own little, without one the whole log. */
  async #catchUp(from: number): Promise<void> {
    try {
      await this.#incidents.catchUp(this.#untilNow(from))
      this.#options.ledger.keep(INCIDENTS_FOLD, () => this.#incidents.save())
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#damaged(error)
    }
  }

  /** The records up to the one from which on the desk is told of each as it comes. */
  async *#untilNow(from: number): AsyncGenerator<LogEntry, void> {
    const { ledger, state } = this.#options
    const { signal } = this.#ending
    let next = from
    while (next < ledger.log.size) {
      for await (const entry of readLog(state.logDir, { from: next })) {
        yield entry
        next = entry.index + 1
        if (next % TILE_WIDTH === 0) await sleep(READ_PAUSE_MS, undefined, { signal, ref: false })
      }
    }
    this.#watchedFrom = next
  }

  /** Old bundles against their tiles, the newest first. What is newer was looked at when the log was opened. */
  async #scrub(): Promise<void> {
    const { signal } = this.#ending
    try {
      for await (const _bundle of scrubLog(this.#options.state.logDir)) {
        if (signal.aborted) return
        await sleep(READ_PAUSE_MS, undefined, { signal, ref: false })
      }
    } catch (error) {
      if (!signal.aborted) this.#damaged(error)
    }
  }

  /** Once: whoever looks next would find the same. */
  #damaged(error: unknown): void {
    // That they cannot be read just now says nothing of what they are; the next look will.
    if (!(error instanceof AgentError) || error.code !== 'AUDIT_DAMAGED') {
      this.#warn('old records could not be read', error)
      return
    }
    if (this.#isDamaged) return
    this.#isDamaged = true
    this.#options.damaged(error instanceof Error ? error.message : String(error))
  }

  #warn(what: string, error: unknown): void {
    this.#options.logger?.warn({ message: error instanceof Error ? error.message : String(error) }, what)
  }
}
