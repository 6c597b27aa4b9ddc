import { describe, expect, test } from 'vitest'
import { type BenchPrinter, benchPrinter } from './bench-printer.ts'

const TEMPERATURE_LINE = /^ T:[0-9.]+ \/210\.00 B:19\.37 \/0\.00 @:[0-9]+ B@:0 W:([0-9]+|\?)$/

function targets(bench: BenchPrinter) {
  return bench
    .events('target')
    .map((event) => ('name' in event ? `${event['heater']} ${event['celsius']}` : ''))
}

describe('targets', () => {
  test('are set, reported, and noted in the journal when they change', () => {
    const bench = benchPrinter()
    bench.send('M104 S210', 'M140 S60', 'M104 S210', 'M104 S0')
    expect(targets(bench)).toEqual(['nozzle 210', 'bed 60', 'nozzle 0'])
    bench.send('M105')
    expect(bench.heard().at(-1)).toBe('ok T:19.37 /0.00 B:19.37 /60.00 @:0 B@:127')
  })

  test.each([
    ['M104 S200.9', 200],
    ['M104 S65736', 200],
    ['M104 S-65336', 200],
    ['M104 S1e3', 1],
    ['M104 S400', 300],
    ['M104 S-10', -10],
    ['M104 S', 0],
    ['M104', 0],
    ['M104 R200', 0],
    ['M104 T1 S200', 0],
    ['M104 T0 S200', 200],
  ])('%s gives %i degrees', (line, celsius) => {
    const bench = benchPrinter()
    bench.send(line)
    expect(bench.printer.state().nozzleTargetCelsius).toBe(celsius)
  })

  test('of a tool that is not there are refused', () => {
    const bench = benchPrinter()
    bench.send('M104 T1 S200', 'M109 T3 S200')
    expect(bench.heard()).toEqual([
      'echo:M104 Invalid extruder 1',
      'ok',
      'echo:M109 Invalid extruder 3',
      'ok',
    ])
  })

  test('that were asked for are remembered with those that were set', () => {
    const bench = benchPrinter()
    bench.send('M104 S400', 'M140 S200', 'M104 S0', 'M140 S0')
    const { askedMaxCelsius, targetMaxCelsius } = bench.printer.state().invariants
    expect(askedMaxCelsius).toEqual({ nozzle: 400, bed: 200, chamber: 0 })
    expect(targetMaxCelsius).toEqual({ nozzle: 300, bed: 140, chamber: 0 })
  })

  test('of a chamber exist only where there is one', () => {
    const without = benchPrinter()
    without.send('M141 S40')
    expect(without.heard()).toEqual(['echo:Unknown command: "M141 S40"', 'ok'])
    const bench = benchPrinter({ hasChamber: true, jumps: true })
    bench.send('M141 S40', 'M105', 'M191 S45')
    expect(bench.heard()[1]).toBe('ok T:19.37 /0.00 B:19.37 /0.00 C:19.37 /40.00 @:0 B@:0 C@:127')
    expect(bench.printer.state().chamberTargetCelsius).toBe(45)
    expect(bench.printer.state().chamberCelsius).toBeCloseTo(45, 1)
  })

  test('are left alone in a dry run, in both directions', () => {
    const bench = benchPrinter()
    bench.send('M104 S200', 'M111 S8', 'M104 S0', 'M109 S250', 'M140 S60')
    expect(bench.heard()).toEqual(['ok', 'echo:DEBUG:DRYRUN', 'ok', 'ok', 'ok', 'ok'])
    expect(bench.printer.state()).toMatchObject({ nozzleTargetCelsius: 200, bedTargetCelsius: 0 })
  })
})

describe('waiting for heat', () => {
  test('M109 reports each second, is busy each two, and ends ten seconds after it is warm', () => {
    const bench = benchPrinter()
    bench.send('M109 S210')
    bench.clock.advance(10_000)
    const heard = bench.heard()
    expect(heard.filter((line) => TEMPERATURE_LINE.test(line))).toHaveLength(11)
    expect(heard.filter((line) => line === 'echo:busy: processing')).toHaveLength(5)
    expect(heard).toHaveLength(16)
    expect(heard[0]).toBe(' T:19.37 /210.00 B:19.37 /0.00 @:127 B@:0 W:?')
    bench.clock.advance(90_000)
    const rest = bench.heard()
    expect(rest.at(-1)).toBe('ok')
    const remaining = rest.flatMap((line) => /W:([0-9]+)$/.exec(line)?.[1] ?? [])
    expect(remaining).toEqual(['9', '8', '7', '6', '5', '4', '3', '2', '1', '0'])
  })

  test('M109 S does not wait to cool, M109 R does', () => {
    const bench = benchPrinter({ jumps: true })
    bench.send('M109 S210')
    const warmMs = bench.clock.nowMs()
    bench.send('M109 S180')
    expect(bench.clock.nowMs()).toBe(warmMs)
    bench.send('M109 R150')
    expect(bench.clock.nowMs() - warmMs).toBeGreaterThan(20_000)
    expect(bench.printer.state().nozzleCelsius).toBeCloseTo(150, 0)
  })

  test('M109 R0 gives up when a minute no longer cools it', () => {
    const bench = benchPrinter({ jumps: true })
    bench.send('M109 S210', 'M109 R0', 'M105')
    expect(bench.heard().at(-1)).toMatch(/^ok T:2[0-9]\./)
  })

  test('M109 without a number is over at once', () => {
    const bench = benchPrinter()
    bench.send('M109', 'M190')
    expect(bench.heard()).toEqual(['ok', 'ok'])
  })

  test('M190 waits for the bed', () => {
    const bench = benchPrinter({ jumps: true })
    bench.send('M190 S60')
    expect(bench.printer.state().bedCelsius).toBe(60)
    expect(bench.clock.nowMs()).toBeGreaterThan(70_000)
  })

  test('M108 ends the wait, not the heating', () => {
    const bench = benchPrinter()
    bench.send('M109 S210')
    bench.clock.advance(3500)
    bench.heard()
    bench.send('M108')
    expect(bench.heard()).toEqual(['ok', 'ok'])
    expect(bench.printer.state()).toMatchObject({ nozzleTargetCelsius: 210, isWaiting: false })
    expect(bench.events('wait-broken')).toHaveLength(1)
  })

  test('M108 is heard only while the queue has room', () => {
    const bench = benchPrinter()
    bench.send('M109 S210', 'G90', 'G90', 'G90', 'M108')
    bench.clock.advance(2500)
    expect(bench.printer.state()).toMatchObject({ isWaiting: true, queuedLines: 4 })
    const emergency = benchPrinter({ hasEmergencyParser: true })
    emergency.send('M109 S210', 'G90', 'G90', 'G90', 'M108')
    expect(emergency.printer.state()).toMatchObject({ isWaiting: false, queuedLines: 0 })
    expect(emergency.heard().filter((line) => line === 'ok')).toHaveLength(5)
  })

  test('M108 with nothing to end does nothing', () => {
    const bench = benchPrinter()
    bench.send('M108', 'G4 P5000')
    bench.send('M108')
    bench.clock.advance(4000)
    expect(bench.printer.state().isWaiting).toBe(true)
    expect(bench.events('wait-broken')).toHaveLength(0)
  })
})

describe('reports and fans', () => {
  test('M155 reports by itself until it is told not to', () => {
    const bench = benchPrinter()
    bench.send('M155 S2')
    bench.heard()
    bench.clock.advance(6000)
    expect(bench.heard()).toEqual(Array(3).fill(' T:19.37 /0.00 B:19.37 /0.00 @:0 B@:0'))
    bench.send('M155 S0')
    bench.heard()
    bench.clock.advance(60_000)
    expect(bench.heard()).toEqual([])
  })

  test('M155 takes a minute at most', () => {
    const bench = benchPrinter()
    bench.send('M155 S200')
    bench.clock.advance(120_000)
    expect(bench.heard()).toHaveLength(3)
  })

  test('M106 and M107 turn the part fan, and no other', () => {
    const bench = benchPrinter()
    bench.send('M106')
    expect(bench.printer.state().fanSpeed).toBe(255)
    bench.send('M106 S300')
    expect(bench.printer.state().fanSpeed).toBe(255)
    bench.send('M106 S128', 'M107 P1', 'M106 P1 S7')
    expect(bench.printer.state().fanSpeed).toBe(128)
    bench.send('M107')
    expect(bench.printer.state().fanSpeed).toBe(0)
  })

  test('M81 turns heaters and fan off', () => {
    const bench = benchPrinter()
    bench.send('M104 S200', 'M140 S60', 'M106', 'M81')
    expect(bench.printer.state()).toMatchObject({
      nozzleTargetCelsius: 0,
      bedTargetCelsius: 0,
      fanSpeed: 0,
    })
  })

  test('M302 reports, and allows cold extrusion in three ways', () => {
    const bench = benchPrinter()
    bench.send('M302')
    expect(bench.heard()[0]).toBe('echo:Cold extrudes are disabled (min temp 170C)')
    for (const line of ['M302 P1', 'M302 S0', 'M302 P']) {
      bench.send('M302 S170 P0')
      bench.send(line, 'M302')
      expect(bench.heard().join()).toContain('Cold extrudes are enabled')
    }
  })
})
