/** What goes with a licence and lies: allocations and refunds, and the bundle that holds it all. */
import { encodePart, fixtureKey, plainClaims } from '../licence/fixture.ts'
import {
  allocationClaims,
  headerOf,
  licenseeKey,
  passOn,
  refundClaims,
  signKind,
  signParts,
  statusToken,
} from '../token/sign-kind.ts'
import { expired, good, ofOtherRoot, ofSmallKey } from './bad-signers.ts'
import { cases, type HostileCase } from './case.ts'

const MIB = 1024 * 1024

const rogue = fixtureKey('rogue')
const makers = licenseeKey('Riverside Makers')

function chain(...lines: string[]): string {
  return lines.join('\n')
}

const shared = signKind('licence', { ...plainClaims(), machines: [{ id: 'bench-1' }, { id: 'bench-2' }] })

function allocated(changes: object = {}, ...more: string[]): string {
  return chain(shared, signKind('allocation', { ...allocationClaims(), ...changes }), ...more)
}

const allocations = cases('licence', 'allocation', [
  ['none', 'allocation-missing', shared],
  ['of another machine', 'allocation-missing', allocated({ machine: 'bench-2' })],
  [
    'of another licence',
    'allocation-missing',
    allocated({ licence: '00000000-0000-4000-8000-000000000000' }),
  ],
  ['by another key', 'bad-signature', chain(shared, signKind('allocation', allocationClaims(), good, rogue))],
  [
    'by the licensee',
    'malformed',
    chain(shared, passOn('', allocationClaims(), makers, { alg: 'EdDSA', typ: 'licence-allocation+jwt' })),
  ],
  ['by a small key', 'weak-key', chain(shared, signKind('allocation', allocationClaims(), ofSmallKey))],
  [
    'by an expired signer',
    'issuer-expired',
    chain(shared, signKind('allocation', allocationClaims(), expired)),
  ],
  ['in the name of another issuer', 'issuer-not-allowed', allocated({ iss: 'https://evil.example' })],
  [
    'of 1e999 copies',
    'malformed',
    chain(
      shared,
      signKind('allocation', JSON.stringify(allocationClaims()).replace('"copies":2', '"copies":1e999')),
    ),
  ],
  ['of -1 copies', 'malformed', allocated({ copies: -1 })],
  ['of 2^53 copies', 'malformed', allocated({ copies: 2 ** 53 })],
  ['of `"2"` copies', 'malformed', allocated({ copies: '2' })],
  ['for every machine', 'malformed', allocated({ machine: '*' })],
  ['with an end, which it has not', 'malformed', allocated({ exp: 1 })],
  ['of a later version', 'malformed', allocated({ ver: 2 })],
  ['of 17 kB', 'too-large', chain(shared, `${encodePart(headerOf('allocation'))}.${'A'.repeat(17_000)}.AA`)],
  [
    'a bad one behind thirty good ones',
    'bad-signature',
    chain(
      allocated(),
      ...Array.from({ length: 29 }, () => signKind('allocation', allocationClaims())),
      signKind('allocation', allocationClaims(), good, rogue),
    ),
  ],
  ['a hundred of them', 'malformed', chain(shared, ...Array.from({ length: 100 }, () => 'a.b.c'))],
])

function refund(changes: object = {}): string {
  return signKind('refund', { ...refundClaims(), ...changes })
}

const refunds = cases('refund', 'refund', [
  ['nothing', 'refund-unusable', ''],
  ['10 MB', 'refund-unusable', 'A'.repeat(10 * MIB)],
  ['a licence', 'refund-unusable', signKind('licence', refundClaims())],
  ['an allocation', 'refund-unusable', signKind('allocation', refundClaims())],
  ['by `none`', 'refund-unusable', signParts({ ...headerOf('refund'), alg: 'none' }, refundClaims())],
  ['by another key', 'refund-unusable', signKind('refund', refundClaims(), good, rogue)],
  [
    'by the machine',
    'refund-unusable',
    passOn('', refundClaims(), makers, { alg: 'EdDSA', typ: 'licence-refund+jwt' }),
  ],
  ['by a small key', 'refund-unusable', signKind('refund', refundClaims(), ofSmallKey)],
  ['by a root that is not trusted', 'refund-unusable', signKind('refund', refundClaims(), ofOtherRoot)],
  ['in the name of another issuer', 'refund-unusable', refund({ iss: 'https://evil.example' })],
  ['of every copy', 'refund-unusable', refund({ copy: '*' })],
  [
    'of many copies',
    'refund-unusable',
    refund({ copy: Array.from({ length: 50 }, () => refundClaims()['copy']) }),
  ],
  ['of no copy', 'refund-unusable', refund({ copy: undefined })],
  ['with a count', 'refund-unusable', refund({ copies: 100 })],
  [
    'with two copies under one key',
    'refund-unusable',
    signKind('refund', JSON.stringify(refundClaims()).replace('{', '{"copy":"*",')),
  ],
])

const genuine = signKind('licence', plainClaims())

const bundles = cases('licence', 'bundle', [
  ['without a licence', 'malformed', statusToken([0])],
  ['of attestations alone', 'malformed', '{}\n{}'],
  ['of two licences', 'malformed', chain(genuine, genuine)],
  ['of a hundred licences', 'malformed', chain(...Array.from({ length: 30 }, () => genuine))],
  ['with a line that is nothing', 'malformed', chain(genuine, 'and then some')],
  ['with a recognition in it', 'malformed', chain(genuine, signKind('recognition', {}))],
  ['with a screening list in it', 'malformed', chain(genuine, signKind('screeningList', {}))],
  [
    'with ten status lists',
    'malformed',
    chain(genuine, ...Array.from({ length: 10 }, () => statusToken([0]))),
  ],
  ['with forty short lines', 'malformed', chain(genuine, ...Array.from({ length: 40 }, () => '{}'))],
  ['of a quarter of a million lines', 'malformed', '.\n'.repeat(120_000)],
  ['of one line of 256 kB', 'too-large', 'A'.repeat(256 * 1024)],
  ['of one byte too many', 'too-large', ' '.repeat(256 * 1024 + 1)],
  ['whose header is 250 kB of brackets', 'too-large', `${encodePart('['.repeat(180_000))}.AA.AA`],
  [
    'with a type that inherits',
    'malformed',
    signParts({ alg: 'PS256', typ: '__proto__', x5c: good }, plainClaims()),
  ],
  [
    'with the type `constructor`',
    'malformed',
    signParts({ alg: 'PS256', typ: 'constructor', x5c: good }, plainClaims()),
  ],
])

export const companions: readonly HostileCase[] = [...allocations, ...refunds, ...bundles]
