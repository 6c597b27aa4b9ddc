import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ended, endProcesses, removeFolders, run } from './command.ts'
import { cubeText, newSite, type Site } from './site.ts'

/** What a name may hold on disk, made to look like a record, to hide what follows, and to turn the direction. */
const EVIL =
  'cube.gcode\n   99  2026-11-22T23:59:59.000Z  decision allow for b.gcode\rportcullis: all is well\x1b[8m\x1b[31m\u202e\u2028\x9b2J'
const SHOWN = EVIL.replace(/[\n\r\x1b\u202e\u2028\x9b]/g, '?')
/** Everything that a terminal would obey but the line ends that we write. */
const OBEYED = /[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

let site: Site
let job: string

beforeAll(async () => {
  site = await newSite()
  job = site.file(EVIL, cubeText())
})
afterAll(async () => {
  await endProcesses()
  removeFolders()
})

/** Nothing forged: no control character, and no line that begins as the name's second line does. */
function expectHonest({ stdout, stderr }: Ended, shown = SHOWN): void {
  const text = stdout + stderr
  expect(text).not.toMatch(OBEYED)
  expect(text).not.toMatch(/^ +99 /m)
  expect(text).not.toMatch(/^portcullis: all is well/m)
  expect(text).toContain(shown)
}

describe('a file name that forges lines and steers terminals is shown harmless', () => {
  test('by `inspect`, `check`, `print` and `audit show`', async () => {
    const args = ['--policy', 'open-bench', '--state', site.state]
    expectHonest(await run(['inspect', job]))
    expectHonest(await run(['check', job, ...args]))
    const printed = await run(['print', job, '--port', 'sim', ...args])
    expect(printed.status).toBe(0)
    expectHonest(printed)
    const shown = await run(['audit', 'show', '--state', site.state])
    expectHonest(shown)
    const records = (await run(['audit', 'show', '--json', '--state', site.state])).stdout
      .trimEnd()
      .split('\n')
    expect(shown.stdout.trimEnd().split('\n')).toHaveLength(records.length)
  })

  test('and in JSON is the very name, in escapes', async () => {
    const inspected = await run(['inspect', job, '--json'])
    expect(inspected.stdout).not.toMatch(OBEYED)
    expect(JSON.parse(inspected.stdout).job.name).toBe(job)
    const shown = await run(['audit', 'show', '--json', '--state', site.state])
    expect(shown.stdout).not.toMatch(OBEYED)
    expect(shown.stdout).toContain('\\u202e')
  })

  test('in every message about what cannot be used', async () => {
    const none = join(site.folder, 'none', EVIL)
    const state = ['--state', site.state]
    const commands: readonly (readonly string[])[] = [
      ['inspect', none],
      ['check', none, '--policy', 'open-bench', ...state],
      ['check', job, '--policy', none, ...state],
      ['policy', 'validate', site.file(`${EVIL}.yaml`, 'a: 1\nb: 2\n')],
      ['policy', 'rules', EVIL],
      ['print', job, '--policy', 'open-bench', '--port', none, ...state],
      ['print', job, '--policy', 'open-bench', '--port', 'sim', '--log-level', EVIL, ...state],
      ['check', job, '--policy', 'open-bench', '--licence', none, ...state],
      ['licence', 'show', none],
      ['licence', 'machine', '--state', join(site.state, 'machine.json', EVIL)],
      ['read', job, '--dialect', EVIL],
      ['audit', 'show', none],
      ['sim', '--link', none],
      ['sim', '--build', EVIL],
      ['sim', '--tcp', EVIL],
      [EVIL],
      ['policy', EVIL],
      ['inspect', job, `--${EVIL}`],
    ]
    for (const args of commands) {
      const ended = await run(args)
      expect(ended.status, args.join(' ')).not.toBe(0)
      expect(ended.stderr).toMatch(/^portcullis: /)
      expectHonest(ended)
    }
  })

  test('where it is the folder of a policy with several problems, each on its line', async () => {
    const folder = join(site.folder, `d${EVIL}`)
    mkdirSync(folder)
    const policy = site.file(
      join(`d${EVIL}`, 'p.yaml'),
      'portcullis: 1\nname: a\nversion: 1\nrulez: 1\nzzz: 2\n',
    )
    const ended = await run(['policy', 'validate', policy])
    expectHonest(ended)
    expect(ended.stderr.trimEnd().split('\n').length).toBeGreaterThan(1)
    for (const line of ended.stderr.trimEnd().split('\n')) expect(line).toMatch(/p\.yaml:\d+:\d+ /)
  })
})

test('a suggestion of the command line is still a line of its own', async () => {
  const { stderr } = await run(['inspekt'])
  expect(stderr).toBe(
    "portcullis: unknown command 'inspekt'\n(Did you mean inspect?)\n(add --help to see what it takes)\n",
  )
})
