import { describe, expect, test } from 'vitest'
import { formatTime, PLAIN_TEXT, quoteInput, showInput } from '../../agent/token/plain-text.ts'

describe('visible text', () => {
  test.each(['Riverside Makers', 'Zürich – Werkstatt 3', '北京工坊', 'ورشة', 'می‌خواهم', '👩‍🔧 shop', 'a'])(
    'allows `%s`',
    (text) => {
      expect(PLAIN_TEXT.test(text)).toBe(true)
    },
  )

  test.each([
    ['nothing', ''],
    ['a line end', 'a\nb'],
    ['an escape sequence', '\u001b[31mred'],
    ['a NUL', 'a\0'],
    ['a delete', 'a\u007f'],
    ['a C1 control', 'a\u009b'],
    ['a line separator', 'a\u2028b'],
    ['text turned around', 'a\u202eb'],
    ['an isolate', 'a\u2066b'],
    ['a zero-width space', 'a\u200bb'],
    ['a byte order mark', '\ufeffa'],
    ['a lone surrogate', 'a\ud800'],
    ['private use', 'a\ue000'],
    ['hidden tags', 'a\u{e0041}'],
  ])('refuses %s', (_name, text) => {
    expect(PLAIN_TEXT.test(text)).toBe(false)
  })
})

test('quoted input keeps to one line of visible text, of bounded length', () => {
  expect(quoteInput('bench-1')).toBe('`bench-1`')
  expect(quoteInput('a\u001b[2J\nb\u202e`c')).toBe("`a?[2J?b?'c`")
  expect(quoteInput('x'.repeat(81))).toBe(`\`${'x'.repeat(80)}...\``)
  expect(showInput('x'.repeat(20), 10)).toBe('xxxxxxxxxx...')
})

test('times are written in UTC to the second', () => {
  expect(formatTime(Date.parse('2026-11-22T12:00:00.999Z'))).toBe('2026-11-22T12:00:00Z')
  expect(formatTime(0)).toBe('1970-01-01T00:00:00Z')
})
