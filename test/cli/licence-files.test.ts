import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { stageFile, writeNew } from '../../agent/cli/licence-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'licence-files-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a staged file has its name once it is kept, and leaves nothing where it is not', async () => {
  const path = join(folder, 'a')
  const staged = await stageFile(path, 'text\n')
  const [partial = '', ...others] = readdirSync(folder)
  expect(others).toEqual([])
  // Room for it, and nothing of it.
  expect(readFileSync(join(folder, partial), 'utf8')).toBe('     ')
  await staged.keep()
  await staged.discard()
  expect(readFileSync(path, 'utf8')).toBe('text\n')
  await (await stageFile(join(folder, 'b'), 'text')).discard()
  expect(readdirSync(folder)).toEqual(['a'])
})

test('nothing is written over, neither what was there before nor what came meanwhile', async () => {
  const path = join(folder, 'taken')
  writeFileSync(path, 'mine')
  await expect(writeNew(path, 'yours')).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/taken` cannot be written: it exists already$/),
  })
  const late = join(folder, 'late')
  const staged = await stageFile(late, 'yours')
  writeFileSync(late, 'mine')
  await expect(staged.keep()).rejects.toMatchObject({ code: 'USAGE' })
  await staged.discard()
  expect(readFileSync(late, 'utf8')).toBe('mine')
  expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([])
})

test('a folder that is not there is told before anything else happens', async () => {
  await expect(stageFile(join(folder, 'none', 'a'), 'text')).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('it does not exist'),
  })
})

test('a key is for its owner alone', async () => {
  const path = join(folder, 'key')
  await writeNew(path, 'secret', 'key')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})
