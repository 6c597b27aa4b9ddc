import { describe, expect, test } from 'vitest'
import { readClaims } from '../../agent/licence/claims.ts'
import { verifyLicence } from '../../agent/licence/verify-licence.ts'
import {
  bracket,
  change,
  contextWith,
  DAY_MS,
  fullClaims,
  issuer,
  NOW_MS,
  plainClaims,
  signClaims,
} from './fixture.ts'

function read(payload: object | string): ReturnType<typeof readClaims> {
  return readClaims(Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)))
}

function refusalOf(payload: object | string): string {
  const result = read(payload)
  return result.ok ? 'read' : `${result.refusal.code}: ${result.refusal.message}`
}

test('the claims become a licence in plain terms, times in milliseconds; what is left out has its meaning', () => {
  expect(read(plainClaims())).toEqual({
    ok: true,
    licence: {
      id: '5f0b8c1e-6a58-4f64-9d8a-3f4c5b2a1e07',
      issuer: issuer.uri,
      licensee: 'Riverside Makers',
      tier: 'registered',
      design: {
        id: 'bracket-7',
        revision: 'C',
        title: 'Wall bracket',
        digests: [
          { form: 'gcode-raw', sha256: bracket.rawSha256 },
          { form: 'gcode-canon', sha256: bracket.canonicalSha256 },
        ],
        classes: [],
        transforms: { scale: [1, 1], rotateZ: false, rotateAny: false, mirror: false, split: false },
      },
      slicing: { mode: 'exact-gcode', slicers: [], profileSha256: undefined },
      grant: {
        copies: 3,
        copiesPerMachine: undefined,
        copiesPerDay: undefined,
        filamentMmMax: undefined,
        commit: { layer: 1, onAbort: 'return' },
      },
      machines: [
        { id: 'bench-1', copies: 2, printer: undefined },
        { id: 'bench-2', copies: 1, printer: undefined },
      ],
      materials: [],
      operators: [],
      limits: {},
      endUse: { countries: [], mayReexport: false },
      exemption: undefined,
      obligations: [],
      assurance: 'software',
      status: undefined,
      delegation: undefined,
      parentSha256: undefined,
      appeal: undefined,
      issuedAtMs: NOW_MS - DAY_MS,
      notBeforeMs: NOW_MS - DAY_MS,
      expiresAtMs: NOW_MS + 30 * DAY_MS,
      sunsetMs: undefined,
      isDrill: false,
    },
  })
})

test('every claim becomes what it says', () => {
  const result = read(fullClaims())
  expect(result).toMatchObject({
    ok: true,
    licence: {
      design: {
        classes: ['us-eccn:EAR99'],
        transforms: { scale: [0.5, 2], rotateZ: true, rotateAny: true, mirror: true, split: true },
      },
      slicing: { mode: 'attested-slicer', slicers: ['farm-slicer'], profileSha256: 'c'.repeat(64) },
      grant: {
        copies: 3,
        copiesPerMachine: 2,
        copiesPerDay: 1,
        filamentMmMax: 9000,
        commit: { layer: 3, onAbort: 'spend' },
      },
      machines: [
        {
          id: 'bench-1',
          copies: 2,
          printer: { uuid: 'cede2a2f-41a2-4748', firmware: 'Marlin', usbSerial: 'A50285BI', level: 'usb' },
        },
      ],
      materials: [{ type: 'PA-CF', vendor: 'Spoolworks', lot: 'L-7', tag: '04a2' }],
      operators: [
        { kind: 'role', role: 'technician' },
        { kind: 'name', commitment: { salt: '0'.repeat(32), sha256: 'd'.repeat(64) } },
      ],
      limits: {
        nozzleCelsiusMax: 300,
        bedCelsiusMax: 110,
        chamberCelsiusMax: 60,
        sizeMmMax: { x: 100, y: 90, z: 80 },
        feedrateMmPerMinMax: 12000,
        flowMm3PerSMax: 15,
        layerMmMin: 0.1,
        layerMmMax: 0.3,
        secondsMax: 7200,
      },
      endUse: {
        code: 'medical-training',
        countries: ['NL', 'BE'],
        endUser: { salt: '1'.repeat(32), sha256: 'e'.repeat(64) },
        mayReexport: true,
        statementSha256: 'f'.repeat(64),
      },
      exemption: { basis: 'humanitarian', authority: issuer.uri },
      obligations: [
        { kind: 'report', withinDays: 14, byMs: undefined },
        { kind: 'report', withinDays: undefined, byMs: NOW_MS + DAY_MS },
        { kind: 'retain', days: 365 },
        { kind: 'witness', cosigners: 2 },
      ],
      assurance: 'witnessed',
      status: { uri: `${issuer.uri}/status`, index: 7, ageSecondsMax: 604_800, beyond: 'hold' },
      delegation: { key: 'A'.repeat(43), depth: 1 },
      parentSha256: 'a'.repeat(64),
      appeal: { uri: `${issuer.uri}/appeal`, days: 30 },
      sunsetMs: NOW_MS + 60 * DAY_MS,
      isDrill: true,
    },
  })
})

test('what says who, what, how often, where and when may not be left out', () => {
  const names = [
    'iss',
    'sub',
    'aud',
    'jti',
    'iat',
    'nbf',
    'exp',
    'ver',
    'tier',
    'design',
    'grant',
    'machines',
  ]
  for (const name of names)
    expect(refusalOf(change(plainClaims(), [name], undefined))).toContain(`\`${name}\``)
  for (const path of [
    ['design', 'id'],
    ['design', 'rev'],
    ['design', 'digests'],
    ['grant', 'copies'],
  ]) {
    expect(refusalOf(change(plainClaims(), path, undefined))).toContain('malformed')
  }
  expect(refusalOf(change(plainClaims(), ['design', 'title'], undefined))).toBe('read')
})

describe('a claim that is not enforced is refused, not ignored', () => {
  test.each([
    ['shape', { kind: 'bracket' }],
    ['lease', { max_offline_s: 3600 }],
    ['cnf', {}],
    ['Limits', { nozzle_c: 210 }],
    ['__proto__', { admin: true }],
    ['constructor', 1],
    ['', 1],
  ])('`%s`', (name, value) => {
    const text = JSON.stringify(plainClaims()).replace(
      '{',
      `{${JSON.stringify(name)}:${JSON.stringify(value)},`,
    )
    expect(refusalOf(text)).toBe(
      `unsupported-claim: licence carries the claim \`${name}\`, which this version cannot enforce`,
    )
  })

  test.each([
    [['design', 'transforms'], { scale: [1, 1], shear: true }, 'design.transforms.shear'],
    [['grant', 'per'], { day: 1, week: 3 }, 'grant.per.week'],
    [['limits'], { nozzle_max_C: 210 }, 'limits.nozzle_max_C'],
    [['materials'], [{ type: 'PLA', colour: 'red' }], 'materials.0.colour'],
    [['status'], { status_list: { uri: 'https://x', idx: 1 } }, 'status.status_list'],
    [['obligations'], [{ kind: 'retain', days: 3, where: 'here' }], 'obligations.0.where'],
    [['machines'], [{ id: 'bench-1', key_thumbprint: 'x' }], 'machines.0.key_thumbprint'],
    [
      ['design', 'digests'],
      [{ alg: 'sha-256', form: 'gcode-raw', value: bracket.rawSha256, tol: 1 }],
      'design.digests.0.tol',
    ],
  ])('at depth: %s', (path, value, named) => {
    expect(refusalOf(change(plainClaims(), path, value))).toContain(
      `unsupported-claim: licence carries the claim \`${named}\``,
    )
  })

  test('a later version is refused as such, whatever else it says', () => {
    expect(refusalOf({ ...plainClaims(), ver: 2, shape: {} })).toContain(
      'unsupported-claim: licence carries the claim `ver: 2`',
    )
    expect(refusalOf({ ver: 7 })).toContain('`ver: 7`')
  })

  test('a name full of control characters is shown without them', () => {
    const result = read({ ...plainClaims(), '\u001b[31m\u202e': 1 })
    expect(result).toMatchObject({ refusal: { code: 'unsupported-claim', value: '?[31m?' } })
  })
})

describe('a claim of wrong value is refused', () => {
  const cases: [string, string[], unknown][] = [
    ['iss over http', ['iss'], 'http://licences.example.org/fixture'],
    ['iss with an upper-case host', ['iss'], 'https://Licences.example.org/fixture'],
    ['iss with a user', ['iss'], 'https://a@licences.example.org'],
    ['iss with a query', ['iss'], 'https://licences.example.org/?a'],
    ['an empty licensee', ['sub'], ''],
    ['a licensee of two lines', ['sub'], 'Riverside\nMakers'],
    ['a licensee that turns text around', ['sub'], 'Riverside \u202eMakers'],
    ['a licensee of 201 characters', ['sub'], 'x'.repeat(201)],
    ['another audience', ['aud'], 'somebody'],
    ['a list of audiences', ['aud'], ['portcullis']],
    ['an upper-case id', ['jti'], '5F0B8C1E-6A58-4F64-9D8A-3F4C5B2A1E07'],
    ['an id that is no UUID', ['jti'], 'licence-1'],
    ['a time in text', ['exp'], '2027-01-01'],
    ['a time in fractions', ['nbf'], 1.5],
    ['a negative time', ['iat'], -1],
    ['a time in milliseconds', ['exp'], NOW_MS],
    ['an end before the start', ['exp'], (NOW_MS - 2 * DAY_MS) / 1000],
    ['version in text', ['ver'], '1'],
    ['an unknown tier', ['tier'], 'secret'],
    ['no digest', ['design', 'digests'], []],
    [
      'a digest form of later days',
      ['design', 'digests'],
      [{ alg: 'sha-256', form: '3mf', value: bracket.rawSha256 }],
    ],
    ['another hash', ['design', 'digests'], [{ alg: 'sha-1', form: 'gcode-raw', value: bracket.rawSha256 }]],
    [
      'an upper-case digest',
      ['design', 'digests'],
      [{ alg: 'sha-256', form: 'gcode-raw', value: 'A'.repeat(64) }],
    ],
    ['a short digest', ['design', 'digests'], [{ alg: 'sha-256', form: 'gcode-raw', value: 'a'.repeat(63) }]],
    ['no copies', ['grant', 'copies'], 0],
    ['negative copies', ['grant', 'copies'], -1],
    ['half a copy', ['grant', 'copies'], 0.5],
    ['fewer copies than its machines have', ['grant', 'copies'], 2],
    ['too many copies', ['grant', 'copies'], 1_000_001],
    ['no machine', ['machines'], []],
    ['any machine', ['machines'], [{ id: '*' }]],
    ['a pattern of machines', ['machines'], [{ id: 'bench-*' }]],
    ['a machine twice', ['machines'], [{ id: 'bench-1' }, { id: 'bench-1' }]],
    ['a machine as text', ['machines'], ['bench-1']],
    ['a drill that is none', ['drill'], false],
    ['limits of nothing', ['limits'], {}],
    ['an end use of nothing', ['end_use'], {}],
    ['a country that is no code', ['end_use'], { countries: ['Netherlands'] }],
    ['a country in small letters', ['end_use'], { countries: ['nl'] }],
    ['a country twice', ['end_use'], { countries: ['NL', 'NL'] }],
    ['a class without a regime', ['design', 'classes'], ['EAR99']],
    ['a scale of nothing', ['design', 'transforms'], { scale: [0, 1] }],
    ['a layer from thick to thin', ['limits'], { layer_mm: [0.3, 0.1] }],
    ['a material in small letters', ['materials'], [{ type: 'pla' }]],
    ['no material', ['materials'], []],
    ['an operator by a plain name', ['operators'], [{ name: 'Ana' }]],
    ['a report without a date', ['obligations'], [{ kind: 'report' }]],
    ['a report with two dates', ['obligations'], [{ kind: 'report', within_days: 3, by: 1_800_000_000 }]],
    ['an obligation nobody knows', ['obligations'], [{ kind: 'dance' }]],
    ['an exemption for fun', ['exempt'], { basis: 'fun', authority: 'https://a.example' }],
    ['a printer of nothing', ['machines'], [{ id: 'bench-1', printer: {} }]],
    ['an assurance of later days', ['assurance'], 'quantum'],
    ['65 machines', ['machines'], Array.from({ length: 65 }, (_, i) => ({ id: `bench-${i}` }))],
  ]
  test.each(cases)('%s', (_name, path, value) => {
    expect(refusalOf(change(plainClaims(), path, value))).toMatch(
      /^malformed: licence cannot be read: claim `/,
    )
  })

  test('infinite and huge numbers in JSON are refused', () => {
    const text = JSON.stringify(plainClaims())
    for (const number of ['1e999', '-1e999', '1e308', '9007199254740993', '3.0000000001']) {
      expect(refusalOf(text.replace('"copies":3', `"copies":${number}`))).toContain('malformed')
    }
    // One value, two spellings; both are three copies.
    expect(refusalOf(text.replace('"copies":3', '"copies":3.0'))).toBe('read')
  })
})

describe('a payload that is not one JSON object is refused', () => {
  test.each(['', 'null', '[]', '1', '"text"', '{', '{}{}', '\ufeff{}', 'NaN', "{'iss':1}"])('%j', (text) => {
    expect(refusalOf(text)).toMatch(/^malformed/)
  })

  test('bytes that are not UTF-8', () => {
    expect(readClaims(Buffer.from([0x7b, 0xff, 0x7d]))).toMatchObject({ refusal: { code: 'malformed' } })
  })

  test('repeated claims, whichever of the two is the good one', async () => {
    const text = JSON.stringify(plainClaims())
    const twice = text.replace('"exp"', '"exp":9999999999,"exp"')
    expect(refusalOf(twice)).toBe('malformed: licence cannot be read: payload: the key `exp` appears twice')
    expect(refusalOf(text.replace('"exp"', '"\\u0065xp":9999999999,"exp"'))).toContain('`exp` appears twice')
    expect(refusalOf(text.replace('"copies":3', '"copies":3,"copies":300'))).toContain(
      '`copies` appears twice',
    )
    const result = await verifyLicence(await signClaims(twice), contextWith())
    expect(result).toMatchObject({ refusal: { code: 'malformed' } })
  })
})
