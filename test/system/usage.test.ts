import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { endProcesses, newFolder, ROOT, removeFolders, run, start, until } from './command.ts'
import { CUBE } from './site.ts'

afterEach(endProcesses)
afterAll(removeFolders)

/** Every command and the options that its help must mention. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  demo: [],
  inspect: ['--json'],
  read: ['--dialect', '--json'],
  check: ['--policy', '--licence', '--printer', '--user', '--state', '--json'],
  print: ['--port', '--policy', '--licence', '--user', '--baud', '--state', '--json'],
  sim: ['--link', '--tcp', '--journal', '--speed', '--seed', '--build', '--fault', '--list-faults', '--json'],
  'policy validate': ['--json'],
  'policy rules': ['--json'],
  'licence issuer init': ['--name', '--uri', '--days', '--passphrase-file', '--json'],
  'licence issue': [
    ...['--issuer', '--design', '--licensee', '--copies', '--machine', '--expires', '--from', '--tier'],
    ...['--form', '--title', '--passphrase-file', '--out', '--json'],
  ],
  'licence show': ['--json'],
  'licence verify': ['--job', '--machine', '--trust', '--state', '--json'],
  'licence trust': ['--state'],
  'licence machine': ['--state', '--json'],
  'audit show': ['--state', '--json'],
  'audit verify': ['--state', '--json'],
}

describe('help', () => {
  test.each(Object.entries(COMMANDS))('of `%s` mentions each option', async (command, options) => {
    const { status, stdout, stderr } = await run([...command.split(' '), '--help'])
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toMatch(new RegExp(`^Usage: portcullis ${command}`))
    for (const option of options) expect(stdout).toMatch(new RegExp(`^ +${option}\\b`, 'm'))
    expect(stdout).not.toMatch(/\[\]|undefined/)
  })

  test('of the whole names every command and each exit status', async () => {
    const { status, stdout } = await run(['--help'])
    expect(status).toBe(0)
    for (const command of Object.keys(COMMANDS)) expect(stdout).toContain(`\n  ${command.split(' ')[0]} `)
    expect(stdout).toContain('portcullis demo')
    for (const exit of [
      '0 allowed',
      '1 fault',
      '2 bad usage',
      '3 denied',
      '4 held',
      '5 printer',
      '6 evidence',
    ])
      expect(stdout).toContain(exit)
  })

  test('is shown, with exit status 2, to who asks for nothing', async () => {
    for (const args of [[], ['policy'], ['licence'], ['licence', 'issuer'], ['audit']]) {
      const { status, stdout, stderr } = await run(args)
      expect(status).toBe(2)
      expect(stdout).toBe('')
      expect(stderr).toMatch(/^Usage: portcullis/)
    }
  })
})

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  for (const flag of ['--version', '-V']) {
    expect(await run([flag])).toEqual({ status: 0, signal: null, stdout: `${version}\n`, stderr: '' })
  }
})

describe('wrong usage ends with one sentence, a hint and exit status 2', () => {
  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a command that is none', ['prnit'], /unknown command 'prnit'/],
    ['a subcommand that is none', ['policy', 'validat', 'x'], /unknown command 'validat'/],
    ['an option that is none', ['inspect', CUBE, '--jsn'], /unknown option '--jsn'/],
    ['an argument too few', ['inspect'], /missing required argument 'job'/],
    ['an argument too many', ['inspect', CUBE, CUBE], /too many arguments/],
    ['no port', ['print', CUBE, '--policy', 'open-bench'], /required option '--port <port>' not specified/],
    ['no policy', ['check', CUBE], /required option '--policy <file>' not specified/],
    ['an option without its value', ['check', CUBE, '--policy'], /argument missing/],
  ]
  test.each(wrong)('for %s', async (_, args, sentence) => {
    const { status, stdout, stderr } = await run(args)
    expect(stderr).toMatch(sentence)
    expect(stderr).toMatch(
      /^portcullis: [^\n]+\n(\(Did you mean [^\n]+\)\n)?\(add --help to see what it takes\)\n$/,
    )
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })

  const values: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a speed', ['sim', '--speed', 'fast'], /speed.*`fast`/],
    ['a speed above 0', ['sim', '--speed', '0'], /speed `0` is not a factor above 0/],
    ['a seed', ['sim', '--seed', '-1'], /seed.*`-1`/],
    ['a build', ['sim', '--build', 'none'], /build `none` is not one of default/],
    ['a fault', ['sim', '--fault', 'fire=1'], /fault `fire=1` cannot be used: known faults are silent, /],
    ['a listener', ['sim', '--tcp', 'nowhere'], /`--tcp` wants HOST:PORT, not `nowhere`/],
    [
      'two places to listen',
      ['sim', '--tcp', '127.0.0.1:0', '--link', 'x'],
      /give --link or --tcp, not both/,
    ],
    [
      'a baud rate',
      ['print', CUBE, '--policy', 'open-bench', '--port', 'sim', '--baud', '7'],
      /`--baud` wants/,
    ],
  ]
  test.each(values)('for %s that is none', async (_, args, sentence) => {
    const { status, stdout, stderr } = await run(args, { cwd: newFolder() })
    expect(stderr).toMatch(sentence)
    expect(stderr).toMatch(/^portcullis: [^\n]+\n$/)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })
})

describe('a fault of a command that was asked for JSON', () => {
  const faults: readonly (readonly [string, readonly string[], string])[] = [
    ['a policy that is missing', ['check', CUBE, '--policy', 'none.yaml'], 'POLICY_INVALID'],
    ['a policy to validate', ['policy', 'validate', 'none.yaml'], 'POLICY_INVALID'],
    ['a rule that is none', ['policy', 'rules', 'none'], 'USAGE'],
    ['a baud rate', ['print', CUBE, '--policy', 'a', '--port', 'sim', '--baud', '7'], 'USAGE'],
    ['a speed', ['sim', '--speed', '0'], 'USAGE'],
    ['a licence', ['licence', 'show', 'none'], 'LICENCE_UNREADABLE'],
    ['a file to read', ['read', '/none'], 'JOB_UNREADABLE'],
    ['a dialect', ['read', CUBE, '--dialect', 'klingon'], 'USAGE'],
    ['a log', ['audit', 'show', '/none'], 'USAGE'],
  ]
  test.each(faults)('%s is one line of JSON, besides the sentence', async (_, args, code) => {
    const { status, stdout, stderr } = await run([...args, '--json'], { cwd: newFolder() })
    const message = stderr.slice('portcullis: '.length, -1)
    expect(stdout).toBe(`${JSON.stringify({ error: { code, message } })}\n`)
    expect(status).toBe(2)
  })

  test('is not told in JSON to who asked for words', async () => {
    expect((await run(['policy', 'rules', 'none'])).stdout).toBe('')
  })
})

describe('the simulated printer', () => {
  test('lists its faults', async () => {
    const { status, stdout } = await run(['sim', '--list-faults'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^silent: /m)
    expect(stdout).toMatch(/^unplug-after=N: /m)
  })

  test('never replaces a file that is no link', async () => {
    const { status, stderr } = await run(['sim', '--link', CUBE])
    expect(status).toBe(2)
    expect(stderr).toMatch(/^portcullis: .*cube\.gcode.*\n$/)
  })

  test('never takes the link of another one that runs, but that of one that was killed', async () => {
    const link = join(newFolder(), 'printer')
    const first = start(['sim', '--json', '--link', link])
    await until('the first printer', () => first.stdout() !== '')
    const { status, stdout, stderr } = await run(['sim', '--link', link])
    expect(stderr).toMatch(/^portcullis: `.*printer` leads to `\/dev\/pts\/\d+`, which is in use; .*\n$/)
    expect(stdout).toBe('')
    expect(status).toBe(2)
    first.signal('SIGKILL')
    await first.ended
    const next = start(['sim', '--json', '--link', link])
    await until('the next printer', () => next.stdout() !== '')
    expect(existsSync(link)).toBe(true)
    next.signal('SIGTERM')
    expect((await next.ended).status).toBe(0)
  })

  test('says in one sentence that its journal cannot be written', async () => {
    const { status, stderr } = await run(['sim', '--journal', '/nonexistent/journal'])
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^portcullis: the journal `\/nonexistent\/journal` cannot be written: its folder does not exist\n$/,
    )
  })
})
