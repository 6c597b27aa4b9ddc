/** Nobody prints around the gate in a run: the printer's counters never grow by more than what it was sent. */

import type { GateRecord, SessionRecord } from '../../agent/core/index.ts'

/** The printer tells its filament to 10 mm, and so does the reading before. */
const ROUNDING_MM = 10

type AnyRecord = GateRecord | SessionRecord

/** One sentence for each reading that what was sent does not explain. */
export function unexplained(records: readonly AnyRecord[]): string[] {
  const broken: string[] = []
  let before: number | null = null
  let sentMm = 0
  for (const { printer, sent } of records.filter(isOdometer)) {
    sentMm += sent.filamentMm
    if (printer === null) continue
    const grownMm = printer.filamentMm - (before ?? printer.filamentMm)
    if (grownMm > sentMm + ROUNDING_MM)
      broken.push(`the printer used ${grownMm} mm, and was sent ${sentMm} mm`)
    before = printer.filamentMm
    sentMm = 0
  }
  return broken
}

export function isOdometer<R extends AnyRecord>(record: R): record is Extract<R, { kind: 'odometer' }> {
  return record.kind === 'odometer'
}
