/** An issuer's word that a copy of its licence does not count: a print that failed, or one whose end nobody knows. */
import { z } from 'zod'
import { type Refused, reasonOf, refuse } from '../token/index.ts'
import type { Trust } from '../trust/index.ts'
import { uuidSchema } from './claim-parts.ts'
import { issuedClaims, readIssued } from './issued-token.ts'
import { licenceKey } from './licence.ts'

const refundSchema = z.strictObject({ ...issuedClaims, copy: uuidSchema })

/** The claims as they stand in the token. */
export type RefundClaims = z.infer<typeof refundSchema>

/** A refund whose signature holds. That it is used once, and fits a copy that is on record, is the caller's business. */
export interface Refund {
  readonly id: string
  /** Whose copy: the key of the issuer's own licence, see `licenceKey`. */
  readonly licenceKey: string
  readonly issuer: string
  /** The anchor under which it was signed: a copy is refunded by the issuer that licensed it. */
  readonly anchorSha256: string
  readonly machineId: string
  /** Id of the copy, which is that of its job. */
  readonly copyId: string
  readonly issuedAtMs: number
  /** SHA-256 of the compact token, 64 lower-case hexadecimal digits. */
  readonly sha256: string
}

/** Reads and verifies a refund. Whatever is wrong with it is `refund-unusable`, with the reason in its message. */
export async function readRefund(
  compact: string,
  trust: Trust,
  nowMs: number,
): Promise<{ readonly ok: true; readonly refund: Refund } | Refused> {
  const read = await readIssued(compact, 'refund', refundSchema, trust, nowMs)
  if (!read.ok) return refuse('refund-unusable', reasonOf(read))
  const { iss, jti, iat, licence, machine, copy } = read.claims
  return {
    ok: true,
    refund: {
      id: jti,
      licenceKey: licenceKey({ issuer: iss, id: licence }),
      issuer: iss,
      anchorSha256: read.token.issuer.anchorSha256,
      machineId: machine,
      copyId: copy,
      issuedAtMs: iat * 1000,
      sha256: read.token.sha256,
    },
  }
}
