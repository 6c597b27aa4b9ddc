import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Policy, type RuleMode, type Verdict, weakerMode } from '../../policies/index.ts'
import { LineReader } from './line-reader.ts'
import { policyFrom, policyYaml } from './snippet.ts'

const makerSpace = policyFrom(
  readFileSync(new URL('../../policies/library/maker-space.yaml', import.meta.url), 'utf8'),
)

/** Streams lines and answers those that were refused, with the codes. */
function refusedOf(policy: Policy, lines: string, reader = new LineReader()): readonly string[] {
  return lines.split('\n').flatMap((line) => {
    const verdict = reader.pass(policy, line)
    return verdict.kind === 'allow' ? [] : [`${line}: ${codesOf(verdict).join(', ')}`]
  })
}

function codesOf(verdict: Verdict): readonly string[] {
  return verdict.kind === 'allow' ? [] : verdict.objections.map(({ code }) => code)
}

describe('a host that streams line by line', () => {
  test('goes on after a refused line, which changed nothing', () => {
    const reader = new LineReader()
    expect(
      refusedOf(makerSpace, 'G28\nG1 X100 Y100 Z10 F3000\nG1 X300\nG91\nG1 X100\nG1 X30', reader),
    ).toEqual(['G1 X300: build-volume', 'G1 X30: build-volume'])
    expect(reader.state.x).toBe(200)
  })

  test('is not led astray by a refused change of scale or origin', () => {
    const reader = new LineReader()
    expect(
      refusedOf(makerSpace, 'G28\nG1 X100 Y100 Z10 F3000\nG20\nG1 X101\nM206 X50\nG1 X102', reader),
    ).toEqual(['G20: command-classes.scaling', 'M206 X50: command-classes.offsets'])
    expect(reader.state).toMatchObject({ x: 102, unitMm: 1 })
  })

  test('has to home before its first move, however often it tries', () => {
    expect(refusedOf(makerSpace, 'G1 X1\nG1 X1\nG28\nG1 X1 Y1 Z1 F3000')).toEqual([
      'G1 X1: build-volume.unknown-position, homing-first',
      'G1 X1: build-volume.unknown-position, homing-first',
    ])
  })

  test('is not held back by rules that judge jobs, nor by those that only warn', () => {
    const policy = policyFrom(
      policyYaml('  layer-height: { maxMm: 0.1 }\n  feedrate: { maxMmPerMin: 100, mode: warn }\n'),
    )
    expect(refusedOf(policy, 'G28\nG1 X10 Y10 Z5 F9000\nG1 X20 E1')).toEqual([])
  })

  test('learns every reason at once', () => {
    const reader = new LineReader().run('G28\nG1 X100 Y100 Z10 F3000')
    const verdict = reader.pass(makerSpace, 'G1 X300 F60000 H1')
    expect(codesOf(verdict)).toEqual(['build-volume', 'feedrate', 'unknown-commands.word'])
  })

  test('is told each in one sentence with value and limit', () => {
    const verdict = new LineReader().pass(makerSpace, 'M109 S280')
    expect(verdict).toEqual({
      kind: 'deny',
      objections: [
        {
          code: 'nozzle-temperature',
          rule: 'nozzle-temperature',
          message: 'nozzle target 280 °C is above the limit of 260 °C',
          value: '280 °C',
          limit: '260 °C',
          remedy: 'slice again with a nozzle temperature of 260 °C or less',
        },
      ],
    })
  })

  test('gets the same verdict for the same line however often it is judged', () => {
    const reader = new LineReader().run('G28\nG1 X100 Y100 Z10 F3000')
    for (const line of ['G1 X50', 'G1 X300', 'M104 S300', 'M500', 'G2 X110 I5']) {
      reader.read(line)
      const verdicts = Array.from({ length: 3 }, () =>
        makerSpace.judge(reader.command, reader.state, reader.move),
      )
      expect(verdicts[1]).toEqual(verdicts[0])
      expect(verdicts[2]).toEqual(verdicts[0])
    }
  })

  test('is judged without a trace in state, command or move', () => {
    const reader = new LineReader().run('G28\nG1 X100 Y100 Z10 F3000')
    for (const line of ['G1 X50 E5', 'G1 X300 E5', 'G3 X110 I5', 'M600 X10', 'G28 R5']) {
      reader.read(line)
      const before = JSON.stringify([reader.state, reader.move, [...reader.command.values]])
      makerSpace.judge(reader.command, reader.state, reader.move)
      expect(JSON.stringify([reader.state, reader.move, [...reader.command.values]]), line).toBe(before)
    }
  })
})

describe('the weaker of two modes', () => {
  test.each<[RuleMode, RuleMode, RuleMode]>([
    ['enforce', 'enforce', 'enforce'],
    ['enforce', 'hold', 'hold'],
    ['warn', 'hold', 'warn'],
    ['audit', 'enforce', 'audit'],
    ['warn', 'audit', 'audit'],
  ])('of %s and %s is %s', (a, b, weaker) => {
    expect(weakerMode(a, b)).toBe(weaker)
    expect(weakerMode(b, a)).toBe(weaker)
  })
})
