/** The incidents of a whole log: those on record, and those that a replay finds and nobody has put on record. */

import type { Finding, LogEntry } from './finding.ts'
import { findingOfRecord, IncidentWatch } from './watch.ts'

/** More are not listed, and the latest are the ones that matter. */
const LISTED_MAX = 1000
/** Of one incident, the latest. */
const EXPORTS_MAX = 16

/** One that left the machine, or was to. */
export interface Export {
  readonly to: 'person' | 'file' | 'syslog' | 'http'
  readonly isSent: boolean
}

export interface ListedIncident {
  /** Index of the record that tells of it; null where there is none. */
  readonly index: number | null
  readonly finding: Finding
  readonly exports: readonly Export[]
}

export interface IncidentList {
  /** Of the log, from its first record; null where the entries begin later. */
  readonly origin: string | null
  /** In the order in which they were raised, the latest 1,000. */
  readonly incidents: readonly ListedIncident[]
  /** How many came before those. */
  readonly leftOut: number
}

type Item = { -readonly [K in keyof ListedIncident]: ListedIncident[K] }

/** Reads entries of a log in order. Memory is bounded however long it is. */
export async function listIncidents(entries: AsyncIterable<LogEntry>): Promise<IncidentList> {
  const watch = new IncidentWatch({ perHourMax: null })
  let items: Item[] = []
  let leftOut = 0
  let origin: string | null = null
  for await (const { index, record } of entries) {
    if (record.kind === 'log-opened') origin = record.origin
    for (const finding of watch.take({ index, record })) items.push({ index: null, finding, exports: [] })
    if (record.kind === 'incident') items = recorded(items, index, record)
    if (record.kind === 'incident-exported') {
      const item = items.findLast((one) => one.index === record.incident)
      if (item !== undefined)
        item.exports = [...item.exports, { to: record.to, isSent: record.isSent }].slice(-EXPORTS_MAX)
    }
    if (items.length > 2 * LISTED_MAX) {
      leftOut += items.length - LISTED_MAX
      items = items.slice(-LISTED_MAX)
    }
  }
  leftOut += Math.max(0, items.length - LISTED_MAX)
  return { origin, incidents: items.slice(-LISTED_MAX), leftOut }
}

type StoredIncident = Extract<LogEntry['record'], { kind: 'incident' }>

/** A record of an incident takes the place of what the replay found for it. */
function recorded(items: readonly Item[], index: number, record: StoredIncident): Item[] {
  const { uid, severity, count, last } = record
  const isUpdate = items.some((one) => one.index !== null && one.finding.uid === uid)
  const found = items.findLast((one) => one.finding.uid === uid)?.finding
  const finding =
    found === undefined
      ? findingOfRecord(record, isUpdate)
      : { ...found, severity, count, last, lastAt: last === found.last ? found.lastAt : record.at, isUpdate }
  const others = items.filter((one) => one.index !== null || one.finding.uid !== uid)
  return [...others, { index, finding, exports: [] }]
}
