/**
 * The first opinion: node-forge reads the certificate and walks the path by RFC 5280.
 *
 * Left alone it accepts an anchor that has expired or is no authority, ignores the anchor's path length, and skips all
 * dates when the date is null. So the anchor is always part of the chain it is given, and the date is always a date.
 * What it does not look at at all (key sizes, hashes, purposes, the signer's usage) is in certificate-profile.ts.
 */
import forge from 'node-forge'
import { assert } from '../errors.ts'
import {
  type Chain,
  type ForgeFacts,
  normaliseSerial,
  type PathOpinion,
  PLAIN_URI,
  type SharedFacts,
} from './certificate.ts'

const { asn1, pki } = forge

/** One extension as node-forge leaves it on a certificate; its typings say `any`. */
interface ForgeExtension {
  readonly id: string
  readonly critical: boolean
  readonly value: string
  readonly cA?: boolean
  readonly pathLenConstraint?: number
  readonly altNames?: readonly { readonly type: number; readonly value: unknown }[]
  readonly [usage: string]: unknown
}

const OID = {
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
} as const

/** The bits of RFC 5280 section 4.2.1.3, in its order. */
const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const

/** GeneralName, choice 6 of RFC 5280 section 4.2.1.6. */
const URI_NAME = 6

export interface ForgeReading {
  readonly shared: SharedFacts
  readonly own: ForgeFacts
  readonly certificate: forge.pki.Certificate
}

/** Reads one DER certificate. Throws on anything it cannot read, as node-forge does; also where re-encoding differs. */
export function readWithForge(der: Buffer): ForgeReading {
  const bytes = der.toString('binary')
  const certificate = pki.certificateFromAsn1(asn1.fromDer(bytes, true))
  // node-forge checks signatures over its own re-encoding; where that is not what was sent, it checks something else.
  if (asn1.toDer(pki.certificateToAsn1(certificate)).getBytes() !== bytes) {
    throw new Error('the certificate is not in its one DER form')
  }
  const extensions = certificate.extensions as readonly ForgeExtension[]
  assertExact(find(extensions, OID.basicConstraints), encodeConstraints)
  assertExact(find(extensions, OID.keyUsage), encodeUsage)
  return { shared: readShared(certificate, extensions), own: readOwn(certificate, extensions), certificate }
}

/**
 * node-forge reads these two without looking at tags and lengths, and OpenSSL shows little of them. So their bytes must be
 * the ones that what was read is written with.
 */
function assertExact(extension: ForgeExtension | undefined, encode: (read: ForgeExtension) => Buffer): void {
  if (extension === undefined || encode(extension).toString('binary') === extension.value) return
  throw new Error('an extension is not in its one DER form')
}

/** BasicConstraints of RFC 5280, section 4.2.1.9. A path of more than 127 certificates is nobody's. */
function encodeConstraints({ cA, pathLenConstraint: length }: ForgeExtension): Buffer {
  const parts = [...(cA === true ? [0x01, 1, 0xff] : []), ...(length === undefined ? [] : [0x02, 1, length])]
  return Buffer.from([0x30, parts.length, ...parts])
}

/** KeyUsage of section 4.2.1.3: as many bits as reach to the last that is set. */
function encodeUsage(usage: ForgeExtension): Buffer {
  const isSet = KEY_USAGES.map((name) => usage[name] === true)
  const bytes = [0, 0]
  for (const [bit, set] of isSet.entries())
    if (set) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  const bits = isSet.lastIndexOf(true) + 1
  const used = bytes.slice(0, Math.ceil(bits / 8))
  return Buffer.from([0x03, used.length + 1, used.length * 8 - bits, ...used])
}

function readShared(certificate: forge.pki.Certificate, extensions: readonly ForgeExtension[]): SharedFacts {
  const constraints = find(extensions, OID.basicConstraints)
  const usage = find(extensions, OID.keyUsage)
  return {
    serial: normaliseSerial(certificate.serialNumber),
    notBeforeMs: certificate.validity.notBefore.getTime(),
    notAfterMs: certificate.validity.notAfter.getTime(),
    isAuthority: constraints?.cA === true && (usage === undefined || usage['keyCertSign'] === true),
    purposes: readPurposes(find(extensions, OID.extendedKeyUsage)),
    uri: readUri(find(extensions, OID.subjectAlternativeName)),
    publicKey: readPublicKey(certificate),
  }
}

/**
 * The bytes that stand in the certificate. OpenSSL writes the key anew, so that any other spelling of it, such as a
 * negative modulus or odd parameters, shows as a difference.
 */
function readPublicKey(certificate: forge.pki.Certificate): string {
  const parts: unknown = (certificate.tbsCertificate as forge.asn1.Asn1).value
  // version, serial number, signature, issuer, validity, subject, and then the key; only a certificate of v1 has no version.
  const key: unknown = Array.isArray(parts)
    ? parts[parts[0]?.tagClass === asn1.Class.CONTEXT_SPECIFIC ? 6 : 5]
    : undefined
  return forge.util.encode64(asn1.toDer(key as forge.asn1.Asn1).getBytes())
}

function readOwn(certificate: forge.pki.Certificate, extensions: readonly ForgeExtension[]): ForgeFacts {
  const constraints = find(extensions, OID.basicConstraints)
  const usage = find(extensions, OID.keyUsage)
  const inner = certificate.siginfo.algorithmOid
  return {
    commonName: readName(certificate, 'CN'),
    organisation: readName(certificate, 'O'),
    isSelfIssued: certificate.isIssuer(certificate),
    signatureAlgorithm: certificate.signatureOid === inner ? inner : '',
    keyUsage: usage === undefined ? undefined : KEY_USAGES.filter((name) => usage[name] === true),
    keyUsageIsCritical: usage?.critical === true,
    pathLength: constraints?.pathLenConstraint,
    constraintsAreCritical: constraints?.critical === true,
    repeatsAnExtension: new Set(extensions.map(({ id }) => id)).size !== extensions.length,
  }
}

function find(extensions: readonly ForgeExtension[], id: string): ForgeExtension | undefined {
  return extensions.find((extension) => extension.id === id)
}

/** Read from the bytes again: node-forge turns the list into properties and so loses its order. */
function readPurposes(extension: ForgeExtension | undefined): string {
  if (extension === undefined) return ''
  const list = asn1.fromDer(extension.value).value
  if (typeof list === 'string') throw new Error('the extended key usage is not a list')
  return list.map(({ value }) => asn1.derToOid(typeof value === 'string' ? value : '')).join(',')
}

function readUri(extension: ForgeExtension | undefined): string {
  const [name, ...others] = extension?.altNames ?? []
  if (name === undefined || others.length > 0 || name.type !== URI_NAME) return ''
  return typeof name.value === 'string' && PLAIN_URI.test(name.value) ? name.value : ''
}

function readName(certificate: forge.pki.Certificate, field: 'CN' | 'O'): string {
  const attribute: unknown = certificate.subject.getField(field)
  if (typeof attribute !== 'object' || attribute === null) return ''
  if (!('value' in attribute) || typeof attribute.value !== 'string') return ''
  // A parsed name is a string of bytes; what they stand for depends on the kind of string it was.
  const isUtf8 = 'valueTagClass' in attribute && attribute.valueTagClass === asn1.Type.UTF8
  return Buffer.from(attribute.value, 'binary').toString(isUtf8 ? 'utf8' : 'latin1')
}

/** Walks the path at one instant: signatures, names, dates, authority, path lengths, name constraints. */
export function judgePathWithForge(chain: Chain, nowMs: number): PathOpinion {
  const validityCheckDate = new Date(nowMs)
  assert(!Number.isNaN(validityCheckDate.getTime()), 'a path is judged at a real date, never without one')
  const [signer, intermediate, anchor] = chain
  try {
    // The store takes the anchor as PEM: an object can hash differently from a parsed one and is then not found.
    const store = pki.createCaStore([anchor.x509.toString()])
    pki.verifyCertificateChain(store, [signer.forge, intermediate.forge, anchor.forge], { validityCheckDate })
    return { trusted: true }
  } catch (error) {
    return objectionOf(error)
  }
}

/** node-forge throws plain objects. Their texts are all that tells some causes apart; an unknown one is `other`. */
function objectionOf(error: unknown): PathOpinion {
  const code = textOf(error, 'error')
  const detail = textOf(error, 'message')
  const object = (objection: Exclude<PathOpinion, { trusted: true }>['objection']): PathOpinion => ({
    trusted: false,
    objection,
    detail,
  })
  if (code.endsWith('CertificateExpired')) return object('dates')
  if (code.endsWith('UnsupportedCertificate')) return object('constraints')
  if (/name constraint|pathLenConstraint/.test(detail)) return object('constraints')
  if (/signature is invalid/.test(detail)) return object('signature')
  if (/issuer is invalid|not trusted/.test(detail)) return object('names')
  if (/not a CA|cannot be used as a CA/.test(detail)) return object('authority')
  return object('other')
}

function textOf(error: unknown, member: 'error' | 'message'): string {
  if (typeof error !== 'object' || error === null || !(member in error)) return ''
  const text: unknown = Reflect.get(error, member)
  return typeof text === 'string' ? text : ''
}
