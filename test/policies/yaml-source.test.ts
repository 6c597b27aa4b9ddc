import { describe, expect, test } from 'vitest'
import { readYaml, type YamlSource } from '../../policies/yaml-source.ts'

function source(text: string): YamlSource {
  const result = readYaml(text)
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join())
  return result.source
}

/** Place as `line:column`. */
function at({ line, column }: { readonly line: number; readonly column: number }): string {
  return `${line}:${column}`
}

const TEXT = `# a comment
name: test
rules:
  first:
    size: { x: 1, y: 2 }
    list: [a, b,
      c]
    text: |
      many
      lines
  second:
`

describe('values', () => {
  test('are plain', () => {
    expect(source(TEXT).value).toEqual({
      name: 'test',
      rules: {
        first: { size: { x: 1, y: 2 }, list: ['a', 'b', 'c'], text: 'many\nlines\n' },
        second: null,
      },
    })
  })

  test('keep keys like __proto__ as keys', () => {
    const { value } = source('__proto__: { polluted: true }\n')
    expect(Object.hasOwn(value as object, '__proto__')).toBe(true)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('are nothing for an empty text', () => {
    expect(source('').value).toBeNull()
    expect(source('# only a comment\n').value).toBeNull()
  })
})

describe('places', () => {
  test.each<[readonly (string | number)[], string, string]>([
    [[], '2:1', '2:1'],
    [['name'], '2:7', '2:1'],
    [['rules'], '4:3', '3:1'],
    [['rules', 'first'], '5:5', '4:3'],
    [['rules', 'first', 'size'], '5:11', '5:5'],
    [['rules', 'first', 'size', 'y'], '5:22', '5:19'],
    [['rules', 'first', 'list', 2], '7:7', '7:7'],
    [['rules', 'first', 'text'], '8:11', '8:5'],
  ])('of %j are those of value and key', (path, value, key) => {
    const found = source(TEXT)
    expect(at(found.placeOf(path))).toBe(value)
    if (path.length > 0) expect(at(found.placeOfKey(path))).toBe(key)
  })

  test('of an empty value are those of its key', () => {
    expect(at(source(TEXT).placeOf(['rules', 'second']))).toBe('11:3')
  })

  test('of what is missing are those of the map that lacks it', () => {
    expect(at(source(TEXT).placeOf(['rules', 'first', 'size', 'z']))).toBe('5:11')
    expect(at(source(TEXT).placeOf(['rules', 'second', 'size', 'z']))).toBe('11:3')
    expect(at(source('').placeOf(['rules']))).toBe('1:1')
  })

  test('count lines that end like those of Windows', () => {
    expect(at(source('a: 1\r\nb:\r\n  c: 2\r\n').placeOf(['b', 'c']))).toBe('3:6')
  })
})

describe('text that is no YAML', () => {
  test.each([
    ['a: b: c', '1:4 nested mappings are not allowed in compact mappings'],
    ['a: "open', '1:9 missing closing "quote'],
    ['- a\nb: c', '2:1 unexpected scalar at node end'],
    ['a:\n - b\n  - c\n d', '4:1 all mapping items must start at the same column'],
    ['a: @x', '1:4 plain value cannot start with reserved character @'],
    ['"\\q"', '1:2 invalid escape sequence \\q'],
  ])('%j is told with its place, in our words', (text, expected) => {
    const result = readYaml(text)
    expect(result.ok).toBe(false)
    const [first] = result.ok ? [] : result.problems
    expect(`${first?.line}:${first?.column} ${first?.message}`).toBe(expected)
  })
})
