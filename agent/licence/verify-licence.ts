/** May this job be printed here and now under this licence? Offline, in order, and closed: whatever breaks, refuses. */
import { assert } from '../errors.ts'
import {
  deny,
  type LicenceRefusal,
  type Objection,
  quoteInput,
  type Refused,
  refuse,
  type TrustedIssuer,
  verifyToken,
} from '../token/index.ts'
import { readAllocations } from './allocation.ts'
import { type Bundle, openBundle, SUBLICENCE_TYPE, tokenType } from './bundle.ts'
import { treatedHere } from './checks/authority.ts'
import type { VerifiedTerms } from './checks/check.ts'
import { CHECKS } from './checks/index.ts'
import { checkStatus } from './checks/status.ts'
import { readClaims } from './claims.ts'
import type { AllowedLicence, LicenceContext, UsedLists } from './context.ts'
import { copyTerms } from './copy-terms.ts'
import type { Licence } from './licence.ts'
import { sha256Hex, verifySublicences } from './sublicence.ts'

/**
 * A licence that allows the job, with what holds it or warns of it; or why not, first what was found first. `lists` with
 * either: a list that withdraws a licence came with it once, and must not be left out the next time.
 */
export type LicenceResult = { readonly objections: readonly Objection[]; readonly lists: UsedLists } & (
  | ({ readonly ok: true } & AllowedLicence)
  | Refused
)

/** Verifies a licence completely, with all that came along. Never throws: a check that breaks is the refusal `check-failed`. */
export async function verifyLicence(text: string, context: LicenceContext): Promise<LicenceResult> {
  try {
    assertContext(context)
    const opened = openBundle(text)
    return opened.ok ? await verify(opened.bundle, context) : refused(opened.refusal)
  } catch (error) {
    return refused(broken(error))
  }
}

async function verify(bundle: Bundle, context: LicenceContext): Promise<LicenceResult> {
  const verified = await verifyChain(bundle, context)
  if (!verified.ok) return refused(verified.refusal)
  const { terms } = verified
  // Told first: what its issuer withdrew is not worth another word.
  const status = await checkStatus(terms, context)
  const objections: Objection[] = [...status.objections]
  for (const check of CHECKS) objections.push(...(await check(terms, context)))
  const [first, ...others] = objections.filter(({ outcome }) => outcome === 'deny')
  const rest = objections.filter(({ outcome }) => outcome !== 'deny')
  const { lists } = status
  if (first !== undefined) return refused(first.refusal, [...others, ...rest], lists)
  const { copies } = terms
  assert(copies !== undefined, 'a licence whose copies were checked has its share')
  return {
    ok: true,
    // The site's own words for it: a policy asks for tiers as they are treated here.
    licence: { ...terms.licence, tier: treatedHere(terms.licence, context).tier },
    sha256: sha256Hex(bundle.licences[0] ?? ''),
    copies,
    anchorSha256: terms.issuer.anchorSha256,
    copiesLeft: Math.min(...copies.counters.map(({ key, limit }) => limit - (context.uses[key]?.used ?? 0))),
    lists,
    objections,
  }
}

/** Who signed it and each that it was passed on from, what they say, and what the issuer allocated to this machine. */
async function verifyChain(
  bundle: Bundle,
  context: LicenceContext,
): Promise<{ readonly ok: true; readonly terms: VerifiedTerms } | Refused> {
  const { trust, time, machine } = context
  const { licences, allocations } = bundle
  const outermost = await verifyOutermost(licences.at(-1) ?? '', context)
  if (!outermost.ok) return outermost
  const passedOn = await verifySublicences(licences, outermost.licence)
  if (!passedOn.ok) return passedOn
  const { issuer } = outermost
  const allocated = await readAllocations(allocations, issuer, machine.id, trust, time.nowMs)
  if (!allocated.ok) return allocated
  const { chain } = passedOn
  const [licence] = chain
  assert(licence !== undefined, 'a chain has at least the licence that an issuer signed')
  const copies = copyTerms(chain, machine.id, allocated.allotted)
  return { ok: true, terms: { licence, chain, issuer, copies, bundle } }
}

/** The licence that an issuer signed. */
async function verifyOutermost(
  compact: string,
  { trust, time }: LicenceContext,
): Promise<{ readonly ok: true; readonly licence: Licence; readonly issuer: TrustedIssuer } | Refused> {
  if (tokenType(compact) === SUBLICENCE_TYPE) return refuse('parent-missing')
  const verified = await verifyToken(compact, 'licence', trust.anchorsPem, time.nowMs)
  if (!verified.ok) return verified
  const { issuer, payload } = verified.token
  const claims = readClaims(payload)
  if (!claims.ok) return claims
  const { licence } = claims
  if (licence.parentSha256 !== undefined) {
    return refuse('malformed', 'claim `prt`: only a sub-licence has a parent')
  }
  return checkIssuer(licence, issuer.uri) ?? { ok: true, licence, issuer }
}

function checkIssuer({ issuer }: Licence, certifiedUri: string): Refused | undefined {
  if (issuer === certifiedUri) return undefined
  const message = `licence says it is from ${quoteInput(issuer)}, its certificate is for ${quoteInput(certifiedUri)}`
  return refuse('issuer-not-allowed', message, issuer, certifiedUri)
}

/** A wrong context is our own mistake, and NaN would compare its way past every limit below. */
function assertContext({ time, machine, job, uses }: LicenceContext): void {
  assert(Number.isSafeInteger(time.nowMs) && time.nowMs > 0, 'a licence is checked at a real time')
  assert(machine.id !== '', 'a licence is checked for a machine with an identity')
  for (const digest of [job.rawSha256, job.canonicalSha256]) {
    assert(/^[0-9a-f]{64}$/.test(digest), 'a licence is checked against complete digests')
  }
  for (const { used, usedToday } of Object.values(uses)) {
    const isCount = [used, usedToday].every((count) => Number.isSafeInteger(count) && count >= 0)
    assert(isCount, 'copies used are a whole number')
  }
}

function refused(
  refusal: LicenceRefusal,
  objections: readonly Objection[] = [],
  lists: UsedLists = [],
): LicenceResult {
  return { ok: false, refusal, objections, lists }
}

function broken(error: unknown): LicenceRefusal {
  const what = error instanceof Error ? quoteInput(error.message) : 'no reason given'
  return deny(refuse('check-failed', what)).refusal
}
