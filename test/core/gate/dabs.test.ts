import { describe, expect, test } from 'vitest'
import { readPolicy } from '../../../policies/index.ts'
import { readyBench, streamBench } from './gate-bench.ts'

const OPEN = readPolicy('portcullis: 1\nname: open\nversion: 1\nappeal: ask Ada\nrules: {}\n')
if (!OPEN.ok) throw new Error('the policy of this test does not read')
const judge = OPEN.policy

/** An unarmed gate whose host jogs and pushes filament in turn, and what went to the printer. */
function dabbing(times: number, options: { everyMs?: number; between?: string } = {}) {
  const bench = readyBench({ jobs: 'armed', judge })
  bench.host('G28')
  bench.host('M83')
  bench.sent()
  for (let i = 0; i < times; i++) {
    for (const line of [options.between ?? `G1 X${i} F3000`, 'G1 E0.05 F100']) bench.host(line)
    if (options.everyMs !== undefined) bench.pass(options.everyMs)
  }
  const pushed = bench
    .sent()
    .split('\n')
    .filter((line) => line.includes('E0.05')).length
  return { bench, pushed }
}

describe('filament pushed in place between moves, without an armed job', () => {
  test('is printing dot by dot when it goes on, and refused', () => {
    const { bench, pushed } = dabbing(100)
    expect(pushed).toBeLessThanOrEqual(21)
    expect(bench.gate.latch?.reason.message).toContain('armed')
  })

  test('is loading and priming as long as a person does it', () => {
    expect(dabbing(15).pushed).toBe(15)
    expect(dabbing(40, { everyMs: 40_000 }).pushed).toBe(40)
  })

  test('is not printing where the toolhead stays', () => {
    expect(dabbing(100, { between: 'M105' }).pushed).toBe(100)
  })
})

describe('lines without a number among numbered ones', () => {
  const deny = ['M104 S300']

  test('are typed: one that is refused leaves the job as it is', () => {
    const bench = streamBench(2, { deny })
    bench.host('M104 S300')
    expect(bench.gate.latch).toBeNull()
    expect(bench.gate.openJob).not.toBeNull()
  })

  test('are the job when they come in a row: one that is refused ends it, and what follows is not sent', () => {
    const bench = streamBench(2, { deny })
    for (let i = 0; i < 20; i++) bench.host(`G1 X${i}`)
    bench.sent()
    bench.host('M104 S300', 'G1 X50', 'G1 X51')
    expect(bench.gate.latch?.reason.code).toBe('line-refused')
    expect(bench.sent()).toBe('')
  })

  test('that only ask are no such row', () => {
    const bench = streamBench(2, { deny })
    for (let i = 0; i < 20; i++) bench.host('M105')
    bench.host('M104 S300')
    expect(bench.gate.latch).toBeNull()
  })
})
