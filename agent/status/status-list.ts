/**
 * Which of an issuer's licences it has withdrawn: a signed list with two bits for each of them (Token Status List,
 * draft-ietf-oauth-status-list), read whole and offline. FORMAT.md beside it says what bytes it is made of.
 */
import { deflateSync, inflateSync } from 'node:zlib'
import { z } from 'zod'
import { AgentError } from '../errors.ts'
import {
  describeIssue,
  PLAIN_TEXT,
  parseStrictJson,
  quoteInput,
  type Refused,
  refuse,
  type TrustedIssuer,
  verifyToken,
} from '../token/index.ts'

/** Where one licence stands. `reserved` means nothing that this version knows, so it vouches for nothing. */
export type ListedStatus = 'valid' | 'invalid' | 'suspended' | 'reserved'

/** Section 7.1 of the draft: the meaning of each value, in their order. */
const STATUSES: readonly ListedStatus[] = ['valid', 'invalid', 'suspended', 'reserved']

/** What this program writes. One bit, which knows no suspension, is read too. */
const BITS = 2

/** Four million licences with two bits each. A list that inflates to more is not inflated further. */
const LIST_BYTES_MAX = 2 ** 20

const TEXT_CHARS_MAX = 200

/** 9999-12-31T23:59:59Z, the last second with a year of four digits. */
const TIME_SECONDS_MAX = 253_402_300_799

/** A list that its readers may keep for more than ten years is kept for ever. */
const TTL_SECONDS_MAX = 10 * 366 * 86_400

const textSchema = z.string().min(1).max(TEXT_CHARS_MAX).regex(PLAIN_TEXT, 'must be one line of visible text')
const secondsSchema = z.int().min(0).max(TIME_SECONDS_MAX)

const claimsSchema = z
  .strictObject({
    iss: textSchema,
    sub: textSchema,
    iat: secondsSchema,
    exp: secondsSchema.optional(),
    ttl: z.int().min(1).max(TTL_SECONDS_MAX).optional(),
    status_list: z.strictObject({
      bits: z.union([z.literal(1), z.literal(BITS)]),
      lst: z.string().regex(/^[A-Za-z0-9_-]+$/, 'must be base64url'),
    }),
  })
  .refine(({ iat, exp }) => exp === undefined || iat < exp, {
    path: ['exp'],
    error: 'must be later than `iat`',
  })

/** A list whose signature holds. */
export interface StatusList {
  /** What licences name it by. */
  readonly uri: string
  /** Who signed it. A list speaks for the licences of this issuer under this anchor, and of nobody else. */
  readonly issuer: TrustedIssuer
  readonly issuedAtMs: number
  /** First instant at which it may no longer be used; undefined where only the licence's own demand counts. */
  readonly expiresAtMs: number | undefined
  /** After how many seconds a newer one should be fetched; undefined where it does not say. */
  readonly ttlS: number | undefined
  /** SHA-256 of the compact token, 64 lower-case hexadecimal digits. */
  readonly sha256: string
  /** Of one licence; undefined where the list ends before it. */
  readonly statusAt: (index: number) => ListedStatus | undefined
}

/** Reads and verifies a list. Whether its signer was revoked, and whether it is too old, is the caller's business. */
export async function readStatusList(
  compact: string,
  anchorsPem: readonly string[],
  nowMs: number,
): Promise<{ readonly ok: true; readonly list: StatusList } | Refused> {
  const verified = await verifyToken(compact, 'statusList', anchorsPem, nowMs)
  if (!verified.ok) return verified
  const { issuer, payload, sha256 } = verified.token
  const json = parseStrictJson(payload)
  if (!json.ok) return refuse('malformed', `payload: ${json.problem}`)
  const parsed = claimsSchema.safeParse(json.value)
  if (!parsed.success) return refuse('malformed', describeIssue('claim', parsed.error.issues))
  const { iss, sub: uri, iat, exp, ttl, status_list } = parsed.data
  if (iss !== issuer.uri) {
    const what = `status list says it is from ${quoteInput(iss)}, its certificate is for ${quoteInput(issuer.uri)}`
    return refuse('issuer-not-allowed', what, iss, issuer.uri)
  }
  // Its dates are remembered by its name: nobody names the lists of others.
  if (uri !== iss && !uri.startsWith(iss.endsWith('/') ? iss : `${iss}/`)) {
    const what = `status list is named ${quoteInput(uri)}, which does not lie under its issuer's URI`
    return refuse('issuer-not-allowed', what, uri, iss)
  }
  const bytes = inflate(status_list.lst)
  if (typeof bytes === 'string') return refuse('malformed', `claim \`status_list.lst\`: ${bytes}`)
  return {
    ok: true,
    list: {
      uri,
      issuer,
      issuedAtMs: iat * 1000,
      expiresAtMs: exp === undefined ? undefined : exp * 1000,
      ttlS: ttl,
      sha256,
      statusAt: (index) => statusIn(bytes, status_list.bits, index),
    },
  }
}

/** The bytes of a list, or what is wrong with them. Stops where they pass the limit, whatever they claim to be. */
function inflate(lst: string): Buffer | string {
  const packed = Buffer.from(lst, 'base64url')
  if (packed.toString('base64url') !== lst) return 'is not canonical base64url'
  try {
    const options = { maxOutputLength: LIST_BYTES_MAX, info: true } as const
    const { buffer, engine } = inflateSync(packed, options) as unknown as Inflated
    return engine.bytesWritten === packed.length ? buffer : 'has bytes after its end'
  } catch (error) {
    const isTooLong = error instanceof RangeError
    return isTooLong ? `is longer than ${LIST_BYTES_MAX} bytes` : 'is not compressed with zlib'
  }
}

/** With `info`, which the typings leave out. */
interface Inflated {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

/** Section 4.1: the first licence has the lowest bits of the first byte. */
function statusIn(bytes: Uint8Array, bits: 1 | 2, index: number): ListedStatus | undefined {
  const perByte = 8 / bits
  const byte = bytes[Math.floor(index / perByte)]
  if (byte === undefined) return undefined
  return STATUSES[(byte >> ((index % perByte) * bits)) & (2 ** bits - 1)]
}

/** What a list says of itself without anybody's word for it: enough to look at the newest one first. */
export function peekStatusList(
  compact: string,
): { readonly uri: string; readonly issuedAtMs: number } | undefined {
  const payload = compact.split('.', 2)[1]
  if (payload === undefined || compact.length > 2 * LIST_BYTES_MAX) return undefined
  const json = parseStrictJson(Buffer.from(payload, 'base64url'))
  const parsed = z.object({ sub: textSchema, iat: secondsSchema }).safeParse(json.ok ? json.value : undefined)
  return parsed.success ? { uri: parsed.data.sub, issuedAtMs: parsed.data.iat * 1000 } : undefined
}

export interface StatusClaims {
  /** The issuer's URI, as in its certificate. */
  readonly issuer: string
  readonly uri: string
  readonly issuedAtMs: number
  readonly expiresAtMs?: number
  readonly ttlS?: number
  /** One value for each licence, by its index: 0 valid, 1 invalid, 2 suspended. */
  readonly statuses: Uint8Array
}

/** The payload of a list, for whoever signs it as the kind `statusList`. Times are cut to whole seconds. */
export function makeStatusList(claims: StatusClaims): Buffer {
  const { issuer, uri, issuedAtMs, expiresAtMs, ttlS, statuses } = claims
  const perByte = 8 / BITS
  const bytes = new Uint8Array(Math.max(1, Math.ceil(statuses.length / perByte)))
  if (bytes.length > LIST_BYTES_MAX) {
    const limit = LIST_BYTES_MAX * perByte
    throw new AgentError('USAGE', `status list of ${statuses.length} licences is above the limit of ${limit}`)
  }
  for (const [index, status] of statuses.entries()) {
    if (status > 2)
      throw new AgentError('USAGE', `status of licence ${index} is ${status}, it must be 0 to 2`)
    const at = Math.floor(index / perByte)
    bytes[at] = (bytes[at] ?? 0) | (status << ((index % perByte) * BITS))
  }
  const payload = {
    iss: issuer,
    sub: uri,
    iat: Math.floor(issuedAtMs / 1000),
    ...(expiresAtMs === undefined ? {} : { exp: Math.floor(expiresAtMs / 1000) }),
    ...(ttlS === undefined ? {} : { ttl: ttlS }),
    status_list: { bits: BITS, lst: deflateSync(bytes, { level: 9 }).toString('base64url') },
  }
  const parsed = claimsSchema.safeParse(payload)
  if (!parsed.success) throw new AgentError('USAGE', describeIssue('status list', parsed.error.issues))
  return Buffer.from(JSON.stringify(payload))
}
