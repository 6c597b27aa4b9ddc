import { spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lockFolder } from '../../agent/issuer/folder-lock.ts'
import { newPlace } from './issuer-scratch.ts'

async function newFolder(): Promise<string> {
  const dir = await newPlace()
  await mkdir(dir)
  return dir
}

/** The lock of this process, as its file says it, with changes. */
async function lockOf(dir: string, changes: object): Promise<string> {
  const lock = await lockFolder(dir)
  const holder: unknown = JSON.parse(await readFile(join(dir, 'lock'), 'utf8'))
  await lock.release()
  return `${JSON.stringify({ ...(holder as object), ...changes })}\n`
}

describe('a locked folder', () => {
  test('is for one command at a time, and for the next once that has ended', async () => {
    const dir = await newFolder()
    const lock = await lockFolder(dir)
    await expect(lockFolder(dir)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    await lock.release()
    await (await lockFolder(dir)).release()
    expect(await readdir(dir)).toEqual([])
  })

  test('is had by one of many that want it at once', async () => {
    const dir = await newFolder()
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(dir)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('of a process that is gone goes to the next, and to one only', async () => {
    const dir = await newFolder()
    const { pid } = spawnSync('true')
    await writeFile(join(dir, 'lock'), await lockOf(dir, { process: pid }))
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(dir)))
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1)
    for (const result of results) if (result.status === 'fulfilled') await result.value.release()
    await (await lockFolder(dir)).release()
    expect(await readdir(dir)).toEqual([])
  })

  test.each<[string, object]>([
    ['a process whose number came again', { started: '1' }],
    ['before this machine was started', { boot: 'another' }],
  ])('of %s goes to the next', async (_name, changes) => {
    const dir = await newFolder()
    await writeFile(join(dir, 'lock'), await lockOf(dir, changes))
    await (await lockFolder(dir)).release()
  })

  test.each<[string, object]>([
    ['another machine', { host: `not-${hostname()}` }],
    ['another container', { space: 'pid:[1]' }],
  ])('of %s stays locked until a person looks', async (_name, changes) => {
    const dir = await newFolder()
    await writeFile(join(dir, 'lock'), await lockOf(dir, { process: 2 ** 22 + 1, ...changes }))
    await expect(lockFolder(dir)).rejects.toMatchObject({
      message: expect.stringMatching(/lock` is from another machine or container, or damaged; .* remove it$/),
    })
  })

  test.each([
    ['nothing', ''],
    ['nothing of a process', '{}'],
    ['null', 'null'],
    ['too little', '{"process":1}'],
    ['zeros', '\0'.repeat(9000)],
  ])('stays locked where its lock says %s', async (_name, text) => {
    const dir = await newFolder()
    await writeFile(join(dir, 'lock'), text)
    await expect(lockFolder(dir)).rejects.toMatchObject({ code: 'STATE_UNUSABLE' })
    expect(await readFile(join(dir, 'lock'), 'utf8')).toBe(text)
  })

  test('stays locked where somebody ended while putting a lock aside', async () => {
    const dir = await newFolder()
    const { pid } = spawnSync('true')
    await writeFile(join(dir, 'lock'), await lockOf(dir, { process: pid }))
    await writeFile(join(dir, 'lock.breaking'), '')
    await expect(lockFolder(dir)).rejects.toMatchObject({
      message: expect.stringContaining('lock.breaking` is there'),
    })
  })

  test('that is not there cannot be locked', async () => {
    await expect(lockFolder(await newPlace())).rejects.toMatchObject({ code: 'STATE_UNUSABLE' })
  })
})
