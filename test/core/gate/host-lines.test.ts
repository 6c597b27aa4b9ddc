import { describe, expect, test } from 'vitest'
import { numbered } from '../numbered.ts'
import { JOB, readyBench, streamBench } from './gate-bench.ts'

const bad = (number: number, command: string): string => numbered(number, command).replace(/\*\d+/, '*1')

describe('a damaged line of a host', () => {
  test('is asked for in the words of Marlin, with the ok behind them, and nothing of it goes out', () => {
    const bench = streamBench(3).bytes(bad(3, JOB[3]!))
    expect(bench.heard()).toEqual(['Error:checksum mismatch, Last Line: 2', 'Resend: 3', 'ok'])
    expect(bench.took()).toEqual([])
    bench.numbered(3, JOB[3]!)
    expect(bench.took()).toEqual([JOB[3]])
    expect(bench.heard()).toEqual(['ok'])
  })

  test('among several is asked for once, and each of them runs once and in order', () => {
    const bench = streamBench(2)
    bench.bytes(bad(2, JOB[2]!) + numbered(3, JOB[3]!) + numbered(4, JOB[4]!))
    expect(bench.heard()).toEqual(['Error:checksum mismatch, Last Line: 1', 'Resend: 2', 'ok'])
    bench.numbered(2, ...JOB.slice(2))
    expect(bench.took()).toEqual(JOB.slice(2))
    expect(bench.oks()).toBe(3)
  })

  test('is asked for when the lines before it have their answers', () => {
    const bench = streamBench(3)
    bench.isAnswering = false
    bench.bytes(numbered(3, JOB[3]!) + bad(4, JOB[4]!))
    expect(bench.heard()).toEqual([])
    bench.answer()
    expect(bench.heard()).toEqual(['ok', 'Error:checksum mismatch, Last Line: 3', 'Resend: 4', 'ok'])
  })

  test('ten times is asked for, and then the job ends', () => {
    const bench = streamBench(3)
    for (let i = 0; i < 10; i++) bench.bytes(bad(3, JOB[3]!))
    expect(bench.latch).toBeNull()
    expect(bench.heard().filter((line) => line === 'Resend: 3')).toHaveLength(10)
    bench.bytes(bad(3, JOB[3]!))
    expect(bench.latch).toBe('host-link-failed')
    expect(bench.took()).toContain('M410')
  })

  test('over and over while the gate is blocked does not stop the machine over and over', () => {
    const bench = streamBench(3)
    for (let i = 0; i < 11; i++) bench.bytes(bad(3, JOB[3]!))
    bench.pass(10_000).fresh()
    for (let i = 0; i < 20; i++) bench.bytes(bad(3, JOB[3]!)).pass(2000)
    expect(bench.took()).not.toContain('M410')
    expect(bench.oks()).toBe(20)
  })

  test('that cannot be read though its checksum fits is refused, not asked for', () => {
    const bench = streamBench(3).numbered(3, 'G1 X5 X6')
    expect(bench.heard().join()).not.toContain('Resend')
    expect(bench.latch).toBe('line-refused')
  })

  test('that carries an emergency stop stops, and is asked for all the same', () => {
    const bench = streamBench(3).bytes(bad(3, 'M112'))
    expect(bench.took()).toEqual(['M112'])
    expect(bench.heard()).toContain('Resend: 3')
  })
})

describe('a lost line', () => {
  test('shows by the number of the next, and both run once', () => {
    const bench = streamBench(2).bytes(numbered(3, JOB[3]!))
    expect(bench.heard()).toEqual([
      'Error:Line Number is not Last Line Number+1, Last Line: 1',
      'Resend: 2',
      'ok',
    ])
    bench.numbered(2, ...JOB.slice(2))
    expect(bench.took()).toEqual(JOB.slice(2))
  })

  test('of which only the comment arrived is silence, as at Marlin', () => {
    const bench = streamBench(2).bytes(`;${numbered(2, JOB[2]!)}`)
    expect(bench.heard()).toEqual([])
    expect(bench.took()).toEqual([])
  })

  test('end of line joins two, and both are asked for again', () => {
    const bench = streamBench(2).bytes(numbered(2, JOB[2]!).trimEnd() + numbered(3, JOB[3]!))
    expect(bench.heard()).toContain('Resend: 2')
    bench.numbered(2, ...JOB.slice(2))
    expect(bench.took()).toEqual(JOB.slice(2))
  })
})

describe('a doubled line', () => {
  test('runs once and is answered once', () => {
    const bench = streamBench(2).bytes(numbered(2, JOB[2]!).repeat(2))
    expect(bench.took()).toEqual([JOB[2]])
    expect(bench.heard()).toEqual(['ok'])
  })

  test('with another command in it runs as it first came', () => {
    const bench = streamBench(3).numbered(2, 'G1 X200 E9')
    expect(bench.took()).toEqual([])
    expect(bench.heard()).toEqual([])
  })
})

describe('garbage', () => {
  test.each([
    ['0xff', '\xff'.repeat(5000)],
    ['zeros', '\0'.repeat(5000)],
    ['ten megabytes of letters', 'A'.repeat(10_000_000)],
    ['spaces', ' '.repeat(200_000)],
  ])('of %s without an end of line is bounded, and nothing of it goes out', (_what, garbage) => {
    const bench = streamBench(2)
    bench.bytes(garbage).bytes('\n')
    expect(bench.took()).toEqual([])
    bench.host('M105')
    expect(bench.took()).toEqual(['M105'])
  })

  test('of every byte value on its own is survived', () => {
    const bench = readyBench()
    for (let byte = 0; byte < 256; byte++) bench.bytes(`${String.fromCharCode(byte)}\n`).pass(4000)
    expect(bench.took()).toEqual([])
    expect(bench.latch).toBeNull()
  })
})
