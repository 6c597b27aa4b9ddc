/** The time axis of a chart: months, or years where there are too many months to tell apart. */
import type { Category } from './section.ts'
import { monthAbbreviation } from './words.ts'

/** Six years of months can still be told apart on a phone. */
const MONTHS_SHOWN_MAX = 72
/** Of a log whose clock began in 1970 these years are shown, the last ones. */
const YEARS_SHOWN_MAX = 60

export interface Timeline {
  readonly categories: readonly Category[]
  /** Where a month stands on the axis; undefined where it is before its beginning. */
  placeOf(month: string): number | undefined
}

/** An axis from the first of these months (`2026-03`) to the last, with those between in which nothing happened. */
export function timeline(months: readonly string[]): Timeline {
  const numbers = months.map(numberOf)
  const first = numbers.reduce((least, month) => Math.min(least, month), Number.POSITIVE_INFINITY)
  const last = numbers.reduce((most, month) => Math.max(most, month), Number.NEGATIVE_INFINITY)
  if (last - first < MONTHS_SHOWN_MAX) return monthAxis(first, last)
  return yearAxis(Math.floor(first / 12), Math.floor(last / 12))
}

/** Sums of a number of each row, by the row's place on the axis. */
export function sums<Row extends { readonly month: string }>(
  axis: Timeline,
  rows: readonly Row[],
  numberIn: (row: Row) => number,
): readonly number[] {
  const totals = axis.categories.map(() => 0)
  for (const row of rows) {
    const place = axis.placeOf(row.month)
    if (place !== undefined) totals[place] = (totals[place] ?? 0) + numberIn(row)
  }
  return totals
}

function numberOf(month: string): number {
  return Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1
}

function monthAxis(first: number, last: number): Timeline {
  const count = Number.isFinite(first) ? last - first + 1 : 0
  const categories = Array.from({ length: count }, (_, i) => {
    const year = String(Math.floor((first + i) / 12)).padStart(4, '0')
    const label = monthAbbreviation(`${year}-${String(((first + i) % 12) + 1).padStart(2, '0')}`)
    return { label, short: label.charAt(0), group: year }
  })
  return { categories, placeOf: (month) => numberOf(month) - first }
}

function yearAxis(firstYear: number, lastYear: number): Timeline {
  const first = Math.max(firstYear, lastYear - YEARS_SHOWN_MAX + 1)
  const categories = Array.from({ length: lastYear - first + 1 }, (_, i) => {
    const label = String(first + i).padStart(4, '0')
    return { label, short: `’${label.slice(2)}`, group: null }
  })
  return {
    categories,
    placeOf: (month) => {
      const place = Math.floor(numberOf(month) / 12) - first
      return place < 0 ? undefined : place
    },
  }
}
