/**
 * The claims of a token, read once and strictly into a Licence. Every claim the schema knows is enforced; any other is
 * refused, because what is not understood may be the limit the issuer cared about most.
 */
import { z } from 'zod'
import { DIGEST_FORMS, LICENCE_TIERS, type Licence } from './licence.ts'
import { PLAIN_TEXT, quoteInput, showInput } from './plain-text.ts'
import { type Refused, refuse } from './refusal.ts'
import { parseStrictJson } from './strict-json.ts'

/** The version of the claims below. A change that an older reader would misjudge gets the next number. */
export const CLAIMS_VERSION = 1

/** Who a licence token speaks to; a token made for another kind of reader is not read. */
export const LICENCE_AUDIENCE = 'portcullis'

/** Long enough for a name and an address, short enough for one line of a decision. */
const TEXT_CHARS_MAX = 200

/** A sentence of the schema library, with what it quotes. */
const PROBLEM_CHARS_MAX = 160

/** Above any real grant, and far from where counting in floating point would lose a copy. */
const COPIES_MAX = 1_000_000

/** A workshop's worth. Larger fleets get several licences, one for each allocation of copies. */
const MACHINES_MAX = 64

/** One file for each printer model and material of a design, raw and canonical. */
const DIGESTS_MAX = 32

/** 9999-12-31T23:59:59Z: the last second that prints as a four-digit year. */
const TIME_SECONDS_MAX = 253_402_300_799

/**
 * An issuer is an https URI with a lower-case host name, so that name constraints on its certificates bind and one
 * issuer has one spelling. Nothing is ever fetched from it.
 */
const ISSUER_URI = /^https:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?:\/[A-Za-z0-9._~/-]*)?$/

/** Lower case only: two spellings of one id would be two counters of copies. */
const LICENCE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Names for designs and machines. No `*`: a licence names its machines one by one. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:@/+-]*$/

const SHA256_HEX = /^[0-9a-f]{64}$/

export const textSchema = z
  .string()
  .min(1)
  .max(TEXT_CHARS_MAX)
  .regex(PLAIN_TEXT, 'must be one line of visible text')
export const nameSchema = z
  .string()
  .min(1)
  .max(TEXT_CHARS_MAX)
  .regex(NAME, 'must start with a letter or digit and hold only letters, digits and . _ : @ / + -')
export const issuerUriSchema = z
  .string()
  .max(TEXT_CHARS_MAX)
  .regex(ISSUER_URI, 'must be an https URI with a lower-case host name')
export const licenceIdSchema = z.string().regex(LICENCE_ID, 'must be a lower-case UUID')
export const copiesSchema = z.int().min(1).max(COPIES_MAX)
export const machinesSchema = z
  .array(nameSchema)
  .min(1)
  .max(MACHINES_MAX)
  .refine((ids) => new Set(ids).size === ids.length, 'must not name a machine twice')
export const digestFormSchema = z.enum(DIGEST_FORMS)
export const sha256Schema = z.string().regex(SHA256_HEX, 'must be 64 lower-case hexadecimal digits')

const timeSchema = z.int().min(0).max(TIME_SECONDS_MAX)

const claimsSchema = z
  .strictObject({
    iss: issuerUriSchema,
    sub: textSchema,
    aud: z.literal(LICENCE_AUDIENCE),
    jti: licenceIdSchema,
    iat: timeSchema,
    nbf: timeSchema,
    exp: timeSchema,
    ver: z.literal(CLAIMS_VERSION),
    tier: z.enum(LICENCE_TIERS),
    design: z.strictObject({
      id: nameSchema,
      rev: nameSchema,
      title: textSchema.optional(),
      digests: z
        .array(z.strictObject({ alg: z.literal('sha-256'), form: digestFormSchema, value: sha256Schema }))
        .min(1)
        .max(DIGESTS_MAX),
    }),
    grant: z.strictObject({ copies: copiesSchema }),
    machines: z
      .array(z.strictObject({ id: nameSchema }))
      .min(1)
      .max(MACHINES_MAX)
      .refine(
        (list) => new Set(list.map(({ id }) => id)).size === list.length,
        'must not name a machine twice',
      ),
  })
  .refine(({ nbf, exp }) => nbf < exp, { path: ['exp'], error: 'must be later than `nbf`' })
  .refine(({ iat, exp }) => iat < exp, { path: ['exp'], error: 'must be later than `iat`' })

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

/** Puts the first problem a schema found into one clause: ``claim `grant.copies`: too small: expected number...``. */
export function describeIssue(noun: string, issues: readonly z.core.$ZodIssue[]): string {
  const issue = issues[0]
  if (issue === undefined) return `${noun} is not understood`
  // The schema's sentence can quote the input, as in an unknown key.
  const problem = showInput(issue.message.charAt(0).toLowerCase() + issue.message.slice(1), PROBLEM_CHARS_MAX)
  const where = issue.path.length === 0 ? noun : `${noun} ${quoteInput(issue.path.map(String).join('.'))}`
  return `${where}: ${problem}`
}

function toLicence(claims: LicenceClaims): Licence {
  return {
    id: claims.jti,
    issuer: claims.iss,
    licensee: claims.sub,
    tier: claims.tier,
    design: {
      id: claims.design.id,
      revision: claims.design.rev,
      title: claims.design.title,
      digests: claims.design.digests.map(({ form, value }) => ({ form, sha256: value })),
    },
    copies: claims.grant.copies,
    machines: claims.machines.map(({ id }) => id),
    issuedAtMs: claims.iat * 1000,
    notBeforeMs: claims.nbf * 1000,
    expiresAtMs: claims.exp * 1000,
  }
}
