/**
 * What a report says of the log that it was made from, so that anybody who holds the same head can count its records.
 */
import type { ReportFrame } from './report-frame.ts'
import type { Table } from './section.ts'
import { counted, plain, share } from './words.ts'

export function logTable({ log, records, madeAt }: ReportFrame): Table {
  return {
    id: 'log',
    caption: 'The log that this report covers',
    columns: ['what', 'value'],
    rows: [
      ['origin', plain(log.origin)],
      ['size', log.size],
      ['root', plain(log.root)],
      ['first record', records.first],
      ['last record', records.last],
      ['report made', madeAt],
    ],
  }
}

/** How much of the log witnesses have seen. */
export function witnessWords({ log }: ReportFrame, witnessedSize: number): string {
  if (log.size === 0) return 'The log is empty.'
  if (witnessedSize === 0)
    return 'No witness outside has cosigned this log: whoever holds its keys could have written another.'
  const seen = Math.min(witnessedSize, log.size)
  return `Witnesses outside have cosigned ${counted(seen, 'record')} of ${counted(log.size, 'record')} (${share(seen, log.size)}): these cannot be changed without their notice.`
}
