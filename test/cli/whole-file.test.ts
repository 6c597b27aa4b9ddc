import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeWholeFile } from '../../agent/cli/whole-file.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'portcullis-whole-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array, void> {
  for (const text of texts) yield Buffer.from(text)
}

async function* failing(): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from('the beginning')
  throw new RangeError('the rest is not there')
}

test('a file is there once it is whole, for its owner alone, and nothing beside it', async () => {
  const dir = folder()
  const path = join(dir, 'out')
  async function* watched(): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from('one ')
    expect(readdirSync(dir)).not.toContain('out')
    yield Buffer.from('two')
  }
  await writeWholeFile(path, watched())
  expect(readFileSync(path, 'utf8')).toBe('one two')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(dir)).toEqual(['out'])
})

test('a file whose chunks fail is not made, and the failure is told', async () => {
  const dir = folder()
  await expect(writeWholeFile(join(dir, 'out'), failing())).rejects.toThrow(RangeError)
  expect(readdirSync(dir)).toEqual([])
})

test('a file that is there is never written over, nor one that comes meanwhile', async () => {
  const dir = folder()
  const path = join(dir, 'out')
  writeFileSync(path, 'mine')
  const refusal = { code: 'USAGE', message: `file \`${path}\` cannot be written: it exists already` }
  await expect(writeWholeFile(path, chunks('yours'))).rejects.toMatchObject(refusal)
  expect(readFileSync(path, 'utf8')).toBe('mine')
  rmSync(path)
  async function* slow(): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from('yours')
    writeFileSync(path, 'mine, and quicker')
  }
  await expect(writeWholeFile(path, slow())).rejects.toMatchObject(refusal)
  expect(readFileSync(path, 'utf8')).toBe('mine, and quicker')
  expect(readdirSync(dir)).toEqual(['out'])
})

test('a link that leads nowhere is no way to another place', async () => {
  const dir = folder()
  symlinkSync(join(dir, 'elsewhere'), join(dir, 'out'))
  await expect(writeWholeFile(join(dir, 'out'), chunks('x'))).rejects.toMatchObject({ code: 'USAGE' })
  expect(readdirSync(dir)).toEqual(['out'])
})

test('a folder that is not there, or is not ours, is said', async () => {
  const dir = folder()
  await expect(writeWholeFile(join(dir, 'no', 'out'), chunks('x'))).rejects.toThrow(
    /its folder does not exist$/,
  )
  await expect(writeWholeFile('/proc/out', chunks('x'))).rejects.toMatchObject({ code: 'USAGE' })
})
