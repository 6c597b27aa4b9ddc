/**
 * Every reason for which a token or a licence is refused: one row each, with what it says and what to do about it. The
 * codes are stable: decisions, the log and scripts hold them.
 */
import { formatTime, quoteInput, showInput } from './plain-text.ts'
import { type Explanation, listInput, NEW_FROM_ISSUER } from './refusal-words.ts'
import { TERMS_REFUSALS } from './terms-refusals.ts'

interface Row {
  readonly remedy: string
  readonly explain: (...facts: never[]) => Explanation
}

const REFUSALS = {
  /** Not a token of this kind at all: its shape, its header, or a claim with a wrong type or value. */
  malformed: {
    remedy: 'check that the licence file arrived whole and unedited, or ask the issuer to send it again',
    explain: (what: string): Explanation => ({ message: `licence cannot be read: ${what}` }),
  },
  'too-large': {
    remedy: 'check that this is a licence file, not a job or an archive',
    explain: (sizeBytes: number, limitBytes: number): Explanation => ({
      message: `licence of ${sizeBytes} bytes is above the limit of ${limitBytes} bytes`,
      value: sizeBytes,
      limit: limitBytes,
    }),
  },
  /** The token says something this version does not enforce. Ignoring it would allow more than the issuer meant. */
  'unsupported-claim': {
    remedy: 'update this agent, or ask the issuer for a licence without that claim',
    explain: (claim: string): Explanation => ({
      message: `licence carries the claim ${quoteInput(claim)}, which this version cannot enforce`,
      value: showInput(claim),
    }),
  },
  'untrusted-issuer': {
    remedy: "if you know and trust this issuer, add its root certificate to this site's trust folder",
    explain: (issuer: string, detail: string): Explanation => ({
      message: `issuer ${quoteInput(issuer)} is not trusted here: ${detail}`,
      value: showInput(issuer),
    }),
  },
  'issuer-not-yet-valid': {
    remedy: "check this machine's clock",
    explain: (certificate: string, notBeforeMs: number, nowMs: number): Explanation => ({
      message: `${certificate} is valid from ${formatTime(notBeforeMs)}, it is now ${formatTime(nowMs)}`,
      value: formatTime(nowMs),
      limit: formatTime(notBeforeMs),
    }),
  },
  'issuer-expired': {
    remedy:
      "check this machine's clock, or ask the issuer to renew its certificates and issue the licence again",
    explain: (certificate: string, notAfterMs: number, nowMs: number): Explanation => ({
      message: `${certificate} expired at ${formatTime(notAfterMs)}, it is now ${formatTime(nowMs)}`,
      value: formatTime(nowMs),
      limit: formatTime(notAfterMs),
    }),
  },
  /** A certificate that is genuine and was not made for this: purpose, names, path, hash. */
  'issuer-not-allowed': {
    remedy: 'ask the issuer to sign with certificates of the licence profile',
    explain: (what: string, value?: string, limit?: string): Explanation => ({
      message: what,
      ...(value === undefined ? {} : { value }),
      ...(limit === undefined ? {} : { limit }),
    }),
  },
  'weak-key': {
    remedy: 'ask the issuer to sign with an RSA key of 3072 to 4096 bits and the exponent 65537',
    explain: (what: string, value: string | number, limit: string | number): Explanation => ({
      message: what,
      value,
      limit,
    }),
  },
  'bad-signature': {
    remedy: 'use the licence exactly as the issuer sent it; an edited licence is worthless',
    explain: (): Explanation => ({
      message: 'licence was altered after it was signed, or was not signed by this issuer',
    }),
  },
  'not-yet-valid': {
    remedy: "wait until the licence starts, or check this machine's clock",
    explain: (startsAtMs: number, nowMs: number): Explanation => ({
      message: `licence is valid from ${formatTime(startsAtMs)}, it is now ${formatTime(nowMs)}`,
      value: formatTime(nowMs),
      limit: formatTime(startsAtMs),
    }),
  },
  expired: {
    remedy: NEW_FROM_ISSUER,
    explain: (expiresAtMs: number, nowMs: number): Explanation => ({
      message: `licence expired at ${formatTime(expiresAtMs)}, it is now ${formatTime(nowMs)}`,
      value: formatTime(nowMs),
      limit: formatTime(expiresAtMs),
    }),
  },
  'other-machine': {
    remedy: 'print on a machine that the licence names, or ask the issuer for a licence for this one',
    explain: (machineId: string, licensed: readonly string[]): Explanation => ({
      message: `licence is for ${listInput(licensed)}, this machine is ${quoteInput(machineId)}`,
      value: machineId,
      limit: licensed.join(', '),
    }),
  },
  'other-design': {
    remedy: 'print the file as the issuer delivered it, or ask for a licence for this file',
    explain: (design: string, subject: string, digest: string, licensed: string): Explanation => ({
      message: `job is not the licensed design ${quoteInput(design)}: the SHA-256 of ${subject} begins with ${shorten(digest)}, the licence names ${shorten(licensed)}`,
      value: digest,
      limit: licensed,
    }),
  },
  'copies-used-up': {
    remedy: 'ask the issuer for more copies',
    explain: (used: number, copies: number): Explanation => ({
      message: `${used} ${used === 1 ? 'copy is' : 'copies are'} used, the licence allows ${copies}`,
      value: used,
      limit: copies,
    }),
  },
  ...TERMS_REFUSALS,
  /** Two libraries read the same certificates and do not agree. One of them is wrong, so nobody is believed. */
  'opinions-differ': {
    remedy: 'do not use this licence; send it to the site administrator, it may be crafted',
    explain: (what: string): Explanation => ({ message: `the two certificate checks do not agree: ${what}` }),
  },
  /** The check itself broke. A check that did not end is a check that did not pass. */
  'check-failed': {
    remedy: 'send the licence to the site administrator; nothing is printed on it until the check works',
    explain: (what: string): Explanation => ({ message: `licence could not be checked: ${what}` }),
  },
} as const satisfies Record<string, Row>

/** Why a licence is refused, as a stable code. */
export type LicenceRefusalCode = keyof typeof REFUSALS

/** The whole closed list, in the order of the documentation. */
export const LICENCE_REFUSAL_CODES: readonly LicenceRefusalCode[] = Object.keys(
  REFUSALS,
) as LicenceRefusalCode[]

/** One refusal as people and scripts meet it: what is wrong, with value and limit, and what to do. */
export interface LicenceRefusal {
  readonly code: LicenceRefusalCode
  readonly message: string
  readonly remedy: string
  readonly value?: string | number
  readonly limit?: string | number
}

/** The failing half of every result. */
export interface Refused {
  readonly ok: false
  readonly refusal: LicenceRefusal
}

/** Who may release what is held: whoever runs the place, whoever answers for compliance, or the issuer alone. */
export const RELEASERS = ['site', 'compliance', 'issuer'] as const

export type Releaser = (typeof RELEASERS)[number]

/** A refusal with what it comes to: it denies, or holds until somebody releases it, or only warns. */
export interface Objection {
  readonly outcome: 'deny' | 'hold' | 'warn'
  /** Of a hold: who may release it; null otherwise. */
  readonly release: Releaser | null
  readonly refusal: LicenceRefusal
}

export function deny(refused: Refused): Objection {
  return { outcome: 'deny', release: null, refusal: refused.refusal }
}

export function hold(refused: Refused, release: Releaser): Objection {
  return { outcome: 'hold', release, refusal: refused.refusal }
}

export function warn(refused: Refused): Objection {
  return { outcome: 'warn', release: null, refusal: refused.refusal }
}

/** Builds a refusal from its row. */
export function refuse<C extends LicenceRefusalCode>(
  code: C,
  ...facts: Parameters<(typeof REFUSALS)[C]['explain']>
): Refused {
  const row: { readonly remedy: string; readonly explain: unknown } = REFUSALS[code]
  // The compiler cannot tie a row to its own facts through a variable code; the signature above does.
  const explain = row.explain as (...facts: Parameters<(typeof REFUSALS)[C]['explain']>) => Explanation
  return { ok: false, refusal: { code, ...explain(...facts), remedy: row.remedy } }
}

/** Enough to see that two digests differ; value and limit of the refusal hold them whole. */
const DIGEST_CHARS_SHOWN = 16

function shorten(digest: string): string {
  return digest.slice(0, DIGEST_CHARS_SHOWN)
}

/** Why another token than a licence was refused, for the middle of a sentence about it. */
export function reasonOf({ refusal }: Refused): string {
  return refusal.message.replace(/^licence /, 'it ')
}

/** The same with what to do about it, in brackets. */
export function reasonAndRemedy(refused: Refused): string {
  const { code, remedy } = refused.refusal
  return `${reasonOf(refused)} (${code === 'malformed' ? 'check that it is the right file, and whole' : remedy})`
}
