/**
 * Recognitions: an authority of this site states that the tiers and classes of another regime are, here, some of its own.
 * A signed token like a licence, and believed only from an authority that may recognise.
 */
import { join } from 'node:path'
import { z } from 'zod'
import {
  checkIssuerChain,
  checkSignature,
  describeIssue,
  type LicenceRefusalCode,
  openToken,
  parseStrictJson,
  quoteInput,
  type Refused,
  readBoundedFile,
  reasonOf,
  refuse,
  TOKEN_KINDS,
  type TrustedIssuer,
} from '../token/index.ts'
import { authorityOf, hasPower, revocationOf } from './authority.ts'
import { authorityUriSchema, classCodeSchema, tokenClaims } from './claim-parts.ts'
import { coversClass } from './class-pattern.ts'
import { LICENCE_TIERS, type LicenceTier, tightness } from './tiers.ts'
import type { Power, Recognition, Trust } from './trust.ts'
import { assertGuarded, namesInOptional, unreadable } from './trust-folder.ts'
import { isUnder } from './uri.ts'

export const RECOGNITIONS_FOLDER = 'recognitions'

/** Of the claims below. A change that an older reader would misjudge gets the next number. */
const RECOGNITION_VERSION = 1

const RECOGNITIONS_MAX = 64
/** A regime with more classes than this is recognised in several tokens. */
const CLASSES_MAX = 256

const tier = z.enum(LICENCE_TIERS)

export const recognitionClaimsSchema = z
  .strictObject({
    ...tokenClaims,
    ver: z.literal(RECOGNITION_VERSION),
    /** The issuers that it is about: this URI, and all that lie under it. */
    of: authorityUriSchema,
    tiers: z.partialRecord(tier, tier).optional(),
    classes: z
      .record(classCodeSchema, classCodeSchema)
      .refine((classes) => Object.keys(classes).length <= CLASSES_MAX, {
        error: `must not have more than ${CLASSES_MAX} classes`,
      })
      .optional(),
  })
  .refine(({ iat, exp }) => iat < exp, { path: ['exp'], error: 'must be later than `iat`' })
  .refine(({ tiers, classes }) => tiers !== undefined || classes !== undefined, {
    error: 'must recognise tiers, classes, or both',
  })

/** The claims as they stand in the token. */
export type RecognitionClaims = z.infer<typeof recognitionClaimsSchema>

/** Verifies the token of an authority: its chain, its signature, that it is not revoked, and that it has a power. */
export async function openAuthorityToken(
  compact: string,
  kind: 'recognition' | 'screeningList',
  power: Power,
  trust: Pick<Trust, 'anchorsPem' | 'authorities' | 'revoked'>,
  nowMs: number,
): Promise<{ readonly ok: true; readonly issuer: TrustedIssuer; readonly payload: Uint8Array } | Refused> {
  const opened = openToken(compact, kind)
  if (!opened.ok) return opened
  const { token } = opened
  const chain = checkIssuerChain(token.signerDer, token.intermediateDer, trust.anchorsPem, nowMs)
  if (!chain.ok) return chain
  const { issuer } = chain
  const signed = await checkSignature(token, issuer.signerKey)
  if (!signed.ok) return signed
  // From whichever record on: these tokens stand in no log, so nothing says that they are older than the theft.
  const revocation = revocationOf(trust, issuer)
  if (revocation !== undefined) return refuse('issuer-revoked', revocation.label)
  if (!hasPower(trust, issuer.anchorSha256, power)) {
    const what = `issuer ${quoteInput(issuer.uri)} may not ${POWER_WORDS[power]} here`
    const powers = authorityOf(trust, issuer.anchorSha256).powers.join(', ') || 'nothing'
    return refuse('outside-authority', what, power, powers)
  }
  return { ok: true, issuer, payload: token.payload }
}

/** Reads a payload as the claims of a schema. */
export function readPayload<T>(
  schema: z.ZodType<T>,
  payload: Uint8Array,
): { readonly ok: true; readonly claims: T } | Refused {
  const json = parseStrictJson(payload)
  if (!json.ok) return refuse('malformed', `payload: ${json.problem}`)
  const parsed = schema.safeParse(json.value)
  if (!parsed.success) return refuse('malformed', describeIssue('claim', parsed.error.issues))
  return { ok: true, claims: parsed.data }
}

const POWER_WORDS: Readonly<Record<Power, string>> = {
  license: 'license designs',
  exempt: 'grant exemptions',
  recognise: 'recognise other regimes',
  screen: 'publish screening lists',
}

/** Refuses a token that names another issuer than its certificate does. */
export function checkNamedIssuer(claimed: string, { uri }: TrustedIssuer): Refused | undefined {
  if (claimed === uri) return undefined
  const message = `token says it is from ${quoteInput(claimed)}, its certificate is for ${quoteInput(uri)}`
  return refuse('issuer-not-allowed', message, claimed, uri)
}

/** Verifies one recognition, now. */
export async function openRecognition(
  compact: string,
  trust: Pick<Trust, 'anchorsPem' | 'authorities' | 'revoked'>,
  nowMs: number,
): Promise<{ readonly ok: true; readonly recognition: Recognition; readonly id: string } | Refused> {
  const opened = await openAuthorityToken(compact, 'recognition', 'recognise', trust, nowMs)
  if (!opened.ok) return opened
  const read = readPayload(recognitionClaimsSchema, opened.payload)
  if (!read.ok) return read
  const { claims } = read
  const { issuer } = opened
  const refusal = checkNamedIssuer(claims.iss, issuer) ?? checkReach(claims, issuer, trust)
  if (refusal !== undefined) return refusal
  const expiresAtMs = claims.exp * 1000
  if (nowMs >= expiresAtMs) return refuse('expired', expiresAtMs, nowMs)
  return {
    ok: true,
    id: claims.jti,
    recognition: {
      issuer: claims.iss,
      anchorSha256: issuer.anchorSha256,
      expiresAtMs,
      of: claims.of,
      tiers: definedOnly(claims.tiers ?? {}),
      classes: claims.classes ?? {},
    },
  }
}

/** Nobody recognises himself, or into what is beyond his own word. */
function checkReach(
  { iss, of, tiers, classes }: RecognitionClaims,
  issuer: TrustedIssuer,
  trust: Pick<Trust, 'authorities'>,
): Refused | undefined {
  const outside = (what: string, value: string, limit: string): Refused =>
    refuse('outside-authority', what, value, limit)
  if (isUnder(iss, of)) {
    return outside(`issuer ${quoteInput(iss)} may not recognise itself`, of, 'another issuer')
  }
  const authority = authorityOf(trust, issuer.anchorSha256)
  const tierBeyond = Object.values(tiers ?? {}).find((name) => !authority.tiers.includes(name))
  if (tierBeyond !== undefined) {
    const what = `issuer ${quoteInput(iss)} may not speak of tier ${tierBeyond} here`
    return outside(what, tierBeyond, authority.tiers.join(', ') || 'none')
  }
  // Who may not license a tier does not say either that it is a looser one here.
  const [loosened] =
    Object.entries(definedOnly(tiers ?? {})).find(
      ([there, here]) =>
        !authority.tiers.includes(there as LicenceTier) && isLooser(here, there as LicenceTier),
    ) ?? []
  if (loosened !== undefined) {
    const what = `issuer ${quoteInput(iss)} may not loosen tier ${loosened} here`
    return outside(what, loosened, authority.tiers.join(', ') || 'none')
  }
  const allowed = authority.classes
  const classBeyond =
    allowed === null
      ? undefined
      : Object.values(classes ?? {}).find((code) => !allowed.some((pattern) => coversClass(pattern, code)))
  if (classBeyond === undefined) return undefined
  const what = `issuer ${quoteInput(iss)} may not speak of class ${quoteInput(classBeyond)} here`
  return outside(what, classBeyond, (allowed ?? []).join(', ') || 'none')
}

function isLooser(one: LicenceTier, other: LicenceTier): boolean {
  return tightness(one) < tightness(other)
}

function definedOnly(tiers: NonNullable<RecognitionClaims['tiers']>): Recognition['tiers'] {
  return Object.fromEntries(Object.entries(tiers).filter(([, name]) => name !== undefined))
}

/**
 * Refusals of what was right and is no more: by time, or because the site now believes less of its authority. Such a
 * recognition is left out, and everything else goes on.
 */
const NO_MORE: ReadonlySet<LicenceRefusalCode> = new Set([
  'expired',
  'issuer-expired',
  'issuer-not-yet-valid',
  'issuer-revoked',
  'untrusted-issuer',
  'outside-authority',
])

/**
 * Reads the recognitions of the trust folder. One that holds no more is left out and told of; one that is wrong in any
 * other way fails with LICENCE_UNREADABLE, for it is not what somebody meant to put there.
 */
export async function loadRecognitions(
  trustDir: string,
  trust: Pick<Trust, 'anchorsPem' | 'authorities' | 'revoked'>,
  nowMs: number,
): Promise<{ readonly recognitions: readonly Recognition[]; readonly notes: readonly string[] }> {
  const dir = join(trustDir, RECOGNITIONS_FOLDER)
  const recognitions: Recognition[] = []
  const notes: string[] = []
  for (const name of await namesInOptional(dir, '.jwt', RECOGNITIONS_MAX, 'folder of recognitions')) {
    const path = join(dir, name)
    await assertGuarded(path, 'recognition')
    const bytes = await readBoundedFile(path, TOKEN_KINDS.recognition.bytesMax, 'recognition')
    const opened = await openRecognition(bytes.toString('latin1').trim(), trust, nowMs)
    if (opened.ok) recognitions.push(opened.recognition)
    else if (NO_MORE.has(opened.refusal.code)) {
      notes.push(`recognition \`${path}\` is not used: ${reasonOf(opened)}`)
    } else throw unreadable(`recognition \`${path}\` cannot be used: ${reasonOf(opened)}`)
  }
  return { recognitions, notes }
}
