import { describe, expect, test } from 'vitest'
import { readClaims } from '../../agent/licence/claims.ts'
import type { Licence } from '../../agent/licence/licence.ts'
import { findExcess } from '../../agent/licence/subset.ts'
import { change, fullClaims, NOW_MS, plainClaims } from './fixture.ts'

type Claims = Record<string, unknown>

const full = change(fullClaims(), ['delegate', 'depth'], 2)

function licence(claims: Claims): Licence {
  const read = readClaims(Buffer.from(JSON.stringify(claims)))
  if (!read.ok) throw new Error(read.refusal.message)
  return read.licence
}

/** A child that says the same as `full`, but for one claim. */
function childWith(path: string, value: unknown): Claims {
  const child = change(full, ['delegate', 'depth'], 1)
  return change(child, path.split('.'), value)
}

const seconds = (ms: number): number => ms / 1000
const printer = { uuid: 'cede2a2f-41a2-4748', firmware: 'Marlin', usb: 'A50285BI', level: 'usb' }
const material = { type: 'PA-CF', vendor: 'Spoolworks', lot: 'L-7', tag: '04a2' }
const technician = { role: 'technician' }
const duties = full['obligations'] as readonly object[]
const digest = (value: string): object => ({ alg: 'sha-256', form: 'gcode-raw', value })

/** Saying these allows something, or cannot be left out. */
const OF_NO_DEMAND = new Set([
  'design',
  'slice',
  'exempt',
  'end_use',
  'delegate',
  'sunset',
  'grant',
  'machines',
])

test('the same licence, one level less deep, is within', () => {
  expect(findExcess(licence(childWith('sub', 'A branch')), licence(full))).toBeUndefined()
})

describe('a child goes too far', () => {
  test.each<[claim: string, path: string, value: unknown]>([
    ['iss', 'iss', 'https://licences.example.org/another'],
    ['tier', 'tier', 'open'],
    ['design.id', 'design.id', 'bracket-8'],
    ['design.rev', 'design.rev', 'D'],
    ['design.title', 'design.title', 'Something harmless'],
    ['design.digests', 'design.digests', [digest('a'.repeat(64))]],
    ['design.classes', 'design.classes', undefined],
    ['design.classes', 'design.classes', ['us-ccl:1C001']],
    ['design.transforms.scale', 'design.transforms.scale', [0.4, 2]],
    ['design.transforms.scale', 'design.transforms.scale', [0.5, 2.1]],
    ['slice.mode', 'slice.mode', 'exact-gcode'],
    ['slice.slicers', 'slice.slicers', undefined],
    ['slice.slicers', 'slice.slicers', ['farm-slicer', 'my-slicer']],
    ['slice.profile', 'slice.profile', undefined],
    ['slice.profile', 'slice.profile', 'd'.repeat(64)],
    ['grant.copies', 'grant.copies', 4],
    ['grant.per.machine', 'grant.per.machine', 3],
    ['grant.per.machine', 'grant.per', { day: 1 }],
    ['grant.per.day', 'grant.per.day', 2],
    ['grant.per.day', 'grant.per', { machine: 2 }],
    ['grant.filament_mm', 'grant.filament_mm', 9001],
    ['grant.filament_mm', 'grant.filament_mm', undefined],
    ['grant.commit.layer', 'grant.commit.layer', 4],
    ['grant.commit.on_abort', 'grant.commit', { layer: 3, on_abort: 'return' }],
    ['machines', 'machines', [{ id: 'bench-2', copies: 2, printer }]],
    ['machines', 'machines', [{ id: 'bench-1', copies: 2, printer }, { id: 'bench-3' }]],
    ['machines', 'machines.0.copies', 3],
    ['machines', 'machines.0.copies', undefined],
    ['machines', 'machines.0.printer', undefined],
    ['machines', 'machines.0.printer', { ...printer, uuid: 'another-0000-1111'.replace(/[g-z]/g, 'a') }],
    ['machines', 'machines.0.printer', { ...printer, firmware: 'Klipper' }],
    ['machines', 'machines.0.printer.usb', undefined],
    ['machines', 'machines.0.printer.level', 'reported'],
    ['materials', 'materials', undefined],
    ['materials', 'materials', [material, { type: 'PLA' }]],
    ['materials', 'materials', [{ ...material, lot: 'L-8' }]],
    ['materials', 'materials', [{ type: 'PA-CF' }]],
    ['operators', 'operators', undefined],
    ['operators', 'operators', [technician, { role: 'visitor' }]],
    ['operators', 'operators', [{ salt: '1'.repeat(32), sha256: 'd'.repeat(64) }]],
    ['limits.nozzle_c', 'limits.nozzle_c', 301],
    ['limits.nozzle_c', 'limits', undefined],
    ['limits.bed_c', 'limits.bed_c', 110.5],
    ['limits.chamber_c', 'limits.chamber_c', undefined],
    ['limits.size_mm', 'limits.size_mm.x', 101],
    ['limits.size_mm', 'limits.size_mm.y', 91],
    ['limits.size_mm', 'limits.size_mm.z', 81],
    ['limits.feedrate_mm_min', 'limits.feedrate_mm_min', 12_001],
    ['limits.flow_mm3_s', 'limits.flow_mm3_s', 16],
    ['limits.layer_mm', 'limits.layer_mm', [0.05, 0.3]],
    ['limits.layer_mm', 'limits.layer_mm', [0.1, 0.4]],
    ['limits.seconds', 'limits.seconds', 7201],
    ['end_use.code', 'end_use.code', 'anything'],
    ['end_use.countries', 'end_use.countries', undefined],
    ['end_use.countries', 'end_use.countries', ['NL', 'FR']],
    ['end_use.end_user', 'end_use.end_user', undefined],
    ['end_use.statement', 'end_use.statement', '0'.repeat(64)],
    ['exempt', 'exempt', undefined],
    ['exempt', 'exempt.basis', 'repair'],
    ['obligations', 'obligations', undefined],
    ['obligations', 'obligations', duties.slice(1)],
    ['obligations', 'obligations.0.within_days', 15],
    ['obligations', 'obligations.1.by', seconds(NOW_MS) + 90_000],
    ['obligations', 'obligations.2.days', 364],
    ['obligations', 'obligations.3.cosigners', 1],
    ['assurance', 'assurance', 'software'],
    ['status', 'status', undefined],
    ['status', 'status.uri', 'https://licences.example.org/another'],
    ['status', 'status.idx', 8],
    ['status', 'status.max_age', 604_801],
    ['status', 'status.beyond', 'warn'],
    ['delegate.depth', 'delegate.depth', 2],
    ['appeal', 'appeal', undefined],
    ['appeal', 'appeal.days', 29],
    ['nbf', 'nbf', seconds(NOW_MS) - 86_401],
    ['exp', 'exp', seconds(NOW_MS) + 30 * 86_400 + 1],
    ['sunset', 'sunset', seconds(NOW_MS)],
    ['drill', 'drill', undefined],
  ])('in `%s`: %s = %j', (claim, path, value) => {
    expect(findExcess(licence(childWith(path, value)), licence(full))).toBe(claim)
  })

  test.each<[claim: string, path: string, value: unknown]>([
    ['design.transforms.scale', 'design.transforms', { scale: [1, 1.01] }],
    ['design.transforms.rotate_z', 'design.transforms', { rotate_z: true }],
    ['design.transforms.rotate_any', 'design.transforms', { rotate_any: true }],
    ['design.transforms.mirror', 'design.transforms', { mirror: true }],
    ['design.transforms.split', 'design.transforms', { split: true }],
    ['end_use.reexport', 'end_use', { reexport: true }],
    ['exempt', 'exempt', { basis: 'repair', authority: 'https://licences.example.org' }],
    ['delegate.depth', 'delegate', { key: 'A'.repeat(43), depth: 1 }],
    ['sunset', 'sunset', seconds(NOW_MS) + 86_400],
    ['grant.commit.layer', 'grant.commit', { layer: 2, on_abort: 'return' }],
  ])('where its parent says nothing, in `%s`', (claim, path, value) => {
    const child = change(plainClaims(), path.split('.'), value)
    expect(findExcess(licence(child), licence(plainClaims()))).toBe(claim)
  })
})

describe('a child may ask for more than its parent', () => {
  test.each<[path: string, value: unknown]>([
    ['tier', 'restricted'],
    ['design.title', undefined],
    ['design.classes', ['us-eccn:EAR99', 'us-ccl:1C001']],
    ['design.transforms', undefined],
    ['design.transforms.scale', [1, 1]],
    ['grant.copies', 2],
    ['grant.per.day', 1],
    ['grant.filament_mm', 1],
    ['grant.commit.layer', 0],
    ['machines.0.copies', 1],
    ['operators', [technician]],
    ['limits.nozzle_c', 200],
    ['limits.layer_mm', [0.2, 0.2]],
    ['end_use.countries', ['BE']],
    ['end_use.reexport', undefined],
    ['obligations', [...duties, { kind: 'report', within_days: 1 }]],
    ['obligations.2.days', 366],
    ['assurance', 'hardware'],
    ['status.max_age', 60],
    ['status.beyond', 'deny'],
    ['delegate', undefined],
    ['nbf', seconds(NOW_MS)],
    ['exp', seconds(NOW_MS) + 60],
    ['sunset', undefined],
    ['sunset', seconds(NOW_MS) + 90 * 86_400],
    ['jti', '00000000-0000-4000-8000-000000000000'],
    ['sub', 'Anybody'],
  ])('in `%s`: %j', (path, value) => {
    expect(findExcess(licence(childWith(path, value)), licence(full))).toBeUndefined()
  })

  test.each(Object.keys(full).filter((name) => !OF_NO_DEMAND.has(name)))(
    'in `%s`, where its parent says nothing',
    (name) => {
      const child = change(plainClaims(), [name], full[name])
      expect(findExcess(licence(child), licence(plainClaims()))).toBeUndefined()
    },
  )
})
