/**
 * The whole gate by the hundred, each run with its own host, troubles and people. A failing run names its seed:
 * `SIM_SEED=<seed>` runs it alone, `SIM_RUNS=<count>` runs so many from seed 1 on. Beside fixed seeds there are some of
 * the commit's own, so that every commit tries new ones.
 */

import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { type GateRun, runGateScene } from './gate-run.ts'
import { CALM, type GateScene, gateSceneOf, HOST_KINDS } from './gate-scenes.ts'

const FIXED_SEEDS = 160
const COMMIT_SEEDS = 40
/** Thousands of runs take minutes. */
const LONG_MS = 3_600_000

/** The seed of this commit; the same for everyone who has it. */
function commitSeed(): number {
  const given = process.env['CI_SEED']
  if (given !== undefined) return Number.parseInt(given.slice(0, 7), 16) >>> 0
  try {
    const head = execFileSync('git', ['rev-parse', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return Number.parseInt(head.slice(0, 7), 16) >>> 0
  } catch {
    return 0x2026_1122
  }
}

function expectKept(seed: number): GateRun {
  const scene = gateSceneOf(seed)
  const run = runGateScene(scene)
  if (run.broken.length > 0) {
    const story = [`gate seed ${seed}`, JSON.stringify(scene), ...run.story, ...run.accidents]
    expect(run.broken, story.join('\n')).toEqual([])
  }
  return run
}

const seedGiven = process.env['SIM_SEED']
const runsGiven = process.env['SIM_RUNS']
const isUsual = seedGiven === undefined && runsGiven === undefined
const seeds = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (first + i) >>> 0)

describe.runIf(!isUsual)('the seeds that were asked for', () => {
  test(
    'keep every promise',
    () => {
      const asked = seedGiven === undefined ? seeds(1, Number(runsGiven)) : [Number(seedGiven)]
      for (const seed of asked) expectKept(seed)
    },
    LONG_MS,
  )
})

describe.runIf(isUsual)('the gate between a host and a printer where things go wrong', () => {
  test('keeps every promise, with fixed seeds', () => {
    const runs = seeds(1, FIXED_SEEDS).map(expectKept)
    const printed = runs.reduce((sum, run) => sum + run.printed, 0)
    const attempts = runs.reduce((sum, run) => sum + run.attempts, 0)
    // A gate that gives up at every noise would keep its promises too, and be of no use.
    expect(printed / attempts).toBeGreaterThan(0.25)
    expect(printed).toBeLessThan(attempts)
  }, 60_000)

  test('keeps every promise, with seeds of this commit', () => {
    for (const seed of seeds(commitSeed(), COMMIT_SEEDS)) expectKept(seed)
  }, 60_000)

  test('is the same run with the same seed', () => {
    for (const seed of seeds(1000, 12)) {
      const [one, other] = [runGateScene(gateSceneOf(seed)), runGateScene(gateSceneOf(seed))]
      expect(other).toEqual(one)
    }
  })
})

describe.each(HOST_KINDS.filter((kind) => kind !== 'hostile'))('%s where all goes well', (host) => {
  const scene: GateScene = { ...CALM, seed: 1, host }

  test('prints what it sends, whole, one job after the other', () => {
    const run = runGateScene(scene)
    expect(run.broken).toEqual([])
    expect(run.printed).toBe(2)
    expect(run.saidToHost.filter((text) => /^resend|^error|^!!/i.test(text))).toEqual([])
  })

  test('prints an armed job, whole', () => {
    const run = runGateScene({ ...scene, isArming: true, jobs: 'armed' })
    expect(run.broken).toEqual([])
    expect(run.printed).toBe(2)
    expect(run.story.filter((line) => line.includes('"outcome":"printed"'))).toHaveLength(2)
  })

  test('is all that the printer counts; what somebody prints from the card beside it shows', () => {
    const counted = { ...scene, seed: 2, isArming: true, jobs: 'armed' } as const
    const run = runGateScene(counted)
    expect(run.broken).toEqual([])
    // Before the first job, and behind each.
    expect(run.story.filter((line) => /"kind":"odometer".*"prints":/.test(line))).toHaveLength(3)
    const beside = runGateScene({ ...counted, faults: { odometer: 2 } })
    expect(beside.broken).toEqual([
      expect.stringMatching(/^the printer used \d+ mm, and was sent [\d.]+ mm$/),
    ])
  })

  test('is refused its job without one that is armed', () => {
    const run = runGateScene({ ...scene, jobs: 'armed', attempts: 1 })
    expect(run.broken).toEqual([])
    expect(run.printed).toBe(0)
    expect(run.story.some((line) => line.includes('gate.not-armed'))).toBe(true)
  })

  test('is stopped by a refused line, and the next job of its is printed once somebody has cleared', () => {
    const refused = runGateScene({ ...scene, shape: { ...scene.shape, refusedAt: 20 }, attempts: 1 })
    expect(refused.broken).toEqual([])
    expect(refused.printed).toBe(0)
    expect(refused.story.some((line) => line.includes('"outcome":"stopped"'))).toBe(true)
  })
})

describe('a host that wants to get past the gate', () => {
  test('gets nothing past it in a hundred ways', () => {
    for (const seed of seeds(1, 40))
      expect(runGateScene({ ...CALM, seed, host: 'hostile' }).broken).toEqual([])
  })

  test('may write ten million bytes without an end of line', () => {
    const run = runGateScene({ ...CALM, seed: 3, host: 'endless', attempts: 1 })
    expect(run.broken).toEqual([])
    expect(run.saidToHost.some((text) => text.startsWith('ok'))).toBe(true)
  })
})
