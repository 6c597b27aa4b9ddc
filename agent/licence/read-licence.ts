/** What a token claims, for people who want to look at it. Nothing is verified, and the types say so. */
import { openToken, quoteInput, type Refused, refuse } from '../token/index.ts'
import { openBundle } from './bundle.ts'
import { readClaims } from './claims.ts'
import type { Licence } from './licence.ts'

/** A reading that nobody vouches for: never the ground of a decision. */
export type UnverifiedResult = { readonly ok: true; readonly unverified: Licence } | Refused

/** Reads a token without checking who signed it, whether it is current, or what it is for. Never throws. */
export function readLicence(token: string): UnverifiedResult {
  try {
    const bundle = openBundle(token)
    if (!bundle.ok) return bundle
    const opened = openToken(bundle.bundle.licences[0] ?? '')
    if (!opened.ok) return opened
    const claims = readClaims(opened.token.payload)
    return claims.ok ? { ok: true, unverified: claims.licence } : claims
  } catch (error) {
    return refuse('check-failed', error instanceof Error ? quoteInput(error.message) : 'no reason given')
  }
}
