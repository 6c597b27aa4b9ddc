/** What an issuer signs besides licences: the payloads, as FORMAT.md of the licence room has them. */
import {
  type AllocationClaims,
  CLAIMS_VERSION,
  LICENCE_AUDIENCE,
  type RefundClaims,
} from '../licence/index.ts'

/** What every token about a licence says. */
interface About {
  readonly issuerUri: string
  readonly nowMs: number
  readonly id: string
  readonly licence: string
  readonly machine: string
}

function claimsOf({ issuerUri, nowMs, id, licence, machine }: About): Omit<AllocationClaims, 'copies'> {
  return {
    iss: issuerUri,
    aud: LICENCE_AUDIENCE,
    jti: id,
    iat: Math.floor(nowMs / 1000),
    ver: CLAIMS_VERSION,
    licence,
    machine,
  }
}

/** Gives one machine copies of a licence that several share. */
export function allocationPayload(about: About, copies: number): Buffer {
  return Buffer.from(JSON.stringify({ ...claimsOf(about), copies } satisfies AllocationClaims))
}

/** Gives one copy back that failed, or of which nobody knows whether it came to its end. */
export function refundPayload(about: About, copy: string): Buffer {
  return Buffer.from(JSON.stringify({ ...claimsOf(about), copy } satisfies RefundClaims))
}
