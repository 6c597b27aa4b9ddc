/**
 * The story of a licence in README.md, command by command: what stands there is run, and what it says is what stands
 * there. Ids, digests, times and durations may differ.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newFolder, PORTCULLIS, ROOT, removeFolders } from './command.ts'
import { isWithoutFaketime } from './faketime.ts'
import { CUBE } from './site.ts'

const SECTION = '## A licence, from end to end'

interface Step {
  readonly command: string
  /** What it writes, where a line of `...` stands for any lines. */
  readonly expected: readonly string[]
}

const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const SECTION_TEXT = README.slice(README.indexOf(SECTION)).split('\n## ')[0] ?? ''
const STEPS = [...SECTION_TEXT.matchAll(/```\n([\s\S]*?)```/g)].flatMap(([, block = '']) => stepsOf(block))

/** A command begins with `$ ` and ends at its line's end, or with its here-document. */
function stepsOf(block: string): readonly Step[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const document = /^.*<<(\w+)\n[\s\S]*?^\1$/m.exec(text)
      const command = document?.[0] ?? text.slice(0, text.indexOf('\n'))
      const expected = text
        .slice(command.length)
        .split('\n')
        .filter((line) => line !== '')
      return { command, expected }
    })
}

/** What differs from run to run, by its kind. */
function plain(line: string): string {
  return line
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replace(/\b[ml]-(?!0{16})[0-9a-f]{16}\b/g, 'KEY')
    .replace(/\b[0-9a-f]{64}\b/g, 'SHA')
    .replace(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/g, 'TIME')
    .replace(/\d+(\.\d+)? s$/, 'SECONDS')
    .replace(/^whole {2}\d+ records/, 'whole  N records')
    .replace(/says record \d+/, 'says record N')
}

/** Whether lines are what is expected, where `...` takes as few as it can. */
function fits(lines: readonly string[], expected: readonly string[]): boolean {
  const [first, ...rest] = expected
  if (first === undefined) return lines.length === 0
  if (first === '...') {
    return rest.length === 0 || lines.some((_, at) => fits(lines.slice(at), rest))
  }
  return lines[0] !== undefined && plain(lines[0]) === plain(first) && fits(lines.slice(1), rest)
}

let folder = ''
let env: Record<string, string> = {}

beforeAll(() => {
  folder = newFolder()
  const bin = newFolder()
  const shim = join(bin, 'portcullis')
  writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${PORTCULLIS}" "$@"\n`)
  chmodSync(shim, 0o755)
  copyFileSync(CUBE, join(folder, 'cube.gcode'))
  const path = `${bin}${delimiter}${process.env['PATH'] ?? ''}`
  env = { PATH: path, HOME: folder, NO_COLOR: '1', TZ: 'UTC', PORTCULLIS_STATE: join(folder, 'state') }
})
afterAll(removeFolders)

describe('the story of a licence in the README', () => {
  test('has all that happens to one', () => {
    expect(STEPS.length).toBeGreaterThan(20)
    expect(STEPS.filter(({ expected }) => expected.some((line) => line !== '...')).length).toBeGreaterThan(15)
  })

  describe.each(STEPS)('$command', ({ command, expected }) => {
    const needsFaketime = command.startsWith('faketime ')
    test.skipIf(needsFaketime && isWithoutFaketime)(needsFaketime ? 'needs faketime' : 'does so', () => {
      run(command, expected)
    })
  })
})

function run(command: string, expected: readonly string[]): void {
  const { stdout, stderr } = spawnSync('bash', ['-c', command], { cwd: folder, env, encoding: 'utf8' })
  expect(stderr).toBe('')
  const lines = stdout.split('\n').filter((line) => line !== '')
  expect(fits(lines, expected), `it said:\n${stdout}`).toBe(true)
}
