/** Licences by the very issuer whose claims are wrong: what a careless one sends, or one that wants to be misread. */
import type { LicenceRefusalCode } from '../../agent/token/index.ts'
import { change, DAY_MS, digestsOf, issuer, NOW_MS, plainClaims } from '../licence/fixture.ts'
import { signKind } from '../token/sign-kind.ts'
import { cases, type HostileCase } from './case.ts'

const claims = plainClaims()
const text = JSON.stringify(claims)

/** In front of the other claims: readers that keep the last of two see the good one. */
function before(members: string): string {
  return signKind('licence', `{${members},${text.slice(1)}`)
}

/** Behind them: readers that keep the first do. */
function after(members: string): string {
  return signKind('licence', `${text.slice(0, -1)},${members}}`)
}

function raw(from: string, to: string): string {
  const changed = text.replace(from, to)
  if (changed === text) throw new Error(`${from} is not in the claims`)
  return signKind('licence', changed)
}

const json = cases('licence', 'payload', [
  ['nothing but a space', 'malformed', signKind('licence', ' ')],
  ['`null`', 'malformed', signKind('licence', 'null')],
  ['a list', 'malformed', signKind('licence', `[${text}]`)],
  ['a number', 'malformed', signKind('licence', '7')],
  ['text', 'malformed', signKind('licence', JSON.stringify(text))],
  ['two objects', 'malformed', signKind('licence', `${text}${text}`)],
  ['an object and a line end and another', 'malformed', signKind('licence', `${text}\n${text}`)],
  ['cut short', 'malformed', signKind('licence', text.slice(0, -1))],
  ['a comma too many', 'malformed', signKind('licence', `${text.slice(0, -1)},}`)],
  ['a comment', 'malformed', signKind('licence', `${text}// signed`)],
  ['single quotes', 'malformed', signKind('licence', text.replaceAll('"', "'"))],
  ['names without quotes', 'malformed', raw('"grant"', 'grant')],
  ['a byte order mark', 'malformed', signKind('licence', `\ufeff${text}`)],
  ['UTF-16', 'malformed', signKind('licence', Buffer.from(text, 'utf16le'))],
  [
    'a byte that is not UTF-8',
    'malformed',
    signKind('licence', Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xff, 0x7d])])),
  ],
  [
    'an overlong NUL',
    'malformed',
    signKind(
      'licence',
      Buffer.concat([Buffer.from('{"'), Buffer.from([0xc0, 0x80]), Buffer.from(`":1,${text.slice(1)}`)]),
    ),
  ],
  [
    'YAML',
    'malformed',
    signKind('licence', 'iss: https://licences.example.org/fixture\ngrant: { copies: 3 }\n'),
  ],
  ['five thousand brackets', 'malformed', signKind('licence', '['.repeat(5000))],
  ['a tree nine deep', 'malformed', after(`"x":${'{"x":'.repeat(9)}1${'}'.repeat(9)}`)],
  ['a tree two thousand deep', 'malformed', after(`"x":${'['.repeat(2000)}${']'.repeat(2000)}`)],
  [
    'four thousand zeros in a number',
    'malformed',
    raw('"copies":3', `"copies":3.${'0'.repeat(4000)}e1${'0'.repeat(400)}`),
  ],
  [
    'a thousand claims',
    'unsupported-claim',
    after(Array.from({ length: 900 }, (_, at) => `"c${at}":1`).join(',')),
  ],
  ['a thousand equal keys', 'malformed', after(Array.from({ length: 900 }, () => '"c":1').join(','))],
])

const repeated = cases('licence', 'repeated key', [
  ['more copies first', 'malformed', before('"grant":{"copies":1000}')],
  ['more copies last', 'malformed', after('"grant":{"copies":1000}')],
  ['copies twice within', 'malformed', raw('"copies":3', '"copies":3,"copies":1000')],
  ['`exp` twice', 'malformed', after('"exp":253402300799')],
  ['`exp` with an escape', 'malformed', after('"\\u0065xp":253402300799')],
  ['`exp` with a capital escape', 'malformed', after('"e\\u0078p":253402300799')],
  ['`machines` twice', 'malformed', after('"machines":[{"id":"bench-9"}]')],
  ['equal values too', 'malformed', after('"ver":1')],
  ['`__proto__` twice', 'malformed', after('"__proto__":1,"__proto__":2')],
])

/** A claim that is not known, wherever: it may be the limit that mattered. */
const unknown = cases('licence', 'unknown claim', [
  ['at the top', 'unsupported-claim', after('"max_altitude_m":100')],
  ['`__proto__`', 'unsupported-claim', after('"__proto__":{"drill":true}')],
  ['`constructor`', 'unsupported-claim', after('"constructor":{"prototype":{"copies":1}}')],
  ['`toString`', 'unsupported-claim', after('"toString":1')],
  ['the empty name', 'unsupported-claim', after('"":1')],
  ['`exp ` with a space', 'unsupported-claim', after('"exp ":1')],
  ['`Exp`', 'unsupported-claim', after('"Exp":1')],
  ['`еxp` with a letter of another script', 'unsupported-claim', after('"еxp":1')],
  ['`exp` and a zero-width space', 'unsupported-claim', after('"exp\u200b":1')],
  ['`crit`', 'unsupported-claim', after('"crit":["exp"]')],
  ['in the grant', 'unsupported-claim', raw('"copies":3', '"copies":3,"unlimited":true')],
  ['in the design', 'unsupported-claim', raw('"rev":"C"', '"rev":"C","any":true')],
  ['in a digest', 'unsupported-claim', raw('"alg":"sha-256"', '"alg":"sha-256","length":8')],
  ['in a machine', 'unsupported-claim', raw('"id":"bench-1"', '"id":"bench-1","also":"*"')],
])

type Row = readonly [path: string, value: unknown, code?: LicenceRefusalCode]

const rows: readonly Row[] = [
  ['iss', undefined],
  ['iss', 1],
  ['iss', ''],
  ['iss', 'http://licences.example.org/fixture'],
  ['iss', 'https://LICENCES.example.org/fixture'],
  ['iss', 'https://licences.example.org/fixture?x=1'],
  ['iss', 'https://user@licences.example.org/fixture'],
  ['iss', 'https://licences.example.org:443/fixture'],
  ['iss', 'https://licencеs.example.org/fixture'],
  ['iss', `https://licences.example.org/${'a'.repeat(300)}`],
  ['iss', `${issuer.uri}/`, 'issuer-not-allowed'],
  ['iss', 'https://licences.example.org/another', 'issuer-not-allowed'],
  ['iss', 'https://evil.example.org', 'issuer-not-allowed'],
  ['iss', [issuer.uri]],
  ['sub', ''],
  ['sub', 'a\u001b[2Jb'],
  ['sub', 'Riverside\u202eMakers'],
  ['sub', 'Riverside\nMakers'],
  ['sub', 'Riverside\u200bMakers'],
  ['sub', '\ud800'],
  ['sub', '\u{e0041}'],
  ['sub', 'a'.repeat(201)],
  ['sub', { name: 'Riverside Makers' }],
  ['aud', 'somebody-else'],
  ['aud', ['portcullis']],
  ['aud', 'Portcullis'],
  ['aud', undefined],
  ['jti', '5F0B8C1E-6A58-4F64-9D8A-3F4C5B2A1E07'],
  ['jti', '5f0b8c1e6a584f649d8a3f4c5b2a1e07'],
  ['jti', ' 5f0b8c1e-6a58-4f64-9d8a-3f4c5b2a1e07'],
  ['jti', '../../etc/passwd'],
  ['jti', 0],
  ['iat', -1],
  ['iat', '1700000000'],
  ['iat', 1.5],
  ['iat', 9_007_199_254_740_992],
  ['iat', (NOW_MS + DAY_MS) / 1000, 'not-yet-valid'],
  ['nbf', (NOW_MS + DAY_MS) / 1000, 'not-yet-valid'],
  ['nbf', null],
  ['nbf', undefined],
  ['exp', undefined],
  ['exp', null],
  ['exp', true],
  ['exp', []],
  ['exp', ['1893456000']],
  ['exp', '9999999999'],
  ['exp', 1e300],
  ['exp', 253_402_300_800],
  ['exp', NOW_MS / 1000, 'expired'],
  ['exp', (NOW_MS - DAY_MS) / 1000],
  ['ver', 2, 'unsupported-claim'],
  ['ver', 0, 'unsupported-claim'],
  ['ver', 1.0000001, 'unsupported-claim'],
  ['ver', '1'],
  ['ver', undefined],
  ['tier', 'free'],
  ['tier', 'Open'],
  ['tier', 0],
  ['tier', ['open']],
  ['design', undefined],
  ['design.id', '*'],
  ['design.id', '../bracket'],
  ['design.id', 'bracket 7'],
  ['design.digests', []],
  ['design.digests', {}],
  [
    'design.digests',
    Array.from({ length: 33 }, () => ({ alg: 'sha-256', form: 'gcode-raw', value: 'a'.repeat(64) })),
  ],
  ['design.digests', [{ alg: 'sha-1', form: 'gcode-raw', value: 'a'.repeat(40) }]],
  ['design.digests', [{ alg: 'md5', form: 'gcode-raw', value: 'a'.repeat(32) }]],
  ['design.digests', [{ alg: 'sha-256', form: 'any', value: 'a'.repeat(64) }]],
  ['design.digests', [{ alg: 'sha-256', form: 'gcode-raw', value: '' }]],
  ['design.digests', [{ alg: 'sha-256', form: 'gcode-raw', value: 'A'.repeat(64) }]],
  ['design.digests', [{ alg: 'sha-256', form: 'gcode-raw', value: '*' }]],
  [
    'design.digests',
    [{ alg: 'sha-256', form: 'gcode-canon', value: digestsOf('bracket').rawSha256 }],
    'other-design',
  ],
  [
    'design.digests',
    [{ alg: 'sha-256', form: 'model', value: digestsOf('bracket').rawSha256 }],
    'other-design',
  ],
  ['slice', { mode: 'any' }],
  ['slice', 'any'],
  ['grant.copies', 0],
  ['grant.copies', -1],
  ['grant.copies', 2.5],
  ['grant.copies', 1_000_001],
  ['grant.copies', '3'],
  ['grant.copies', null],
  ['grant.copies', [3]],
  ['grant.copies', true],
  ['grant.copies', 'NaN'],
  ['grant', { copies: 3, per: { day: 0 } }],
  ['grant', { copies: 3, filament_mm: 0 }],
  ['grant', { copies: 3, commit: { layer: -1, on_abort: 'return' } }],
  ['machines', []],
  ['machines', [{ id: '*' }]],
  ['machines', [{ id: 'bench-*' }]],
  ['machines', ['bench-1']],
  [
    'machines',
    [
      { id: 'bench-1', copies: 3 },
      { id: 'bench-2', copies: 1 },
    ],
  ],
  ['machines', [{ id: 'bench-1' }, { id: 'bench-1' }]],
  ['machines', [{ id: 'bench-1\n' }]],
  ['machines', [{ id: 'Bench-1' }], 'other-machine'],
  ['machines', [{ id: 'bench-10' }], 'other-machine'],
  ['machines', Array.from({ length: 65 }, (_, at) => ({ id: `bench-${at}` }))],
  ['drill', false],
  ['drill', true, 'drill-only'],
  ['prt', 'a'.repeat(64)],
  ['delegate', { key: 'A'.repeat(43), depth: 9 }],
  ['delegate', { key: 'A'.repeat(42), depth: 1 }],
  ['status', { uri: issuer.uri, idx: -1, max_age: 1, beyond: 'deny' }],
  ['status', { uri: issuer.uri, idx: 0, max_age: 1, beyond: 'allow' }],
  ['status', { uri: issuer.uri, idx: 4_194_304, max_age: 1, beyond: 'deny' }],
  ['status', { uri: issuer.uri, idx: 0, max_age: 1, beyond: 'deny' }, 'status-missing'],
]

function shown(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value).slice(0, 80)
}

const wrong = cases(
  'licence',
  'claim',
  rows.map(([path, value, code = 'malformed']) => [
    `${path} ${shown(value)}`,
    code,
    signKind('licence', change(claims, path.split('.'), value)),
  ]),
)

/** What only JSON can say. */
const numbers = cases('licence', 'number', [
  ['copies of 1e999', 'malformed', raw('"copies":3', '"copies":1e999')],
  ['copies of 1e-999', 'malformed', raw('"copies":3', '"copies":1e-999')],
  ['copies of -0', 'malformed', raw('"copies":3', '"copies":-0')],
  ['copies of NaN', 'malformed', raw('"copies":3', '"copies":NaN')],
  ['copies of Infinity', 'malformed', raw('"copies":3', '"copies":Infinity')],
  ['copies of 0x7', 'malformed', raw('"copies":3', '"copies":0x7')],
  ['copies of 03', 'malformed', raw('"copies":3', '"copies":03')],
  ['copies of +3', 'malformed', raw('"copies":3', '"copies":+3')],
  ['copies of 3.0000000000000001e6', 'malformed', raw('"copies":3', '"copies":3.0000000000000001e6')],
  ['`exp` of 1e999', 'malformed', raw(`"exp":${claims['exp']}`, '"exp":1e999')],
])

export const payloads: readonly HostileCase[] = [...json, ...repeated, ...unknown, ...wrong, ...numbers]
