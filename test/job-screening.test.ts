import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { inspectJob } from '../agent/inspect-job.ts'
import { issueLicence, type LicenceOrder } from '../agent/issuer/index.ts'
import type { JobPlace } from '../agent/job-screening.ts'
import { type JudgeJobOptions, judgeJob } from '../agent/judge-job.ts'
import { licencePlace } from '../agent/licence-place.ts'
import { loadPolicy } from '../agent/load-policy.ts'
import type { Screening } from '../agent/screening/index.ts'
import type { Decision } from '../policies/index.ts'
import { issuer, NOW_MS, order, placeOf } from './licence/fixture.ts'
import { scratchState } from './state-scratch.ts'
import { rowFor, screeningClaims, signed } from './trust/signed.ts'

const ROOT = join(import.meta.dirname, '..')

const policy = (name: string) =>
  loadPolicy(new URL(`../policies/library/${name}.yaml`, import.meta.url).pathname)
const MAKER_SPACE = policy('maker-space')
const OPEN_BENCH = policy('open-bench')
const JOB = '; filament_type = PLA\nG28\nM104 S200\nM140 S60\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1\n'

const LISTS: Screening = {
  lists: [
    {
      uri: `${issuer.uri}#national`,
      name: 'national',
      version: '7',
      source: 'ministry',
      issuedAtMs: NOW_MS,
      expiresAtMs: NOW_MS + 1000,
      sha256: 'ab'.repeat(32),
      entries: [
        {
          id: 'p1',
          kind: 'party',
          names: ['Severny Zavod'],
          countries: [],
          vendor: null,
          lot: null,
          why: 'x',
        },
        {
          id: 'p2',
          kind: 'party',
          names: ['Severny Zavod Trading'],
          countries: [],
          vendor: null,
          lot: null,
          why: 'y',
        },
        {
          id: 'c1',
          kind: 'country',
          names: [],
          countries: ['XX'],
          vendor: null,
          lot: null,
          why: 'no export',
        },
      ],
    },
  ],
  unusable: [],
}

async function judge(
  changes: Partial<JudgeJobOptions> & { readonly lists?: Screening } = {},
): Promise<Decision> {
  const { lists = LISTS, ...options } = changes
  const place: JobPlace = { ...placeOf([issuer.rootPem], 'bench-1'), screening: lists }
  const { decision } = await judgeJob({
    name: 'part.gcode',
    loaded: MAKER_SPACE,
    chunks: [Buffer.from(JOB)],
    place,
    nowMs: NOW_MS,
    ...options,
  })
  return decision
}

async function licenceFor(changes: Partial<LicenceOrder>): Promise<string> {
  const { canonicalSha256: sha256 } = (await judge()).job
  const design = { ...order.design, digests: [{ form: 'gcode-canon' as const, sha256 }] }
  return await issueLicence(issuer, { ...order, design, ...changes }, NOW_MS)
}

const found = ({ reasons }: Decision) => reasons.map(({ code, outcome, release }) => [code, outcome, release])
const HIT = ['licence.screening-hit', 'hold', 'compliance']

describe('a job with a licence', () => {
  test('for a listed licensee is held for compliance', async () => {
    const decision = await judge({ licenceText: await licenceFor({ licensee: 'OOO Severnyj Zavod' }) })
    expect(decision.outcome).toBe('hold')
    expect(found(decision)).toEqual([HIT, HIT])
  })

  test('for nobody on a list is allowed', async () => {
    const decision = await judge({
      licenceText: await licenceFor({}),
      declared: { endUser: 'Riverside Clinic' },
    })
    expect(decision.outcome).toBe('allow')
  })

  test('is held under a policy that asks for no licence, too', async () => {
    const licenceText = await licenceFor({ licensee: 'Severny Zavod' })
    const decision = await judge({ licenceText, loaded: OPEN_BENCH })
    expect(decision.outcome).toBe('hold')
  })

  test('is screened by who starts it', async () => {
    const decision = await judge({ licenceText: await licenceFor({}), user: { name: 'Severny Zavod' } })
    expect(found(decision)).toContainEqual(HIT)
  })

  test('of tier restricted waits for a list; no place without any lets it pass', async () => {
    const licenceText = await licenceFor({ tier: 'restricted' })
    for (const lists of [{ lists: [], unusable: [] }, undefined]) {
      const place = { ...placeOf([issuer.rootPem], 'bench-1'), ...(lists && { screening: lists }) }
      expect(found(await judge({ licenceText, place }))).toContainEqual([
        'licence.screening-unready',
        'hold',
        'compliance',
      ])
    }
  })

  test('that is refused is denied, and what is on a list is told all the same', async () => {
    const licenceText = await licenceFor({ machines: ['bench-9'] })
    const decision = await judge({ licenceText, declared: { destination: 'XX' } })
    expect(decision.outcome).toBe('deny')
    expect(found(decision)).toContainEqual(HIT)
  })
})

describe('a job without a licence', () => {
  test('is screened by what is declared of it', async () => {
    for (const declared of [{ endUser: 'Severny Zavod' }, { destination: 'XX' }]) {
      const decision = await judge({ declared })
      expect(decision.outcome).toBe('hold')
      expect(found(decision)).toContainEqual(HIT)
    }
  })

  test('and of which nobody declared anything is not asked about', async () => {
    const lists = { lists: [], unusable: ['list x is not used'] }
    expect((await judge({ lists, user: { name: 'Severny Zavod' } })).reasons).toEqual([])
  })
})

test('a place has the lists of its trust folder', async () => {
  const state = await scratchState()
  await mkdir(join(state.trustDir, 'screening'))
  await writeFile(join(state.trustDir, 'root.pem'), issuer.rootPem)
  await writeFile(join(state.trustDir, 'authorities.yaml'), rowFor('may: [screen]'))
  await writeFile(
    join(state.trustDir, 'screening', 'a.jwt'),
    await signed('screeningList', screeningClaims()),
  )
  const place = await licencePlace(state, { clockMs: NOW_MS })
  expect(place.screening).toMatchObject({ lists: [{ name: 'national' }], unusable: [] })
})

test('the inspector screens with the lists that the gate gives it', async () => {
  const state = await scratchState()
  const program = join(state.path, 'inspector.mjs')
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['agent/inspector-main.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: `import { createRequire as r } from 'node:module'; const require = r(import.meta.url);` },
    outfile: program,
  })
  const source = join(state.path, 'part.gcode')
  await writeFile(source, JOB)
  const place: JobPlace = { ...placeOf([issuer.rootPem], 'bench-1'), screening: LISTS }
  const inspected = await inspectJob({
    source,
    name: 'part.gcode',
    spoolDir: state.spoolDir,
    policyPath: MAKER_SPACE.path,
    policySha256: MAKER_SPACE.sha256,
    declared: { endUser: 'Северный Завод' },
    place,
    nowMs: NOW_MS,
    program,
  })
  await inspected.remove()
  expect(inspected.decision.outcome).toBe('hold')
  expect(found(inspected.decision)).toContainEqual(HIT)
})
