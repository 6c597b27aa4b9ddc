// The walls between the rooms are the compiler's: what a room must not know does not compile there.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
let copy = ''

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'portcullis-walls-'))
  for (const part of ['gcode', 'policies', 'tsconfig.rooms.json', 'package.json'])
    cpSync(join(root, part), join(copy, part), { recursive: true })
  // Each room's output folder is given relative to node_modules; only the packages are shared.
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  writeFileSync(join(copy, 'agent.ts'), 'export const agent = 1\n')
})

afterAll(() => rmSync(copy, { recursive: true, force: true }))

/** Compiles one room of the copy with a file planted in it. */
function compileWith(
  room: 'gcode' | 'policies',
  source: string,
): { readonly ok: boolean; readonly output: string } {
  const planted = join(copy, room, 'planted.ts')
  const config = join(copy, room, 'tsconfig.planted.json')
  writeFileSync(planted, source)
  const outDir = join(copy, 'types', room)
  writeFileSync(
    config,
    JSON.stringify({
      extends: './tsconfig.json',
      compilerOptions: { rootDir: '.', outDir, tsBuildInfoFile: join(outDir, 'info'), composite: true },
      references: room === 'policies' ? [{ path: '../gcode' }] : [],
    }),
  )
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const run = spawnSync(process.execPath, [tsc, '-p', config], { cwd: copy, encoding: 'utf8' })
  rmSync(planted)
  rmSync(config)
  return { ok: run.status === 0, output: run.stdout + run.stderr }
}

test('gcode compiles as it is', () => {
  expect(compileWith('gcode', 'export const planted = 1\n')).toMatchObject({ ok: true })
})

test.each([
  [
    'imports Node',
    "import { readFileSync } from 'node:fs'\nexport const planted = readFileSync\n",
    /TS2307|TS2591|TS2580/,
  ],
  ['uses Buffer', "export const planted = Buffer.from('x')\n", /Buffer/],
  ['reads the environment', 'export const planted = process.env\n', /process/],
  ['sets a timer', 'export const planted = setTimeout(() => {}, 1)\n', /setTimeout/],
  ['imports the agent', "export { agent } from '../agent.ts'\n", /TS6059|TS6307/],
  ['imports a policy', "export { ALLOW } from '../policies/verdict.ts'\n", /TS6059|TS6307/],
])('gcode does not compile if it %s', (_what, source, complaint) => {
  const { ok, output } = compileWith('gcode', source)
  expect(ok).toBe(false)
  expect(output).toMatch(complaint)
})

test.each([
  [
    'imports Node',
    "import { readFileSync } from 'node:fs'\nexport const planted = readFileSync\n",
    /TS2307|TS2591|TS2580/,
  ],
  ['imports the agent', "export { agent } from '../agent.ts'\n", /TS6059|TS6307/],
])('policies does not compile if it %s', (_what, source, complaint) => {
  const { ok, output } = compileWith('policies', source)
  expect(ok).toBe(false)
  expect(output).toMatch(complaint)
})
