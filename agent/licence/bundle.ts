/**
 * What travels with a job: the licence, and whatever else it takes to check it offline. One compact token a line, in any
 * order but that of licences: the one that is used first, then its parents. Attestations of slicers are JSON, also one
 * a line. Nothing here is believed yet.
 */
import { parseStrictJson, type Refused, refuse, TOKEN_KINDS, type TokenKind } from '../token/index.ts'

/** A sub-licence with its parents, allocations, refunds and a short status list take 60 KiB. */
export const BUNDLE_BYTES_MAX = 256 * 1024

/** More than any licence needs, and few enough to check each. */
const LINES_MAX = 32

/** A parent for each level of delegation, the licence itself, and the issuer's. */
const LICENCES_MAX = 4

/** One for each issuer of a chain, old and new. More would only keep the gate busy with verifying them. */
const STATUS_LISTS_MAX = 4

/** Signed by a licensee with the key that its own licence names, not by an issuer with certificates. */
export const SUBLICENCE_TYPE = 'design-sublicence+jwt'

/** The header of a token of any kind has two certificates at most. */
const HEADER_CHARS_MAX = 16 * 1024

export interface Bundle {
  /** The licence that is used, then each parent; the last is signed by an issuer. Compact tokens. */
  readonly licences: readonly string[]
  readonly allocations: readonly string[]
  readonly refunds: readonly string[]
  readonly statusLists: readonly string[]
  /** DSSE envelopes as JSON. */
  readonly attestations: readonly string[]
}

/** Sorts the lines by what they say they are. What is not known is refused: it may limit the licence. */
export function openBundle(text: string): { readonly ok: true; readonly bundle: Bundle } | Refused {
  const sizeBytes = Buffer.byteLength(text)
  if (sizeBytes > BUNDLE_BYTES_MAX) return refuse('too-large', sizeBytes, BUNDLE_BYTES_MAX)
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (lines.length > LINES_MAX) return refuse('malformed', `it has more than ${LINES_MAX} lines`)
  const sorted: Record<'licences' | 'allocations' | 'refunds' | 'statusLists' | 'attestations', string[]> = {
    licences: [],
    allocations: [],
    refunds: [],
    statusLists: [],
    attestations: [],
  }
  for (const line of lines) {
    const place = placeOf(line)
    if (place === undefined)
      return refuse('malformed', 'it holds a line that is neither a licence nor goes with one')
    sorted[place].push(line)
  }
  if (sorted.licences.length === 0) return refuse('malformed', 'it holds no licence')
  if (sorted.licences.length > LICENCES_MAX)
    return refuse('malformed', `it holds more than ${LICENCES_MAX} licences`)
  if (sorted.statusLists.length > STATUS_LISTS_MAX)
    return refuse('malformed', `it holds more than ${STATUS_LISTS_MAX} status lists`)
  return { ok: true, bundle: sorted }
}

const PLACES: Readonly<Record<string, keyof Bundle>> = {
  [TOKEN_KINDS.licence.type]: 'licences',
  [SUBLICENCE_TYPE]: 'licences',
  [TOKEN_KINDS.allocation.type]: 'allocations',
  [TOKEN_KINDS.refund.type]: 'refunds',
  [TOKEN_KINDS.statusList.type]: 'statusLists',
}

/** A lone token of an unknown type is taken for a licence, so that its reader says what is wrong with it. */
function placeOf(line: string): keyof Bundle | undefined {
  if (line.startsWith('{')) return 'attestations'
  const type = tokenType(line)
  if (type === undefined) return 'licences'
  if (Object.hasOwn(PLACES, type)) return PLACES[type]
  return isTokenType(type) ? undefined : 'licences'
}

function isTokenType(type: string): boolean {
  return (Object.keys(TOKEN_KINDS) as TokenKind[]).some((kind) => TOKEN_KINDS[kind].type === type)
}

/** What the header says, or undefined where there is none to read. */
export function tokenType(compact: string): string | undefined {
  const end = compact.indexOf('.')
  if (end < 1 || end > HEADER_CHARS_MAX) return undefined
  const json = parseStrictJson(Buffer.from(compact.slice(0, end), 'base64url'))
  if (!json.ok || typeof json.value !== 'object' || json.value === null || !('typ' in json.value))
    return undefined
  return typeof json.value.typ === 'string' ? json.value.typ : undefined
}
