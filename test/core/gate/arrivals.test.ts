import { describe, expect, test } from 'vitest'
import { type GateBench, readyBench } from './gate-bench.ts'

/** Comes, does what a host does, and goes again. */
function visit(bench: GateBench, ...lines: readonly string[]): GateBench {
  bench.does((gate, nowMs) => gate.hostLeft(nowMs))
  return bench.does((gate, nowMs) => gate.hostCame(nowMs)).host(...lines)
}

describe('a host that comes', () => {
  test('is put on record with its first line, and its leaving as well', () => {
    const bench = readyBench()
    expect(bench.kinds()).toEqual([])
    bench.host('M105', 'M105')
    bench.does((gate, nowMs) => gate.hostLeft(nowMs))
    expect(bench.kinds()).toEqual(['host-opened', 'host-closed'])
    expect(bench.latest('host-closed')).toMatchObject({ lines: 2 })
  })

  test('and goes without a word is nobody', () => {
    const bench = readyBench()
    for (let i = 0; i < 1000; i++) visit(bench)
    expect(bench.kinds()).toEqual([])
  })

  test('again and again waits with its lines, and fills no log', () => {
    const bench = readyBench()
    for (let i = 0; i < 1000; i++) visit(bench, 'M105')
    expect(bench.kinds().length).toBeLessThan(130)
    bench.fresh().host('M105', 'G28')
    expect(bench.took()).toEqual([])
    expect(bench.oks()).toBe(0)
    bench.host('M112')
    expect(bench.took()).toEqual(['M112'])
  })

  test('again and again is heard as soon as a minute has passed', () => {
    const bench = readyBench()
    for (let i = 0; i < 100; i++) visit(bench, 'M105')
    bench.fresh().host('G28').pass(59_000)
    expect(bench.took()).toEqual([])
    bench.pass(2_000)
    expect(bench.took()).toEqual(['M105', 'G28'])
    expect(bench.oks()).toBe(2)
  })
})

/** But for the questions that the gate asks where it may be hot. */
function took(bench: GateBench): string[] {
  return bench.took().filter((command) => command !== 'M105')
}

describe('a tool that is used for the first time', () => {
  test.each(['M104 T1 S200', 'T1'])(
    'waits with its line until the guard that names it stands ready: %s',
    (line) => {
      const bench = readyBench()
      bench.isGuarding = false
      bench.host(line, 'G4 P1').pass(5_000)
      expect(took(bench)).toEqual([])
      expect(bench.effects).toContainEqual({ kind: 'tools', tools: [1] })
      bench.isGuarding = true
      bench.pass(100)
      expect(took(bench)).toEqual([line, 'G4 P1'])
    },
  )

  test('waits again for each further one, and not for those that are known', () => {
    const bench = readyBench().host('M104 T1 S200').fresh()
    bench.isGuarding = false
    bench.host('T1', 'T0', 'M104 S200', 'M104 T2 S200').pass(1_000)
    expect(took(bench)).toEqual(['T1', 'T0', 'M104 S200'])
    bench.isGuarding = true
    bench.pass(100)
    expect(took(bench)).toEqual(['M104 T2 S200'])
  })

  test('does not keep an emergency waiting', () => {
    const bench = readyBench()
    bench.isGuarding = false
    bench.host('M104 T1 S200', 'M112')
    expect(took(bench)).toEqual(['M112'])
  })
})
