import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { nodeWorld } from '../../agent/doctor/node-world.ts'
import { People } from '../../agent/doctor/people.ts'
import { holdersOf, readProcesses } from '../../agent/doctor/processes.ts'
import { follow } from '../../agent/doctor/trail.ts'
import { seen, TEXT_BYTES_MAX } from '../../agent/doctor/world.ts'

const world = nodeWorld()
const uid = process.geteuid?.() ?? -1
const NULL_DEVICE = '1:3'

const run = (program: string, ...args: string[]) => execFileSync(program, args)

function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

describe('the machine as it is', () => {
  test('tells type, mode and owner of a file', () => {
    const path = join(scratch(), 'key')
    writeFileSync(path, 'x')
    for (const mode of [0o600, 0o646, 0o1755]) {
      chmodSync(path, mode)
      expect(world.lstat(path)).toMatchObject({
        kind: 'seen',
        value: { type: 'file', mode, uid, device: '' },
      })
    }
  })

  test('tells a link from what it leads to', () => {
    const dir = scratch()
    symlinkSync(dir, join(dir, 'self'))
    expect(seen(world.lstat(join(dir, 'self')))?.type).toBe('link')
    expect(seen(world.stat(join(dir, 'self')))?.type).toBe('folder')
    expect(seen(world.readlink(join(dir, 'self')))).toBe(dir)
    expect(world.readlink(dir).kind).toBe('hidden')
  })

  test('tells what is missing from what is hidden', () => {
    const dir = scratch()
    writeFileSync(join(dir, 'file'), '')
    symlinkSync('loop', join(dir, 'loop'))
    for (const path of [join(dir, 'none'), join(dir, 'file', 'below')]) {
      expect(world.lstat(path)).toEqual({ kind: 'missing' })
      expect(world.readText(path)).toEqual({ kind: 'missing' })
      expect(world.list(path)).toEqual({ kind: 'missing' })
      expect(world.space(path)).toEqual({ kind: 'missing' })
    }
    expect(world.stat(join(dir, 'loop'))).toEqual({
      kind: 'hidden',
      reason: 'its symbolic links lead in a circle',
    })
  })

  test('numbers devices as /proc does', () => {
    expect(seen(world.lstat('/dev/null'))).toMatchObject({ type: 'character', device: NULL_DEVICE })
    expect(seen(world.stat('/dev/ptmx'))?.device).toMatch(/^5:2$/)
  })

  test('reads whole small texts, also those of /proc, which tell no size', () => {
    const path = join(scratch(), 'text')
    writeFileSync(path, 'grün\n')
    expect(world.readText(path)).toEqual({ kind: 'seen', value: 'grün\n' })
    expect(seen(world.readText('/proc/self/status'))).toMatch(/^Name:/)
  })

  test('reads the end of a long file, and no more', () => {
    const path = join(scratch(), 'log')
    writeFileSync(path, `${'a'.repeat(300_000)}the end`)
    expect(seen(world.readEnd(path, 7))).toBe('the end')
    expect(seen(world.readEnd(path, 200_000))).toHaveLength(200_000)
    expect(seen(world.readEnd(path, 1_000_000))).toHaveLength(300_007)
  })

  test('never takes the beginning of a text for the whole', () => {
    const path = join(scratch(), 'text')
    writeFileSync(path, 'a'.repeat(TEXT_BYTES_MAX))
    expect(world.readText(path).kind).toBe('seen')
    writeFileSync(path, 'a'.repeat(TEXT_BYTES_MAX + 1))
    expect(world.readText(path)).toEqual({
      kind: 'hidden',
      reason: `it is longer than ${TEXT_BYTES_MAX} bytes`,
    })
  })

  test('opens neither devices nor pipes', () => {
    const pipe = join(scratch(), 'pipe')
    run('mkfifo', pipe)
    for (const path of ['/dev/null', pipe, tmpdir()]) {
      expect(world.readText(path)).toEqual({ kind: 'hidden', reason: 'it is not a regular file' })
      expect(world.readEnd(path, 10)).toEqual({ kind: 'hidden', reason: 'it is not a regular file' })
    }
  })

  test('tells the room on a disk, and memory from disk', () => {
    const space = seen(world.space('/'))
    expect(space?.bytes).toBeGreaterThan(space?.bytesFree ?? Number.POSITIVE_INFINITY)
    expect(seen(world.space('/dev/shm'))?.type).toBe(0x01021994)
  })

  test('follows paths as the kernel does', () => {
    const dir = scratch()
    mkdirSync(join(dir, 'a'))
    writeFileSync(join(dir, 'a', 'file'), '')
    symlinkSync('a/../a', join(dir, 'link'))
    const trail = follow(world, join(dir, 'link', 'file'))
    expect(trail.real).toBe(realpathSync(join(dir, 'link', 'file')))
  })
})

describe('the programs of this machine', () => {
  test('are told with user, groups and words', () => {
    const own = readProcesses(world).list.find(({ pid }) => pid === process.pid)
    expect(own).toMatchObject({ uid })
    expect(own?.gids).toContain(process.getegid?.())
    expect(own?.words.join(' ')).toContain('node')
  })

  test('are found by the device that they have open', () => {
    const held = openSync('/dev/full', 'r')
    const isHeld = () =>
      holdersOf(world, readProcesses(world), '1:7').holders.some(({ pid }) => pid === process.pid)
    expect(isHeld()).toBe(true)
    closeSync(held)
    expect(isHeld()).toBe(false)
  })
})

test('users and groups of this machine are told by name', () => {
  const people = new People(world, [], () => 0)
  expect(people.userName(0)).toBe('root')
  expect(people.groupName(0)).toBe('root')
  expect(people.uidOf('root')).toBe(0)
  expect(people.uidOf('no-such-user')).toBeUndefined()
  expect(people.userName(3_999_999_999)).toBe('uid 3999999999')
})
