/** Chains that must be refused, each for one reason, beside the good one. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import type { LicenceRefusalCode } from '../../agent/token/refusal.ts'
import { fixtureKey, issuer, readFixture } from '../licence/fixture.ts'
import {
  authority,
  type BadCertificate,
  hugeKey,
  issuerUri,
  makeBadCertificate,
  notAuthority,
  permitsHost,
  signsCertificates,
  signsData,
  signsLicences,
  swapExponents,
  toPem,
} from './make-bad-certificate.ts'

export interface ZooCase {
  readonly name: string
  readonly code: LicenceRefusalCode | 'trusted'
  readonly signerDer: Buffer
  readonly intermediateDer: Buffer
  readonly anchorPem: string
}

/** A key that takes long to find. Public, like all keys of the fixtures. */
export function zooKey(name: 'exponent-3' | 'pss-only' | '512-bit' | '1024-bit'): KeyObject {
  return createPrivateKey(readFixture(`zoo/${name}.key`))
}

const rootKey = fixtureKey('root')
const intermediateKey = fixtureKey('intermediate')
const signerKey = fixtureKey('signer')
const rogueKey = fixtureKey('rogue')
const weakKey = fixtureKey('weak')
const slowKey = swapExponents(intermediateKey)
const curveKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const edwardsKey = generateKeyPairSync('ed25519').privateKey
const tinyExponentKey = zooKey('exponent-3')

const uri = issuerUri(issuer.uri)
const signerParts = [notAuthority, signsData, signsLicences, uri]
const intermediateParts = [authority(0), signsCertificates, permitsHost('licences.example.org')]
const anchorParts = [authority(1), signsCertificates]

interface Changes {
  readonly signer?: Partial<BadCertificate>
  readonly intermediate?: Partial<BadCertificate>
  readonly anchor?: Partial<BadCertificate>
  /** What the gate trusts, where it is not the root that signed. */
  readonly trusted?: string
}

function chain(name: string, code: ZooCase['code'], changes: Changes = {}): ZooCase {
  const signer = {
    subject: 'Zoo signer',
    issuer: 'Zoo intermediate',
    key: signerKey,
    issuerKey: intermediateKey,
  }
  const intermediate = {
    subject: 'Zoo intermediate',
    issuer: 'Zoo root',
    key: intermediateKey,
    issuerKey: rootKey,
  }
  const anchor = { subject: 'Zoo root', issuer: 'Zoo root', key: rootKey, issuerKey: rootKey }
  return {
    name,
    code,
    signerDer: makeBadCertificate({ ...signer, extensions: signerParts, ...changes.signer }),
    intermediateDer: makeBadCertificate({
      ...intermediate,
      extensions: intermediateParts,
      ...changes.intermediate,
    }),
    anchorPem:
      changes.trusted ?? toPem(makeBadCertificate({ ...anchor, extensions: anchorParts, ...changes.anchor })),
  }
}

const past = { to: '2026-06-01T00:00:00Z' }
const future = { from: '2026-12-01T00:00:00Z' }

function intermediateWith(key: KeyObject): Changes {
  return { intermediate: { key }, signer: { issuerKey: key } }
}

const dates: ZooCase[] = [
  chain('signer expired', 'issuer-expired', { signer: past }),
  chain('intermediate expired', 'issuer-expired', { intermediate: past }),
  chain('anchor expired', 'issuer-expired', { anchor: past }),
  chain('signer not yet valid', 'issuer-not-yet-valid', { signer: future }),
  chain('anchor not yet valid', 'issuer-not-yet-valid', { anchor: future }),
]

const purposes: ZooCase[] = [
  chain('signer made for servers', 'issuer-not-allowed', {
    signer: { extensions: [notAuthority, signsData, { name: 'extKeyUsage', serverAuth: true }, uri] },
  }),
  chain('signer with one purpose more', 'issuer-not-allowed', {
    signer: { extensions: [notAuthority, signsData, { ...signsLicences, serverAuth: true }, uri] },
  }),
  chain('signer for any purpose', 'issuer-not-allowed', {
    signer: { extensions: [notAuthority, signsData, { name: 'extKeyUsage', '2.5.29.37.0': true }, uri] },
  }),
  chain('signer without purpose', 'issuer-not-allowed', {
    signer: { extensions: [notAuthority, signsData, uri] },
  }),
  chain('intermediate made for servers', 'issuer-not-allowed', {
    intermediate: { extensions: [...intermediateParts, { name: 'extKeyUsage', serverAuth: true }] },
  }),
  chain('signer without key usage', 'issuer-not-allowed', {
    signer: { extensions: [notAuthority, signsLicences, uri] },
  }),
  chain('signer whose key usage is not critical', 'issuer-not-allowed', {
    signer: { extensions: [notAuthority, { ...signsData, critical: false }, signsLicences, uri] },
  }),
  chain('signer that may also encrypt', 'issuer-not-allowed', {
    signer: { extensions: [notAuthority, { ...signsData, keyEncipherment: true }, signsLicences, uri] },
  }),
  chain('signer that is an authority', 'issuer-not-allowed', {
    signer: { extensions: [authority(0), { ...signsData, keyCertSign: true }, signsLicences, uri] },
  }),
]

const names: ZooCase[] = [
  chain('signer without a URI', 'issuer-not-allowed', {
    signer: { extensions: [notAuthority, signsData, signsLicences] },
  }),
  chain('signer named by a host name', 'issuer-not-allowed', {
    signer: {
      extensions: [
        notAuthority,
        signsData,
        signsLicences,
        { name: 'subjectAltName', altNames: [{ type: 2, value: 'licences.example.org' }] },
      ],
    },
  }),
  chain('signer with two URIs', 'issuer-not-allowed', {
    signer: {
      extensions: [
        notAuthority,
        signsData,
        signsLicences,
        {
          name: 'subjectAltName',
          altNames: [
            { type: 6, value: issuer.uri },
            { type: 6, value: `${issuer.uri}/2` },
          ],
        },
      ],
    },
  }),
  chain('URI that would print as two names', 'issuer-not-allowed', {
    signer: {
      extensions: [notAuthority, signsData, signsLicences, issuerUri(`${issuer.uri}, URI:https://x`)],
    },
  }),
  chain('name constraint broken', 'issuer-not-allowed', {
    intermediate: { extensions: [authority(0), signsCertificates, permitsHost('elsewhere.example.org')] },
  }),
  chain('issuer name in other case', 'opinions-differ', { signer: { issuer: 'ZOO Intermediate' } }),
  chain('issuer name of somebody else', 'untrusted-issuer', { signer: { issuer: 'Another intermediate' } }),
]

const keys: ZooCase[] = [
  chain('2048-bit signer', 'weak-key', { signer: { key: weakKey } }),
  chain('2048-bit intermediate', 'weak-key', intermediateWith(weakKey)),
  chain('2048-bit anchor', 'weak-key', {
    anchor: { key: weakKey, issuerKey: weakKey },
    intermediate: { issuerKey: weakKey },
  }),
  chain('16384-bit signer', 'weak-key', { signer: { key: hugeKey(16_384) } }),
  chain('signer with exponent 3', 'weak-key', { signer: { key: tinyExponentKey } }),
  chain('intermediate with a 3072-bit exponent', 'weak-key', intermediateWith(slowKey)),
  chain('elliptic-curve signer', 'issuer-not-allowed', { signer: { key: curveKey } }),
  chain('elliptic-curve anchor', 'issuer-not-allowed', { anchor: { key: curveKey } }),
  chain('Ed25519 signer', 'issuer-not-allowed', { signer: { key: edwardsKey } }),
  chain('signer signed with MD5', 'issuer-not-allowed', { signer: { digest: 'md5' } }),
  chain('signer signed with SHA-1', 'issuer-not-allowed', { signer: { digest: 'sha1' } }),
  chain('intermediate signed with SHA-1', 'issuer-not-allowed', { intermediate: { digest: 'sha1' } }),
  chain('anchor signed with MD5', 'issuer-not-allowed', { anchor: { digest: 'md5' } }),
]

const paths: ZooCase[] = [
  chain('intermediate that is no authority', 'issuer-not-allowed', {
    intermediate: { extensions: [notAuthority, signsCertificates] },
  }),
  chain('intermediate without basic constraints', 'issuer-not-allowed', {
    intermediate: { extensions: [signsCertificates] },
  }),
  chain('intermediate without extensions', 'issuer-not-allowed', { intermediate: { extensions: [] } }),
  chain('intermediate that may not sign certificates', 'issuer-not-allowed', {
    intermediate: { extensions: [authority(0), signsData] },
  }),
  chain('intermediate without key usage', 'issuer-not-allowed', {
    intermediate: { extensions: [authority(0)] },
  }),
  chain('intermediate without a path limit', 'issuer-not-allowed', {
    intermediate: { extensions: [authority(), signsCertificates] },
  }),
  chain('intermediate with path limit 1', 'issuer-not-allowed', {
    intermediate: { extensions: [authority(1), signsCertificates] },
  }),
  chain('path limit of the anchor exceeded', 'issuer-not-allowed', {
    anchor: { extensions: [authority(0), signsCertificates] },
  }),
  chain('anchor that is no authority', 'issuer-not-allowed', {
    anchor: { extensions: [notAuthority, signsData] },
  }),
  chain('anchor without extensions', 'issuer-not-allowed', { anchor: { extensions: [] } }),
  chain('anchor that was issued by another', 'issuer-not-allowed', {
    anchor: { issuer: 'Higher root', issuerKey: rogueKey },
  }),
  chain('self-issued intermediate', 'issuer-not-allowed', {
    signer: { issuer: 'Zoo root' },
    intermediate: { subject: 'Zoo root' },
  }),
  chain('unknown critical extension', 'issuer-not-allowed', {
    signer: {
      extensions: [...signerParts, { id: '1.3.6.1.4.1.55555.1', critical: true, value: '\x05\x00' }],
    },
  }),
  chain('repeated extension', 'issuer-not-allowed', { signer: { extensions: [...signerParts, signsData] } }),
]

const forgeries: ZooCase[] = [
  chain('rogue root of the same name', 'untrusted-issuer', {
    anchor: { key: rogueKey, issuerKey: rogueKey },
  }),
  chain('unknown root', 'untrusted-issuer', { trusted: issuer.rootPem }),
  chain('signer signed by another key', 'untrusted-issuer', { signer: { issuerKey: rogueKey } }),
  chain('anchor not signed by itself', 'untrusted-issuer', { anchor: { issuerKey: rogueKey } }),
]

const good = chain('as it should be', 'trusted')
const lengthened = Buffer.concat([Buffer.from([0x30, 0x83, 0x00]), good.signerDer.subarray(2)])

const encodings: ZooCase[] = [
  {
    ...good,
    name: 'certificates in the wrong order',
    code: 'issuer-not-allowed',
    signerDer: good.intermediateDer,
    intermediateDer: good.signerDer,
  },
  {
    ...good,
    name: 'bytes after the signer',
    code: 'malformed',
    signerDer: Buffer.concat([good.signerDer, Buffer.from([5, 0])]),
  },
  { ...good, name: 'length written with a needless zero', code: 'malformed', signerDer: lengthened },
  { ...good, name: 'not a certificate', code: 'malformed', signerDer: Buffer.from('certificate') },
  {
    ...good,
    name: 'PEM where DER belongs',
    code: 'malformed',
    signerDer: Buffer.from(toPem(good.signerDer)),
  },
  {
    ...good,
    name: 'root in place of the intermediate',
    code: 'issuer-not-allowed',
    intermediateDer: new X509Certificate(good.anchorPem).raw,
  },
]

export const zoo: readonly ZooCase[] = [
  good,
  ...dates,
  ...purposes,
  ...names,
  ...keys,
  ...paths,
  ...forgeries,
  ...encodings,
]
