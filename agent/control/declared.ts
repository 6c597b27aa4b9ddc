/**
 * What whoever starts a job says of it: nobody can measure what is loaded, what a part is for, or who gets it. It is held
 * against the licence and the screening lists, and stands on record as theirs. Checked where it comes in.
 */
import { z } from 'zod'
import { personProblem } from './person.ts'

const TEXT_CHARS_MAX = 200

/** One line, nothing in it steers a terminal. */
const words = z.string().superRefine((text, { addIssue }) => {
  const problem = wordsProblem(text)
  if (problem !== undefined) addIssue({ code: 'custom', message: problem })
})

function wordsProblem(text: string): string | undefined {
  if (text.length > TEXT_CHARS_MAX) return `has more than ${TEXT_CHARS_MAX} characters`
  if (text.trim() === '') return 'is blank'
  return /[\p{C}\p{Zl}\p{Zp}]/u.test(text) ? 'has characters that cannot be shown' : undefined
}

const person = z.string().superRefine((name, { addIssue }) => {
  const problem = personProblem(name)
  if (problem !== undefined) addIssue({ code: 'custom', message: problem })
})

export interface Declared {
  readonly role?: string
  readonly material?: {
    readonly type: string
    readonly vendor?: string
    readonly lot?: string
    readonly tag?: string
  }
  readonly endUse?: string
  /** ISO 3166-1 alpha-2, in capitals. */
  readonly destination?: string
  readonly endUser?: string
}

export const declaredSchema: z.ZodType<Declared> = z.strictObject({
  role: words.exactOptional(),
  material: z
    .strictObject({
      type: words,
      vendor: words.exactOptional(),
      lot: words.exactOptional(),
      tag: words.exactOptional(),
    })
    .exactOptional(),
  endUse: words.exactOptional(),
  destination: z
    .string()
    .regex(/^[A-Z]{2}$/, 'is not a country code of two capitals (ISO 3166-1), such as DE')
    .exactOptional(),
  endUser: person.exactOptional(),
})
