/** Dates and spans of time as people write them in an order. */
import { z } from 'zod'

const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/
const DATE_WANTED = 'must be a date such as 2027-06-30 or 2027-06-30T12:00:00Z'

const SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  second: 1,
  min: 60,
  minute: 60,
  h: 3600,
  hour: 3600,
  day: 86_400,
  week: 7 * 86_400,
}
/** What is longer than this number of anything is no span that a licence can have. */
const SPAN = /^(\d{1,9}) ?(s|min|h|(?:second|minute|hour|day|week)s?)$/
const SPAN_WANTED = 'must be a span of time such as 90 days, 2 weeks, 6 h or 30 min'

const DAY_SECONDS = 86_400

/** The instant that a date means, in ms since 1970, or undefined where it is none. A day is its beginning in UTC, so that it means the same everywhere. */
export function dateMs(text: string): number | undefined {
  if (!DATE.test(text)) return undefined
  const timeMs = Date.parse(text)
  // The parser takes February 30 for March 2.
  const isDay = Number.isFinite(timeMs) && new Date(timeMs).toISOString().startsWith(text.slice(0, 10))
  // Tokens count from 1970.
  return isDay && timeMs >= 0 ? timeMs : undefined
}

/** A date, as ms since 1970. */
export const dateSchema = z.string().transform((text, context) => {
  const timeMs = dateMs(text)
  if (timeMs !== undefined) return timeMs
  context.addIssue({ code: 'custom', message: DATE_WANTED })
  return z.NEVER
})

/** A span of time, as seconds. */
export const spanSchema = z.string().transform((text, context) => {
  const [, count, unit = ''] = SPAN.exec(text) ?? []
  const unitSeconds = SECONDS[unit] ?? SECONDS[unit.replace(/s$/, '')]
  if (count !== undefined && unitSeconds !== undefined) return Number(count) * unitSeconds
  context.addIssue({ code: 'custom', message: SPAN_WANTED })
  return z.NEVER
})

/** A span of whole days, as days. */
export const daysSpanSchema = spanSchema.transform((seconds, context) => {
  if (seconds % DAY_SECONDS === 0 && seconds > 0) return seconds / DAY_SECONDS
  context.addIssue({ code: 'custom', message: 'must be a number of whole days, such as 30 days or 2 weeks' })
  return z.NEVER
})
