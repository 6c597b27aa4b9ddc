/** What an authority may speak for: questions about plain data, for whoever checks a licence. They touch no file. */
import { X509Certificate } from 'node:crypto'
import type { TrustedIssuer } from '../token/index.ts'
import { fingerprintOf, serialOf, spkiSha256Of } from './certificate-names.ts'
import { coversClass } from './class-pattern.ts'
import { LICENCE_TIERS, type LicenceTier, tightness } from './tiers.ts'
import type { Authority, Power, RevokedCertificate, Trust } from './trust.ts'

/** What a licence wants its issuer to answer for. Tier and classes as this site knows them, after recognition. */
export interface LicenceScope {
  readonly tier: LicenceTier
  readonly classes: readonly string[]
  /** ISO 3166-1 alpha-2; empty where the licence names none, which is everywhere. */
  readonly countries: readonly string[]
}

/** What is beyond an authority, in the three parts of the refusal `outside-authority`. */
export interface BeyondAuthority {
  readonly what: string
  readonly value: string
  readonly limit: string
}

/** From this tier on a design has a class, or else an issuer of some classes only could leave its class out. */
const CLASSED_FROM: LicenceTier = 'controlled'

/** The row of an anchor; of one without a row, what is said of such anchors. */
export function authorityOf(trust: Pick<Trust, 'authorities'>, anchorSha256: string): Authority {
  return (
    trust.authorities.find((authority) => authority.anchorSha256 === anchorSha256) ?? {
      anchorSha256,
      powers: ['license'],
      tiers: LICENCE_TIERS,
      classes: null,
      countries: null,
    }
  )
}

export function hasPower(trust: Pick<Trust, 'authorities'>, anchorSha256: string, power: Power): boolean {
  return authorityOf(trust, anchorSha256).powers.includes(power)
}

/** The first thing in a licence that its authority may not license; undefined where it may license all of it. */
export function mayLicense(authority: Authority, scope: LicenceScope): BeyondAuthority | undefined {
  const { powers, tiers, classes, countries } = authority
  if (!powers.includes('license')) {
    return {
      what: 'this issuer may not license designs here',
      value: 'license',
      limit: powers.join(', ') || 'nothing',
    }
  }
  if (!tiers.includes(scope.tier)) {
    return {
      what: `this issuer may not license designs of tier ${scope.tier} here`,
      value: scope.tier,
      limit: tiers.join(', ') || 'none',
    }
  }
  return beyondClasses(classes, scope) ?? beyondCountries(countries, scope)
}

function beyondClasses(allowed: Authority['classes'], scope: LicenceScope): BeyondAuthority | undefined {
  if (allowed === null) return undefined
  const limit = allowed.join(', ') || 'none'
  const foreign = scope.classes.find((code) => !allowed.some((pattern) => coversClass(pattern, code)))
  if (foreign !== undefined) {
    return { what: `this issuer may not license designs of class ${foreign} here`, value: foreign, limit }
  }
  if (scope.classes.length > 0 || tightness(scope.tier) < tightness(CLASSED_FROM)) return undefined
  const what = `a licence of tier ${scope.tier} by this issuer must name its classes`
  return { what, value: 'none', limit }
}

function beyondCountries(allowed: Authority['countries'], scope: LicenceScope): BeyondAuthority | undefined {
  if (allowed === null) return undefined
  const limit = allowed.join(', ') || 'none'
  const foreign = scope.countries.find((country) => !allowed.includes(country))
  if (foreign !== undefined) {
    return { what: `this issuer may not license for the country ${foreign} here`, value: foreign, limit }
  }
  if (scope.countries.length > 0) return undefined
  return { what: 'a licence by this issuer must name its destination countries', value: 'any', limit }
}

/**
 * Whether an issuer's exemption counts here. It needs the power, and stands in the issuer's own name or in that of an
 * authority for which the site lets it speak: nothing in a licence proves that anybody but its issuer granted it.
 */
export function mayExempt(authority: Authority, issuerUri: string, grantedBy: string): boolean {
  if (!authority.powers.includes('exempt')) return false
  return grantedBy === issuerUri || (authority.exemptsAs ?? []).includes(grantedBy)
}

/** The certificate of an issuer's chain that is revoked here, with the row that says so. */
export interface Revocation {
  /** For sentences: ``signer certificate `Acme signer` ``. */
  readonly label: string
  readonly revoked: RevokedCertificate
}

/**
 * The revocation that touches an issuer's chain, its anchor included; the strictest where there are several. The caller
 * knows whether the log had met the licence before `fromRecord`.
 */
export function revocationOf(
  trust: Pick<Trust, 'revoked' | 'anchorsPem'>,
  issuer: Pick<TrustedIssuer, 'certificates' | 'anchorSha256'>,
): Revocation | undefined {
  if (trust.revoked.length === 0) return undefined
  const anchor = anchorCertificate(trust.anchorsPem, issuer.anchorSha256)
  const chain = anchor === undefined ? issuer.certificates : [...issuer.certificates, anchor]
  const found = chain.flatMap(({ label, serial, spkiSha256 }): readonly Revocation[] =>
    trust.revoked
      .filter((row) => names(row, { serial, spkiSha256, anchorSha256: issuer.anchorSha256 }))
      .map((revoked) => ({ label, revoked })),
  )
  const earliness = ({ revoked }: Revocation): number => revoked.fromRecord ?? -1
  return found.sort((one, other) => earliness(one) - earliness(other))[0]
}

function names(
  row: RevokedCertificate,
  certificate: {
    readonly serial: string
    readonly spkiSha256: string
    readonly anchorSha256: string
  },
): boolean {
  if (row.spkiSha256 !== null) return row.spkiSha256 === certificate.spkiSha256
  if (row.serial === null) return false
  return row.serial.anchorSha256 === certificate.anchorSha256 && row.serial.number === certificate.serial
}

function anchorCertificate(
  anchorsPem: readonly string[],
  anchorSha256: string,
): TrustedIssuer['certificates'][number] | undefined {
  for (const pem of anchorsPem) {
    const anchor = new X509Certificate(pem)
    if (fingerprintOf(anchor) !== anchorSha256) continue
    return { label: 'anchor certificate', serial: serialOf(anchor), spkiSha256: spkiSha256Of(anchor) }
  }
  return undefined
}
