import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decisionSchema } from '../agent/decision-schema.ts'
import { judgeJob } from '../agent/judge-job.ts'
import { loadPolicy } from '../agent/load-policy.ts'
import type { Decision } from '../policies/index.ts'
import { placeOf } from './licence/fixture.ts'

const ROOT = join(import.meta.dirname, '..')
const LIBRARY = join(ROOT, 'policies', 'library')
const JOBS = readdirSync(join(ROOT, 'fixtures'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.gcode'))
  .slice(0, 40)

async function judge(bytes: Uint8Array, policy: string): Promise<Decision | undefined> {
  const judged = await judgeJob({
    name: 'job',
    loaded: loadPolicy(join(LIBRARY, policy)),
    chunks: [bytes],
    place: placeOf([], 'bench-1'),
    nowMs: 0,
  }).catch(() => undefined)
  return judged?.decision
}

/** As another process would hear of it. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe.each(readdirSync(LIBRARY))('decisions by %s', (policy) => {
  test('of real jobs are understood as they are', async () => {
    let understood = 0
    for (const job of JOBS) {
      const decision = await judge(readFileSync(join(ROOT, 'fixtures', job)), policy)
      if (decision === undefined) continue
      expect(decisionSchema.parse(sent(decision)), job).toEqual(sent(decision))
      understood++
    }
    expect(understood).toBeGreaterThan(0)
  })

  test.each([
    ['every tool', Array.from({ length: 9999 }, (_, i) => `T${i}`).join('\n')],
    ['every code', Array.from({ length: 9999 }, (_, i) => `M${i} S1e999`).join('\n')],
    ['codes that nobody knows', Array.from({ length: 9999 }, (_, i) => `M${i} S999999999`).join('\n')],
    ['huge numbers', 'G1 X999999999 E999999999 F999999999\n'.repeat(100)],
    ['no speed', 'G92 E0\nG1 X1 E1 F0\nG4 S999999999\n'],
    ['long claims', `G28\n${'; filament_type = '.concat('ü'.repeat(300), '\n').repeat(100)}`],
  ])('of a job with %s are understood too', async (_, text) => {
    const decision = await judge(Buffer.from(`${text}\n`), policy)
    expect(decision).toBeDefined()
    expect(decisionSchema.parse(sent(decision))).toEqual(sent(decision))
  })
})

test('whatever member is lost, changed in kind or added, it is no decision any more', async () => {
  const decision = sent(await judge(Buffer.from('M104 S900\nG28\n'), 'maker-space.yaml')) as Record<
    string,
    unknown
  >
  expect(decisionSchema.safeParse(decision).success).toBe(true)
  const broken = (change: object) => decisionSchema.safeParse({ ...decision, ...change }).success
  for (const key of Object.keys(decision)) {
    expect(broken({ [key]: undefined }), key).toBe(false)
    expect(broken({ [key]: 'x'.repeat(5000) }), key).toBe(false)
    expect(broken({ [key]: [[]] }), key).toBe(false)
  }
  expect(broken({ more: 1 })).toBe(false)
})

test('an outcome that its reasons do not bear out is no decision', async () => {
  const decision = sent(await judge(Buffer.from('M104 S900\nG28\n'), 'maker-space.yaml')) as Decision
  expect(decision.outcome).toBe('deny')
  for (const outcome of ['allow', 'warn', 'hold'])
    expect(decisionSchema.safeParse({ ...decision, outcome }).success, outcome).toBe(false)
  expect(decisionSchema.safeParse({ ...decision, reasons: [] }).success).toBe(false)
  const audited = decision.reasons.map((reason) => ({ ...reason, outcome: 'audit' }))
  expect(decisionSchema.safeParse({ ...decision, outcome: 'allow', reasons: audited }).success).toBe(true)
})

test('what stands in the open half of a record has the form of one', async () => {
  const decision = sent(await judge(Buffer.from('M104 S900\nG28\n'), 'maker-space.yaml')) as Decision
  const [reason] = decision.reasons
  for (const bad of ['', 'x'.repeat(101), 'Ada Lovelace', 'licence.\n']) {
    for (const member of ['code', 'rule']) {
      const reasons = [{ ...reason, [member]: bad }, ...decision.reasons.slice(1)]
      expect(decisionSchema.safeParse({ ...decision, reasons }).success, `${member} ${bad}`).toBe(false)
    }
  }
  for (const name of ['', 'x'.repeat(501)])
    expect(decisionSchema.safeParse({ ...decision, policy: { ...decision.policy, name } }).success).toBe(
      false,
    )
})
