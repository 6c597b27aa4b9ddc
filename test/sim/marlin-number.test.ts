import { describe, expect, test } from 'vitest'
import { isNumber, readByte, readFloat, readInt16, readLong } from '../../agent/sim/marlin-number.ts'

describe('what Marlin takes for a number', () => {
  test.each(['0', '-1', '+1', '.5', '-.5', '+.5', '5.', '00010', '1-2', '1.2.3', '0x10'])(
    'takes `%s`',
    (text) => {
      expect(isNumber(text)).toBe(true)
    },
  )

  test.each(['', '-', '+', '.', '-.', '--5', '+-10', ' 5', 'nan', 'inf', 'e5', '\t1'])(
    'refuses `%s`',
    (text) => {
      expect(isNumber(text)).toBe(false)
    },
  )
})

describe('readFloat', () => {
  test.each([
    ['10', 10],
    ['+10', 10],
    ['-5.', -5],
    ['.5', 0.5],
    ['-0', -0],
    ['1E2', 1],
    ['0x10', 0],
    ['1.2.3', Math.fround(1.2)],
    ['1-2', 1],
    ['10 20', 10],
    ['99999999999', Math.fround(99999999999)],
    [`1${'0'.repeat(39)}`, Number.POSITIVE_INFINITY],
    [`-1${'0'.repeat(39)}`, Number.NEGATIVE_INFINITY],
  ])('reads `%s` as a 32-bit float', (text, value) => {
    expect(readFloat(text)).toBe(value)
  })
})

describe('readInt16', () => {
  test.each([
    ['200.9', 200],
    ['65736', 200],
    ['-65336', 200],
    ['-65516', 20],
    ['32768', -32768],
    ['99999999999', -6145],
    // A 64-bit long saturates here; a 32-bit board answers -1 from 2147483648 on.
    [`1${'0'.repeat(39)}`, -1],
    [`-1${'0'.repeat(39)}`, 0],
    [`+1${'0'.repeat(39)}`, -1],
    ['.5', 0],
    ['-.5', 0],
  ])('reads `%s` as a 16-bit integer that wraps', (text, value) => {
    expect(readInt16(text)).toBe(value)
  })
})

describe('readLong and readByte', () => {
  test.each([
    ['12', 12],
    [' 80', 80],
    ['+80', 80],
    ['80abc', 80],
    ['', 0],
    ['abc', 0],
    ['-176', -176],
    [`9${'9'.repeat(30)}`, Number.MAX_SAFE_INTEGER],
  ])('reads `%s` as strtol does', (text, value) => {
    expect(readLong(text)).toBe(value)
  })

  test('a byte is cut to its range', () => {
    expect([readByte('-3'), readByte('7'), readByte('256')]).toEqual([0, 7, 255])
  })
})
