import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { LineReader, REPLY_BYTES_MAX } from '../../agent/serial/line-reader.ts'

let lines: string[]
let dropped: number
let reader: LineReader

beforeEach(() => {
  lines = []
  dropped = 0
  reader = new LineReader({
    line: (text) => lines.push(text),
    overlong: (bytesMax) => {
      expect(bytesMax).toBe(REPLY_BYTES_MAX)
      dropped += 1
    },
  })
})

const push = (text: string) => reader.push(Buffer.from(text, 'latin1'))

describe('lines', () => {
  test('a line is delivered as soon as its newline is read, before push returns', () => {
    push('ok T:19.3')
    expect(lines).toEqual([])
    push('7 /0.00\nok')
    expect(lines).toEqual(['ok T:19.37 /0.00'])
  })

  test('the lines of a first chunk are delivered at once too', () => {
    push('start\nok\n')
    expect(lines).toEqual(['start', 'ok'])
  })

  test('CR before the newline and NUL bytes of a board that resets are not part of a line', () => {
    push('\0\0start\r\n\0ok\0\r\n')
    expect(lines).toEqual(['start', 'ok'])
  })

  test('a leading space stays, for it marks a temperature report nobody asked for', () => {
    push(' T:19.37 /0.00\n')
    expect(lines).toEqual([' T:19.37 /0.00'])
  })

  test('empty lines are not delivered', () => {
    push('\n\r\n\0\n\nok\n\n')
    expect(lines).toEqual(['ok'])
  })

  test('a plain ok is one whatever surrounds it, and what is like it is not taken for it', () => {
    push('ok\n\0ok\r\nOK\nko\nok \no\nokk\n')
    expect(lines).toEqual(['ok', 'ok', 'OK', 'ko', 'ok ', 'o', 'okk'])
  })

  test('a CR alone ends nothing', () => {
    push('ok\rok\n')
    expect(lines).toEqual(['ok\rok'])
  })

  test('bytes that are not text in any other encoding are read as Latin-1', () => {
    push('echo:\xff\xb0\x80C\n')
    expect(lines).toEqual(['echo:\xff\xb0\x80C'])
  })

  test('a line that never ends with a newline is never delivered', () => {
    push('ok')
    reader.stop()
    expect(lines).toEqual([])
  })

  test('every split of the same bytes into two chunks gives the same lines', () => {
    const text = `start\r\n\n${'x'.repeat(REPLY_BYTES_MAX + 1)}\nok T:20\n \nResend: 5\r\nok\n`
    for (let at = 0; at <= text.length; at++) {
      const seen: string[] = []
      const one = new LineReader({ line: (line) => seen.push(line) })
      one.push(Buffer.from(text.slice(0, at)))
      one.push(Buffer.from(text.slice(at)))
      expect(seen).toEqual(['start', 'ok T:20', ' ', 'Resend: 5', 'ok'])
    }
  })

  test('byte by byte gives the same lines', () => {
    for (const byte of Buffer.from('start\r\n\nok\n')) reader.push(Uint8Array.of(byte))
    expect(lines).toEqual(['start', 'ok'])
  })

  test('a hundred thousand lines in one chunk are all delivered', () => {
    push('ok\n'.repeat(100_000))
    expect(lines).toHaveLength(100_000)
  })
})

describe('any cut of any bytes', () => {
  /** The least that can be said: whole, in one string, with the standard library. */
  const expected = (bytes: Buffer) => {
    const seen: string[] = []
    const pieces = bytes.toString('latin1').split('\n')
    const tail = pieces.pop() ?? ''
    for (const piece of pieces) {
      const line = piece.replace(/^\0+|[\r\0]+$/g, '')
      if (piece.length > REPLY_BYTES_MAX) seen.push('too long')
      else if (line !== '') seen.push(line)
    }
    return tail.length > REPLY_BYTES_MAX ? [...seen, 'too long'] : seen
  }
  const read = (bytes: Buffer, cuts: readonly number[]) => {
    const seen: string[] = []
    const one = new LineReader({ line: (text) => seen.push(text), overlong: () => seen.push('too long') })
    let from = 0
    for (const cut of [...cuts].sort((a, b) => a - b)) {
      one.push(bytes.subarray(from, cut))
      from = Math.max(from, cut)
    }
    // As a plain view with an offset, too: what comes need not be a Buffer.
    one.push(new Uint8Array(bytes.buffer, bytes.byteOffset + from, bytes.length - from))
    return seen
  }
  const piece = fc.oneof(
    fc.constantFrom(
      '\n',
      '\r\n',
      '\0',
      '\r',
      '\0\n',
      'ok\n',
      'ok T:20\r\n',
      ' T:1\n',
      'Resend: 5\n',
      '\xff\xb0',
    ),
    fc.string({ unit: 'binary-ascii', maxLength: 12 }),
    fc.integer({ min: REPLY_BYTES_MAX - 2, max: REPLY_BYTES_MAX + 2 }).map((length) => 'a'.repeat(length)),
  )

  test('gives the lines of the whole', () => {
    const text = fc.array(piece, { maxLength: 30 }).map((pieces) => Buffer.from(pieces.join(''), 'latin1'))
    const cuts = fc.array(fc.nat(), { maxLength: 20 })
    fc.assert(
      fc.property(text, cuts, (bytes, positions) => {
        const places = positions.map((position) => position % (bytes.length + 1))
        expect(read(bytes, places)).toEqual(expected(bytes))
      }),
      { numRuns: 2000 },
    )
  })

  test('every single cut of a text with all that is special', () => {
    const long = 'x'.repeat(REPLY_BYTES_MAX)
    const bytes = Buffer.from(`\0start\r\n\n${long}\n${long}y\n\0\r\nok\r\r\n\0\0\nok 2\n${long}yz`, 'latin1')
    for (let at = 0; at <= bytes.length; at++) expect(read(bytes, [at])).toEqual(expected(bytes))
  })
})

describe('lines that are too long', () => {
  test('the longest allowed line is delivered', () => {
    push(`${'a'.repeat(REPLY_BYTES_MAX)}\n`)
    expect(lines).toEqual(['a'.repeat(REPLY_BYTES_MAX)])
    expect(dropped).toBe(0)
  })

  test('one byte more drops the whole line, and the next one is read', () => {
    push(`${'a'.repeat(REPLY_BYTES_MAX + 1)}\nok\n`)
    expect(lines).toEqual(['ok'])
    expect(dropped).toBe(1)
  })

  test('its last part is not taken for a line of its own', () => {
    push('a'.repeat(REPLY_BYTES_MAX))
    push('aok\n')
    push('ok 2\n')
    expect(lines).toEqual(['ok 2'])
    expect(dropped).toBe(1)
  })

  test('it is reported when it passes the limit, not when it ends, and once', () => {
    for (let round = 0; round < 10; round++) push('a'.repeat(REPLY_BYTES_MAX))
    expect(dropped).toBe(1)
    push('\n')
    expect(dropped).toBe(1)
    expect(lines).toEqual([])
  })

  test('two in a row are two', () => {
    const long = `${'a'.repeat(5000)}\n`
    push(long + long)
    expect(dropped).toBe(2)
    expect(lines).toEqual([])
  })

  test('a line without end costs no memory', () => {
    const chunk = Buffer.alloc(64 * 1024, 'a')
    const before = process.memoryUsage().arrayBuffers
    for (let round = 0; round < 1000; round++) reader.push(chunk)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024)
    push('\nok\n')
    expect(lines).toEqual(['ok'])
  })

  test('a sink that does not care need not say so', () => {
    const seen: string[] = []
    const one = new LineReader({ line: (line) => seen.push(line) })
    one.push(Buffer.from(`${'a'.repeat(5000)}\nok\n`))
    expect(seen).toEqual(['ok'])
  })
})

test('a sink that stops the reader in mid-chunk gets nothing more of it', () => {
  const seen: string[] = []
  const one: LineReader = new LineReader({
    line: (line) => {
      seen.push(line)
      one.stop()
    },
  })
  one.push(Buffer.from('Error:Printer halted\nok\nok\n'))
  one.push(Buffer.from('ok\n'))
  expect(seen).toEqual(['Error:Printer halted'])
})
