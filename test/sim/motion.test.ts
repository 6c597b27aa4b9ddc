import { describe, expect, test } from 'vitest'
import { marlinBuild } from '../../agent/sim/marlin-build.ts'
import { MarlinParser } from '../../agent/sim/marlin-parser.ts'
import { Motion } from '../../agent/sim/motion.ts'

const VOLUME = { x: 200, y: 200, z: 200 }

function motion(buildName: 'default' | 'all-options' = 'default') {
  const build = marlinBuild(buildName)
  const parser = new MarlinParser(build)
  const state = new Motion(build, VOLUME)
  return {
    state,
    line: (text: string) => state.line(parser.parse(text)),
    arc: (text: string) => state.arc(parser.parse(text), text.startsWith('G2')),
  }
}

describe('a line', () => {
  test('ends where it was asked to, and takes its length over its speed', () => {
    const { line } = motion()
    expect(line('G1 X30 Y40 E2 F3000')).toEqual({
      to: { x: 30, y: 40, z: 0, e: 2 },
      lengthMm: 50,
      isFilamentOnly: false,
      durationMs: 1000,
      asked: { min: { x: 0, y: 0, z: 0 }, max: { x: 30, y: 40, z: 0 } },
      swept: { min: { x: 0, y: 0, z: 0 }, max: { x: 30, y: 40, z: 0 } },
    })
  })

  test('does not move the state by itself: a move may still be dropped', () => {
    const { state, line } = motion()
    line('G1 X30')
    expect(state.position.x).toBe(0)
  })

  test('of filament alone has the length of the filament', () => {
    expect(motion().line('G1 E-5 F300')).toMatchObject({
      lengthMm: 5,
      isFilamentOnly: true,
      durationMs: 1000,
    })
  })

  test('to where it is already has no length', () => {
    expect(motion().line('G1 X0 F1000')).toMatchObject({ lengthMm: 0, durationMs: 0 })
  })

  test('keeps the speed of the last F that was above zero', () => {
    const { line } = motion()
    expect(line('G1 X25').durationMs).toBe(1000)
    line('G1 X1 F6000')
    for (const text of ['G1 X100', 'G1 X100 F0', 'G1 X100 F-9', 'G1 X100 F']) {
      expect(line(text).durationMs).toBe(1000)
    }
  })

  test('below zero per cent crawls', () => {
    const { state, line } = motion()
    state.feedratePercent = -100
    expect(line('G1 X1 F6000').durationMs).toBe(20_000)
  })

  test('is cut by the endstops on homed axes only', () => {
    const { state, line } = motion()
    state.home('x')
    const move = line('G1 X300 Y300')
    expect(move.to).toMatchObject({ x: 200, y: 300 })
    expect([move.asked.max.x, move.swept.max.x]).toEqual([300, 200])
    state.hasSoftwareEndstops = false
    expect(line('G1 X300').to.x).toBe(300)
  })

  test('in a shifted workspace is in the workspace when absolute, in steps when relative', () => {
    const { state, line } = motion()
    state.position = { x: 10, y: 10, z: 0, e: 0 }
    state.setLogical('x', 0)
    state.setHomeOffset('y', 5)
    expect(state.logical).toMatchObject({ x: 0, y: 15 })
    expect(line('G1 X7 Y7').to).toMatchObject({ x: 17, y: 2 })
    state.isRelative = true
    expect(line('G1 X7 Y7').to).toMatchObject({ x: 17, y: 17 })
  })

  test('in inches is longer, and so is its speed', () => {
    const { state, line } = motion()
    state.isInches = true
    const move = line('G1 X1 F60')
    expect(move.to.x).toBeCloseTo(25.4)
    expect(move.durationMs).toBeCloseTo(1000)
  })
})

describe('homing', () => {
  test('makes one axis known, and takes back its shift but not the home offset', () => {
    const { state } = motion()
    state.position = { x: 10, y: 10, z: 10, e: 3 }
    state.setLogical('x', 99)
    state.setHomeOffset('x', 2)
    state.home('x')
    expect(state.logical).toEqual({ x: 2, y: 10, z: 10, e: 3 })
    expect(state.homed).toEqual({ x: true, y: false, z: false })
  })
})

describe('an arc', () => {
  test('takes its length, and its box is what it sweeps', () => {
    const { state, arc } = motion()
    state.position = { x: 100, y: 100, z: 1, e: 0 }
    expect(arc('G3 X80 Y100 I-10 J0 F600')).toMatchObject({
      to: { x: 80, y: 100, z: 1 },
      durationMs: expect.closeTo(Math.PI * 1000, 3),
      swept: { max: { y: expect.closeTo(110, 6) } },
    })
  })

  test('without a centre or with a radius to nowhere is bad', () => {
    const { arc } = motion()
    for (const text of ['G2 X10', 'G2 X10 I0 J0', 'G2 R5', 'G2 X5 R0']) expect(arc(text)).toBe('bad')
  })

  test('that is too small goes nowhere', () => {
    const { arc } = motion()
    expect(arc('G2 X0.0001 I0.00005')).toBeUndefined()
  })

  test('is cut by the endstops, but what was asked for is kept', () => {
    const { state, arc } = motion()
    for (const axis of ['x', 'y', 'z'] as const) state.home(axis)
    const move = arc('G2 I10')
    expect(move).toMatchObject({ asked: { min: { y: expect.closeTo(-10, 6) } }, swept: { min: { y: 0 } } })
  })

  test('makes further circles only in builds that know them', () => {
    const once = motion().arc('G2 I10 P3')
    const often = motion('all-options').arc('G2 I10 P3')
    expect(once).toMatchObject({ lengthMm: expect.closeTo(20 * Math.PI, 6) })
    expect(often).toMatchObject({ lengthMm: expect.closeTo(80 * Math.PI, 6) })
  })
})
