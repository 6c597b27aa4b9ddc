import {
  constants,
  createHmac,
  createPublicKey,
  createSign,
  generateKeyPairSync,
  sign,
  X509Certificate,
} from 'node:crypto'
import { CompactSign } from 'jose'
import { describe, expect, test } from 'vitest'
import { BUNDLE_BYTES_MAX } from '../../agent/licence/bundle.ts'
import { verifyLicence } from '../../agent/licence/verify-licence.ts'
import { openToken, signToken, TOKEN_KINDS, type TokenKind } from '../../agent/token/token.ts'
import {
  contextWith,
  encodePart,
  fixtureKey,
  issuer,
  plainClaims,
  plainHeader,
  signClaims,
  toX5c,
} from '../licence/fixture.ts'

const LICENCE_BYTES_MAX = TOKEN_KINDS.licence.bytesMax

const genuine = await signClaims(plainClaims())
const [header, payload, signature] = genuine.split('.') as [string, string, string]

async function codeOf(token: string): Promise<string> {
  const result = await verifyLicence(token, contextWith())
  return result.ok ? 'allowed' : result.refusal.code
}

async function messageOf(token: string): Promise<string> {
  const result = await verifyLicence(token, contextWith())
  return result.ok ? 'allowed' : result.refusal.message
}

/** Signs with the genuine key under any header: even the real issuer cannot change the rules. */
function signUnder(changedHeader: object | string, body: string = payload): string {
  const input = `${encodePart(changedHeader)}.${body}`
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  return `${input}.${sign('sha256', Buffer.from(input), { key: issuer.signingKey, ...padding }).toString('base64url')}`
}

test('a genuine token is allowed', async () => {
  expect(await codeOf(genuine)).toBe('allowed')
  expect(await codeOf(signUnder(plainHeader))).toBe('allowed')
})

describe('the algorithm is ours to choose', () => {
  test.each(['none', 'None', 'RS256', 'PS384', 'PS512', 'HS256', 'ES256', 'EdDSA', 'ps256', ''])(
    '`%s` in the header is refused',
    async (alg) => {
      expect(await codeOf(signUnder({ ...plainHeader, alg }))).toBe('malformed')
    },
  )

  test('an unsigned token with `none` is refused', async () => {
    expect(await codeOf(`${encodePart({ ...plainHeader, alg: 'none' })}.${payload}.`)).toBe('malformed')
    expect(await codeOf(`${encodePart({ ...plainHeader, alg: 'none' })}.${payload}.AA`)).toBe('malformed')
  })

  test('the public key does not serve as a shared secret', async () => {
    const publicPem = createPublicKey(issuer.signerPem).export({ type: 'spki', format: 'pem' })
    for (const alg of ['HS256', 'PS256']) {
      const input = `${encodePart({ ...plainHeader, alg })}.${payload}`
      const mac = createHmac('sha256', publicPem).update(input).digest('base64url')
      expect(await codeOf(`${input}.${mac}`)).toBe(alg === 'HS256' ? 'malformed' : 'bad-signature')
    }
  })

  test('a PKCS #1 v1.5 signature under the name PS256 is refused', async () => {
    const input = `${header}.${payload}`
    const old = createSign('sha256').update(input).sign(issuer.signingKey, 'base64url')
    expect(await codeOf(`${input}.${old}`)).toBe('bad-signature')
  })

  test('a PSS signature with another salt length is refused', async () => {
    const input = `${header}.${payload}`
    const key = { key: issuer.signingKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 0 }
    expect(await codeOf(`${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`)).toBe(
      'bad-signature',
    )
  })
})

describe('the header', () => {
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const additions = {
    kid: 'my-key',
    jwk: own.publicKey.export({ format: 'jwk' }),
    jku: 'https://evil.example/keys',
    x5u: 'https://evil.example/chain',
    crit: ['exp'],
    b64: false,
    zip: 'DEF',
    cty: 'JWT',
    __proto__x: 1,
  }

  test.each(Object.keys(additions))('member `%s` is refused', async (name) => {
    const value = additions[name as keyof typeof additions]
    expect(await codeOf(signUnder({ ...plainHeader, [name]: value }))).toBe('malformed')
  })

  test.each(['JWT', 'Design-Licence+JWT', 'application/design-licence+jwt', 'statuslist+jwt', ''])(
    'type `%s` is another kind of token',
    async (typ) => {
      expect(await codeOf(signUnder({ ...plainHeader, typ }))).toBe('malformed')
    },
  )

  test('without type, algorithm or certificates is refused', async () => {
    const { alg, typ, x5c } = plainHeader
    for (const partial of [{ typ, x5c }, { alg, x5c }, { alg, typ }, {}, [], 'null', '1']) {
      expect(await codeOf(signUnder(partial))).toBe('malformed')
    }
  })

  test('with a repeated member is refused, whichever of the two is the good one', async () => {
    const text = JSON.stringify(plainHeader)
    expect(await messageOf(signUnder(text.replace('{', '{"alg":"none",')))).toContain('`alg` appears twice')
    expect(await messageOf(signUnder(text.replace('{', '{"\\u0061lg":"PS256",')))).toContain(
      '`alg` appears twice',
    )
  })

  test('shows a hostile member name without its control characters', async () => {
    const message = await messageOf(signUnder({ ...plainHeader, '\u001b[2J\u202egood': 1 }))
    expect(message).toContain('?[2J?good')
    expect(message).not.toMatch(/[\u001b\u202e]/)
  })
})

describe('the certificate list', () => {
  const [signer, intermediate] = plainHeader.x5c as [string, string]
  const [root] = toX5c(issuer.rootPem) as [string]

  test.each([
    ['no certificate', []],
    ['the signer alone', [signer]],
    ['the root as third', [signer, intermediate, root]],
    ['four certificates', [signer, intermediate, root, root]],
    ['two hundred entries', Array.from({ length: 200 }, () => 'AAAA')],
  ])('with %s is refused by its count', async (_name, x5c) => {
    const message = await messageOf(signUnder({ ...plainHeader, x5c }))
    expect(message).toContain(`it carries ${x5c.length} certificates, a licence carries 2`)
  })

  test.each([
    ['in the wrong order', [intermediate, signer], 'issuer-not-allowed'],
    ['with the signer twice', [signer, signer], 'issuer-not-allowed'],
    ['with the root for the intermediate', [signer, root], 'issuer-not-allowed'],
    ['with line breaks in it', [signer.replace(/(.{64})/g, '$1\n'), intermediate], 'malformed'],
    ['in base64url', [signer.replaceAll('+', '-').replaceAll('/', '_'), intermediate], 'malformed'],
    ['with an empty entry', ['', intermediate], 'malformed'],
    ['with 5,000 bytes of zeros', [Buffer.alloc(5000).toString('base64'), intermediate], 'malformed'],
    ['with text', ['certificate', intermediate], 'malformed'],
  ])('%s is refused', async (_name, x5c, code) => {
    expect(await codeOf(signUnder({ ...plainHeader, x5c }))).toBe(code)
  })

  test('of somebody else does not carry our signature', async () => {
    const stranger = await new CompactSign(Buffer.from(payload, 'base64url'))
      .setProtectedHeader(plainHeader)
      .sign(fixtureKey('rogue'))
    expect(await codeOf(stranger)).toBe('bad-signature')
  })
})

describe('the form', () => {
  test.each([
    ['empty', ''],
    ['one part', header],
    ['two parts', `${header}.${payload}`],
    ['four parts', `${genuine}.${signature}`],
    ['an empty part', `${header}..${signature}`],
    ['padding', `${genuine}==`],
    ['a space within', genuine.replace('.', '. ')],
    ['a line end within', genuine.replace('.', '.\n')],
    ['ordinary base64', genuine.replace('.', '+.')],
    ['a NUL byte', genuine.replace('.', '\0.')],
    ['letters from elsewhere', genuine.replace('.', 'é.')],
    ['JSON', JSON.stringify(plainClaims())],
  ])('%s is refused', async (_name, token) => {
    expect(await codeOf(token)).toBe('malformed')
  })

  test('with spare bits set is refused: one signature has one spelling', () => {
    // Two characters hold 12 bits for one byte: `AQ` and `AR` both decode to 0x01.
    expect(openToken(`${encodePart(plainHeader)}.AR.AA`)).toMatchObject({ refusal: { code: 'malformed' } })
    expect(openToken(`${encodePart(plainHeader)}.AQ.AA`)).toMatchObject({ ok: true })
  })

  test('is refused by its size before anything is decoded', async () => {
    const token = 'A'.repeat(10 * 1024 * 1024)
    expect(await verifyLicence(token, contextWith())).toMatchObject({
      refusal: { code: 'too-large', value: token.length, limit: BUNDLE_BYTES_MAX },
    })
    expect(openToken(token)).toMatchObject({
      refusal: { code: 'too-large', value: token.length, limit: LICENCE_BYTES_MAX },
    })
  })

  test('counts the size in bytes, not in characters', async () => {
    expect(await codeOf('é'.repeat(BUNDLE_BYTES_MAX / 2 + 1))).toBe('too-large')
    expect(await codeOf('é'.repeat(LICENCE_BYTES_MAX / 2 + 1))).toBe('too-large')
    expect(await codeOf('A'.repeat(LICENCE_BYTES_MAX))).toBe('malformed')
  })

  test('is exact for a token; only a file of several may have line ends and spaces between', async () => {
    for (const token of [` ${genuine}`, `${genuine}\n`, `${genuine}\r`, `${genuine} `]) {
      expect(openToken(token)).toMatchObject({ refusal: { code: 'malformed' } })
      expect(await codeOf(token)).toBe('allowed')
    }
  })

  test('of one kind is not read as another, whoever signed it', async () => {
    const kinds = Object.keys(TOKEN_KINDS) as TokenKind[]
    for (const kind of kinds) {
      const chainDer = [issuer.signerPem, issuer.intermediatePem].map((pem) => new X509Certificate(pem).raw)
      const token = await signToken(
        Buffer.from(payload, 'base64url'),
        issuer.signingKey,
        chainDer as [Buffer, Buffer],
        kind,
      )
      for (const other of kinds) {
        expect(openToken(token, other).ok).toBe(other === kind)
      }
    }
  })

  test('that is no text at all is refused, not thrown', async () => {
    for (const token of [undefined, null, 7, {}, ['a'], Buffer.from(genuine)]) {
      expect(['check-failed', 'malformed']).toContain(await codeOf(token as unknown as string))
    }
  })
})

describe('the signature', () => {
  test('covers the header, the payload and itself', async () => {
    const other = await signClaims({ ...plainClaims(), sub: 'Somebody else' })
    const [otherHeader, otherPayload, otherSignature] = other.split('.')
    expect(await codeOf(`${header}.${otherPayload}.${signature}`)).toBe('bad-signature')
    expect(await codeOf(`${header}.${payload}.${otherSignature}`)).toBe('bad-signature')
    expect(await codeOf(`${otherHeader}.${payload}.${signature}`)).toBe('allowed')
    const spaced = encodePart(`${JSON.stringify(plainHeader)} `)
    expect(await codeOf(`${spaced}.${payload}.${signature}`)).toBe('bad-signature')
  })

  test('has its full length, also where it begins with a zero', async () => {
    let bytes = Buffer.from([1])
    for (let tries = 0; tries < 5000 && bytes[0] !== 0; tries++) {
      const input = Buffer.from(`${header}.${payload}`)
      const padding = constants.RSA_PKCS1_PSS_PADDING
      bytes = sign('sha256', input, { key: issuer.signingKey, padding, saltLength: 32 })
    }
    expect(bytes[0]).toBe(0)
    expect(await codeOf(`${header}.${payload}.${bytes.toString('base64url')}`)).toBe('allowed')
    expect(await codeOf(`${header}.${payload}.${bytes.subarray(1).toString('base64url')}`)).toBe(
      'bad-signature',
    )
  })

  test('cannot be cut, lengthened or zeroed', async () => {
    const bytes = Buffer.from(signature, 'base64url')
    const variants = [
      bytes.subarray(1),
      Buffer.concat([Buffer.from([0]), bytes]),
      Buffer.concat([bytes, Buffer.from([0])]),
      Buffer.alloc(bytes.length),
      Buffer.alloc(1),
    ]
    for (const variant of variants) {
      expect(await codeOf(`${header}.${payload}.${variant.toString('base64url')}`)).toBe('bad-signature')
    }
  })
})
