/** Genuine claims under certificates that must not be believed: the zoo, and what takes time or memory to find out. */
import { generateKeyPairSync } from 'node:crypto'
import { fixtureKey, issuer, plainClaims, toX5c } from '../licence/fixture.ts'
import {
  type BadCertificate,
  issuerUri,
  makeBadCertificate,
  notAuthority,
  signsData,
  signsLicences,
} from '../token/make-bad-certificate.ts'
import { headerOf, signParts } from '../token/sign-kind.ts'
import { type ZooCase, zoo, zooKey } from '../token/zoo.ts'
import type { HostileCase } from './case.ts'

const claims = plainClaims()
const [good, ...others] = zoo as readonly [ZooCase, ...ZooCase[]]

function under(x5c: readonly Buffer[]): string {
  const texts = x5c.map((der) => der.toString('base64'))
  return signParts(headerOf('licence', texts), claims)
}

const ofTheZoo: readonly HostileCase[] = others.map(
  ({ name, code, signerDer, intermediateDer, anchorPem }) => ({
    name: `chain: ${name}`,
    code: code === 'trusted' ? 'check-failed' : code,
    as: 'licence',
    text: under([signerDer, intermediateDer]),
    anchorsPem: [anchorPem],
  }),
)

const parts = [notAuthority, signsData, signsLicences, issuerUri(issuer.uri)]

function signerWith(changes: Partial<BadCertificate>, more: readonly object[] = []): Buffer {
  return makeBadCertificate({
    subject: 'Zoo signer',
    issuer: 'Zoo intermediate',
    key: fixtureKey('signer'),
    issuerKey: fixtureKey('intermediate'),
    extensions: [...parts, ...more],
    ...changes,
  })
}

function row(name: string, code: HostileCase['code'], signer: Buffer): HostileCase {
  const text = under([signer, good.intermediateDer])
  return { name: `chain: ${name}`, code, as: 'licence', text, anchorsPem: [good.anchorPem] }
}

const tiny = zooKey('512-bit')
const small = zooKey('1024-bit')
const pss = zooKey('pss-only')
const huge = generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).privateKey

/** Nothing that anybody reads, with so many brackets around it. */
function deep(levels: number): string {
  let der = Buffer.from([0x05, 0x00])
  for (let level = 0; level < levels; level++) {
    const { length } = der
    const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
    der = Buffer.concat([Buffer.from([0x30, ...size]), der])
  }
  return der.toString('binary')
}

const extension = (id: string, critical: boolean, value: string): object => ({ id, critical, value })

const made: readonly HostileCase[] = [
  row('512-bit signer', 'weak-key', signerWith({ key: tiny })),
  row('512-bit signer signed with MD5', 'weak-key', signerWith({ key: tiny, digest: 'md5' })),
  row('1024-bit signer', 'weak-key', signerWith({ key: small })),
  row('signer whose key is for PSS only', 'issuer-not-allowed', signerWith({ key: pss })),
  row('signer on a large curve', 'issuer-not-allowed', signerWith({ key: huge })),
  row(
    'dates the wrong way round',
    'issuer-not-yet-valid',
    signerWith({ from: '2027-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }),
  ),
  row(
    'URI of another issuer',
    'issuer-not-allowed',
    signerWith({
      extensions: [notAuthority, signsData, signsLicences, issuerUri('https://licences.example.org/other')],
    }),
  ),
  row(
    'URI of another host',
    'issuer-not-allowed',
    signerWith({
      extensions: [notAuthority, signsData, signsLicences, issuerUri('https://evil.example.org/fixture')],
    }),
  ),
  row(
    'URI with a host that only begins alike',
    'issuer-not-allowed',
    signerWith({
      extensions: [
        notAuthority,
        signsData,
        signsLicences,
        issuerUri('https://licences.example.org.evil.example/fixture'),
      ],
    }),
  ),
  row(
    'URI without a host',
    'issuer-not-allowed',
    signerWith({ extensions: [notAuthority, signsData, signsLicences, issuerUri('urn:licences:fixture')] }),
  ),
  row(
    'URI with a name before the host',
    'issuer-not-allowed',
    signerWith({
      extensions: [
        notAuthority,
        signsData,
        signsLicences,
        issuerUri('https://licences.example.org@evil.example/'),
      ],
    }),
  ),
  row(
    'a critical extension 600 deep',
    'issuer-not-allowed',
    signerWith({}, [extension('1.3.6.1.4.1.55555.2', true, deep(600))]),
  ),
  row(
    'constraints 600 deep',
    'opinions-differ',
    signerWith({
      extensions: [
        notAuthority,
        signsData,
        signsLicences,
        issuerUri(issuer.uri),
        extension('2.5.29.30', true, deep(600)),
      ],
    }),
  ),
  row(
    'twenty copies of one extension',
    'issuer-not-allowed',
    signerWith({ extensions: [...parts, ...Array.from({ length: 20 }, () => signsData)] }),
  ),
  row('a name of 1,500 letters', 'untrusted-issuer', signerWith({ issuer: 'Z'.repeat(1500) })),
]

/** Of three good certificates of two issuers. */
const mixed: readonly HostileCase[] = [
  {
    name: 'chain: signer of one issuer under the intermediate of another',
    code: 'untrusted-issuer',
    as: 'licence',
    text: under([good.signerDer, Buffer.from(toX5c(issuer.intermediatePem)[0] ?? '', 'base64')]),
    anchorsPem: [issuer.rootPem, good.anchorPem],
  },
  {
    name: 'chain: no anchors at all',
    code: 'untrusted-issuer',
    as: 'licence',
    text: under([good.signerDer, good.intermediateDer]),
    anchorsPem: [],
  },
  {
    name: 'chain: anchors that are none',
    code: 'untrusted-issuer',
    as: 'licence',
    text: under([good.signerDer, good.intermediateDer]),
    anchorsPem: ['', 'root', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
  },
]

export const chains: readonly HostileCase[] = [...ofTheZoo, ...made, ...mixed]
