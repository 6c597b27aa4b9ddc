/**
 * The small tokens beside a licence, allocations and refunds: signed by its issuer as the licence is, for one machine.
 * A signer that was revoked here signs none, whenever it did: other than a licence they are quickly signed again.
 */
import { z } from 'zod'
import {
  describeIssue,
  parseStrictJson,
  quoteInput,
  type Refused,
  refuse,
  type TokenKind,
  type VerifiedToken,
  verifyToken,
} from '../token/index.ts'
import { revocationOf, type Trust } from '../trust/index.ts'
import { issuerUriSchema, nameSchema, timeSchema, uuidSchema } from './claim-parts.ts'
import { CLAIMS_VERSION, LICENCE_AUDIENCE } from './claims.ts'

/** What they all claim: of which licence of their issuer they speak, and for which machine. */
export const issuedClaims = {
  iss: issuerUriSchema,
  aud: z.literal(LICENCE_AUDIENCE),
  jti: uuidSchema,
  iat: timeSchema,
  ver: z.literal(CLAIMS_VERSION),
  licence: uuidSchema,
  machine: nameSchema,
}

interface Issued {
  readonly iss: string
}

/** Verifies one such token and reads its claims with their schema. */
export async function readIssued<C extends Issued>(
  compact: string,
  kind: TokenKind,
  schema: z.ZodType<C>,
  trust: Trust,
  nowMs: number,
): Promise<{ readonly ok: true; readonly claims: C; readonly token: VerifiedToken } | Refused> {
  const verified = await verifyToken(compact, kind, trust.anchorsPem, nowMs)
  if (!verified.ok) return verified
  const { issuer, payload } = verified.token
  const revoked = revocationOf(trust, issuer)
  if (revoked !== undefined) return refuse('issuer-revoked', revoked.label)
  const json = parseStrictJson(payload)
  if (!json.ok) return refuse('malformed', `payload: ${json.problem}`)
  const parsed = schema.safeParse(json.value)
  if (!parsed.success) return refuse('malformed', describeIssue('claim', parsed.error.issues))
  const claims = parsed.data
  if (claims.iss !== issuer.uri) {
    const what = `${kind} says it is from ${quoteInput(claims.iss)}, its certificate is for ${quoteInput(issuer.uri)}`
    return refuse('issuer-not-allowed', what, claims.iss, issuer.uri)
  }
  return { ok: true, claims, token: verified.token }
}
