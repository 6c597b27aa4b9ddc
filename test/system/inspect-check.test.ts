import { spawnSync } from 'node:child_process'
import { createReadStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { endProcesses, PORTCULLIS, removeFolders, run } from './command.ts'
import { CUBE, cubeText, licenceCube, newSite, type Site, sha256 } from './site.ts'

let site: Site

beforeAll(async () => {
  site = await newSite()
})
afterEach(endProcesses)
afterAll(removeFolders)

const XYZ = { x: expect.any(Number), y: expect.any(Number), z: expect.any(Number) }
/** The members that others build on, as documented. */
const FACTS = {
  extrusionBoundsMm: { min: XYZ, max: XYZ },
  sizeMm: XYZ,
  filamentMm: expect.closeTo(426.99, 1),
  filamentMm3: expect.any(Number),
  layers: { count: 33, minHeightMm: expect.any(Number), maxHeightMm: expect.any(Number) },
  nozzleMaxCelsius: 200,
  bedMaxCelsius: null,
  chamberMaxCelsius: null,
  feedrateMaxMmPerMin: 7800,
  flowMaxMm3PerS: expect.any(Number),
  estimatedSeconds: expect.closeTo(511, -2),
  tools: expect.any(Array),
  classes: expect.objectContaining({ motion: 2552 }),
}
const JOB = {
  bytes: 84_362,
  lines: 3239,
  commands: 2619,
  sha256: sha256(cubeText()),
  canonicalSha256: 'ba2c7aefd3e5cef60b612a2f24622cb06450cc78cb4c7cf2f290fdf690e23bbf',
}

describe('inspect', () => {
  test('writes one JSON document and nothing else', async () => {
    const { status, stdout, stderr } = await run(['inspect', CUBE, '--json'])
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      job: { name: expect.stringContaining('cube.gcode'), ...JOB },
      facts: FACTS,
      claims: { slicer: 'PrusaSlicer', filamentType: 'PLA', nozzleDiameterMm: 0.4 },
      refused: { count: 0, first: [] },
    })
  })

  test('finds the same in standard input', async () => {
    const piped = await run(['inspect', '-', '--json'], { stdin: createReadStream(CUBE) })
    expect(piped.status).toBe(0)
    expect(JSON.parse(piped.stdout)).toMatchObject({ job: JOB, facts: FACTS })
  })

  test('shows a person facts and claims apart', async () => {
    const { status, stdout } = await run(['inspect', CUBE])
    expect(status).toBe(0)
    expect(stdout).toMatch(/\nFacts {2}measured from the commands\n/)
    expect(stdout).toMatch(/\nClaims {2}what the comments say; nothing relies on them\n/)
    expect(stdout).toContain('about 8 min')
    expect(stdout).not.toMatch(/undefined|NaN|\[object|\x1b/)
    expect(stdout).not.toMatch(/[ \t]$/m)
  })

  test('tells of lines that cannot be read', async () => {
    const job = site.file('odd.gcode', 'G28\nG1 X1 X2\nG1 X10 Y10\n')
    const { status, stdout } = await run(['inspect', job])
    expect(status).toBe(0)
    expect(stdout).toContain('line 2: ')
    const { stdout: json } = await run(['inspect', job, '--json'])
    expect(JSON.parse(json).refused).toMatchObject({
      count: 1,
      first: [{ line: 2, code: 'repeated-word', message: expect.any(String) }],
    })
  })
})

describe('check', () => {
  test('writes the decision as one JSON document of the documented form', async () => {
    const licence = await licenceCube(site)
    const args = ['--policy', 'maker-space', '--licence', licence, '--user', 'ada', '--state', site.state]
    const { status, stdout, stderr } = await run(['check', CUBE, ...args, '--json'])
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const decision = JSON.parse(stdout)
    expect(decision).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      outcome: 'allow',
      job: JOB,
      facts: FACTS,
      claims: { slicer: 'PrusaSlicer' },
      policy: { name: 'maker-space', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      licence: {
        issuer: 'https://licences.example.org/fixture',
        licensee: 'Riverside Makers',
        expiresAt: expect.any(String),
        copiesLeft: 3,
      },
      reasons: [],
      log: null,
    })
  })

  test('gives each reason with code, rule, line, value, limit, remedy and appeal', async () => {
    const hot = cubeText().replace('M109 S200', 'M109 S300').replace('G1 X95 ', 'G1 X412.5 ')
    const args = ['check', '-', '--policy', 'maker-space', '--state', site.state, '--json']
    const { status, stdout } = await run(args, { stdin: hot })
    expect(status).toBe(3)
    const { outcome, reasons } = JSON.parse(stdout)
    expect(outcome).toBe('deny')
    const denials = reasons.filter((reason: { outcome: string }) => reason.outcome === 'deny')
    expect(denials.map((reason: { rule: string }) => reason.rule).sort()).toEqual([
      'build-volume',
      'nozzle-temperature',
    ])
    for (const reason of denials) {
      expect(reason).toMatchObject({
        code: expect.any(String),
        message: expect.stringMatching(/^[^A-Z\n][^\n]*[^.\n]$/),
        line: expect.any(Number),
        value: expect.anything(),
        limit: expect.anything(),
        remedy: expect.any(String),
        appeal: expect.any(String),
      })
    }
  })

  test('judges for another machine where it is named', async () => {
    const licence = await licenceCube(site, { machines: ['m-0123456789abcdef'] })
    const args = ['check', CUBE, '--policy', 'maker-space', '--licence', licence, '--state', site.state]
    expect((await run(args)).status).toBe(3)
    expect((await run([...args, '--printer', 'm-0123456789abcdef'])).status).toBe(0)
  })

  test('holds a job for a person with exit status 4', async () => {
    const job = cubeText().replace('filament_type = PLA', 'filament_type = PEEK')
    const args = ['check', '-', '--policy', 'maker-space', '--state', site.state]
    const { status, stdout } = await run(args, { stdin: job })
    expect(stdout).toMatch(/^held {2}standard input {2}/)
    expect(stdout).toContain('PEEK')
    expect(status).toBe(4)
  })

  test('never writes to the log', async () => {
    expect(readdirSync(join(site.state, 'log'))).toEqual([])
  })
})

describe('a reader that goes away early', () => {
  test.each([
    ['read', ['read', CUBE]],
    ['read --json', ['read', CUBE, '--json']],
    ['inspect', ['inspect', CUBE]],
    ['policy rules', ['policy', 'rules', '--json']],
  ] as const)('is no fault to `%s`', (_, args) => {
    const command = [process.execPath, PORTCULLIS, ...args].map((word) => `'${word}'`).join(' ')
    const script = `set -o pipefail; ${command} | head -n 1 >/dev/null; echo "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout.trim()).toMatch(/^(0|141)$/)
  })
})
