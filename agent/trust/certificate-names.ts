/** What certificates are named by in the trust store. */
import { createHash, type X509Certificate } from 'node:crypto'

/** SHA-256 of the certificate in DER: 64 lower-case hexadecimal digits. */
export function fingerprintOf(certificate: X509Certificate): string {
  return createHash('sha256').update(certificate.raw).digest('hex')
}

/** SHA-256 of its SubjectPublicKeyInfo: the same for every certificate of one key. */
export function spkiSha256Of(certificate: X509Certificate): string {
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('hex')
}

/** Lower-case hexadecimal without leading zeros. */
export function serialOf(certificate: X509Certificate): string {
  return plainSerial(certificate.serialNumber)
}

export function plainSerial(hex: string): string {
  return hex
    .replaceAll(':', '')
    .toLowerCase()
    .replace(/^0+(?=.)/, '')
}

/** A fingerprint as people copy it, `AA:BB:...` or in one piece; undefined for anything else. */
export function plainFingerprint(text: string): string | undefined {
  const hex = text
    .replace(/^sha256[:=]/i, '')
    .replaceAll(':', '')
    .toLowerCase()
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined
}
