/**
 * What two libraries must read alike in one certificate. A parser that can be made to see another key, another date or
 * another name than its neighbour is how certificate checks are usually broken.
 */
import type { X509Certificate } from 'node:crypto'
import type { pki } from 'node-forge'

/**
 * The purpose that a signer certificate must be made for, as an object identifier. Derived without registration from
 * the UUID 0a2906a1-0b5c-4b78-8fe7-686db166a450 under the arc that Microsoft keeps for that. An identifier under
 * 2.25 would be shorter, but node-forge neither writes nor reads its 128-bit arc.
 */
export const LICENCE_SIGNING_PURPOSE = '1.2.840.113556.1.8000.2554.2601.1697.2908.19320.36839.6843825.6726736'

/** The part a certificate plays in a chain. */
export type CertificateRole = 'signer' | 'intermediate' | 'anchor'

/** What both libraries read. */
export interface SharedFacts {
  /** Hexadecimal, lower case, without leading zeros. */
  readonly serial: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** May sign certificates: basicConstraints says so, and keyUsage where present does too. */
  readonly isAuthority: boolean
  /** Object identifiers of the extended key usage, in order, joined by commas; empty where there is none. */
  readonly purposes: string
  /** The only subject alternative name, where it is one plain URI; empty otherwise. */
  readonly uri: string
  /** SubjectPublicKeyInfo in DER, base64. */
  readonly publicKey: string
}

/** What only node-forge shows, and our profile wants to know. */
export interface ForgeFacts {
  readonly commonName: string
  readonly organisation: string
  readonly isSelfIssued: boolean
  /** Object identifier of the signature, the same inside and outside the signed part; empty where they differ. */
  readonly signatureAlgorithm: string
  /** The names of the key usage bits set, in order of the standard; undefined where the extension is absent. */
  readonly keyUsage: readonly string[] | undefined
  readonly keyUsageIsCritical: boolean
  readonly pathLength: number | undefined
  readonly constraintsAreCritical: boolean
  readonly repeatsAnExtension: boolean
}

/** One certificate as both libraries hold it. */
export interface Certificate {
  readonly role: CertificateRole
  /** For sentences: ``signer certificate `Acme signer` ``. */
  readonly label: string
  readonly facts: SharedFacts & ForgeFacts
  readonly forge: pki.Certificate
  readonly x509: X509Certificate
}

/** A chain in the order of signing: the token's signer first, the trust anchor last. */
export type Chain = readonly [signer: Certificate, intermediate: Certificate, anchor: Certificate]

/**
 * What one library says about a whole path. `objection` is the question that failed: `constraints` are the ones that
 * only node-forge can answer (path length, name constraints, unknown critical extensions).
 */
export type PathOpinion =
  | { readonly trusted: true }
  | {
      readonly trusted: false
      readonly objection: 'names' | 'signature' | 'dates' | 'authority' | 'constraints' | 'other'
      readonly detail: string
    }

/** An alternative name that both libraries print the same way: no quotes, commas or escapes. */
export const PLAIN_URI = /^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#@!$&'()*+;=%-]+$/

/** Writes a serial number so that leading zeros, signs and case do not hide that two are equal. */
export function normaliseSerial(hex: string): string {
  return hex.toLowerCase().replace(/^0+(?=.)/, '')
}
