import { describe, expect, test } from 'vitest'
import { GateBench, readyBench, START_MS, streamBench } from './gate-bench.ts'

describe('the latch', () => {
  test('that was on record when the last gate ended is there from the first moment, and no second record of it', () => {
    const reason = { code: 'found-running', message: 'blocked when the last gate ended' } as const
    const bench = new GateBench({ latch: { reason, sinceMs: START_MS } })
    expect(bench.latch).toBe('found-running')
    bench.does((gate, nowMs) => gate.printerOpened(true, nowMs)).pass(25_000)
    bench.does((gate, nowMs) => gate.hostCame(nowMs))
    expect(bench.heard().join()).toContain('blocked when the last gate ended')
    bench.host('G28')
    expect(bench.took()).not.toContain('G28')
    expect(bench.kinds()).not.toContain('latched')
    expect(bench.latest('safe-stop')).toMatchObject({ confirmed: true, reason: { code: 'found-running' } })
    bench.does((gate, nowMs) => gate.clear('Ada', nowMs)).host('G28')
    expect(bench.took()).toContain('G28')
  })

  test('is another one each time that something stops the machine, so that whoever saw the first lifts only that', () => {
    const bench = streamBench(3).does((gate, nowMs) => gate.stop('interrupted', 'the first', nowMs))
    const seen = bench.gate.latch
    bench.pass(5_000)
    expect(bench.gate.latch).toBe(seen)
    bench.does((gate, nowMs) => gate.stop('interrupted', 'the second', nowMs))
    expect(bench.gate.latch).not.toBe(seen)
    expect(bench.gate.latch).toEqual(seen)
    expect(bench.kinds().filter((kind) => kind === 'latched')).toHaveLength(1)
  })
})

describe('the end of the gate', () => {
  test('in mid-job leaves no latch on record: that an agent ends is nothing to be lifted', () => {
    const bench = streamBench(3)
      .does((gate, nowMs) => gate.shutdown('SIGTERM', nowMs))
      .pass(3_000)
    expect(bench.kinds()).toEqual(['job-closed', 'safe-stop'])
    expect(bench.effects).toContainEqual({ kind: 'finished', isAtRest: true })
  })

  test('of a gate that was latched leaves that on record', () => {
    const bench = streamBench(3).does((gate, nowMs) => gate.stop('interrupted', 'Ada', nowMs))
    bench.pass(3_000).does((gate, nowMs) => gate.shutdown('SIGTERM', nowMs))
    expect(bench.kinds().filter((kind) => kind === 'latched' || kind === 'cleared')).toEqual(['latched'])
  })

  test('with a printer that was lost hot says that it may not be at rest', () => {
    const bench = readyBench().host('M104 S200')
    bench.does((gate, nowMs) => gate.printerLost('unplugged', nowMs))
    bench.does((gate, nowMs) => gate.shutdown('SIGTERM', nowMs))
    expect(bench.effects).toContainEqual({ kind: 'finished', isAtRest: false })
  })
})
