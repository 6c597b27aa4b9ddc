/**
 * A licence that a licensee passed on: signed with the key that its own licence names, naming that licence by digest, and
 * allowing no more than it. The chain is verified from the issuer's licence inwards.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { compactVerify, errors as joseErrors } from 'jose'
import { z } from 'zod'
import {
  describeIssue,
  parseStrictJson,
  type Refused,
  refuse,
  splitCompact,
  TOKEN_KINDS,
} from '../token/index.ts'
import { SUBLICENCE_TYPE } from './bundle.ts'
import { readClaims } from './claims.ts'
import type { Licence } from './licence.ts'
import { findExcess } from './subset.ts'

/** Ed25519 (RFC 8037). Fixed, as the issuer's algorithm is. */
export const SUBLICENCE_ALGORITHM = 'EdDSA'

const headerSchema = z.strictObject({
  alg: z.literal(SUBLICENCE_ALGORITHM),
  typ: z.literal(SUBLICENCE_TYPE),
})

/** The payload of a token that has the form of a sub-licence. Nothing in it is believed yet. */
export function openSublicence(compact: string): { readonly ok: true; readonly payload: Buffer } | Refused {
  const split = splitCompact(compact, TOKEN_KINDS.licence.bytesMax)
  if (!split.ok) return split
  const json = parseStrictJson(split.header)
  if (!json.ok) return refuse('malformed', `header: ${json.problem}`)
  const parsed = headerSchema.safeParse(json.value)
  if (!parsed.success) return refuse('malformed', describeIssue('header', parsed.error.issues))
  return { ok: true, payload: split.payload }
}

/**
 * Verifies what was passed on. `licences` are compact tokens, the one that is used first and the issuer's last;
 * `outermost` is that last one, verified. Answers the whole chain in the same order.
 */
export async function verifySublicences(
  licences: readonly string[],
  outermost: Licence,
): Promise<{ readonly ok: true; readonly chain: readonly Licence[] } | Refused> {
  const chain = [outermost]
  for (let at = licences.length - 2; at >= 0; at--) {
    const [parent] = chain
    const [compact, parentCompact] = licences.slice(at)
    if (parent === undefined || compact === undefined || parentCompact === undefined) break
    const verified = await verifySublicence(compact, parent, parentCompact)
    if (!verified.ok) return verified
    chain.unshift(verified.licence)
  }
  return { ok: true, chain }
}

/** Verifies one step of the chain. */
export async function verifySublicence(
  compact: string,
  parent: Licence,
  parentCompact: string,
): Promise<{ readonly ok: true; readonly licence: Licence } | Refused> {
  const opened = openSublicence(compact)
  if (!opened.ok) return opened
  const { delegation } = parent
  if (delegation === undefined) {
    return refuse('delegation-not-allowed', `licence ${parent.id} may not be passed on`)
  }
  const signed = await checkSublicenceSignature(compact, opened.payload, toKey(delegation.key))
  if (!signed.ok) return signed
  const claims = readClaims(opened.payload)
  if (!claims.ok) return claims
  const { licence } = claims
  if (licence.parentSha256 !== sha256Hex(parentCompact)) return refuse('parent-missing')
  const excess = findExcess(licence, parent)
  return excess === undefined ? { ok: true, licence } : refuse('not-a-subset', excess)
}

function toKey(x: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

async function checkSublicenceSignature(
  compact: string,
  read: Buffer,
  key: KeyObject,
): Promise<{ readonly ok: true } | Refused> {
  try {
    const { payload } = await compactVerify(compact, key, { algorithms: [SUBLICENCE_ALGORITHM] })
    // What was verified is what will be read: both decoders saw the same bytes.
    return read.equals(payload) ? { ok: true } : refuse('bad-signature')
  } catch (error) {
    if (error instanceof joseErrors.JOSEError) return refuse('bad-signature')
    throw error
  }
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
