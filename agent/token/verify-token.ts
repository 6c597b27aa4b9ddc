/** Who signed this token? Form, certificates and signature in one go, for every kind that an issuer signs. */
import { createHash } from 'node:crypto'
import { checkIssuerChain, type TrustedIssuer } from './issuer-chain.ts'
import type { Refused } from './refusal.ts'
import { checkSignature, openToken, type TokenKind } from './token.ts'

/** A token whose signature holds. What its payload says is nobody's business yet. */
export interface VerifiedToken {
  readonly issuer: TrustedIssuer
  readonly payload: Buffer
  /** SHA-256 of the compact token, 64 lower-case hexadecimal digits. */
  readonly sha256: string
}

/** Verifies a token of one kind against the anchors at one instant. Whether its signer was revoked is the caller's business. */
export async function verifyToken(
  compact: string,
  kind: TokenKind,
  anchorsPem: readonly string[],
  nowMs: number,
): Promise<{ readonly ok: true; readonly token: VerifiedToken } | Refused> {
  const opened = openToken(compact, kind)
  if (!opened.ok) return opened
  const { signerDer, intermediateDer, payload } = opened.token
  const chain = checkIssuerChain(signerDer, intermediateDer, anchorsPem, nowMs)
  if (!chain.ok) return chain
  const signed = await checkSignature(opened.token, chain.issuer.signerKey)
  if (!signed.ok) return signed
  const sha256 = createHash('sha256').update(compact).digest('hex')
  return { ok: true, token: { issuer: chain.issuer, payload, sha256 } }
}
