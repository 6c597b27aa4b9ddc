import { describe, expect, test } from 'vitest'
import { LINE_BYTES_KEPT, MARLIN } from '../../gcode/index.ts'
import { bytesOf, lineOf, linesOf, readingOf } from './lines-of.ts'

const LONGEST = MARLIN.commandBytesMax

describe('a command', () => {
  test.each([
    ['G1 X10 Y20', 'G1 X10 Y20'],
    ['g1x10y20', 'G1 X10 Y20'],
    ['  G1   X10    Y20  ', 'G1 X10 Y20'],
    ['G 1 X 10 Y - 20', '<malformed-number>'],
    ['G01 X010', 'G1 X10'],
    ['G001 X+1.50', 'G1 X1.50'],
    ['G1 X-.5 Y+.5 Z5. E.0', 'G1 X-0.5 Y0.5 Z5 E0.0'],
    ['G1 X-0 Y00 Z-00.00', 'G1 X-0 Y0 Z-0.00'],
    ['G1 E.01556 X87.759', 'G1 E0.01556 X87.759'],
    ['G1X87.759Y87.602E.01556', 'G1 X87.759 Y87.602 E0.01556'],
    ['G1 X1 ;Y2', 'G1 X1'],
    ['G1 X1;\xff\x00\t\\"(', 'G1 X1'],
    ['G1 X1\t', 'G1 X1'],
    ['G1 X1 \t ; tab', 'G1 X1'],
    ['T0', 'T0'],
    ['t1', 'T1'],
    ['T 1', 'T1'],
    ['T127', 'T127'],
    ['G9999', 'G9999'],
    ['M0', 'M0'],
    ['M00001', 'M1'],
    ['G1', 'G1'],
    ['G28 x y0 Z', 'G28 X Y0 Z'],
    ['G38.2 Z-10', 'G38.2 Z-10'],
    ['G59.1', 'G59.1'],
    ['G4321 X1 Y', 'G4321 X1 Y'],
  ])('`%s` is read as `%s`', (line, canonical) => {
    expect(readingOf(line)).toBe(canonical)
  })

  test.each(['', ' ', '   ', '\t', ' \t ', ';', ';G1 X1', '  ; G1', '\t;', ';\xff\x08'])(
    '%j holds none',
    (line) => {
      expect(readingOf(line)).toBe('')
    },
  )

  test.each([
    ['X10', 'no-command'],
    ['N', 'checksum-missing'],
    ['%', 'no-command'],
    ['\xef\xbb\xbfG1', 'non-ascii'],
    ['G', 'code-missing'],
    ['G-1', 'code-missing'],
    ['G+1', 'code-missing'],
    ['G.1', 'code-missing'],
    ['T', 'code-missing'],
    ['T?', 'code-missing'],
    ['Tx', 'code-missing'],
    ['T-1', 'code-missing'],
    ['T128', 'code-too-big'],
    ['T257', 'code-too-big'],
    ['G10000', 'code-too-big'],
    ['M65640 S200', 'code-too-big'],
    ['G18446744073709551617', 'code-too-big'],
    ['G1.5', 'unknown-subcode'],
    ['G1.', 'unknown-subcode'],
    ['G38.20 Z1', 'unknown-subcode'],
    ['G38.2.1', 'unknown-subcode'],
    ['G92.1', 'unknown-subcode'],
    ['T1.1', 'unknown-subcode'],
    ['G4321.1', 'unknown-subcode'],
    ['G1 X1 G1', 'second-command'],
    ['G1 X1 M104 S200', 'second-command'],
    ['G1 X1 T1', 'second-command'],
    ['T1 G28', 'second-command'],
    ['G1 N5 X1', 'second-line-number'],
    ['G1 X1 X2', 'repeated-word'],
    ['G1 X1 x2', 'repeated-word'],
    ['G28 X X', 'repeated-word'],
    ['G1 X', 'value-missing'],
    ['G1 XY1', 'value-missing'],
    ['G1 X Y1', 'value-missing'],
    ['M104 S', 'value-missing'],
    ['G1 X1,Y2', 'stray-byte'],
    ['G1 X=1', 'value-missing'],
    ['G1 #1', 'stray-byte'],
    ['G1 X1 !', 'stray-byte'],
    ['G1 "a"', 'stray-quote'],
    ['G1 X"1"', 'value-missing'],
    ['G1 X(1)', 'bracket'],
    ['G1 X{1}', 'bracket'],
    ['G1 X\\1', 'backslash'],
    ['G1 X1\x00', 'control-byte'],
    ['G1 X1\x7f', 'control-byte'],
    ['G1\tX1', 'control-byte'],
    ['G1 X1 \x1b', 'control-byte'],
    ['G1 X1\x80', 'non-ascii'],
    ['G1 X1\xff', 'meatpack'],
    ['G1 X1*5', 'checksum-misplaced'],
  ])('%j is refused: %s', (line, id) => {
    expect(readingOf(line)).toBe(`<${id}>`)
  })
})

describe('a value', () => {
  test.each([
    ['0', '0', 0],
    ['10', '10', 10],
    ['-5', '-5', -5],
    ['+5', '5', 5],
    ['007', '7', 7],
    ['-007.50', '-7.50', -7.5],
    ['.5', '0.5', 0.5],
    ['-.5', '-0.5', -0.5],
    ['+.5', '0.5', 0.5],
    ['5.', '5', 5],
    ['00.', '0', 0],
    ['999999', '999999', 999999],
    ['-999999.123456789', '-999999.123456789', -999999.123456789],
    ['0.1', '0.1', 0.1],
    ['0.123456789012345', '0.123456789012345', 0.123456789012345],
    ['123456.789012345', '123456.789012345', 123456.789012345],
    ['000000000000000000001.5', '1.5', 1.5],
  ])('`%s` keeps its digits as `%s` and is the number that they say', (written, canonical, value) => {
    const { canonical: line, command } = lineOf(`G1 X${written}`)
    expect(line).toBe(`G1 X${canonical}`)
    expect(command!.words['X']).toBe(value)
    expect(command!.words['X']).toBe(Number(canonical))
  })

  test.each([
    ['105.02399999999999', 105.023999999999],
    ['-1.9999999999999998', -1.99999999999999],
    ['0.30000000000000004', 0.3],
    ['0.00000000000000000000001', 0],
  ])('`%s`, as hosts write floats, is sent as it is and judged to 15 digits', (written, value) => {
    const { canonical, command } = lineOf(`G1 X${written}`)
    expect(canonical).toBe(`G1 X${written}`)
    expect(command!.words['X']).toBe(value)
  })

  test.each([
    ['.', 'malformed-number'],
    ['-', 'malformed-number'],
    ['+', 'malformed-number'],
    ['-.', 'malformed-number'],
    ['--5', 'malformed-number'],
    ['+-5', 'malformed-number'],
    ['1.2.3', 'malformed-number'],
    ['1..2', 'malformed-number'],
    ['1-2', 'malformed-number'],
    ['1+', 'malformed-number'],
    ['1e5', 'exponent'],
    ['1E+5', 'exponent'],
    ['1.e5', 'exponent'],
    ['0x10', 'hex-number'],
    ['00x1', 'hex-number'],
    ['1000000', 'value-out-of-range'],
    ['-1000000', 'value-out-of-range'],
    ['1000000000000000', 'too-many-digits'],
    ['0.123456789012345678901234', 'too-many-digits'],
    ['000000000000000000001.0000', 'too-many-digits'],
    ['0.000000000000000000000000', 'too-many-digits'],
    ['1 2', 'stray-byte'],
    ['nan', 'value-missing'],
    ['inf', 'value-missing'],
  ])('`%s` is refused: %s', (written, id) => {
    expect(readingOf(`G1 Y${written}`)).toBe(`<${id}>`)
  })

  test('an E behind digits is the extruder as long as no number could be meant', () => {
    expect(readingOf('G1 X1E.5')).toBe('G1 X1 E0.5')
    expect(readingOf('G1 X1 E5')).toBe('G1 X1 E5')
    expect(readingOf('G1 X1E5')).toBe('<exponent>')
    expect(readingOf('G1 X1E-.5')).toBe('<exponent>')
  })

  test('an X behind digits is the axis unless the digits are a bare zero', () => {
    expect(readingOf('G1 Y10X5')).toBe('G1 Y10 X5')
    expect(readingOf('G1 Y0 X5')).toBe('G1 Y0 X5')
    expect(readingOf('G1 Y0.0X5')).toBe('G1 Y0.0 X5')
    expect(readingOf('G1 Y0X5')).toBe('<hex-number>')
  })

  test.each([
    ['M104 S32767', 'M104 S32767'],
    ['M104 S-32767', 'M104 S-32767'],
    ['M104 S32768', '<value-out-of-range>'],
    ['M104 S65736', '<value-out-of-range>'],
    ['M109 R-65516', '<value-out-of-range>'],
    ['M104 S200.9', 'M104 S200.9'],
    ['M104 S32767.9', 'M104 S32767.9'],
    ['G4 P2147483647', 'G4 P2147483647'],
    ['G4 P2147483648', '<value-out-of-range>'],
    ['G4 P-2147483648', '<value-out-of-range>'],
  ])('of a word that the printer keeps in an integer: `%s` is `%s`', (line, reading) => {
    expect(readingOf(line)).toBe(reading)
  })

  test('of an integer word is what is left when the printer has cut the fraction off', () => {
    expect(lineOf('M104 S200.9').command!.words['S']).toBe(200)
    expect(lineOf('M104 S-0.9').command!.words['S']).toBe(-0)
    expect(lineOf('G4 P10.7').command!.words['P']).toBe(10)
  })
})

describe('the length of a line', () => {
  test('counts up to the comment, blanks in front included', () => {
    expect(readingOf(`${' '.repeat(89)}G1 X10`)).toBe('G1 X10')
    expect(readingOf(`${' '.repeat(90)}G1 X10`)).toBe('<too-long>')
    expect(readingOf(`G1 X10${' '.repeat(300)};${'c'.repeat(300)}`)).toBe('G1 X10')
  })

  test('is told as far as the line was kept', () => {
    const cut = 'G1 X1'.padEnd(LINE_BYTES_KEPT + 1, '9')
    expect(lineOf(cut)).toMatchObject({
      message: expect.stringMatching(/^command of more than 4096 bytes: /),
    })
    expect(lineOf(cut.slice(1))).toMatchObject({ message: expect.stringMatching(/^command of 4096 bytes: /) })
  })

  test('leaves room for the number and the checksum that go with it to the printer', () => {
    const longest = `M117 ${'a'.repeat(LONGEST - 5)}`
    expect(longest.length + 'N123456789 *255'.length).toBeLessThan(MARLIN.lineBytesMax)
    expect(readingOf(longest)).toBe(longest)
    expect(lineOf(`${longest}a`)).toMatchObject({
      code: 'too-long',
      message: expect.stringContaining(`${LONGEST + 1} bytes`),
    })
  })

  test('is that of the canonical form, which may be longer than what was written', () => {
    const words = 'ABCDEFHIJKLOPQRSUVWXYZ'.split('')
    const tight = `G4321${words.map((letter) => `${letter}.5`).join('')}`
    expect(tight.length).toBeLessThan(LONGEST)
    expect(readingOf(tight)).toBe('<too-long>')
    expect(readingOf(`G1 X${'0'.repeat(80)}5`)).toBe('G1 X5')
  })
})

describe('what a refusal says', () => {
  test.each([
    ['G1 X1 Y2 x3', 'word `X` stands twice'],
    ['G1 X1 Y', 'word `Y` has no value'],
    ['M104 S65736', 'value `65736`'],
    ['G1 X1.2.3 Y2', 'value `1.2.3`'],
    ['G1 X1 \x1b', 'byte `\\x1b` at column 7'],
    ['G1 X1 `', 'byte `\\x60` at column 7'],
    ['G1 X1 \\', 'byte `\\` at column 7'],
    ['X10', '`X10`'],
    ['\xffG1', 'byte `\\xff` at column 1'],
  ])('names the thing: %j has %s', (line, subject) => {
    expect(lineOf(line).message).toMatch(new RegExp(`^${subject.replace(/[\\.`^$*+?()[\]{}|]/g, '\\$&')}: `))
  })

  test('quotes no more than forty bytes of the line, and nothing that a terminal would obey', () => {
    const { message } = lineOf(`X${'a'.repeat(90)}`)
    expect(message).toContain(`X${'a'.repeat(39)}…`)
    expect(message!.length).toBeLessThan(130)
    for (const byte of [0x07, 0x1b, 0x7f, 0x9b, 0x0d]) {
      expect(lineOf(`M117 ok${String.fromCharCode(byte)}`).message).toMatch(/^[\x20-\x7e‘’…]*$/)
    }
  })
})

describe('lines of a file', () => {
  test('are told by their numbers, refused ones and those without a command as well', () => {
    expect(linesOf('G28\n; c\nX1\n\nM105').map(({ line, canonical }) => [line, canonical])).toEqual([
      [1, 'G28'],
      [2, ''],
      [3, null],
      [4, ''],
      [5, 'M105'],
    ])
  })

  test('what follows a carriage return is a line of its own, within a comment too', () => {
    expect(linesOf('G1 X1 ;c\rM104 S250').map((line) => line.canonical)).toEqual(['G1 X1', 'M104 S250'])
    expect(linesOf(bytesOf(';a\rG28\r;b')).map((line) => line.canonical)).toEqual(['', 'G28', ''])
  })
})
