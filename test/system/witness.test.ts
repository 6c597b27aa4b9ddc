// The witness as people run it: its key, its service, its end, and what it still knows after it.
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { originHash } from '../../agent/witness/origin-store.ts'
import { TestLog } from '../witness/test-log.ts'
import { endProcesses, newFolder, type Running, removeFolders, run, start, until } from './command.ts'

const log = (size: number): TestLog => new TestLog('portcullis/m-0/l-0', size)

let folder: string
let state: string
let logs: string
beforeEach(() => {
  folder = newFolder()
  state = join(folder, 'state')
  logs = join(folder, 'logs.txt')
  writeFileSync(logs, `# the printer in the hall\n${log(0).signer.vkey}\n`)
})
afterEach(endProcesses)
afterAll(removeFolders)

interface Served extends Running {
  readonly url: string
  readonly key: string
}

async function serve(...more: readonly string[]): Promise<Served> {
  const args = [
    'witness',
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--log',
    logs,
    '--state',
    state,
    '--json',
    ...more,
  ]
  const running = start(args)
  const text = await until('the witness', () => running.stdout().endsWith('}\n') && running.stdout())
  return { ...running, ...JSON.parse(text) }
}

async function post(url: string, body: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body })
  return { status: response.status, body: await response.text() }
}

describe('portcullis witness key', () => {
  test('prints the same key each time, and makes it at the first', async () => {
    const first = await run(['witness', 'key', '--state', state])
    expect(first).toMatchObject({ status: 0, stderr: '' })
    expect(first.stdout).toMatch(/^portcullis\/w-[0-9a-f]{16}\+[0-9a-f]{8}\+B[A-Za-z0-9+/]{43}\n$/)
    expect((await run(['witness', 'key', '--state', state])).stdout).toBe(first.stdout)
    const json = await run(['witness', 'key', '--state', state, '--json'])
    expect(JSON.parse(json.stdout)).toEqual({
      name: first.stdout.split('+')[0],
      key: first.stdout.trim(),
    })
  })

  test('is never made again where the old one is lost', async () => {
    const witness = await serve()
    await post(witness.url, log(5).submission(0))
    witness.signal('SIGTERM')
    await witness.ended
    rmSync(join(state, 'witness-key.json'))
    for (const args of [['key'], ['serve', '--listen', '127.0.0.1:0', '--log', logs]]) {
      const { status, stderr } = await run(['witness', ...args, '--state', state])
      expect(stderr).toMatch(/^portcullis: the witness key `.*` is gone; put it back from a backup\n$/)
      expect(status).toBe(1)
    }
  })
})

describe('portcullis witness serve', () => {
  test('cosigns, shows what it saw, and ends when it is asked to', async () => {
    const witness = await serve()
    expect((await post(witness.url, log(5).submission(0))).body).toContain(`— ${witness.key.split('+')[0]} `)
    expect(await (await fetch(witness.url)).text()).toContain('portcullis/m-0/l-0  5 records, seen ')
    const shown = await run(['witness', 'show', '--state', state])
    expect(shown.status).toBe(0)
    expect(shown.stdout).toMatch(
      /^witness portcullis\/w-.*\n {2}portcullis\/m-0\/l-0 {2}5 records, seen .*Z\n$/,
    )
    witness.signal('SIGINT')
    expect(await witness.ended).toMatchObject({ status: 0, signal: null })
    await expect(fetch(witness.url)).rejects.toThrow()
  })

  test('knows after a kill what it knew before it, and refuses a fork of it', async () => {
    const first = await serve()
    await post(first.url, log(9).submission(0))
    first.signal('SIGKILL')
    await first.ended
    const witness = await serve()
    expect(await post(witness.url, log(5).submission(0))).toEqual({ status: 409, body: '9\n' })
    expect(await post(witness.url, log(9).fork(4, 9).submission(9))).toMatchObject({ status: 409 })
    expect(await post(witness.url, log(9).fork(4, 12).submission(9))).toMatchObject({ status: 422 })
    await until('a word about it', () => witness.stderr().match(/a log was refused/g)?.length === 2)
    const { stdout } = await run(['witness', 'show', '--state', state, '--json'])
    const { evidence, logs: seen } = JSON.parse(stdout)
    expect(seen).toMatchObject([{ origin: 'portcullis/m-0/l-0', size: 9, problem: null }])
    expect(evidence).toHaveLength(2)
    const kept = evidence.map((file: string) => JSON.parse(readFileSync(file, 'utf8')).kind)
    expect(kept.sort()).toEqual(['fork', 'inconsistent'])
  })

  test('reads its logs again at SIGHUP, and keeps those it has where the file is wrong', async () => {
    const witness = await serve()
    const other = new TestLog('portcullis/m-1/l-1', 5)
    expect(await post(witness.url, other.submission(0))).toMatchObject({ status: 404 })
    writeFileSync(logs, 'nonsense\n')
    witness.signal('SIGHUP')
    await until('a complaint', () => witness.stderr().includes('those read before stand'))
    expect(await post(witness.url, log(5).submission(0))).toMatchObject({ status: 200 })
    writeFileSync(logs, `${other.signer.vkey}\n`)
    witness.signal('SIGHUP')
    await until('the new logs', () => witness.stderr().includes('read again'))
    expect(await post(witness.url, other.submission(0))).toMatchObject({ status: 200 })
    expect(await post(witness.url, log(9).submission(5))).toMatchObject({ status: 404 })
  })

  test('runs once for a state folder', async () => {
    const witness = await serve()
    const second = await run(['witness', 'serve', '--listen', '127.0.0.1:0', '--log', logs, '--state', state])
    expect(second.status).toBe(1)
    expect(second.stderr).toBe(
      `portcullis: another witness (process ${witness.pid}) runs in \`${join(state, 'witness')}\`; ` +
        'end it, or name another `--state`\n',
    )
  })

  test('says to people where it is and how others name it', async () => {
    const witness = start(['witness', 'serve', '--listen', '127.0.0.1:0', '--log', logs, '--state', state])
    const text = await until('the welcome', () => witness.stdout().includes('Ctrl-C') && witness.stdout())
    expect(text).toMatch(
      /^witness listens at http:\/\/127\.0\.0\.1:\d+\n {2}key {4}portcullis\/w-.*\n {2}logs {3}1, from /,
    )
    expect(text).toContain('only programs on this machine reach it, and for those it counts for nothing\n')
  })

  test('refuses what it cannot use in a sentence, before it listens', async () => {
    const bad = join(folder, 'bad.txt')
    writeFileSync(bad, '\nnonsense\n')
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [
        ['--listen', 'nowhere', '--log', logs],
        /^portcullis: option `--listen` wants HOST:PORT, not `nowhere`\n$/,
      ],
      [['--listen', '127.0.0.1:70000', '--log', logs], /wants HOST:PORT/],
      [
        ['--listen', '127.0.0.1:0', '--log', bad],
        /^portcullis: file of logs `.*`, line 2: a key is `<name>\+/,
      ],
      [
        ['--listen', '127.0.0.1:0', '--log', folder],
        /^portcullis: file of logs `.*` is not a regular file\n$/,
      ],
      [
        ['--listen', '127.0.0.1:0', '--log', join(folder, 'none')],
        /^portcullis: file of logs `.*` does not exist\n$/,
      ],
      [
        ['--listen', '127.0.0.1:0', '--log', logs, '--log-level', 'loud'],
        /^portcullis: log level `loud` is not one of/,
      ],
      [['--listen', '127.0.0.1:0'], /--log/],
    ]
    for (const [args, message] of cases) {
      const { status, stdout, stderr } = await run(['witness', 'serve', ...args, '--state', state])
      expect(stderr).toMatch(message)
      expect(stdout).toBe('')
      expect(status).toBe(2)
    }
    const taken = await serve()
    const port = new URL(taken.url).port
    const again = ['--listen', `127.0.0.1:${port}`, '--log', logs, '--state', join(folder, 'other')]
    expect((await run(['witness', 'serve', ...again])).stderr).toMatch(/is in use by another program\n$/)
  })
})

describe('portcullis witness show', () => {
  test('tells a file that was damaged, with exit status 6', async () => {
    const witness = await serve()
    await post(witness.url, log(5).submission(0))
    witness.signal('SIGTERM')
    await witness.ended
    truncateSync(join(state, 'witness', 'origins', originHash('portcullis/m-0/l-0')), 50)
    const shown = await run(['witness', 'show', '--state', state])
    expect(shown.status).toBe(6)
    expect(shown.stdout).toContain(`${originHash('portcullis/m-0/l-0')}  refused: its file is damaged\n`)
    const next = await serve()
    expect(await post(next.url, log(5).submission(0))).toMatchObject({ status: 500 })
  })

  test('makes nothing where there is no witness', async () => {
    for (const place of [state, logs, '/nonexistent/state']) {
      const { status, stderr } = await run(['witness', 'show', '--state', place])
      expect(stderr).toMatch(/^portcullis: (?:there is no witness in|state folder) `.*/)
      expect([1, 2]).toContain(status)
    }
    expect(existsSync(state)).toBe(false)
  })
})
