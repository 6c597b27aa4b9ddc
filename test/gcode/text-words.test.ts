import { describe, expect, test } from 'vitest'
import { lineOf, readingOf } from './lines-of.ts'

describe('a line of text', () => {
  test.each([
    ['M117 Hello World', 'M117 Hello World'],
    ['m117 Hello', 'M117 Hello'],
    ['M117Hello', 'M117 Hello'],
    ['M117   two  spaces  inside  ', 'M117 two  spaces  inside'],
    ['M117', 'M117'],
    ['M117 G1 X10', 'M117 G1 X10'],
    ['M117 X10 X20 X', 'M117 X10 X20 X'],
    ['M117 50% [==  ] <ok> =,!?@#$^&|~_', 'M117 50% [==  ] <ok> =,!?@#$^&|~_'],
    ['M117 hi ; not this', 'M117 hi'],
    ['M23 part.gco', 'M23 part.gco'],
    ['M118 printing layer 3', 'M118 printing layer 3'],
  ])('`%s` is `%s`', (line, canonical) => {
    expect(readingOf(line)).toBe(canonical)
  })

  test('belongs to no word', () => {
    expect(lineOf('M117 Hello').command).toEqual({ name: 'M117', words: {}, text: 'Hello', textWord: null })
    expect(lineOf('M117').command).toMatchObject({ text: null })
  })

  test.each([
    ['M117 say "hi"', 'stray-quote'],
    ['M117 a*b', 'checksum-misplaced'],
    ['M117 a\\b', 'backslash'],
    ['M117 (a)', 'bracket'],
    ['M117 a\tb', 'control-byte'],
    ['M117 caf\xe9', 'non-ascii'],
  ])('`%s` is refused: %s', (line, id) => {
    expect(readingOf(line)).toBe(`<${id}>`)
  })
})

describe('text that a host would take for a reply of the printer is refused', () => {
  test.each([
    'M118 ok',
    'M118 OK T:200',
    'M118 ok',
    'M118 okay',
    'M118 Resend: 3',
    'M118 resend 3',
    'M118 rs 3',
    'M118 RS N3',
    'M118 Error:x',
    'M118 fatal: x',
    'M118 !! shutdown',
    'M118 // action:cancel',
    'M118 //action:pause',
    'M118 echo:busy: processing',
    'M118 busy: processing',
    'M118 start',
    'M118 Grbl 1.1h',
    'M118 wait',
    'M118 Done printing file',
    'M118 Cap:EMERGENCY_PARSER:1',
    'M118 A1 action:cancel',
    'M118 a1 action:cancel',
    'M118 A1 E1 P0 ok',
    'M118 P0 ok',
    'M118 P12  ok',
    'M118 E1ok',
    'M118 it is T:200 now',
    'M118 B:60',
    'M118 X:1 Y:2',
    'M118 e:5',
    'M118 @:127',
    'M117 ok',
    'M117 T:200',
    'M16 ok',
    'M486 Aok',
    'M862.3 P "ok"',
  ])('`%s`', (line) => {
    expect(readingOf(line)).toBe('<text-forges-reply>')
  })

  test.each([
    'M118 not ok',
    'M118 layer 3',
    'M117 all done',
    'M117 10:30 left',
    'M118 A10 x',
    'M117 stand by',
  ])('but not `%s`', (line) => {
    expect(readingOf(line)).toBe(line)
  })
})

describe('text that the printer itself would act on is refused', () => {
  test.each([
    'M117 see M110',
    'M117 m110 N5',
    'M117 xM1100',
    'M23 M110.gco',
    'M486 Am110',
    'M862.3 P "M110"',
  ])('`%s`', (line) => {
    expect(readingOf(line)).toBe('<text-forges-reply>')
  })

  test('only where it is text: M110 itself is a command', () => {
    expect(readingOf('M110 N5')).toBe('M110 N5')
  })
})

describe('text behind a command in which builds look for words first', () => {
  test.each(['M16 Printer', 'M32 file.gco#', 'M33 /folder/file.gco', 'M75 a job', 'M75', 'M33 3d.gco'])(
    '`%s`',
    (line) => {
      // A single letter before a space is where Marlin loses the first byte.
      expect(readingOf(line)).toBe(line === 'M75 a job' ? '<text-hides-word>' : line)
    },
  )

  test.each(['M16 X1 Printer', 'M33 S5', 'M75 P-1', 'M32 P !file#', 'M32 !file#', 'M16 A.5', 'M33 V file'])(
    '`%s` is refused',
    (line) => {
      expect(readingOf(line)).toBe('<text-hides-word>')
    },
  )

  test('is not the text of a command that takes its line as it is', () => {
    expect(readingOf('M23 X1 file.gco')).toBe('M23 X1 file.gco')
    expect(readingOf('M117 A !')).toBe('M117 A !')
  })
})

describe('the name of an object', () => {
  test.each([
    ['M486 AShape-Box', 'M486 AShape-Box'],
    ['M486 A Shape-Box', 'M486 AShape-Box'],
    ['m486 acube.stl', 'M486 Acube.stl'],
    ['M486 S2', 'M486 S2'],
    ['M486 S-1', 'M486 S-1'],
    ['M486 T5', 'M486 T5'],
    ['M486 S2 Abox', 'M486 S2 Abox'],
  ])('`%s` is `%s`', (line, canonical) => {
    expect(readingOf(line)).toBe(canonical)
  })

  test('is the text of its word', () => {
    expect(lineOf('M486 S2 Abox').command).toEqual({
      name: 'M486',
      words: { S: 2 },
      text: 'box',
      textWord: 'A',
    })
  })

  test.each([
    ['M486 A', 'value-missing'],
    ['M486 Abox S5', 'text-hides-word'],
    ['M486 Apart 1', 'text-hides-word'],
    ['M486 Abox P-1', 'text-hides-word'],
    ['M486 Au.5', 'text-hides-word'],
    ['M486 S2 AShape', 'text-hides-word'],
    ['M486 S2 Ashape', 'text-hides-word'],
    ['M486 A"box"', 'stray-quote'],
  ])('`%s` is refused: %s', (line, id) => {
    expect(readingOf(line)).toBe(`<${id}>`)
  })
})

describe('a quoted word', () => {
  test.each([
    ['M862.3 P "MK4S"', 'M862.3 P "MK4S"'],
    ['M862.3 P"MK4S"', 'M862.3 P "MK4S"'],
    ['m862.3 p  "mk4s"', 'M862.3 P "mk4s"'],
    ['M862.6 P "Input shaper" ; needed', 'M862.6 P "Input shaper"'],
    ['M862.1 P0.4', 'M862.1 P0.4'],
    ['M862.1 P.4 A1', 'M862.1 P0.4 A1'],
    ['M862.1 P', 'M862.1 P'],
    ['M862.3 P "MK4" Q', 'M862.3 P "MK4" Q'],
  ])('`%s` is `%s`', (line, canonical) => {
    expect(readingOf(line)).toBe(canonical)
  })

  test('is the text without its quotes', () => {
    expect(lineOf('M862.3 P "MK4S"').command).toMatchObject({ name: 'M862.3', text: 'MK4S', textWord: 'P' })
    expect(lineOf('M862.1 P0.4').command).toMatchObject({ words: { P: 0.4 }, text: null, textWord: null })
  })

  test.each([
    ['M862.3 P ""', 'stray-quote'],
    ['M862.3 P "MK4S', 'stray-quote'],
    ['M862.3 P "', 'stray-quote'],
    ['M862.3 P "MK4"S', 'stray-quote'],
    ['M862.3 P "MK4"" "', 'stray-quote'],
    ['M862.3 P "M\\"K"', 'backslash'],
    ['M862.3 P "a;b"', 'stray-quote'],
    ['M862.3 Q "MK4S"', 'stray-quote'],
    ['M862.7 P "MK4S"', 'unknown-subcode'],
    ['M862.3 Q1 P "QX"', 'text-hides-word'],
    ['G1 X"1"', 'value-missing'],
  ])('`%s` is refused: %s', (line, id) => {
    expect(readingOf(line)).toBe(`<${id}>`)
  })
})

describe('a version', () => {
  test.each([
    ['M115 U6.1.3', 'M115 U6.1.3'],
    ['M115 U 6.1.3', 'M115 U6.1.3'],
    ['M115 U6', 'M115 U6'],
    ['M115', 'M115'],
  ])('`%s` is `%s`', (line, canonical) => {
    expect(readingOf(line)).toBe(canonical)
  })

  test.each([
    'M115 U',
    'M115 U.1',
    'M115 U6.',
    'M115 U6..1',
    'M115 U6.1-rc',
    'M115 Uabc',
    'M115 U-6',
    'M115 U6.1.3+9',
  ])('`%s` is refused', (line) => {
    expect(readingOf(line)).toBe('<value-missing>')
  })

  test('is no number', () => {
    expect(lineOf('M115 U6.1.3').command).toMatchObject({ words: {}, text: '6.1.3', textWord: 'U' })
  })
})

describe('a macro', () => {
  test('may be run, and never stored: builds with macros keep the line as it is written, others read words in it', () => {
    expect(readingOf('M810')).toBe('M810')
    expect(readingOf('M810 X10')).toBe('<text-hides-word>')
    expect(readingOf('M819 S200')).toBe('<text-hides-word>')
    expect(readingOf('M810 G1 X10|M104 S250')).toBe('<second-command>')
    expect(readingOf('M808 L5')).toBe('M808 L5')
  })
})
