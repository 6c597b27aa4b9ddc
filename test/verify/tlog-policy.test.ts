// Policies: the example of the C2SP text with keys filled in, every shape of quorum against a count of the truth, and
// what each bad line is told.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isProblem,
  type NoteKey,
  parseNoteKey,
  parseTlogPolicy,
  type TlogPolicy,
} from '../../agent/verify/index.ts'
import { testSigner } from './signing.ts'

const vkeyOf = (name: string, type: 1 | 4 = 4): string => testSigner(name, type).vkey
const keyOf = (vkey: string): NoteKey => {
  const key = parseNoteKey(vkey)
  if (isProblem(key)) throw new Error(key.problem)
  return key
}
const policyOf = (text: string): TlogPolicy => {
  const policy = parseTlogPolicy(Buffer.from(text))
  if (isProblem(policy)) throw new Error(policy.problem)
  return policy
}
const problemOf = (text: string | Uint8Array): string | undefined => {
  const policy = parseTlogPolicy(Buffer.from(text))
  return isProblem(policy) ? policy.problem : undefined
}

const LOG = `log ${vkeyOf('log.example', 1)}`
const NAMES = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'] as const
const WITNESSES = Object.fromEntries(NAMES.map((name) => [name, keyOf(vkeyOf(name))])) as Record<
  string,
  NoteKey
>
const keysOf = (names: readonly string[]): readonly NoteKey[] => names.map((name) => WITNESSES[name]!)
const LINES = NAMES.map((name) => `witness ${name} ${vkeyOf(name)}\n`).join('')

describe('the policy of the C2SP text', () => {
  const policy = policyOf(`${LOG}

${LINES.slice(0, LINES.indexOf('witness Y1'))}group X-witnesses 2 X1 X2 X3

${LINES.slice(LINES.indexOf('witness Y1'))}group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`)

  test('names one log and six witnesses', () => {
    expect(policy.logs.map(({ key }) => key.name)).toEqual(['log.example'])
    expect(policy.witnesses.map(({ name }) => name)).toEqual([...NAMES])
    expect(policy.keys).toHaveLength(7)
    expect(policy.quorum).toBe('X-and-Y')
  })

  test('is satisfied by two of the X and one of the Y, and by no less: all 64 sets', () => {
    for (let set = 0; set < 64; set++) {
      const names = NAMES.filter((_, i) => (set >> i) & 1)
      const xs = names.filter((name) => name.startsWith('X')).length
      expect(policy.isSatisfiedBy(keysOf(names)), names.join()).toBe(xs >= 2 && names.length - xs >= 1)
    }
  })

  test('counts a witness once, however often it signed', () => {
    expect(policy.isSatisfiedBy(keysOf(['X1', 'X1', 'X1', 'Y1']))).toBe(false)
  })

  test('does not count keys that it does not name, or the log’s own', () => {
    const stranger = keyOf(testSigner('X2', 4, 'another seed').vkey)
    expect(policy.isSatisfiedBy([...keysOf(['X1', 'Y1']), stranger])).toBe(false)
    const asLog: NoteKey = { ...WITNESSES['X2']!, kind: 'log' }
    expect(policy.isSatisfiedBy([...keysOf(['X1', 'Y1']), asLog])).toBe(false)
    const renamed: NoteKey = { ...WITNESSES['X2']!, name: 'else' }
    expect(policy.isSatisfiedBy([...keysOf(['X1', 'Y1']), renamed])).toBe(false)
  })
})

describe('a quorum', () => {
  test('of none is always there', () => {
    expect(policyOf('quorum none\n').isSatisfiedBy([])).toBe(true)
  })

  test('of one witness is that witness', () => {
    const policy = policyOf(`${LINES}quorum X2\n`)
    expect(policy.isSatisfiedBy(keysOf(['X1', 'X3']))).toBe(false)
    expect(policy.isSatisfiedBy(keysOf(['X2']))).toBe(true)
  })

  test('may stand before lines that it does not need', () => {
    expect(isProblem(parseTlogPolicy(Buffer.from(`quorum none\n${LINES}${LOG}\n`)))).toBe(false)
  })

  test('of any threshold of any number is as many as it says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.subarray([...NAMES]), (threshold, signed) => {
        const policy = policyOf(`${LINES}group g ${threshold} ${NAMES.join(' ')}\nquorum g\n`)
        expect(policy.isSatisfiedBy(keysOf(signed))).toBe(signed.length >= threshold)
      }),
    )
  })
})

test('spaces, tabs, comments, URLs and bytes beyond ASCII are taken as the text says', () => {
  const policy = policyOf(
    `# a comment: é\n \t\n\tlog\t${vkeyOf('log.example', 1)}   https://log.example/ \n  # another\nwitness Zürich ${vkeyOf('w')} https://w.example/\nquorum\t Zürich\n`,
  )
  expect(policy.logs[0]?.url).toBe('https://log.example/')
  expect(policy.witnesses).toMatchObject([{ name: 'Zürich', url: 'https://w.example/' }])
  expect(policy.quorum).toBe('Zürich')
  expect(policy.isSatisfiedBy([keyOf(vkeyOf('w'))])).toBe(true)
})

test('names are bytes: K is not the Kelvin sign', () => {
  expect(problemOf(`witness K ${vkeyOf('w')}\nquorum \u212a\n`)).toContain('line 2')
})

describe('a bad line is told with its number', () => {
  test.each([
    ['an unknown word', `quorum none\nlogs ${vkeyOf('l', 1)}\n`, 'line 2: `logs` is none of'],
    ['a log without a key', 'log\n', 'line 1: a log is'],
    ['a log with too much', `${LOG} url more\n`, 'line 1: a log is'],
    ['a log with a witness’s key', `log ${vkeyOf('l')}\n`, 'line 1: a log has a key of type 1'],
    ['a witness with a log’s key', `witness w ${vkeyOf('l', 1)}\n`, 'line 1: a witness has a key of type 4'],
    ['a witness without a key', 'witness w\n', 'line 1: a witness is'],
    ['a bad key', `\n\nwitness w ${vkeyOf('w')}x\n`, 'line 3: '],
    ['the same log twice', `${LOG}\n${LOG}\n`, 'line 2: the same key'],
    [
      'one key under two names',
      `witness a ${testSigner('a', 4, 's').vkey}\nwitness b ${testSigner('b', 4, 's').vkey}\n`,
      'line 2: the same key',
    ],
    [
      'a log that would witness itself',
      `log ${testSigner('l', 1, 's').vkey}\nwitness w ${testSigner('w', 4, 's').vkey}\n`,
      'line 2: the same key',
    ],
    ['one name twice', `witness a ${vkeyOf('a')}\nwitness a ${vkeyOf('b')}\n`, 'line 2: the name `a`'],
    ['a group by a witness’s name', `${LINES}group X1 any X2\n`, 'line 7: the name `X1`'],
    ['a witness named none', `witness none ${vkeyOf('a')}\n`, 'line 1: the name `none`'],
    ['a group named none', `${LINES}group none any X1\n`, 'line 7: the name `none`'],
    ['none in a group', `${LINES}group g any none\n`, 'line 7: `none` is not the name'],
    ['a group of nobody', `${LINES}group g any\n`, 'line 7: a group is'],
    ['a group of strangers', `${LINES}group g any X1 Z\n`, 'line 7: `Z` is not the name'],
    ['a group of itself', `${LINES}group g any g\n`, 'line 7: `g` is not the name'],
    ['a group of what comes later', `${LINES}group g any h\ngroup h any X1\n`, 'line 7: `h` is not the name'],
    ['a member twice', `${LINES}group g 2 X1 X1\n`, 'line 7: `X1` is already'],
    ['a member of two groups', `${LINES}group g any X1\ngroup h any X1\n`, 'line 8: `X1` is already'],
    ['a threshold of 0', `${LINES}group g 0 X1\n`, 'line 7: of 1 members'],
    ['a threshold of too many', `${LINES}group g 3 X1 X2\n`, 'line 7: of 2 members'],
    ['a threshold with a zero in front', `${LINES}group g 01 X1\n`, 'line 7: of 1 members'],
    ['a threshold that is no number', `${LINES}group g most X1\n`, 'line 7: of 1 members'],
    ['two quorums', 'quorum none\nquorum none\n', 'line 2: a policy has one'],
    ['a quorum of a stranger', 'quorum who\n', 'line 1: `who` is not the name'],
    ['a quorum of what comes later', `quorum X1\n${LINES}`, 'line 1: `X1` is not the name'],
    ['a quorum of two', `${LINES}quorum X1 X2\n`, 'line 7: a quorum is'],
    ['a carriage return', 'quorum none\r\n', 'line 1: holds a control character'],
    ['a NUL', '# \0\nquorum none\n', 'line 1: holds a control character'],
    ['a DEL', '# \x7f\nquorum none\n', 'line 1: holds a control character'],
    ['no quorum', `${LOG}\n`, 'line `quorum`'],
    ['nothing at all', '', 'line `quorum`'],
    ['no last line feed', 'quorum none', 'line feed'],
  ])('%s', (_, text, told) => {
    expect(problemOf(text)).toContain(told)
  })

  test('too many logs, witnesses or groups', () => {
    const many = (count: number, line: (i: number) => string): string =>
      `${Array.from({ length: count }, (_, i) => line(i)).join('\n')}\n`
    const logs = many(257, (i) => `log ${vkeyOf(`l${i}`, 1)}`)
    expect(problemOf(logs)).toContain('line 257: a policy names at most 256 logs')
    const witnesses = many(257, (i) => `witness w${i} ${vkeyOf(`w${i}`)}`)
    expect(problemOf(witnesses)).toContain('line 257: a policy names at most 256 witnesses')
    const groups = `witness w ${vkeyOf('w')}\n${many(257, (i) => `group g${i} any ${i === 0 ? 'w' : `g${i - 1}`}`)}`
    expect(problemOf(groups)).toContain('line 258: a policy names at most 256 groups')
  })

  test('a file beyond its limit, unread', () => {
    expect(problemOf(Buffer.alloc(1024 * 1024 + 1, 0x0a))).toContain('at most 1048576 bytes')
  })
})

test('a tower of 256 groups is climbed without deep calls', () => {
  const groups = Array.from(
    { length: 256 },
    (_, i) => `group g${i} any ${i === 0 ? 'X1' : `g${i - 1}`}\n`,
  ).join('')
  const policy = policyOf(`${LINES}${groups}quorum g255\n`)
  expect(policy.isSatisfiedBy(keysOf(['X1']))).toBe(true)
  expect(policy.isSatisfiedBy(keysOf(['X2']))).toBe(false)
})

test('no bytes make the reader throw', () => {
  const word = fc.constantFrom(
    'log ',
    'witness ',
    'group ',
    'quorum ',
    'none',
    'X1 ',
    'any ',
    '2 ',
    '\n',
    `${LINES}`,
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ unit: 'binary' })), { maxLength: 12 }), (parts) => {
      parseTlogPolicy(Buffer.from(parts.join('')))
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      parseTlogPolicy(bytes)
    }),
  )
})
