// What is wrong with records, in themselves and among each other. The logs are right in every other way: signed, hashed
// and settled, as a writer with a bug or with bad intent would make them.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../agent/log-format/index.ts'
import { parseCanonical } from '../../agent/verify/canonical.ts'
import { type Verification, verifyLog } from '../../agent/verify/index.ts'
import { IndexSet } from '../../agent/verify/index-set.ts'
import { entryOf, plain, SHA, TestLog } from './log-maker.ts'

const check = (...records: readonly (object | Buffer)[]): Promise<Verification> =>
  verifyLog(new TestLog({ records }).write())
const briefly = ({ findings }: Verification): readonly string[] =>
  findings.map(({ code, index }) => `${code} ${index}`)
const messages = ({ findings }: Verification): readonly string[] => findings.map(({ message }) => message)

const decision = (outcome: string): object => ({
  kind: 'decision',
  id: 'd-1',
  outcome,
  tier: 'open',
  job: { bytes: 1, lines: 1, commands: 9, sha256: SHA, canonicalSha256: SHA },
  policy: { name: 'p', version: 1, sha256: SHA },
  licence: null,
  reasons: [],
  decidedInMs: null,
})
const opened = (of: number, job = 'j'): object => ({
  kind: 'job-opened',
  job,
  decision: of,
  canonicalSha256: SHA,
  commands: 9,
})
const sealed = (commandsSent: number, job = 'j'): object => ({
  kind: 'job-sealed',
  job,
  commandsSent,
  sha256: SHA,
})
const closed = (commandsSent: number, commandsTotal: number | null = 9, job = 'j'): object => ({
  kind: 'job-closed',
  job,
  outcome: 'stopped',
  code: 'asked',
  commandsSent,
  commandsTotal,
  sha256: null,
})
const copy = (state: string, name = 'c-1', more: object = {}): object => ({
  kind: 'copy',
  licence: 'l',
  copy: name,
  job: null,
  state,
  terms: state === 'reserved' ? countingIn(['l', 3]) : null,
  refund: null,
  ...more,
})
const countingIn = (...counters: readonly [string, number][]): object => ({
  counters: counters.map(([licence, limit]) => ({ licence, limit })),
  anchor: SHA,
  commitAt: 1,
  onAbort: 'return',
  filamentMm: 1,
})
const givenBack = (name: string, of: string): object =>
  copy('returned', name, { refund: { id: `r-${name}`, of, under: ['l'], filamentMm: 1 } })
const hold = (of: number, outcome: string): object => ({
  kind: 'hold-decided',
  decision: of,
  outcome,
  role: 'site',
})

describe('the form of a record', () => {
  const line = entryOf({ kind: 'host-closed', lines: 5 }, 1).toString()
  test.each([
    ['no JSON', 'hello', 'not-json'],
    ['two values', `${line}${line}`, 'not-json'],
    ['a comma too many', line.replace('}', ',}'), 'not-json'],
    ['a comment', line.replace('{', '{/**/'), 'not-json'],
    ['a number alone', '5', 'unknown-record'],
    ['null', 'null', 'unknown-record'],
    ['a list', '[]', 'unknown-record'],
    ['white space', line.replace(':', ': '), 'not-canonical'],
    ['a line feed', `${line}\n`, 'not-canonical'],
    ['a byte order mark', `\ufeff${line}`, 'not-json'],
    [
      'members in another order',
      '{"seq":1,"at":"2026-11-22T20:00:01.000Z","kind":"agent-ended"}',
      'not-canonical',
    ],
    ['a member twice', line.replace('"lines":5', '"lines":4,"lines":5'), 'not-canonical'],
    ['a number with an exponent', line.replace('5', '5e0'), 'not-canonical'],
    ['a number with a point', line.replace('"lines":5', '"lines":5.0'), 'not-canonical'],
    ['minus nought', line.replace('"lines":5', '"lines":-0'), 'not-canonical'],
    ['an escaped letter', line.replace('host', '\\u0068ost'), 'not-canonical'],
    ['an escaped slash', line.replace('host', '\\/ost'), 'not-canonical'],
    ['half a surrogate pair', line.replace('host', '\\ud800ost'), 'not-canonical'],
    ['a wall of brackets', '['.repeat(20_000) + ']'.repeat(20_000), 'not-canonical'],
    ['an unknown kind', line.replace('host-closed', 'ghost-closed'), 'unknown-record'],
    ['the name of a method for its kind', line.replace('host-closed', 'constructor'), 'unknown-record'],
    ['a member too many', line.replace('"lines"', '"kinds":1,"lines"').replace('"kinds":1,', ''), null],
    ['an unknown member', line.replace('"seq":1', '"seq":1,"zzz":1'), 'unknown-record'],
    ['a missing member', line.replace('"lines":5,', ''), 'unknown-record'],
    ['a member of another type', line.replace('"lines":5', '"lines":"5"'), 'unknown-record'],
    ['a count below nought', line.replace('"lines":5', '"lines":-5'), 'unknown-record'],
    ['a count beyond 2^53', line.replace('"lines":5', '"lines":9007199254740992'), 'unknown-record'],
    ['a time without milliseconds', line.replace('.000Z', 'Z'), 'unknown-record'],
    ['a time that is none', line.replace('11-22', '13-32'), 'unknown-record'],
  ])('with %s', async (_, text, code) => {
    const found = await check(Buffer.from(text))
    expect(briefly(found)).toEqual(code === null ? [] : [`${code} 1`])
    expect(found.ok).toBe(code === null)
  })

  test('without UTF-8 is told', async () => {
    const bytes = Buffer.from(line)
    bytes[bytes.indexOf('host')] = 0xff
    expect(briefly(await check(bytes))).toEqual(['not-json 1'])
  })

  test('of 61,440 bytes is a record, and of one more is none', async () => {
    const text = (chars: number): Buffer =>
      entryOf({ kind: 'snapshot', fold: 'f', size: 0, state: { text: 'x'.repeat(chars) } }, 1)
    const most = 61_440 - text(0).length
    expect(await check(text(most))).toMatchObject({ ok: true, records: 2 })
    const over = await check(text(most + 1))
    expect(over.ok).toBe(false)
  })

  test('is judged where it stands, in a bundle and in the journal', async () => {
    const bad = Buffer.from('{"a": 1}')
    const found = await check(...plain(99), bad, ...plain(600), bad, ...plain(30))
    expect(found.findings).toMatchObject([
      { code: 'not-canonical', index: 100, file: 'tile/entries/000', offset: expect.any(Number) },
      { code: 'not-canonical', index: 701, file: 'journal/00000000000002', offset: expect.any(Number) },
    ])
  })

  test('has its byte told, in a bundle and in the journal', async () => {
    const bad = Buffer.from('{"a": "needle"}')
    const log = new TestLog({ records: [...plain(99), bad, ...plain(600), bad, ...plain(30)] })
    for (const { file, offset } of (await verifyLog(log.write())).findings) {
      const bytes = log.files.get(file!)!
      expect(bytes.subarray(offset!, offset! + bad.length).toString()).toBe(bad.toString())
    }
  })
})

describe('the canonical form', () => {
  const verdict = (text: string): string => {
    const parsed = parseCanonical(Buffer.from(text))
    return typeof parsed === 'string' ? parsed : 'right'
  }

  test('is that of the writer, for any value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        // The writer refuses what has no form; the reader is not asked then.
        const text = ((): string | null => {
          try {
            return canonicalJson(value)
          } catch {
            return null
          }
        })()
        if (text !== null) expect(parseCanonical(Buffer.from(text))).toEqual({ value: JSON.parse(text) })
      }),
      { numRuns: 300 },
    )
  })

  test('is no other than that of the writer', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(0, 1, '\t'), (value, space) => {
        const text = JSON.stringify(value, null, space)
        let written: string | null = null
        try {
          written = canonicalJson(JSON.parse(text))
        } catch {}
        expect(verdict(text)).toBe(written === text ? 'right' : 'not-canonical')
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['{"10":1,"9":2}', 'right'],
    ['{"9":2,"10":1}', 'not-canonical'],
    ['{"-1":0,"1":1}', 'right'],
    ['{"1":1,"-1":0}', 'not-canonical'],
    ['{"1":1,"1a":2,"a":3}', 'right'],
    ['{"a":{"2":1,"10":1}}', 'not-canonical'],
    ['[{"a":{"10":1,"2":1}}]', 'right'],
    ['{"":1,"a":2}', 'right'],
    ['{"__proto__":1,"a":2}', 'right'],
    ['{"a":2,"__proto__":1}', 'not-canonical'],
    ['{"\u20ac":1,"\ud83d\ude00":2,"\ufb33":3}', 'right'],
    ['{"\u20ac":1,"\ufb33":3,"\ud83d\ude00":2}', 'not-canonical'],
    ['"\\u0001\\b\\t\\n\\f\\r\\"\\\\"', 'right'],
    ['"\\u000A"', 'not-canonical'],
    ['"\\u001F"', 'not-canonical'],
    ['"\\u001f"', 'right'],
    ['"\\\\ud800"', 'right'],
    ['"\\ud800"', 'not-canonical'],
    ['{"\\udc00":1}', 'not-canonical'],
    ['"\\ud83d\\ude00"', 'not-canonical'],
    ['1e21', 'not-canonical'],
    ['1e+21', 'right'],
    ['0.000001', 'right'],
    ['1e-7', 'right'],
    ['333333333.3333333', 'right'],
    ['333333333.33333329', 'not-canonical'],
    ['', 'not-json'],
    [`${'['.repeat(32)}${']'.repeat(32)}`, 'right'],
    [`${'['.repeat(33)}${']'.repeat(33)}`, 'not-canonical'],
    [`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, 'not-canonical'],
  ])('%s is %s', (text, expected) => {
    expect(verdict(text)).toBe(expected)
  })
})

describe('the number of a record', () => {
  test('that is not its place is told once for all that are shifted alike', async () => {
    const records = plain(600).map((record, i) => entryOf(record, i < 100 ? i + 1 : i + 2))
    const found = await check(...records)
    expect(briefly(found)).toEqual(['wrong-sequence 101'])
    expect(messages(found)[0]).toBe('record 101 says that it is record 102')
  })

  test('that is wrong for one record is told, and that it is right again is not', async () => {
    expect(
      briefly(
        await check(
          ...plain(9),
          entryOf({ kind: 'agent-ended', at: '2026-11-22T20:00:10.000Z' }, 77),
          ...plain(300),
        ),
      ),
    ).toEqual(['wrong-sequence 10'])
  })
})

describe('the clock', () => {
  const at = (time: string): object => ({ kind: 'agent-ended', at: `2026-11-22T${time}Z` })

  test('that steps back is a notice, in a bundle, in the journal and between them', async () => {
    const records = [...plain(254), at('22:00:00.000'), at('21:00:00.000'), ...plain(9)]
    const found = await check(...records)
    expect(found.ok).toBe(true)
    expect(briefly(found)).toEqual(['clock-stepped-back 256', 'clock-stepped-back 257'])
    expect(messages(found)[0]).toContain('from 2026-11-22T22:00:00.000Z to 2026-11-22T21:00:00.000Z')
  })

  test('that stands still says nothing', async () => {
    expect(briefly(await check(at('20:00:00.000'), at('20:00:00.000')))).toEqual([])
  })

  test('that is far from a witness’s is a notice', async () => {
    const root = new TestLog({ records: [] }).rootAt(1).toString('hex')
    const witnessed = (time: number): object => ({
      kind: 'witnessed',
      size: 1,
      root,
      cosigners: [{ name: 'w', keyId: '01020304', time }],
    })
    const now = Date.parse('2026-11-22T20:00:01.000Z') / 1000
    expect(briefly(await check(witnessed(now + 3500)))).toEqual([])
    expect(briefly(await check(witnessed(now + 7200)))).toEqual(['clock-differs 1'])
    expect(briefly(await check(witnessed(0)))).toEqual(['clock-differs 1'])
  })
})

describe('a reference', () => {
  test.each([
    ['of a job to a decision that allows it', [decision('allow'), opened(1)], []],
    ['of a job to a decision with a warning', [decision('warn'), opened(1)], []],
    ['of a job to a decision that denies it', [decision('deny'), opened(1)], ['wrong-reference 2']],
    ['of a job to a hold', [decision('hold'), opened(1)], ['wrong-reference 2']],
    ['of a job to a hold that was released', [decision('hold'), hold(1, 'released'), opened(1)], []],
    ['of a job to the release', [decision('hold'), hold(1, 'released'), opened(2)], []],
    [
      'of a job to a hold that was refused',
      [decision('hold'), hold(1, 'refused'), opened(1)],
      ['wrong-reference 3'],
    ],
    [
      'of a job to a denial that was set aside',
      [decision('deny'), { kind: 'override', decision: 1, rules: ['r'], role: 'site' }, opened(1)],
      [],
    ],
    ['of a job to what is no decision', [...plain(1), opened(1)], ['wrong-reference 2']],
    ['of a job to itself', [opened(1)], ['wrong-reference 1']],
    ['of a job to what comes later', [opened(2), decision('allow')], ['wrong-reference 1']],
    [
      'of a job armed to a denial',
      [decision('deny'), { kind: 'job-armed', job: 'j', decision: 1 }],
      ['wrong-reference 2'],
    ],
    ['of a release to what is no decision', [...plain(1), hold(1, 'released')], ['wrong-reference 2']],
    ['of an appeal to a decision', [decision('deny'), { kind: 'appeal-filed', decision: 1 }], []],
    [
      'of an appeal to what is none',
      [...plain(1), { kind: 'appeal-filed', decision: 1 }],
      ['wrong-reference 2'],
    ],
    [
      'of an end to an appeal',
      [
        decision('deny'),
        { kind: 'appeal-filed', decision: 1 },
        { kind: 'appeal-decided', appeal: 2, outcome: 'upheld' },
      ],
      [],
    ],
    [
      'of an end to a decision',
      [decision('deny'), { kind: 'appeal-decided', appeal: 1, outcome: 'upheld' }],
      ['wrong-reference 2'],
    ],
    [
      'of an incident to records before it',
      [
        ...plain(3),
        { kind: 'incident', uid: 'u', rule: 'r', severity: 'low', first: 1, last: 3, count: 2 },
        { kind: 'incident-exported', incident: 4, to: 'file', isSent: true },
      ],
      [],
    ],
    [
      'of an incident to what comes later',
      [{ kind: 'incident', uid: 'u', rule: 'r', severity: 'low', first: 0, last: 9, count: 2 }],
      ['wrong-reference 1'],
    ],
    [
      'of an incident backwards',
      [...plain(3), { kind: 'incident', uid: 'u', rule: 'r', severity: 'low', first: 3, last: 1, count: 2 }],
      ['wrong-count 4'],
    ],
    [
      'of an export to what is no incident',
      [...plain(1), { kind: 'incident-exported', incident: 1, to: 'file', isSent: true }],
      ['wrong-reference 2'],
    ],
    ['of a case to a decision', [decision('deny'), { kind: 'case-approved', decision: 1 }], []],
    ['of a case to what is none', [{ kind: 'case-approved', decision: 0 }], ['wrong-reference 1']],
    ['of a snapshot to records before it', [{ kind: 'snapshot', fold: 'f', size: 1, state: {} }], []],
    [
      'of a snapshot to records that are not there yet',
      [{ kind: 'snapshot', fold: 'f', size: 2, state: {} }],
      ['wrong-reference 1'],
    ],
  ])('%s', async (_, records, expected) => {
    const found = await check(...records)
    expect(briefly(found)).toEqual(expected)
    expect(found.ok).toBe(expected.length === 0)
  })

  test('to a record that cannot be read is not judged', async () => {
    expect(briefly(await check(Buffer.from('{"a": 1}'), opened(1)))).toEqual(['not-canonical 1'])
  })

  test('reaches over bundles', async () => {
    expect(briefly(await check(decision('allow'), ...plain(600), opened(1), opened(2)))).toEqual([
      'wrong-reference 603',
    ])
  })
})

describe('a sample', () => {
  const sampled = (change: object): object => ({
    kind: 'sampled',
    size: 4,
    from: 1,
    tier: null,
    source: 'beacon',
    seed: SHA,
    population: 3,
    drawn: [1, 3],
    ...change,
  })
  const three = [decision('allow'), decision('deny'), decision('hold')]
  test.each([
    ['of decisions', {}, []],
    ['of nothing', { drawn: [] }, []],
    ['of what is no decision', { from: 0, drawn: [0] }, ['wrong-reference 4']],
    ['out of order', { drawn: [3, 1] }, ['wrong-count 4']],
    ['of one twice', { drawn: [1, 1] }, ['wrong-count 4']],
    ['from before its population', { from: 2 }, ['wrong-count 4']],
    ['of more than there are', { population: 1 }, ['wrong-count 4']],
    ['of what comes later', { size: 5, drawn: [4] }, ['wrong-reference 4', 'wrong-reference 4']],
  ])('%s', async (_, change, expected) => {
    expect(briefly(await check(...three, sampled(change)))).toEqual(expected)
  })

  test('and its reviews', async () => {
    const review = (sample: number, of: number): object => ({
      kind: 'reviewed',
      sample,
      decision: of,
      finding: 'sound',
      lesson: null,
    })
    expect(briefly(await check(...three, sampled({}), review(4, 3)))).toEqual([])
    expect(briefly(await check(...three, sampled({}), review(3, 3), review(4, 0)))).toEqual([
      'wrong-reference 5',
      'wrong-reference 6',
    ])
  })
})

describe('the count of a job', () => {
  test.each([
    ['grows', [sealed(3), sealed(3), sealed(5), closed(9)], []],
    ['runs backwards', [sealed(5), sealed(3)], ['wrong-count 4']],
    ['runs backwards at the end', [sealed(5), closed(4)], ['wrong-count 4']],
    ['is more than all', [closed(10)], ['wrong-count 3']],
    ['is of a stream, which has no end', [closed(10, null)], []],
    ['begins again with another job', [sealed(5), sealed(1, 'k')], []],
    ['begins again when the job is opened again', [sealed(5), closed(5), opened(1), sealed(1)], []],
    ['begins again where a crash left the job open', [sealed(5), opened(1), sealed(1)], []],
  ])('%s', async (_, records, expected) => {
    expect(briefly(await check(decision('allow'), opened(1), ...records))).toEqual(expected)
  })
})

describe('a copy of a licence', () => {
  test.each([
    [['reserved', 'printing', 'printed'], []],
    [['reserved', 'returned'], []],
    [['reserved', 'uncertain'], []],
    [['reserved', 'printing', 'uncertain'], []],
    [['reserved', 'printing', 'returned'], []],
    [['reserved', 'printing', 'uncertain', 'printed'], ['wrong-count 4']],
    [['reserved', 'printing', 'uncertain', 'returned'], ['wrong-count 4']],
    [['printing'], ['wrong-count 1']],
    [['printed'], ['wrong-count 1']],
    [['reserved', 'printed'], ['wrong-count 2']],
    [['reserved', 'reserved'], ['wrong-count 2']],
    [['reserved', 'returned', 'printing'], ['wrong-count 3']],
    [['reserved', 'printing', 'printed', 'returned'], ['wrong-count 4']],
    [['reserved', 'printing', 'printed', 'reserved'], ['wrong-count 4']],
  ])('that goes %j', async (states, expected) => {
    expect(briefly(await check(...states.map((state) => copy(state))))).toEqual(expected)
  })

  test('is one by its name and its licence', async () => {
    expect(briefly(await check(copy('reserved', 'a'), copy('reserved', 'b'), copy('printing', 'a')))).toEqual(
      [],
    )
  })
})

describe('a job under a licence that verified', () => {
  const licensed = (outcome = 'allow') => ({ ...decision(outcome), licence: { id: 'l', sha256: SHA } })

  test('begins with a copy that is reserved for it', async () => {
    const story = [licensed(), copy('reserved', 'j'), opened(1), copy('printing', 'j'), closed(9)]
    expect(briefly(await check(...story, copy('printed', 'j')))).toEqual([])
    expect(briefly(await check({ ...decision('allow'), licence: { id: 'l' } }, opened(1)))).toEqual([])
  })

  test.each<[string, readonly object[], number]>([
    ['without one', [licensed('warn'), opened(1)], 2],
    ['before it', [licensed(), opened(1), copy('reserved', 'j')], 2],
    ['with that of another job', [licensed(), copy('reserved', 'k'), opened(1)], 3],
    ['with one that came back', [licensed(), copy('reserved', 'j'), copy('returned', 'j'), opened(1)], 4],
  ])('does not begin %s', async (_how, story, at) => {
    const verification = await check(...story)
    expect(briefly(verification)).toEqual([`wrong-count ${at}`])
    expect(messages(verification)[0]).toContain(
      'job `j` begins under a licence of which no copy waits for it',
    )
  })
})

describe('the copies of a licence', () => {
  const made = (...names: readonly string[]): readonly object[] =>
    names.flatMap((name) => [copy('reserved', name), copy('printing', name), copy('printed', name)])

  test('are never more than the record that reserves one says', async () => {
    expect(briefly(await check(...made('a', 'b', 'c')))).toEqual([])
    expect(briefly(await check(...made('a', 'b', 'c', 'd')))).toEqual(['wrong-count 10'])
    const { findings } = await check(...made('a', 'b', 'c', 'd'))
    expect(findings[0]?.message).toBe(
      'record 10: with copy `d` there are 4 of licence `l`, of which there may be 3',
    )
  })

  test('count in each parent too, and there are limits of their own', async () => {
    const under = (name: string, parent: number): object =>
      copy('reserved', name, { terms: countingIn(['l', 9], ['parent', parent]) })
    expect(briefly(await check(under('a', 2), under('b', 2)))).toEqual([])
    expect(briefly(await check(under('a', 2), under('b', 2), under('c', 2)))).toEqual(['wrong-count 3'])
    const other = copy('reserved', 'x', { licence: 'm', terms: countingIn(['m', 9], ['parent', 2]) })
    expect(briefly(await check(under('a', 2), under('b', 2), other))).toEqual(['wrong-count 3'])
    expect(briefly(await check(under('a', 2), copy('returned', 'a'), under('b', 2), other))).toEqual([])
  })

  test('that are returned make room, by themselves and by a refund', async () => {
    const full = made('a', 'b', 'c')
    expect(briefly(await check(...full, givenBack('b', 'printed'), ...made('d')))).toEqual([])
    expect(briefly(await check(...full, givenBack('b', 'printed'), ...made('d', 'e')))).toEqual([
      'wrong-count 14',
    ])
    const lost = [copy('reserved', 'z'), copy('uncertain', 'z')]
    expect(briefly(await check(...lost, givenBack('z', 'uncertain'), ...full))).toEqual([])
  })

  test('are given back only as what they were, and once', async () => {
    expect(briefly(await check(...made('a'), givenBack('a', 'uncertain')))).toEqual(['wrong-count 4'])
    expect(briefly(await check(copy('reserved'), givenBack('c-1', 'printed')))).toEqual(['wrong-count 2'])
    const twice = [...made('a'), givenBack('a', 'printed'), givenBack('a', 'printed')]
    expect(briefly(await check(...twice))).toEqual(['wrong-count 5'])
  })

  test('say what they count in when they are reserved', async () => {
    expect(briefly(await check(copy('reserved', 'a', { terms: null })))).toEqual(['wrong-count 1'])
    const elsewhere = copy('reserved', 'a', { terms: countingIn(['other', 3]) })
    expect(briefly(await check(elsewhere))).toEqual(['wrong-count 1'])
  })
})

describe('a report that was filed', () => {
  test.each([
    [1, []],
    [2, ['wrong-reference 2']],
  ])('through record %i tells of records before it', async (through, expected) => {
    const filed = { kind: 'report-filed', licence: 'l', through, sha256: SHA, sealed: undefined }
    expect(briefly(await check(decision('allow'), filed))).toEqual(expected)
  })
})

describe('a head that a record tells of', () => {
  const base = new TestLog({ records: plain(700) })
  const witnessed = (size: number, root: string): object => ({ kind: 'witnessed', size, root, cosigners: [] })

  test.each([1, 50, 256, 300, 512, 701])('of %i records is that of the records', async (size) => {
    const right = witnessed(size, base.rootAt(size).toString('hex'))
    expect(briefly(await check(...plain(700), right))).toEqual([])
    const wrong = witnessed(size, base.rootAt(size === 1 ? 2 : 1).toString('hex'))
    expect(briefly(await check(...plain(700), wrong))).toEqual(['other-records 701'])
  })

  test('is not of records that are not there yet', async () => {
    expect(briefly(await check(witnessed(5, SHA), ...plain(9)))).toEqual(
      ['other-records 1', 'wrong-reference 1'].sort().reverse(),
    )
  })

  test('of many sizes is compared for each', async () => {
    const records = [
      ...plain(700),
      ...Array.from({ length: 60 }, (_, i) => witnessed(i * 11 + 1, base.rootAt(i * 11 + 1).toString('hex'))),
    ]
    expect(briefly(await check(...records))).toEqual([])
  })

  test('that a witness refused is a notice', async () => {
    const found = await check({
      kind: 'witness-refused',
      witness: 'w',
      status: 409,
      size: 1,
      witnessSize: 5,
      isProven: true,
    })
    expect(found.ok).toBe(true)
    expect(found.findings).toMatchObject([{ severity: 'notice', code: 'witness-refused', index: 1 }])
  })
})

describe('what is found', () => {
  test('is at most a hundred, and says how much more there is', async () => {
    const found = await check(...Array.from({ length: 700 }, () => Buffer.from('x')))
    expect(found.findings).toHaveLength(100)
    expect(found).toMatchObject({ ok: false, records: 701 })
    expect(found.omitted).toBeGreaterThan(0)
  })

  test('is damage before notices', async () => {
    const back = Array.from({ length: 400 }, (_, i) => ({
      kind: 'agent-ended',
      at: new Date(1.7e12 - i * 1000).toISOString(),
    }))
    const found = await check(...back, Buffer.from('x'))
    expect(found.findings).toHaveLength(100)
    expect(found.findings.at(-1)).toMatchObject({ code: 'not-json', index: 401 })
    expect(found.omitted).toBeGreaterThan(200)
  })
})

test('a set of indexes holds what was put in', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200_000)), fc.array(fc.nat(200_000)), (put, asked) => {
      const set = new IndexSet()
      for (const index of put) set.add(index)
      for (const index of [...put, ...asked]) expect(set.has(index)).toBe(put.includes(index))
    }),
  )
  const far = new IndexSet()
  far.add(Number.MAX_SAFE_INTEGER)
  expect([far.has(Number.MAX_SAFE_INTEGER), far.has(Number.MAX_SAFE_INTEGER - 1), far.has(31)]).toEqual([
    true,
    false,
    false,
  ])
})
