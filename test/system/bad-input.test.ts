import { mkdirSync, truncateSync } from 'node:fs'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, endProcesses, type RunOptions, removeFolders, run } from './command.ts'
import { type Printer, startPrinter } from './printer.ts'
import { CUBE, cubeText, newSite, type Site, spooled } from './site.ts'

let site: Site
let printer: Printer

beforeAll(async () => {
  site = await newSite()
  printer = await startPrinter()
})
afterEach(() => {
  expect(spooled(site)).toEqual([])
  expect(printer.receivedBytes()).toBe(0)
})
afterAll(async () => {
  await endProcesses()
  removeFolders()
})

/** Bad input ends in one sentence and exit status 2, with nothing on standard output but the same sentence in JSON. */
function expectUsage({ status, stdout, stderr }: Ended, sentence: string | RegExp, code?: string): void {
  if (typeof sentence === 'string') expect(stderr).toBe(`portcullis: ${sentence}\n`)
  else expect(stderr).toMatch(sentence)
  expect(stderr).not.toMatch(/^ +at |internal fault/m)
  if (code === undefined) expect(stdout).toBe('')
  else
    expect(JSON.parse(stdout)).toEqual({ error: { code, message: stderr.slice('portcullis: '.length, -1) } })
  expect(status).toBe(2)
}

const printArgs = (job: string, ...more: string[]): readonly string[] => [
  'print',
  job,
  '--port',
  printer.port,
  '--policy',
  'open-bench',
  '--state',
  site.state,
  ...more,
]
const checkArgs = (job: string, ...more: string[]): readonly string[] => [
  'check',
  job,
  '--policy',
  'open-bench',
  '--state',
  site.state,
  ...more,
]

describe('a job that cannot be read', () => {
  const jobs: readonly (readonly [string, () => string, RegExp])[] = [
    ['is missing', () => `${site.folder}/none.gcode`, /^portcullis: job `.*none\.gcode` does not exist\n$/],
    ['is a directory', () => site.folder, /^portcullis: job `.*` is a directory\n$/],
    ['is a device', () => '/dev/zero', /^portcullis: job `\/dev\/zero` is not a regular file; .*\n$/],
    ['is empty', () => site.file('empty.gcode', ''), /^portcullis: job `.*empty\.gcode` is empty\n$/],
    [
      'is binary',
      () =>
        site.file(
          'junk.gcode',
          Uint8Array.from({ length: 9999 }, (_, i) => (i * 7919) % 256),
        ),
      /^portcullis: job `.*junk\.gcode` is binary data, not G-code text\n$/,
    ],
    [
      'is prose',
      () => site.file('prose.gcode', 'dear printer\nplease print\n'),
      /^portcullis: job `.*prose\.gcode` is not G-code: no line of it is a command\n$/,
    ],
    [
      'holds comments only',
      () => site.file('comments.gcode', '; nothing\n; to do\n'),
      /^portcullis: job `.*comments\.gcode` holds no command\n$/,
    ],
    [
      'is an archive',
      () => site.file('box.gcode', 'PK\x03\x04 and so on\n'),
      /^portcullis: job `.*box\.gcode` is a ZIP archive .*; export it as plain text G-code\n$/,
    ],
  ]
  test.each(jobs)('because it %s is told in one sentence', async (_, job, sentence) => {
    const path = job()
    const commands = [['inspect', path], checkArgs(path), printArgs(path)]
    for (const ended of await Promise.all(commands.map((args) => run(args)))) expectUsage(ended, sentence)
    const inJson = [['inspect', path, '--json'], checkArgs(path, '--json'), printArgs(path, '--json')]
    for (const ended of await Promise.all(inJson.map((args) => run(args))))
      expectUsage(ended, sentence, 'JOB_UNREADABLE')
  })

  test('because standard input is empty is told in one sentence', async () => {
    expectUsage(await run(printArgs('-')), 'job `standard input` is empty')
  })
})

test('a job cut in mid-line is printed only with a warning on record', async () => {
  const cut = site.file('cut.gcode', cubeText().slice(0, 50_003))
  const { status, stdout, stderr } = await run(checkArgs(cut, '--json'))
  expect(stderr).toBe('')
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    outcome: 'warn',
    reasons: [{ code: 'grammar.unfinished-line', outcome: 'warn' }],
  })
})

describe('a line of a gigabyte', () => {
  const GIGABYTE = 1_000_000_000
  const RSS_BYTES_MAX = 160_000_000
  /** Writes the process's own peak of resident memory to standard error at its end. */
  const measured: RunOptions = {
    node: [
      '--import',
      `data:text/javascript,import fs from 'node:fs';process.on('exit',()=>process.stderr.write(/VmHWM.*/.exec(fs.readFileSync('/proc/self/status','utf8'))[0]+'\\n'))`,
    ],
  }
  const peakBytes = ({ stderr }: Ended): number => Number(/VmHWM:\s+(\d+) kB/.exec(stderr)?.[1]) * 1024

  function* letters(): Generator<Buffer> {
    const block = Buffer.alloc(1_000_000, 'A')
    for (let sent = 0; sent < GIGABYTE; sent += block.length) yield block
  }

  test('from standard input is refused in little memory', async () => {
    const ended = await run(['read', '-', '--json'], { ...measured, stdin: Readable.from(letters()) })
    expect(ended.status).toBe(0)
    expect(JSON.parse(ended.stdout)).toMatchObject({ line: 1, canonical: null })
    expect(peakBytes(ended)).toBeLessThan(RSS_BYTES_MAX)
  })

  test('of zeros in a file is no G-code', async () => {
    const path = site.file('sparse.gcode', 'G28\n')
    truncateSync(path, GIGABYTE)
    expectUsage(await run(checkArgs(path)), /is binary data, not G-code text\n$/)
  })

  test('in a job to print is refused before the copy of it is complete or in little memory', async () => {
    const options = { ...measured, stdin: Readable.from(letters()) }
    const ended = await run(printArgs('-'), options)
    expect(ended.status).toBe(2)
    expect(ended.stderr).toMatch(/^portcullis: job `standard input` is not G-code: .*\n/)
    expect(peakBytes(ended)).toBeLessThan(RSS_BYTES_MAX)
  })
})

describe('a policy that cannot be used', () => {
  const policies: readonly (readonly [string, () => string, RegExp])[] = [
    [
      'has an unknown key',
      () =>
        site.file('typo.yaml', 'portcullis: 1\nname: a\nversion: 1\nappeal: ask ada\nrules: {}\nrulez: {}\n'),
      /^portcullis: \S*typo\.yaml:6:1 unknown key `rulez`; did you mean `rules`\?\n$/,
    ],
    [
      'has an unknown option of a rule',
      () =>
        site.file(
          'option.yaml',
          'portcullis: 1\nname: a\nversion: 1\nrules:\n  nozzle-temperature:\n    maxCelsiuss: 260\n',
        ),
      /option\.yaml:6:5 unknown key `maxCelsiuss`; did you mean `maxCelsius`\?/,
    ],
    ['is no YAML', () => site.file('syntax.yaml', 'a: [1\n'), /^portcullis: \S*syntax\.yaml:\d+:\d+ /],
    ['is empty', () => site.file('empty.yaml', ''), /^portcullis: \S*empty\.yaml:1:1 .*\n$/],
    ['is missing', () => 'none.yaml', /^portcullis: policy `none\.yaml` does not exist\n$/],
    ['is a directory', () => site.folder, /^portcullis: policy `.*` is not a regular file\n$/],
    ['is a device', () => '/dev/zero', /^portcullis: policy `\/dev\/zero` is not a regular file\n$/],
    [
      'is binary',
      () => site.file('binary.yaml', Uint8Array.from([0x80, 0xff, 0x00])),
      /^portcullis: policy `.*` is not UTF-8 text\n$/,
    ],
    [
      'is huge',
      () => site.file('huge.yaml', '#'.repeat(5_000_000)),
      /^portcullis: policy `.*` is larger than the limit of \d+ bytes\n$/,
    ],
  ]
  test.each(policies)('because it %s is told with its place', async (_, policy, sentence) => {
    const path = policy()
    const state = ['--state', site.state]
    const commands = [
      ['policy', 'validate', path],
      ['check', CUBE, '--policy', path, ...state],
      ['print', CUBE, '--policy', path, '--port', printer.port, ...state],
    ]
    for (const ended of await Promise.all(commands.map((args) => run(args)))) expectUsage(ended, sentence)
  })
})

describe('a licence file that cannot be read', () => {
  const licences: readonly (readonly [string, () => string, RegExp])[] = [
    [
      'has 10 MB',
      () => site.file('big.licence', 'e'.repeat(10_000_000)),
      /^portcullis: licence `.*` has 10000000 bytes, above the limit of \d+ bytes\n$/,
    ],
    ['is missing', () => 'none.licence', /^portcullis: licence `none\.licence` does not exist\n$/],
    ['is a directory', () => site.folder, /^portcullis: licence `.*` is a directory\n$/],
    ['is a device', () => '/dev/zero', /^portcullis: licence `\/dev\/zero` is not a regular file\n$/],
    ['is empty', () => site.file('empty.licence', ''), /^portcullis: licence `.*` is empty\n$/],
    [
      'is binary',
      () => site.file('binary.licence', Uint8Array.from([1, 2, 3, 0xff])),
      /^portcullis: licence `.*` is not a licence token: byte 0x01 at offset 0 cannot be part of one\n$/,
    ],
  ]
  test.each(licences)('because it %s is told in one sentence', async (_, licence, sentence) => {
    const path = licence()
    const commands = [
      ['licence', 'show', path],
      ['licence', 'verify', path, '--job', CUBE, '--state', site.state],
      printArgs(CUBE, '--licence', path),
    ]
    for (const ended of await Promise.all(commands.map((args) => run(args)))) expectUsage(ended, sentence)
  })

  test('but is text is a licence that is refused', async () => {
    const path = site.file('junk.licence', 'not a licence\n')
    const args = ['--policy', 'maker-space', '--licence', path, '--state', site.state, '--json']
    const { status, stdout } = await run(['print', CUBE, '--port', printer.port, ...args])
    expect(status).toBe(3)
    expect(JSON.parse(stdout).decision.reasons).toMatchObject([
      { code: 'licence.malformed', outcome: 'deny' },
    ])
  })
})

test('a state folder that others can write to is not used', async () => {
  const state = `${site.folder}/open-state`
  mkdirSync(state, { mode: 0o777 })
  const { status, stderr } = await run(['licence', 'machine', '--state', state], {
    under: ['sh', '-c', 'chmod 777 "$0"; exec "$@"', state],
  })
  expect(status).toBe(1)
  expect(stderr).toMatch(/^portcullis: state folder `.*` cannot be used: .* can be written by others; .*\n$/)
})

test('a state folder that cannot be made is told in one sentence', async () => {
  const { status, stderr } = await run(['licence', 'machine', '--state', `${CUBE}/state`])
  expect(status).toBe(1)
  expect(stderr).toMatch(/^portcullis: state folder `.*` cannot be used: .*\n$/)
})
