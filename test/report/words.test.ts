import { describe, expect, test } from 'vitest'
import {
  counted,
  countText,
  dateWords,
  durationText,
  listed,
  monthAbbreviation,
  plain,
  sentence,
  share,
} from '../../agent/report/words.ts'

describe('words of a report', () => {
  test('have numbers in groups of three', () => {
    expect([0, 7, 999, 1000, 12_345, 1_234_567].map(countText)).toEqual([
      '0',
      '7',
      '999',
      '1,000',
      '12,345',
      '1,234,567',
    ])
    expect([counted(1, 'job'), counted(2, 'job'), counted(0, 'copy', 'copies')]).toEqual([
      '1 job',
      '2 jobs',
      '0 copies',
    ])
  })

  test('never round a part to nothing or to all', () => {
    expect(share(1, 3)).toBe('33 %')
    expect(share(1, 1000)).toBe('less than 1 %')
    expect(share(999, 1000)).toBe('more than 99 %')
    expect(share(0, 7)).toBe('0 %')
    expect(share(7, 7)).toBe('100 %')
  })

  test.each([
    [0, '0 ms'],
    [350, '350 ms'],
    [999, '999 ms'],
    [999.7, '1 s'],
    [1000, '1 s'],
    [1849, '1.8 s'],
    [9960, '10 s'],
    [59_990, '1 min'],
    [90_000, '1.5 min'],
    [5.4 * 3_600_000, '5.4 h'],
    [24 * 3_600_000, '1 day'],
    [3 * 86_400_000, '3 days'],
    [400 * 86_400_000, '400 days'],
  ])('tell %d ms as %s', (ms, words) => {
    expect(durationText(ms)).toBe(words)
  })

  test('name days and months', () => {
    expect(dateWords('2026-03-01')).toBe('1 March 2026')
    expect(dateWords('2026-12')).toBe('December 2026')
    expect(monthAbbreviation('2026-09')).toBe('Sep')
  })

  test('join lists and begin sentences', () => {
    expect([listed([]), listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c'], 'or')]).toEqual([
      '',
      'a',
      'a and b',
      'a, b or c',
    ])
    expect(sentence('the job')).toBe('The job')
    expect(sentence('')).toBe('')
  })
})

describe('a name of a log', () => {
  test('becomes one line of text that nothing obeys', () => {
    expect(plain('a\nb\x1b[31m\u202egnp.exe\u200b')).toBe('a\ufffdb\ufffd[31m\ufffdgnp.exe\ufffd')
    expect(plain('\ud800x')).toBe('\ufffdx')
    expect(plain('Prüfkörper – 3 µm')).toBe('Prüfkörper – 3 µm')
  })

  test('is cut off where nobody would read on, between two characters', () => {
    expect(plain('x'.repeat(80))).toBe('x'.repeat(80))
    expect(plain('x'.repeat(81))).toBe(`${'x'.repeat(79)}…`)
    expect(plain('😀'.repeat(5000))).toBe(`${'😀'.repeat(79)}…`)
  })
})
