import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect, test, vi } from 'vitest'
import { AgentError } from '../../agent/errors.ts'
import type { SealedRef } from '../../agent/log-format/index.ts'
import { openVault, type Vault } from '../../agent/vault/index.ts'
import { MemoryDisk } from './memory-disk.ts'
import { DIR, inMonth, KEY, openOn, openReader, placesUpTo, scratchFolder } from './rig.ts'

/** Hundreds of damaged vaults each: on a busy machine that takes its time. */
vi.setConfig({ testTimeout: 120_000 })

interface Known {
  readonly ref: SealedRef
  readonly fields: object
}

/** Two people, four rows, and something erased: each kind of file, as small as it can be. */
async function smallVault(): Promise<{ disk: MemoryDisk; known: Known[]; alice: string; bob: string }> {
  const disk = new MemoryDisk()
  const vault = await openOn(disk)
  const [alice, bob] = [await vault.subjectOf('Alice'), await vault.subjectOf('Bob')]
  const known: Known[] = []
  for (const [subject, month] of [
    [alice, 2],
    [alice, 2],
    [alice, 3],
    [bob, 2],
  ] as const) {
    const fields = { n: known.length }
    known.push({ ref: await vault.seal(subject, fields, inMonth(month)), fields })
  }
  await vault.seal(alice, { gone: true }, inMonth(1))
  await vault.erase(alice, { keepFromMs: Date.UTC(2026, 1) })
  await vault.close()
  return { disk, known, alice, bob }
}

/** What the work answers, or the error that it rejects with, which must be one of ours for people. */
async function orRefusal<T>(work: Promise<T>): Promise<T | AgentError> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    return error
  }
}

/** Looks at everything, changes something, erases everything: nothing may be wrong, whatever is gone. */
async function expectHonest(disk: MemoryDisk, known: readonly Known[]): Promise<{ readable: number }> {
  let readable = 0
  for (const openIt of [openReader, openOn]) {
    const vault = await orRefusal(openIt(disk))
    if (vault instanceof AgentError) continue
    readable = await countReadable(vault, known)
    const subjects = await orRefusal(vault.subjects())
    if (!(subjects instanceof AgentError)) {
      const names = subjects.map(({ name }) => name)
      if (names.some((name) => name !== 'Alice' && name !== 'Bob' && name !== null))
        throw new Error('a wrong name')
    }
  }
  const vault = await orRefusal(openOn(disk))
  if (vault instanceof AgentError) return { readable }
  for (const { ref } of known) {
    const fields = { late: true }
    const late = await orRefusal(vault.seal(ref.subject, fields, inMonth(2)))
    if (!(late instanceof AgentError)) expect(await vault.open(late)).toMatchObject({ fields })
  }
  expect(await countReadable(vault, known), 'sealing more loses nothing').toBeGreaterThanOrEqual(readable)
  for (const { ref } of known) await orRefusal(vault.erase(ref.subject, { keepFromMs: null }))
  expect(await countReadable(vault, known)).toBe(0)
  return { readable }
}

async function countReadable(vault: Vault, known: readonly Known[]): Promise<number> {
  let readable = 0
  for (const { ref, fields } of known) {
    const opened = await orRefusal(vault.open(ref))
    if (opened instanceof AgentError || !('fields' in opened)) continue
    if (!isDeepStrictEqual(opened.fields, fields)) throw new Error('wrong fields')
    readable++
  }
  return readable
}

// How many of the four rows a bit takes at most: one row, the rows of one month, or all where the head is not trusted.
// And one in how many bytes is enough: odd, so that bits and headers of blocks take turns.
test.each([
  ['vault', 4, 1],
  ['key', 2, 3],
  ['rows', 1, 7],
  ['name', 0, 15],
  ['erased', 0, 3],
])(
  'any byte of a file `%s` may be another: what is answered is right, or gone, or refused',
  async (kind, takesMax, oneIn) => {
    const { disk, known } = await smallVault()
    let readableMin = known.length
    for (const { path, bytes } of disk.files()) {
      if (path.replace(/.*[./]/, '') !== kind) continue
      for (const at of placesUpTo(bytes.length, oneIn)) {
        const bad = Buffer.from(bytes)
        bad[at]! ^= 1 << ((at * 5) % 8)
        const copy = disk.copy()
        copy.put(path, bad)
        readableMin = Math.min(readableMin, (await expectHonest(copy, known)).readable)
      }
    }
    expect(readableMin).toBe(known.length - takesMax)
  },
)

test('any file may be cut anywhere, or be longer: what is answered is right, or gone, or refused', async () => {
  const { disk, known } = await smallVault()
  for (const { path, bytes } of disk.files()) {
    for (const length of placesUpTo(bytes.length, 41)) {
      const copy = disk.copy()
      copy.put(path, bytes.subarray(0, length))
      await expectHonest(copy, known)
    }
    for (const tail of [Buffer.alloc(1), Buffer.alloc(5000), Buffer.from('pc-row-1'.repeat(100)), bytes]) {
      const copy = disk.copy()
      copy.put(path, Buffer.concat([bytes, tail]))
      await expectHonest(copy, known)
    }
  }
})

test('any file may stand in the place of any other', async () => {
  const { disk, known } = await smallVault()
  const files = disk.files()
  for (const to of files) {
    for (const from of files) {
      const copy = disk.copy()
      copy.put(to.path, from.bytes)
      await expectHonest(copy, known)
    }
  }
})

test('a row that does not end, claims too much or hides behind another does not hide the next', async () => {
  const { disk, known, alice } = await smallVault()
  const path = `${DIR}/${alice}/2026-02.rows`
  const { bytes } = disk.files().find((file) => file.path === path)!
  for (const blocks of [0, 2, 2049, 2050, 0xffffffff]) {
    const bad = Buffer.from(bytes)
    bad.writeUInt32BE(blocks, 8)
    const copy = disk.copy()
    copy.put(path, bad)
    expect(await expectHonest(copy, known)).toEqual({ readable: 3 })
  }
  // The same commitment, in front, over nothing: the true row is still found, or the answer is that it is missing.
  const forged = Buffer.concat([bytes, bytes.subarray(0, 44), Buffer.alloc(256 - 44)])
  const copy = disk.copy()
  copy.put(path, forged)
  expect((await expectHonest(copy, known)).readable).toBeGreaterThanOrEqual(3)
})

test('what is sealed is bound to its subject, its month and its vault', async () => {
  const { disk, known, alice, bob } = await smallVault()
  const file = (path: string): Buffer => disk.files().find((f) => f.path === `${DIR}/${path}`)!.bytes
  const moved = disk.copy()
  for (const name of ['2026-02.key', '2026-02.rows', 'name'])
    moved.put(`${DIR}/${bob}/${name}`, file(`${alice}/${name}`))
  const vault = await openOn(moved)
  expect(await vault.open({ subject: bob, commitment: known[0]!.ref.commitment })).toEqual({
    gone: 'missing',
  })
  expect(await vault.findSubject('Bob')).toBeUndefined()
  expect(await vault.findSubject('Alice')).toBe(alice)
  const later = disk.copy()
  later.put(`${DIR}/${bob}/2026-09.key`, file(`${bob}/2026-02.key`))
  later.put(`${DIR}/${bob}/2026-09.rows`, file(`${bob}/2026-02.rows`))
  later.put(`${DIR}/${bob}/2026-02.rows`, Buffer.alloc(0))
  expect(await (await openOn(later)).open(known[3]!.ref)).toEqual({ gone: 'missing' })
})

test('files that are none of ours are left alone, and in the way of nothing', async () => {
  const { disk, known, alice } = await smallVault()
  const strangers = [
    `${DIR}/README`,
    `${DIR}/${alice}/2026-13.key`,
    `${DIR}/${alice}/2026-02.key~`,
    `${DIR}/s-1`,
  ]
  for (const path of strangers) disk.put(path, Buffer.from('x'))
  const vault = await openOn(disk)
  expect(await countReadable(vault, known)).toBe(4)
  await vault.erase(alice, { keepFromMs: null })
  expect(disk.files().filter(({ path }) => strangers.includes(path))).toHaveLength(4)
  expect(disk.files().filter(({ path }) => path.includes(alice) && !strangers.includes(path))).toEqual([])
})

const open = (dir: string, isReader = false): Promise<Vault> => openVault(dir, { wrappingKey: KEY, isReader })

test('a link, a pipe or a folder in the place of a file is refused in words, and not followed', async () => {
  const make: Record<string, (path: string) => void> = {
    'a symbolic link': (path) => symlinkSync('/etc/passwd', path),
    'not a regular file': (path) => execFileSync('mkfifo', [path]),
    'a folder': (path) => mkdirSync(path),
  }
  for (const [, put] of Object.entries(make)) {
    for (const file of ['vault', 'erased', 'name', '2026-01.key', '2026-01.rows']) {
      const dir = scratchFolder()
      const vault = await open(dir)
      const alice = await vault.subjectOf('Alice')
      const ref = await vault.seal(alice, { n: 1 }, inMonth(1))
      await vault.close()
      const path = join(dir, file === 'vault' || file === 'erased' ? '' : alice, file)
      rmSync(path, { force: true })
      put(path)
      for (const isReader of [true, false]) {
        const again = await orRefusal(open(dir, isReader))
        if (again instanceof AgentError) continue
        const opened = await orRefusal(again.open(ref))
        expect(opened instanceof AgentError || file === 'name' || file === 'erased' || 'gone' in opened).toBe(
          true,
        )
        await orRefusal(again.findSubject('Alice'))
        if (isReader) continue
        await orRefusal(again.seal(alice, { n: 2 }, inMonth(1)))
        await orRefusal(again.erase(alice, { keepFromMs: null }))
      }
    }
  }
})

test('a subject whose folder is a link elsewhere is none', async () => {
  const dir = scratchFolder()
  const elsewhere = scratchFolder()
  const vault = await open(dir)
  const subject = vault.newSubject()
  symlinkSync(elsewhere, join(dir, subject))
  const refused = await orRefusal(vault.seal(subject, { n: 1 }, inMonth(1)))
  expect(refused).toMatchObject({
    code: 'AUDIT_UNWRITABLE',
    message: expect.stringContaining('it is not a folder'),
  })
  expect(await vault.subjects()).toEqual([])
  const link = scratchFolder()
  symlinkSync(dir, join(link, 'vault'))
  expect(await orRefusal(open(join(link, 'vault')))).toBeInstanceOf(AgentError)
  expect(await orRefusal(open(join(link, 'vault'), true))).toBeInstanceOf(AgentError)
})

test('files of absurd size are refused or read up to their limit, never whole', async () => {
  const dir = scratchFolder()
  const vault = await open(dir)
  const alice = await vault.subjectOf('Alice')
  const ref = await vault.seal(alice, { n: 1 }, inMonth(1))
  await vault.close()
  // Sparse: they take no room on the disk.
  truncateSync(join(dir, alice, '2026-01.rows'), 2 ** 36)
  truncateSync(join(dir, alice, 'name'), 2 ** 36)
  const again = await open(dir)
  expect(await again.open(ref)).toMatchObject({ fields: { n: 1 } })
  expect(await again.subjects()).toMatchObject([{ name: null, rows: 1 }])
  expect(await orRefusal(again.seal(alice, { n: 0 }, inMonth(1)))).toMatchObject({
    code: 'AUDIT_UNWRITABLE',
    message: expect.stringContaining('has reached the limit of 268435456 bytes for one month'),
  })
  await again.close()
  writeFileSync(join(dir, 'erased'), '')
  truncateSync(join(dir, 'erased'), 2 ** 36)
  expect(await orRefusal(open(dir))).toMatchObject({ code: 'AUDIT_DAMAGED' })
})
