// The example of FORMAT.md: a log that another program wrote, in another language.
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { proveInclusion, publishedHead } from '../../agent/audit/index.ts'
import { type OpenRecord, parseLeaf } from '../../agent/log-format/index.ts'
import { verifyLog } from '../../agent/verify/index.ts'
import { MemoryDisk } from './memory-disk.ts'
import { DIR, numbered, openIn, openOn, recordsOf, scratchFolder } from './records.ts'

const VECTOR = resolve(import.meta.dirname, '../../fixtures/audit/log')
const FORMAT = resolve(import.meta.dirname, '../../agent/log-format/FORMAT.md')

/** How many records each commit of it has, the first record's own apart. */
const COMMITS = [2, 1, 1]

function filesOf(dir: string): Map<string, string> {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => name !== 'lock' && statSync(join(dir, name)).isFile())
  return new Map(files.sort().map((name) => [name, readFileSync(join(dir, name), 'hex')]))
}

test('is as FORMAT.md states it', () => {
  const format = readFileSync(FORMAT, 'utf8')
  expect(format).toContain(readFileSync(join(VECTOR, 'checkpoint'), 'utf8'))
  const journal = readFileSync(join(VECTOR, 'journal/00000000000000'))
  expect(format).toContain(journal.subarray(0, 50).toString('hex'))
  expect(format).toContain(`${journal.length} bytes`)
})

test('verifies, and is read', async () => {
  const { note, origin, root } = await publishedHead(VECTOR)
  expect(await verifyLog(VECTOR)).toMatchObject({
    ok: true,
    records: 5,
    findings: [],
    origin,
    root: root.toString('hex'),
  })
  const records = await recordsOf(VECTOR)
  expect(records.map(({ kind }) => kind)).toEqual([
    'log-opened',
    'agent-started',
    'policy-loaded',
    'line-refused',
    'snapshot',
  ])
  expect(await proveInclusion(VECTOR, 3)).toContain(note)
})

test('is what the writer writes, byte for byte', async () => {
  const disk = new MemoryDisk()
  const log = await openOn(disk)
  const [, ...records] = (await recordsOf(VECTOR)).map((record) => {
    const { seq: _, at: __, ...rest } = record
    return rest as OpenRecord
  })
  for (const count of COMMITS) await Promise.all(records.splice(0, count).map((record) => log.append(record)))
  await log.close()
  const written = disk.filesBelow(DIR)
  written.delete('lock')
  expect(new Map([...written].sort().map(([name, bytes]) => [name, bytes.toString('hex')]))).toEqual(
    filesOf(VECTOR),
  )
})

test('is opened and appended to', async () => {
  const dir = scratchFolder()
  cpSync(VECTOR, dir, { recursive: true })
  const log = await openIn(dir, { mayBegin: false })
  expect((await log.append(numbered(1))).index).toBe(5)
  await log.close()
  const { ok, records } = await verifyLog(dir)
  expect({ ok, records }).toEqual({ ok: true, records: 6 })
})

test('has no record that the format does not know', async () => {
  for (const record of await recordsOf(VECTOR)) {
    if (record.sealed === undefined) expect(parseLeaf(record)).toEqual({ leaf: record })
  }
})
