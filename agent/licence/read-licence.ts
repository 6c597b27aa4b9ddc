/** What a token claims, for people who want to look at it. Nothing is verified, and the types say so. */
import { openToken, quoteInput, type Refused, refuse } from '../token/index.ts'
import { openBundle, SUBLICENCE_TYPE, tokenType } from './bundle.ts'
import { readClaims } from './claims.ts'
import type { Licence } from './licence.ts'
import { openSublicence } from './sublicence.ts'

/** A reading that nobody vouches for: never the ground of a decision. */
export type UnverifiedResult = { readonly ok: true; readonly unverified: Licence } | Refused

/** Reads a token without checking who signed it, whether it is current, or what it is for. Never throws. */
export function readLicence(token: string): UnverifiedResult {
  try {
    const bundle = openBundle(token)
    if (!bundle.ok) return bundle
    const [compact = ''] = bundle.bundle.licences
    const opened = tokenType(compact) === SUBLICENCE_TYPE ? openSublicence(compact) : openIssued(compact)
    if (!opened.ok) return opened
    const claims = readClaims(opened.payload)
    return claims.ok ? { ok: true, unverified: claims.licence } : claims
  } catch (error) {
    return refuse('check-failed', error instanceof Error ? quoteInput(error.message) : 'no reason given')
  }
}

function openIssued(compact: string): { readonly ok: true; readonly payload: Buffer } | Refused {
  const opened = openToken(compact)
  return opened.ok ? { ok: true, payload: opened.token.payload } : opened
}
