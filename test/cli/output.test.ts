import { describe, expect, test } from 'vitest'
import { bold, columns, duration, size } from '../../agent/cli/output.ts'

describe('a duration', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0.0 s'],
    [12.34, '12.3 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min 0 s'],
    [60, '1 min 0 s'],
    [119.7, '2 min 0 s'],
    [245, '4 min 5 s'],
    [3599.6, '1 h 0 min'],
    [4980, '1 h 23 min'],
    [360_000, '100 h 0 min'],
  ]
  test.each(cases)('of %d seconds reads well', (seconds, words) => {
    expect(duration(seconds)).toBe(words)
  })
})

describe('a size', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [84_362, '84.4 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [200_000_000, '200.0 MB'],
  ]
  test.each(cases)('of %d bytes reads well', (bytes, words) => {
    expect(size(bytes)).toBe(words)
  })
})

test('columns align their values, whatever the names', () => {
  const rows = columns([
    ['nozzle', '200 °C'],
    ['fastest move', '130 mm/s'],
  ])
  expect(rows).toEqual(['  nozzle        200 °C', '  fastest move  130 mm/s'])
})

test('no colour is written where no terminal shows it', () => {
  expect(bold('text')).toBe('text')
})
