import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readTextFile } from '../../agent/config/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'portcullis-text-'))
afterAll(() => rmSync(folder, { recursive: true }))

const KIND = { what: 'policy', bytesMax: 8, code: 'POLICY_INVALID' } as const

/** Writes a file and answers its path. */
function made(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('a small text file', () => {
  test.each(['', 'a', 'größe', '12345678'])('of %j is read as it is', (text) => {
    const { text: read, bytes } = readTextFile(made('text', text), KIND)
    expect(read).toBe(text)
    expect(Buffer.from(bytes).toString()).toBe(text)
  })

  test('may be a link to one', () => {
    const path = join(folder, 'link')
    symlinkSync(made('target', 'x'), path)
    expect(readTextFile(path, KIND).text).toBe('x')
  })

  test('of one byte too many is refused, and so is one without end', () => {
    const message = 'is larger than the limit of 8 bytes'
    expect(() => readTextFile(made('large', '123456789'), KIND)).toThrow(message)
    expect(() => readTextFile('/proc/self/maps', KIND)).toThrow(message)
  })

  test('is no device and no pipe, which nobody waits for', () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    expect(() => readTextFile(pipe, KIND)).toThrow(`policy \`${pipe}\` is not a regular file`)
    expect(() => readTextFile('/dev/zero', KIND)).toThrow('policy `/dev/zero` is not a regular file')
  })

  test('that is missing or lies below a file is told apart from one that may not be read', () => {
    const path = made('file', 'x')
    expect(() => readTextFile(`${path}-none`, KIND)).toThrow('does not exist')
    expect(() => readTextFile(`${path}/below`, KIND)).toThrow('cannot be read')
    expect(() => readTextFile(`${path}\0`, KIND)).toThrow('cannot be read')
  })

  test.each([
    ['a lone continuation', [0x80]],
    ['a character cut off', [0x41, 0xc3]],
    ['one written too long', [0xc0, 0xaf]],
    ['half a pair', [0xed, 0xa0, 0x80]],
  ])('with %s is no text', (_name, bytes) => {
    const path = made('bytes', Uint8Array.from(bytes))
    expect(() => readTextFile(path, KIND)).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID', message: `policy \`${path}\` is not UTF-8 text` }),
    )
  })
})
