/**
 * The second opinion: node:crypto, that is OpenSSL, reads the same certificates and checks names, signatures, dates and
 * authority on its own. It shows no path length and no name constraints, so on those node-forge's word stands alone.
 */
import { X509Certificate } from 'node:crypto'
import { type Chain, normaliseSerial, type PathOpinion, PLAIN_URI, type SharedFacts } from './certificate.ts'

/** Reads one DER certificate. Throws on anything OpenSSL cannot read, and on bytes after the certificate. */
export function readWithNode(der: Buffer): X509Certificate {
  const certificate = new X509Certificate(der)
  if (!certificate.raw.equals(der)) throw new Error('there are bytes beside the certificate')
  return certificate
}

/** The facts of one certificate as OpenSSL sees them. */
export function factsFromNode(certificate: X509Certificate): SharedFacts {
  // Named keyUsage, but it holds the extended key usage. Undefined where the extension is absent.
  const purposes: readonly string[] | undefined = certificate.keyUsage
  const [, uri] = /^URI:([^,"]+)$/.exec(certificate.subjectAltName ?? '') ?? []
  return {
    serial: normaliseSerial(certificate.serialNumber),
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
    isAuthority: certificate.ca,
    purposes: (purposes ?? []).join(','),
    uri: uri !== undefined && PLAIN_URI.test(uri) ? uri : '',
    publicKey: certificate.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  }
}

/** Walks the path at one instant: each certificate issued and signed by the next, the anchor by itself. */
export function judgePathWithNode(chain: Chain, nowMs: number): PathOpinion {
  const [signer, intermediate, anchor] = chain.map(({ x509 }) => x509) as [
    X509Certificate,
    X509Certificate,
    X509Certificate,
  ]
  const links = [
    [signer, intermediate],
    [intermediate, anchor],
    [anchor, anchor],
  ] as const
  for (const [certificate, parent] of links) {
    if (!parent.ca) return object('authority', 'a certificate that signs others is not an authority')
    if (!certificate.checkIssued(parent)) return object('names', 'a certificate was not issued by the next')
    if (!certificate.verify(parent.publicKey)) {
      return object('signature', 'a certificate was not signed by the next')
    }
    const isCurrent = Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo)
    if (!isCurrent) return object('dates', 'a certificate is outside its dates')
  }
  return { trusted: true }
}

function object(objection: 'names' | 'signature' | 'dates' | 'authority', detail: string): PathOpinion {
  return { trusted: false, objection, detail }
}
