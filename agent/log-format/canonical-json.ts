/** Writes a JSON document in the one form of RFC 8785, so that equal documents are equal bytes. */
import { RECORD_DEPTH_MAX } from './format.ts'

/** The value has no canonical form. The message names the place and the reason. */
export class NotCanonicalError extends Error {
  override readonly name = 'NotCanonicalError'
}

/**
 * The canonical form of `value`: members sorted by UTF-16 code units, no spaces, numbers and strings as ECMAScript
 * writes them. A member that is `undefined` is left out, as JSON does. Refused with `NotCanonicalError`: what JSON
 * cannot hold (NaN, infinities, lone surrogates, functions, class instances), and nesting beyond the limit.
 */
export function canonicalJson(value: unknown): string {
  return write(value, '', 1)
}

/** `depth` is that of the brackets around the value's members, if it has any: 1 for the document itself. */
function write(value: unknown, path: string, depth: number): string {
  switch (typeof value) {
    case 'boolean':
      return String(value)
    case 'number':
      if (!Number.isFinite(value)) throw refusal(path, `is the number ${value}`)
      return JSON.stringify(value)
    case 'string':
      return writeString(value, path)
    case 'object':
      if (value === null) return 'null'
      if (depth > RECORD_DEPTH_MAX) throw refusal(path, `is nested deeper than ${RECORD_DEPTH_MAX} levels`)
      return Array.isArray(value) ? writeArray(value, path, depth) : writeObject(value, path, depth)
    default:
      throw refusal(path, `is of type ${typeof value}`)
  }
}

function writeString(value: string, path: string): string {
  // UTF-8 has no form for half of a surrogate pair: two different strings would become the same bytes.
  if (/\p{Surrogate}/u.test(value)) throw refusal(path, 'holds half a surrogate pair')
  return JSON.stringify(value)
}

function writeArray(items: readonly unknown[], path: string, depth: number): string {
  return `[${Array.from(items, (item, i) => write(item, `${path}[${i}]`, depth + 1)).join(',')}]`
}

function writeObject(value: object, path: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw refusal(path, 'is not a plain object')
  const members: string[] = []
  // Array.prototype.sort compares UTF-16 code units, which is the order RFC 8785 asks for.
  for (const [name, member] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (member === undefined) continue
    const place = path === '' ? name : `${path}.${name}`
    members.push(`${writeString(name, place)}:${write(member, place, depth + 1)}`)
  }
  return `{${members.join(',')}}`
}

function refusal(path: string, what: string): NotCanonicalError {
  return new NotCanonicalError(`\`${path}\` ${what}, which a record cannot hold`)
}
