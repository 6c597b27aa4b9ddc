/** Certificates of any make, good and bad, for the zoo. node-forge builds them, node:crypto signs. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, X509Certificate } from 'node:crypto'
import forge from 'node-forge'
import { LICENCE_SIGNING_PURPOSE } from '../../agent/token/certificate.ts'

const { asn1, pki } = forge

export type Digest = 'md5' | 'sha1' | 'sha256'

export interface BadCertificate {
  readonly subject: string
  readonly issuer: string
  /** Any key: where it is not RSA, it is grafted in after node-forge has built the rest. */
  readonly key: KeyObject
  readonly issuerKey: KeyObject
  readonly extensions: readonly object[]
  readonly digest?: Digest
  readonly from?: string
  readonly to?: string
}

let lastSerial = 0x1000

/** Makes one certificate, as DER. */
export function makeBadCertificate(recipe: BadCertificate): Buffer {
  const { digest = 'sha256', from = '2026-01-01T00:00:00Z', to = '2027-01-01T00:00:00Z' } = recipe
  const certificate = pki.createCertificate()
  const isRsa = recipe.key.asymmetricKeyType === 'rsa'
  certificate.publicKey = toForgeKey(isRsa ? recipe.key : recipe.issuerKey)
  lastSerial += 1
  certificate.serialNumber = lastSerial.toString(16)
  certificate.validity.notBefore = new Date(from)
  certificate.validity.notAfter = new Date(to)
  certificate.setSubject([{ name: 'commonName', value: recipe.subject }])
  certificate.setIssuer([{ name: 'commonName', value: recipe.issuer }])
  // node-forge writes its encoding into the objects it is given, and the zoo shares them.
  certificate.setExtensions(structuredClone([...recipe.extensions]))
  const signer = {
    sign: (): string => {
      if (!isRsa) graftKey(certificate.tbsCertificate, recipe.key)
      const toBeSigned = Buffer.from(asn1.toDer(certificate.tbsCertificate).getBytes(), 'binary')
      return sign(digest, toBeSigned, recipe.issuerKey).toString('binary')
    },
  }
  certificate.sign(signer as unknown as forge.pki.rsa.PrivateKey, forge.md[digest].create())
  return Buffer.from(asn1.toDer(pki.certificateToAsn1(certificate)).getBytes(), 'binary')
}

function graftKey(toBeSigned: forge.asn1.Asn1, key: KeyObject): void {
  const parts = toBeSigned.value as forge.asn1.Asn1[]
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  // version, serial, signature, issuer, validity, subject, and then the key.
  parts[6] = asn1.fromDer(spki.toString('binary'))
}

function toForgeKey(key: KeyObject): forge.pki.rsa.PublicKey {
  const publicKey = key.type === 'public' ? key : createPublicKey(key)
  return pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }).toString())
}

/** A number of so many bits in the place of an RSA modulus. It is no key, and nobody should find out by computing with it. */
export function hugeKey(bits: number): KeyObject {
  const n = Buffer.alloc(bits / 8, 0xa5).toString('base64url')
  return createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
}

/** The same RSA key with its exponents swapped: the public one is now as long as the modulus. Signs validly. */
export function swapExponents(key: KeyObject): KeyObject {
  const jwk = key.export({ format: 'jwk' }) as Record<'n' | 'e' | 'd' | 'p' | 'q' | 'qi', string>
  const number = (text: string): bigint => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`)
  const text = (value: bigint): string => {
    const hex = value.toString(16)
    return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
  }
  const d = number(jwk.e)
  const dp = text(d % (number(jwk.p) - 1n))
  const dq = text(d % (number(jwk.q) - 1n))
  return createPrivateKey({ key: { ...jwk, kty: 'RSA', e: jwk.d, d: jwk.e, dp, dq }, format: 'jwk' })
}

export function toPem(der: Buffer): string {
  return new X509Certificate(der).toString()
}

/** The extensions of a correct chain, part by part, so that a case replaces just one of them. */
export const authority = (pathLenConstraint?: number): object => ({
  name: 'basicConstraints',
  cA: true,
  critical: true,
  ...(pathLenConstraint === undefined ? {} : { pathLenConstraint }),
})
export const notAuthority: object = { name: 'basicConstraints', cA: false, critical: true }
export const signsCertificates: object = {
  name: 'keyUsage',
  keyCertSign: true,
  cRLSign: true,
  critical: true,
}
export const signsData: object = { name: 'keyUsage', digitalSignature: true, critical: true }
export const signsLicences: object = { name: 'extKeyUsage', [LICENCE_SIGNING_PURPOSE]: true }
export const issuerUri = (value: string): object => ({
  name: 'subjectAltName',
  altNames: [{ type: 6, value }],
})

/** NameConstraints that permit URIs of one host. */
export function permitsHost(host: string): object {
  const { UNIVERSAL, CONTEXT_SPECIFIC } = asn1.Class
  const { SEQUENCE } = asn1.Type
  const base = asn1.create(CONTEXT_SPECIFIC, 6, false, host)
  const subtrees = asn1.create(CONTEXT_SPECIFIC, 0, true, [asn1.create(UNIVERSAL, SEQUENCE, true, [base])])
  const value = asn1.toDer(asn1.create(UNIVERSAL, SEQUENCE, true, [subtrees])).getBytes()
  return { id: '2.5.29.30', critical: true, value }
}
