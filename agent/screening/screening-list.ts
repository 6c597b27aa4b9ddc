/**
 * Screening lists: parties, countries and materials that somebody has to look at before they are dealt with. A token like
 * a licence, believed only from an authority that may screen.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Refused } from '../token/index.ts'
import {
  checkNamedIssuer,
  countryCodeSchema,
  lineSchema,
  openAuthorityToken,
  readPayload,
  type Trust,
  tokenClaims,
} from '../trust/index.ts'

/** Of the claims below. A change that an older reader would misjudge gets the next number. */
const SCREENING_VERSION = 1

/** What a token of 1 MiB can hold, at some 70 bytes an entry. */
const ENTRIES_MAX = 10_000
/** Other names and other spellings of one party. */
const NAMES_MAX = 32
const COUNTRIES_MAX = 256

/** Of a list: what its newer version is known by. */
const LIST_NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/

const entrySchema = z
  .strictObject({
    id: lineSchema,
    kind: z.enum(['party', 'country', 'material']),
    names: z.array(lineSchema).max(NAMES_MAX).optional(),
    countries: z.array(countryCodeSchema).max(COUNTRIES_MAX).optional(),
    vendor: lineSchema.optional(),
    lot: lineSchema.optional(),
    why: lineSchema,
  })
  .superRefine(({ kind, names = [], countries = [], vendor, lot }, context) => {
    const wants = (message: string): void => context.addIssue({ code: 'custom', message })
    if (kind === 'party' && names.length === 0) wants('a party has at least one of `names`')
    if (kind === 'country' && countries.length === 0) wants('a country has at least one of `countries`')
    if (kind === 'material' && vendor === undefined && lot === undefined) {
      wants('a material has a `vendor` or a `lot`')
    }
    if (kind !== 'material' && (vendor ?? lot) !== undefined) wants('only a material has `vendor` and `lot`')
  })

export const screeningClaimsSchema = z
  .strictObject({
    ...tokenClaims,
    ver: z.literal(SCREENING_VERSION),
    /** The name of the list, the same in each of its versions. */
    sub: z.string().max(100).regex(LIST_NAME, 'must be letters, digits and . _ / - without spaces'),
    /** As its publisher counts them, such as `2026-11-20`; which one is newer says `iat` alone. */
    version: lineSchema,
    /** Where the entries come from, for whoever looks at a hit. */
    source: lineSchema,
    entries: z.array(entrySchema).min(1).max(ENTRIES_MAX),
  })
  .refine(({ iat, exp }) => iat < exp, { path: ['exp'], error: 'must be later than `iat`' })
  .refine(({ entries }) => new Set(entries.map(({ id }) => id)).size === entries.length, {
    path: ['entries'],
    error: 'must not have an id twice',
  })

/** The claims as they stand in the token. */
export type ScreeningClaims = z.infer<typeof screeningClaimsSchema>

export interface ScreeningEntry {
  readonly id: string
  readonly kind: 'party' | 'country' | 'material'
  readonly names: readonly string[]
  readonly countries: readonly string[]
  readonly vendor: string | null
  readonly lot: string | null
  readonly why: string
}

/** One list as plain data, verified when it was loaded. */
export interface ScreeningList {
  /** Issuer and name: what is newer or older is told by it. */
  readonly uri: string
  readonly name: string
  readonly version: string
  readonly source: string
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  /** Of the compact token, 64 lower-case hexadecimal digits. */
  readonly sha256: string
  readonly entries: readonly ScreeningEntry[]
}

/** Verifies one list, now. A list that has expired is read: what it says is still worth knowing, and that it is old is told. */
export async function openScreeningList(
  compact: string,
  trust: Pick<Trust, 'anchorsPem' | 'authorities' | 'revoked'>,
  nowMs: number,
): Promise<{ readonly ok: true; readonly list: ScreeningList } | Refused> {
  const opened = await openAuthorityToken(compact, 'screeningList', 'screen', trust, nowMs)
  if (!opened.ok) return opened
  const sha256 = createHash('sha256').update(compact).digest('hex')
  const read = readList(sha256, opened.payload)
  if (!read.ok) return read
  const { issuer, list } = read.known
  return checkNamedIssuer(issuer, opened.issuer) ?? { ok: true, list }
}

interface KnownList {
  readonly issuer: string
  readonly list: ScreeningList
}

/** A folder of lists, twice over. */
const KNOWN_LISTS_MAX = 16

/**
 * Lists that were read before, by the digest of their token. Who signed one, and whether he still may, is looked at
 * each time; what it says stays the same, and reading a long one would keep a gate from its printer for a moment.
 */
const knownLists = new Map<string, KnownList>()

function readList(
  sha256: string,
  payload: Uint8Array,
): { readonly ok: true; readonly known: KnownList } | Refused {
  const before = knownLists.get(sha256)
  if (before !== undefined) return { ok: true, known: before }
  const read = readPayload(screeningClaimsSchema, payload)
  if (!read.ok) return read
  const { claims } = read
  const list = {
    uri: `${claims.iss}#${claims.sub}`,
    name: claims.sub,
    version: claims.version,
    source: claims.source,
    issuedAtMs: claims.iat * 1000,
    expiresAtMs: claims.exp * 1000,
    sha256,
    entries: claims.entries.map(toEntry),
  }
  const known = { issuer: claims.iss, list }
  if (knownLists.size >= KNOWN_LISTS_MAX) knownLists.clear()
  knownLists.set(sha256, known)
  return { ok: true, known }
}

function toEntry(entry: ScreeningClaims['entries'][number]): ScreeningEntry {
  const { id, kind, names = [], countries = [], vendor = null, lot = null, why } = entry
  return { id, kind, names, countries, vendor, lot, why }
}
