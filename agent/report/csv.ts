/** The tables of a report as CSV (RFC 4180), one file each. */
import type { Case } from './cases.ts'
import { documentOf } from './document.ts'
import type { Report } from './report.ts'
import type { Cell, Table } from './section.ts'

export interface CsvFile {
  /** A plain name with its ending, such as `decisions.csv`. */
  readonly name: string
  readonly text: string
}

/** One file for each table of the report, with a line of column names; what is withheld is an empty field. */
export function csvFiles(report: Report): readonly CsvFile[] {
  const { sections } = documentOf(report)
  const cases = sections.flatMap((section) => section.cases)
  const tables = [
    ...sections.flatMap((section) => section.tables),
    ...(cases.length === 0 ? [] : [caseTable(cases)]),
  ]
  return tables.map((table) => ({ name: `${table.id}.csv`, text: csvText(table) }))
}

function caseTable(cases: readonly Case[]): Table {
  return {
    id: 'cases',
    caption: 'Refusals that may be told',
    columns: ['month', 'tier', 'outcome', 'code', 'rule', 'why', 'remedy', 'appeal'],
    rows: cases.map((one) => [
      one.month,
      one.tier,
      one.outcome,
      one.code,
      one.rule,
      one.why,
      one.remedy,
      one.appeal,
    ]),
  }
}

export function csvText({ columns, rows }: Pick<Table, 'columns' | 'rows'>): string {
  const names = columns.map((column) =>
    typeof column === 'string' ? column : `${column.name} (${column.unit})`,
  )
  return [names, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('')
}

/** What a spreadsheet takes for the beginning of a formula, or for something to be dropped before one. */
const FORMULA = /^[=+\-@\t\r\n]/

function field(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  if (typeof cell === 'object') return String(cell.value)
  // An apostrophe makes text of it. Names of a log are somebody else's.
  const guarded = FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded
}
