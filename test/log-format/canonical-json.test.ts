import { describe, expect, test } from 'vitest'
import { canonicalJson, NotCanonicalError } from '../../agent/log-format/canonical-json.ts'

describe('the canonical form', () => {
  test.each<[string, unknown, string]>([
    ['members sorted', { b: 1, a: 2 }, '{"a":2,"b":1}'],
    ['numeral names sorted as text', { 9: 1, 10: 2, a: 3 }, '{"10":2,"9":1,"a":3}'],
    [
      'names sorted by UTF-16 code units, as RFC 8785 section 3.2.3 shows',
      {
        '\u20ac': 'Euro Sign',
        '\r': 'Carriage Return',
        '\ufb33': 'Hebrew Letter Dalet With Dagesh',
        '1': 'One',
        '\ud83d\ude00': 'Emoji: Grinning Face',
        '\u0080': 'Control',
        '\u00f6': 'Latin Small Letter O With Diaeresis',
      },
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis",' +
        '"\u20ac":"Euro Sign","\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    ],
    [
      'numbers as ECMAScript writes them',
      [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27, -0],
      '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]',
    ],
    ['control characters escaped, so that a record is one line', 'a\n\u0001"\\', '"a\\n\\u0001\\"\\\\"'],
    ['an undefined member left out', { a: undefined, b: null }, '{"b":null}'],
    ['a member named __proto__ like any other', JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
    ['an object without prototype', Object.assign(Object.create(null), { a: true }), '{"a":true}'],
  ])('%s', (_, value, expected) => {
    expect(canonicalJson(value)).toBe(expected)
  })
})

describe('what has no canonical form is refused with its place', () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])

  test.each<[unknown, string]>([
    [{ a: { b: Number.POSITIVE_INFINITY } }, '`a.b` is the number Infinity, which a record cannot hold'],
    [{ a: ['x', '\ud800'] }, '`a[1]` holds half a surrogate pair, which a record cannot hold'],
    [{ '\udc00': 1 }, '`\udc00` holds half a surrogate pair, which a record cannot hold'],
    [{ at: new Date(0) }, '`at` is not a plain object, which a record cannot hold'],
    [{ n: 1n }, '`n` is of type bigint, which a record cannot hold'],
    [{ list: [undefined] }, '`list[0]` is of type undefined, which a record cannot hold'],
    [
      { a: nested(32) },
      `\`a${'[0]'.repeat(31)}\` is nested deeper than 32 levels, which a record cannot hold`,
    ],
  ])('case %#', (value, message) => {
    expect(() => canonicalJson(value)).toThrow(new NotCanonicalError(message))
  })

  test('nesting up to the limit is accepted', () => {
    expect(canonicalJson(nested(32))).toHaveLength(65)
  })

  test('an object that holds itself ends at the limit', () => {
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    expect(() => canonicalJson(loop)).toThrow(NotCanonicalError)
  })
})
