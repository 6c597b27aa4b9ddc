import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { newPassphrase, passphraseFrom } from '../../agent/cli/licence-passphrase.ts'

const folder = mkdtempSync(join(tmpdir(), 'passphrase-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (text: string): string => {
  const path = join(folder, `p${Math.floor(text.length)}`)
  writeFileSync(path, text)
  return path
}

describe('a passphrase', () => {
  test('is the first line of a file or of a descriptor, whatever its line end', async () => {
    const path = file('correct hörse\r\nnot this\n')
    expect(await passphraseFrom({ passphraseFile: path })).toBe('correct hörse')
    const descriptor = openSync(path, 'r')
    try {
      expect(await newPassphrase({ passphraseFd: String(descriptor) })).toBe('correct hörse')
    } finally {
      closeSync(descriptor)
    }
  })

  test.each<[string, Parameters<typeof newPassphrase>[0], RegExp]>([
    ['an empty first line', { passphraseFile: file('\nsecond\n') }, /has an empty first line$/],
    ['no such file', { passphraseFile: '/nonexistent' }, /`\/nonexistent` does not exist$/],
    [
      'a descriptor that is not open',
      { passphraseFd: '1000' },
      /^descriptor 1000 cannot be read: it is not open$/,
    ],
    ['no number', { passphraseFd: 'x' }, /`--passphrase-fd` wants a whole number/],
    ['two at once', { passphraseFd: '0', passphraseFile: 'x' }, /are one too many$/],
    ['one that shall not be', { passphraseFile: file('correct horse\n'), passphrase: false }, /contradicts/],
  ])('is not had from %s', async (_name, options, sentence) => {
    await expect(newPassphrase(options)).rejects.toMatchObject({ message: expect.stringMatching(sentence) })
  })

  test('is asked for on a terminal only, and only where it is needed', async () => {
    // The tests run without one.
    await expect(newPassphrase({ passphrase: true })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('or run this on a terminal'),
    })
    const ask = await passphraseFrom({})
    if (typeof ask !== 'function') throw new Error('was not asked for')
    await expect(ask('signer.key')).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('is left out only where that is said in so many words', async () => {
    expect(await newPassphrase({ passphrase: false })).toBeUndefined()
  })
})
