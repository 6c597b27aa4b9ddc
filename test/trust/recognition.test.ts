import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadTrust } from '../../agent/trust/index.ts'
import { DAY_MS, issuer, NOW_MS } from '../licence/fixture.ts'
import { ANCHOR_SHA256, complaint, recognitionClaims, rowFor, signed, trustFolder } from './signed.ts'

const MAY = rowFor('may: [license, recognise]')

async function load(token: string, row = MAY, nowMs = NOW_MS) {
  const dir = await trustFolder({ 'authorities.yaml': row, 'recognitions/a.jwt': `${token}\n` })
  return await loadTrust(dir, nowMs)
}

async function objection(claims: object | string, row = MAY): Promise<string> {
  return await complaint(signed('recognition', claims).then((token) => load(token, row)))
}

describe('a recognition', () => {
  test('of an authority that may recognise is read', async () => {
    const { recognitions, notes } = await load(await signed('recognition', recognitionClaims()))
    expect(recognitions).toEqual([
      {
        issuer: issuer.uri,
        anchorSha256: ANCHOR_SHA256,
        expiresAtMs: NOW_MS + 30 * DAY_MS,
        of: 'https://other.example/regime',
        tiers: { controlled: 'registered' },
        classes: { 'jp-meti:1B': 'eu:1B001' },
      },
    ])
    expect(notes).toEqual([])
  })

  test('may tighten a tier that its authority may not license', async () => {
    const row = rowFor('may: [recognise]', 'tiers: [controlled]')
    const token = await signed('recognition', recognitionClaims({ tiers: { open: 'controlled' } }))
    expect((await load(token, row)).recognitions).toMatchObject([{ tiers: { open: 'controlled' } }])
  })

  test.each<[string, object, string, number, string]>([
    ['that has expired', recognitionClaims(), MAY, NOW_MS + 30 * DAY_MS, 'it expired at'],
    [
      'whose certificates have expired',
      recognitionClaims({ exp: 4e9 }),
      MAY,
      Date.parse('2050-01-01'),
      'expired at',
    ],
    [
      'whose authority may not recognise',
      recognitionClaims(),
      rowFor('may: [license, exempt, screen]'),
      NOW_MS,
      'may not recognise other regimes here',
    ],
    ['of an anchor without a row', recognitionClaims(), '', NOW_MS, 'may not recognise other regimes here'],
    [
      'into a tier beyond its authority',
      recognitionClaims(),
      rowFor('may: [recognise]', 'tiers: [open]'),
      NOW_MS,
      'may not speak of tier registered',
    ],
    [
      'that loosens a tier beyond its authority',
      recognitionClaims({ tiers: { restricted: 'open', open: 'registered' } }),
      rowFor('may: [recognise]', 'tiers: [open, registered]'),
      NOW_MS,
      'may not loosen tier restricted',
    ],
    [
      'into a class beyond its authority',
      recognitionClaims(),
      rowFor('may: [recognise]', 'classes: ["safety:*"]'),
      NOW_MS,
      'may not speak of class `eu:1B001`',
    ],
    [
      'of itself',
      recognitionClaims({ of: 'https://licences.example.org' }),
      MAY,
      NOW_MS,
      'may not recognise itself',
    ],
  ])('%s is left out and told of', async (_title, claims, row, nowMs, told) => {
    const { recognitions, notes } = await load(await signed('recognition', claims), row, nowMs)
    expect(recognitions).toEqual([])
    expect(notes).toEqual([expect.stringContaining(told)])
  })

  test('of a revoked certificate is left out, from whichever record on', async () => {
    const row = `${MAY}revoked:\n  - certificate: revoked/a.pem\n    from-record: 1000000\n`
    const dir = await trustFolder({
      'authorities.yaml': row,
      'revoked/a.pem': issuer.intermediatePem,
      'recognitions/a.jwt': await signed('recognition', recognitionClaims()),
    })
    const { recognitions, notes } = await loadTrust(dir, NOW_MS)
    expect(recognitions).toEqual([])
    expect(notes.join()).toContain('was revoked')
  })

  test.each<[string, object | string, string]>([
    ['a claim that nobody knows', recognitionClaims({ more: 1 }), 'malformed'],
    ['another version', recognitionClaims({ ver: 2 }), 'ver'],
    ['another audience', recognitionClaims({ aud: 'somebody' }), 'aud'],
    [
      'another issuer than its certificate',
      recognitionClaims({ iss: 'https://licences.example.org/other' }),
      'its certificate is for',
    ],
    [
      'nothing that it recognises',
      recognitionClaims({ tiers: undefined, classes: undefined }),
      'must recognise tiers',
    ],
    ['a tier that there is not', recognitionClaims({ tiers: { secret: 'open' } }), 'tiers'],
    ['a class without its regime', recognitionClaims({ classes: { a: 'eu:1B001' } }), 'classes'],
    [
      '257 classes',
      recognitionClaims({
        classes: Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`x:${i}`, 'eu:1B001'])),
      }),
      '256',
    ],
    ['an end before its beginning', recognitionClaims({ exp: 1 }), 'exp'],
    ['an http URI', recognitionClaims({ of: 'http://other.example' }), '`of`'],
    ['a list as its payload', [], 'claim'],
    ['text as its payload', 'hello', 'it is not JSON'],
    ['a key twice', '{"of":"https://a.example","of":"https://b.example"}', 'appears twice'],
    ['a key that is called __proto__', '{"__proto__":{"tiers":{}}}', 'claim'],
  ])('with %s makes the folder unusable', async (_title, claims, told) => {
    const message = await objection(claims)
    expect(message).toMatch(/^LICENCE_UNREADABLE recognition /)
    if (told !== 'malformed') expect(message).toContain(told)
  })

  test.each<[string, () => Promise<string>, string]>([
    ['a licence in its place', async () => await signed('licence', recognitionClaims()), '`recognition+jwt`'],
    [
      'a screening list in its place',
      async () => await signed('screeningList', recognitionClaims()),
      '`recognition+jwt`',
    ],
    ['text that is no token', async () => 'hello', 'three base64url parts'],
    [
      'an altered token',
      async () => altered(await signed('recognition', recognitionClaims())),
      'altered after it was signed',
    ],
    ['a file too large', async () => 'a'.repeat(17 * 1024), 'above the limit of 16384 bytes'],
  ])('%s makes the folder unusable', async (_title, make, told) => {
    expect(await complaint(load(await make()))).toContain(told)
  })

  test('a file or a folder that every user may write is not believed', async () => {
    const token = await signed('recognition', recognitionClaims())
    const dir = await trustFolder({ 'authorities.yaml': MAY, 'recognitions/a.jwt': token })
    await chmod(join(dir, 'recognitions/a.jwt'), 0o666)
    expect(await complaint(loadTrust(dir, NOW_MS))).toContain('so nothing in it is trusted')
    await chmod(join(dir, 'recognitions/a.jwt'), 0o644)
    await chmod(join(dir, 'recognitions'), 0o777)
    expect(await complaint(loadTrust(dir, NOW_MS))).toContain('so nothing in it is trusted')
  })

  test('more files than any site needs', async () => {
    const files = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`recognitions/${i}.jwt`, 'x']))
    expect(await complaint(loadTrust(await trustFolder(files), NOW_MS))).toContain('above the limit of 64')
  })
})

/** Another payload under the same signature. */
function altered(token: string): string {
  const [header, payload, signature] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as object
  const changed = Buffer.from(JSON.stringify({ ...claims, tiers: { restricted: 'open' } })).toString(
    'base64url',
  )
  return [header, changed, signature].join('.')
}
