/** From an order to a signed licence. */
import { AgentError } from '../errors.ts'
import { type Licence, readClaims } from '../licence/index.ts'
import { assertShares, type LicenceOrder, toClaims } from './order.ts'
import { type Signer, signClaims } from './signer.ts'

/** A licence that was signed: its compact token, and what it says. */
export interface IssuedLicence {
  readonly token: string
  readonly licence: Licence
}

/**
 * Issues one licence as a token. Fails with USAGE where the order is wrong or asks for what this issuer could not keep:
 * a licence that outlives its signer's certificate, or one signed by an issuer that no gate would accept now.
 */
export async function issueLicence(signer: Signer, order: LicenceOrder, nowMs: number): Promise<string> {
  return (await makeLicence(signer, order, nowMs)).token
}

/** The same, with what the licence says. `status` is its place in the issuer's status list. */
export async function makeLicence(
  signer: Signer,
  order: LicenceOrder,
  nowMs: number,
  status?: { readonly uri: string; readonly index: number },
): Promise<IssuedLicence> {
  const claims = toClaims(order, { issuerUri: signer.uri, nowMs, status })
  assertShares(claims)
  const payload = Buffer.from(JSON.stringify(claims))
  // The gate's own reader has the last word: what it would not read is not handed out.
  const readable = readClaims(payload)
  if (!readable.ok) throw new AgentError('USAGE', `order makes no valid licence: ${readable.refusal.message}`)
  const token = await signClaims(signer, 'licence', payload, { nowMs, expiresAtMs: claims.exp * 1000 })
  return { token, licence: readable.licence }
}
