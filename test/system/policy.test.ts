import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { endProcesses, newFolder, ROOT, removeFolders, run } from './command.ts'
import { sha256 } from './site.ts'

afterEach(endProcesses)
afterAll(removeFolders)

const READY = ['maker-space', 'open-bench'] as const

describe('policy validate', () => {
  test.each(READY)(
    'finds the ready policy %s by its name from anywhere, and its cases hold',
    async (name) => {
      const folder = newFolder()
      for (const file of [name, `${name}.yaml`, join(ROOT, 'policies', 'library', `${name}.yaml`)]) {
        const { status, stdout, stderr } = await run(['policy', 'validate', file], { cwd: folder })
        expect(stderr).toBe('')
        expect(status).toBe(0)
        expect(stdout).toMatch(new RegExp(`^valid {2}${name} version \\d+: \\d+ rules, \\d+ cases hold\\n$`))
      }
    },
  )

  test('tells one JSON document with the digest of the file', async () => {
    const { status, stdout } = await run(['policy', 'validate', 'maker-space', '--json'])
    const path = join(ROOT, 'policies', 'library', 'maker-space.yaml')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      path,
      name: 'maker-space',
      sha256: sha256(readFileSync(path)),
      failed: [],
    })
  })

  test('names a case that does not hold, and what came instead', async () => {
    const text = readFileSync(join(ROOT, 'policies', 'library', 'maker-space.yaml'), 'utf8')
    const folder = newFolder()
    const path = join(folder, 'mine.yaml')
    writeFileSync(path, text.replace('maxCelsius: 260', 'maxCelsius: 100'))
    const { status, stdout, stderr } = await run(['policy', 'validate', path])
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^portcullis: .*mine\.yaml: case `an ordinary job is printed`: /)
    const json = await run(['policy', 'validate', path, '--json'])
    expect(json.status).toBe(2)
    const { failed } = JSON.parse(json.stdout)
    expect(failed).toContainEqual(expect.objectContaining({ name: 'an ordinary job is printed' }))
  })
})

describe('policy rules', () => {
  test('lists every rule on a line of its own', async () => {
    const { status, stdout } = await run(['policy', 'rules'])
    expect(status).toBe(0)
    const ids = stdout.split('\n').flatMap((line) => /^([a-z]+(?:-[a-z]+)*) {2}/.exec(line)?.[1] ?? [])
    expect(ids).toEqual(expect.arrayContaining(['nozzle-temperature', 'build-volume', 'licence', 'material']))
    const { stdout: json } = await run(['policy', 'rules', '--json'])
    expect(JSON.parse(json).map((rule: { id: string }) => rule.id)).toEqual(ids)
  })

  test('tells all of one rule: why, and each option with its meaning', async () => {
    const { status, stdout } = await run(['policy', 'rules', 'nozzle-temperature'])
    expect(status).toBe(0)
    expect(stdout).toContain('maxCelsius  number; required')
    const { stdout: json } = await run(['policy', 'rules', 'nozzle-temperature', '--json'])
    expect(JSON.parse(json)).toMatchObject([{ id: 'nozzle-temperature', summary: expect.any(String) }])
  })

  test('names the rules that there are where one is asked for that is not', async () => {
    const { status, stderr } = await run(['policy', 'rules', 'no-such-rule'])
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /^portcullis: there is no rule `no-such-rule`; there are nozzle-temperature, .*\n$/,
    )
  })
})
