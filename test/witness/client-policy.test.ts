// The policy of witnesses that a site writes: what it asks must be possible, and what is wrong is told.
import { describe, expect, test } from 'vitest'
import { readClientPolicy } from '../../agent/witness/index.ts'
import { testSigner } from '../verify/signing.ts'

const vkey = (name: string): string => testSigner(`witness.test/${name}`, 4).vkey
const read = (text: string) => readClientPolicy('witnesses.txt', Buffer.from(text))
const refused = (text: string): string => {
  try {
    read(text)
  } catch (error) {
    expect(error).toMatchObject({ name: 'AgentError', code: 'CONFIG_INVALID' })
    return (error as Error).message.replace(/^policy of witnesses `witnesses\.txt`: /, '')
  }
  throw new Error('it was taken')
}

describe('a policy', () => {
  test('names witnesses with their addresses, and what is enough', () => {
    const { tlog, prefixes } = read(
      `witness a ${vkey('a')} http://192.0.2.7:8780\n` +
        `witness b ${vkey('b')} https://example.org/witness/b//\n` +
        `witness c ${vkey('c')}\ngroup any-two 2 a b c\nquorum any-two\n`,
    )
    expect([...prefixes]).toEqual([
      ['a', 'http://192.0.2.7:8780'],
      ['b', 'https://example.org/witness/b'],
      ['c', null],
    ])
    expect(tlog.quorum).toBe('any-two')
  })

  test('that is malformed is told with its line', () => {
    expect(refused(`witness a ${vkey('a')}\nquorum b\n`)).toMatch(/^line 2: `b` is not the name/)
  })

  test('that asks for no witness is refused: it would call unseen heads witnessed', () => {
    expect(refused('quorum none\n')).toBe(
      'its quorum asks for no witness; name one, or leave the witnesses out',
    )
  })

  test('that cannot be met by those with an address is refused', () => {
    const text = `witness a ${vkey('a')} http://a.test\nwitness b ${vkey('b')}\ngroup both all a b\nquorum both\n`
    expect(refused(text)).toBe('quorum `both` cannot be reached: give its witnesses their addresses')
  })

  test.each([
    ['ftp://a.test'],
    ['a.test:8780'],
    ['/add-checkpoint'],
    ['http://user:secret@a.test'],
    ['http://a.test/?key=1'],
    ['http://a.test/#x'],
    ['http://'],
  ])('with %s for an address is refused', (url) => {
    expect(refused(`witness a ${vkey('a')} ${url}\nquorum a\n`)).toContain('is no address of a witness')
  })

  test('names at most 32 witnesses, which is what a record can name', () => {
    const lines = (count: number): string =>
      Array.from({ length: count }, (_, i) => `witness w${i} ${vkey(String(i))} http://w${i}.test\n`).join('')
    expect(read(`${lines(32)}quorum w0\n`).prefixes.size).toBe(32)
    expect(refused(`${lines(33)}quorum w0\n`)).toBe('it names 33 witnesses, above the limit of 32')
  })
})
