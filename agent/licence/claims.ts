/**
 * The claims of a token, read once and strictly into a Licence. Every claim the schema knows is enforced; any other is
 * refused, because what is not understood may be the limit the issuer cared about most.
 */
import { z } from 'zod'
import { describeIssue, parseStrictJson, type Refused, refuse } from '../token/index.ts'
import {
  appealSchema,
  assuranceSchema,
  delegateSchema,
  designSchema,
  endUseSchema,
  exemptSchema,
  grantSchema,
  issuerUriSchema,
  limitsSchema,
  machinesSchema,
  materialsSchema,
  obligationsSchema,
  operatorsSchema,
  sha256Schema,
  sliceSchema,
  statusSchema,
  textSchema,
  tierSchema,
  timeSchema,
  uuidSchema,
} from './claim-parts.ts'
import type { Licence } from './licence.ts'
import { toLicence } from './to-licence.ts'

/** The version of the claims below. A change that an older reader would misjudge gets the next number. */
export const CLAIMS_VERSION = 1

/** Who a licence token speaks to; a token made for another kind of reader is not read. */
export const LICENCE_AUDIENCE = 'portcullis'

export const claimsSchema = z
  .strictObject({
    iss: issuerUriSchema,
    sub: textSchema,
    aud: z.literal(LICENCE_AUDIENCE),
    jti: uuidSchema,
    iat: timeSchema,
    nbf: timeSchema,
    exp: timeSchema,
    ver: z.literal(CLAIMS_VERSION),
    tier: tierSchema,
    design: designSchema,
    slice: sliceSchema.optional(),
    grant: grantSchema,
    machines: machinesSchema,
    materials: materialsSchema.optional(),
    operators: operatorsSchema.optional(),
    limits: limitsSchema.optional(),
    end_use: endUseSchema.optional(),
    exempt: exemptSchema.optional(),
    obligations: obligationsSchema.optional(),
    assurance: assuranceSchema.optional(),
    status: statusSchema.optional(),
    delegate: delegateSchema.optional(),
    /** Of a sub-licence: the SHA-256 of its parent's compact token. */
    prt: sha256Schema.optional(),
    appeal: appealSchema.optional(),
    sunset: timeSchema.optional(),
    drill: z.literal(true).optional(),
  })
  .refine(({ nbf, exp }) => nbf < exp, { path: ['exp'], error: 'must be later than `nbf`' })
  .refine(({ iat, exp }) => iat < exp, { path: ['exp'], error: 'must be later than `iat`' })
  // Machines that are out of touch each make their share: shares above the total would be copies above it.
  .refine(
    ({ grant, machines }) => machines.reduce((sum, { copies = 0 }) => sum + copies, 0) <= grant.copies,
    { path: ['machines'], error: 'must not have shares that add up to more than `grant.copies`' },
  )

/** The claims as they stand in the token. */
export type LicenceClaims = z.infer<typeof claimsSchema>

/** Reads the payload of a token. That it is signed is somebody else's business. */
export function readClaims(payload: Uint8Array): { readonly ok: true; readonly licence: Licence } | Refused {
  const json = parseStrictJson(payload)
  if (!json.ok) return refuse('malformed', `payload: ${json.problem}`)
  const version = readVersion(json.value)
  // Said first: a later version's claims would otherwise be reported as a list of mistakes.
  if (typeof version === 'number' && version !== CLAIMS_VERSION) {
    return refuse('unsupported-claim', `ver: ${version}`)
  }
  const parsed = claimsSchema.safeParse(json.value)
  if (!parsed.success) return refuseIssues(parsed.error.issues)
  return { ok: true, licence: toLicence(parsed.data) }
}

function readVersion(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'ver' in value ? value.ver : undefined
}

function refuseIssues(issues: readonly z.core.$ZodIssue[]): Refused {
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      return refuse('unsupported-claim', [...issue.path.map(String), issue.keys[0] ?? ''].join('.'))
    }
  }
  return refuse('malformed', describeIssue('claim', issues))
}
