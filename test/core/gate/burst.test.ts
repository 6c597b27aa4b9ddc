import { expect, test } from 'vitest'
import { Burst } from '../../../agent/core/gate/burst.ts'
import { readyBench } from './gate-bench.ts'

test('so many in the time are let go by, and one more is one too many', () => {
  const burst = new Burst(3, 1000)
  expect([0, 1, 2, 3, 1000].map((ms) => burst.add(ms))).toEqual([false, false, false, true, true])
})

test('the time begins anew with the first that comes after it', () => {
  const burst = new Burst(1, 1000)
  expect([burst.add(0), burst.add(1), burst.add(1001), burst.add(1002)]).toEqual([false, true, false, true])
})

test('what a person has looked at counts no more', () => {
  const burst = new Burst(1, 1000)
  burst.add(0)
  burst.forget()
  expect(burst.add(1)).toBe(false)
})

test('a host that begins one job after the other is stopped before it fills the log', () => {
  const bench = readyBench()
  for (let job = 0; job < 40; job++) bench.renumber().numbered(0, 'G28')
  expect(bench.gate.latch?.reason.code).toBe('many-refusals')
  expect(bench.records().filter(({ kind }) => kind === 'stream-opened')).toHaveLength(30)
})

test('jobs at the pace of a person are not too many', () => {
  const bench = readyBench()
  for (let job = 0; job < 40; job++) bench.renumber().numbered(0, 'G28').pass(2_500)
  expect(bench.gate.latch).toBeNull()
})
