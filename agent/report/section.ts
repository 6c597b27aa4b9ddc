/** What a report says, before it is written as a page or as tables: sections of sentences, a chart and a table. */
import type { Case } from './cases.ts'

/** A number that people read in other words than programs: `1.9 s` for 1,900. */
export interface Worded {
  readonly value: number
  readonly shown: string
}

/** null is what is withheld, or what there is none of. */
export type Cell = string | number | Worded | null

export interface Table {
  /** The name of its file, without an ending. */
  readonly id: string
  readonly caption: string
  /** With the unit in which a file has the numbers of the column, where they have one. */
  readonly columns: readonly (string | { readonly name: string; readonly unit: string })[]
  readonly rows: readonly (readonly Cell[])[]
}

/** How strongly a part of a chart speaks: from `quiet` for what is usual to `loud` for what needs eyes. */
export type Tone = 'quiet' | 'plain' | 'soft' | 'loud' | 'hatched'

export interface Series {
  readonly name: string
  readonly tone: Tone
}

/** A place on the time axis, with its name in two lengths; `group` is the year that it belongs to. */
export interface Category {
  readonly label: string
  readonly short: string
  readonly group: string | null
}

/** Columns side by side, each a stack of one value of each series. The axis begins at 0. */
export interface ColumnChart {
  readonly kind: 'columns'
  readonly series: readonly Series[]
  readonly categories: readonly Category[]
  /** For each category the values of the series, in their order. */
  readonly values: readonly (readonly number[])[]
}

/** Horizontal bars one below the other, each with its name above and its value at the right. */
export interface RankedChart {
  readonly kind: 'ranked'
  readonly tone: Tone
  readonly rows: readonly { readonly label: string; readonly value: number; readonly shown: string }[]
}

/** Wholes one below the other, each divided into the parts of the series. */
export interface PartsChart {
  readonly kind: 'parts'
  readonly series: readonly Series[]
  readonly rows: readonly {
    readonly label: string
    readonly values: readonly number[]
    readonly shown: string
  }[]
}

/** The 168 hours of a week, from Monday at midnight. */
export interface WeekChart {
  readonly kind: 'week'
  readonly counts: readonly number[]
}

export interface Chart {
  readonly title: string
  /** What it shows, for those who do not see it. */
  readonly description: string
  readonly drawing: ColumnChart | RankedChart | PartsChart | WeekChart
}

export interface Section {
  readonly id: string
  readonly title: string
  readonly says: readonly string[]
  readonly chart: Chart | null
  readonly tables: readonly Table[]
  readonly cases: readonly Case[]
}

/** The few numbers that stand at the top. */
export interface KeyFigure {
  readonly value: string
  readonly label: string
}

export interface Document {
  readonly title: string
  /** For whom, in a few words. */
  readonly audience: string
  readonly period: string
  readonly figures: readonly KeyFigure[]
  readonly sections: readonly Section[]
}

export function section(id: string, title: string, part: Partial<Omit<Section, 'id' | 'title'>>): Section {
  return { id, title, says: [], chart: null, tables: [], cases: [], ...part }
}
