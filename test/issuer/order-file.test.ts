import { describe, expect, test } from 'vitest'
import { issueLicence } from '../../agent/issuer/issuer.ts'
import { toClaims } from '../../agent/issuer/order.ts'
import { exampleOrder } from '../../agent/issuer/order-example.ts'
import { ORDER_KEYS, type OrderFile, orderFileSchema } from '../../agent/issuer/order-file.ts'
import { type FileDigests, filesOf, toOrder } from '../../agent/issuer/order-terms.ts'
import { commitToName, type LicenceClaims, readLicence } from '../../agent/licence/index.ts'
import { readYaml } from '../../policies/index.ts'
import { issuer, NOW_MS } from '../licence/fixture.ts'

const RAW = 'a'.repeat(64)
const CANONICAL = 'b'.repeat(64)
const MODEL = 'c'.repeat(64)

const least = {
  'licence-order': 1,
  licensee: 'North Workshop',
  design: { files: [{ sha256: RAW }] },
  copies: 3,
  machines: ['bench-1'],
  expires: '2027-06-30',
}

const context = { issuerUri: issuer.uri, nowMs: NOW_MS, status: { uri: `${issuer.uri}/status`, index: 7 } }

function digestsOf({ as }: { readonly as: 'job' | 'bytes' }): FileDigests {
  return as === 'job' ? { sha256: RAW, canonicalSha256: CANONICAL } : { sha256: MODEL }
}

function claimsOf(file: object): LicenceClaims {
  return toClaims(toOrder(orderFileSchema.parse(file), digestsOf), context)
}

function exampleFile(): OrderFile {
  const yaml = readYaml(exampleOrder(), 'order')
  if (!yaml.ok) throw new Error(JSON.stringify(yaml.problems))
  return orderFileSchema.parse(yaml.source.value)
}

describe('the example', () => {
  const claims = toClaims(toOrder(exampleFile(), digestsOf), context)

  test('says everything that an order can say', () => {
    // The licence's own id is there as a comment: two orders of one id would be one too many.
    const said = [...Object.keys(exampleFile()), ...(exampleOrder().includes('\n# id: ') ? ['id'] : [])]
    expect(said.sort()).toEqual([...ORDER_KEYS].sort())
  })

  test('makes every claim that an issuer can make', () => {
    expect(claims).toMatchObject({
      sub: 'North Workshop',
      tier: 'registered',
      nbf: Date.parse('2027-01-01') / 1000,
      exp: Date.parse('2027-06-30') / 1000,
      design: {
        id: 'bracket-7',
        rev: 'C',
        title: 'Wall bracket',
        digests: [
          { alg: 'sha-256', form: 'gcode-canon', value: CANONICAL },
          { alg: 'sha-256', form: 'model', value: expect.any(String) },
        ],
        classes: [expect.any(String)],
        transforms: { scale: [0.98, 1.02], rotate_z: true, mirror: false, split: false },
      },
      slice: { mode: 'attested-slicer', slicers: ['slicer-1'], profile: expect.any(String) },
      grant: {
        copies: 25,
        per: { machine: 20, day: 5 },
        filament_mm: 500_000,
        commit: { layer: 1, on_abort: 'return' },
      },
      machines: [
        {
          id: 'm-0123456789abcdef',
          copies: 15,
          printer: { uuid: expect.any(String), firmware: 'Marlin', usb: expect.any(String), level: 'usb' },
        },
        { id: 'm-fedcba9876543210' },
      ],
      materials: [{ type: 'PLA' }, { type: 'PA-CF', vendor: 'Acme', lot: 'L-2026-11', tag: '04:A2:33' }],
      limits: {
        nozzle_c: 250,
        bed_c: 80,
        chamber_c: 50,
        size_mm: { x: 200, y: 200, z: 180 },
        feedrate_mm_min: 12_000,
        flow_mm3_s: 15,
        layer_mm: [0.1, 0.3],
        seconds: 43_200,
      },
      end_use: {
        code: 'medical-training',
        countries: ['DE', 'NL'],
        reexport: false,
        statement: expect.any(String),
      },
      exempt: { basis: 'humanitarian', authority: 'https://export.example.org' },
      obligations: [
        { kind: 'report', within_days: 30 },
        { kind: 'retain', days: 365 },
        { kind: 'witness', cosigners: 1 },
      ],
      assurance: 'witnessed',
      status: { uri: `${issuer.uri}/status`, idx: 7, max_age: 90 * 86_400, beyond: 'hold' },
      delegate: { key: expect.any(String), depth: 1 },
      appeal: { uri: 'https://licences.example.org/appeal', days: 30 },
      sunset: Date.parse('2027-05-01') / 1000,
    })
    expect(claims.drill).toBeUndefined()
  })

  test('tells no names: of each there is a digest under a salt of its own', () => {
    const text = JSON.stringify(claims)
    expect(text).not.toContain('Lovelace')
    expect(text).not.toContain('Hospital')
    const [operator, role] = claims.operators ?? []
    expect(role).toEqual({ role: 'technician' })
    if (operator === undefined || !('salt' in operator)) throw new Error('no commitment')
    expect(operator.sha256).toBe(commitToName(operator.salt, 'Ada Lovelace'))
    const { end_user } = claims.end_use ?? {}
    expect(end_user?.sha256).toBe(commitToName(end_user?.salt ?? '', 'St. Elisabeth Hospital'))
    expect(end_user?.salt).not.toBe(operator.salt)
    const again = toClaims(toOrder(exampleFile(), digestsOf), context).operators?.[0]
    expect(again).not.toEqual(operator)
  })

  test('is a licence that the gate reads', async () => {
    const { status: _, ...order } = toOrder(exampleFile(), digestsOf)
    expect(readLicence(await issueLicence(issuer, order, NOW_MS))).toMatchObject({ ok: true })
  })
})

describe('an order', () => {
  test('of the least that is needed takes the plainest of all else', () => {
    expect(claimsOf(least)).toEqual({
      iss: issuer.uri,
      sub: 'North Workshop',
      aud: 'portcullis',
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iat: NOW_MS / 1000,
      nbf: NOW_MS / 1000,
      exp: Date.parse('2027-06-30') / 1000,
      ver: 1,
      tier: 'open',
      design: {
        id: RAW.slice(0, 16),
        rev: '1',
        digests: [{ alg: 'sha-256', form: 'gcode-canon', value: RAW }],
      },
      grant: { copies: 3 },
      machines: [{ id: 'bench-1' }],
    })
  })

  test('names the files that it needs, and how each is looked at', () => {
    const order = orderFileSchema.parse({
      ...least,
      design: {
        files: [{ file: 'a.gcode' }, { file: 'b.stl', form: 'model' }, { sha256: RAW, form: 'gcode-raw' }],
      },
      slicing: { mode: 'attested-slicer', profile: { file: 'p.ini' } },
      'end-use': { statement: { file: 's.pdf' } },
    })
    expect(filesOf(order)).toEqual([
      { path: 'a.gcode', as: 'job', at: ['design', 'files', 0, 'file'] },
      { path: 'b.stl', as: 'bytes', at: ['design', 'files', 1, 'file'] },
      { path: 'p.ini', as: 'bytes', at: ['slicing', 'profile', 'file'] },
      { path: 's.pdf', as: 'bytes', at: ['end-use', 'statement', 'file'] },
    ])
    const claims = toClaims(toOrder(order, digestsOf), context)
    expect(claims.design.digests.map(({ form, value }) => [form, value])).toEqual([
      ['gcode-canon', CANONICAL],
      ['model', MODEL],
      ['gcode-raw', RAW],
    ])
    expect(claims).toMatchObject({ slice: { profile: MODEL }, end_use: { statement: MODEL } })
  })

  test.each<[string, object, object]>([
    [
      'raw bytes of a file',
      { design: { files: [{ file: 'a', form: 'gcode-raw' }] } },
      { design: { digests: [{ value: RAW }] } },
    ],
    [
      'any turn',
      { design: { ...least.design, transforms: { rotate: 'any' } } },
      { design: { transforms: { rotate_z: true, rotate_any: true } } },
    ],
    [
      'no turn',
      { design: { ...least.design, transforms: { rotate: 'none' } } },
      { design: { transforms: {} } },
    ],
    ['a drill', { drill: true }, { drill: true }],
    [
      'a report by a date',
      { obligations: [{ 'report-by': '2027-08-01' }] },
      { obligations: [{ kind: 'report', by: Date.parse('2027-08-01') / 1000 }] },
    ],
    ['weeks', { obligations: [{ retain: '2 weeks' }] }, { obligations: [{ kind: 'retain', days: 14 }] }],
    ['an hour of a day', { expires: '2027-06-30T12:30Z' }, { exp: Date.parse('2027-06-30T12:30Z') / 1000 }],
    ['a level by default', { delegate: { key: 'A'.repeat(43) } }, { delegate: { depth: 1 } }],
  ])('can say %s', (_name, said, claim) => {
    expect(claimsOf({ ...least, ...said })).toMatchObject(claim)
  })

  test.each<[string, object, string]>([
    ['a day that is none', { expires: '2027-02-30' }, 'must be a date'],
    ['a date in words', { expires: 'next June' }, 'must be a date'],
    ['an hour without its zone', { expires: '2027-06-30T12:00' }, 'must be a date'],
    ['an end before its beginning', { from: '2028-01-01' }, 'must be later than `from`'],
    ['a span without unit', { appeal: { uri: 'https://a.example', within: '30' } }, 'must be a span of time'],
    ['a span of hours for days', { appeal: { uri: 'https://a.example', within: '30 h' } }, 'whole days'],
    ['no days', { obligations: [{ retain: '0 days' }] }, 'whole days'],
    ['two duties in one', { obligations: [{ retain: '1 day', witnesses: 1 }] }, 'must have one of'],
    ['a duty of nothing', { obligations: [{}] }, 'must have one of'],
    [
      'a file and a digest',
      { design: { files: [{ file: 'a', sha256: RAW }] } },
      'must have either `file` or `sha256`',
    ],
    ['no file', { design: { files: [] } }, '>=1'],
    ['a name and a role', { operators: [{ name: 'A', role: 'b' }] }, 'must have either `name` or `role`'],
    ['a machine twice', { machines: ['bench-1', { id: 'bench-1' }] }, 'must not name a machine twice'],
    ['any machine', { machines: ['*'] }, 'must be the id of a machine'],
    ['small letters of a material', { materials: ['pla'] }, 'must be a material in capitals'],
    ['a country in words', { 'end-use': { countries: ['Germany'] } }, 'country code'],
    ['a key that is unknown', { 'copies-per-week': 3 }, 'copies-per-week'],
    ['an unknown key deep in it', { limits: { 'nozzle-celcius': 3 } }, 'nozzle-celcius'],
    ['another format', { 'licence-order': 2 }, 'expected 1'],
    ['a date before tokens count', { from: '1960-01-01' }, 'must be a date'],
    ['a list of no age', { status: { 'max-age': '0 s', beyond: 'hold' } }, '>=1'],
    ['a list that is older than any', { status: { 'max-age': '6000 days', beyond: 'hold' } }, '<='],
    ['an appeal for ever', { appeal: { uri: 'https://a.example', within: '8000 days' } }, '<=7305'],
    ['no duration', { limits: { duration: '0 s' } }, '>=1'],
    ['no limit', { limits: {} }, 'must limit something'],
    ['no end use', { 'end-use': {} }, 'must say something of the end use'],
    ['nothing of a printer', { machines: [{ id: 'a', printer: {} }] }, 'must say something of the printer'],
    ['a country twice', { 'end-use': { countries: ['DE', 'DE'] } }, 'must not name a country twice'],
    [
      'a class twice',
      { design: { ...least.design, classes: ['a:1', 'a:1'] } },
      'must not name a class twice',
    ],
    ['too many files', { design: { files: Array(33).fill({ sha256: RAW }) } }, '<=32'],
    ['a file with a zero byte', { design: { files: [{ file: 'a\0' }] } }, 'must be the name of a file'],
  ])('cannot say %s', (_name, said, problem) => {
    const parsed = orderFileSchema.safeParse({ ...least, ...said })
    expect(parsed.success).toBe(false)
    expect(JSON.stringify(parsed.error?.issues)).toContain(problem)
  })

  test('with shares beyond its copies makes no licence', async () => {
    const machines = [
      { id: 'a', copies: 2 },
      { id: 'b', copies: 2 },
    ]
    const order = toOrder(orderFileSchema.parse({ ...least, machines }), digestsOf)
    await expect(issueLicence(issuer, order, NOW_MS)).rejects.toMatchObject({
      code: 'USAGE',
      message: 'its machines get 4 copies together, which is more than the 3 of the licence',
    })
  })

  test('with a status needs a ledger to give it a place', async () => {
    const order = toOrder(
      orderFileSchema.parse({ ...least, status: { 'max-age': '1 day', beyond: 'hold' } }),
      digestsOf,
    )
    await expect(issueLicence(issuer, order, NOW_MS)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('keeps a ledger'),
    })
  })
})
