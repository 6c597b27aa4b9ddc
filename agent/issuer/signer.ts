/**
 * What signs tokens in an issuer's name. The only one of now has its key in a file; one whose key lies in hardware needs
 * to be nothing else than this interface.
 */
import { type KeyObject, X509Certificate } from 'node:crypto'
import { AgentError } from '../errors.ts'
import {
  checkIssuerChain,
  checkSignature,
  formatTime,
  openToken,
  signToken,
  TOKEN_KINDS,
  type TokenKind,
} from '../token/index.ts'

/** Who the issuer is, and the certificates that prove it. */
export interface IssuerCertificates {
  readonly name: string
  readonly uri: string
  readonly rootPem: string
  readonly intermediatePem: string
  readonly signerPem: string
}

export interface Signer extends IssuerCertificates {
  /** Signs a payload as a token of that kind, with signer and intermediate beside it. What it answers is checked. */
  sign(payload: Uint8Array, kind: TokenKind): Promise<string>
}

/** A signer whose private key is in this process's memory. */
export function keySigner(certificates: IssuerCertificates, signingKey: KeyObject): Signer {
  const { name, uri, rootPem, intermediatePem, signerPem } = certificates
  const chainDer = [toDer(signerPem), toDer(intermediatePem)] as const
  return {
    name,
    uri,
    rootPem,
    intermediatePem,
    signerPem,
    sign: (payload, kind) => signToken(payload, signingKey, chainDer, kind),
  }
}

/** The chain as a gate would take it at this time. */
function acceptedChain(signer: IssuerCertificates, nowMs: number) {
  const chain = checkIssuerChain(
    toDer(signer.signerPem),
    toDer(signer.intermediatePem),
    [signer.rootPem],
    nowMs,
  )
  if (!chain.ok) throw new AgentError('USAGE', `this issuer cannot sign now: ${chain.refusal.message}`)
  return chain.issuer
}

/**
 * Signs claims. Fails with USAGE where no gate would believe the token: the chain has ended, it would end before the
 * token does, or what came back is not a token of this signer.
 */
export async function signClaims(
  signer: Signer,
  kind: TokenKind,
  payload: Uint8Array,
  { nowMs, expiresAtMs }: { readonly nowMs: number; readonly expiresAtMs?: number },
): Promise<string> {
  const { words } = TOKEN_KINDS[kind]
  const chain = acceptedChain(signer, nowMs)
  if (expiresAtMs !== undefined && expiresAtMs > chain.signerNotAfterMs) {
    const limit = formatTime(chain.signerNotAfterMs)
    throw new AgentError('USAGE', `${words} would end after its signer's certificate, which ends at ${limit}`)
  }
  const token = await signer.sign(payload, kind)
  const opened = openToken(token, kind)
  if (!opened.ok) throw new AgentError('USAGE', `no valid ${words} can be made: ${opened.refusal.message}`)
  const checked = await checkSignature(opened.token, chain.signerKey)
  if (!checked.ok) throw new AgentError('USAGE', `signer's key is not that of its certificate`)
  return token
}

function toDer(pem: string): Buffer {
  return new X509Certificate(pem).raw
}
