/** What every refusal is made of, and how it names things. */
import { quoteInput } from './plain-text.ts'

export interface Explanation {
  readonly message: string
  readonly value?: string | number
  readonly limit?: string | number
}

export const NEW_FROM_ISSUER = 'ask the issuer for a new licence'

/** More names than this make the sentence unreadable; the value and limit of the refusal hold them all. */
const LISTED_NAMES_MAX = 3

export function said(message: string, value?: string | number, limit?: string | number): Explanation {
  return { message, ...(value !== undefined && { value }), ...(limit !== undefined && { limit }) }
}

export function listInput(names: readonly string[]): string {
  const shown = names.slice(0, LISTED_NAMES_MAX).map(quoteInput).join(', ')
  const hidden = names.length - LISTED_NAMES_MAX
  return hidden > 0 ? `${shown} and ${hidden} more` : shown
}
