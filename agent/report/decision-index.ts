/**
 * What later records need of a decision that came before them, as columns of numbers: an appeal may come years later,
 * so every decision is kept, at 38 bytes each and up to as much again of room to grow.
 */
import { TIERS } from '../log-format/index.ts'
import type { Month } from './calendar.ts'

export const OUTCOMES = ['allow', 'warn', 'hold', 'deny'] as const
export type Outcome = (typeof OUTCOMES)[number]
export type Tier = (typeof TIERS)[number]

/** Cells of a table of outcomes and tiers. */
export const CELLS = OUTCOMES.length * TIERS.length

export function cellOf(outcome: Outcome, tier: Tier): number {
  return OUTCOMES.indexOf(outcome) * TIERS.length + TIERS.indexOf(tier)
}

/** Every cell by its number. */
export const CELL_NAMES: readonly { readonly outcome: Outcome; readonly tier: Tier }[] = OUTCOMES.flatMap(
  (outcome) => TIERS.map((tier) => ({ outcome, tier })),
)

export const HOLD_STATES = ['none', 'open', 'released', 'refused'] as const
export type HoldState = (typeof HOLD_STATES)[number]
export const APPEAL_STATES = ['none', 'open', 'upheld', 'rejected', 'withdrawn'] as const
export type AppealState = (typeof APPEAL_STATES)[number]

/** A decision as a later record finds it. */
export interface DecisionRow {
  readonly index: number
  readonly atMs: number
  readonly outcome: Outcome
  readonly tier: Tier
  /** Numbers of the strongest reason's code and rule and of the licence; 0 where there is none. */
  readonly code: number
  readonly rule: number
  readonly licence: number
  readonly hold: HoldState
  readonly appeal: AppealState
  /** The month in which its appeal was decided; 0 where none was. */
  readonly appealMonth: Month
}

type NewRow = Omit<DecisionRow, 'hold' | 'appeal' | 'appealMonth'> & {
  /** As it stands in the record; null where nothing of the decision was sealed. */
  readonly subject: string | null
}

const FIRST_ROWS = 1024
const SUBJECT = /^s-([0-9a-f]{8})([0-9a-f]{8})$/
const IS_SEALED = 0x80

export class DecisionIndex {
  #rows = 0
  #index = new Float64Array(FIRST_ROWS)
  #atMs = new Float64Array(FIRST_ROWS)
  #cell = new Uint8Array(FIRST_ROWS)
  #states = new Uint8Array(FIRST_ROWS)
  #code = new Uint16Array(FIRST_ROWS)
  #rule = new Uint16Array(FIRST_ROWS)
  #licence = new Uint32Array(FIRST_ROWS)
  #subjectHigh = new Uint32Array(FIRST_ROWS)
  #subjectLow = new Uint32Array(FIRST_ROWS)
  #appealMonth = new Uint32Array(FIRST_ROWS)

  /** Decisions come in the order of their records. */
  add(row: NewRow): void {
    const i = this.#rows
    if (i === this.#index.length) this.#grow()
    const [, high, low] = SUBJECT.exec(row.subject ?? '') ?? []
    this.#index[i] = row.index
    this.#atMs[i] = row.atMs
    this.#cell[i] = cellOf(row.outcome, row.tier) | (high === undefined ? 0 : IS_SEALED)
    this.#states[i] = row.outcome === 'hold' ? HOLD_STATES.indexOf('open') : 0
    this.#code[i] = row.code
    this.#rule[i] = row.rule
    this.#licence[i] = row.licence
    this.#subjectHigh[i] = Number.parseInt(high ?? '0', 16)
    this.#subjectLow[i] = Number.parseInt(low ?? '0', 16)
    this.#rows += 1
  }

  /** The decision of a record; undefined where that record is none, or is not in the log. */
  find(index: number): DecisionRow | undefined {
    const place = this.#placeOf(index)
    return place === undefined ? undefined : this.#rowAt(place)
  }

  /** The 16 hexadecimal digits of a decision's subject; null where it has none. */
  subjectOf(index: number): string | null {
    const place = this.#placeOf(index)
    if (place === undefined || ((this.#cell[place] ?? 0) & IS_SEALED) === 0) return null
    return hex(this.#subjectHigh[place] ?? 0) + hex(this.#subjectLow[place] ?? 0)
  }

  setHold(index: number, state: HoldState): void {
    const place = this.#placeOf(index)
    if (place !== undefined)
      this.#states[place] = ((this.#states[place] ?? 0) & 0xf0) | HOLD_STATES.indexOf(state)
  }

  setAppeal(index: number, state: AppealState, month: Month): void {
    const place = this.#placeOf(index)
    if (place === undefined) return
    this.#states[place] = ((this.#states[place] ?? 0) & 0x0f) | (APPEAL_STATES.indexOf(state) << 4)
    this.#appealMonth[place] = month
  }

  /** The decisions that still wait for a person, in their order. */
  *openHolds(): Generator<DecisionRow> {
    const open = HOLD_STATES.indexOf('open')
    for (let place = 0; place < this.#rows; place++)
      if (((this.#states[place] ?? 0) & 0x0f) === open) {
        const row = this.#rowAt(place)
        if (row !== undefined) yield row
      }
  }

  #placeOf(index: number): number | undefined {
    let low = 0
    let high = this.#rows - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const here = this.#index[middle] ?? 0
      if (here === index) return middle
      if (here < index) low = middle + 1
      else high = middle - 1
    }
    return undefined
  }

  #rowAt(place: number): DecisionRow | undefined {
    const cell = this.#cell[place] ?? 0
    const states = this.#states[place] ?? 0
    const name = CELL_NAMES[cell & ~IS_SEALED]
    if (name === undefined) return undefined
    return {
      ...name,
      index: this.#index[place] ?? 0,
      atMs: this.#atMs[place] ?? 0,
      code: this.#code[place] ?? 0,
      rule: this.#rule[place] ?? 0,
      licence: this.#licence[place] ?? 0,
      hold: HOLD_STATES[states & 0x0f] ?? 'none',
      appeal: APPEAL_STATES[states >> 4] ?? 'none',
      appealMonth: this.#appealMonth[place] ?? 0,
    }
  }

  #grow(): void {
    const rows = this.#rows * 2
    const grown = <Column extends { set(from: Column): void }>(to: Column, from: Column): Column => {
      to.set(from)
      return to
    }
    this.#index = grown(new Float64Array(rows), this.#index)
    this.#atMs = grown(new Float64Array(rows), this.#atMs)
    this.#cell = grown(new Uint8Array(rows), this.#cell)
    this.#states = grown(new Uint8Array(rows), this.#states)
    this.#code = grown(new Uint16Array(rows), this.#code)
    this.#rule = grown(new Uint16Array(rows), this.#rule)
    this.#licence = grown(new Uint32Array(rows), this.#licence)
    this.#subjectHigh = grown(new Uint32Array(rows), this.#subjectHigh)
    this.#subjectLow = grown(new Uint32Array(rows), this.#subjectLow)
    this.#appealMonth = grown(new Uint32Array(rows), this.#appealMonth)
  }
}

const hex = (value: number): string => value.toString(16).padStart(8, '0')
