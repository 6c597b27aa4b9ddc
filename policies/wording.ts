/** How numbers and other people's words stand in a message. Cold: only for objections. */

/** Digits after the point that a person wants to read, unless two numbers need more to be told apart. */
const PLACES = 3
/**
 * A millionth of a millimetre is nothing to a printer, and JavaScript writes less than that with an exponent.
 */
const PLACES_MAX = 6
/** Characters of somebody's text that a message quotes: enough to recognise it. */
const QUOTED_CHARS_MAX = 40

/**
 * A value and the limit that it breaks, with their unit, in as many digits as it takes for them to differ.
 */
export function valueAndLimit(
  value: number,
  limit: number,
  unit: string,
): { readonly value: string; readonly limit: string } {
  let places = PLACES
  while (places < PLACES_MAX && rounded(value, places) === rounded(limit, places)) places++
  return { value: `${rounded(value, places)} ${unit}`, limit: `${rounded(limit, places)} ${unit}` }
}

/** A number with its unit: `260 °C`, `0.25 mm`. */
export function inUnit(value: number, unit: string): string {
  return `${rounded(value, PLACES)} ${unit}`
}

function rounded(value: number, places: number): number {
  const number = Number(value.toFixed(places))
  return number === 0 ? 0 : number
}

/** Text from a file or a person in backticks: one line, printable, cut where it is long. */
export function quoted(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]|`/g, '?')
  const cut = printable.length > QUOTED_CHARS_MAX ? `${printable.slice(0, QUOTED_CHARS_MAX)}…` : printable
  return `\`${cut}\``
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[], last: 'and' | 'or' = 'and'): string {
  if (words.length <= 1) return words.join('')
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}
