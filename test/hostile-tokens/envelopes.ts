/** Licences whose envelope lies: form, header, certificates and signature. The claims are good throughout. */
import { constants, createHmac, createPublicKey, createSign, type KeyObject, sign } from 'node:crypto'
import { encodePart, fixtureKey, issuer, plainClaims, plainHeader, toX5c } from '../licence/fixture.ts'
import { licenseeKey, signKind, signParts } from '../token/sign-kind.ts'
import { cases, type HostileCase } from './case.ts'

const MIB = 1024 * 1024

const claims = plainClaims()
const genuine = signKind('licence', claims)
const [header = '', payload = '', signature = ''] = genuine.split('.')
const { alg, typ, x5c } = plainHeader
const [signerText = '', intermediateText = ''] = x5c
const [rootText = ''] = toX5c(issuer.rootPem)
const stranger = licenseeKey('A stranger')
const rogue = fixtureKey('rogue')

/** Under another header, signed by the very issuer: not even it may change the rules. */
function under(changed: object | string): string {
  return signParts(changed, claims)
}

function withSignature(bytes: Uint8Array): string {
  return `${header}.${payload}.${Buffer.from(bytes).toString('base64url')}`
}

function mac(digest: string, name: string, secret: string | Buffer): string {
  const input = `${encodePart({ ...plainHeader, alg: name })}.${payload}`
  return `${input}.${createHmac(digest, secret).update(input).digest('base64url')}`
}

const publicKey = createPublicKey(issuer.signerPem)
const publicPem = publicKey.export({ type: 'spki', format: 'pem' })
const publicDer = publicKey.export({ type: 'spki', format: 'der' })
const bytes = Buffer.from(signature, 'base64url')

function pss(key: KeyObject, saltLength: number, digest = 'sha256'): Buffer {
  const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
  return sign(digest, Buffer.from(`${header}.${payload}`), options)
}

function spareBits(text: string): string {
  // The last of 2 or 3 characters has bits that stand for nothing.
  const last = text.at(-1) ?? ''
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return `${text.slice(0, -1)}${alphabet[alphabet.indexOf(last) ^ 1]}`
}

const forms = cases('licence', 'form', [
  ['nothing', 'malformed', ''],
  ['only line ends', 'malformed', '\n\n\n'],
  ['one dot', 'malformed', '.'],
  ['two dots', 'malformed', '..'],
  ['a million dots', 'too-large', '.'.repeat(MIB)],
  ['header alone', 'malformed', header],
  ['no signature', 'malformed', `${header}.${payload}`],
  ['an empty signature', 'malformed', `${header}.${payload}.`],
  ['an empty payload', 'malformed', `${header}..${signature}`],
  ['an empty header', 'malformed', `.${payload}.${signature}`],
  ['a fourth part', 'malformed', `${genuine}.${signature}`],
  [
    'five parts, as an encrypted token has',
    'malformed',
    `${header}.${payload}.${payload}.${payload}.${signature}`,
  ],
  ['padding', 'malformed', `${genuine}==`],
  ['padding in the header', 'malformed', `${header}=.${payload}.${signature}`],
  ['base64 of the old alphabet', 'malformed', `${header}.${payload}.${bytes.toString('base64')}`],
  ['spaces between', 'malformed', genuine.replaceAll('.', ' . ')],
  ['line ends between', 'malformed', genuine.replaceAll('.', '.\n')],
  ['carriage returns between', 'malformed', genuine.replaceAll('.', '.\r')],
  ['a NUL byte', 'malformed', `${header}.${payload}\0.${signature}`],
  ['a zero-width space', 'malformed', `${header}.${payload}\u200b.${signature}`],
  ['a full-width full stop', 'malformed', genuine.replaceAll('.', '．')],
  ['cyrillic letters that look alike', 'malformed', genuine.replaceAll('a', 'а')],
  ['a byte order mark', 'malformed', `\ufeff${genuine}.`],
  ['spare bits set in the signature', 'malformed', `${header}.${payload}.AB`],
  [
    'spare bits set in the payload',
    'malformed',
    `${header}.${spareBits(Buffer.from('{}').toString('base64url'))}.${signature}`,
  ],
  [
    'JSON serialisation',
    'malformed',
    JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
  ],
  ['the claims alone', 'malformed', JSON.stringify(claims)],
  ['17 kB', 'too-large', `${header}.${'A'.repeat(17_000)}.${signature}`],
  ['10 MB of one letter', 'too-large', 'A'.repeat(10 * MIB)],
  ['10 MB of line ends', 'too-large', '\n'.repeat(10 * MIB)],
  ['10 MB of brackets', 'too-large', '['.repeat(10 * MIB)],
  ['10 MB of letters of two bytes', 'too-large', 'é'.repeat(5 * MIB)],
  ['10 MB of genuine licences', 'too-large', `${genuine}\n`.repeat(1500)],
  ['a G-code file', 'malformed', 'G28\nG1 X10 Y10 F3000\nM104 S210\n'],
  ['an HTML page', 'malformed', '<!doctype html><html><body>Sign in to download</body></html>'],
])

const algorithms = cases('licence', 'algorithm', [
  ...[
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    'PS384',
    'PS512',
    'RS256',
    'RS384',
    'ES256',
    'ES256K',
    'EdDSA',
    'HS256',
    'ps256',
    'PS256 ',
    'PS256\0',
    'RSA-OAEP',
    'dir',
  ].map((name): readonly [string, 'malformed', string] => [
    `\`${JSON.stringify(name)}\``,
    'malformed',
    under({ ...plainHeader, alg: name }),
  ]),
  ...[null, 256, true, ['PS256'], { name: 'PS256' }].map((value): readonly [string, 'malformed', string] => [
    JSON.stringify(value),
    'malformed',
    under({ ...plainHeader, alg: value }),
  ]),
  ['`none` without a signature', 'malformed', `${encodePart({ ...plainHeader, alg: 'none' })}.${payload}.`],
  [
    '`none` with two letters for a signature',
    'malformed',
    `${encodePart({ ...plainHeader, alg: 'none' })}.${payload}.AA`,
  ],
  ['HS256 with the public key in PEM for a secret', 'malformed', mac('sha256', 'HS256', publicPem)],
  ['HS256 with the public key in DER for a secret', 'malformed', mac('sha256', 'HS256', publicDer)],
  ['HS256 with the certificate for a secret', 'malformed', mac('sha256', 'HS256', issuer.signerPem)],
  ['an HMAC called PS256', 'bad-signature', mac('sha256', 'PS256', publicPem)],
  ['none, then PS256', 'malformed', under(`{"alg":"none",${JSON.stringify(plainHeader).slice(1)}`)],
  ['PS256, then none', 'malformed', under(`${JSON.stringify(plainHeader).slice(0, -1)},"alg":"none"}`)],
  [
    'none under an escaped name',
    'malformed',
    under(`{"\\u0061lg":"none",${JSON.stringify(plainHeader).slice(1)}`),
  ],
])

const members: Record<string, unknown> = {
  kid: 'my-key',
  'kid as a path': undefined,
  jwk: createPublicKey(rogue).export({ format: 'jwk' }),
  jku: 'https://evil.example/keys.json',
  x5u: 'https://evil.example/chain.pem',
  x5t: 'AAAA',
  'x5t#S256': 'AAAA',
  crit: ['exp'],
  'crit ': [],
  b64: false,
  zip: 'DEF',
  cty: 'JWT',
  enc: 'A256GCM',
  epk: {},
  p2c: 2 ** 31,
  iss: issuer.uri,
  exp: 1,
  ' alg': 'PS256',
  ALG: 'PS256',
  constructor: 1,
}

const headers = cases('licence', 'header', [
  ...Object.entries(members)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]): readonly [string, 'malformed', string] => [
      `member \`${name}\``,
      'malformed',
      under({ ...plainHeader, [name]: value }),
    ]),
  [
    'member `__proto__`',
    'malformed',
    under(`{"__proto__":{"alg":"PS256"},${JSON.stringify(plainHeader).slice(1)}`),
  ],
  ['all of it in `__proto__`', 'malformed', under(`{"__proto__":${JSON.stringify(plainHeader)}}`)],
  ['a key id that climbs folders', 'malformed', under({ ...plainHeader, kid: '../../../../dev/null' })],
  ['a key id that is a command', 'malformed', under({ ...plainHeader, kid: "key' UNION SELECT 'x" })],
  ['without an algorithm', 'malformed', under({ typ, x5c })],
  ['without a type', 'malformed', under({ alg, x5c })],
  ['without certificates', 'malformed', under({ alg, typ })],
  ['of no members', 'malformed', under({})],
  ['that is a list', 'malformed', under([])],
  ['that is `null`', 'malformed', under('null')],
  ['that is a number', 'malformed', under('1e999')],
  ['that is text', 'malformed', under('"PS256"')],
  ['that is no JSON', 'malformed', under('alg: PS256')],
  [
    'that is not UTF-8',
    'malformed',
    `${Buffer.from([0xff, 0xfe, 0x7b]).toString('base64url')}.${payload}.${signature}`,
  ],
  [
    'in UTF-16',
    'malformed',
    `${Buffer.from(JSON.stringify(plainHeader), 'utf16le').toString('base64url')}.${payload}.${signature}`,
  ],
  ['with a byte order mark', 'malformed', under(`\ufeff${JSON.stringify(plainHeader)}`)],
  ['nested 3,000 deep', 'malformed', under(`{"alg":${'['.repeat(3000)}${']'.repeat(3000)}}`)],
  [
    'with 800 members',
    'malformed',
    under(Object.fromEntries(Array.from({ length: 800 }, (_, at) => [`m${at}`, at]))),
  ],
  [
    'with a space after it, and the signature of another',
    'bad-signature',
    `${encodePart(`${JSON.stringify(plainHeader)} `)}.${payload}.${signature}`,
  ],
])

const types = cases(
  'licence',
  'type',
  [
    null,
    1,
    '',
    'JWT',
    'jwt',
    'Design-Licence+JWT',
    'application/design-licence+jwt',
    'design-licence',
    'design-licence+jwt ',
    'dеsign-licence+jwt',
  ].map((value) => [JSON.stringify(value), 'malformed', under({ ...plainHeader, typ: value })] as const),
)

const certificates = cases('licence', 'certificates', [
  ['none', 'malformed', under({ ...plainHeader, x5c: [] })],
  ['the signer alone', 'malformed', under({ ...plainHeader, x5c: [signerText] })],
  ['the root along with them', 'malformed', under({ ...plainHeader, x5c: [...x5c, rootText] })],
  ['three hundred', 'malformed', under({ ...plainHeader, x5c: Array.from({ length: 300 }, () => 'AAAA') })],
  ['as text', 'malformed', under({ ...plainHeader, x5c: x5c.join(',') })],
  [
    'as an object',
    'malformed',
    under({ ...plainHeader, x5c: { 0: signerText, 1: intermediateText, length: 2 } }),
  ],
  ['of numbers', 'malformed', under({ ...plainHeader, x5c: [1, 2] })],
  ['empty', 'malformed', under({ ...plainHeader, x5c: ['', ''] })],
  [
    'in the wrong order',
    'issuer-not-allowed',
    under({ ...plainHeader, x5c: [intermediateText, signerText] }),
  ],
  ['the signer twice', 'issuer-not-allowed', under({ ...plainHeader, x5c: [signerText, signerText] })],
  ['the root twice', 'issuer-not-allowed', under({ ...plainHeader, x5c: [rootText, rootText] })],
  [
    'the root for the intermediate',
    'issuer-not-allowed',
    under({ ...plainHeader, x5c: [signerText, rootText] }),
  ],
  [
    'in base64url',
    'malformed',
    under({ ...plainHeader, x5c: x5c.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')) }),
  ],
  [
    'in lines',
    'malformed',
    under({ ...plainHeader, x5c: x5c.map((text) => text.replace(/(.{64})/g, '$1\n')) }),
  ],
  ['in PEM', 'malformed', under({ ...plainHeader, x5c: [issuer.signerPem, issuer.intermediatePem] })],
  [
    'in hexadecimal',
    'malformed',
    under({ ...plainHeader, x5c: x5c.map((text) => Buffer.from(text, 'base64').toString('hex')) }),
  ],
  [
    'of 5 kB of zeros',
    'malformed',
    under({ ...plainHeader, x5c: [Buffer.alloc(5000).toString('base64'), intermediateText] }),
  ],
  [
    'of 4 kB of zeros',
    'malformed',
    under({ ...plainHeader, x5c: [Buffer.alloc(4096).toString('base64'), intermediateText] }),
  ],
  [
    'a wall of DER sequences',
    'malformed',
    under({ ...plainHeader, x5c: [Buffer.alloc(4000, '3080', 'hex').toString('base64'), intermediateText] }),
  ],
  [
    'a length of four gigabytes',
    'malformed',
    under({ ...plainHeader, x5c: [Buffer.from('3084ffffffff', 'hex').toString('base64'), intermediateText] }),
  ],
  [
    'a public key in place of a certificate',
    'malformed',
    under({ ...plainHeader, x5c: [publicDer.toString('base64'), intermediateText] }),
  ],
  [
    'one bit changed in the signer',
    'untrusted-issuer',
    under({ ...plainHeader, x5c: [flipped(signerText), intermediateText] }),
  ],
  [
    'one bit changed in the intermediate',
    'untrusted-issuer',
    under({ ...plainHeader, x5c: [signerText, flipped(intermediateText)] }),
  ],
])

/** The last byte belongs to the signature of the certificate. */
function flipped(text: string): string {
  const der = Buffer.from(text, 'base64')
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
  return der.toString('base64')
}

const strangersInput = `${encodePart({ ...plainHeader, alg: 'PS256' })}.${payload}`

const signatures = cases('licence', 'signature', [
  ['of another key', 'bad-signature', signParts(plainHeader, claims, rogue)],
  ['of a small key', 'bad-signature', signParts(plainHeader, claims, fixtureKey('weak'))],
  ['of the intermediate', 'bad-signature', signParts(plainHeader, claims, fixtureKey('intermediate'))],
  ['of the root', 'bad-signature', signParts(plainHeader, claims, fixtureKey('root'))],
  [
    'by Ed25519',
    'bad-signature',
    `${strangersInput}.${sign(null, Buffer.from(strangersInput), stranger).toString('base64url')}`,
  ],
  [
    'in the old padding',
    'bad-signature',
    `${header}.${payload}.${createSign('sha256').update(`${header}.${payload}`).sign(issuer.signingKey, 'base64url')}`,
  ],
  ['without salt', 'bad-signature', withSignature(pss(issuer.signingKey, 0))],
  ['with the longest salt', 'bad-signature', withSignature(pss(issuer.signingKey, 350))],
  ['over SHA-1', 'bad-signature', withSignature(pss(issuer.signingKey, 20, 'sha1'))],
  ['over SHA-512', 'bad-signature', withSignature(pss(issuer.signingKey, 32, 'sha512'))],
  ['of zeros', 'bad-signature', withSignature(Buffer.alloc(384))],
  ['of ones', 'bad-signature', withSignature(Buffer.alloc(384, 0xff))],
  [
    'the modulus itself',
    'bad-signature',
    withSignature(Buffer.from(String(publicKey.export({ format: 'jwk' }).n), 'base64url')),
  ],
  ['one byte', 'bad-signature', withSignature(Buffer.alloc(1))],
  ['one byte short', 'bad-signature', withSignature(bytes.subarray(1))],
  ['one byte long', 'bad-signature', withSignature(Buffer.concat([bytes, Buffer.alloc(1)]))],
  ['zeros before it', 'bad-signature', withSignature(Buffer.concat([Buffer.alloc(1), bytes]))],
  ['6 kB', 'bad-signature', withSignature(Buffer.alloc(6000, 1))],
  [
    'one bit changed',
    'bad-signature',
    withSignature(Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])])),
  ],
  [
    'over other claims',
    'bad-signature',
    `${header}.${encodePart({ ...claims, grant: { copies: 1000 } })}.${signature}`,
  ],
  [
    'over other claims of the same length',
    'bad-signature',
    `${header}.${encodePart({ ...claims, grant: { copies: 9 } })}.${signature}`,
  ],
])

export const envelopes: readonly HostileCase[] = [
  ...forms,
  ...algorithms,
  ...headers,
  ...types,
  ...certificates,
  ...signatures,
]
