/**
 * Incidents of a running agent: sees each record after it is in the log, puts what the watch finds on record, and sends it
 * where the site wants that. Whoever tells it of a record never waits for it and never hears of its troubles.
 */
import { assert } from '../errors.ts'
import type { AuditRecord } from '../log-format/index.ts'
import { type DeskState, resumeDesk, saveDesk, type Unsent } from './desk-state.ts'
import { type EventContext, incidentEvent, isContext, raisingOf } from './event.ts'
import type { Finding, LogEntry } from './finding.ts'
import type { IncidentOptions } from './options.ts'
import { Outbox, type Outcome, type Patience } from './outbox.ts'
import { openSink, type Sink } from './sink.ts'
import { IncidentWatch } from './watch.ts'

/** Findings that wait for the log. It is slow or broken where there are more, and the records they come from are in it. */
const UNRECORDED_MAX = 64
/** What an agent before this one had no time to send is sent if it is younger, by the time of the log's last record. */
const UNSENT_AGE_MAX_MS = 24 * 60 * 60_000
/** An agent that ends waits so long for the log to take the last of them. */
const CLOSE_WAIT_MS = 3000

export interface DeskOptions extends IncidentOptions {
  readonly context: EventContext
  /** Appends a record; resolves with its index once it is durable. The desk is told of that record like of any other. */
  readonly append: (record: AuditRecord) => Promise<{ readonly index: number }>
  /** Is told in a sentence what was lost or failed. */
  readonly trouble?: (message: string) => void
  readonly patience?: Patience
}

interface Raised {
  readonly finding: Finding
  /** Nobody wants to be woken for what was long ago. */
  readonly isToBeSent: boolean
}

export class IncidentDesk {
  readonly #options: DeskOptions
  readonly #outbox: Outbox | undefined
  readonly #watch: IncidentWatch
  /** What a desk before this one left. */
  readonly #before: DeskState | undefined
  #unrecorded: Raised[] = []
  #beingRecorded: Raised | undefined
  /** The one that is being recorded, once its record is seen: until it is known here that it is durable. */
  #recorded: Unsent | undefined
  #recording: Promise<void> | undefined
  #isClosed = false

  /** Throws AgentError CONFIG_INVALID for a sink that cannot be. `saved`: what `save` of a desk before gave. */
  constructor(options: DeskOptions, saved?: unknown) {
    assert(isContext(options.context), 'a desk is that of a log of a machine')
    this.#options = options
    const { perHourMax, sink, automatic } = options
    const before = saved === undefined ? undefined : resumeDesk(saved)
    const resumed = before === undefined ? undefined : IncidentWatch.resume(before.watch, { perHourMax })
    this.#before = resumed === undefined ? undefined : before
    this.#watch = resumed ?? new IncidentWatch({ perHourMax })
    // A sink that cannot be is told at the start even where nothing is sent to it by itself.
    const opened: Sink | undefined = sink === undefined ? undefined : openSink(sink)
    if (opened === undefined || !automatic) return
    const { patience } = options
    this.#outbox = new Outbox({
      sink: opened,
      told: (outcome) => this.#told(outcome),
      ...(patience !== undefined && { patience }),
    })
  }

  /** Whether it goes on from what was saved. Where it does not, it must see the log from its first record. */
  get hasResumed(): boolean {
    return this.#before !== undefined
  }

  /**
   * What the next desk goes on from, when it has seen the records up to here and no more: plain data for a snapshot of the
   * log, smaller than a record may be.
   */
  save(): object {
    const recording = this.#recorded === undefined ? this.#beingRecorded : undefined
    const unrecorded = recording === undefined ? this.#unrecorded : [recording, ...this.#unrecorded]
    const toBeSent = this.#recorded !== undefined && this.#beingRecorded?.isToBeSent ? [this.#recorded] : []
    return saveDesk({
      watch: this.#watch.save(),
      unrecorded: unrecorded.map(({ finding }) => finding),
      unsent: this.#outbox === undefined ? [] : [...this.#outbox.unsent, ...toBeSent],
    })
  }

  /**
   * Takes what is in the log already, before anything is observed: from its first record, or from where the saved desk
   * had been. What was found and not put on record is raised now; what was not sent is sent.
   */
  async catchUp(entries: AsyncIterable<LogEntry>): Promise<void> {
    let pending: readonly Finding[] = this.#before?.unrecorded ?? []
    const findings = new Map<string, Finding>(pending.map((one) => [raisingOf(one), one]))
    const unsent = new Map<number, Unsent>(this.#before?.unsent.map((one) => [one.incident, one]))
    let nowMs = 0
    for await (const entry of entries) {
      const { index, record } = entry
      nowMs = Date.parse(record.at)
      for (const finding of this.#watch.take(entry)) {
        pending = [...pending, finding].slice(-UNRECORDED_MAX)
        remember(findings, raisingOf(finding), finding)
      }
      if (record.kind === 'incident') {
        pending = after(pending, record)
        const finding = findings.get(raisingOf(record))
        if (finding !== undefined) remember(unsent, index, { finding, incident: index })
      }
      if (record.kind === 'incident-exported') unsent.delete(record.incident)
    }
    const isNew = ({ lastAt }: Finding): boolean => nowMs - Date.parse(lastAt) <= UNSENT_AGE_MAX_MS
    for (const { finding, incident } of unsent.values()) if (isNew(finding)) this.#send(finding, incident)
    for (const finding of pending) this.#raise(finding, isNew(finding))
  }

  /** Takes a record that has just become durable. Never throws, and returns at once. */
  observe(entry: LogEntry): void {
    const { index, record } = entry
    const finding = this.#beingRecorded?.finding
    if (finding !== undefined && record.kind === 'incident' && raisingOf(finding) === raisingOf(record))
      this.#recorded = { finding, incident: index }
    try {
      for (const found of this.#watch.take(entry)) this.#raise(found)
    } catch (error) {
      this.#complain(`a record could not be watched: ${message(error)}`)
    }
  }

  /** Lets the log take what waits for it, for a while, and gives up what waits to be sent: the next start sends that. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_WAIT_MS)
    })
    await Promise.race([this.#recording, enough])
    clearTimeout(timer)
    this.#isClosed = true
    this.#unrecorded = []
    await this.#outbox?.close()
  }

  #raise(finding: Finding, isToBeSent = true): void {
    if (this.#isClosed) return
    if (this.#unrecorded.length >= UNRECORDED_MAX) {
      this.#complain(`incident \`${finding.uid}\` was not put on record: too many wait for the log`)
      return
    }
    this.#unrecorded.push({ finding, isToBeSent })
    this.#recording ??= this.#record()
  }

  async #record(): Promise<void> {
    for (let next = this.#unrecorded.shift(); next !== undefined; next = this.#unrecorded.shift()) {
      const { finding, isToBeSent } = next
      this.#beingRecorded = next
      const { uid, rule, severity, first, last, count } = finding
      try {
        const { index } = await this.#options.append({
          kind: 'incident',
          uid,
          rule,
          severity,
          first,
          last,
          count,
        })
        if (isToBeSent) this.#send(finding, index)
      } catch (error) {
        this.#complain(`incident \`${uid}\` was not put on record: ${message(error)}`)
      }
      this.#beingRecorded = undefined
      this.#recorded = undefined
    }
    this.#recording = undefined
  }

  #send(finding: Finding, incident: number): void {
    this.#outbox?.put({ finding, event: incidentEvent(finding, this.#options.context), incident })
  }

  #told({ incident, isSent, why }: Outcome): void {
    if (why !== undefined) this.#complain(`the incident of record ${incident} was not sent: ${why}`)
    const { sink, append } = this.#options
    if (sink === undefined) return
    void Promise.resolve()
      .then(() => append({ kind: 'incident-exported', incident, to: sink.kind, isSent, by: null }))
      .catch((error) => this.#complain(`that an incident was sent is not on record: ${message(error)}`))
  }

  #complain(sentence: string): void {
    try {
      this.#options.trouble?.(sentence)
    } catch {
      // Whoever listens to troubles must not make more of them.
    }
  }
}

/**
 * What still waits to be put on record once this record of an incident is in the log. They are put there in order: what
 * was found before it was put there too, or lost, and that was told.
 */
function after(
  pending: readonly Finding[],
  record: LogEntry['record'] & { kind: 'incident' },
): readonly Finding[] {
  const place = pending.findIndex((finding) => raisingOf(finding) === raisingOf(record))
  return place === -1 ? pending.filter(({ last }) => last >= record.last) : pending.slice(place + 1)
}

/** Keeps the latest entries of a map. */
function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > UNRECORDED_MAX && oldest !== undefined) map.delete(oldest)
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
