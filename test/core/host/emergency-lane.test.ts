import { readdirSync, readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  EMERGENCY_ANSWER,
  EMERGENCY_BREAK,
  EMERGENCY_NONE,
  EMERGENCY_QUICK_STOP,
  EMERGENCY_STOP,
  type EmergencyKind,
  emergencyOf,
} from '../../../agent/core/host/emergency-lane.ts'
import { EmergencyParser } from '../../../agent/sim/emergency-parser.ts'
import { MARLIN_BUILD_NAMES, marlinBuild } from '../../../agent/sim/marlin-build.ts'
import { MarlinLineAssembly } from '../../../agent/sim/marlin-line-assembly.ts'
import { MarlinParser } from '../../../agent/sim/marlin-parser.ts'
import { LineSplitter } from '../../../gcode/index.ts'
import { recordedReadings } from '../../sim/recorded-readings.ts'
import { numbered } from '../numbered.ts'

function kindOf(line: string): EmergencyKind {
  // Not at the start of its buffer, and with bytes around it that would change the answer.
  const bytes = Buffer.from(`2${line}2`, 'latin1')
  return emergencyOf(bytes, 1, bytes.length - 1)
}

describe('an emergency stop', () => {
  test.each([
    ['bare', 'M112'],
    ['behind blanks', '  \t M112'],
    ['with blanks behind it', 'M112  '],
    ['numbered and with a checksum', 'N5 M112*38'],
    ['with a wrong checksum', 'N5 M112*1'],
    ['numbered without a checksum', 'N5 M112'],
    ['numbered without a space', 'N5M112*6'],
    ['numbered below zero', 'N-1 M112'],
    ['numbered twice', 'N5 N6 M112'],
    ['with a number that is blank', 'N M112'],
    ['with a checksum and no number', 'M112*35'],
    ['in lower case', 'm112'],
    ['in lower case with a number', 'n5 m112'],
    ['with a blank in it', 'M 112'],
    ['with zeros before it', 'M000112'],
    ['numbered, with zeros before it', 'N5 M0112*9'],
    ['wrapped in 16 bits', 'M65648'],
    ['wrapped twice', 'M131184'],
    ['wrapped in 32 bits', 'M4294967408'],
    ['wrapped far beyond all bits', `M${(65_536n ** 30n + 112n).toString()}`],
    ['with a sign', 'M+112'],
    ['wrapped from below', 'M-65424'],
    ['with a subcode', 'M112.1'],
    ['with a comment', 'M112;now'],
    ['with text behind it', 'M112 please'],
    ['with text at it', 'M112please'],
    ['as a longer number that Marlin stops at', 'M1120'],
    ['as another one', 'M112999'],
    ['with an escaped digit', 'M1\\12'],
    ['with everything escaped', '\\M\\1\\1\\2'],
    ['with an escape behind it', 'M112\\'],
    ['with an escape that only some firmware takes', 'M65648\\1'],
    ['with a slip corrected', 'M1\b112'],
    ['with another command taken back', 'G1 X5\b\b\b\b\bM112'],
    ['with too much taken back', '\b\bM112'],
    ['with a quote taken back', '"\bM112'],
    ['with a comment that is none, in quotes, taken back', '";\b\bM112'],
    ['with a quoted escape taken back', 'M1"\\x\b\b\b12'],
    ['with as much taken back as Marlin stores', `${'x'.repeat(94)}${'\b'.repeat(94)}M112`],
    ['with parentheses before it', '(now) M112'],
    ['with parentheses in it', 'M1(x)12'],
    ['with a NUL before it', '\0M112'],
    ['with a NUL taken back', '\0\bM112'],
    ['with a line and a NUL before it', 'G1 X5\0M112'],
    ['with a comment and a NUL before it', 'G1 X5 ; out\0N7 M112'],
    ['with a NUL behind it', 'M112\0G28'],
    ['with high bytes in it', 'M1\xff12'],
    ['with high bytes around it', '\xc2\xa0M112\xc2\xa0'],
    ['with a byte order mark', '\xef\xbb\xbfM112'],
    ['with a high byte behind it', 'M112\x80'],
    ['behind the blanks that only Python knows', '\x1c\x0b\x0cM112'],
  ])('%s is one', (_how, line) => {
    expect(kindOf(line)).toBe(EMERGENCY_STOP)
  })

  test.each([
    ['text to be shown', 'M117 M112'],
    ['text to be shown, numbered', 'N5 M117 M112*5'],
    ['a comment', ';M112'],
    ['a comment with blanks', ' ; M112'],
    ['a comment behind a command', 'G28 ; M112'],
    ['behind another command', 'G1 M112'],
    ['a parameter', 'M105 M112'],
    ['cut by a blank', 'M1 12'],
    ['cut by a tab', 'M11\t2'],
    ['cut by a NUL', 'M1\x0012'],
    ['another code', 'M12'],
    ['another code', 'M111'],
    ['another code', 'M113'],
    ['a longer code that no firmware stops at when it is numbered', 'N5 M1120*9'],
    ['a longer code in lower case', 'm1120'],
    ['a G', 'G112'],
    ['a T', 'T112'],
    ['no number', 'M'],
    ['a sign without a number', 'M-'],
    ['below zero', 'M-112'],
    ['an open parenthesis', 'G1 (M112'],
    ['more taken back than Marlin stores', `${'x'.repeat(95)}${'\b'.repeat(95)}M112`],
    ['packed', '\xff\xff\xfb'],
    ['nothing', ''],
    ['blanks', '   '],
    ['a number alone', 'N112'],
    ['a checksum', 'N5 G1*112'],
  ])('%s is none', (_what, line) => {
    expect(kindOf(line)).toBe(EMERGENCY_NONE)
  })
})

describe('the other commands that jump the queue', () => {
  test.each([
    ['M108', EMERGENCY_BREAK],
    ['  M108  ', EMERGENCY_BREAK],
    ['N5 M108*44', EMERGENCY_BREAK],
    ['N5M108*12', EMERGENCY_BREAK],
    ['M108 ; go on', EMERGENCY_BREAK],
    ['M108;go on', EMERGENCY_BREAK],
    ['M410', EMERGENCY_QUICK_STOP],
    ['N-1 M410*9', EMERGENCY_QUICK_STOP],
    ['M876 S1', EMERGENCY_ANSWER],
    ['M876 P1', EMERGENCY_ANSWER],
    ['N12 M876 S0*97', EMERGENCY_ANSWER],
    ['M876', EMERGENCY_ANSWER],
  ])('%j is one in its plain form', (line, kind) => {
    expect(kindOf(line)).toBe(kind)
  })

  test.each([
    'm108',
    'M 108',
    'M0108',
    'M65644',
    'M108.1',
    'M108 S1',
    'M1080',
    'M4105',
    'M410x',
    'M8761',
    'M876.1',
    'M1\\08',
    'N5 N6 M108',
    'N M108',
    '\xffM1\xff08',
    'G1 M108',
    'M117 M410',
    ';M108',
    'M108\0',
  ])('%j goes the common way', (line) => {
    expect(kindOf(line)).toBe(EMERGENCY_NONE)
  })
})

/** Whether a simulated Marlin build halts at the line, at receipt or when it executes it. */
function haltsMarlin(line: Buffer, build: (typeof MARLIN_BUILD_NAMES)[number]): boolean {
  const assembly = new MarlinLineAssembly(marlinBuild(build))
  for (const byte of [...line, 0x0a]) {
    const read = assembly.push(byte)
    if (read?.kind !== 'command') continue
    if (read.early === 'kill') return true
    const { letter, code } = new MarlinParser(marlinBuild(build)).parse(read.text)
    if (letter === 'M' && code === 112) return true
  }
  return false
}

function haltsEmergencyParser(line: Buffer): boolean {
  const parser = new EmergencyParser()
  return [...line, 0x0a].some((byte) => parser.push(byte)?.action === 'kill')
}

/** The other firmwares, from their sources: gcode.py of Klipper, cmdqueue.cpp of Prusa, StringParser.cpp of RepRapFirmware. */
function haltsAnother(line: Buffer): boolean {
  const text = line.toString('latin1')
  if (/^\s*(N\d+)?\s*M112(\s|$)/i.test(text)) return true
  const prusa = text.replace(/[\x80-\xff]/g, '').replace(/;.*/s, '')
  const code = /^(?:N[-+ \d]*)?M\s*([-+]?\d+)/.exec(prusa.trim())?.[1]
  if (code !== undefined && BigInt.asUintN(16, BigInt(code.replace('+', ''))) === 112n) return true
  return text.split('\0').some((part) => /^[ \t]*(N\d+)?[ \t]*M112(?!\d)/i.test(part))
}

/** Bytes that make and hide the command. */
const hidden = fc.oneof(
  fc
    .array(
      fc.constantFrom(
        ...'MMM111122220N5 \\\b();"*.\0\xff\x80mn+-\tGX'.split(''),
        'M112',
        '112',
        'M65648',
        '\\\b',
      ),
      { maxLength: 14 },
    )
    .map((pieces) => pieces.join('')),
  // One byte thrown into the command, or one of its bytes thrown out.
  fc
    .tuple(fc.nat({ max: 4 }), fc.nat({ max: 2 }), fc.string({ unit: 'binary-ascii', maxLength: 2 }))
    .map(([at, gone, put]) => 'M112'.slice(0, at) + put + 'M112'.slice(at + gone)),
  fc
    .tuple(fc.constant(1), fc.constantFrom('M112', 'M0112', 'M 112', 'M65648', 'M112.3', 'M112 X'))
    .map(([n, text]) => numbered(n, text).trimEnd()),
)

describe('held against the firmwares', () => {
  test.each(MARLIN_BUILD_NAMES)('no line that halts the simulated %s build is missed', (build) => {
    let halted = 0
    fc.assert(
      fc.property(hidden, (text) => {
        const line = Buffer.from(text.replace(/[\n\r]/g, ''), 'latin1')
        if (!haltsMarlin(line, build)) return
        halted++
        expect(kindOf(line.toString('latin1'))).toBe(EMERGENCY_STOP)
      }),
      { numRuns: 20_000 },
    )
    expect(halted).toBeGreaterThan(1_000)
  })

  test('no line that halts an emergency parser or another firmware is missed', () => {
    fc.assert(
      fc.property(hidden, (text) => {
        const line = Buffer.from(text.replace(/[\n\r]/g, ''), 'latin1')
        if (!haltsEmergencyParser(line) && !haltsAnother(line)) return
        expect(kindOf(line.toString('latin1'))).toBe(EMERGENCY_STOP)
      }),
      { numRuns: 20_000 },
    )
  })

  test.each(MARLIN_BUILD_NAMES.map((build) => [build, `marlin-2.1.2-${build}.tsv`] as const))(
    'every recorded line that halted the %s build is one, and no other recorded line',
    (_build, file) => {
      const rows = recordedReadings(file)
      const found = rows.filter(({ input }) => linesOf(input).some((line) => kindOf(line) === EMERGENCY_STOP))
      const halted = rows.filter(
        ({ early, commands }) =>
          early.includes('KILL') || commands.some(({ letter, code }) => letter === 'M' && code === 112),
      )
      expect(halted.length).toBeGreaterThan(1)
      expect(found.map(({ escaped }) => escaped)).toEqual(halted.map(({ escaped }) => escaped))
    },
  )

  test('whatever stands behind another command, or in a comment, is no stop', () => {
    const first = fc.constantFrom(
      'G1 X5',
      'M117',
      'M105',
      'N5 G28',
      'T0',
      ';',
      ' ; ',
      'N7 M118 E1',
      'M1',
      'X',
      '@pause',
    )
    fc.assert(
      fc.property(first, fc.constantFrom(' ', ';', '*'), hidden, (command, between, text) => {
        // What a firmware takes back, drops or takes for the end of the line is another matter.
        const rest = text.replace(/[\n\r\b\0\\("\x80-\xff]/g, '')
        expect(kindOf(`${command}${between}${rest}`)).toBe(EMERGENCY_NONE)
      }),
      { numRuns: 5_000 },
    )
  })

  test('no line of any bytes is read beyond its ends, whatever was read before it', () => {
    fc.assert(
      fc.property(hidden, hidden, (before, text) => {
        const alone = kindOf(text)
        kindOf(before)
        const bytes = Buffer.from(`M112${text}M112`, 'latin1')
        expect(emergencyOf(bytes, 4, bytes.length - 4)).toBe(alone)
      }),
      { numRuns: 5_000 },
    )
  })
})

function linesOf(bytes: Uint8Array): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter({
    line: (line, start, end) => {
      lines.push(Buffer.from(line.subarray(start, end)).toString('latin1'))
    },
  })
  splitter.push(bytes)
  splitter.end()
  return lines
}

describe('the files of slicers', () => {
  const folder = new URL('../../../fixtures/gcode/', import.meta.url)

  test.each(readdirSync(folder))('%s holds no emergency', (file) => {
    const packed = readFileSync(new URL(file, folder))
    const lines = linesOf(file.endsWith('.br') ? brotliDecompressSync(packed) : packed)
    expect(lines.length).toBeGreaterThan(100)
    expect(lines.filter((line) => kindOf(line) !== EMERGENCY_NONE)).toEqual([])
  })
})
