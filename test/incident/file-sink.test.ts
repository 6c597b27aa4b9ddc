// Incidents in a file: whole lines, private, durable, bounded, and never where somebody else wants them.
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FileSink } from '../../agent/incident/file-sink.ts'
import { Undeliverable } from '../../agent/incident/undeliverable.ts'
import { dispatch, scratchFolder } from './dispatch.ts'

const linesOf = (path: string): readonly string[] => readFileSync(path, 'utf8').split('\n')
const subjects = (path: string): readonly string[] =>
  linesOf(path)
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { subject: string }).subject)

function place(): string {
  return join(scratchFolder(), 'incidents.jsonl')
}

test('each is a line of its own in a file that only its owner can read', async () => {
  const path = place()
  const sink = new FileSink({ path })
  await sink.send(dispatch(1))
  await sink.send(dispatch(2))
  expect(subjects(path)).toEqual(['emergency-stop-1', 'emergency-stop-2'])
  expect(linesOf(path).at(-1)).toBe('')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a file that was moved away is begun anew', async () => {
  const path = place()
  const sink = new FileSink({ path })
  await sink.send(dispatch(1))
  renameSync(path, `${path}.collected`)
  await sink.send(dispatch(2))
  expect(subjects(path)).toEqual(['emergency-stop-2'])
})

test('a line that a crash left unfinished spoils no other', async () => {
  const path = place()
  const sink = new FileSink({ path })
  await sink.send(dispatch(1))
  appendFileSync(path, '{"torn":')
  await sink.send(dispatch(2))
  expect(linesOf(path)[1]).toBe('{"torn":')
  expect(JSON.parse(linesOf(path)[2]!)).toMatchObject({ subject: 'emergency-stop-2' })
})

test('a full file is turned over once, and there are never more than two', async () => {
  const path = place()
  const sink = new FileSink({ path }, 6000)
  for (let i = 0; i < 9; i++) await sink.send(dispatch(i))
  expect(subjects(`${path}.1`)).toEqual([3, 4, 5].map((i) => `emergency-stop-${i}`))
  expect(subjects(path)).toEqual([6, 7, 8].map((i) => `emergency-stop-${i}`))
  expect(statSync(path).size).toBeLessThanOrEqual(6000)
  expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(6000)
  expect(existsSync(`${path}.2`)).toBe(false)
})

test('a file that holds one line too large for it is begun all the same', async () => {
  const path = place()
  const sink = new FileSink({ path }, 10)
  await sink.send(dispatch(1))
  await sink.send(dispatch(2))
  expect(subjects(path)).toEqual(['emergency-stop-2'])
  expect(subjects(`${path}.1`)).toEqual(['emergency-stop-1'])
})

describe('nothing is written', () => {
  const refused = async (path: string, why: string | RegExp): Promise<void> => {
    const error: unknown = await new FileSink({ path }).send(dispatch()).catch((reason) => reason)
    expect(error).toBeInstanceOf(Undeliverable)
    expect((error as Error).message).toMatch(why)
  }

  test('through a symbolic link', async () => {
    const path = place()
    writeFileSync(`${path}.victim`, 'whole')
    symlinkSync(`${path}.victim`, path)
    await refused(path, 'symbolic link')
    expect(readFileSync(`${path}.victim`, 'utf8')).toBe('whole')
  })

  test('to a file that others may write to', async () => {
    const path = place()
    writeFileSync(path, '')
    chmodSync(path, 0o620)
    await refused(path, 'others may write')
    chmodSync(path, 0o640)
    await new FileSink({ path }).send(dispatch())
  })

  test('to a pipe that nobody reads, or a folder, and nothing waits for them', async () => {
    const dir = scratchFolder()
    execFileSync('mkfifo', [join(dir, 'pipe')])
    await refused(join(dir, 'pipe'), 'not a regular file')
    mkdirSync(join(dir, 'folder'))
    await expect(new FileSink({ path: join(dir, 'folder') }).send(dispatch())).rejects.toThrow('EISDIR')
  })

  test('where there is no folder: that may pass', async () => {
    const path = join(scratchFolder(), 'unmounted', 'incidents.jsonl')
    const error: unknown = await new FileSink({ path }).send(dispatch()).catch((reason) => reason)
    expect(error).not.toBeInstanceOf(Undeliverable)
    expect(error).toMatchObject({ code: 'ENOENT' })
  })

  test('to a device', async () => {
    await refused('/dev/full', 'not a regular file')
  })

  test('of a line of which the disk takes only a part', () => {
    const path = place()
    const program = `
      import { FileSink } from '${join(import.meta.dirname, '../../agent/incident/file-sink.ts')}'
      process.on('SIGXFSZ', () => {})
      const sink = new FileSink({ path: '${path}' })
      const event = { filler: 'x'.repeat(1500) }
      await sink.send({ event })
      await sink.send({ event }).catch((error) => process.stdout.write(error.code))`
    // Blocks of 512 bytes.
    const limited = 'ulimit -f 4; exec "$0" --import tsx --input-type=module -e "$1"'
    const said = execFileSync('sh', ['-c', limited, process.execPath, program], { encoding: 'utf8' })
    expect(said).toBe('EFBIG')
    expect(linesOf(path)).toEqual([JSON.stringify({ filler: 'x'.repeat(1500) }), ''])
  })
})
