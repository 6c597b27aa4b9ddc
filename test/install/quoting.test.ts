import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { AgentError } from '../../agent/errors.ts'
import { commandWord, unitWord, yamlText } from '../../agent/install/quoting.ts'

/** Reads a unit's word back as systemd.syntax(7) and the specifiers of systemd.unit(5) say. */
function unquoted(word: string): string {
  const inside = word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word
  return inside.replaceAll('%%', '%')
}

const ODD = [
  '/a b',
  '/a"b',
  '/a\\',
  '/a\\nb',
  '/100%',
  '/%h',
  "/it's",
  '/a;b',
  '/a#b',
  '/a$HOME',
  '/-x',
  '/a\\"',
]

describe('a word of a unit', () => {
  test.each(ODD)('%s comes back as it was', (text) => {
    expect(unquoted(unitWord(text))).toBe(text)
  })

  test('stands without quotes where nothing in it has a meaning', () => {
    expect(unitWord('/run/portcullis/printer@2:3')).toBe('/run/portcullis/printer@2:3')
  })

  test('never ends a line with a backslash, which would join the next', () => {
    for (const text of ODD) expect(unitWord(text)).not.toMatch(/\\$/)
  })

  test('of a command line has no variable in it', () => {
    expect(commandWord('/a$HOME')).toBe('"/a$$HOME"')
    expect(commandWord('/$$')).toBe('"/$$$$"')
  })
})

test.each(['/a\nExecStartPre=/bin/evil', '/a\rb', '/a\0', '/a\tb', '/a\x7f', '/caf\u00e9', '/a\u2028b', ''])(
  '%j is refused everywhere, with the remedy',
  (text) => {
    for (const quote of [unitWord, commandWord, yamlText]) {
      expect(() => quote(text)).toThrow(AgentError)
      expect(() => quote(text)).toThrow('use a path of plain ASCII characters')
    }
  },
)

test.each(ODD)('%s comes back from YAML as it was', (text) => {
  expect(parse(`- ${yamlText(text)}`)).toEqual([text])
})
