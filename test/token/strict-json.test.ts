import { describe, expect, test } from 'vitest'
import { parseStrictJson } from '../../agent/token/strict-json.ts'

const parse = (text: string): ReturnType<typeof parseStrictJson> => parseStrictJson(Buffer.from(text))

test.each([
  '{}',
  '[]',
  'null',
  '0',
  '"a"',
  '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
  '{"a":"\\"a\\":","b":"{\\"a\\":1,\\"a\\":2}"}',
  '{"a":["a","a","a"],"b":"a"}',
  ' { "a" : 1 , "b" : [ 1 , 2 ] } ',
  '{"":1,"a,":2,"a":3}',
])('plain JSON is read as JSON.parse reads it: %s', (text) => {
  expect(parse(text)).toEqual({ ok: true, value: JSON.parse(text) })
})

describe('a repeated key is refused', () => {
  test.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"x":{"b":1,"c":[],"b":{}}}', 'b'],
    ['[{"q":1},{"q":1,"r":"}","q":2}]', 'q'],
    ['{"a":"x","b":[1,{"c":1}],"a":2}', 'a'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('%s', (text, key) => {
    expect(parse(text)).toEqual({ ok: false, problem: `the key \`${key}\` appears twice` })
  })
})

test('equal names in neighbouring objects are not repeated keys', () => {
  expect(parse('[{"a":1},{"a":1}]')).toMatchObject({ ok: true })
  expect(parse('{"a":{"b":1},"c":{"b":1}}')).toMatchObject({ ok: true })
})

test('nesting ends at eight levels', () => {
  expect(parse(`${'['.repeat(8)}${']'.repeat(8)}`)).toMatchObject({ ok: true })
  expect(parse(`${'['.repeat(9)}${']'.repeat(9)}`)).toEqual({
    ok: false,
    problem: 'it nests deeper than 8 levels',
  })
  expect(parse(`${'[{"a":'.repeat(2000)}1${'}]'.repeat(2000)}`)).toMatchObject({ ok: false })
})

test.each(['', '{', '{"a":1,}', "{'a':1}", '{"a":1}x', '\ufeff{}', 'undefined', '{"a":\u0001}'])(
  'what is not JSON is refused: %j',
  (text) => {
    expect(parse(text)).toEqual({ ok: false, problem: 'it is not JSON' })
  },
)

test.each([
  ['a lone continuation byte', [0x22, 0x80, 0x22]],
  ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
  ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ['UTF-16', [0xff, 0xfe, 0x7b, 0x00]],
])('%s is not UTF-8', (_name, bytes) => {
  expect(parseStrictJson(Uint8Array.from(bytes))).toEqual({ ok: false, problem: 'it is not UTF-8' })
})
