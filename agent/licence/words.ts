/** How the parts of a licence are said, in its description and in what is refused of it. */
import type { LicensedOperator } from './licence.ts'

export function describeMaterial(material: {
  readonly type: string
  readonly vendor?: string | undefined
  readonly lot?: string | undefined
  readonly tag?: string | undefined
}): string {
  const { type, vendor, lot, tag } = material
  return [
    type,
    ...(vendor === undefined ? [] : [`of ${vendor}`]),
    ...(lot === undefined ? [] : [`lot ${lot}`]),
    ...(tag === undefined ? [] : [`spool tag ${tag}`]),
  ].join(' ')
}

/** A person's name is not in a licence, only what it can be checked against. */
export function describeOperator(operator: LicensedOperator): string {
  return operator.kind === 'role' ? `role ${operator.role}` : 'a person named in it'
}

/** Six decimals, as the survey has them: a value that is above a limit does not read like the limit. */
export function shortNumber(value: number): string {
  return String(Math.round(value * 1e6) / 1e6)
}

export const degrees = (value: number): string => `${shortNumber(value)} °C`

export const millimetres = (value: number): string => `${shortNumber(value)} mm`

export function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

export function join(words: readonly string[], last: 'and' | 'or'): string {
  if (words.length <= 1) return words.join('')
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}
