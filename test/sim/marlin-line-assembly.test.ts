import { describe, expect, test } from 'vitest'
import { marlinBuild } from '../../agent/sim/marlin-build.ts'
import {
  type AssembledLine,
  COMMAND_BYTES_MAX,
  isEndOfSaving,
  MarlinLineAssembly,
} from '../../agent/sim/marlin-line-assembly.ts'
import { numbered } from './bench-printer.ts'

function feed(assembly: MarlinLineAssembly, text: string): AssembledLine[] {
  return [...Buffer.from(text, 'latin1')].flatMap((byte) => assembly.push(byte) ?? [])
}

function assemble(text: string, buildName: 'default' | 'all-options' = 'default'): AssembledLine[] {
  return feed(new MarlinLineAssembly(marlinBuild(buildName)), text)
}

function texts(lines: readonly AssembledLine[]): string[] {
  return lines.flatMap((line) => (line.kind === 'command' ? [line.text] : []))
}

const RESENT = { kind: 'resend' }

describe('bytes that make no numbered line', () => {
  test.each([
    ['M105\n', ['M105']],
    ['M105\r', ['M105']],
    ['M105\r\n', ['M105']],
    ['\n\n\r', []],
    ['; only a comment\n', []],
    ['   \n', ['   ']],
    ['G1 X1 ; comment\n', ['G1 X1 ']],
    ['G1 X1 \\; Y2\n', ['G1 X1 ; Y2']],
    ['M1\\04\n', ['M104']],
    ['M117 a\\\\b\n', ['M117 a\\b']],
    ['G1 X1\\\nG1 X2\n', ['G1 X1', 'G1 X2']],
    ['G1 X12\bY\n', ['G1 X1Y']],
    ['\b\bG1\n', ['G1']],
    ['G1 X1 ;\b\bY\n', ['G1 X1 ']],
    ['G1 X1\0Y2\n', ['G1 X1']],
    ['\0G1\n', ['']],
    ['G1 (X2)\n', ['G1 (X2)']],
    ['M117 "a;b"\n', ['M117 "a']],
  ])('%j is queued as %j', (input, queued) => {
    expect(texts(assemble(input))).toEqual(queued)
  })

  test.each([
    ['G1 (X2) Y3\n', ['G1  Y3']],
    ['G1 (X2\nY3\n', ['G1 ', 'Y3']],
    ['M117 "a;b(c"\n', ['M117 "a;b(c"']],
    ['M117 "a\\"b;c"\n', ['M117 "a\\"b;c"']],
    ['M117 "a\nM105 ;x\n', ['M117 "a', 'M105 ']],
  ])('with quotes and paren comments %j is queued as %j', (input, queued) => {
    expect(texts(assemble(input, 'all-options'))).toEqual(queued)
  })

  test('the byte after the 95th is dropped without an error', () => {
    const [text] = texts(assemble(`G1 X10${' '.repeat(86)}Y2000\n`))
    expect(text).toBe(`G1 X10${' '.repeat(86)}Y20`)
    expect(text).toHaveLength(COMMAND_BYTES_MAX)
  })

  test('a line that begins with an escaped comment is not queued and not answered', () => {
    expect(assemble('\\;M105\n')).toEqual([{ kind: 'ignored' }])
  })
})

describe('numbered lines', () => {
  test('in order with a right checksum are taken one after the other', () => {
    const assembly = new MarlinLineAssembly(marlinBuild('default'))
    expect(texts(feed(assembly, `${numbered(1, 'G28')}\n${numbered(2, 'M105')}\n`))).toHaveLength(2)
    expect(assembly.lastLineNumber).toBe(2)
  })

  test('with a wrong checksum are asked for again in exactly three lines', () => {
    expect(assemble('N1 G28*99\n')).toEqual([
      { ...RESENT, replies: ['Error:checksum mismatch, Last Line: 0', 'Resend: 1', 'ok'] },
    ])
  })

  test('without a checksum are asked for again', () => {
    expect(assemble('N1 G28\n')).toEqual([
      { ...RESENT, replies: ['Error:No Checksum with line number, Last Line: 0', 'Resend: 1', 'ok'] },
    ])
  })

  test('that skip a number are asked for from the missing one on', () => {
    const assembly = new MarlinLineAssembly(marlinBuild('default'))
    feed(assembly, `${numbered(1, 'G28')}\n`)
    expect(feed(assembly, `${numbered(3, 'M105')}\n`)).toEqual([
      {
        ...RESENT,
        replies: ['Error:Line Number is not Last Line Number+1, Last Line: 1', 'Resend: 2', 'ok'],
      },
    ])
    expect(assembly.lastLineNumber).toBe(1)
  })

  test.each([4, 5])('with the number %i just taken as 5 or 4 vanish without an answer', (number) => {
    const assembly = new MarlinLineAssembly(marlinBuild('default'))
    assembly.lastLineNumber = 5
    expect(feed(assembly, `${numbered(number, 'G28')}\n`)).toEqual([{ kind: 'ignored' }])
  })

  test('older than that are an error', () => {
    const assembly = new MarlinLineAssembly(marlinBuild('default'))
    assembly.lastLineNumber = 5
    expect(feed(assembly, `${numbered(3, 'G28')}\n`)).toMatchObject([RESENT])
  })

  test.each([
    ['the host Printrun begins with', 'N-1 M110 N-1*125', -1],
    ['OctoPrint begins with', 'N0 M110 N0*125', 0],
    ['that sets it in the line number', 'N77 M110*19', 77],
    ['hidden in a message', numbered(200, 'M117 x M110 N9'), 9],
  ])('M110 %s sets the number of the line before the next', (_, line, number) => {
    const assembly = new MarlinLineAssembly(marlinBuild('default'))
    assembly.lastLineNumber = 500
    expect(feed(assembly, `${line}\n`)).toMatchObject([{ kind: 'command' }])
    expect(assembly.lastLineNumber).toBe(number)
  })

  test('a checksum without a line number is not looked at', () => {
    expect(texts(assemble('M105*99\n'))).toEqual(['M105*99'])
  })

  test('a good line that the wire is said to have damaged is refused and leaves the number where it was', () => {
    const assembly = new MarlinLineAssembly(marlinBuild('default'), { isGarbled: () => true })
    expect(feed(assembly, `${numbered(1, 'G28')}\n`)).toMatchObject([
      { replies: ['Error:checksum mismatch, Last Line: 0', 'Resend: 1', 'ok'] },
    ])
    expect(assembly.lastLineNumber).toBe(0)
  })
})

describe('while a file is written to the card', () => {
  test('a line without number is refused, but the one that ends it', () => {
    const assembly = new MarlinLineAssembly(marlinBuild('default'))
    assembly.isSavingToCard = true
    expect(feed(assembly, 'G28\n')).toMatchObject([
      { replies: ['Error:No Checksum with line number, Last Line: 0', 'Resend: 1', 'ok'] },
    ])
    expect(texts(feed(assembly, 'M29\n'))).toEqual(['M29'])
  })

  test.each([
    ['M29', true],
    ['M29 ', true],
    ['N5 M29*3', true],
    ['M290', false],
    ['G28', false],
  ])('`%s` ends it: %s', (line, isEnd) => {
    expect(isEndOfSaving(line)).toBe(isEnd)
  })
})

describe('commands that act at receipt', () => {
  test.each([
    ['M108', 'break-wait'],
    ['M112', 'kill'],
    ['M410', 'quickstop'],
    ['M1120', 'kill'],
    ['M4105', 'quickstop'],
    ['M112*', 'kill'],
    ['  M112', 'kill'],
    ['M11', undefined],
    ['M 112', undefined],
    ['m112', undefined],
    ['G112', undefined],
  ])('`%s` acts as %s', (line, early) => {
    expect(assemble(`${line}\n`)).toMatchObject([{ kind: 'command', early }])
  })

  test('a number hides them', () => {
    expect(assemble(`${numbered(1, 'M112')}\n`)).toMatchObject([{ kind: 'command', early: undefined }])
  })

  test('an emergency parser takes their place', () => {
    const assembly = new MarlinLineAssembly(marlinBuild('default'), { hasEmergencyParser: true })
    expect(feed(assembly, 'M112\n')).toMatchObject([{ kind: 'command', early: undefined }])
  })
})
