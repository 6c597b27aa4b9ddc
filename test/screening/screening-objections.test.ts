import { describe, expect, test } from 'vitest'
import {
  NO_SCREENING,
  type ScreenedJob,
  type Screening,
  screenLicensedJob,
} from '../../agent/screening/index.ts'
import { LICENCE_TIERS } from '../../agent/trust/index.ts'

const list = {
  uri: 'https://a.example#national',
  name: 'national',
  version: '7',
  source: 'ministry',
  issuedAtMs: 0,
  expiresAtMs: 1000,
  sha256: 'ab'.repeat(32),
  entries: [
    {
      id: 'p1',
      kind: 'party',
      names: ['Severny Zavod'],
      countries: [],
      vendor: null,
      lot: null,
      why: 'diverted goods',
    },
  ],
} as const
const here: Screening = { lists: [list], unusable: [] }
const job = (changes: Partial<ScreenedJob> = {}): ScreenedJob => ({
  tier: 'open',
  declared: {},
  nowMs: 1,
  ...changes,
})
const outcomes = (screening: Screening, changes: Partial<ScreenedJob> = {}) =>
  screenLicensedJob(screening, job(changes)).map(({ outcome, release, refusal }) => [
    refusal.code,
    outcome,
    release,
  ])

describe('a hit', () => {
  test.each(LICENCE_TIERS)('of tier %s is a hold that compliance alone releases', (tier) => {
    expect(outcomes(here, { tier, declared: { endUser: 'Severnyj Zavod' } })).toEqual([
      ['screening-hit', 'hold', 'compliance'],
    ])
  })

  test('says what resembles what, on which list, and why it is there', () => {
    const [objection] = screenLicensedJob(here, job({ licensee: 'OOO Severnyi Zavood' }))
    expect(objection?.refusal).toEqual({
      code: 'screening-hit',
      message:
        'licensee `OOO Severnyi Zavood` resembles (95 of 100) `Severny Zavod` of the screening list `national`, version `7`, source `ministry`: `diverted goods`',
      value: 'OOO Severnyi Zavood',
      limit: 'national p1',
      remedy: 'let whoever answers for compliance look at the match and release or refuse the job',
    })
  })

  test.each<[string, Partial<ScreenedJob>]>([
    ['end user', { declared: { endUser: 'Severny Zavod' } }],
    ['operator', { declared: { operator: 'Severny Zavod' } }],
    ['vendor', { declared: { material: { vendor: 'Severny Zavod' } } }],
    ['licensee', { licensee: 'Severny Zavod' }],
  ])('is looked for in the %s', (_title, changes) => {
    expect(outcomes(here, changes)).toHaveLength(1)
  })

  test('shows nothing that would paint a terminal', () => {
    const [objection] = screenLicensedJob(
      here,
      job({ declared: { endUser: '\u0007Severny\u202e\u001b Zavod`' } }),
    )
    expect(objection?.refusal.code).toBe('screening-hit')
    expect(JSON.stringify(objection)).not.toMatch(/\\u00|\u202e/)
  })
})

describe('lists that are not what a tier asks for', () => {
  const cases = [
    ['none at all', NO_SCREENING, [[], [], [], ['hold']]],
    [
      'an expired one',
      { lists: [{ ...list, expiresAtMs: 1 }], unusable: [] },
      [['warn'], ['warn'], ['hold'], ['hold']],
    ],
    [
      'one that is not believed',
      { lists: [list], unusable: ['list x is not used'] },
      [['warn'], ['warn'], ['hold'], ['hold']],
    ],
    [
      'only one that is not believed',
      { lists: [], unusable: ['list x is not used'] },
      [['warn'], ['warn'], ['hold'], ['hold', 'hold']],
    ],
    ['current ones', here, [[], [], [], []]],
  ] as const
  test.each(cases)('%s', (_title, screening, expected) => {
    for (const [i, tier] of LICENCE_TIERS.entries()) {
      const found = outcomes(screening, { tier })
      expect(
        found.map(([, outcome]) => outcome),
        tier,
      ).toEqual(expected[i])
      for (const [code, outcome, release] of found) {
        expect(code).toBe('screening-unready')
        expect(release).toBe(outcome === 'hold' ? 'compliance' : null)
      }
    }
  })

  test('an expired list still finds what is on it', () => {
    const old = { lists: [{ ...list, expiresAtMs: 1 }], unusable: [] }
    expect(outcomes(old, { declared: { endUser: 'Severny Zavod' } }).map(([code]) => code)).toEqual([
      'screening-hit',
      'screening-unready',
    ])
  })
})
