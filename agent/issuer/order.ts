/** What an issuer is asked for, before it is a licence. Checked as strictly as the token it becomes. */
import { z } from 'zod'
import {
  copiesSchema,
  type DesignDigest,
  digestFormSchema,
  nameSchema,
  sha256Schema,
  textSchema,
  uuidSchema,
} from '../licence/index.ts'
import { LICENCE_TIERS, type LicenceTier } from '../trust/index.ts'

/** The schema of an order, for those who read one from a file or from flags. */
export const orderSchema = z.strictObject({
  id: uuidSchema.optional().describe('The licence id, a lower-case UUID. Left out: a random one.'),
  licensee: textSchema.describe('Who may print.'),
  tier: z.enum(LICENCE_TIERS).describe('How closely the design is held.'),
  design: z.strictObject({
    id: nameSchema.describe("The issuer's name for the design."),
    revision: nameSchema.describe('Its revision.'),
    title: textSchema.optional().describe('What people call it.'),
    digests: z
      .array(z.strictObject({ form: digestFormSchema, sha256: sha256Schema }))
      .min(1)
      .describe('The files that are this design: any one of them may be printed.'),
  }),
  copies: copiesSchema.describe('How many may be printed in total.'),
  machines: z.array(nameSchema).min(1).describe('The identities of the machines that may print it.'),
  notBeforeMs: z.int().min(0).optional().describe('First instant of use, in ms since 1970. Left out: now.'),
  expiresAtMs: z.int().min(0).describe('First instant after use, in ms since 1970.'),
})

/** An order for one licence, as a program writes it. */
export interface LicenceOrder {
  readonly id?: string | undefined
  readonly licensee: string
  readonly tier: LicenceTier
  readonly design: {
    readonly id: string
    readonly revision: string
    readonly title?: string | undefined
    readonly digests: readonly DesignDigest[]
  }
  readonly copies: number
  readonly machines: readonly string[]
  readonly notBeforeMs?: number | undefined
  readonly expiresAtMs: number
}
