/**
 * Reads JSON that must be in the canonical form of RFC 8785. What `JSON.parse` makes of the text must come back from
 * `JSON.stringify` as it was: that shows white space, other spellings of numbers and strings, and names that stand twice.
 * Two things it does not show are looked at here: the order of names, and halves of surrogate pairs behind escapes.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import { RECORD_DEPTH_MAX } from '../log-format/index.ts'

const ZERO = 0x30
const NINE = 0x39

/** The value, or what is wrong with the form of the bytes. */
export function parseCanonical(bytes: Buffer): { readonly value: unknown } | 'not-json' | 'not-canonical' {
  const text = decode(bytes)
  if (text === null) return 'not-json'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'not-json'
  }
  const order = orderOf(value, 0)
  if (order === 'wrong') return 'not-canonical'
  const written = order === 'sorted' ? JSON.stringify(value) : sortedJson(value)
  if (written !== text) return 'not-canonical'
  // An escape is rare: control characters, and what has no place in UTF-8.
  if (text.includes('\\ud') && holdsHalfPair(value)) return 'not-canonical'
  return { value }
}

function decode(bytes: Buffer): string | null {
  if (isAscii(bytes)) return bytes.toString('latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : null
}

/**
 * Whether all names are in order. Names that begin with a digit may be what JavaScript puts before all others, whatever
 * the text said: then the order in the value tells nothing. Deeper than a record may nest is wrong, and ends the walk.
 */
function orderOf(value: unknown, depth: number): 'sorted' | 'unknown' | 'wrong' {
  if (typeof value !== 'object' || value === null) return 'sorted'
  if (depth === RECORD_DEPTH_MAX) return 'wrong'
  let order: 'sorted' | 'unknown' = 'sorted'
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = orderOf(item, depth + 1)
      if (found === 'wrong') return found
      if (found === 'unknown') order = found
    }
    return order
  }
  let before = ''
  const members = value as Record<string, unknown>
  for (const name of Object.keys(members)) {
    const c = name.charCodeAt(0)
    if (c >= ZERO && c <= NINE) order = 'unknown'
    else if (name < before) return 'wrong'
    else before = name
    const member = members[name]
    if (typeof member !== 'object') continue
    const found = orderOf(member, depth + 1)
    if (found === 'wrong') return found
    if (found === 'unknown') order = found
  }
  return order
}

/** RFC 8785, for values that `JSON.parse` returned and that are no deeper than a record may be. */
function sortedJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(sortedJson).join()}]`
  const members = value as Record<string, unknown>
  const names = Object.keys(members).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${sortedJson(members[name])}`).join()}}`
}

function holdsHalfPair(value: unknown): boolean {
  if (typeof value === 'string') return /\p{Surrogate}/u.test(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, member]) => holdsHalfPair(name) || holdsHalfPair(member))
}
