import { describe, expect, test } from 'vitest'
import { suggestion } from '../../policies/policy-problem.ts'
import { inUnit, listed, quoted, valueAndLimit } from '../../policies/wording.ts'

describe('numbers in messages', () => {
  test('have no more digits than a person reads', () => {
    expect(inUnit(260, '°C')).toBe('260 °C')
    expect(inUnit(0.30000000000000004, 'mm')).toBe('0.3 mm')
    expect(inUnit(-0.0001, 'mm')).toBe('0 mm')
  })

  test('have as many as it takes to tell a value from its limit', () => {
    expect(valueAndLimit(300, 260, '°C')).toEqual({ value: '300 °C', limit: '260 °C' })
    expect(valueAndLimit(220.0011, 220, 'mm')).toEqual({ value: '220.001 mm', limit: '220 mm' })
    expect(valueAndLimit(220.000011, 220, 'mm')).toEqual({ value: '220.00001 mm', limit: '220 mm' })
    expect(valueAndLimit(5, 5, 'mm')).toEqual({ value: '5 mm', limit: '5 mm' })
  })
})

describe('words in messages', () => {
  test('of other people are quoted, printable and cut', () => {
    expect(quoted('PLA')).toBe('`PLA`')
    expect(quoted('a`b\nc\x1bé')).toBe('`a?b?c??`')
    expect(quoted('x'.repeat(41))).toBe(`\`${'x'.repeat(40)}…\``)
  })

  test('are listed as they are spoken', () => {
    expect([listed([]), listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c'], 'or')]).toEqual([
      '',
      'a',
      'a and b',
      'a, b or c',
    ])
  })

  test('that are nearly right get a suggestion, others none', () => {
    expect(suggestion('feedrat', ['feedrate', 'material'])).toBe('; did you mean `feedrate`?')
    expect(suggestion('feed', ['feedrate', 'material'])).toBe('')
    expect(suggestion('', [])).toBe('')
  })
})
