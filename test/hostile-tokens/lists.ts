/** Status lists that lie, or that take much to find out. */
import { constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { encodePart, fixtureKey, issuer, NOW_MS } from '../licence/fixture.ts'
import { headerOf, listPayload, STATUS_URI, signKind, signParts } from '../token/sign-kind.ts'
import { expired, good, ofOtherRoot, ofSmallKey } from './bad-signers.ts'
import { cases, type HostileCase } from './case.ts'

const MIB = 1024 * 1024

const rogue = fixtureKey('rogue')

/** So many MiB of zeros in a few hundred bytes each: flushed blocks can be strung together. */
function bomb(mebibytes: number): Buffer {
  const block = deflateRawSync(Buffer.alloc(MIB), { level: 9, finishFlush: constants.Z_FULL_FLUSH })
  return Buffer.concat([Buffer.from([0x78, 0xda]), ...Array.from({ length: mebibytes }, () => block)])
}

function list(lst: Uint8Array | string, bits: unknown = 2, changes: object = {}): string {
  const packed = typeof lst === 'string' ? lst : Buffer.from(lst).toString('base64url')
  const status_list = { bits, lst: packed }
  return signKind('statusList', {
    iss: issuer.uri,
    sub: STATUS_URI,
    iat: NOW_MS / 1000,
    status_list,
    ...changes,
  })
}

const packed = deflateSync(Buffer.alloc(64))

const bombs = cases('status list', 'status list', [
  ['2 MiB in 2 kB', 'malformed', list(deflateSync(Buffer.alloc(2 * MIB)))],
  ['64 MiB in 64 kB', 'malformed', list(bomb(64))],
  ['500 MiB in 500 kB', 'malformed', list(bomb(500))],
  ['a byte more than its limit', 'malformed', list(deflateSync(Buffer.alloc(MIB + 1)))],
  ['a bomb of one bit each', 'malformed', list(bomb(100), 1)],
  ['500 kB of noise that is not compressed', 'malformed', list(Buffer.alloc(500_000, 'noise'))],
  [
    'a dictionary that nobody has',
    'malformed',
    list(deflateSync(Buffer.alloc(64), { dictionary: Buffer.from('a') })),
  ],
  ['10 MB of one letter', 'too-large', 'A'.repeat(10 * MIB)],
  [
    '10 MB under a good header',
    'too-large',
    `${encodePart(headerOf('statusList'))}.${'A'.repeat(10 * MIB)}.AA`,
  ],
  ['700 kB of brackets', 'malformed', signKind('statusList', '['.repeat(700_000))],
  [
    '700 kB of brackets in brackets',
    'malformed',
    signKind('statusList', `${'['.repeat(350_000)}${']'.repeat(350_000)}`),
  ],
  ['700 kB of equal keys', 'malformed', signKind('statusList', `{${'"a":1,'.repeat(116_000)}"a":1}`)],
  [
    '700 kB of different keys',
    'malformed',
    signKind('statusList', `{${Array.from({ length: 60_000 }, (_, at) => `"${at}":1`).join(',')}}`),
  ],
  ['700 kB of escapes', 'malformed', signKind('statusList', `{"sub":"${'\\u0061'.repeat(116_000)}"}`)],
  ['700 kB of digits', 'malformed', signKind('statusList', `{"iat":1${'0'.repeat(700_000)}}`)],
])

const lists = cases('status list', 'status list', [
  ['nothing', 'malformed', ''],
  ['a licence', 'malformed', signKind('licence', listPayload([0]))],
  ['an allocation', 'malformed', signKind('allocation', listPayload([0]))],
  ['by `none`', 'malformed', signParts({ ...headerOf('statusList'), alg: 'none' }, listPayload([0]))],
  ['with a key of its own', 'malformed', signParts({ ...headerOf('statusList'), jwk: {} }, listPayload([0]))],
  ['by another key', 'bad-signature', signKind('statusList', listPayload([0]), good, rogue)],
  ['by a small key', 'weak-key', signKind('statusList', listPayload([0]), ofSmallKey)],
  ['by a signer that has expired', 'issuer-expired', signKind('statusList', listPayload([0]), expired)],
  [
    'by another root of the same name',
    'untrusted-issuer',
    signKind('statusList', listPayload([0]), ofOtherRoot),
  ],
  ['in the name of another issuer', 'issuer-not-allowed', list(packed, 2, { iss: 'https://evil.example' })],
  ['compressed with gzip', 'malformed', list(gzipSync(Buffer.alloc(64)))],
  ['compressed without a header', 'malformed', list(deflateRawSync(Buffer.alloc(64)))],
  ['not compressed', 'malformed', list(Buffer.alloc(64))],
  ['cut short', 'malformed', list(packed.subarray(0, -5))],
  ['with a wrong checksum', 'malformed', list(Buffer.concat([packed.subarray(0, -1), Buffer.from([7])]))],
  ['with something behind it', 'malformed', list(Buffer.concat([packed, Buffer.from('more')]))],
  ['with another list behind it', 'malformed', list(Buffer.concat([packed, packed]))],
  ['with padding', 'malformed', list(`${packed.toString('base64url')}=`)],
  ['of no bytes', 'malformed', list('')],
  ['of no bits', 'malformed', list(packed, 0)],
  ['of three bits', 'malformed', list(packed, 3)],
  ['of four bits', 'malformed', list(packed, 4)],
  ['of eight bits', 'malformed', list(packed, 8)],
  ['of -2 bits', 'malformed', list(packed, -2)],
  ['of 2^53 bits', 'malformed', list(packed, 2 ** 53)],
  ['of `"2"` bits', 'malformed', list(packed, '2')],
  [
    'with `iat` of 1e999',
    'malformed',
    signKind(
      'statusList',
      listPayload([0])
        .toString()
        .replace(/"iat":\d+/, '"iat":1e999'),
    ),
  ],
  [
    'with two lists',
    'malformed',
    signKind(
      'statusList',
      listPayload([1]).toString().replace('{', '{"status_list":{"bits":2,"lst":"eNpjAAAAAQAB"},'),
    ),
  ],
  ['without a name', 'malformed', list(packed, 2, { sub: undefined })],
  ['without a date', 'malformed', list(packed, 2, { iat: undefined })],
  ['that ended before it began', 'malformed', list(packed, 2, { exp: 1 })],
  ['with an unknown claim', 'malformed', list(packed, 2, { aggregation_uri: 'https://evil.example' })],
  ['as a list of numbers', 'malformed', list(packed, 2, { status_list: [0, 0, 1] })],
])

export const statusLists: readonly HostileCase[] = [...bombs, ...lists]
