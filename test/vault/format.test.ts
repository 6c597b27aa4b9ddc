import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { openVault } from '../../agent/vault/index.ts'
import { commitTo, makeRow, openKeyFile, openNameFile, openNote, openRow } from './independent.ts'
import { inMonth, KEY, scratchFolder } from './rig.ts'
import { makeVectors, VECTOR } from './vectors.ts'

const FORMAT = readFileSync(join(import.meta.dirname, '../../agent/vault/FORMAT.md'), 'utf8')

/** The hexadecimal blocks of FORMAT.md, in order. */
const published = [...FORMAT.matchAll(/^```\n([0-9a-f\n]+)```$/gm)].map(([, hex]) =>
  hex!.replaceAll('\n', ''),
)

test('the published vectors are what an implementation written from the text alone makes', async () => {
  expect(published).toEqual(Object.values(await makeVectors()))
})

async function vaultOfVectors(): Promise<string> {
  const dir = scratchFolder()
  for (const [path, hex] of Object.entries(await makeVectors())) {
    if (path === 'commitment') continue
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), Buffer.from(hex, 'hex'))
  }
  return dir
}

test('the vault opens the published vectors', async () => {
  const dir = await vaultOfVectors()
  const vault = await openVault(dir, { wrappingKey: Buffer.from(VECTOR.wrappingKey), isReader: true })
  const { commitment = '' } = await makeVectors()
  expect(await vault.open({ subject: VECTOR.subject, commitment })).toEqual({
    fields: JSON.parse(VECTOR.fields),
    salt: Buffer.from(VECTOR.salt).toString('hex'),
  })
  expect(await vault.findSubject('Jürgen Größe')).toBe(VECTOR.subject)
  expect(await vault.subjects()).toEqual([
    { subject: VECTOR.subject, name: 'Jürgen Größe', months: ['2026-11'], rows: 1 },
  ])
  // The note is of another month: what is sealed now is there, and what is not may have been erased.
  expect(await vault.open({ subject: VECTOR.subject, commitment: '0'.repeat(64) })).toEqual({
    gone: 'erased',
  })
})

test('a writer goes on with the vault of the published vectors, and its note counts as an erasure', async () => {
  const dir = await vaultOfVectors()
  const vault = await openVault(dir, { wrappingKey: Buffer.from(VECTOR.wrappingKey) })
  expect(await vault.subjectOf('Jürgen Größe')).toBe(VECTOR.subject)
  expect(await vault.erase(VECTOR.subject, { keepFromMs: Date.UTC(2026, 10) })).toEqual({
    erasedRows: 3,
    erasedMonths: ['2026-10'],
    deferredRows: 1,
    deferredMonths: ['2026-11'],
  })
  await vault.close()
})

test('what the vault writes is opened by the implementation written from the text alone', async () => {
  const dir = scratchFolder()
  const vault = await openVault(dir, { wrappingKey: KEY, nowMs: () => inMonth(7) })
  const subject = await vault.subjectOf('Ægir 用户')
  const place = { wrappingKey: KEY, subject, month: '2026-08' }
  const texts = ['', 'short', 'x'.repeat(700), '用户'.repeat(5000)]
  const refs = []
  for (const text of texts) refs.push(await vault.seal(subject, { text }, inMonth(8)))
  const file = (name: string): Uint8Array => readFileSync(join(dir, name))

  expect(await openNameFile(place, file(`${subject}/name`))).toEqual({ month: '2026-07', name: 'Ægir 用户' })
  const key = await openKeyFile(place, file(`${subject}/2026-08.key`))
  let rest = file(`${subject}/2026-08.rows`)
  for (const [i, text] of texts.entries()) {
    const row = await openRow(place, key, rest)
    expect(JSON.parse(row.fields)).toEqual({ text })
    expect(Buffer.from(row.commitment).toString('hex')).toBe(refs[i]!.commitment)
    expect(await vault.open(refs[i]!)).toEqual({
      fields: { text },
      salt: Buffer.from(row.salt).toString('hex'),
    })
    rest = rest.subarray(row.bytes)
  }
  expect(rest).toHaveLength(0)

  const keyNonce = file(`${subject}/2026-08.key`).subarray(0, 12)
  const nameNonce = file(`${subject}/name`).subarray(0, 12)
  await vault.erase(subject, { keepFromMs: null })
  await vault.close()
  const notes = file('erased')
  const month = { subject, year: 2026, month: 8, rows: 4, nonce: Uint8Array.from(keyNonce) }
  const name = { subject, year: 0, month: 0, rows: 0, nonce: Uint8Array.from(nameNonce) }
  expect(await openNote(KEY, notes.subarray(0, 64))).toEqual({ kind: 'm', ...month })
  expect(await openNote(KEY, notes.subarray(64, 128))).toEqual({ kind: 'n', ...name })
  expect(await openNote(KEY, notes.subarray(128, 192))).toMatchObject({ kind: 'd', year: 0, rows: 0 })
  expect(notes).toHaveLength(192)
  expect(readdirSync(dir).sort()).toEqual(['erased', 'vault'])
})

test('fields that the commitment does not fit are missing, though whoever put them there had the key', async () => {
  const dir = await vaultOfVectors()
  const { commitment = '' } = await makeVectors()
  const forge = (fields: string): Promise<{ row: Uint8Array }> =>
    makeRow(VECTOR, VECTOR.monthKey, VECTOR.rowNonce, VECTOR.salt, fields, Buffer.from(commitment, 'hex'))
  const path = join(dir, VECTOR.subject, '2026-11.rows')
  const open = async (row: Uint8Array): Promise<unknown> => {
    writeFileSync(path, row)
    const vault = await openVault(dir, { wrappingKey: Buffer.from(VECTOR.wrappingKey), isReader: true })
    return await vault.open({ subject: VECTOR.subject, commitment })
  }
  expect(await open((await forge(VECTOR.fields)).row)).toMatchObject({ fields: { user: 'Jürgen Größe' } })
  const others = [
    VECTOR.fields.replace('vase', 'vasf'),
    VECTOR.fields.replace('"user"', '"uses"'),
    VECTOR.fields.replace('"Jürgen Größe"', 'null'),
    VECTOR.fields.replace('"claims":{},', ''),
    VECTOR.fields.replace('{}', '{"a":1e999}'),
    VECTOR.fields.replace('vase', '\\ud800'),
  ]
  for (const another of others) expect(await open((await forge(another)).row)).toEqual({ gone: 'missing' })
})

// With the commitment to whatever a careless reader would take for their members.
test.each([
  ['[1]', { 0: 1 }],
  ['"ab"', { 0: 'a', 1: 'b' }],
  ['1', {}],
  ['null', {}],
  ['{"a":', {}],
  ['', {}],
  ['{"a":"b"', { a: 'b' }],
])('fields that are not an object, %s, are missing', async (fields, members) => {
  const dir = await vaultOfVectors()
  const forged = await commitTo(members, VECTOR.salt)
  const made = await makeRow(VECTOR, VECTOR.monthKey, VECTOR.rowNonce, VECTOR.salt, fields, forged)
  writeFileSync(join(dir, VECTOR.subject, '2026-11.rows'), made.row)
  const vault = await openVault(dir, { wrappingKey: Buffer.from(VECTOR.wrappingKey), isReader: true })
  const commitment = Buffer.from(made.commitment).toString('hex')
  expect(await vault.open({ subject: VECTOR.subject, commitment })).toEqual({ gone: 'missing' })
})
