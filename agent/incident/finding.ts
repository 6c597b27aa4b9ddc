/**
 * What the watch finds in the records. A finding tells which rule saw something, in which records, and how often; it
 * holds numbers and our own words and nothing else, so that nobody's name, file or design can leave with it.
 */
import type { StoredRecord } from '../log-format/index.ts'

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

/** A record and its place in the log, as it is read back. */
export interface LogEntry {
  readonly index: number
  readonly record: StoredRecord
}

/** An entry with its time as a number: milliseconds since 1970 by the clock of whoever wrote it. */
export interface Moment extends LogEntry {
  readonly ms: number
}

export interface Finding {
  /** The same for the same finding, however often it is raised and the log is read: rule, form and first record. */
  readonly uid: string
  readonly rule: string
  readonly severity: Severity
  /** Indexes of the first and the last record that it is about. */
  readonly first: number
  readonly last: number
  /** What those two records say of the time. The last may lie before the first: clocks are set back. */
  readonly firstAt: string
  readonly lastAt: string
  /** How often it was seen between the two. */
  readonly count: number
  /** A sentence of ours for people: no word of it comes from a record. */
  readonly title: string
  /** Amounts that the rule measured, each named with its unit; never texts. */
  readonly measured: Readonly<Record<string, number>>
  /** It was raised before, and has grown since. */
  readonly isUpdate: boolean
}

/** Whether a severity is higher than another. */
export function isGraver(a: Severity, b: Severity): boolean {
  return SEVERITIES.indexOf(a) > SEVERITIES.indexOf(b)
}
