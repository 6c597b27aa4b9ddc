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
