/**
 * Whom a site believes, and in what: plain data, so that it can be handed to the process that inspects a job. Read from
 * the trust folder by `loadTrust`.
 */
import type { LicenceTier } from './tiers.ts'

/** What an authority may do besides being known. */
export const POWERS = ['license', 'exempt', 'recognise', 'screen'] as const

export type Power = (typeof POWERS)[number]

/** What one anchor may speak for. An anchor without a row may license every tier, class and country, and nothing else. */
export interface Authority {
  /** SHA-256 of the anchor's certificate in DER, 64 lower-case hexadecimal digits. */
  readonly anchorSha256: string
  readonly powers: readonly Power[]
  readonly tiers: readonly LicenceTier[]
  /** Classes of the dictionary as `regime:code` or `regime:*`; null: all. */
  readonly classes: readonly string[] | null
  /** ISO 3166-1 alpha-2; null: all. */
  readonly countries: readonly string[] | null
  /** Authorities, besides the issuer itself, in whose name its exemptions may stand: their URIs. */
  readonly exemptsAs?: readonly string[]
}

/** A certificate of an issuer that is believed no more: named by its key, or by its serial number under an anchor. */
export interface RevokedCertificate {
  /** SHA-256 of the SubjectPublicKeyInfo, 64 lower-case hexadecimal digits; null where a serial number names it. */
  readonly spkiSha256: string | null
  /** Lower-case hexadecimal without leading zeros; null where its key names it. */
  readonly serial: { readonly anchorSha256: string; readonly number: string } | null
  /**
   * A licence that this log knew before that record goes on: a time in a token says nothing once its key is stolen, the
   * place in the log does. Null: nothing of it is believed, whenever it came.
   */
  readonly fromRecord: number | null
}

/** A slicer whose attestations are believed. */
export interface TrustedSlicer {
  readonly id: string
  /** Ed25519, 32 bytes in base64url. */
  readonly key: string
}

/** One authority's statement that a tier or a class of another regime is, here, one of its own. Verified at loading. */
export interface Recognition {
  /** URI of the issuer that states it, and the anchor under which it does. */
  readonly issuer: string
  readonly anchorSha256: string
  readonly expiresAtMs: number
  /** The regime that is recognised: the issuer with this URI, and those whose URI begins with it and a `/`. */
  readonly of: string
  readonly tiers: Readonly<Partial<Record<LicenceTier, LicenceTier>>>
  /** From a class there to a class here. */
  readonly classes: Readonly<Record<string, string>>
}

export interface Trust {
  readonly anchorsPem: readonly string[]
  readonly authorities: readonly Authority[]
  readonly revoked: readonly RevokedCertificate[]
  readonly slicers: readonly TrustedSlicer[]
  readonly recognitions: readonly Recognition[]
}

/** Trust as it was read, and what was left out of it and why: sentences for whoever keeps the trust folder. */
export interface LoadedTrust extends Trust {
  readonly notes: readonly string[]
}

/** Trusts these anchors for licences of every kind, and knows nothing else. */
export function trustIn(anchorsPem: readonly string[]): Trust {
  return { anchorsPem, authorities: [], revoked: [], slicers: [], recognitions: [] }
}
