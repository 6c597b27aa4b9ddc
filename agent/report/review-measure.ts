/** What people made of holds and appeals, how long it took them, and what is late. */
import type { StoredRecord } from '../log-format/index.ts'
import { DAY_MS, HOUR_MS } from './calendar.ts'
import type { DecisionRow } from './decision-index.ts'
import type { Books, Moment } from './moment.ts'
import { Spread } from './spread.ts'

/** Within how long a person must have decided; null where nobody has set it. */
export interface Deadlines {
  readonly holdHours: number | null
  readonly appealAnswerDays: number | null
}

/**
 * Something that was decided too late, or is too late already. `index` is the record of the hold or of the appeal.
 */
export interface LateItem {
  readonly kind: 'hold' | 'appeal'
  readonly index: number
  readonly isOpen: boolean
  readonly lateMs: number
}

/** Something that waits for a person. `leftMs` is null where no deadline is set. */
export interface WaitingItem {
  readonly kind: 'hold' | 'appeal'
  readonly index: number
  readonly leftMs: number | null
}

export interface DueList {
  readonly late: readonly LateItem[]
  readonly waiting: readonly WaitingItem[]
  /** Items of both kinds that are counted and not named, for want of space. */
  readonly unnamed: number
}

/** A page names no more of each kind than this: a person who faces more needs no list. */
const NAMED_MAX = 500
/** Appeals that wait at one time. People write them. */
const OPEN_APPEALS_MAX = 100_000

interface OpenAppeal {
  readonly decision: number
  readonly atMs: number
}

type Kind<K extends StoredRecord['kind']> = StoredRecord & { readonly kind: K }

export class ReviewMeasure {
  readonly holds = { held: 0, released: 0, refused: 0 }
  readonly appeals = { filed: 0, upheld: 0, rejected: 0, withdrawn: 0 }
  overrides = 0
  readonly holdTimesMs = new Spread()
  readonly appealTimesMs = new Spread()
  /** Records that refer to a decision or an appeal which is not there, or which was decided before. */
  unmatched = 0
  readonly #open = new Map<number, OpenAppeal>()
  readonly #late: LateItem[] = []
  #unnamed = 0
  readonly #books: Books
  readonly #holdMs: number | null
  readonly #appealMs: number | null

  constructor(books: Books, { holdHours, appealAnswerDays }: Deadlines) {
    this.#books = books
    this.#holdMs = holdHours === null ? null : holdHours * HOUR_MS
    this.#appealMs = appealAnswerDays === null ? null : appealAnswerDays * DAY_MS
  }

  hold(index: number, { isCounted }: Moment): void {
    if (isCounted && this.#counted(index) !== undefined) this.holds.held += 1
  }

  decideHold({ decision, outcome }: Kind<'hold-decided'>, { atMs, isCounted }: Moment): void {
    const row = this.#books.decisions.find(decision)
    if (row?.hold !== 'open') {
      this.unmatched += 1
      return
    }
    this.#books.decisions.setHold(decision, outcome)
    if (!isCounted || !this.#books.isCounted(row.licence)) return
    this.holds[outcome] += 1
    const tookMs = Math.max(0, atMs - row.atMs)
    this.holdTimesMs.add(tookMs)
    this.#noteLate('hold', decision, tookMs, this.#holdMs)
  }

  override({ decision }: Kind<'override'>, { isCounted }: Moment): void {
    if (isCounted && this.#counted(decision) !== undefined) this.overrides += 1
  }

  fileAppeal({ decision }: Kind<'appeal-filed'>, { index, atMs, isCounted }: Moment): void {
    const row = this.#books.decisions.find(decision)
    if (row === undefined) this.unmatched += 1
    if (row === undefined || this.#open.size >= OPEN_APPEALS_MAX) return
    this.#open.set(index, { decision, atMs })
    this.#books.decisions.setAppeal(decision, 'open', 0)
    if (isCounted && this.#books.isCounted(row.licence)) this.appeals.filed += 1
  }

  /** Answers the decision that was disputed; undefined where there is none. */
  decideAppeal(
    { appeal, outcome }: Kind<'appeal-decided'>,
    { atMs, month, isCounted }: Moment,
  ): DecisionRow | undefined {
    const open = this.#open.get(appeal)
    const row = open === undefined ? undefined : this.#books.decisions.find(open.decision)
    if (open === undefined || row === undefined) {
      this.unmatched += 1
      return undefined
    }
    this.#open.delete(appeal)
    this.#books.decisions.setAppeal(open.decision, outcome, month)
    if (isCounted && this.#books.isCounted(row.licence)) {
      this.appeals[outcome] += 1
      const tookMs = Math.max(0, atMs - open.atMs)
      this.appealTimesMs.add(tookMs)
      this.#noteLate('appeal', appeal, tookMs, this.#appealMs)
    }
    return row
  }

  #counted(decision: number): DecisionRow | undefined {
    const row = this.#books.decisions.find(decision)
    return row !== undefined && this.#books.isCounted(row.licence) ? row : undefined
  }

  #noteLate(kind: LateItem['kind'], index: number, tookMs: number, limitMs: number | null): void {
    if (limitMs === null || tookMs <= limitMs) return
    if (this.#late.length < NAMED_MAX)
      this.#late.push({ kind, index, isOpen: false, lateMs: tookMs - limitMs })
    else this.#unnamed += 1
  }

  /** What is late and what waits, at a time after the last record. What waits is told whatever the period. */
  due(nowMs: number): DueList & { readonly openHolds: number; readonly openAppeals: number } {
    const open = [
      ...this.#openItems('hold', this.#books.decisions.openHolds(), this.#holdMs),
      ...this.#openItems('appeal', this.#appealsOpen(), this.#appealMs),
    ]
    const late: LateItem[] = []
    const waiting: WaitingItem[] = []
    for (const { kind, index, dueMs } of open) {
      const leftMs = dueMs === null ? null : dueMs - nowMs
      if (leftMs !== null && leftMs < 0) late.push({ kind, index, isOpen: true, lateMs: -leftMs })
      else waiting.push({ kind, index, leftMs })
    }
    late.sort((a, b) => b.lateMs - a.lateMs)
    waiting.sort((a, b) => (a.leftMs ?? 0) - (b.leftMs ?? 0) || a.index - b.index)
    const beyond = Math.max(0, late.length - NAMED_MAX) + Math.max(0, waiting.length - NAMED_MAX)
    return {
      late: [...late.slice(0, NAMED_MAX), ...this.#late.toSorted((a, b) => b.lateMs - a.lateMs)],
      waiting: waiting.slice(0, NAMED_MAX),
      unnamed: this.#unnamed + beyond,
      openHolds: open.filter(({ kind }) => kind === 'hold').length,
      openAppeals: open.filter(({ kind }) => kind === 'appeal').length,
    }
  }

  *#openItems(
    kind: LateItem['kind'],
    items: Iterable<{ readonly index: number; readonly atMs: number; readonly licence: number }>,
    limitMs: number | null,
  ): Generator<{ kind: LateItem['kind']; index: number; dueMs: number | null }> {
    for (const { index, atMs, licence } of items)
      if (this.#books.isCounted(licence))
        yield { kind, index, dueMs: limitMs === null ? null : atMs + limitMs }
  }

  *#appealsOpen(): Generator<{ index: number; atMs: number; licence: number }> {
    for (const [index, { decision, atMs }] of this.#open) {
      const row = this.#books.decisions.find(decision)
      if (row !== undefined) yield { index, atMs, licence: row.licence }
    }
  }
}
