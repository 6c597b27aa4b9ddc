// Which logs a witness knows, and how a wrong line is told.
import { describe, expect, test } from 'vitest'
import { readTrustedLogs } from '../../agent/witness/index.ts'
import { signerFromSeed, testSigner } from '../verify/signing.ts'
import { keyOf, newSigner } from './test-log.ts'

const own = newSigner('witness.test/w').key
const [a, b] = [testSigner('example.test/a', 1), testSigner('example.test/b', 1)]
const read = (...texts: readonly string[]) =>
  readTrustedLogs(
    texts.map((text, i) => ({ path: `logs-${i}.txt`, text })),
    own,
  )
const refused = (...texts: readonly string[]): string => {
  try {
    read(...texts)
  } catch (error) {
    expect(error).toMatchObject({ name: 'AgentError', code: 'CONFIG_INVALID' })
    return (error as Error).message
  }
  throw new Error('it was taken')
}

describe('files of logs', () => {
  test('hold a key a line, with comments and empty lines between them', () => {
    const logs = read(`# the workshop\n\n  ${a.vkey}  \r\n${b.vkey}`)
    expect([...logs.keys()]).toEqual(['example.test/a', 'example.test/b'])
    expect(logs.get('example.test/a')).toEqual([keyOf(a.vkey)])
  })

  test('may be policies of others, of which the lines about logs are read', () => {
    const witness = testSigner('w', 4).vkey
    const logs = read(`log ${a.vkey}\nlog\t${b.vkey} https://b.test\nwitness w ${witness}\nquorum w\n`)
    expect([...logs.keys()]).toEqual(['example.test/a', 'example.test/b'])
    expect(refused(`log ${a.vkey} https://a.test more\n`)).toContain('line 1: ')
    expect(refused(`log ${witness}\n`)).toContain('this is the key of a witness')
    expect(refused('quorum\n')).toContain('line 1: ')
  })

  test('count together, and a key that stands twice is one key', () => {
    const logs = read(`${a.vkey}\n`, `${b.vkey}\n${a.vkey}\n`)
    expect(logs.size).toBe(2)
    expect(logs.get('example.test/a')).toHaveLength(1)
  })

  test('may give a log a second key', () => {
    const second = testSigner('example.test/a', 1, 'the key after it')
    expect(read(`${a.vkey}\n${second.vkey}\n`).get('example.test/a')).toHaveLength(2)
  })

  test('may be empty: a witness can wait for its first log', () => {
    expect(read('').size).toBe(0)
  })

  test('that are wrong are told with file and line', () => {
    expect(refused(`${a.vkey}\n`, `# more\n${b.vkey}x\n`)).toMatch(/^file of logs `logs-1\.txt`, line 2: /)
    expect(refused(testSigner('w', 4).vkey)).toBe(
      'file of logs `logs-0.txt`, line 1: this is the key of a witness, not of a log: a log has a key of type 1',
    )
  })

  test('cannot name the witness itself, nor its key under another name', () => {
    const OWN = 'this name or key is the witness’s own, which no log may have'
    expect(refused(testSigner(own.name, 1).vkey)).toContain(OWN)
    const seed = Buffer.alloc(32, 5)
    const twin = keyOf(signerFromSeed('witness.test/w', 4, seed).vkey)
    const text = signerFromSeed('example.test/a', 1, seed).vkey
    expect(() => readTrustedLogs([{ path: 'f', text }], twin)).toThrow(OWN)
  })

  test('have at most 256 keys', () => {
    const keys = Array.from({ length: 257 }, (_, i) => testSigner(`example.test/${i}`, 1).vkey)
    expect(read(keys.slice(0, 256).join('\n')).size).toBe(256)
    expect(refused(keys.join('\n'))).toBe('a witness knows at most 256 keys of logs')
  })
})
