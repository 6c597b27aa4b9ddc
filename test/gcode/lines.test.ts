import { describe, expect, test } from 'vitest'
import { asciiText, LINE_BYTES_KEPT, type LineSink, LineSplitter } from '../../gcode/index.ts'
import { bytesOf, linesOf } from './lines-of.ts'

class Collector implements LineSink {
  readonly lines: string[] = []
  line(bytes: Uint8Array, start: number, end: number): void {
    this.lines.push(asciiText(bytes, start, end))
  }
}

function split(...chunks: string[]): string[] {
  const collector = new Collector()
  const splitter = new LineSplitter(collector)
  for (const chunk of chunks) splitter.push(bytesOf(chunk))
  splitter.end()
  return collector.lines
}

describe('a stream of bytes', () => {
  test.each([
    ['a\nb\n', ['a', 'b']],
    ['a\rb\r', ['a', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['a\n\rb', ['a', '', 'b']],
    ['a\r\r\nb', ['a', '', 'b']],
    ['\n\n', ['', '']],
    ['a', ['a']],
    ['', []],
    ['\r\n', ['']],
    ['a\nb', ['a', 'b']],
  ])('%j is the lines %j', (text, lines) => {
    expect(split(text)).toEqual(lines)
  })

  test('a line end that is cut in two ends one line, not two', () => {
    expect(split('a\r', '\nb')).toEqual(['a', 'b'])
    expect(split('a\r', '', '\nb')).toEqual(['a', 'b'])
    expect(split('a\r', 'b')).toEqual(['a', 'b'])
  })

  test('a carriage return at the very end ends its line and starts no other', () => {
    expect(split('a\r')).toEqual(['a'])
  })

  test('every way to cut it into chunks gives the same lines', () => {
    const text = 'G28\r\n;c\rM105\n\nG1 X1'
    const whole = split(text)
    for (let i = 0; i <= text.length; i++) {
      for (let j = i; j <= text.length; j++) {
        expect(split(text.slice(0, i), text.slice(i, j), text.slice(j))).toEqual(whole)
      }
    }
  })

  test('only the part of the chunk that is asked for is read', () => {
    const collector = new Collector()
    const splitter = new LineSplitter(collector)
    splitter.push(bytesOf('xxa\nbyy'), 2, 5)
    splitter.end()
    expect(collector.lines).toEqual(['a', 'b'])
  })
})

describe('a line that is too long to keep', () => {
  const long = (head: string, length: number, fill: string): string =>
    head + fill.repeat(length - head.length)

  function inChunks(text: string, size: number): string[] {
    const chunks: string[] = []
    for (let i = 0; i < text.length; i += size) chunks.push(text.slice(i, i + size))
    return chunks
  }

  test('is kept whole up to the limit', () => {
    const line = long('', LINE_BYTES_KEPT, 'a')
    expect(split(`${line}\nb`)).toEqual([line, 'b'])
    expect(split(...inChunks(`${line}\nb`, 100))).toEqual([line, 'b'])
  })

  test('is cut past it, with a mark that no command can hold, and the next line is whole', () => {
    const line = long('', LINE_BYTES_KEPT + 1, 'a')
    expect(split(`${line}\nb`)).toEqual([`${line.slice(0, LINE_BYTES_KEPT)}?`, 'b'])
  })

  test.each([
    ['letters', `${long('G1 X1', 9000, 'a')}\nG28`],
    ['blank space', `${long('G1 X1', 9000, ' ')}\nG28`],
    ['blank space and a second word', `${long('G1 X1', 9000, ' ')}Y2\nG28`],
    ['blank space and a comment', `${long('G1 X1', 9000, ' ')};Y2\nG28`],
    ['a comment', `${long('G1 X1;', 9000, 'a')}\nG28`],
    ['a comment that starts with the last byte kept', `${long('', LINE_BYTES_KEPT - 1, ' ')};abc\nG28`],
    ['a control byte far behind', `${long('G1 X1', 9000, ' ')}\x01\nG28`],
    ['tabs', `${long('G1 X1', 9000, '\t')}\nG28`],
  ])('with %s is read the same in one chunk and in many', (_, text) => {
    const whole = split(text)
    for (const size of [1, 7, 1000, 4095, 4096, 4097]) expect(split(...inChunks(text, size))).toEqual(whole)
    expect(whole[0]!.length).toBeLessThanOrEqual(LINE_BYTES_KEPT + 1)
    expect(whole.slice(1)).toEqual(['G28'])
  })

  test('is its command where only blank space or comment is cut off, and too long otherwise', () => {
    const readings = (text: string): unknown => linesOf(text).map((line) => line.canonical ?? line.code)
    expect(readings(long('G1 X1', 9000, ' '))).toEqual(['G1 X1'])
    expect(readings(`${long('G1 X1', 9000, ' ')};Y2`)).toEqual(['G1 X1'])
    expect(readings(`${long('G1 X1', 9000, ' ')}Y2`)).toEqual(['too-long'])
    expect(readings(long('', 9000, ' '))).toEqual([''])
    expect(readings(`${long('', 9000, ' ')}G28`)).toEqual(['too-long'])
    expect(readings(long(';', 9000, 'a'))).toEqual([''])
  })

  test('that never ends is held in a few kilobytes', () => {
    const collector = new Collector()
    const splitter = new LineSplitter(collector)
    const chunk = bytesOf('G1 X1 '.repeat(10_000))
    for (let i = 0; i < 200; i++) splitter.push(chunk)
    splitter.end()
    expect(collector.lines).toHaveLength(1)
    expect(collector.lines[0]!.length).toBe(LINE_BYTES_KEPT + 1)
  })
})

describe('a sink that takes lines by itself', () => {
  /** Takes lines of one letter, and leaves the others. */
  class Taker extends Collector {
    readonly taken: string[] = []
    takeLines(bytes: Uint8Array, from: number, limit: number): number {
      let at = from
      while (at + 1 < limit && bytes[at + 1] === 0x0a) {
        this.taken.push(asciiText(bytes, at, at + 1))
        at += 2
      }
      return at
    }
  }

  test('is asked again after each line that it left', () => {
    const taker = new Taker()
    const splitter = new LineSplitter(taker)
    splitter.push(bytesOf('a\nb\nccc\nd\nee\n\nf\n'))
    splitter.end()
    expect(taker.taken).toEqual(['a', 'b', 'd', 'f'])
    expect(taker.lines).toEqual(['ccc', 'ee', ''])
  })

  test('is not asked in the middle of a line that a chunk before has begun', () => {
    const taker = new Taker()
    const splitter = new LineSplitter(taker)
    splitter.push(bytesOf('x'))
    splitter.push(bytesOf('a\nb\n'))
    splitter.push(bytesOf('c\r'))
    splitter.push(bytesOf('\nd\n'))
    splitter.end()
    expect(taker.lines).toEqual(['xa', 'c'])
    expect(taker.taken).toEqual(['b', 'd'])
  })
})
