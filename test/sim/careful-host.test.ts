import { describe, expect, test } from 'vitest'
import { parseFaults } from '../../agent/sim/index.ts'
import { benchPrinter } from './bench-printer.ts'
import { sendAll } from './careful-host.ts'

/** A little print: heat, home, two squares, and everything off. */
const PRINT = [
  'G21',
  'G90',
  'M82',
  'M140 S60',
  'M109 S210',
  'G28',
  'G92 E0',
  'G1 Z0.3 F1200',
  ...[1, 2].flatMap((layer) => [
    `G1 X50 Y50 Z${(layer * 0.3).toFixed(1)} F9000`,
    `G1 X70 E${layer * 4 - 3}`,
    `G1 Y70 E${layer * 4 - 2}`,
    `G1 X50 E${layer * 4 - 1}`,
    `G1 Y50 E${layer * 4}`,
  ]),
  'M400',
  'M104 S0',
  'M140 S0',
  'M107',
  'M84',
]

function print(...faults: string[]) {
  const bench = benchPrinter({ faults: parseFaults(faults), seed: 11, jumps: true })
  const report = sendAll(bench, PRINT)
  const commands = bench.commands().filter((text) => text !== 'M105' && text !== 'M110 N0')
  return { report, commands, state: bench.printer.state() }
}

describe('a careful host and the simulated printer', () => {
  test('print a job to its end, and every command ran once and in order', () => {
    const { report, commands, state } = print()
    expect(commands).toEqual(PRINT)
    expect(report).toEqual({ resends: 0, questions: 0, sentLines: PRINT.length + 1 })
    expect(state).toMatchObject({ nozzleTargetCelsius: 0, bedTargetCelsius: 0, isHomed: false })
    expect(state.position).toMatchObject({ x: 50, y: 50, e: 8 })
    expect(state.invariants).toMatchObject({
      coldExtrusionsPrevented: 0,
      unhomedMoves: 0,
      commandsWhileHalted: 0,
    })
    expect(state.invariants.targetMaxCelsius).toEqual({ nozzle: 210, bed: 60, chamber: 0 })
    const { min, max } = state.invariants.extrudedBoundsMm!
    expect([min.x, min.y, max.x, max.y]).toEqual([50, 50, 70, 70])
    expect(max.z).toBeCloseTo(0.6)
  })

  test.each([
    ['lines that are damaged', ['resend-every=3']],
    ['lines that are damaged often', ['resend-every=2']],
    ['an ok that is lost', ['drop-ok=9']],
    ['noise before an ok', ['garbage-every=6']],
    ['long stretches of work', ['busy=25']],
    ['heaters that are slow', ['slow-heater=5']],
    ['a small receive buffer', ['rx-buffer=32']],
    ['all of it', ['resend-every=5', 'drop-ok=4', 'garbage-every=9', 'busy=3']],
  ])('get through %s, and still every command ran once and in order', (_, faults) => {
    const { commands } = print(...faults)
    expect(commands).toEqual(PRINT)
  })

  test('get through bits that flip: what is no command of the job was unknown, and moved and heated nothing', () => {
    // A line whose N flips has no number any more, so nobody looks at its checksum: it is unknown, and acknowledged.
    const { commands } = print('flip-bit-every=97')
    const isOfJob = (text: string) => PRINT.includes(text)
    expect(commands.filter(isOfJob)).toEqual(PRINT)
    expect(commands.filter((text) => !isOfJob(text) && /^[GMT][0-9]/.test(text))).toEqual([])
    expect(commands.length).toBeGreaterThan(PRINT.length)
  })

  test('count what trouble cost', () => {
    expect(print('resend-every=3').report.resends).toBeGreaterThan(5)
    expect(print('drop-ok=9').report.questions).toBe(1)
  })

  test.each([['hang-after=5'], ['silent-after=5'], ['thermal-runaway-after=8']])(
    'do not get through %s',
    (fault) => {
      expect(() => print(fault)).toThrow('no end after')
    },
  )
})
