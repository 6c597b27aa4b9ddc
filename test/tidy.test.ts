// Checks on the code itself: who may import whom, how long a file may be, and what is not called where.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RULES } from '../policies/index.ts'

const root = resolve(import.meta.dirname, '..')

/** Each room, and the rooms it may import. Read it top to bottom: arrows only point up. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  gcode: [],
  policies: ['gcode'],
  'agent/errors.ts': [],
  'agent/durable-index.ts': [],
  'agent/core': ['gcode', 'policies', 'agent/errors.ts', 'agent/durable-index.ts'],
  // Licences: what is signed and who signed it, whom the site believes, what a licence allows, how often it was used.
  'agent/token': ['agent/errors.ts'],
  'agent/trust': ['agent/errors.ts', 'agent/token'],
  'agent/status': ['agent/errors.ts', 'agent/token'],
  'agent/licence': ['agent/errors.ts', 'agent/token', 'agent/trust', 'agent/status'],
  'agent/issuer': ['agent/errors.ts', 'agent/token', 'agent/trust', 'agent/status', 'agent/licence'],
  'agent/screening': ['agent/errors.ts', 'agent/token', 'agent/trust'],
  'agent/copies': ['agent/errors.ts', 'agent/log-format'],
  'agent/sealed': ['agent/errors.ts'],
  'agent/delivery': ['gcode', 'agent/errors.ts'],
  // The log: what is written, who writes it, who checks it (sharing no code with the writer), and what is made of it.
  'agent/log-format': ['agent/errors.ts'],
  'agent/audit': ['agent/errors.ts', 'agent/durable-index.ts', 'agent/log-format'],
  'agent/verify': ['agent/errors.ts', 'agent/log-format'],
  'agent/vault': ['agent/errors.ts', 'agent/log-format'],
  'agent/witness': ['agent/errors.ts', 'agent/log-format', 'agent/verify'],
  'agent/receipt': ['agent/errors.ts', 'agent/log-format', 'agent/verify'],
  'agent/review': ['agent/errors.ts', 'agent/log-format', 'agent/verify'],
  'agent/incident': ['agent/errors.ts', 'agent/log-format'],
  'agent/report': ['agent/errors.ts', 'agent/log-format'],
  'agent/spool': ['agent/errors.ts'],
  'agent/serial': ['agent/core', 'agent/errors.ts'],
  'agent/sim': ['agent/serial', 'agent/errors.ts'],
  'agent/config': ['gcode', 'policies', 'agent/errors.ts'],
  'agent/control': ['agent/errors.ts'],
  'agent/doctor': ['agent/errors.ts', 'agent/config', 'agent/verify'],
  'agent/install': ['agent/errors.ts', 'agent/config'],
  // The composition: the files right under agent/ that join the rooms.
  agent: [
    'gcode',
    'policies',
    'agent/errors.ts',
    'agent/durable-index.ts',
    'agent/core',
    'agent/token',
    'agent/trust',
    'agent/status',
    'agent/licence',
    'agent/issuer',
    'agent/screening',
    'agent/copies',
    'agent/sealed',
    'agent/delivery',
    'agent/log-format',
    'agent/audit',
    'agent/verify',
    'agent/vault',
    'agent/witness',
    'agent/receipt',
    'agent/review',
    'agent/incident',
    'agent/report',
    'agent/spool',
    'agent/serial',
    'agent/sim',
    'agent/config',
    'agent/control',
  ],
  // The gate joined to its ports, its log and the people who watch it: a composition of its own.
  'agent/gate': [
    'gcode',
    'policies',
    'agent/errors.ts',
    'agent/durable-index.ts',
    'agent',
    'agent/core',
    'agent/token',
    'agent/trust',
    'agent/licence',
    'agent/copies',
    'agent/sealed',
    'agent/delivery',
    'agent/log-format',
    'agent/audit',
    'agent/verify',
    'agent/vault',
    'agent/witness',
    'agent/receipt',
    'agent/review',
    'agent/incident',
    'agent/report',
    'agent/spool',
    'agent/serial',
    'agent/config',
    'agent/control',
  ],
  'agent/cli': [
    'gcode',
    'policies',
    'agent/errors.ts',
    'agent/durable-index.ts',
    'agent',
    'agent/core',
    'agent/token',
    'agent/trust',
    'agent/status',
    'agent/licence',
    'agent/issuer',
    'agent/screening',
    'agent/copies',
    'agent/sealed',
    'agent/delivery',
    'agent/log-format',
    'agent/audit',
    'agent/verify',
    'agent/vault',
    'agent/witness',
    'agent/receipt',
    'agent/review',
    'agent/incident',
    'agent/report',
    'agent/spool',
    'agent/serial',
    'agent/sim',
    'agent/config',
    'agent/control',
    'agent/doctor',
    'agent/install',
    'agent/gate',
  ],
}
/** Rooms whose only door is their index.ts. */
const DOORED = [
  'gcode',
  'policies',
  'agent/core',
  'agent/token',
  'agent/trust',
  'agent/status',
  'agent/licence',
  'agent/issuer',
  'agent/screening',
  'agent/copies',
  'agent/sealed',
  'agent/delivery',
  'agent/log-format',
  'agent/audit',
  'agent/verify',
  'agent/vault',
  'agent/witness',
  'agent/receipt',
  'agent/review',
  'agent/incident',
  'agent/report',
  'agent/spool',
  'agent/sim',
  'agent/config',
  'agent/control',
  'agent/doctor',
  'agent/install',
  'agent/gate',
]
/** Packages that a room may import besides Node's own modules. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  gcode: [],
  policies: ['zod', 'yaml'],
  'agent/core': [],
  'agent/token': ['jose', 'node-forge', 'zod'],
  'agent/trust': ['zod', 'yaml'],
  'agent/status': ['zod'],
  'agent/licence': ['jose', 'zod'],
  'agent/issuer': ['jose', 'node-forge', 'zod', 'yaml'],
  'agent/screening': ['any-ascii', 'fastest-levenshtein', 'zod'],
  'agent/copies': ['zod'],
  'agent/sealed': ['age-encryption'],
  'agent/delivery': [],
  'agent/log-format': ['zod'],
  'agent/audit': ['koffi'],
  'agent/verify': ['zod'],
  'agent/vault': ['zod'],
  'agent/witness': ['zod'],
  'agent/receipt': ['zod'],
  'agent/review': [],
  'agent/incident': ['zod'],
  'agent/report': [],
  'agent/spool': [],
  'agent/serial': ['serialport', '@serialport/parser-readline', 'koffi', 'zod'],
  'agent/sim': [],
  'agent/config': ['zod', 'yaml'],
  'agent/control': ['zod'],
  'agent/doctor': [],
  'agent/install': [],
  'agent/gate': ['zod'],
  agent: ['zod', 'pino'],
  'agent/cli': ['commander', 'cli-progress'],
}
const LINES_MAX = 400

/** What is not called, where, and what to use instead. */
const BANNED: readonly { readonly what: RegExp; readonly where: RegExp; readonly instead: string }[] = [
  {
    what: /\bDate\.now\b|new Date\(\)/,
    where: /^(gcode|policies|agent\/core)\//,
    instead: 'time as an argument',
  },
  { what: /\bMath\.random\b/, where: /^(gcode|policies|agent\/(core|sim))\//, instead: 'a seeded generator' },
  {
    what: /\bprocess\.exit\(/,
    where: /^(gcode|policies|agent\/(?!serial\/guard|cli\/end))/,
    instead: 'process.exitCode',
  },
  { what: /\bconsole\./, where: /^(gcode|policies|agent)\//, instead: 'say, or a thrown error' },
  { what: /\beval\(|new Function\(/, where: /./, instead: 'plain code' },
  {
    what: /as DurableIndex/,
    where: /^(?!agent\/audit\/merkle-log\.ts$)/,
    instead: 'the index that the log gave: nobody else knows what is durable',
  },
  {
    what: /as Admission\b/,
    where: /^(?!agent\/copy-keeper\.ts$|test\/)/,
    instead: 'the admission that the keeper gave: nobody else knows that the copy is reserved',
  },
  { what: /export default/, where: /^(gcode|policies|agent)\//, instead: 'a named export' },
  {
    what: /\b(TODO|FIXME|XXX|HACK)\b/,
    where: /^(gcode|policies|agent|scripts)\//,
    instead: 'the work itself',
  },
  { what: /@ts-(ignore|expect-error|nocheck)/, where: /^(gcode|policies|agent)\//, instead: 'a type' },
]

const sources = ['gcode', 'policies', 'agent', 'scripts'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${folder}/${file}`),
)
const byDepth = Object.keys(ROOMS).sort((a, b) => b.length - a.length)
const roomOf = (path: string): string | undefined =>
  byDepth.find((room) => path === room || path.startsWith(`${room}/`))

interface Import {
  readonly specifier: string
  readonly isTypeOnly: boolean
}

function importsOf(text: string): readonly Import[] {
  const found = [...text.matchAll(/^(?:import|export)\b([^'"]*?)from '([^']+)'/gms)].map(
    ([, names, specifier]) => ({
      specifier: specifier!,
      isTypeOnly: /^\s+type\b/.test(names!),
    }),
  )
  const dynamic = [...text.matchAll(/\bimport\('([^']+)'\)/g)].map(([, specifier]) => ({
    specifier: specifier!,
    isTypeOnly: false,
  }))
  return [...found, ...dynamic]
}

const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const targetOf = (file: string, specifier: string): string =>
  relative(root, join(root, dirname(file), specifier))

describe.each(sources.filter((file) => roomOf(file) !== undefined))('%s', (file) => {
  const text = read(file)
  const home = roomOf(file)!
  const imports = importsOf(text)

  test('imports only the rooms that its room may import, and those by their door', () => {
    for (const { specifier, isTypeOnly } of imports) {
      if (!specifier.startsWith('.')) continue
      const target = targetOf(file, specifier)
      const room = roomOf(target)!
      if (room === home) continue
      expect(ROOMS[home], `${file} imports ${specifier}`).toContain(room)
      if (DOORED.includes(room)) expect(target, `${file} imports ${specifier}`).toBe(`${room}/index.ts`)
      if (home === 'agent/sim' && room === 'agent/serial') expect(isTypeOnly, specifier).toBe(true)
      if (home === 'agent/serial' && room === 'agent/core') expect(isTypeOnly, specifier).toBe(true)
    }
  })

  test('imports only the packages that its room needs, and Node by its prefix', () => {
    const isPure = home === 'gcode' || home === 'policies' || home === 'agent/core'
    for (const { specifier } of imports) {
      if (specifier.startsWith('.')) continue
      if (specifier.startsWith('node:')) expect(isPure, `${file} imports ${specifier}`).toBe(false)
      else expect(PACKAGES[home], `${file} imports ${specifier}`).toContain(specifier)
    }
  })

  test(`has at most ${LINES_MAX} lines`, () => {
    expect(text.split('\n').length).toBeLessThanOrEqual(LINES_MAX)
  })

  test('calls nothing that is banned there', () => {
    for (const { what, where, instead } of BANNED)
      if (where.test(file)) expect(text, `${file}: use ${instead}`).not.toMatch(what)
  })
})

test('each room is named in the list of rooms', () => {
  const folders = readdirSync(join(root, 'agent'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )
  for (const { name } of folders) expect(Object.keys(ROOMS)).toContain(`agent/${name}`)
})

test('each rule has a file of its own name and stands in the registry', () => {
  const files = readdirSync(join(root, 'policies/rules')).filter((file) => file !== 'index.ts')
  expect(RULES.map((rule) => `${rule.id}.ts`).sort()).toEqual(files.sort())
})

test('the top level holds only what the layout names and what tools demand', () => {
  const allowed = [
    'agent',
    'gcode',
    'policies',
    'test',
    'fixtures',
    'scripts',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.rooms.json',
    'vitest.config.ts',
    'biome.json',
    'knip.json',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    'node_modules',
    'dist',
    'coverage',
  ]
  const found = readdirSync(root).filter((name) => !name.startsWith('.'))
  expect(found.filter((name) => !allowed.includes(name))).toEqual([])
})

test('no file refers to a place outside the project', () => {
  const texts = [...sources, 'README.md', 'package.json', '.ci/run'].filter((file) =>
    existsSync(join(root, file)),
  )
  for (const file of texts) expect(read(file), file).not.toMatch(/\/work\/|\.\.\/shared|\.library/)
})

test('there is at least as much test as code', () => {
  const lines = (files: readonly string[]): number =>
    files.reduce((sum, file) => sum + read(file).split('\n').length, 0)
  const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `test/${file}`)
  expect(lines(tests)).toBeGreaterThanOrEqual(lines(sources))
})

test('the version of the command is the version of the package', async () => {
  const { VERSION } = await import('../agent/cli/version.ts')
  expect(JSON.parse(read('package.json')).version).toBe(VERSION)
})
