import { describe, expect, test } from 'vitest'
import { DESIGN_TIERS, type JobContext, type LicenceStanding } from '../../policies/index.ts'
import { licence } from '../../policies/rules/licence.ts'
import { EMPTY_JOB, policyFrom, policyOf, policyYaml } from './snippet.ts'

const DESIGN = 'a1'.repeat(32)
const COPY = 'b2'.repeat(32)
const OTHER = 'c3'.repeat(32)

const none: LicenceStanding = { kind: 'none' }
const valid = (tier: string, copiesLeft = 3): LicenceStanding => ({
  kind: 'valid',
  id: '3f0c1d2e-0000-4000-8000-000000000001',
  issuer: 'https://issuer.example',
  licensee: 'Example Workshop',
  expiresAt: '2027-01-01T00:00:00Z',
  tier,
  copiesLeft,
})
const refused: LicenceStanding = {
  kind: 'refused',
  code: 'other-machine',
  message: 'licence is for `mk3-7`, this machine is `mk3-9`',
  value: 'mk3-9',
  limit: 'mk3-7',
  remedy: 'print on a machine that the licence names',
}

function reasons(options: unknown, job: Partial<JobContext>): readonly string[] {
  return policyOf(licence, options)
    .judgeJob({ ...EMPTY_JOB, ...job })
    .map(({ objection: { code }, mode }) => `${mode} ${code}`)
}

const listed = (tier: string) => [{ name: 'Bracket', tier, sha256: DESIGN, canonicalSha256: COPY }]

describe.each([
  ['always', 'none', 'enforce licence.missing'],
  ['always', 'valid', undefined],
  ['always', 'refused', 'enforce licence.other-machine'],
  ['by-tier', 'none', undefined],
  ['by-tier', 'valid', undefined],
  ['by-tier', 'refused', 'enforce licence.other-machine'],
  ['never', 'none', undefined],
  ['never', 'valid', undefined],
  ['never', 'refused', 'warn licence.other-machine'],
] as const)('a policy that demands a licence %s', (demand, kind, expected) => {
  const standing = { none, valid: valid('controlled'), refused }[kind]
  test(`meets a job whose licence is ${kind} with ${expected ?? 'nothing'}`, () => {
    expect(reasons({ demand }, { licence: standing })).toEqual(expected === undefined ? [] : [expected])
  })
})

describe('a design that the site listed', () => {
  test.each(DESIGN_TIERS.map((tier) => [tier]))(
    'of tier %s asks for a licence where its tier does',
    (tier) => {
      const asks = tier !== 'open'
      expect(reasons({ designs: listed(tier) }, { sha256: DESIGN })).toEqual(
        asks ? ['enforce licence.missing'] : [],
      )
      expect(reasons({ designs: listed(tier), tiers: [] }, { sha256: DESIGN })).toEqual([])
      expect(reasons({ designs: listed(tier), tiers: [tier] }, { sha256: DESIGN })).toEqual([
        'enforce licence.missing',
      ])
    },
  )

  test('is found by the file’s bytes and by its commands, and by nothing else', () => {
    const options = { designs: listed('controlled') }
    expect(reasons(options, { sha256: DESIGN })).toEqual(['enforce licence.missing'])
    expect(reasons(options, { canonicalSha256: COPY })).toEqual(['enforce licence.missing'])
    expect(reasons(options, { sha256: COPY })).toEqual([])
    expect(reasons(options, { canonicalSha256: DESIGN })).toEqual([])
    expect(reasons(options, { sha256: OTHER, canonicalSha256: OTHER })).toEqual([])
  })

  test('is printed with a licence of its tier or a tighter one', () => {
    const options = { designs: listed('controlled') }
    expect(reasons(options, { sha256: DESIGN, licence: valid('controlled') })).toEqual([])
    expect(reasons(options, { sha256: DESIGN, licence: valid('restricted') })).toEqual([])
    expect(reasons(options, { sha256: DESIGN, licence: valid('registered') })).toEqual([
      'enforce licence.tier',
    ])
    expect(reasons(options, { sha256: DESIGN, licence: valid('made-up') })).toEqual(['enforce licence.tier'])
    expect(reasons(options, { sha256: OTHER, licence: valid('open') })).toEqual([])
  })

  test('that two rows name is held as closely as the tighter of them says, whichever stands first', () => {
    const byFile = { name: 'Hook', tier: 'open', sha256: DESIGN }
    const byCommands = { name: 'Bracket', tier: 'controlled', canonicalSha256: COPY }
    for (const designs of [
      [byFile, byCommands],
      [byCommands, byFile],
    ]) {
      const job = { sha256: DESIGN, canonicalSha256: COPY }
      expect(reasons({ designs }, job)).toEqual(['enforce licence.missing'])
      expect(reasons({ designs }, { ...job, licence: valid('open') })).toEqual(['enforce licence.tier'])
    }
  })

  test('needs nothing where the site asks for no licences at all', () => {
    expect(reasons({ demand: 'never', designs: listed('restricted') }, { sha256: DESIGN })).toEqual([])
  })
})

describe('copies', () => {
  test.each([
    [3, []],
    [1, []],
    [0, ['enforce licence.copies-used-up']],
    [-1, ['enforce licence.copies-used-up']],
    [Number.NaN, ['enforce licence.copies-used-up']],
  ])('%d left', (copiesLeft, expected) => {
    expect(reasons({}, { licence: valid('controlled', copiesLeft) })).toEqual(expected)
  })
})

test('a policy that does not mention licences still refuses a job whose licence was refused', () => {
  const policy = policyFrom(policyYaml('  homing-first:\n'))
  expect(policy.judgeJob({ ...EMPTY_JOB, licence: refused })).toMatchObject([
    { mode: 'enforce', objection: { code: 'licence.other-machine', value: 'mk3-9', limit: 'mk3-7' } },
  ])
  expect(policy.judgeJob({ ...EMPTY_JOB, licence: none })).toEqual([])
})

test('the mode of the rule holds for licences as for anything else', () => {
  const policy = policyOf(licence, { demand: 'always' }, 'hold')
  expect(policy.judgeJob(EMPTY_JOB)).toMatchObject([{ mode: 'hold', objection: { code: 'licence.missing' } }])
})
