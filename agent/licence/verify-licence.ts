/** May this job be printed here and now under this token? Offline, in order, and closed: whatever breaks, refuses. */
import { assert } from '../errors.ts'
import { readClaims } from './claims.ts'
import { checkIssuerChain } from './issuer-chain.ts'
import type { DesignDigest, Licence } from './licence.ts'
import { quoteInput } from './plain-text.ts'
import { type Refused, refuse } from './refusal.ts'
import { checkSignature, openToken } from './token.ts'

/** What the token is held against. */
export interface LicenceContext {
  /** The root certificates this site trusts, as PEM. */
  readonly anchorsPem: readonly string[]
  readonly nowMs: number
  /** The identity of the machine that would print. */
  readonly machineId: string
  /** The digests of the job that would be printed, each 64 lower-case hexadecimal digits. */
  readonly design: { readonly rawSha256: string; readonly canonicalSha256: string }
  /** Copies already made or under way under this licence; left out where nobody counts yet. */
  readonly copiesUsed?: number
}

/** The licence, or the one reason why not. */
export type LicenceResult = { readonly ok: true; readonly licence: Licence } | Refused

/** Verifies one token completely. Never throws: a check that breaks is the refusal `check-failed`. */
export async function verifyLicence(token: string, context: LicenceContext): Promise<LicenceResult> {
  try {
    assertContext(context)
    return await verify(token, context)
  } catch (error) {
    return refuse('check-failed', error instanceof Error ? quoteInput(error.message) : 'no reason given')
  }
}

async function verify(compact: string, context: LicenceContext): Promise<LicenceResult> {
  const opened = openToken(compact)
  if (!opened.ok) return opened
  const { token } = opened
  const chain = checkIssuerChain(token.signerDer, token.intermediateDer, context.anchorsPem, context.nowMs)
  if (!chain.ok) return chain
  const signed = await checkSignature(token, chain.issuer.signerKey)
  if (!signed.ok) return signed
  const claims = readClaims(token.payload)
  if (!claims.ok) return claims
  const { licence } = claims
  const refusal =
    checkIssuer(licence, chain.issuer.uri) ??
    checkTime(licence, context.nowMs) ??
    checkMachine(licence, context.machineId) ??
    checkDesign(licence, context.design) ??
    checkCopies(licence, context.copiesUsed)
  return refusal ?? { ok: true, licence }
}

/** A wrong context is our own mistake, and NaN would compare its way past every limit below. */
function assertContext({ nowMs, machineId, design, copiesUsed }: LicenceContext): void {
  assert(Number.isSafeInteger(nowMs) && nowMs > 0, 'a licence is checked at a real time')
  assert(machineId !== '', 'a licence is checked for a machine with an identity')
  for (const digest of [design.rawSha256, design.canonicalSha256]) {
    assert(/^[0-9a-f]{64}$/.test(digest), 'a licence is checked against complete digests')
  }
  const counts = copiesUsed === undefined || (Number.isSafeInteger(copiesUsed) && copiesUsed >= 0)
  assert(counts, 'copies used are a whole number')
}

function checkIssuer({ issuer }: Licence, certifiedUri: string): Refused | undefined {
  if (issuer === certifiedUri) return undefined
  const message = `licence says it is from ${quoteInput(issuer)}, its certificate is for ${quoteInput(certifiedUri)}`
  return refuse('issuer-not-allowed', message, issuer, certifiedUri)
}

/** From `nbf` on and before `exp` (RFC 7519): at the very second of `exp` it is over. */
function checkTime({ issuedAtMs, notBeforeMs, expiresAtMs }: Licence, nowMs: number): Refused | undefined {
  // Used before it was issued: one of the two clocks is wrong, and it may be ours.
  const startsAtMs = Math.max(notBeforeMs, issuedAtMs)
  if (nowMs < startsAtMs) return refuse('not-yet-valid', startsAtMs, nowMs)
  if (nowMs >= expiresAtMs) return refuse('expired', expiresAtMs, nowMs)
  return undefined
}

function checkMachine({ machines }: Licence, machineId: string): Refused | undefined {
  return machines.includes(machineId) ? undefined : refuse('other-machine', machineId, machines)
}

/** A digest binds in its own form only: a raw digest never vouches for a canonical one. */
function checkDesign({ design }: Licence, job: LicenceContext['design']): Refused | undefined {
  const jobDigest = (digest: DesignDigest): string =>
    digest.form === 'gcode-raw' ? job.rawSha256 : job.canonicalSha256
  if (design.digests.some((digest) => digest.sha256 === jobDigest(digest))) return undefined
  // The canonical digest explains more: where it differs, the commands do, not only the comments.
  const named = design.digests.find(({ form }) => form === 'gcode-canon') ?? design.digests[0]
  assert(named !== undefined, 'a licence that was read names at least one digest')
  const subject = named.form === 'gcode-raw' ? 'its file' : 'its command sequence'
  const label = `${design.id} ${design.revision}`
  return refuse('other-design', label, subject, jobDigest(named), named.sha256)
}

function checkCopies({ copies }: Licence, copiesUsed: number | undefined): Refused | undefined {
  if (copiesUsed === undefined || copiesUsed < copies) return undefined
  return refuse('copies-used-up', copiesUsed, copies)
}
