/** Numbers, times and names in words for people. Whatever came from a log is made plain text here. */

/** Longer than any name that a person would read; the rest is cut off, with a mark. */
const TEXT_CHARS_MAX = 80

/**
 * Control characters, line ends, marks that turn the direction of text, invisible characters, halves of characters.
 */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/gu

/** A name of the log's as one short line of visible text. */
export function plain(text: string): string {
  const characters = [...text.slice(0, 2 * TEXT_CHARS_MAX + 2).replace(UNSHOWABLE, '\ufffd')]
  return characters.length > TEXT_CHARS_MAX
    ? `${characters.slice(0, TEXT_CHARS_MAX - 1).join('')}…`
    : characters.join('')
}

/** `1,234`. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 job`, `1,234 jobs`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`
}

/** A share in whole per cent, which never says that something was nothing, or that a part was the whole. */
export function share(part: number, whole: number): string {
  const percent = Math.round((100 * part) / whole)
  if (part > 0 && percent === 0) return 'less than 1 %'
  return part < whole && percent === 100 ? 'more than 99 %' : `${percent} %`
}

const UNITS = [
  { ms: 86_400_000, name: 'day', many: 'days' },
  { ms: 3_600_000, name: 'h', many: 'h' },
  { ms: 60_000, name: 'min', many: 'min' },
  { ms: 1000, name: 's', many: 's' },
] as const

/** `350 ms`, `1.8 s`, `12 min`, `5.5 h`, `3 days`: two digits say enough. */
export function durationText(ms: number): string {
  // What would round to 1,000 ms or 60 min is told in the next unit.
  const unit = UNITS.find((one) => ms >= one.ms * 0.9995)
  if (unit === undefined) return `${Math.round(ms)} ms`
  const tenths = Math.round((ms / unit.ms) * 10)
  const isFine = tenths < 100 && tenths % 10 !== 0
  const value = isFine ? (tenths / 10).toFixed(1) : countText(Math.round(ms / unit.ms))
  return `${value} ${value === '1' ? unit.name : unit.many}`
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const

const nameOfMonth = (digits: string): string => MONTHS[Number(digits) - 1] ?? ''

/** `31 March 2026` for `2026-03-31`, `March 2026` for `2026-03`. */
export function dateWords(date: string): string {
  const [year = '', month = '', day] = date.split('-')
  const words = `${nameOfMonth(month)} ${year}`
  return day === undefined ? words : `${Number(day)} ${words}`
}

/** `Mar` for `2026-03`. */
export function monthAbbreviation(month: string): string {
  return nameOfMonth(month.slice(5, 7)).slice(0, 3)
}

/** `A`, `A and B`, `A, B and C`. */
export function listed(items: readonly string[], last = 'and'): string {
  if (items.length < 2) return items.join('')
  return `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)}`
}

/** With a capital at its beginning, for a sentence or a heading. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
