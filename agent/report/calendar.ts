/**
 * Days, months, quarters and years of a report. All of them are UTC: a month of one report is that of every other.
 */
import { AgentError } from '../errors.ts'

/** Twelve times the year, and the month of it from 0: months next to each other are numbers next to each other. */
export type Month = number

export const DAY_MS = 86_400_000
export const HOUR_MS = 3_600_000

/** From the first moment on, and before the other; null where the report is not bounded on that side. */
export interface Period {
  readonly fromMs: number | null
  readonly toMs: number | null
}

const DATE = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/
/** What a person gives for a date is shown back up to here. */
const SHOWN_CHARS_MAX = 40

/**
 * Reads what a person gives for `--from` and `--to`: days (`2026-03-31`) or months (`2026-03`), both of them
 * included. Refused with USAGE: anything else, and a period that ends before it begins.
 */
export function parsePeriod(from: string | undefined, to: string | undefined): Period {
  const period = {
    fromMs: from === undefined ? null : parseDate(from).startMs,
    toMs: to === undefined ? null : parseDate(to).endMs,
  }
  if (period.fromMs !== null && period.toMs !== null && period.fromMs >= period.toMs)
    throw new AgentError('USAGE', `the period ends before it begins: from \`${from}\` to \`${to}\``)
  return period
}

function parseDate(text: string): { readonly startMs: number; readonly endMs: number } {
  const [, year, month, day] = DATE.exec(text) ?? []
  const isMonth = day === undefined
  const startMs = Date.parse(`${year}-${month}-${day ?? '01'}T00:00:00.000Z`)
  // JavaScript reads 31 February as 3 March.
  if (Number.isNaN(startMs) || !new Date(startMs).toISOString().startsWith(text))
    throw new AgentError(
      'USAGE',
      `date \`${text.slice(0, SHOWN_CHARS_MAX)}\` is neither a day such as \`2026-03-31\` nor a month such as \`2026-03\``,
    )
  return { startMs, endMs: isMonth ? startOfMonth(monthAt(startMs) + 1) : startMs + DAY_MS }
}

export function isWithin({ fromMs, toMs }: Period, atMs: number): boolean {
  return (fromMs === null || atMs >= fromMs) && (toMs === null || atMs < toMs)
}

/** Whether the period begins and ends where months do. */
export function isOfWholeMonths({ fromMs, toMs }: Period): boolean {
  return [fromMs, toMs].every((ms) => ms === null || startOfMonth(monthAt(ms)) === ms)
}

/** The month of a record's `at`. */
export function monthOf(at: string): Month {
  return Number(at.slice(0, 4)) * 12 + Number(at.slice(5, 7)) - 1
}

export function monthAt(ms: number): Month {
  const date = new Date(ms)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

export function startOfMonth(month: Month): number {
  const date = new Date(0)
  // Date.UTC takes the years below 100 for those of the last century.
  date.setUTCFullYear(Math.floor(month / 12), month % 12, 1)
  return date.getTime()
}

/** `2026-03`. */
export function monthText(month: Month): string {
  return `${yearText(Math.floor(month / 12))}-${String((month % 12) + 1).padStart(2, '0')}`
}

/** `2026-Q1`, for the quarter that is so many quarters after the year 0. */
export function quarterText(quarter: number): string {
  return `${yearText(Math.floor(quarter / 4))}-Q${(quarter % 4) + 1}`
}

export function yearText(year: number): string {
  return String(year).padStart(4, '0')
}

/** `2026-03-31`. */
export function dayText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

const WEEKDAYS: readonly string[] = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
export const WEEK_HOURS = 7 * 24

/** Tells the hour of the week at one place: 0 is Monday from midnight to one o'clock. */
export class WeekClock {
  readonly #format: Intl.DateTimeFormat

  /** Refused with USAGE: a time zone that nobody knows. */
  constructor(timeZone: string) {
    try {
      this.#format = new Intl.DateTimeFormat('en-GB', {
        timeZone,
        weekday: 'short',
        hour: '2-digit',
        hourCycle: 'h23',
      })
    } catch (cause) {
      const shown = timeZone.slice(0, SHOWN_CHARS_MAX)
      throw new AgentError('USAGE', `time zone \`${shown}\` is not known; one such as \`Europe/Berlin\` is`, {
        cause,
      })
    }
  }

  hourOfWeek(ms: number): number {
    const parts = this.#format.formatToParts(ms)
    const partOf = (type: string): string => parts.find((part) => part.type === type)?.value ?? ''
    const day = WEEKDAYS.indexOf(partOf('weekday'))
    return day * 24 + Number(partOf('hour'))
  }
}
