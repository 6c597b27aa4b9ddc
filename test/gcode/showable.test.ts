import { describe, expect, test } from 'vitest'
import { showable, showableJson } from '../../gcode/index.ts'

const OBEYED = [
  ...[
    '\0',
    '\t',
    '\n',
    '\r',
    '\x1b',
    '\x7f',
    '\x85',
    '\x9b',
    '\u061c',
    '\u200e',
    '\u200f',
    '\u2028',
    '\u2029',
  ],
  ...[
    '\u202a',
    '\u202b',
    '\u202c',
    '\u202d',
    '\u202e',
    '\u2066',
    '\u2067',
    '\u2068',
    '\u2069',
    '\ufeff',
    '\ud800',
  ],
]

describe('text for a person', () => {
  test.each(OBEYED)('shows %o as a question mark', (character) => {
    expect(showable(`a${character}b`)).toBe('a?b')
  })

  test('keeps what people write', () => {
    const text = 'Würfel_20 °C, 立方体, куб, 🧊 `x` ~'
    expect(showable(text)).toBe(text)
  })
})

describe('JSON for a person', () => {
  test.each(OBEYED)('holds %o as an escape, and means the same', (character) => {
    const json = showableJson(JSON.stringify({ name: `a${character}b` }, null, 2))
    expect(json).toMatch(/^\{\n {2}"name": "a[\x20-\x7e]+b"\n\}$/)
    expect(JSON.parse(json)).toEqual({ name: `a${character}b` })
  })

  test('escapes both halves of what lies beyond the basic plane', () => {
    expect(showableJson('"\u{e0001}"')).toBe('"\\udb40\\udc01"')
    expect(showableJson('"🧊"')).toBe('"🧊"')
  })
})
