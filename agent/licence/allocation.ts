/** Copies of a shared licence that its issuer gave to one machine, signed and counted by the issuer. Each adds up once. */
import { z } from 'zod'
import { type Refused, refuse, type TrustedIssuer } from '../token/index.ts'
import type { Trust } from '../trust/index.ts'
import { copiesSchema } from './claim-parts.ts'
import { issuedClaims, readIssued } from './issued-token.ts'
import { licenceKey } from './licence.ts'

const allocationSchema = z.strictObject({ ...issuedClaims, copies: copiesSchema })

/** The claims as they stand in the token. */
export type AllocationClaims = z.infer<typeof allocationSchema>

/** Copies that are allocated to one machine, by `licenceKey`. */
export type Allotted = ReadonlyMap<string, number>

/**
 * Adds up what is allocated to a machine. Allocations of other licences and machines may lie beside; one that is not
 * genuine, or of another issuer than the licence, refuses all of it: somebody tampered with what was presented.
 */
export async function readAllocations(
  compacts: readonly string[],
  issuer: TrustedIssuer,
  machineId: string,
  trust: Trust,
  nowMs: number,
): Promise<{ readonly ok: true; readonly allotted: Allotted } | Refused> {
  const byId = new Map<string, { readonly key: string; readonly copies: number }>()
  for (const compact of compacts) {
    const read = await readIssued(compact, 'allocation', allocationSchema, trust, nowMs)
    if (!read.ok) return read
    const { iss, jti, licence, machine, copies } = read.claims
    const other = read.token.issuer
    if (other.uri !== issuer.uri || other.anchorSha256 !== issuer.anchorSha256) {
      const what = 'an allocation beside the licence is by another issuer'
      return refuse('issuer-not-allowed', what, other.uri, issuer.uri)
    }
    if (machine !== machineId) continue
    const known = byId.get(jti)
    // Two under one id are one of which the issuer's ledger knows the less.
    if (known !== undefined && known.copies <= copies) continue
    byId.set(jti, { key: licenceKey({ issuer: iss, id: licence }), copies })
  }
  const allotted = new Map<string, number>()
  for (const { key, copies } of byId.values()) allotted.set(key, (allotted.get(key) ?? 0) + copies)
  return { ok: true, allotted }
}
