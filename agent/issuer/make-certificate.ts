/** Builds the certificates of an issuer with node-forge. Private keys stay in node:crypto and never enter it. */
import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import forge from 'node-forge'
import { LICENCE_SIGNING_PURPOSE } from '../token/index.ts'

const { asn1, pki } = forge

/** RFC 5280 section 4.1.2.2 allows 20; 16 random ones never repeat and leave room for the sign. */
const SERIAL_BYTES = 16

/** Who a certificate is for: the organisation in every one of its issuer's certificates, and the part it plays. */
export interface CertificateName {
  readonly organisation: string
  readonly commonName: string
}

export interface CertificateOrder {
  readonly subject: CertificateName
  readonly issuer: CertificateName
  /** The key the certificate is about. Only its public half is used. */
  readonly key: KeyObject
  /** The issuer's private key; the same as `key` for a root. */
  readonly issuerKey: KeyObject
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Extensions in node-forge's notation. */
  readonly extensions: readonly object[]
}

/** Makes one certificate, signed with RSA and SHA-256, as PEM. Dates are cut to whole seconds, as X.509 holds them. */
export function makeCertificate(order: CertificateOrder): string {
  const certificate = pki.createCertificate()
  certificate.publicKey = toForgeKey(order.key)
  certificate.serialNumber = makeSerial()
  certificate.validity.notBefore = new Date(order.notBeforeMs)
  certificate.validity.notAfter = new Date(order.notAfterMs)
  certificate.setSubject(toAttributes(order.subject))
  certificate.setIssuer(toAttributes(order.issuer))
  certificate.setExtensions([
    ...order.extensions,
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: keyIdentifier(order.issuerKey) },
  ])
  const signer = {
    sign: (): string => {
      const toBeSigned = Buffer.from(asn1.toDer(certificate.tbsCertificate).getBytes(), 'binary')
      return sign('sha256', toBeSigned, order.issuerKey).toString('binary')
    },
  }
  // node-forge asks its key for nothing but sign(), and calls it once the part to be signed is in place.
  certificate.sign(signer as unknown as forge.pki.rsa.PrivateKey, forge.md.sha256.create())
  return pki.certificateToPem(certificate).replaceAll('\r\n', '\n')
}

/** The extensions of a root: may vouch for authorities that may not vouch for further ones. */
export function rootExtensions(): readonly object[] {
  return [
    { name: 'basicConstraints', cA: true, pathLenConstraint: 1, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ]
}

/** The extensions of an intermediate: vouches for signers only, and only under the host of the issuer's URI. */
export function intermediateExtensions(uri: string): readonly object[] {
  return [
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { id: '2.5.29.30', critical: true, value: permitUriHost(new URL(uri).hostname) },
  ]
}

/** The extensions of a signer: signs licences in the name of one URI, and nothing else. */
export function signerExtensions(uri: string): readonly object[] {
  return [
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, critical: true },
    { name: 'extKeyUsage', [LICENCE_SIGNING_PURPOSE]: true },
    { name: 'subjectAltName', altNames: [{ type: 6, value: uri }] },
  ]
}

/** NameConstraints with one permitted subtree: RFC 5280 section 4.2.1.10. node-forge reads but does not write them. */
function permitUriHost(host: string): string {
  const context = asn1.Class.CONTEXT_SPECIFIC
  const { UNIVERSAL } = asn1.Class
  const { SEQUENCE } = asn1.Type
  const base = asn1.create(context, 6, false, host)
  const subtree = asn1.create(UNIVERSAL, SEQUENCE, true, [base])
  const permitted = asn1.create(context, 0, true, [subtree])
  return asn1.toDer(asn1.create(UNIVERSAL, SEQUENCE, true, [permitted])).getBytes()
}

function toForgeKey(key: KeyObject): forge.pki.rsa.PublicKey {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }).toString())
}

function keyIdentifier(key: KeyObject): string {
  return pki
    .getPublicKeyFingerprint(toForgeKey(key), { type: 'RSAPublicKey', md: forge.md.sha1.create() })
    .getBytes()
}

function toAttributes({ organisation, commonName }: CertificateName): forge.pki.CertificateField[] {
  // The typings want a tag class where node-forge takes a tag: UTF8String, so that any name fits.
  const valueTagClass = asn1.Type.UTF8 as unknown as forge.asn1.Class
  return [
    { name: 'organizationName', value: organisation, valueTagClass },
    { name: 'commonName', value: commonName, valueTagClass },
  ]
}

/** Positive and of full length: the first byte lies between 0x40 and 0x7f. */
function makeSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES)
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f)
  return bytes.toString('hex')
}
