/** What an authority states, as a file: a recognition of another regime, or a screening list. */
import { z } from 'zod'
import { uuidSchema } from '../licence/index.ts'
import { dateSchema } from './order-words.ts'

/** The format of such a file, the number behind its first key. */
const STATEMENT_FORMAT = 1

/** The schema of a file: its first key, which says what it is, until when it holds, and the claims that it brings. */
export function statementFileSchema<S extends z.ZodRawShape>(what: string, shape: S) {
  const head = {
    [what]: z.literal(STATEMENT_FORMAT),
    id: uuidSchema.optional(),
    expires: dateSchema,
  } as { id: z.ZodOptional<typeof uuidSchema>; expires: typeof dateSchema }
  return z.strictObject({ ...head, ...shape })
}
