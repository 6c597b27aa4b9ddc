import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { VaultDisk } from '../../agent/vault/disk.ts'
import { openVault, type Vault } from '../../agent/vault/index.ts'
import { MemoryDisk } from './memory-disk.ts'
import { DIR, inMonth, KEY, scratchFolder, startOf } from './rig.ts'

const NAME = 'Wilhelmina Ångström-Featherstonehaugh'
const FILE = 'prosthetic-socket-of-patient-4711.gcode'
const WORDS = 'my landlord must not see this'
const SECRETS = [NAME, 'Featherstonehaugh', FILE, WORDS]

/** Every way in which a text would lie in a file if somebody forgot to encrypt it. */
function tracesOf(text: string): Buffer[] {
  const utf8 = Buffer.from(text, 'utf8')
  const utf16 = Buffer.from(text, 'utf16le')
  const encoded = [utf8, utf16, Buffer.from(utf16).swap16()].flatMap((bytes) => [
    bytes,
    Buffer.from(bytes.toString('hex'), 'latin1'),
    Buffer.from(bytes.toString('hex').toUpperCase(), 'latin1'),
    ...base64Traces(bytes),
  ])
  const escaped = JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return [
    ...encoded,
    Buffer.from(escaped.slice(1, -1), 'latin1'),
    Buffer.from(encodeURIComponent(text), 'latin1'),
  ]
}

/** In base64 a text looks in three ways, by where it begins. What depends on its neighbours is left out. */
function base64Traces(bytes: Buffer): Buffer[] {
  return [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const sure = text.slice(shift === 0 ? 0 : shift + 1, -2)
    return [sure, sure.replaceAll('+', '-').replaceAll('/', '_')].map((trace) => Buffer.from(trace, 'latin1'))
  })
}

const TRACES = SECRETS.flatMap(tracesOf)

const findTraces = (files: readonly { path: string; bytes: Buffer }[]): string[] =>
  files
    .filter(({ path, bytes }) =>
      TRACES.some((trace) => bytes.includes(trace) || Buffer.from(path).includes(trace)),
    )
    .map(({ path }) => path)

function filesBelow(dir: string): { path: string; bytes: Buffer }[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(dir, path)).isFile())
    .map((path) => ({ path, bytes: readFileSync(join(dir, path)) }))
}

/** A member's life: a name, texts in three months, an erasure in two steps. `look` is called after each. */
async function life(vault: Vault, look: () => void): Promise<void> {
  const subject = await vault.subjectOf(NAME)
  look()
  for (const month of [1, 2, 3]) {
    await vault.seal(subject, { by: NAME, file: FILE, deep: [{ words: WORDS }] }, inMonth(month))
    look()
  }
  expect(await vault.findSubject(NAME)).toBe(subject)
  await vault.erase(subject, { keepFromMs: startOf(3) })
  look()
  await vault.erase(subject, { keepFromMs: null })
  look()
  await vault.close()
  look()
}

test('the search finds a secret in each of its forms', () => {
  for (const secret of SECRETS) {
    const utf8 = Buffer.from(secret)
    const forms = [utf8, Buffer.from(secret, 'utf16le'), Buffer.from(utf8.toString('hex'))]
    for (let before = 0; before < 6; before++) {
      const text = Buffer.concat([Buffer.alloc(before, 'x'), utf8, Buffer.from('yz')])
      forms.push(Buffer.from(text.toString('base64')), Buffer.from(text.toString('base64url')))
    }
    for (const bytes of forms) expect(findTraces([{ path: 'x', bytes }])).toEqual(['x'])
    expect(findTraces([{ path: `${secret}.rows`, bytes: Buffer.alloc(0) }])).toHaveLength(1)
  }
})

test('no byte of a name or text lies in any file on the disk, or in its name, before an erasure or after', async () => {
  const dir = scratchFolder()
  let looks = 0
  await life(await openVault(dir, { wrappingKey: KEY }), () => {
    looks++
    const files = filesBelow(dir)
    expect(files.length).toBeGreaterThan(0)
    expect(findTraces(files)).toEqual([])
  })
  expect(looks).toBe(7)
  expect(filesBelow(dir).map(({ path }) => path)).toEqual(['erased', 'vault'])
})

/** The disk, with a look at everything on it after each operation. */
function watched(disk: MemoryDisk, look: () => void): VaultDisk {
  const then = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work
    look()
    return result
  }
  return {
    makeFolder: (path) => then(disk.makeFolder(path)),
    list: (path, namesMax) => disk.list(path, namesMax),
    open: async (path, as) => {
      const file = await then(disk.open(path, as))
      return {
        ...file,
        write: (bytes, position) => then(file.write(bytes, position)),
        truncate: (length) => then(file.truncate(length)),
      }
    },
    link: (from, to) => then(disk.link(from, to)),
    renameFolder: (from, to) => then(disk.renameFolder(from, to)),
    unlink: (path) => then(disk.unlink(path)),
    removeFolder: (path) => then(disk.removeFolder(path)),
    fsyncFolder: (path) => then(disk.fsyncFolder(path)),
  }
}

test('nor between any two operations of the disk', async () => {
  const disk = new MemoryDisk()
  let looks = 0
  const look = (): void => {
    looks++
    const found = findTraces([...disk.files(), ...disk.files(true)])
    if (found.length > 0) throw new Error(`a secret lies in ${found.join(', ')}`)
  }
  await life(await openVault(DIR, { wrappingKey: KEY, disk: watched(disk, look) }), look)
  expect(looks).toBeGreaterThan(60)
})

test('after an erasure not even the wrapping key opens anything of what was there', async () => {
  const disk = new MemoryDisk()
  const vault = await openVault(DIR, { wrappingKey: KEY, disk })
  const subject = await vault.subjectOf(NAME)
  await vault.seal(subject, { words: WORDS }, inMonth(1))
  const secretFiles = disk.files().filter(({ path }) => path.includes(subject))
  expect(secretFiles.map(({ path }) => path.split('/').at(-1))).toEqual([
    'name',
    '2026-01.key',
    '2026-01.rows',
  ])
  await vault.erase(subject, { keepFromMs: null })
  // No 16 bytes of any of these files are left anywhere: of keys, of cipher texts, of tags.
  for (const { bytes } of [...disk.files(), ...disk.files(true)]) {
    for (const secret of secretFiles) {
      for (let at = 0; at + 16 <= secret.bytes.length; at++) {
        if (bytes.includes(secret.bytes.subarray(at, at + 16))) throw new Error('something is left of it')
      }
    }
  }
})

test('what goes wrong is told without names', async () => {
  const dir = scratchFolder()
  const vault = await openVault(dir, { wrappingKey: KEY })
  const errors: unknown[] = []
  const note = (error: unknown): number => errors.push(error)
  await vault.subjectOf(`${NAME}${'x'.repeat(600)}`).catch(note)
  await vault.seal(vault.newSubject(), { by: NAME, bad: '\ud800' }, inMonth(1)).catch(note)
  await vault.seal(vault.newSubject(), { by: NAME, words: 'x'.repeat(600_000) }, inMonth(1)).catch(note)
  await vault.erase(NAME, { keepFromMs: null }).catch(note)
  await (await openVault(dir, { wrappingKey: KEY, isReader: true })).subjectOf(NAME).catch(note)
  expect(errors).toHaveLength(5)
  for (const error of errors)
    expect(findTraces([{ path: '', bytes: Buffer.from(String(error)) }])).toEqual([])
})
