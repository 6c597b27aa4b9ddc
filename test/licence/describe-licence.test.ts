import { expect, test } from 'vitest'
import { describeLicence } from '../../agent/licence/describe-licence.ts'
import type { Licence } from '../../agent/licence/licence.ts'

const licence: Licence = {
  id: '5f0b8c1e-6a58-4f64-9d8a-3f4c5b2a1e07',
  issuer: 'https://licences.example.org/fixture',
  licensee: 'Riverside Makers',
  tier: 'registered',
  design: {
    id: 'bracket-7',
    revision: 'C',
    title: 'Wall bracket',
    digests: [
      { form: 'gcode-raw', sha256: 'a'.repeat(64) },
      { form: 'gcode-canon', sha256: 'b'.repeat(64) },
    ],
  },
  copies: 3,
  machines: ['bench-1', 'bench-2', 'bench-3'],
  issuedAtMs: Date.parse('2026-11-21T12:00:00Z'),
  notBeforeMs: Date.parse('2026-11-21T12:00:00Z'),
  expiresAtMs: Date.parse('2026-12-22T12:00:00Z'),
}

test('a licence reads as plain words', () => {
  expect(describeLicence(licence)).toEqual([
    'licence 5f0b8c1e-6a58-4f64-9d8a-3f4c5b2a1e07',
    'issued by https://licences.example.org/fixture at 2026-11-21T12:00:00Z, tier registered',
    'allows Riverside Makers to print',
    'Wall bracket (bracket-7), revision C',
    'up to 3 copies',
    'on bench-1, bench-2 or bench-3',
    'from 2026-11-21T12:00:00Z until just before 2026-12-22T12:00:00Z',
    'and only from the very file with SHA-256 aaaaaaaaaaaaaaaa... or any G-code with the same commands (SHA-256 bbbbbbbbbbbbbbbb...)',
  ])
})

test('one copy of an untitled design on one machine reads so', () => {
  const design = { ...licence.design, title: undefined }
  const lines = describeLicence({ ...licence, design, copies: 1, machines: ['bench-1'] })
  expect(lines).toContain('bracket-7, revision C')
  expect(lines).toContain('one copy')
  expect(lines).toContain('on bench-1')
})
