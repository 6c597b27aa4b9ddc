/**
 * Who signed this token, and may they? Two libraries read the certificates and walk the path; they must read the same
 * facts and come to the same end. Where they do not, the answer is no, whichever of them is right.
 */
import { createHash, type KeyObject, X509Certificate } from 'node:crypto'
import type { Certificate, CertificateRole, Chain, PathOpinion, SharedFacts } from './certificate.ts'
import { type ForgeReading, judgePathWithForge, readWithForge } from './certificate-path.ts'
import { checkDates, checkKey, checkProfile } from './certificate-profile.ts'
import { quoteInput, showInput } from './plain-text.ts'
import { type Refused, refuse } from './refusal.ts'
import { factsFromNode, judgePathWithNode, readWithNode } from './second-opinion.ts'

/** An issuer whose chain holds at this instant. */
export interface TrustedIssuer {
  /** The URI in the signer's certificate: the only `iss` its tokens may carry. */
  readonly uri: string
  readonly name: string
  /** What the token's signature is checked with. */
  readonly signerKey: KeyObject
  /** When the signer's own certificate ends. */
  readonly signerNotAfterMs: number
  /** SHA-256 of the anchor's certificate in DER, 64 lower-case hexadecimal digits: what the trust store names it by. */
  readonly anchorSha256: string
  /** Signer and intermediate, for whoever revokes certificates. */
  readonly certificates: readonly IssuerCertificate[]
}

/** What a revocation can name. */
export interface IssuerCertificate {
  readonly label: string
  /** Hexadecimal, lower case, without leading zeros. */
  readonly serial: string
  /** SHA-256 of the SubjectPublicKeyInfo, 64 lower-case hexadecimal digits. */
  readonly spkiSha256: string
}

type ChainResult = { readonly ok: true; readonly issuer: TrustedIssuer } | Refused

/** The last chain that was judged, with all that the answer depends on. */
let lastJudged:
  | {
      readonly signerDer: Buffer
      readonly intermediateDer: Buffer
      readonly anchorsPem: readonly string[]
      readonly nowMs: number
      readonly result: ChainResult
    }
  | undefined

/**
 * Judges signer and intermediate against the trust anchors of this machine, at one instant. The tokens of one bundle are
 * mostly of one signer, so the last answer is kept for the very same question.
 */
export function checkIssuerChain(
  signerDer: Buffer,
  intermediateDer: Buffer,
  anchorsPem: readonly string[],
  nowMs: number,
): ChainResult {
  const isSame =
    lastJudged?.nowMs === nowMs &&
    lastJudged.anchorsPem === anchorsPem &&
    lastJudged.signerDer.equals(signerDer) &&
    lastJudged.intermediateDer.equals(intermediateDer)
  if (lastJudged !== undefined && isSame) return lastJudged.result
  const result = judgeChain(signerDer, intermediateDer, anchorsPem, nowMs)
  lastJudged = { signerDer, intermediateDer, anchorsPem, nowMs, result }
  return result
}

function judgeChain(
  signerDer: Buffer,
  intermediateDer: Buffer,
  anchorsPem: readonly string[],
  nowMs: number,
): ChainResult {
  const signer = readCertificate('signer', signerDer)
  if (!signer.ok) return signer
  const intermediate = readCertificate('intermediate', intermediateDer)
  if (!intermediate.ok) return intermediate

  const refusal = checkOne(signer.certificate, nowMs) ?? checkOne(intermediate.certificate, nowMs)
  if (refusal !== undefined) return refusal

  const anchored = checkAnchors(signer.certificate, intermediate.certificate, anchorsPem, nowMs)
  if (!anchored.ok) return anchored
  const { facts, x509 } = signer.certificate
  return {
    ok: true,
    issuer: {
      uri: facts.uri,
      name: facts.organisation,
      signerKey: x509.publicKey,
      signerNotAfterMs: facts.notAfterMs,
      anchorSha256: sha256Hex(anchored.anchorDer),
      certificates: [signer.certificate, intermediate.certificate].map((certificate) => ({
        label: certificate.label,
        serial: certificate.facts.serial,
        spkiSha256: sha256Hex(Buffer.from(certificate.facts.publicKey, 'base64')),
      })),
    },
  }
}

function checkOne(certificate: Certificate, nowMs: number): Refused | undefined {
  return checkProfile(certificate) ?? checkDates(certificate, nowMs)
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Tries each anchor that bears the name the intermediate was issued by, until one of them holds. */
function checkAnchors(
  signer: Certificate,
  intermediate: Certificate,
  anchorsPem: readonly string[],
  nowMs: number,
): { readonly ok: true; readonly anchorDer: Buffer } | Refused {
  const issuer = signer.facts.organisation || signer.facts.commonName
  let refusal = refuse('untrusted-issuer', issuer, 'its certificates lead to none of the trust anchors')
  for (const der of anchorsNamed(intermediate.x509.issuer, anchorsPem)) {
    const anchor = readCertificate('anchor', der)
    const objection = anchor.ok
      ? (checkOne(anchor.certificate, nowMs) ??
        judgePath([signer, intermediate, anchor.certificate], nowMs, issuer))
      : anchor
    if (objection === undefined) return { ok: true, anchorDer: der }
    // Several anchors can share a name while a root is renewed. The one that came closest has the most to say.
    if (objection.refusal.code !== 'untrusted-issuer' || refusal.refusal.code === 'untrusted-issuer') {
      refusal = objection
    }
  }
  return refusal
}

/** An anchor that does not even parse is no anchor. Reading the trust folder has said so already. */
function anchorsNamed(name: string, anchorsPem: readonly string[]): Buffer[] {
  return anchorsPem.flatMap((pem) => {
    try {
      const anchor = new X509Certificate(pem)
      return anchor.subject === name ? [anchor.raw] : []
    } catch {
      return []
    }
  })
}

/** Reads one certificate with both libraries. Its key is judged before node-forge computes anything with it. */
export function readCertificate(
  role: CertificateRole,
  der: Buffer,
): { readonly ok: true; readonly certificate: Certificate } | Refused {
  let x509: X509Certificate
  let key: KeyObject
  try {
    x509 = readWithNode(der)
    key = x509.publicKey
  } catch {
    return refuse('malformed', `${role} certificate is not a certificate`)
  }
  const weak = checkKey(role, key)
  if (weak !== undefined) return weak

  let forge: ForgeReading
  try {
    forge = readWithForge(der)
  } catch (error) {
    return refuse(
      'opinions-differ',
      `only one of them can read the ${role} certificate (${describeError(error)})`,
    )
  }
  const differing = findDifference(forge.shared, factsFromNode(x509))
  if (differing !== undefined) {
    return refuse('opinions-differ', `they read another ${differing} in the ${role} certificate`)
  }
  const label = `${role} certificate ${quoteInput(forge.own.commonName)}`
  const facts = { ...forge.shared, ...forge.own }
  return { ok: true, certificate: { role, label, facts, forge: forge.certificate, x509 } }
}

const FACT_NAMES: Readonly<Record<keyof SharedFacts, string>> = {
  serial: 'serial number',
  notBeforeMs: 'first date',
  notAfterMs: 'last date',
  isAuthority: 'authority to sign certificates',
  purposes: 'list of purposes',
  uri: 'URI',
  publicKey: 'public key',
}

function findDifference(one: SharedFacts, other: SharedFacts): string | undefined {
  for (const fact of Object.keys(FACT_NAMES) as (keyof SharedFacts)[]) {
    // Not Object.is: a date that neither could read is NaN twice, and must count as a difference.
    if (one[fact] !== other[fact]) return FACT_NAMES[fact]
  }
  return undefined
}

function judgePath(chain: Chain, nowMs: number, issuer: string): Refused | undefined {
  const first = judgePathWithForge(chain, nowMs)
  const second = judgePathWithNode(chain, nowMs)
  if (first.trusted && second.trusted) return undefined
  if (!first.trusted && first.objection === 'constraints') {
    return refuse(
      'issuer-not-allowed',
      `certificates break a rule of their own path: ${sentence(first.detail)}`,
    )
  }
  if (first.trusted !== second.trusted) {
    return refuse(
      'opinions-differ',
      `node-forge ${describeOpinion(first)}, node:crypto ${describeOpinion(second)}`,
    )
  }
  return refuse('untrusted-issuer', issuer, second.trusted ? '' : second.detail)
}

function describeOpinion(opinion: PathOpinion): string {
  return opinion.trusted ? 'trusts the path' : `objects (${opinion.objection}: ${sentence(opinion.detail)})`
}

/** The libraries write sentences with a capital and a full stop, and may quote the certificate. */
function sentence(text: string): string {
  return showInput(text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, ''))
}

function describeError(error: unknown): string {
  const message = error instanceof Error ? error.message : 'no reason given'
  return sentence(message.split('\n')[0] ?? '')
}
