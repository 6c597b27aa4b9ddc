import { X509Certificate } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { createIssuer } from '../../agent/issuer/authority.ts'
import { issueLicence } from '../../agent/issuer/issuer.ts'
import type { LicenceOrder } from '../../agent/issuer/order.ts'
import { keySigner } from '../../agent/issuer/signer.ts'
import { verifyLicence } from '../../agent/licence/verify-licence.ts'
import { LICENCE_SIGNING_PURPOSE } from '../../agent/token/certificate.ts'
import { contextWith, DAY_MS, fixtureKey, issuer, NOW_MS, order } from '../licence/fixture.ts'

describe('a new issuer', async () => {
  const request = { name: 'Müller & Söhne', uri: 'https://muster.example/lizenzen', nowMs: NOW_MS, days: 30 }
  const made = await createIssuer(request)
  const [root, intermediate, signer] = [made.rootPem, made.intermediatePem, made.signerPem].map(
    (pem) => new X509Certificate(pem),
  ) as [X509Certificate, X509Certificate, X509Certificate]

  test('makes licences that its root vouches for', async () => {
    const token = await issueLicence(
      made,
      { ...order, notBeforeMs: undefined, expiresAtMs: NOW_MS + DAY_MS },
      NOW_MS,
    )
    const result = await verifyLicence(token, contextWith({ anchorsPem: [made.rootPem] }))
    expect(result).toMatchObject({ ok: true, licence: { issuer: request.uri, notBeforeMs: NOW_MS } })
  })

  test('is not trusted for its name alone', async () => {
    const namesake = await createIssuer(request)
    const token = await issueLicence(made, { ...order, expiresAtMs: NOW_MS + DAY_MS }, NOW_MS)
    const result = await verifyLicence(token, contextWith({ anchorsPem: [namesake.rootPem] }))
    expect(result).toMatchObject({ refusal: { code: 'untrusted-issuer', value: 'Müller & Söhne' } })
  })

  test('has three RSA-3072 keys with the exponent 65537, all different', () => {
    for (const { publicKey } of [root, intermediate, signer]) {
      expect(publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 3072, publicExponent: 65537n })
    }
    expect(new Set([root, intermediate, signer].map(({ serialNumber }) => serialNumber)).size).toBe(3)
  })

  test('lives from now on for as many days as were asked', () => {
    for (const { validFrom, validTo } of [root, intermediate, signer]) {
      expect(Date.parse(validFrom)).toBe(NOW_MS)
      expect(Date.parse(validTo)).toBe(NOW_MS + 30 * DAY_MS)
    }
  })

  test('has a signer for licences only, named by the URI', () => {
    expect(signer.ca).toBe(false)
    expect(signer.keyUsage).toEqual([LICENCE_SIGNING_PURPOSE])
    expect(signer.subjectAltName).toBe('URI:https://muster.example/lizenzen')
    expect(signer.subject).toBe('O=Müller & Söhne\nCN=Müller & Söhne signer')
  })

  test('without a passphrase has its keys in the clear', () => {
    expect(made.keysPem.signer).toMatch(/^-----BEGIN PRIVATE KEY-----/)
  })

  test('cannot sign after its certificates have ended', async () => {
    const later = NOW_MS + 31 * DAY_MS
    await expect(issueLicence(made, { ...order, expiresAtMs: later + DAY_MS }, later)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/^this issuer cannot sign now: signer certificate `.*` expired at /),
    })
  })

  test('does not promise beyond its own end', async () => {
    const end = NOW_MS + 30 * DAY_MS
    await expect(issueLicence(made, { ...order, expiresAtMs: end + 1000 }, NOW_MS)).rejects.toMatchObject({
      code: 'USAGE',
      message: `licence would end after its signer's certificate, which ends at 2026-12-22T12:00:00Z`,
    })
    await expect(issueLicence(made, { ...order, expiresAtMs: end }, NOW_MS)).resolves.toBeTypeOf('string')
  })
})

describe('a request for an issuer is refused', () => {
  const request = { name: 'Acme', uri: 'https://acme.example', nowMs: NOW_MS, days: 30 }
  test.each([
    ['without a name', { name: '' }],
    ['with a name of 49 characters', { name: 'x'.repeat(49) }],
    ['with a name of two lines', { name: 'a\nb' }],
    ['with an http URI', { uri: 'http://acme.example' }],
    ['with a URI that would break out of its certificate', { uri: 'https://acme.example, URI:https://x' }],
    ['for no days', { days: 0 }],
    ['for longer than twenty years', { days: 7306 }],
    ['with an empty passphrase', { passphrase: '' }],
    ['with a short passphrase', { passphrase: '1234567' }],
    ['without a clock', { nowMs: Number.NaN }],
    ['with something unknown', { bits: 1024 }],
  ])('%s', async (_name, changes) => {
    await expect(createIssuer({ ...request, ...changes })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/^issuer/),
    })
  })
})

describe('an issued token', () => {
  test('has exactly the header and the claims of the format', async () => {
    const token = await issueLicence(issuer, order, NOW_MS)
    expect(Object.keys(decodeProtectedHeader(token))).toEqual(['alg', 'typ', 'x5c'])
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'PS256', typ: 'design-licence+jwt' })
    expect(decodeJwt(token)).toEqual({
      iss: issuer.uri,
      sub: 'Riverside Makers',
      aud: 'portcullis',
      jti: order.id,
      iat: NOW_MS / 1000,
      nbf: (NOW_MS - DAY_MS) / 1000,
      exp: (NOW_MS + 30 * DAY_MS) / 1000,
      ver: 1,
      tier: 'registered',
      design: {
        id: 'bracket-7',
        rev: 'C',
        title: 'Wall bracket',
        digests: order.design.digests.map(({ form, sha256 }) => ({ alg: 'sha-256', form, value: sha256 })),
      },
      grant: { copies: 3 },
      machines: order.machines.map((id) => ({ id })),
    })
  })

  test('gets an id of its own where none was ordered', async () => {
    const { id: _, ...anonymous } = order
    const ids = await Promise.all(
      [1, 2].map(async () => decodeJwt(await issueLicence(issuer, anonymous, NOW_MS)).jti),
    )
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(ids[0]).not.toBe(ids[1])
  })

  test('has its times cut inwards to whole seconds', async () => {
    const claims = decodeJwt(
      await issueLicence(
        issuer,
        { ...order, notBeforeMs: NOW_MS + 1, expiresAtMs: NOW_MS + 5999 },
        NOW_MS + 999,
      ),
    )
    expect(claims).toMatchObject({ iat: NOW_MS / 1000, nbf: NOW_MS / 1000 + 1, exp: NOW_MS / 1000 + 5 })
  })

  test('is not handed out where the key is that of another issuer', async () => {
    const rogue = keySigner(issuer, fixtureKey('rogue'))
    await expect(issueLicence(rogue, order, NOW_MS)).rejects.toMatchObject({
      code: 'USAGE',
      message: "signer's key is not that of its certificate",
    })
  })
})

describe('an order is refused', () => {
  test.each<[string, object]>([
    ['without machines', { machines: [] }],
    ['for any machine', { machines: ['*'] }],
    ['with a machine twice', { machines: ['a', 'a'] }],
    ['for no copies', { copies: 0 }],
    ['without digests', { design: { ...order.design, digests: [] } }],
    [
      'with a digest of another form',
      { design: { ...order.design, digests: [{ form: 'stl', sha256: 'a'.repeat(64) }] } },
    ],
    [
      'with too many digests',
      { design: { ...order.design, digests: Array(33).fill(order.design.digests[0]) } },
    ],
    ['with an unknown tier', { tier: 'secret' }],
    ['with something unknown', { nozzleMaxCelsius: 210 }],
    ['with something unknown in its design', { design: { ...order.design, scale: 1 } }],
    ['that ends before it starts', { expiresAtMs: NOW_MS - 2 * DAY_MS }],
    ['that has ended already', { expiresAtMs: NOW_MS }],
    ['without an end', { expiresAtMs: undefined }],
    ['that ends at no time', { expiresAtMs: Number.NaN }],
    ['with an id that is no UUID', { id: '7' }],
  ])('%s', async (_name, changes) => {
    await expect(
      issueLicence(issuer, { ...order, ...changes } as LicenceOrder, NOW_MS),
    ).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/^order\b/),
    })
  })

  test('that makes a token larger than a gate reads', async () => {
    const machines = Array.from({ length: 64 }, (_, i) => `${i}-${'x'.repeat(190)}`)
    await expect(issueLicence(issuer, { ...order, machines }, NOW_MS)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('above the limit of 16384 bytes'),
    })
  })
})
