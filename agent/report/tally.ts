/** Counting by name, exactly and within bounds: names come from a log that somebody else may have written. */
import { AgentError } from '../errors.ts'

/** What stands for all names beyond a bound. No name of the log's is written so: it is not one of ours to give. */
export const FURTHER = '(further)'

/** The sum of two counts. Sums that a number cannot hold exactly are no sums of a true log. */
export function exactSum(a: number, b: number): number {
  const sum = a + b
  if (!Number.isSafeInteger(sum))
    throw new AgentError(
      'AUDIT_DAMAGED',
      'the counts of this log add up to more than any machine could reach',
    )
  return sum
}

/** The sum of a number of each row. */
export function sumOf<Row>(rows: readonly Row[], numberIn: (row: Row) => number): number {
  return rows.reduce((sum, row) => sum + numberIn(row), 0)
}

/** Gives numbers to names, from 1, in the order in which they come; 0 is for those beyond the bound. */
export class Names {
  readonly #numbers = new Map<string, number>()
  readonly #names: string[] = [FURTHER]
  readonly #namesMax: number

  constructor(namesMax: number) {
    this.#namesMax = namesMax
  }

  numberOf(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    if (this.#names.length > this.#namesMax) return 0
    this.#numbers.set(name, this.#names.length)
    return this.#names.push(name) - 1
  }

  nameOf(number: number): string {
    return this.#names[number] ?? FURTHER
  }
}

/** Rows of numbers by name, such as one row for each licence. A row is made of zeros when its name first comes. */
export class Rows<Column extends string> {
  readonly #rows = new Map<string, Record<Column, number>>()
  readonly #columns: readonly Column[]
  readonly #rowsMax: number

  constructor(columns: readonly Column[], rowsMax: number) {
    this.#columns = columns
    this.#rowsMax = rowsMax
  }

  add(name: string, column: Column, by = 1): void {
    const row = this.#rowOf(name)
    row[column] = exactSum(row[column], by)
  }

  #rowOf(name: string): Record<Column, number> {
    const known = this.#rows.get(name)
    if (known !== undefined) return known
    if (this.#rows.size >= this.#rowsMax && name !== FURTHER) return this.#rowOf(FURTHER)
    const row = Object.fromEntries(this.#columns.map((column) => [column, 0])) as Record<Column, number>
    this.#rows.set(name, row)
    return row
  }

  /** All rows by name, in the order of the names. */
  sorted(): readonly (readonly [string, Readonly<Record<Column, number>>])[] {
    return [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** All rows, those first that have most of a column. */
  ranked(by: Column): readonly (readonly [string, Readonly<Record<Column, number>>])[] {
    return [...this.sorted()].sort(([, a], [, b]) => b[by] - a[by])
  }
}
