import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { COMMAND_CLASSES, MARLIN } from '../../gcode/index.ts'
import { failedCases, judgeGcode, type LicenceStanding, readPolicy } from '../../policies/index.ts'
import { policyFrom } from './snippet.ts'

const LIBRARY = new URL('../../policies/library/', import.meta.url)
const FILES = readdirSync(LIBRARY)

const expired: LicenceStanding = {
  kind: 'refused',
  code: 'expired',
  message: 'licence expired at 2026-01-01T00:00:00Z, it is now 2026-11-22T20:00:00Z',
  remedy: 'ask the issuer for a new licence',
}

function textOf(file: string): string {
  return readFileSync(new URL(file, LIBRARY), 'utf8')
}

/** One line that the reader takes, for each command of the table. */
function lineFor(name: string): string {
  const row = MARLIN.rows.find((one) => one.name === name)
  if (name === 'T') return 'T1'
  if (row?.subcodes.length) return row.name === 'M862' ? 'M862.1 P0.4' : `${row.name}.${row.subcodes[0]}`
  return row?.text === 'line' ? `${name} x` : name
}

test('the library is the two policies that the documentation names', () => {
  expect(FILES).toEqual(['maker-space.yaml', 'open-bench.yaml'])
})

describe.each(FILES)('%s', (file) => {
  test('is read without a problem', () => {
    expect(readPolicy(textOf(file))).toMatchObject({ ok: true })
  })

  test('passes its own cases, and has enough of them to say what it is', () => {
    const policy = policyFrom(textOf(file))
    expect(failedCases(policy)).toEqual([])
    expect(policy.cases.length).toBeGreaterThanOrEqual(6)
    expect(policy.cases.some(({ outcome }) => outcome === 'allow')).toBe(true)
  })

  test('is named like its file, and says where to appeal', () => {
    const policy = policyFrom(textOf(file))
    expect(`${policy.name}.yaml`).toBe(file)
    expect(policy.appeal).not.toBe('')
  })

  test('takes a stand on every class of commands', () => {
    const policy = policyFrom(textOf(file))
    const denied = new Set<string>()
    for (const row of MARLIN.rows) {
      const { reasons } = judgeGcode(policy, lineFor(row.name))
      if (reasons.some(({ code }) => code === `command-classes.${row.class}`)) denied.add(row.class)
    }
    expect([...denied].sort()).toEqual([
      'calibration',
      'emergency',
      'firmware',
      'macros',
      'network',
      'offsets',
      'pins',
      'safety',
      'scaling',
      'self-moving',
      'settings',
      'storage',
    ])
    expect(denied.size).toBeLessThan(Object.keys(COMMAND_CLASSES).length)
  })
})

describe('maker-space.yaml', () => {
  const policy = policyFrom(textOf('maker-space.yaml'))

  test('denies a job whose licence was refused, and prints one without a licence', () => {
    expect(judgeGcode(policy, 'G28').outcome).toBe('allow')
    expect(judgeGcode(policy, 'G28', expired)).toMatchObject({
      outcome: 'deny',
      reasons: [{ code: 'licence.expired', line: null }],
    })
  })

  test('asks for a licence for a design that the site listed', () => {
    const digest = 'a5'.repeat(32)
    const listing = textOf('maker-space.yaml').replace(
      'designs: []',
      `designs: [{ name: Brace, tier: controlled, canonicalSha256: ${digest} }]`,
    )
    const withDesign = policyFrom(listing)
    const job = { ...judgeGcode(policy, 'G28'), sha256: '', canonicalSha256: digest }
    const context = {
      facts: { ...job.facts, lines: 1, commands: 1 },
      claims: {},
      sha256: '',
      canonicalSha256: digest,
    }
    expect(withDesign.judgeJob({ ...context, licence: { kind: 'none' } })).toMatchObject([
      { objection: { code: 'licence.missing' }, mode: 'enforce' },
    ])
    expect(
      withDesign.judgeJob({ ...context, canonicalSha256: '6'.repeat(64), licence: { kind: 'none' } }),
    ).toEqual([])
  })

  test('gives one reason for one hot line, naming line, value and limit', () => {
    const { outcome, reasons } = judgeGcode(policy, '; a job\nG28\nM104 S300\nG1 X10 Y10 Z0.2 F3000')
    expect(outcome).toBe('deny')
    expect(reasons).toEqual([
      {
        code: 'nozzle-temperature',
        rule: 'nozzle-temperature',
        outcome: 'deny',
        message: 'nozzle target 300 °C is above the limit of 260 °C',
        line: 3,
        count: 1,
        value: '300 °C',
        limit: '260 °C',
        remedy: 'slice again with a nozzle temperature of 260 °C or less',
        appeal: policy.appeal,
      },
    ])
  })
})

describe('open-bench.yaml', () => {
  const policy = policyFrom(textOf('open-bench.yaml'))

  test('only warns of a licence that was refused', () => {
    expect(judgeGcode(policy, 'G28', expired)).toMatchObject({
      outcome: 'warn',
      reasons: [{ code: 'licence.expired', outcome: 'warn' }],
    })
  })

  test('prints at 300 °C and no hotter', () => {
    expect(judgeGcode(policy, 'M104 S300').outcome).toBe('allow')
    expect(judgeGcode(policy, 'M104 S301').outcome).toBe('deny')
  })
})
