/** The root certificates a site trusts: one PEM file each, in one folder. Who may write there decides whom it believes. */
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { checkProfile, readBoundedFile, readCertificate } from '../token/index.ts'
import { fingerprintOf } from './certificate-names.ts'
import { assertGuarded, ensureGuarded, namesIn, unreadable, writeWhole } from './trust-folder.ts'

/** More issuers than any site deals with, and few enough to try all that share a name. */
const ANCHORS_MAX = 64

/** An RSA-4096 certificate has 2.3 KB in PEM. */
export const CERTIFICATE_FILE_BYTES_MAX = 16 * 1024

/** Enough of the fingerprint to name a file; the content is compared whole. */
const FILE_NAME_CHARS = 32

const ONE_CERTIFICATE = /^\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/

/** One root certificate of the folder. */
export interface TrustAnchor {
  /** Of its file in the folder. */
  readonly fileName: string
  readonly pem: string
  readonly sha256: string
  readonly certificate: X509Certificate
}

/**
 * Loads every `*.pem` of a folder. Fails with LICENCE_UNREADABLE where the folder is missing or any file in it is not
 * one certificate fit to be an anchor: a typing mistake must not look like an issuer nobody trusts. An expired root
 * loads, so that the refusal of its licences can say that it expired.
 */
export async function loadTrustAnchors(dir: string): Promise<readonly TrustAnchor[]> {
  await assertGuarded(dir, 'trust folder')
  const anchors: TrustAnchor[] = []
  for (const fileName of await namesIn(dir, '.pem', ANCHORS_MAX, 'trust folder')) {
    const path = join(dir, fileName)
    await assertGuarded(path, 'trust anchor')
    const text = (await readBoundedFile(path, CERTIFICATE_FILE_BYTES_MAX, 'trust anchor')).toString('latin1')
    anchors.push(anchorOf(text, fileName, `trust anchor \`${path}\``))
  }
  return anchors
}

/** The anchor that a PEM text would be, under the name that its file would have. */
export function readAnchor(pem: string): TrustAnchor {
  const text = pem.slice(0, CERTIFICATE_FILE_BYTES_MAX + 1)
  const anchor = anchorOf(text, '', 'trust anchor')
  return { ...anchor, fileName: `${anchor.sha256.slice(0, FILE_NAME_CHARS)}.pem` }
}

/**
 * Adds a root certificate to a folder, which is made where it is missing, and tells the path of its file. Adding one
 * that is there already changes nothing. Fails with LICENCE_UNREADABLE where it is not fit to be an anchor.
 */
export async function addTrustAnchor(dir: string, pem: string): Promise<string> {
  const anchor = readAnchor(pem)
  const path = join(dir, anchor.fileName)
  await ensureGuarded(dir)
  await writeWhole(path, anchor.pem, 'new')
  return path
}

function anchorOf(pem: string, fileName: string, label: string): TrustAnchor {
  const certificate = readOneCertificate(pem, label)
  const reading = readCertificate('anchor', certificate.raw)
  const refusal = reading.ok ? checkProfile(reading.certificate) : reading
  if (refusal !== undefined) throw unreadable(`${label} cannot be trusted: ${refusal.refusal.message}`)
  return { fileName, pem: certificate.toString(), sha256: fingerprintOf(certificate), certificate }
}

/** Reads text that is one certificate and nothing else, or fails with LICENCE_UNREADABLE. */
export function readOneCertificate(pem: string, label: string): X509Certificate {
  if (pem.includes('PRIVATE KEY'))
    throw unreadable(`${label} holds a private key; only its certificate belongs here`)
  if (!ONE_CERTIFICATE.test(pem)) throw unreadable(`${label} is not exactly one certificate in PEM form`)
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw unreadable(`${label} is not a certificate`, error)
  }
}
