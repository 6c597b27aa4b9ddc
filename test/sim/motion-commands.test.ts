import { describe, expect, test } from 'vitest'
import { benchPrinter } from './bench-printer.ts'

/** A printer that has homed, extrudes cold, and has said all it had to say about it. */
function homed(options: Parameters<typeof benchPrinter>[0] = {}) {
  const bench = benchPrinter({ ...options, jumps: true })
  bench.send('M302 P1', 'G28', 'G1 F6000')
  bench.heard()
  return bench
}

function positionAfter(...lines: string[]): string | undefined {
  const bench = homed()
  bench.send(...lines)
  bench.heard()
  bench.send('M114')
  return bench.heard()[0]
}

describe('modes', () => {
  test.each([
    [['G1 X10 Y20 E1', 'G91', 'G1 X1 Y1 E1'], 'X:11.00 Y:21.00 Z:0.00 E:2.00 Count X:880 Y:1680 Z:0'],
    [['M83', 'G1 E1', 'G1 E1', 'G90', 'G1 E1'], 'X:0.00 Y:0.00 Z:0.00 E:1.00 Count X:0 Y:0 Z:0'],
    [['G1 E5', 'G91', 'M82', 'G1 X1 E1'], 'X:1.00 Y:0.00 Z:0.00 E:1.00 Count X:80 Y:0 Z:0'],
    [['G91', 'M82', 'G91', 'G1 E1', 'G1 E1'], 'X:0.00 Y:0.00 Z:0.00 E:2.00 Count X:0 Y:0 Z:0'],
    [['G90', 'M83', 'G1 X5 E1', 'G1 X5 E1'], 'X:5.00 Y:0.00 Z:0.00 E:2.00 Count X:400 Y:0 Z:0'],
    [['G1 X10', 'G1 X'], 'X:10.00 Y:0.00 Z:0.00 E:0.00 Count X:800 Y:0 Z:0'],
    [['G1 X10 X20'], 'X:20.00 Y:0.00 Z:0.00 E:0.00 Count X:1600 Y:0 Z:0'],
  ])('the last of G90, G91, M82 and M83 decides: %j', (lines, position) => {
    expect(positionAfter(...lines)).toBe(position)
  })

  test('inches exist only in the build that has them', () => {
    expect(positionAfter('G20', 'G1 X1')).toContain('X:1.00')
    const bench = homed({ build: 'all-options' })
    bench.send('G20', 'G1 X1', 'G21', 'M114')
    expect(bench.heard().join()).toContain('X:25.40')
  })
})

describe('offsets', () => {
  test('G92 shows another position, and the machine stays where it is', () => {
    const bench = homed()
    bench.send('G1 X10', 'G92 X0 E7')
    expect(bench.heard()).toEqual(['ok', 'X:0.00 Y:0.00 Z:0.00 E:7.00 Count X:800 Y:0 Z:0', 'ok'])
    bench.send('G1 X5', 'M114')
    expect(bench.heard()[1]).toBe('X:5.00 Y:0.00 Z:0.00 E:7.00 Count X:1200 Y:0 Z:0')
  })

  test('G28 takes back what G92 shifted', () => {
    expect(positionAfter('G1 X10', 'G92 X100', 'G28 X')).toBe('X:0.00 Y:0.00 Z:0.00 E:0.00 Count X:0 Y:0 Z:0')
  })

  test('G92.1 zeroes the shift where subcodes are read, and sets nothing where they are not', () => {
    const bench = homed({ build: 'all-options' })
    bench.send('G92 X50', 'G92.1')
    expect(bench.heard()[2]).toContain('X:0.00')
    bench.send('G92.7 X5')
    expect(bench.heard()).toEqual(['ok'])
  })

  test('M206 shifts as well, and says where that is', () => {
    const bench = homed()
    bench.send('M206 X-3')
    expect(bench.heard()[0]).toContain('X:-3.00')
  })
})

describe('speed', () => {
  test.each([
    [['G1 X100 F6000'], 1000],
    [['G1 X30 Y40 F3000'], 1000],
    [['G1 E10 F600'], 1000],
    [['M220 S50', 'G1 X100 F6000'], 2000],
    [['G1 X100 F6000', 'G1 X0 F-5'], 2000],
    [['G2 X0 Y0 I10 J0 F600'], 2 * Math.PI * 1000],
    [['G1 X0.000001 F1'], 0.06],
  ])('%j takes %f ms', (lines, durationMs) => {
    const bench = homed()
    const startedMs = bench.clock.nowMs()
    bench.send(...lines, 'M400')
    expect(bench.clock.nowMs() - startedMs).toBeCloseTo(durationMs, 1)
  })

  test('zero per cent crawls instead of dividing by zero', () => {
    const bench = homed()
    const startedMs = bench.clock.nowMs()
    bench.send('M220 S0', 'G1 X1', 'M400')
    expect(bench.clock.nowMs() - startedMs).toBeCloseTo(20_000)
  })

  test('M220 and M221 report when they are asked', () => {
    const bench = homed()
    bench.send('M220 S80', 'M220', 'M221 S-50', 'M221')
    expect(bench.heard()).toEqual(['ok', 'FR:80%', 'ok', 'ok', 'echo:E0 Flow: -50%', 'ok'])
  })
})

describe('arcs', () => {
  test('reach their end, in both forms', () => {
    expect(positionAfter('G1 X10 Y10', 'G2 X20 Y10 I5')).toContain('X:20.00 Y:10.00')
    expect(positionAfter('G1 X10 Y10', 'G3 X20 Y10 R5')).toContain('X:20.00 Y:10.00')
  })

  test('without a centre are an error, and go nowhere', () => {
    const bench = homed()
    bench.send('G2 X10 Y10', 'M114')
    expect(bench.heard()).toEqual([
      'Error:G2/G3 bad parameters',
      'ok',
      'X:0.00 Y:0.00 Z:0.00 E:0.00 Count X:0 Y:0 Z:0',
      'ok',
    ])
  })

  test('are swept: the bounds hold more than the end points', () => {
    const bench = homed()
    bench.send('G1 X100 Y100', 'G2 I10 J0')
    const { sweptBoundsMm } = bench.printer.state().invariants
    expect(sweptBoundsMm!.max.x).toBeCloseTo(120)
    expect(sweptBoundsMm!.max.y).toBeCloseTo(110)
  })

  test('lie in other planes where the build has them', () => {
    const bench = homed({ build: 'all-options' })
    bench.send('G1 X100 Y100 Z50', 'G18', 'G2 I10 K0', 'G19', 'G3 J10 K0', 'G17', 'G2 I5 P2')
    const { sweptBoundsMm } = bench.printer.state().invariants
    expect(sweptBoundsMm!.max.z).toBeCloseTo(60)
    expect(sweptBoundsMm!.max.y).toBeCloseTo(120)
  })
})

describe('limits', () => {
  test('software endstops cut moves of homed axes, and the journal of bounds holds both', () => {
    const bench = homed()
    bench.send('G1 X400 Y-5', 'M114')
    expect(bench.heard()[1]).toContain('X:250.00 Y:0.00')
    const { askedBoundsMm, sweptBoundsMm } = bench.printer.state().invariants
    expect([askedBoundsMm!.max.x, askedBoundsMm!.min.y]).toEqual([400, -5])
    expect([sweptBoundsMm!.max.x, sweptBoundsMm!.min.y]).toEqual([250, 0])
  })

  test('M211 S0 lifts them', () => {
    const bench = homed()
    bench.send('M211 S0', 'G1 X400', 'M114')
    expect(bench.heard()).toContain('X:400.00 Y:0.00 Z:0.00 E:0.00 Count X:32000 Y:0 Z:0')
  })

  test('an axis that was not homed, or whose motors were off, has none', () => {
    const bench = benchPrinter({ jumps: true })
    bench.send('G1 X400 F60000', 'M114')
    expect(bench.heard()[1]).toContain('X:400.00')
    expect(bench.printer.state().invariants.unhomedMoves).toBe(1)
    bench.send('G28', 'M84')
    expect(bench.printer.state().isHomed).toBe(false)
    bench.send('G28', 'M84 X')
    bench.send('G1 Y400', 'M114')
    expect(bench.heard().join()).toContain('Y:250.00')
  })

  test('a cold nozzle extrudes nothing, but E counts on', () => {
    const bench = benchPrinter()
    bench.send('G28')
    bench.clock.advance(10_000)
    bench.heard()
    bench.send('G1 X10 E5', 'M114')
    expect(bench.heard()).toEqual([
      'echo: cold extrusion prevented',
      'ok',
      'X:10.00 Y:0.00 Z:0.00 E:5.00 Count X:800 Y:0 Z:0',
      'ok',
    ])
    const { invariants } = bench.printer.state()
    expect(invariants.coldExtrusionsPrevented).toBe(1)
    expect(invariants.extrudedBoundsMm).toBeUndefined()
  })

  test('too much filament in one move is not extruded either', () => {
    const bench = homed()
    bench.send('G1 E201')
    expect(bench.heard()).toEqual(['echo: too long extrusion prevented', 'ok'])
    bench.send('G1 E0', 'G1 E-199')
    expect(bench.heard()).toEqual(['echo: too long extrusion prevented', 'ok', 'ok'])
  })

  test('where filament came out is known apart from where the nozzle went', () => {
    const bench = homed()
    bench.send('G1 X100 Y100 Z1', 'G1 X120 E2', 'G1 X200 E1', 'G1 E3')
    const { extrudedBoundsMm } = bench.printer.state().invariants
    expect([extrudedBoundsMm!.min.x, extrudedBoundsMm!.max.x]).toEqual([100, 120])
  })

  test.each(['G1 X1000000000000000000000000000000000000000', 'G92 X9999999999', 'G1 Z-99999999999'])(
    'a number beyond sense stays finite: %s',
    (line) => {
      const bench = benchPrinter({ jumps: true })
      bench.send(line, 'G1 X0 Y0', 'M114')
      expect(bench.heard().join()).not.toMatch(/NaN|Infinity|inf/)
      expect(Number.isFinite(bench.clock.nowMs())).toBe(true)
    },
  )
})

describe('homing and stopping', () => {
  test('G28 takes time, finishes moves first, and says where the nozzle is', () => {
    const bench = benchPrinter()
    bench.send('G1 X100 F6000', 'G28 X')
    bench.clock.advance(1000)
    expect(bench.heard()).toEqual(['ok'])
    bench.clock.advance(3000)
    expect(bench.heard()).toEqual([
      'echo:busy: processing',
      'X:0.00 Y:0.00 Z:0.00 E:0.00 Count X:0 Y:0 Z:0',
      'ok',
    ])
    expect(bench.printer.state().isHomed).toBe(false)
    bench.send('G28')
    bench.clock.advance(10_000)
    expect(bench.printer.state().isHomed).toBe(true)
  })

  test('G28 O does nothing when all axes are homed', () => {
    const bench = homed()
    bench.send('G1 X5', 'G28 O', 'M114')
    expect(bench.heard()[2]).toContain('X:5.00')
  })

  test('M410 stops at once, and the position is where that was', () => {
    const bench = benchPrinter()
    bench.send('G1 X100 F6000', 'G1 X200')
    bench.clock.advance(500)
    bench.send('M410', 'M114')
    const position = bench.heard().at(-2)
    expect(position).toContain('X:50.00')
    expect(bench.printer.state().planner.blocks).toBe(0)
    expect(bench.events('quickstop').length).toBeGreaterThan(0)
  })

  test('G4 waits for the moves, then for its own time', () => {
    const bench = benchPrinter()
    bench.send('G1 X100 F6000', 'G4 P500', 'G4 S0.5')
    bench.clock.advance(1999)
    expect(bench.heard().filter((line) => line === 'ok')).toHaveLength(2)
    bench.clock.advance(1)
    expect(bench.heard()).toEqual(['ok'])
  })

  test('G4 with a time beyond 31 bits, or below zero, is over at once', () => {
    const bench = benchPrinter()
    bench.send('G4 P-1', 'G4 P99999999999', 'G4 S-5')
    expect(bench.heard()).toEqual(['ok', 'ok', 'ok'])
  })
})
