import { describe, expect, test } from 'vitest'
import {
  type Objection,
  REASONS_MAX,
  REASONS_PER_CODE_MAX,
  ReasonTally,
  type RuleMode,
} from '../../policies/index.ts'
import { LineReader } from './line-reader.ts'
import { policyFrom, policyOfRules, policyYaml } from './snippet.ts'

function objection(code: string, more: Partial<Objection> = {}): Objection {
  return { code, rule: code, message: `${code} objects`, remedy: 'do something else', ...more }
}

function tally(): ReasonTally {
  return new ReasonTally(policyOfRules([]))
}

/** The reasons in short: mode, code, value, count. */
function told(of: ReasonTally): readonly string[] {
  return of
    .reasons()
    .map((one) => `${one.mode} ${one.objection.code} ${one.objection.value ?? '-'} x${one.count}`)
}

describe('equal objections', () => {
  test('are those of one code with one value', () => {
    const one = tally()
    one.objectToJob(objection('a', { value: '1' }), 'enforce')
    one.objectToJob(objection('a', { value: '1', message: 'another wording' }), 'enforce')
    one.objectToJob(objection('a', { value: '2' }), 'enforce')
    one.objectToJob(objection('b', { value: '1' }), 'enforce')
    expect(told(one)).toEqual(['enforce a 1 x2', 'enforce a 2 x1', 'enforce b 1 x1'])
  })

  test('are those of one group, whatever their values', () => {
    const one = tally()
    for (const value of ['1', '2', '3']) one.objectToJob(objection('a', { value, group: 'x' }), 'enforce')
    one.objectToJob(objection('a', { value: '1', group: 'y' }), 'enforce')
    expect(told(one)).toEqual(['enforce a 1 x3', 'enforce a 1 x1'])
  })

  test('are counted apart by mode', () => {
    const one = tally()
    one.objectToJob(objection('a'), 'warn')
    one.objectToJob(objection('a'), 'enforce')
    expect(told(one)).toEqual(['enforce a - x1', 'warn a - x1'])
  })

  test('keep the words and the line of the first', () => {
    const policy = policyFrom(policyYaml('  nozzle-temperature: { maxCelsius: 200 }\n'))
    const one = new ReasonTally(policy)
    const reader = new LineReader()
    reader.read('M109 S250')
    for (const line of [7, 9, 11]) one.judgeLine(reader.command, reader.state, reader.move, line)
    expect(one.reasons()).toMatchObject([{ line: 7, count: 3 }])
    expect(one.judgedCommands).toBe(3)
  })
})

describe('what is kept', () => {
  test('is a few of each code, and the rest is counted', () => {
    const one = tally()
    for (let i = 0; i < 1000; i++) one.objectToJob(objection('a', { value: `${i}` }), 'enforce')
    expect(one.reasons()).toHaveLength(REASONS_PER_CODE_MAX)
    expect(one.count).toBe(1000)
  })

  test('is bounded over all codes, and strong ones are not pushed out by weak ones', () => {
    const one = tally()
    for (let i = 0; i < 1000; i++) one.objectToJob(objection(`weak-${i}`), 'audit')
    for (let i = 0; i < REASONS_MAX - 1; i++) one.objectToJob(objection(`strong-${i}`), 'enforce')
    const reasons = one.reasons()
    expect(reasons).toHaveLength(REASONS_MAX)
    expect(reasons.filter(({ mode }) => mode === 'enforce')).toHaveLength(REASONS_MAX - 1)
    expect(one.strongest()).toBe('enforce')
  })

  test('decides even where its reason found no room', () => {
    const one = tally()
    for (let i = 0; i < REASONS_MAX * 2; i++) one.objectToJob(objection(`weak-${i}`), 'warn')
    one.refuse([], 1)
    expect(one.strongest()).toBe('enforce')
    expect(one.reasons()[0]?.mode).toBe('warn')
  })

  test('is not changed by whoever reads it', () => {
    const one = tally()
    one.objectToJob(objection('a'), 'enforce')
    const before = one.reasons()
    one.objectToJob(objection('a'), 'enforce')
    expect(before).toMatchObject([{ count: 1 }])
    expect(one.reasons()).toMatchObject([{ count: 2 }])
  })
})

describe('the strongest mode', () => {
  test.each<[readonly RuleMode[], RuleMode | undefined]>([
    [[], undefined],
    [['audit'], 'audit'],
    [['audit', 'warn'], 'warn'],
    [['warn', 'hold', 'audit'], 'hold'],
    [['audit', 'enforce', 'warn'], 'enforce'],
  ])('of %j is %s', (modes, strongest) => {
    const one = tally()
    for (const mode of modes) one.objectToJob(objection('a'), mode)
    expect(one.strongest()).toBe(strongest)
  })
})

describe('refused lines', () => {
  const refused = (line: number, code: string) => ({ line, code, message: `line ${line} cannot be read` })

  test('are one reason for each way of being unreadable', () => {
    const one = tally()
    one.refuse([refused(3, 'exponent'), refused(5, 'bracket'), refused(8, 'exponent')], 3)
    expect(one.reasons()).toMatchObject([
      { line: 3, count: 2, mode: 'enforce', objection: { code: 'grammar.exponent', rule: 'grammar' } },
      { line: 5, count: 1, mode: 'enforce', objection: { code: 'grammar.bracket', rule: 'grammar' } },
    ])
  })

  test('count in full where only the first were kept', () => {
    const one = tally()
    one.refuse([refused(3, 'exponent')], 5000)
    expect(one.count).toBe(5000)
    expect(one.reasons()).toMatchObject([{ line: 3, count: 1 }])
  })

  test('are none where there are none', () => {
    const one = tally()
    one.refuse([], 0)
    expect(one.count).toBe(0)
    expect(one.strongest()).toBeUndefined()
  })
})
