import { describe, expect, test } from 'vitest'
import { journalText } from '../../agent/sim/command-text.ts'
import { type MarlinBuildName, marlinBuild } from '../../agent/sim/marlin-build.ts'
import { MarlinParser } from '../../agent/sim/marlin-parser.ts'

function parse(line: string, build: MarlinBuildName = 'default') {
  return new MarlinParser(marlinBuild(build)).parse(line)
}

describe('a parsed command', () => {
  test('gives a number in the form that is asked for', () => {
    const command = parse('M104 S200.9 T1')
    expect(command.float('S')).toBe(Math.fround(200.9))
    expect(command.int16('S')).toBe(200)
    expect(command.byte('T')).toBe(1)
    expect(command.long('S')).toBe(200)
  })

  test('tells a letter without number from no letter', () => {
    const command = parse('G28 X')
    expect([command.has('X'), command.float('X')]).toEqual([true, undefined])
    expect([command.has('Y'), command.float('Y')]).toEqual([false, undefined])
    expect(command.hasAny()).toBe(true)
    expect(parse('G28').hasAny()).toBe(false)
  })

  test('takes a letter alone for yes and 0 for no', () => {
    const command = parse('M302 P S0 T5')
    expect([command.bool('P'), command.bool('S'), command.bool('T'), command.bool('X')]).toEqual([
      true,
      false,
      true,
      undefined,
    ])
  })

  test('knows only its text when it is unknown', () => {
    const command = parse('  N5 hello world  *12')
    expect(command).toMatchObject({ letter: '?', code: 0, text: 'hello world', stringArg: undefined })
    expect(command.hasAny()).toBe(false)
  })
})

describe('builds that differ from the default', () => {
  test('motion modes repeat the last motion until G80 cancels it', () => {
    const parser = new MarlinParser(marlinBuild('all-options'))
    expect(parser.parse('X5').letter).toBe('?')
    parser.parse('G3 X1 R2')
    expect(parser.parse('R5')).toMatchObject({ letter: 'G', code: 3 })
    parser.parse('G1 X1')
    expect(parser.parse('R5').letter).toBe('?')
    expect(parser.parse('Y7')).toMatchObject({ letter: 'G', code: 1 })
    parser.cancelMotionMode()
    expect(parser.parse('Y7').letter).toBe('?')
  })

  test('an empty line is unknown even in a motion mode', () => {
    const parser = new MarlinParser(marlinBuild('all-options'))
    parser.parse('G1 X1')
    expect(parser.parse('  ').letter).toBe('?')
  })

  test('a quoted string without its end takes the rest of the line', () => {
    const command = parse('M587 S"abc', 'all-options')
    expect(command.has('S')).toBe(true)
    expect(command.float('S')).toBeUndefined()
  })

  test('M32 takes the name between ! and #', () => {
    expect(parse('M32 P !/path/file.g#rest').stringArg).toBe(' /path/file.g'.slice(1))
  })

  test('a subcode wraps at 8 bits and is read only where it is built in', () => {
    expect(parse('G92.257 X1', 'all-options').subcode).toBe(1)
    expect(parse('G92.1 X1').subcode).toBe(0)
  })
})

describe('the text of a command in the journal', () => {
  test.each([
    ['G1 X10 Y20', 'G1 X10 Y20'],
    ['N12 G1 X10 Y20*33', 'G1 X10 Y20'],
    ['G1X10Y20.500', 'G1 X10 Y20.500'],
    ['G 1 X 10', 'G1 X10'],
    ['G01 X+5 Y.5', 'G1 X+5 Y.5'],
    ['G65537 X1', 'G1 X1'],
    ['G1 X1E2', 'G1 X1 E2'],
    ['G28 X Y', 'G28 X Y'],
    ['G28  XY ', 'G28 X Y'],
    ['G28', 'G28'],
    ['M104 S2*50', 'M104 S2'],
    ['M117Hello  there', 'M117 Hello  there'],
    ['M117 Hello', 'M117 Hello'],
    ['M118 E1 ok', 'M118 E1 ok'],
    ['M862.3 P "MK4S"', 'M862.3 P "MK4S"'],
    ['M115 U6.1.3', 'M115 U6.1.3'],
    ['G92.1', 'G92.1'],
    ['G1 X1 (Y2)', 'G1 X1 (Y2)'],
    ['g1 x5', 'g1 x5'],
    ['hello ', 'hello'],
    ['T1', 'T1'],
  ])('of `%s` is `%s`', (line, text) => {
    expect(journalText(parse(line), marlinBuild('default'))).toBe(text)
  })

  test('shows what another build made of the same line', () => {
    const options = marlinBuild('all-options')
    expect(journalText(parse('g1 x5', 'all-options'), options)).toBe('G1 X5')
    expect(journalText(parse('G1 X 5', 'slow-parser'), marlinBuild('slow-parser'))).toBe('G1 X 5')
    const parser = new MarlinParser(options)
    parser.parse('G1 X1')
    expect(journalText(parser.parse('X2 Y3'), options)).toBe('G1 X2 Y3')
  })

  test('of a line that could be read in millions of ways is there before the test times out', () => {
    const spaced = `G1 ${'A  '.repeat(28)}!`
    const digits = `G1 A${'1'.repeat(80)}!`
    expect(journalText(parse(spaced), marlinBuild('default'))).toBe(spaced)
    expect(journalText(parse(digits), marlinBuild('default'))).toBe(digits)
  })
})
