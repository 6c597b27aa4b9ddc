import { describe, expect, test } from 'vitest'
import { readPolicy } from '../../../policies/index.ts'
import { readyBench, streamBench } from './gate-bench.ts'

const VOLUME = `portcullis: 1
name: volume
version: 1
appeal: ask Ada
rules:
  build-volume: { sizeMm: { x: 200, y: 200, z: 200 } }
  homing-first: {}
`
const read = readPolicy(VOLUME)
if (!read.ok) throw new Error('the policy of this test does not read')
const judge = read.policy

const AT_HOME = 'X:10.00 Y:5.00 Z:15.00 E:0.00 Count X:800 Y:0 Z:6000'

describe('a person who homes and jogs with the buttons of a host', () => {
  /** The jog buttons of OctoPrint: G91, the move, G90. */
  function jog(report: string | undefined, home: string, move: string) {
    const bench = readyBench({ judge })
    bench.isAnswering = false
    bench.host(home)
    if (report !== undefined) bench.hear(report)
    bench.isAnswering = true
    return bench.answer().host('G91', move, 'G90')
  }

  test('is judged from where the printer says it stands after homing', () => {
    expect(jog(AT_HOME, 'G28', 'G1 X10 F6000').commands).toContain('G1 X10 F6000')
    expect(jog(AT_HOME, 'G28', 'G1 X191 F6000').commands).not.toContain('G1 X191 F6000')
    expect(jog(AT_HOME, 'G28', 'G1 Z-16 F6000').commands).not.toContain('G1 Z-16 F6000')
  })

  test.each([
    ['where the printer does not say it', undefined, 'G28'],
    ['where it homed only some axes', AT_HOME, 'G28 X Y'],
    ['where it may not have homed at all', AT_HOME, 'G28 O'],
    ['where what it says is no position', 'X:nan Y:0.00 Z:0.00 E:0.00', 'G28'],
    ['where what it says is beyond any machine', 'X:1e9 Y:0.00 Z:0.00 E:0.00', 'G28'],
  ])('is refused %s', (_why, report, home) => {
    expect(jog(report, home, 'G1 X10 F6000').commands).not.toContain('G1 X10 F6000')
  })

  test('cannot be given a place by a report that is not about the homing', () => {
    const bench = readyBench({ judge })
    bench.host('G28')
    bench.isAnswering = false
    bench.host('M114').hear(AT_HOME)
    bench.isAnswering = true
    bench.answer().host('G91', 'G1 X10 F6000')
    expect(bench.commands).not.toContain('G1 X10 F6000')
  })
})

describe('after a latch was lifted', () => {
  test('a refused job that goes on is refused again, whatever the policy says of homing', () => {
    const bench = streamBench(3, { deny: ['M104 S300'] })
    bench.numbered(3, 'M104 S300').does((gate, nowMs) => gate.clear('Ada', nowMs))
    bench.fresh()
    bench.numbered(4, 'G1 X30 E3', 'G1 X40 E4')
    expect(bench.sent()).toBe('')
    expect(bench.records().findLast(({ kind }) => kind === 'line-refused')).toMatchObject({
      code: 'gate.not-homed',
    })
  })

  test('a job that homes prints', () => {
    const bench = streamBench(3, { deny: ['M104 S300'] })
    bench.numbered(3, 'M104 S300').does((gate, nowMs) => gate.clear('Ada', nowMs))
    bench.renumber()
    bench.numbered(0, 'G28', 'G1 X5 Y5 Z1', 'G1 X6 E1')
    expect(bench.gate.latch).toBeNull()
    expect(bench.commands).toContain('G1 X6 E1')
  })
})
