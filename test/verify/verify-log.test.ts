// Whole logs: right ones of every shape that a writer leaves, and what is found when one thing about them is changed.
// The logs are made by the tests themselves, straight from FORMAT.md.
import { describe, expect, test } from 'vitest'
import { AgentError } from '../../agent/errors.ts'
import {
  type Finding,
  isProblem,
  type NoteKey,
  parseNoteKey,
  parseTlogPolicy,
  type Verification,
  type VerifyOptions,
  verifyLog,
} from '../../agent/verify/index.ts'
import { KEYS, type LogPlan, pack, plain, segment, TestKeys, TestLog } from './log-maker.ts'
import { testSigner } from './signing.ts'

const logOf = (count: number, plan: Partial<LogPlan> = {}): TestLog =>
  new TestLog({ records: plain(count - 1), ...plan })
const check = (log: TestLog, options?: VerifyOptions): Promise<Verification> =>
  verifyLog(log.write(), options)
const briefly = ({ findings }: Verification): readonly string[] =>
  findings.map(({ code, index }) => `${code} ${index}`)
const only = ({ findings }: Verification): Finding => {
  expect(findings).toHaveLength(1)
  return findings[0]!
}
const keyOf = (vkey: string): NoteKey => {
  const key = parseNoteKey(vkey)
  if (isProblem(key)) throw new Error(key.problem)
  return key
}

describe('a right log', () => {
  test.each([1, 2, 49, 50, 51, 255, 256, 257, 300, 511, 512, 513, 700])(
    'of %i records has nothing to be found',
    async (count) => {
      const log = logOf(count)
      expect(await check(log)).toEqual({
        ok: true,
        origin: KEYS.origin,
        key: KEYS.log.vkey,
        records: count,
        root: log.rootAt(count).toString('hex'),
        checkpoint: { size: count, root: log.rootAt(count).toString('hex'), cosigners: [] },
        witnessed: null,
        findings: [],
        omitted: 0,
      })
    },
  )

  test.each([1, 7, 256])('with %i records a commit has nothing to be found', async (perFrame) => {
    expect(await check(logOf(600, { perFrame }))).toMatchObject({ ok: true, findings: [] })
  })

  test.each([1, 255, 256, 300, 512, 599])(
    'published at %i of 600 records has nothing to be found',
    async (published) => {
      const verification = await check(logOf(600, { published }))
      expect(verification).toMatchObject({
        ok: true,
        records: 600,
        checkpoint: { size: published },
        findings: [],
      })
    },
  )

  test('has its next segment made ahead', async () => {
    const log = logOf(200)
    log.files.set(segment(1), Buffer.alloc(0))
    expect(await check(log)).toMatchObject({ ok: true, records: 200, findings: [] })
  })

  test('has its settled segment still', async () => {
    const log = logOf(600)
    expect([...log.files.keys()].filter((name) => name.startsWith('journal'))).toEqual([
      segment(1),
      segment(2),
    ])
    expect(await check(log)).toMatchObject({ ok: true, findings: [] })
  })

  test('that was not settled yet is told where, and is right', async () => {
    const log = logOf(600, { settled: 0, published: 100 })
    const verification = await check(log)
    expect(verification).toMatchObject({ ok: true, records: 600 })
    expect(briefly(verification)).toEqual(['unsettled-tile 0', 'unsettled-tile 256'])
  })

  test('that has just begun has no checkpoint yet', async () => {
    const verification = await check(logOf(1, { published: 0 }))
    expect(verification).toMatchObject({ ok: true, records: 1, checkpoint: null })
    expect(only(verification)).toMatchObject({ severity: 'notice', code: 'no-checkpoint-yet' })
  })

  test('tells how far it came', async () => {
    const seen: number[] = []
    await check(logOf(600), { onProgress: (records) => seen.push(records) })
    expect(seen).toEqual([256, 600])
  })
})

test('no log is none', async () => {
  const empty = new TestLog({ records: [] })
  empty.files.clear()
  const error = await check(empty).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(AgentError)
  expect(error).toMatchObject({ code: 'USAGE' })
  await expect(verifyLog('/nonexistent/log')).rejects.toMatchObject({ code: 'USAGE' })
})

test('a log without records is not a right one', async () => {
  const log = new TestLog({ records: [] })
  log.files.clear()
  log.files.set(segment(0), Buffer.alloc(0))
  const verification = await check(log)
  expect(verification).toMatchObject({
    ok: false,
    records: 0,
    origin: null,
    root: log.rootAt(0).toString('hex'),
  })
  expect(briefly(verification)).toContain('wrong-first-record 0')
})

describe('a changed record', () => {
  const at = (entries: readonly Buffer[], index: number): number =>
    pack(entries.slice(Math.floor(index / 256) * 256, index)).length + 2

  test('is named, with its file and byte, and is the only finding', async () => {
    const log = logOf(700)
    const offset = at(log.entries, 77)
    log.change('tile/entries/000', (bytes) => {
      const from = bytes.indexOf('"lines":76', offset)
      bytes.write('"lines":66', from)
      return bytes
    })
    expect(only(await check(log))).toEqual({
      severity: 'damage',
      code: 'changed-record',
      index: 77,
      file: 'tile/entries/000',
      offset,
      message: 'record 77 does not have the hash that the tree holds for it',
    })
  })

  test('is named too when its hash in the tile was changed with it', async () => {
    const log = logOf(700)
    const other = logOf(700, {
      records: plain(699).map((record, i) => (i === 76 ? { ...record, lines: 9 } : record)),
    })
    for (const name of ['tile/entries/000', 'tile/0/000']) log.files.set(name, other.files.get(name)!)
    expect(briefly(await check(log))).toEqual(['unsettled-tile 0', 'other-records 305', 'other-records null'])
  })

  test('is told by the checkpoint when every tile was changed with it', async () => {
    const log = logOf(1000)
    const other = logOf(1000, {
      records: plain(999).map((record, i) => (i === 76 ? { ...record, lines: 9 } : record)),
    })
    for (const [name, bytes] of other.files) if (name.startsWith('tile')) log.files.set(name, bytes)
    expect(briefly(await check(log))).toEqual(['other-records 561', 'other-records null'])
  })

  test('in the journal is told with what follows it', async () => {
    const log = logOf(700)
    log.change(segment(2), (bytes) => {
      bytes.write('"lines":9', bytes.indexOf('"lines":5'))
      return bytes
    })
    const verification = await check(log)
    expect(verification.ok).toBe(false)
    expect(verification.findings).toMatchObject([
      {
        code: 'broken-journal',
        index: 512,
        file: segment(2),
        offset: 0,
        message: expect.stringContaining('a signed commit follows'),
      },
      { code: 'other-records', file: 'checkpoint', message: expect.stringContaining('some are lost') },
    ])
    expect(verification).toMatchObject({ records: 650, root: null })
  })

  test('in a segment that is settled is told, and its records are read from the bundle', async () => {
    const log = logOf(700)
    log.change(segment(1), (bytes) => {
      bytes.write('"lines":9', bytes.indexOf('"lines":3'))
      return bytes
    })
    const verification = await check(log)
    expect(verification).toMatchObject({ ok: false, records: 700, root: log.rootAt(700).toString('hex') })
    expect(briefly(verification)).toContain('broken-journal 256')
  })

  test('in a bundle whose segment is there is told by both', async () => {
    const log = logOf(700)
    log.change('tile/entries/001', (bytes) => {
      bytes.write('"lines":9', bytes.indexOf('"lines":30'))
      return bytes
    })
    expect(only(await check(log))).toMatchObject({
      code: 'changed-record',
      index: 301,
      file: 'tile/entries/001',
    })
  })
})

describe('a record', () => {
  const without = (log: TestLog, index: number): Buffer =>
    pack(log.entries.slice(0, 256).filter((_, i) => i !== index))

  test('that was taken out leaves a bundle of too few', async () => {
    const log = logOf(700)
    log.files.set('tile/entries/000', without(log, 30))
    expect(briefly(await check(log))).toEqual([
      'changed-record 30',
      'wrong-sequence 30',
      'malformed-bundle 255',
    ])
  })

  test('that was put in pushes another out', async () => {
    const log = logOf(700)
    const entries = log.entries.slice(0, 256)
    log.files.set(
      'tile/entries/000',
      pack([...entries.slice(0, 30), entries[29]!, ...entries.slice(30, 255)]),
    )
    expect(await check(log)).toMatchObject({
      ok: false,
      findings: [
        { code: 'changed-record', index: 30, message: expect.stringContaining('and 225 more of its bundle') },
        { code: 'wrong-sequence', index: 30 },
      ],
    })
  })

  test('that changed places with another is told', async () => {
    const log = logOf(700)
    const entries = [...log.entries.slice(0, 256)]
    ;[entries[30], entries[31]] = [entries[31]!, entries[30]!]
    log.files.set('tile/entries/000', pack(entries))
    expect(briefly(await check(log))).toEqual([
      'changed-record 30',
      'wrong-sequence 30',
      'wrong-sequence 31',
      'clock-stepped-back 31',
    ])
  })
})

describe('a file', () => {
  test.each([
    ['tile/entries/000', 'missing-file', 0],
    ['tile/0/000', 'missing-file', 0],
    ['tile/entries/001', 'missing-file', 256],
    ['tile/0/001', 'missing-file', 256],
  ])('%s that is gone is named', async (name, code, index) => {
    const verification = await check(logOf(700).remove(name), { key: keyOf(KEYS.log.vkey) })
    expect(only(verification)).toMatchObject({ severity: 'damage', code, index, file: name })
  })

  test.each(['tile/entries/002.p/188', 'tile/0/002.p/188', 'tile/1/000.p/2'])(
    '%s, which is made again, is only told',
    async (name) => {
      const verification = await check(logOf(700).remove(name))
      expect(verification.ok).toBe(true)
      expect(only(verification)).toMatchObject({ severity: 'notice', code: 'unsettled-tile', file: name })
      const torn = await check(logOf(700).change(name, (bytes) => bytes.subarray(0, 10)))
      expect(only(torn)).toMatchObject({ severity: 'notice', code: 'unsettled-tile', file: name })
    },
  )

  test('both files of a bundle that are gone leave the rest to be read', async () => {
    const verification = await check(logOf(1000).remove('tile/entries/000').remove('tile/0/000'))
    expect(verification).toMatchObject({ ok: false, records: 744 })
    // The checkpoint's own tile has the root of the bundle, so that everything else still fits.
    expect(briefly(verification)).toEqual(['bad-signature 0', 'missing-file 0', 'missing-file 0'])
  })

  test('both files of a bundle that are gone, with the key known from elsewhere, leave only that to be said', async () => {
    const log = logOf(1000).remove('tile/entries/000').remove('tile/0/000')
    const verification = await check(log, { key: keyOf(KEYS.log.vkey) })
    expect(briefly(verification)).toEqual(['missing-file 0', 'missing-file 0'])
    expect(verification.root).toBe(log.rootAt(1000).toString('hex'))
  })

  test('that is lost with what is above it makes the heads incomparable', async () => {
    const log = logOf(1000)
    for (const name of ['tile/entries/001', 'tile/0/001', 'tile/1/000.p/3']) log.remove(name)
    const verification = await check(log)
    expect(verification).toMatchObject({ ok: false, records: 744, root: null })
    expect(verification.findings.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('cannot be compared with them, because some are lost'),
    )
  })

  test('of too many or too few bytes is named', async () => {
    const long = await check(logOf(700).change('tile/0/000', (bytes) => Buffer.concat([bytes, bytes])))
    expect(only(long)).toMatchObject({ code: 'unreadable-file', file: 'tile/0/000' })
    const short = await check(logOf(700).change('tile/0/000', (bytes) => bytes.subarray(32)))
    expect(only(short)).toMatchObject({ code: 'changed-tile', file: 'tile/0/000' })
    const odd = await check(
      logOf(700).change('tile/entries/000', (bytes) => Buffer.concat([bytes, Buffer.of(0)])),
    )
    expect(only(odd)).toMatchObject({ code: 'malformed-bundle', file: 'tile/entries/000' })
  })

  test('that does not belong there is a notice', async () => {
    const log = logOf(700)
    log.files.set('notes.txt', Buffer.from('x'))
    log.files.set('tile/0/000.bak', Buffer.from('x'))
    log.files.set('tile/66/000', Buffer.from('x'))
    log.files.set('journal/1', Buffer.from('x'))
    const verification = await check(log)
    expect(verification.ok).toBe(true)
    expect(only(verification)).toMatchObject({
      code: 'stray-file',
      message: expect.stringContaining('and 3 more are'),
    })
  })

  test('that a publication before left is a notice', async () => {
    const log = logOf(700)
    log.files.set('tile/0/002.p/100', log.files.get('tile/0/002.p/188')!.subarray(0, 3200))
    expect(only(await check(log))).toMatchObject({ code: 'stray-file', file: 'tile/0/002.p/100' })
  })
})

describe('the end of a log', () => {
  test('that was cut before the checkpoint is told', async () => {
    const log = logOf(700).change(segment(2), (bytes) => bytes.subarray(0, 0))
    const verification = await check(log)
    expect(verification).toMatchObject({ ok: false, records: 512 })
    expect(briefly(verification)).toContain('records-missing 512')
    expect(briefly(verification)).toContain('beyond-end 512')
    expect(verification.findings[0]?.message).toContain('188 are missing')
  })

  test('that was cut behind the checkpoint is not seen, except by who holds a later head', async () => {
    const whole = logOf(700, { published: 512 })
    const cut = logOf(700, { published: 512 }).change(segment(2), (bytes) => bytes.subarray(0, 0))
    expect(await check(cut)).toMatchObject({ ok: true, records: 512, findings: [] })
    const verification = await check(cut, { earlier: [{ name: 'paper', note: whole.note(650) }] })
    expect(only(verification)).toMatchObject({ code: 'records-missing', index: 512, file: 'paper' })
  })

  test('that was cut with its checkpoint put back is seen by the tiles that it left', async () => {
    const log = logOf(512 + 256, { published: 300 })
    log.remove(segment(2)).remove(segment(3))
    log.files.set(segment(1), Buffer.concat([log.frame(256, 300)]))
    const verification = await check(log)
    expect(only(verification)).toMatchObject({ code: 'beyond-end', index: 300, file: 'tile/0/002' })
  })

  test('that a crash cut short is a notice', async () => {
    for (const bytes of [1, 50, 113, 114, 200, 1000]) {
      const log = logOf(700, { published: 600 })
      const more = new TestLog({ records: plain(749) }).frame(700, 750)
      log.change(segment(2), (written) => Buffer.concat([written, more.subarray(0, bytes)]))
      const verification = await check(log)
      expect(verification).toMatchObject({ ok: true, records: 700 })
      expect(only(verification)).toMatchObject({ severity: 'notice', code: 'unfinished-commit', index: 700 })
    }
  })

  test('of zeros that a crash left is a notice', async () => {
    const log = logOf(700).change(segment(2), (bytes) => Buffer.concat([bytes, Buffer.alloc(4096)]))
    expect(only(await check(log))).toMatchObject({ severity: 'notice', code: 'unfinished-commit' })
  })

  test('with more bytes than a crash leaves is damage', async () => {
    const log = logOf(700).change(segment(2), (bytes) =>
      Buffer.concat([bytes, Buffer.alloc(1024 * 1024 + 200)]),
    )
    expect(only(await check(log))).toMatchObject({ severity: 'damage', code: 'broken-journal', index: 700 })
  })

  test('with a commit that is another log’s is damage only if it is more than a crash leaves', async () => {
    const stranger = new TestLog({ records: plain(749), keys: new TestKeys('thief', 'thief') }).frame(
      700,
      750,
    )
    const log = logOf(700).change(segment(2), (bytes) => Buffer.concat([bytes, stranger]))
    expect(only(await check(log))).toMatchObject({ severity: 'notice', code: 'unfinished-commit' })
  })
})

describe('the journal', () => {
  test('that is gone is damage', async () => {
    const log = logOf(700).remove(segment(1)).remove(segment(2))
    const verification = await check(log)
    expect(verification).toMatchObject({ ok: false, records: 700 })
    expect(briefly(verification)).toEqual(['no-journal 700'])
  })

  test('that lacks a segment is damage', async () => {
    const log = logOf(700, { settled: 0, published: 100 }).remove(segment(1))
    const verification = await check(log)
    expect(verification.ok).toBe(false)
    expect(briefly(verification)).toContain('broken-journal 256')
  })

  test('that lacks its first segment is damage where its bundle is not settled', async () => {
    const log = logOf(700, { settled: 0, published: 100 }).remove(segment(0))
    expect(briefly(await check(log))).toContain('missing-file 0')
  })

  test('with a segment that ends early is damage', async () => {
    const log = logOf(700, { settled: 0, published: 100 })
    log.files.set(segment(1), Buffer.concat([log.frame(256, 300)]))
    const verification = await check(log)
    expect(briefly(verification)).toContain('broken-journal 300')
  })

  test('with a commit that the log did not sign is damage where others follow', async () => {
    const log = logOf(700)
    log.change(segment(2), (bytes) => {
      bytes[18 + 32 + 5]! ^= 1
      return bytes
    })
    expect(briefly(await check(log))).toEqual(['broken-journal 512', 'other-records null'])
  })

  test('with a commit taken out is damage', async () => {
    const log = logOf(700)
    log.files.set(segment(2), Buffer.concat([log.frame(512, 562), log.frame(612, 662), log.frame(662, 700)]))
    expect(briefly(await check(log))).toContain('broken-journal 562')
  })

  test('with a commit twice is damage', async () => {
    const log = logOf(700)
    log.files.set(segment(2), Buffer.concat([log.frame(512, 562), log.frame(512, 562), log.frame(562, 700)]))
    expect(briefly(await check(log))).toContain('broken-journal 562')
  })
})

describe('the checkpoint', () => {
  test('that is gone is damage', async () => {
    const verification = await check(logOf(700).remove('checkpoint'))
    expect(briefly(verification)).toContain('no-checkpoint null')
    expect(verification).toMatchObject({ ok: false, checkpoint: null })
  })

  test('that is no checkpoint is damage', async () => {
    const verification = await check(logOf(300).change('checkpoint', () => Buffer.from('hello\n')))
    expect(briefly(verification)).toContain('malformed-checkpoint null')
  })

  test('that another key signed is damage', async () => {
    const thief = new TestKeys('a machine', 'thief')
    const log = logOf(300)
    const text = log.note(300).toString().split('\n\n')[0]!
    const verification = await check(
      log.change('checkpoint', () => Buffer.from(`${text}\n\n${thief.log.line(`${text}\n`)}`)),
    )
    expect(briefly(verification)).toContain('bad-signature null')
  })

  test('of another log is damage', async () => {
    const other = logOf(300, { keys: new TestKeys('another machine', 'another log') })
    expect(briefly(await check(logOf(300).change('checkpoint', () => other.note(300))))).toContain(
      'other-log null',
    )
  })

  test('that the log’s key signed for other records is damage', async () => {
    const fork = logOf(300, { records: [...plain(298), { kind: 'agent-ended' }] })
    const verification = await check(logOf(300).change('checkpoint', () => fork.note(300)))
    expect(only(verification)).toMatchObject({ code: 'other-records', file: 'checkpoint' })
  })

  test('of more records than there can be is damage, and not looked for', async () => {
    const log = logOf(300)
    const text = `${KEYS.origin}\n9007199254740991\n${log.rootAt(300).toString('base64')}\n`
    log.files.set('checkpoint', Buffer.from(`${text}\n${KEYS.log.line(text)}`))
    expect(briefly(await check(log))).toContain('records-missing 300')
    const copy = await check(log, { isCopy: true })
    expect(copy.ok).toBe(false)
    expect(copy.records).toBe(256)
    expect(copy.findings.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'bundles 5 to 1000 are missing too',
        expect.stringMatching(/^bundles 1001 to \d+ were not/),
      ]),
    )
  })
})

describe('an earlier checkpoint from elsewhere', () => {
  test.each([1, 49, 255, 256, 300, 512, 700])('of %i of these records fits', async (size) => {
    const log = logOf(700)
    expect(await check(log, { earlier: [{ name: 'paper', note: log.note(size) }] })).toMatchObject({
      ok: true,
      findings: [],
    })
  })

  test('of other records means that there are two logs', async () => {
    const fork = logOf(700, { records: [{ kind: 'agent-ended' }, ...plain(698)] })
    for (const size of [2, 300, 700]) {
      const verification = await check(logOf(700), { earlier: [{ name: 'paper', note: fork.note(size) }] })
      expect(only(verification)).toMatchObject({ code: 'forked', file: 'paper' })
    }
  })

  test('that cannot be read, or is not signed, is damage: it was to prove something', async () => {
    const earlier = [
      { name: 'torn', note: Buffer.from('x') },
      { name: 'other', note: logOf(5, { keys: new TestKeys('m', 'l') }).note(5) },
    ]
    expect((await check(logOf(20), { earlier })).findings.map(({ code, file }) => `${code} ${file}`)).toEqual(
      ['malformed-checkpoint torn', 'other-log other'],
    )
  })

  test('shows a log that was made anew with a stolen key', async () => {
    const real = logOf(700)
    const forged = logOf(700, {
      records: plain(699).map((record, i) => (i === 76 ? { ...record, lines: 0 } : record)),
    })
    expect(await check(forged)).toMatchObject({ ok: true })
    const verification = await check(forged, { earlier: [{ name: 'paper', note: real.note(512) }] })
    expect(only(verification)).toMatchObject({ code: 'forked' })
    // A head from before the change proves nothing.
    expect(await check(forged, { earlier: [{ name: 'paper', note: real.note(77) }] })).toMatchObject({
      ok: true,
    })
  })

  test('shows an old copy of the folder that was put back', async () => {
    const verification = await check(logOf(300), { earlier: [{ name: 'paper', note: logOf(700).note(700) }] })
    expect(only(verification)).toMatchObject({
      code: 'records-missing',
      message: expect.stringContaining('400 are missing'),
    })
  })
})

describe('whose log it is', () => {
  const thief = new TestKeys('thief', 'thief')

  test('is asked of the caller where it knows', async () => {
    const [key, other] = [keyOf(KEYS.log.vkey), keyOf(thief.log.vkey)]
    expect(await check(logOf(20), { origin: KEYS.origin, key })).toMatchObject({ ok: true })
    expect(briefly(await check(logOf(20), { key: other }))).toContain('other-log 0')
    expect(briefly(await check(logOf(20), { origin: thief.origin }))).toContain('other-log 0')
    expect(briefly(await check(logOf(20, { keys: thief }), { key }))).toContain('other-log 0')
  })

  test('shows in the machine’s signature', async () => {
    const { signature } = thief.genesis() as { signature: string }
    const verification = await check(logOf(20, { genesis: KEYS.genesis({ signature }) }))
    expect(only(verification)).toMatchObject({
      code: 'bad-signature',
      index: 0,
      message: expect.stringContaining('machine'),
    })
  })

  test('shows in its name', async () => {
    const { machineKey } = thief.genesis() as { machineKey: string }
    const verification = await check(logOf(20, { genesis: KEYS.genesis({ machineKey }) }))
    expect(only(verification)).toMatchObject({
      code: 'bad-signature',
      message: expect.stringContaining('not that of its keys'),
    })
  })

  test('is not known where the first record is none', async () => {
    const verification = await check(logOf(20, { genesis: { kind: 'agent-ended' } }))
    expect(verification).toMatchObject({ ok: false, origin: null, key: null, records: 20 })
    expect(briefly(verification)).toEqual(['bad-signature 0', 'wrong-first-record 0'])
  })

  test('may not be said twice', async () => {
    expect(briefly(await check(logOf(3, { records: [KEYS.genesis(), { kind: 'agent-ended' }] })))).toEqual([
      'wrong-first-record 1',
    ])
  })
})

describe('a copy of what is published', () => {
  const copyOf = (log: TestLog): TestLog => {
    for (const name of [...log.files.keys()]) if (name.startsWith('journal')) log.remove(name)
    return log
  }

  test.each([1, 255, 256, 300, 700])('of %i records is checked as far as it goes', async (published) => {
    const log = copyOf(logOf(700, { published, settled: Math.floor(published / 256) }))
    expect(await check(log, { isCopy: true })).toMatchObject({ ok: true, records: published, findings: [] })
  })

  test('must have the partial tiles that its checkpoint needs', async () => {
    for (const name of ['tile/entries/002.p/188', 'tile/0/002.p/188', 'tile/1/000.p/2']) {
      const verification = await check(copyOf(logOf(700)).remove(name), { isCopy: true })
      expect(verification.ok, name).toBe(false)
      expect(verification.findings[0], name).toMatchObject({ file: name })
    }
  })

  test('without a checkpoint has nothing that is signed', async () => {
    const verification = await check(copyOf(logOf(700)).remove('checkpoint'), { isCopy: true })
    expect(verification).toMatchObject({ ok: false, records: 512 })
    expect(briefly(verification)).toContain('no-checkpoint null')
  })
})

describe('witnesses', () => {
  const witness = testSigner('witness.example', 4)
  const policy = parseTlogPolicy(Buffer.from(`witness w ${witness.vkey}\nquorum w\n`))
  if (isProblem(policy)) throw new Error(policy.problem)

  test('who cosigned are told, with their time', async () => {
    const log = logOf(300, { cosign: (text) => witness.line(text, 1_790_000_000) })
    expect(await check(log, { policy })).toMatchObject({
      ok: true,
      checkpoint: { cosigners: [{ name: 'witness.example', time: 1_790_000_000 }] },
      findings: [],
    })
    expect(await check(log)).toMatchObject({ ok: true, checkpoint: { cosigners: [] } })
  })

  test('who cosigned a head before are enough', async () => {
    const log = logOf(300)
    log.files.set(
      'witnessed',
      log.note(200, (text) => witness.line(text, 7)),
    )
    expect(await check(log, { policy })).toMatchObject({
      ok: true,
      checkpoint: { size: 300, cosigners: [] },
      witnessed: { size: 200, cosigners: [{ name: 'witness.example', time: 7 }] },
      findings: [],
    })
  })

  test('are believed of a log that the policy names, and of no other', async () => {
    const log = logOf(300)
    const told = (vkey: string) => {
      const policy = parseTlogPolicy(Buffer.from(`log ${vkey}\nquorum none\n`))
      if (isProblem(policy)) throw new Error(policy.problem)
      return check(log, { policy })
    }
    expect(await told(KEYS.log.vkey)).toMatchObject({ ok: true, findings: [] })
    // Another key under the same name, and another name.
    for (const other of [testSigner(KEYS.origin, 1), testSigner('log.example', 1)])
      expect(await told(other.vkey)).toMatchObject({ ok: false, findings: [{ code: 'other-log', index: 0 }] })
  })

  test('who are missing are a notice', async () => {
    expect(only(await check(logOf(300), { policy }))).toMatchObject({
      severity: 'notice',
      code: 'not-witnessed',
    })
  })

  test('whose signature is false are damage', async () => {
    const log = logOf(300, { cosign: () => witness.line('another\n', 7) })
    expect(briefly(await check(log, { policy }))).toContain('bad-signature null')
  })

  test('who cosigned other records show a fork', async () => {
    const fork = logOf(300, { records: [{ kind: 'agent-ended' }, ...plain(298)] })
    const log = logOf(300)
    log.files.set(
      'witnessed',
      fork.note(200, (text) => witness.line(text, 7)),
    )
    expect(only(await check(log))).toMatchObject({ code: 'other-records', file: 'witnessed' })
  })
})
