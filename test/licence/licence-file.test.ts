import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BUNDLE_BYTES_MAX } from '../../agent/licence/bundle.ts'
import { readLicenceFile } from '../../agent/licence/licence-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'licence-file-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function fileWith(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

async function complaint(path: string): Promise<string> {
  const error = await readLicenceFile(path).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ code: 'LICENCE_UNREADABLE', exitStatus: 2 })
  return (error as Error).message
}

test('a token is read with or without a line end', async () => {
  for (const end of ['', '\n', '\r\n', ' \n']) {
    expect(await readLicenceFile(await fileWith('plain.licence', `a.b.c${end}`))).toBe('a.b.c')
  }
})

test('a bundle of the full size is read, one byte more is not', async () => {
  const bundle = 'A'.repeat(BUNDLE_BYTES_MAX)
  expect(await readLicenceFile(await fileWith('full.licence', bundle))).toBe(bundle)
  expect(await complaint(await fileWith('more.licence', `${bundle}A`))).toContain('above the limit')
})

test('a link to a file is read', async () => {
  await symlink(await fileWith('target.licence', 'a.b.c'), join(folder, 'link.licence'))
  expect(await readLicenceFile(join(folder, 'link.licence'))).toBe('a.b.c')
})

test('a missing file says so', async () => {
  const path = join(folder, 'missing.licence')
  expect(await complaint(path)).toBe(`licence \`${path}\` does not exist`)
  expect(await complaint(join(folder, 'plain.licence', 'below'))).toMatch(/does not exist$/)
})

test('a directory says so', async () => {
  await mkdir(join(folder, 'dir'))
  expect(await complaint(join(folder, 'dir'))).toMatch(/is a directory$/)
})

test('an empty file says so', async () => {
  expect(await complaint(await fileWith('empty.licence', ''))).toMatch(/is empty$/)
})

test('ten megabytes are refused by their size, unread', async () => {
  const path = await fileWith('big.licence', '')
  await truncate(path, 10 * 1024 * 1024)
  expect(await complaint(path)).toBe(
    `licence \`${path}\` has 10485760 bytes, above the limit of 262144 bytes`,
  )
})

test('a file of a terabyte is no slower', async () => {
  const path = await fileWith('sparse.licence', '')
  await truncate(path, 2 ** 40)
  expect(await complaint(path)).toContain('above the limit')
})

test('binary content is named by byte and offset', async () => {
  const path = await fileWith('binary.licence', Buffer.from([0x61, 0x2e, 0x00, 0xff]))
  expect(await complaint(path)).toMatch(/byte 0x00 at offset 2 cannot be part of one$/)
  expect(await complaint(await fileWith('utf8.licence', 'lizenz-für'))).toMatch(/byte 0xc3 at offset 8/)
})

test('a pipe and a device are refused without waiting for them', async () => {
  const pipe = join(folder, 'pipe')
  execFileSync('sh', ['-c', 'mkfifo "$0"', pipe])
  expect(await complaint(pipe)).toMatch(/is not a regular file$/)
  expect(await complaint('/dev/zero')).toMatch(/is not a regular file$/)
})

test('a path with a NUL is refused like any other', async () => {
  expect(await complaint('a\0b')).toMatch(/cannot be opened/)
})
