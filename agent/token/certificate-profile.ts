/**
 * The profile of a licence's certificates: what neither library asks for by itself. Only genuine, narrow, single-purpose
 * certificates of a strong key sign licences.
 */
import type { KeyObject } from 'node:crypto'
import { type Certificate, type CertificateRole, LICENCE_SIGNING_PURPOSE } from './certificate.ts'
import { quoteInput } from './plain-text.ts'
import { type Refused, refuse } from './refusal.ts'

/** 128-bit security, to be trusted past 2030 (NIST SP 800-57 part 1). */
const KEY_BITS_MIN = 3072

/** A larger key adds no safety that anything else here matches, and each doubling costs four times the work. */
const KEY_BITS_MAX = 4096

/** Small exponents have a history of forgeries; a 4096-bit one keeps node-forge busy for a second. */
const KEY_EXPONENT = 65537n

/** RSA with SHA-256, SHA-384, SHA-512 (PKCS #1 v1.5). PSS is left out: its parameters can name SHA-1 inside. */
const SIGNATURE_ALGORITHMS: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
])

/** Judges a public key. Comes before node-forge touches the certificate: the key decides how long that takes. */
export function checkKey(role: CertificateRole, key: KeyObject): Refused | undefined {
  const label = `${role} certificate`
  if (key.asymmetricKeyType !== 'rsa') {
    const kind = key.asymmetricKeyType ?? 'unknown'
    return refuse(
      'issuer-not-allowed',
      `${label} holds a key of type \`${kind}\`, only RSA is allowed`,
      kind,
      'rsa',
    )
  }
  const { modulusLength: bits = 0, publicExponent: exponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (bits < KEY_BITS_MIN) {
    return refuse(
      'weak-key',
      `${label} has a key of ${bits} bits, below the limit of ${KEY_BITS_MIN} bits`,
      bits,
      KEY_BITS_MIN,
    )
  }
  if (bits > KEY_BITS_MAX) {
    return refuse(
      'weak-key',
      `${label} has a key of ${bits} bits, above the limit of ${KEY_BITS_MAX} bits`,
      bits,
      KEY_BITS_MAX,
    )
  }
  if (exponent !== KEY_EXPONENT) {
    // Said by its size where it is a wall of digits.
    const shown = exponent < 2n ** 32n ? String(exponent) : `2^${exponent.toString(2).length - 1} or more`
    const limit = String(KEY_EXPONENT)
    return refuse('weak-key', `${label} has the public exponent ${shown}, it must be ${limit}`, shown, limit)
  }
  return undefined
}

/** Judges one certificate by itself, for the part it plays. Dates are not its business. */
export function checkProfile(certificate: Certificate): Refused | undefined {
  return checkMaking(certificate) ?? checkPart(certificate)
}

function checkMaking({ label, facts }: Certificate): Refused | undefined {
  if (facts.repeatsAnExtension) return refuse('issuer-not-allowed', `${label} repeats an extension`)
  if (!SIGNATURE_ALGORITHMS.has(facts.signatureAlgorithm)) {
    const shown =
      facts.signatureAlgorithm === '' ? 'two different algorithms' : `\`${facts.signatureAlgorithm}\``
    return refuse(
      'issuer-not-allowed',
      `${label} is signed with ${shown}, only RSA with SHA-256, SHA-384 or SHA-512 is allowed`,
      facts.signatureAlgorithm,
    )
  }
  return undefined
}

function checkPart(certificate: Certificate): Refused | undefined {
  switch (certificate.role) {
    case 'signer':
      return checkSigner(certificate)
    case 'intermediate':
      return checkAuthority(certificate) ?? checkIntermediate(certificate)
    case 'anchor':
      return checkAuthority(certificate) ?? checkAnchor(certificate)
  }
}

function checkSigner({ label, facts }: Certificate): Refused | undefined {
  if (facts.isAuthority || facts.pathLength !== undefined) {
    return refuse(
      'issuer-not-allowed',
      `${label} may sign certificates; a licence is signed by one that may not`,
    )
  }
  const usage = facts.keyUsage?.join(', ') || 'none'
  if (usage !== 'digitalSignature' || !facts.keyUsageIsCritical) {
    const shown = facts.keyUsageIsCritical ? usage : `${usage}, not critical`
    return refuse(
      'issuer-not-allowed',
      `${label} has the key usage \`${shown}\`, it must be \`digitalSignature\` alone and critical`,
      shown,
      'digitalSignature',
    )
  }
  if (facts.purposes !== LICENCE_SIGNING_PURPOSE) {
    const shown = facts.purposes || 'none'
    return refuse(
      'issuer-not-allowed',
      `${label} has the purpose ${quoteInput(shown)}, it must be made for signing licences alone`,
      shown,
      LICENCE_SIGNING_PURPOSE,
    )
  }
  if (facts.uri === '') {
    return refuse('issuer-not-allowed', `${label} must name its issuer by exactly one URI and nothing else`)
  }
  return undefined
}

function checkAuthority({ label, facts }: Certificate): Refused | undefined {
  if (!facts.isAuthority || !facts.constraintsAreCritical) {
    return refuse('issuer-not-allowed', `${label} is not an authority, so it cannot vouch for others`)
  }
  if (facts.keyUsage?.includes('keyCertSign') !== true || !facts.keyUsageIsCritical) {
    return refuse('issuer-not-allowed', `${label} lacks the critical key usage \`keyCertSign\``)
  }
  return undefined
}

function checkIntermediate({ label, facts }: Certificate): Refused | undefined {
  if (facts.isSelfIssued) {
    return refuse(
      'issuer-not-allowed',
      `${label} is issued by itself; a root is trusted from here, not from a token`,
    )
  }
  if (facts.pathLength !== 0) {
    const shown = facts.pathLength === undefined ? 'none' : String(facts.pathLength)
    return refuse('issuer-not-allowed', `${label} has the path limit \`${shown}\`, it must be 0`, shown, '0')
  }
  if (facts.purposes !== '' && facts.purposes !== LICENCE_SIGNING_PURPOSE) {
    return refuse(
      'issuer-not-allowed',
      `${label} is made for other purposes than signing licences`,
      facts.purposes,
    )
  }
  return undefined
}

function checkAnchor({ label, facts }: Certificate): Refused | undefined {
  if (!facts.isSelfIssued)
    return refuse('issuer-not-allowed', `${label} is not a root: it was issued by another`)
  return undefined
}

/** Judges the dates of one certificate. Both ends belong to its life, as in RFC 5280 section 4.1.2.5. */
export function checkDates({ label, facts }: Certificate, nowMs: number): Refused | undefined {
  if (nowMs < facts.notBeforeMs) return refuse('issuer-not-yet-valid', label, facts.notBeforeMs, nowMs)
  if (nowMs > facts.notAfterMs) return refuse('issuer-expired', label, facts.notAfterMs, nowMs)
  return undefined
}
