import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AgentError, type AgentErrorCode } from '../../agent/errors.ts'
import { openVault, type Vault } from '../../agent/vault/index.ts'
import { MemoryDisk } from './memory-disk.ts'
import { inMonth, KEY, OTHER_KEY, openOn, scratchFolder, startOf } from './rig.ts'

const open = (dir: string): Promise<Vault> => openVault(dir, { wrappingKey: KEY })
const read = (dir: string): Promise<Vault> => openVault(dir, { wrappingKey: KEY, isReader: true })

/** The error that the work rejects with. */
async function refusal(work: Promise<unknown>): Promise<{ code: AgentErrorCode; message: string }> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AgentError)
  return error as AgentError
}

describe('names', () => {
  test('a name has one random subject, from its first use on, through other processes too', async () => {
    const dir = scratchFolder()
    const vault = await open(dir)
    const subject = await vault.subjectOf('Alice')
    expect(subject).toMatch(/^s-[0-9a-f]{16}$/)
    expect(await vault.subjectOf('Alice')).toBe(subject)
    expect(await vault.subjectOf('Bob')).not.toBe(subject)
    await vault.close()
    expect(await (await open(dir)).subjectOf('Alice')).toBe(subject)
    const other = await open(scratchFolder())
    expect(await other.subjectOf('Alice')).not.toBe(subject)
  })

  test('the same name in another Unicode form or with space around it is the same; another case is another', async () => {
    const vault = await open(scratchFolder())
    const subject = await vault.subjectOf('J\u00fcrgen')
    expect(await vault.subjectOf(' \tJu\u0308rgen\u00a0\n')).toBe(subject)
    expect(await vault.findSubject('Ju\u0308rgen ')).toBe(subject)
    expect(await vault.subjectOf('j\u00fcrgen')).not.toBe(subject)
  })

  test('one name asked for many times at once is made once', async () => {
    const dir = scratchFolder()
    const vault = await open(dir)
    const subjects = await Promise.all(Array.from({ length: 20 }, () => vault.subjectOf('Alice')))
    expect(new Set(subjects).size).toBe(1)
    expect(await vault.subjects()).toHaveLength(1)
  })

  test('to look for a name makes none', async () => {
    const dir = scratchFolder()
    const vault = await open(dir)
    expect(await vault.findSubject('Alice')).toBeUndefined()
    expect(readdirSync(dir)).toEqual(['vault'])
  })

  test.each([
    ['an empty one', ' \t', 'a name is empty; give one with at least one letter or digit'],
    ['half a surrogate pair', 'a\ud800b', 'a name is not whole Unicode text'],
    [
      'one too long',
      `Jane ${'é'.repeat(250)}`,
      'a name of 505 bytes is above the limit of 503 bytes in UTF-8',
    ],
    ['one far too long', 'Jane'.repeat(1e6), 'a name is above the limit of 503 bytes in UTF-8'],
  ])('%s is refused, and not repeated', async (_, name, message) => {
    const vault = await open(scratchFolder())
    expect(await refusal(vault.subjectOf(name))).toMatchObject({ code: 'USAGE', message })
    expect(await refusal(vault.findSubject(name))).toMatchObject({ code: 'USAGE', message })
  })

  test('the longest name fits, and no file tells how long a name is', async () => {
    const dir = scratchFolder()
    const vault = await open(dir)
    const long = await vault.subjectOf('é'.repeat(251))
    const short = await vault.subjectOf('a')
    expect((await vault.subjects()).find((s) => s.subject === long)?.name).toBe('é'.repeat(251))
    const bytes = (subject: string): number => statSync(join(dir, subject, 'name')).size
    expect(bytes(long)).toBe(bytes(short))
  })

  test('a subject for nobody is fresh each time, and leaves nothing until something is sealed for it', async () => {
    const dir = scratchFolder()
    const vault = await open(dir)
    const [a, b] = [vault.newSubject(), vault.newSubject()]
    expect(a).not.toBe(b)
    expect(readdirSync(dir)).toEqual(['vault'])
    const ref = await vault.seal(a, { note: 'x' }, inMonth(1))
    expect(await vault.open(ref)).toMatchObject({ fields: { note: 'x' } })
    expect(await vault.subjects()).toEqual([{ subject: a, name: null, months: ['2026-01'], rows: 1 }])
  })
})

describe('rows', () => {
  test('what was sealed is opened again, by this process and the next, with a salt of its own', async () => {
    const dir = scratchFolder()
    const vault = await open(dir)
    const subject = await vault.subjectOf('Alice')
    const fields = {
      user: 'Alice',
      decision: { reasons: ['ü', 1e21, -0.5, null, true], deep: { a: {} } },
      left: undefined,
    }
    const refs = [
      await vault.seal(subject, fields, inMonth(1)),
      await vault.seal(subject, fields, inMonth(1)),
    ]
    expect(refs[0]!.commitment).not.toBe(refs[1]!.commitment)
    await vault.close()
    const { left: _, ...kept } = fields
    for (const other of [await open(dir), await read(dir)]) {
      const [first, second] = [await other.open(refs[0]!), await other.open(refs[1]!)]
      expect(first).toEqual({ fields: kept, salt: expect.stringMatching(/^[0-9a-f]{64}$/) })
      expect(second).toMatchObject({ fields: kept })
      expect(first).not.toEqual(second)
    }
  })

  test('members that JavaScript treats specially come back as plain data', async () => {
    const vault = await open(scratchFolder())
    const fields = JSON.parse('{"__proto__":{"admin":true},"constructor":"x","10":1,"9":2,"":3}') as object
    const opened = await vault.open(await vault.seal(vault.newSubject(), fields, inMonth(1)))
    expect('fields' in opened && JSON.stringify(opened.fields)).toBe(
      '{"9":2,"10":1,"":3,"__proto__":{"admin":true},"constructor":"x"}',
    )
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  test('many rows at once are all durable, and share their writes', async () => {
    const dir = scratchFolder()
    const vault = await open(dir)
    const subjects = [await vault.subjectOf('Alice'), await vault.subjectOf('Bob')]
    const refs = await Promise.all(
      Array.from({ length: 600 }, (_, i) => vault.seal(subjects[i % 2]!, { i }, inMonth(1 + (i % 3)))),
    )
    const reader = await read(dir)
    for (const [i, ref] of refs.entries()) expect(await reader.open(ref)).toMatchObject({ fields: { i } })
    expect((await reader.subjects()).map(({ rows }) => rows)).toEqual([300, 300])
  })

  test('the largest fields fit, one byte more is refused, and what JSON cannot hold too', async () => {
    const vault = await open(scratchFolder())
    const subject = vault.newSubject()
    const text = (bytes: number): object => ({ t: 'x'.repeat(bytes - '{"t":""}'.length) })
    const ref = await vault.seal(subject, text(524_288), inMonth(1))
    expect(await vault.open(ref)).toMatchObject({ fields: text(524_288) })
    expect(await refusal(vault.seal(subject, text(524_289), inMonth(1)))).toMatchObject({
      code: 'AUDIT_UNWRITABLE',
      message: expect.stringContaining(
        'cannot take this: it has 524289 bytes, above the limit of 524288 bytes',
      ),
    })
    for (const fields of [{ a: Number.NaN }, { a: '\ud800' }, { a: new Date(0) }, { a: 1n }]) {
      expect((await refusal(vault.seal(subject, fields, inMonth(1)))).code).toBe('AUDIT_UNWRITABLE')
    }
    expect(await vault.subjects()).toMatchObject([{ rows: 1 }])
  })

  test('a subject or a moment that cannot be one is a fault of ours', async () => {
    const vault = await open(scratchFolder())
    for (const subject of ['', 's-1', '../../etc', 's-0123456789ABCDEF', 's-0123456789abcdef/..']) {
      await expect(vault.seal(subject, { n: 0 }, 0)).rejects.toThrow('a subject has the form of one')
    }
    for (const atMs of [Number.NaN, -1, 1.5, Date.UTC(10_000, 0), Number.POSITIVE_INFINITY]) {
      await expect(vault.seal(vault.newSubject(), { n: 0 }, atMs)).rejects.toThrow(
        'a moment lies from 1970 to 9999',
      )
    }
    await expect(vault.seal(vault.newSubject(), [1], 0)).rejects.toThrow('what is sealed is an object')
    for (const none of [{}, { a: undefined }])
      await expect(vault.seal(vault.newSubject(), none, 0)).rejects.toThrow('what is sealed has members')
  })

  test('a reference that names nothing, or is none, is missing', async () => {
    const vault = await open(scratchFolder())
    const ref = await vault.seal(await vault.subjectOf('Alice'), { n: 0 }, inMonth(1))
    const none = [
      { ...ref, commitment: '0'.repeat(64) },
      { ...ref, subject: vault.newSubject() },
      { ...ref, subject: '../s-0123456789abcdef' },
      { ...ref, commitment: ref.commitment.toUpperCase() },
      { subject: ref.subject },
      null,
    ]
    for (const bad of none) expect(await vault.open(bad as typeof ref)).toEqual({ gone: 'missing' })
  })

  test('the month is that of the moment in UTC', async () => {
    const vault = await open(scratchFolder())
    const subject = vault.newSubject()
    for (const atMs of [0, startOf(2) - 1, startOf(2), Date.UTC(9999, 11, 31)])
      await vault.seal(subject, { n: 0 }, atMs)
    expect(await vault.subjects()).toMatchObject([{ months: ['1970-01', '2026-01', '2026-02', '9999-12'] }])
  })
})

describe('erasure', () => {
  test('everything of a subject goes, its name too, and nothing of another', async () => {
    const dir = scratchFolder()
    const vault = await open(dir)
    const [alice, bob] = [await vault.subjectOf('Alice'), await vault.subjectOf('Bob')]
    const refs = [
      await vault.seal(alice, { n: 1 }, inMonth(1)),
      await vault.seal(alice, { n: 2 }, inMonth(2)),
    ]
    const kept = await vault.seal(bob, { n: 3 }, inMonth(1))
    expect(await vault.open(refs[0]!)).toMatchObject({ fields: { n: 1 } })
    expect(await vault.erase(alice, { keepFromMs: null })).toEqual({
      erasedRows: 2,
      erasedMonths: ['2026-01', '2026-02'],
      deferredRows: 0,
      deferredMonths: [],
    })
    for (const seen of [vault, await open(dir), await read(dir)]) {
      for (const ref of refs) expect(await seen.open(ref)).toEqual({ gone: 'erased' })
      expect(await seen.open(kept)).toMatchObject({ fields: { n: 3 } })
      expect(await seen.findSubject('Alice')).toBeUndefined()
      expect(await seen.subjects()).toEqual([{ subject: bob, name: 'Bob', months: ['2026-01'], rows: 1 }])
    }
    expect(readdirSync(dir).sort()).toEqual([bob, 'erased', 'vault'].sort())
    expect(await vault.subjectOf('Alice')).not.toBe(alice)
  })

  test('a duty to keep defers the months that are not over, and the name with them', async () => {
    const vault = await open(scratchFolder())
    const alice = await vault.subjectOf('Alice')
    const refs = []
    for (const month of [1, 2, 2, 3]) refs.push(await vault.seal(alice, { month }, inMonth(month)))
    expect(await vault.erase(alice, { keepFromMs: startOf(3) - 1 })).toEqual({
      erasedRows: 1,
      erasedMonths: ['2026-01'],
      deferredRows: 3,
      deferredMonths: ['2026-02', '2026-03'],
    })
    expect(await vault.open(refs[0]!)).toEqual({ gone: 'erased' })
    expect(await vault.open(refs[1]!)).toMatchObject({ fields: { month: 2 } })
    expect(await vault.subjectOf('Alice')).toBe(alice)
    // At the first moment of March, February is over.
    expect(await vault.erase(alice, { keepFromMs: startOf(3) })).toEqual({
      erasedRows: 3,
      erasedMonths: ['2026-01', '2026-02'],
      deferredRows: 1,
      deferredMonths: ['2026-03'],
    })
    expect(await vault.erase(alice, { keepFromMs: startOf(4) })).toMatchObject({ deferredRows: 0 })
    expect(await vault.findSubject('Alice')).toBeUndefined()
  })

  test('to erase again gives the same answer; of whom nothing is known, nothing is erased', async () => {
    const dir = scratchFolder()
    const vault = await open(dir)
    const alice = await vault.subjectOf('Alice')
    await vault.seal(alice, { n: 0 }, inMonth(1))
    const first = await vault.erase(alice, { keepFromMs: null })
    expect(await vault.erase(alice, { keepFromMs: null })).toEqual(first)
    expect(await (await open(dir)).erase(alice, { keepFromMs: null })).toEqual(first)
    const unknown = vault.newSubject()
    expect(await refusal(vault.erase(unknown, { keepFromMs: null }))).toMatchObject({
      code: 'USAGE',
      message: `subject \`${unknown}\` cannot be erased: nothing is known of it in the vault; see \`audit show\``,
    })
    for (const bad of ['Alice', '', '../x', `${alice}\n`]) {
      expect((await refusal(vault.erase(bad, { keepFromMs: null }))).code).toBe('USAGE')
    }
  })

  test('a name without rows can be erased', async () => {
    const vault = await open(scratchFolder())
    const alice = await vault.subjectOf('Alice')
    expect(await vault.erase(alice, { keepFromMs: null })).toMatchObject({ erasedRows: 0, erasedMonths: [] })
    expect(await vault.subjects()).toEqual([])
  })

  test('what is sealed for a subject after its erasure is there, and can be erased again', async () => {
    const dir = scratchFolder()
    const vault = await open(dir)
    const alice = await vault.subjectOf('Alice')
    const before = await vault.seal(alice, { n: 1 }, inMonth(1))
    await vault.erase(alice, { keepFromMs: null })
    const after = await vault.seal(alice, { n: 2 }, inMonth(1))
    for (const seen of [vault, await open(dir), await read(dir)]) {
      expect(await seen.open(before)).toEqual({ gone: 'erased' })
      expect(await seen.open(after)).toMatchObject({ fields: { n: 2 } })
      expect(await seen.subjects()).toMatchObject([{ name: null, rows: 1 }])
    }
    expect(await vault.erase(alice, { keepFromMs: null })).toMatchObject({
      erasedRows: 2,
      erasedMonths: ['2026-01'],
    })
    expect(await vault.open(after)).toEqual({ gone: 'erased' })
  })

  test('retention by age shreds the old months of everybody, and the names of whom nothing remains', async () => {
    const vault = await openVault(scratchFolder(), { wrappingKey: KEY, nowMs: () => inMonth(2) })
    const [alice, bob] = [await vault.subjectOf('Alice'), await vault.subjectOf('Bob')]
    const carol = await vault.subjectOf('Carol')
    const refs = [
      await vault.seal(alice, { n: 0 }, inMonth(1)),
      await vault.seal(alice, { n: 0 }, inMonth(3)),
    ]
    await vault.seal(bob, { n: 0 }, inMonth(1))
    await vault.seal(bob, { n: 0 }, inMonth(2))
    expect(await vault.eraseOlderThan(startOf(2) - 1)).toEqual([])
    const first = await vault.eraseOlderThan(startOf(2))
    expect(first.toSorted((a, b) => (a.subject < b.subject ? -1 : 1))).toEqual(
      [alice, bob].sort().map((subject) => ({ subject, months: ['2026-01'], rows: 1 })),
    )
    expect(await vault.open(refs[0]!)).toEqual({ gone: 'erased' })
    expect(await vault.eraseOlderThan(startOf(2))).toEqual([])
    // Carol's name was used in February and nothing was sealed for her; Bob's goes with his last row.
    const second = await vault.eraseOlderThan(startOf(3))
    expect(second.toSorted((a, b) => b.rows - a.rows)).toEqual([
      { subject: bob, months: ['2026-02'], rows: 1 },
      { subject: carol, months: [], rows: 0 },
    ])
    expect(await vault.subjects()).toEqual([{ subject: alice, name: 'Alice', months: ['2026-03'], rows: 1 }])
  })

  test('a folder put back after an erasure does not open, can be erased again, and takes no rows until then', async () => {
    const dir = scratchFolder()
    const vault = await open(dir)
    const alice = await vault.subjectOf('Alice')
    const ref = await vault.seal(alice, { n: 1 }, inMonth(1))
    const backup = scratchFolder()
    cpSync(join(dir, alice), join(backup, alice), { recursive: true })
    await vault.erase(alice, { keepFromMs: null })
    await vault.close()
    cpSync(join(backup, alice), join(dir, alice), { recursive: true })
    const again = await open(dir)
    expect(await again.open(ref)).toEqual({ gone: 'erased' })
    expect(await again.findSubject('Alice')).toBeUndefined()
    expect((await refusal(again.seal(alice, { n: 0 }, inMonth(1)))).message).toContain(
      `\`${alice}/2026-01.key\` was shredded and has been put back; erase \`${alice}\` again`,
    )
    expect(await again.erase(alice, { keepFromMs: null })).toMatchObject({ erasedRows: 1 })
    expect(readdirSync(dir).sort()).toEqual(['erased', 'vault'])
    await again.seal(alice, { n: 0 }, inMonth(1))
  })
})

describe('a reader', () => {
  test('sees what is sealed, named and erased after it was opened', async () => {
    const dir = scratchFolder()
    const reader = await read(dir)
    expect(await reader.subjects()).toEqual([])
    const vault = await open(dir)
    const alice = await vault.subjectOf('Alice')
    const first = await vault.seal(alice, { n: 1 }, inMonth(1))
    expect(await reader.open(first)).toMatchObject({ fields: { n: 1 } })
    const second = await vault.seal(alice, { n: 2 }, inMonth(1))
    const third = await vault.seal(alice, { n: 3 }, inMonth(2))
    expect(await reader.open(second)).toMatchObject({ fields: { n: 2 } })
    expect(await reader.open(third)).toMatchObject({ fields: { n: 3 } })
    expect(await reader.findSubject('Alice')).toBe(alice)
    expect(await reader.subjectOf('Alice')).toBe(alice)
    await vault.erase(alice, { keepFromMs: startOf(2) })
    expect(await reader.open(first)).toEqual({ gone: 'erased' })
    expect(await reader.open(third)).toMatchObject({ fields: { n: 3 } })
    await vault.erase(alice, { keepFromMs: null })
    expect(await reader.open(third)).toEqual({ gone: 'erased' })
    expect(await reader.findSubject('Alice')).toBeUndefined()
    const again = await vault.subjectOf('Alice')
    const fourth = await vault.seal(alice, { n: 4 }, inMonth(1))
    expect(await reader.findSubject('Alice')).toBe(again)
    expect(await reader.open(fourth)).toMatchObject({ fields: { n: 4 } })
    expect(await reader.open(first)).toEqual({ gone: 'erased' })
  })

  test('writes nothing: not where there is no vault, nor in one that needs to be recovered', async () => {
    const dir = join(scratchFolder(), 'none')
    const nowhere = await read(dir)
    expect(await nowhere.open({ subject: nowhere.newSubject(), commitment: '0'.repeat(64) })).toEqual({
      gone: 'missing',
    })
    expect(await refusal(nowhere.subjectOf('Alice'))).toMatchObject({ code: 'USAGE' })
    expect(() => statSync(dir)).toThrow()
    const vault = await open(dir)
    const alice = await vault.subjectOf('Alice')
    const ref = await vault.seal(alice, { n: 0 }, inMonth(1))
    await vault.close()
    const rows = join(dir, alice, '2026-01.rows')
    appendFileSync(rows, 'pc-row-1 and then the power failed')
    appendFileSync(join(dir, 'erased'), 'n')
    mkdirSync(join(dir, 's-0123456789abcdef.new'))
    const before = readdirSync(dir, { recursive: true }).sort()
    const bytes = readFileSync(rows)
    const reader = await read(dir)
    expect(await reader.open(ref)).toMatchObject({ fields: {} })
    await expect(reader.seal(alice, { n: 0 }, inMonth(1))).rejects.toThrow(
      'a reader of the vault writes nothing',
    )
    await expect(reader.erase(alice, { keepFromMs: null })).rejects.toThrow(
      'a reader of the vault writes nothing',
    )
    await expect(reader.eraseOlderThan(0)).rejects.toThrow('a reader of the vault writes nothing')
    await reader.close()
    expect(readdirSync(dir, { recursive: true }).sort()).toEqual(before)
    expect(readFileSync(rows)).toEqual(bytes)
  })
})

describe('opening', () => {
  test('a vault under another key is refused, whoever opens it, and stays as it is', async () => {
    const dir = scratchFolder()
    const vault = await open(dir)
    const ref = await vault.seal(await vault.subjectOf('Alice'), { n: 1 }, inMonth(1))
    await vault.close()
    for (const isReader of [true, false]) {
      const error = await refusal(openVault(dir, { wrappingKey: OTHER_KEY, isReader }))
      expect(error.code).toBe('AUDIT_DAMAGED')
      expect(error.message).toContain('does not fit its key; put the key and the vault back from one backup')
    }
    expect(await (await open(dir)).open(ref)).toMatchObject({ fields: { n: 1 } })
    await expect(openVault(dir, { wrappingKey: Buffer.alloc(16) })).rejects.toThrow('has 32 bytes')
  })

  test('a vault without its head, or with another, is refused', async () => {
    const dir = scratchFolder()
    const vault = await open(dir)
    await vault.subjectOf('Alice')
    await vault.close()
    rmSync(join(dir, 'vault'))
    for (const openIt of [open, read]) {
      expect((await refusal(openIt(dir))).message).toContain(
        'its head is missing; put the vault back from a backup',
      )
    }
    writeFileSync(join(dir, 'vault'), 'portcullis-vault-2\n'.padEnd(51))
    expect((await refusal(open(dir))).message).toContain('its `vault` is not that of `portcullis-vault-1`')
  })

  test('a row that a crash tore is cut off when the next is sealed, and what was acknowledged stays', async () => {
    const dir = scratchFolder()
    let vault = await open(dir)
    const alice = await vault.subjectOf('Alice')
    const first = await vault.seal(alice, { n: 1 }, inMonth(1))
    const torn = await vault.seal(alice, { n: 'x'.repeat(3000) }, inMonth(1))
    await vault.close()
    const path = join(dir, alice, '2026-01.rows')
    const whole = readFileSync(path)
    for (let length = 256; length < whole.length; length += 119) {
      writeFileSync(path, whole.subarray(0, length))
      vault = await open(dir)
      const next = await vault.seal(alice, { n: length }, inMonth(1))
      expect(await vault.open(first)).toMatchObject({ fields: { n: 1 } })
      expect(await vault.open(next)).toMatchObject({ fields: { n: length } })
      expect(await vault.open(torn)).toEqual({ gone: 'missing' })
      expect(statSync(path).size).toBe(512)
      await vault.close()
    }
  })

  test('after it was closed nothing is written any more', async () => {
    const vault = await open(scratchFolder())
    const alice = await vault.subjectOf('Alice')
    const sealed = vault.seal(alice, { n: 1 }, inMonth(1))
    await vault.close()
    expect(await vault.open(await sealed)).toMatchObject({ fields: { n: 1 } })
    for (const late of [
      vault.seal(alice, { n: 0 }, 0),
      vault.subjectOf('Bob'),
      vault.erase(alice, { keepFromMs: null }),
    ]) {
      expect(await refusal(late)).toMatchObject({
        code: 'AUDIT_UNWRITABLE',
        message: expect.stringMatching(/closed$/),
      })
    }
  })

  test('two writers, which the lock of the log rules out, lose no row of each other', async () => {
    const dir = scratchFolder()
    const writers = [await open(dir), await open(dir)]
    const alice = await writers[0]!.subjectOf('Alice')
    const refs = await Promise.all(
      Array.from({ length: 200 }, (_, i) => writers[i % 2]!.seal(alice, { i }, inMonth(1 + (i % 5)))),
    )
    const reader = await read(dir)
    for (const [i, ref] of refs.entries()) expect(await reader.open(ref)).toMatchObject({ fields: { i } })
    expect(await reader.subjects()).toMatchObject([{ rows: 200 }])
  })
})

describe('what the disk is asked to do', () => {
  const DATA = [
    'write',
    'fdatasync',
    'link',
    'unlink',
    'fsyncFolder',
    'renameFolder',
    'removeFolder',
    'makeFolder',
  ]
  /** The operations that change something, of a piece of work. */
  async function operationsOf(disk: MemoryDisk, work: () => Promise<unknown>): Promise<string[]> {
    disk.arm(undefined)
    await work()
    return disk.operations.filter((name) => DATA.includes(name))
  }

  test('an erasure is noted, then keys are zeros on the disk, then gone, then the rows, then the name', async () => {
    const disk = new MemoryDisk()
    const vault = await openOn(disk)
    const alice = await vault.subjectOf('Alice')
    for (const month of [1, 2]) await vault.seal(alice, { n: 0 }, inMonth(month))
    const note = ['write', 'fdatasync', 'fsyncFolder']
    const keys = ['write', 'fdatasync', 'write', 'fdatasync', 'unlink', 'unlink', 'fsyncFolder']
    const rows = ['unlink', 'unlink']
    const name = ['write', 'fdatasync', 'unlink', 'fsyncFolder']
    const folder = ['removeFolder', 'fsyncFolder']
    const done = ['write', 'fdatasync']
    expect(await operationsOf(disk, () => vault.erase(alice, { keepFromMs: null }))).toEqual(
      [note, keys, rows, name, folder, done].flat(),
    )
  })

  test('the first row of a month makes its key and its names durable; later ones are a write and a sync', async () => {
    const disk = new MemoryDisk()
    const vault = await openOn(disk)
    const subject = vault.newSubject()
    expect(await operationsOf(disk, () => vault.seal(subject, { n: 0 }, inMonth(1)))).toEqual([
      ...['makeFolder', 'fsyncFolder'],
      ...['write', 'fdatasync', 'link', 'unlink'],
      ...['write', 'fdatasync', 'fsyncFolder'],
    ])
    expect(await operationsOf(disk, () => vault.seal(subject, { n: 0 }, inMonth(1)))).toEqual([
      'write',
      'fdatasync',
    ])
    const many = () =>
      Promise.all(Array.from({ length: 500 }, (_, n) => vault.seal(subject, { n }, inMonth(1))))
    expect(await operationsOf(disk, many)).toEqual(['write', 'fdatasync'])
  })
})

test('whatever the vault makes is for its user alone, whatever the umask', async () => {
  const dir = join(scratchFolder(), 'vault')
  const before = process.umask(0)
  try {
    const vault = await open(dir)
    const alice = await vault.subjectOf('Alice')
    for (const month of [1, 2]) await vault.seal(alice, { n: 0 }, inMonth(month))
    await vault.erase(alice, { keepFromMs: startOf(2) })
  } finally {
    process.umask(before)
  }
  const paths = ['', ...readdirSync(dir, { recursive: true, encoding: 'utf8' })].map((path) =>
    join(dir, path),
  )
  expect(paths).toHaveLength(7)
  for (const path of paths) {
    const stats = statSync(path)
    expect(stats.mode & 0o777, path).toBe(stats.isDirectory() ? 0o700 : 0o600)
  }
})
