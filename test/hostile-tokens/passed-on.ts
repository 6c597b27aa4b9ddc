/** Sub-licences that go too far, or that nobody passed on. */
import { createHmac } from 'node:crypto'
import { change, encodePart, fixtureKey, issuer, plainClaims } from '../licence/fixture.ts'
import { licenseeKey, passOn, publicPart, signKind, signParts, sublicenceHeader } from '../token/sign-kind.ts'
import { good } from './bad-signers.ts'
import { cases, type HostileCase } from './case.ts'

const rogue = fixtureKey('rogue')

const makers = licenseeKey('Riverside Makers')
const stranger = licenseeKey('A stranger')
const parentClaims = { ...plainClaims(), delegate: { key: publicPart(makers), depth: 1 } }
const parent = signKind('licence', parentClaims)
const childClaims = { ...plainClaims(), jti: '7a1d2c3b-0e4f-4a5b-8c6d-9e0f1a2b3c4d', sub: 'A branch' }
const child = passOn(parent, childClaims, makers)
const [, childPayload = '', childSignature = ''] = child.split('.')

function chain(...licences: string[]): string {
  return licences.join('\n')
}

function widened(path: string, value: unknown): string {
  return chain(passOn(parent, change(childClaims, path.split('.'), value), makers), parent)
}

const secret = Buffer.from(publicPart(makers), 'base64url')
const macInput = `${encodePart({ ...sublicenceHeader, alg: 'HS256' })}.${childPayload}`

export const sublicences: readonly HostileCase[] = cases('licence', 'sub-licence', [
  ['alone', 'parent-missing', child],
  ['behind its parent', 'parent-missing', chain(parent, child)],
  [
    'under another licence with the same key',
    'parent-missing',
    chain(child, signKind('licence', { ...parentClaims, sub: 'Others' })),
  ],
  [
    'under what may not be passed on',
    'delegation-not-allowed',
    chain(
      passOn(signKind('licence', plainClaims()), childClaims, makers),
      signKind('licence', plainClaims()),
    ),
  ],
  ['under a forged parent', 'bad-signature', chain(child, signKind('licence', parentClaims, good, rogue))],
  [
    'under its own parent’s claims with another key',
    'bad-signature',
    chain(child, `${parent.split('.').slice(0, 2).join('.')}.${childSignature}`),
  ],
  ['signed by a stranger', 'bad-signature', chain(passOn(parent, childClaims, stranger), parent)],
  [
    'signed by the issuer',
    'malformed',
    chain(signParts({ ...sublicenceHeader, alg: 'PS256' }, childClaims), parent),
  ],
  [
    'by `none`',
    'malformed',
    chain(`${encodePart({ ...sublicenceHeader, alg: 'none' })}.${childPayload}.AA`, parent),
  ],
  [
    'by HS256 with the public key',
    'malformed',
    chain(`${macInput}.${createHmac('sha256', secret).update(macInput).digest('base64url')}`, parent),
  ],
  [
    'by an HMAC called EdDSA',
    'bad-signature',
    chain(
      `${encodePart(sublicenceHeader)}.${childPayload}.${createHmac('sha512', secret).update('x').digest('base64url')}`,
      parent,
    ),
  ],
  [
    'by the identity point',
    'bad-signature',
    chain(
      `${encodePart(sublicenceHeader)}.${childPayload}.${Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]).toString('base64url')}`,
      parent,
    ),
  ],
  [
    'with a signature of zeros',
    'bad-signature',
    chain(
      `${encodePart(sublicenceHeader)}.${childPayload}.${Buffer.alloc(64).toString('base64url')}`,
      parent,
    ),
  ],
  [
    'with a key of its own',
    'malformed',
    chain(
      passOn(parent, childClaims, stranger, {
        ...sublicenceHeader,
        jwk: { kty: 'OKP', crv: 'Ed25519', x: publicPart(stranger) },
      }),
      parent,
    ),
  ],
  [
    'with certificates',
    'malformed',
    chain(passOn(parent, childClaims, makers, { ...sublicenceHeader, x5c: good }), parent),
  ],
  [
    'with `crit`',
    'malformed',
    chain(passOn(parent, childClaims, makers, { ...sublicenceHeader, crit: ['b64'], b64: false }), parent),
  ],
  [
    'with another parent named',
    'parent-missing',
    chain(passOn(parent, { ...childClaims, prt: 'a'.repeat(64) }, makers), parent),
  ],
  [
    'with no parent named',
    'parent-missing',
    chain(passOn(parent, { ...childClaims, prt: undefined }, makers), parent),
  ],
  ['of itself', 'delegation-not-allowed', chain(child, child, parent)],
  [
    'of three levels where one is allowed',
    'delegation-not-allowed',
    chain(passOn(child, childClaims, makers), child, parent),
  ],
  ['of ten levels', 'malformed', chain(...Array.from({ length: 10 }, () => child), parent)],
  [
    'that may be passed on as often as its parent',
    'not-a-subset',
    widened('delegate', { key: publicPart(stranger), depth: 1 }),
  ],
  ['with more copies', 'not-a-subset', widened('grant.copies', 4)],
  ['on another machine', 'not-a-subset', widened('machines', [{ id: 'bench-9' }])],
  ['of another design', 'not-a-subset', widened('design.id', 'bracket-8')],
  ['of a looser tier', 'not-a-subset', widened('tier', 'open')],
  ['for longer', 'not-a-subset', widened('exp', 253_402_300_799)],
  ['from earlier', 'not-a-subset', widened('nbf', 0)],
  ['with an exemption', 'not-a-subset', widened('exempt', { basis: 'humanitarian', authority: issuer.uri })],
  ['with a sunset', 'not-a-subset', widened('sunset', 1)],
  ['in the name of another issuer', 'not-a-subset', widened('iss', 'https://licences.example.org/other')],
  ['with an unknown claim', 'unsupported-claim', widened('anything', true)],
  [
    'with a claim twice',
    'malformed',
    chain(passOn(parent, JSON.stringify(childClaims).replace('{', '{"grant":{"copies":1},'), makers), parent),
  ],
  ['of 17 kB', 'too-large', chain(`${encodePart(sublicenceHeader)}.${'A'.repeat(17_000)}.AA`, parent)],
])
