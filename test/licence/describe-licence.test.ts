import { expect, test } from 'vitest'
import { readClaims } from '../../agent/licence/claims.ts'
import { describeLicence } from '../../agent/licence/describe-licence.ts'
import type { Licence } from '../../agent/licence/licence.ts'
import { bracket, fullClaims, plainClaims } from './fixture.ts'

function licenceOf(claims: object): Licence {
  const result = readClaims(Buffer.from(JSON.stringify(claims)))
  if (!result.ok) throw new Error(result.refusal.message)
  return result.licence
}

function said(claims: object): readonly string[] {
  return describeLicence(licenceOf(claims))
}

const raw = `${bracket.rawSha256.slice(0, 16)}...`
const canonical = `${bracket.canonicalSha256.slice(0, 16)}...`

test('a licence reads as plain words', () => {
  expect(said(plainClaims())).toEqual([
    'licence 5f0b8c1e-6a58-4f64-9d8a-3f4c5b2a1e07',
    'issued by https://licences.example.org/fixture at 2026-11-21T12:00:00Z, tier registered',
    'allows Riverside Makers to print',
    'Wall bracket (bracket-7), revision C',
    'up to 3 copies',
    'on bench-1 (2 copies) or bench-2 (1 copy)',
    'from 2026-11-21T12:00:00Z until just before 2026-12-22T12:00:00Z',
    `and only from the very file with SHA-256 ${raw} or any G-code with the same commands (SHA-256 ${canonical})`,
    'a copy counts once its first layer is done; one that ends before is given back',
    'it cannot be revoked: it names no status list',
  ])
})

test('every claim is said', () => {
  expect(said(fullClaims())).toEqual([
    'licence 5f0b8c1e-6a58-4f64-9d8a-3f4c5b2a1e07',
    'for a drill: it never reaches a real printer',
    'issued by https://licences.example.org/fixture at 2026-11-21T12:00:00Z, tier registered',
    'passed on by its licensee, under the licence with SHA-256 aaaaaaaaaaaaaaaa...',
    'allows Riverside Makers to print',
    'Wall bracket (bracket-7), revision C',
    'classified us-eccn:EAR99',
    'up to 3 copies, at most 2 on each machine, at most 1 a day (UTC), of at most 9000 mm of filament together',
    'on bench-1 (2 copies, printer UUID cede2a2f-41a2-4748, firmware Marlin, USB serial A50285BI, known by its USB serial)',
    'from 2026-11-21T12:00:00Z until just before 2026-12-22T12:00:00Z',
    `and only from the very file with SHA-256 ${raw} or any G-code with the same commands (SHA-256 ${canonical}), or what farm-slicer attests to be sliced from no model, with the profile of SHA-256 cccccccccccccccc...`,
    'may be scaled by 0.5 to 2, turned about the vertical, turned about any axis, mirrored and cut into parts',
    'a copy counts once layer 3 is done; one that ends before counts too',
    'in PA-CF of Spoolworks lot L-7 spool tag 04a2',
    'started by role technician or a person named in it',
    'within these limits: nozzle up to 300 °C, bed up to 110 °C, chamber up to 60 °C, size up to 100 x 90 x 80 mm, feedrate up to 12000 mm/min, flow up to 15 mm³/s, layers of 0.1 to 0.3 mm, duration up to 2 h',
    'for the end use medical-training',
    'for one end user, whose name is sealed in it',
    'bound for NL or BE',
    'the part may be exported again',
    'under the end-use statement with SHA-256 ffffffffffffffff...',
    'under a humanitarian exemption granted by https://licences.example.org/fixture',
    'each copy is reported within 14 days',
    'what was printed is reported by 2026-11-23T12:00:00Z',
    'its records are kept for 365 days',
    '2 witnesses cosign before the first byte',
    'the evidence is worth at least: witnessed',
    'entry 7 of the status list https://licences.example.org/fixture/status, which is at most 7 days old; without one it is held',
    'its licensee may pass it on, 1 level deep',
    'from 2027-01-21T12:00:00Z on, what its tier demands only warns (by signed time)',
    'a refusal may be disputed at https://licences.example.org/fixture/appeal within 30 days',
  ])
})

test('one copy of an untitled design on one machine reads so', () => {
  const plain = plainClaims()
  const design = { ...(plain['design'] as object), title: undefined }
  const lines = said({ ...plain, design, grant: { copies: 1 }, machines: [{ id: 'bench-1' }] })
  expect(lines).toContain('bracket-7, revision C')
  expect(lines).toContain('one copy')
  expect(lines).toContain('on bench-1')
})

test('a model that is sliced at the site reads so', () => {
  const plain = plainClaims()
  const digests = [{ alg: 'sha-256', form: 'model', value: 'b'.repeat(64) }]
  const design = { ...(plain['design'] as object), digests }
  const lines = said({ ...plain, design, slice: { mode: 'attested-slicer' } })
  expect(lines).toContain(
    'and only from what a slicer trusted at the site attests to be sliced from the model with SHA-256 bbbbbbbbbbbbbbbb...',
  )
  expect(lines).toContain('as it is: not scaled, turned, mirrored or cut')
})

test('a copy that counts from the first byte, and a status that is hours old', () => {
  const lines = said({
    ...plainClaims(),
    grant: { copies: 3, commit: { layer: 0, on_abort: 'return' } },
    status: { uri: 'https://licences.example.org/s', idx: 0, max_age: 5400, beyond: 'warn' },
    obligations: [{ kind: 'report', within_days: 1 }],
    limits: { seconds: 5400 },
  })
  expect(lines).toContain('a copy counts with its first byte')
  expect(lines).toContain(
    'entry 0 of the status list https://licences.example.org/s, which is at most 1.5 h old; without one it is used with a warning',
  )
  expect(lines).toContain('each copy is reported within 1 day')
  expect(lines).toContain('within these limits: duration up to 1.5 h')
})

test('what an exemption brings along is told once, and only where the licence does not ask for more', () => {
  const exempt = { basis: 'humanitarian', authority: 'https://licences.example.org/fixture' }
  const duties = (obligations?: readonly object[]): readonly string[] =>
    said({ ...plainClaims(), exempt, obligations }).filter((line) => /report|witness/.test(line))
  const implied = ['each copy is reported within 30 days', '1 witness cosigns before the first byte']
  expect(duties()).toEqual(implied)
  const asImplied = [
    { kind: 'report', within_days: 30 },
    { kind: 'witness', cosigners: 1 },
  ]
  expect(duties(asImplied)).toEqual(implied)
  expect(duties([{ kind: 'report', within_days: 31 }])).toEqual([
    'each copy is reported within 31 days',
    ...implied,
  ])
  expect(duties([{ kind: 'report', by: 1_800_000_000 }])).toHaveLength(3)
})
