import { createHash, createHmac, createPublicKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { licenceKey } from '../../agent/licence/licence.ts'
import { readLicence } from '../../agent/licence/read-licence.ts'
import { type SublicenceClaims, signSublicence } from '../../agent/licence/sign-sublicence.ts'
import { type LicenceResult, verifyLicence } from '../../agent/licence/verify-licence.ts'
import { licenseeKey, passOn, publicPart, signKind, sublicenceHeader } from '../token/sign-kind.ts'
import { change, contextWith, encodePart, issuer, NOW_MS, order, plainClaims, used } from './fixture.ts'

type Claims = Record<string, unknown>

const makers = licenseeKey('Riverside Makers')
const branch = licenseeKey('Riverside branch')
const stranger = licenseeKey('A stranger')
const CHILD_ID = '7a1d2c3b-0e4f-4a5b-8c6d-9e0f1a2b3c4d'
const GRANDCHILD_ID = '8b1d2c3b-0e4f-4a5b-8c6d-9e0f1a2b3c4d'

function delegating(claims: Claims, depth: number, to = makers): Claims {
  return { ...claims, delegate: { key: publicPart(to), depth } }
}

const parentClaims = delegating(plainClaims(), 2)
const parent = signKind('licence', parentClaims)
/** Two copies for the branch, on one bench. */
const childClaims = delegating(
  { ...plainClaims(), jti: CHILD_ID, sub: 'Riverside branch', machines: [{ id: 'bench-1', copies: 2 }] },
  1,
  branch,
)
const child = passOn(parent, childClaims, makers)
const grandchildClaims = {
  ...change(childClaims, ['delegate'], undefined),
  jti: GRANDCHILD_ID,
  grant: { copies: 1 },
  machines: [{ id: 'bench-1', copies: 1 }],
}
const grandchild = passOn(child, grandchildClaims, branch)

async function verify(...lines: string[]): Promise<LicenceResult> {
  return await verifyLicence(lines.join('\n'), contextWith())
}

async function codeOf(...lines: string[]): Promise<string> {
  const result = await verify(...lines)
  return result.ok ? 'allowed' : result.refusal.code
}

describe('a licence that was passed on', () => {
  test('is allowed with its whole chain, and is the one that is used', async () => {
    expect(await verify(child, parent)).toMatchObject({
      ok: true,
      licence: { id: CHILD_ID, licensee: 'Riverside branch', issuer: issuer.uri },
      sha256: createHash('sha256').update(child).digest('hex'),
    })
    expect(await verify(grandchild, child, parent)).toMatchObject({
      ok: true,
      licence: { id: GRANDCHILD_ID },
    })
  })

  test('counts in its own counter and in each of its parents', async () => {
    const result = await verify(grandchild, child, parent)
    const sha = (text: string): string => createHash('sha256').update(text).digest('hex')
    expect(result.ok && result.copies.counters.map(({ key, limit }) => [key, limit])).toEqual([
      [`${issuer.uri}#${GRANDCHILD_ID}@${sha(child)}`, 1],
      [`${issuer.uri}#${CHILD_ID}@${sha(parent)}`, 2],
      [`${issuer.uri}#${order.id}`, 2],
    ])
    expect(result.ok && result.copiesLeft).toBe(1)
  })

  test('is refused once its parent is used up, whatever it has left itself', async () => {
    const result = await verifyLicence(`${child}\n${parent}`, contextWith({ uses: used(2) }))
    expect(result).toMatchObject({ ok: false, refusal: { code: 'copies-used-up', value: 2, limit: 2 } })
  })

  test('cannot use up the copies of another licence by taking its id', () => {
    const own = { issuer: issuer.uri, id: order.id ?? '' }
    expect(licenceKey({ ...own, parentSha256: 'a'.repeat(64) })).not.toBe(licenceKey(own))
  })

  test('ends with its parent, whichever of them ends first', async () => {
    const ended = signKind('licence', { ...parentClaims, exp: NOW_MS / 1000 })
    const late = passOn(ended, { ...childClaims, exp: NOW_MS / 1000 }, makers)
    expect(await codeOf(late, ended)).toBe('expired')
  })

  test('is shown by itself, unverified', () => {
    expect(readLicence(`${child}\n${parent}`)).toMatchObject({ ok: true, unverified: { id: CHILD_ID } })
    expect(readLicence(child)).toMatchObject({ ok: true, unverified: { licensee: 'Riverside branch' } })
    expect(readLicence(passOn(parent, { grant: 1 }, makers))).toMatchObject({ ok: false })
  })
})

describe('the chain', () => {
  test.each<[name: string, code: string, lines: string[]]>([
    ['without the parent', 'parent-missing', [child]],
    ['without the one in the middle', 'bad-signature', [grandchild, parent]],
    ['without the outermost', 'parent-missing', [grandchild, child]],
    ['in the wrong order', 'parent-missing', [parent, child]],
    ['with the middle first', 'bad-signature', [child, grandchild, parent]],
    ['under another licence of the same terms', 'parent-missing', [child, signKind('licence', parentClaims)]],
    ['of two licences of the issuer', 'malformed', [parent, parent]],
    ['with the child twice', 'bad-signature', [child, child, parent]],
    ['that may not be passed on', 'delegation-not-allowed', passedOnFrom(plainClaims())],
    ['one level too deep', 'not-a-subset', tooDeep()],
    [
      'passed on by who may not',
      'delegation-not-allowed',
      [passOn(grandchild, grandchildClaims, branch), grandchild, child, parent],
    ],
    ['signed by a stranger', 'bad-signature', [passOn(parent, childClaims, stranger), parent]],
    [
      'signed by the grandchild for its parent',
      'bad-signature',
      [passOn(parent, childClaims, branch), parent],
    ],
  ])('%s is %s', async (_name, code, lines) => {
    expect(await codeOf(...lines)).toBe(code)
  })

  function passedOnFrom(claims: Claims): string[] {
    const plain = signKind('licence', claims)
    return [passOn(plain, childClaims, makers), plain]
  }

  function tooDeep(): string[] {
    const shallow = signKind('licence', delegating(plainClaims(), 1))
    return [passOn(shallow, childClaims, makers), shallow]
  }

  test('cannot be longer than a bundle holds', async () => {
    expect(await codeOf(child, child, child, child, parent)).toBe('malformed')
  })

  test('has one issuer throughout', async () => {
    const other = passOn(parent, { ...childClaims, iss: 'https://licences.example.org/other' }, makers)
    expect(await verify(other, parent)).toMatchObject({ refusal: { code: 'not-a-subset', value: 'iss' } })
  })

  test('names the claim that goes too far', async () => {
    const more = passOn(parent, change(childClaims, ['grant', 'copies'], 4), makers)
    expect(await verify(more, parent)).toMatchObject({
      refusal: {
        code: 'not-a-subset',
        message: 'sub-licence allows more than its parent in `grant.copies`',
      },
    })
  })

  test('starts with a licence that has no parent', async () => {
    expect(await codeOf(signKind('licence', { ...parentClaims, prt: 'a'.repeat(64) }))).toBe('malformed')
  })
})

describe('the envelope of a sub-licence', () => {
  const headers: Record<string, object | string> = {
    'another algorithm': { ...sublicenceHeader, alg: 'PS256' },
    'the newer name of its algorithm': { ...sublicenceHeader, alg: 'Ed25519' },
    'no algorithm': { ...sublicenceHeader, alg: 'none' },
    'a key of its own': { ...sublicenceHeader, jwk: createPublicKey(stranger).export({ format: 'jwk' }) },
    certificates: { ...sublicenceHeader, x5c: [] },
    'a key id': { ...sublicenceHeader, kid: 'a' },
    'a repeated member': '{"alg":"EdDSA","typ":"design-sublicence+jwt","alg":"EdDSA"}',
  }

  test.each(Object.keys(headers))('with %s is refused', async (name) => {
    expect(await codeOf(passOn(parent, childClaims, makers, headers[name] ?? ''), parent)).toBe('malformed')
  })

  test('is of its own type: as a licence it is none', async () => {
    const typ = 'design-licence+jwt'
    expect(await codeOf(passOn(parent, childClaims, makers, { ...sublicenceHeader, typ }), parent)).toBe(
      'malformed',
    )
  })

  test('does not take the public key for a shared secret', async () => {
    const input = `${encodePart(sublicenceHeader)}.${child.split('.')[1]}`
    const secret = Buffer.from(publicPart(makers), 'base64url')
    const mac = createHmac('sha512', secret).update(input).digest('base64url')
    expect(await codeOf(`${input}.${mac}`, parent)).toBe('bad-signature')
  })

  test('with one bit changed anywhere in its claims or signature is refused', async () => {
    const [header, payload = '', signature = ''] = child.split('.')
    const flip = (text: string, at: number): string => {
      const bytes = Buffer.from(text, 'base64url')
      bytes[at] = (bytes[at] ?? 0) ^ 1
      return bytes.toString('base64url')
    }
    for (let at = 0; at < 64; at += 7) {
      expect(await codeOf(`${header}.${flip(payload, at)}.${signature}`, parent)).toBe('bad-signature')
      expect(await codeOf(`${header}.${payload}.${flip(signature, at)}`, parent)).toBe('bad-signature')
    }
  })
})

describe('passing a licence on', () => {
  const { iss, aud, ver, ...own } = childClaims
  const claims = own as unknown as SublicenceClaims

  test('makes what the gate accepts', async () => {
    const made = await signSublicence(parent, claims, makers)
    expect(await codeOf(made, parent)).toBe('allowed')
    const { delegate, ...leaf } = { ...claims, jti: GRANDCHILD_ID }
    const next = await signSublicence(`${made}\n${parent}\n`, leaf, branch)
    expect(await codeOf(next, made, parent)).toBe('allowed')
  })

  test.each([
    ['with another key', parent, claims, branch, 'the key is not the one'],
    [
      'of what may not be passed on',
      signKind('licence', plainClaims()),
      claims,
      makers,
      'may not be passed on',
    ],
    ['with more than the parent has', parent, { ...claims, grant: { copies: 4 } }, makers, '`grant.copies`'],
    ['with a wrong claim', parent, { ...claims, jti: 'x' }, makers, 'sub-licence is not valid'],
    ['of no licence', 'a.b.c', claims, makers, 'parent of the sub-licence'],
    ['of nothing', '', claims, makers, 'parent of the sub-licence'],
    ['with the issuer’s own key', parent, claims, issuer.signingKey, 'the key is not the one'],
  ])('%s fails', async (_name, parentText, childOrder, key, message) => {
    await expect(signSublicence(parentText, childOrder as SublicenceClaims, key)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message),
    })
  })
})
