import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { asciiBytes, MARLIN, Survey } from '../../gcode/index.ts'
import {
  type Decision,
  type DecisionInput,
  decide,
  failedCases,
  judgeGcode,
  type LicenceStanding,
  type Policy,
  ReasonTally,
} from '../../policies/index.ts'
import { policyFrom, policyYaml } from './snippet.ts'

const POLICY = policyFrom(
  policyYaml(
    [
      '  nozzle-temperature: { maxCelsius: 260 }',
      '  bed-temperature: { maxCelsius: 110, mode: hold }',
      '  build-volume: { sizeMm: { x: 220, y: 220, z: 250 } }',
      '  layer-height: { maxMm: 0.3, mode: warn }',
      '  feedrate: { maxMmPerMin: 6000, mode: audit }\n',
    ].join('\n'),
  ),
)

const VALID: LicenceStanding = {
  kind: 'valid',
  id: '3f0c1d2e-0000-4000-8000-000000000001',
  issuer: 'https://issuer.example',
  licensee: 'Example Workshop',
  expiresAt: '2027-01-01T00:00:00Z',
  tier: 'controlled',
  copiesLeft: 4,
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Surveys and decides as the agent does. */
function inputFor(policy: Policy, gcode: string, more: Partial<DecisionInput> = {}): DecisionInput {
  const tally = new ReasonTally(policy)
  const hasher = createHash('sha256')
  const survey = new Survey({ table: MARLIN, hasher, judge: tally })
  survey.push(asciiBytes(gcode))
  survey.end()
  return {
    id: 'decision-1',
    at: '2026-11-22T20:00:00Z',
    job: {
      name: 'part.gcode',
      bytes: gcode.length,
      sha256: sha256(gcode),
      canonicalSha256: hasher.digest('hex'),
    },
    facts: survey.facts(),
    claims: survey.claims(),
    policySha256: sha256('the policy file'),
    tally,
    refusedLines: survey.refusedLines,
    refusedCount: survey.refusedCount,
    licence: { kind: 'none' },
    ...more,
  }
}

function codesOf(decision: Decision): readonly (string | number | null)[][] {
  return decision.reasons.map(({ outcome, code, line, count }) => [outcome, code, line, count])
}

const PRINT = 'G28\nG1 X10 Y10 Z0.2 F3000\nG1 X20 E1\n'

describe('the decision document', () => {
  test('has the shape that the log, scripts and people rely on', () => {
    const gcode = `; filament_type = PLA\nM104 S300\nM140 S115\n${PRINT}G1 X30 E2 F9000\nG1 X25 Y300\nM109 S300\nG1 X1 X2\n`
    const input = inputFor(POLICY, gcode, { licence: VALID })
    // How good the estimate is, is another room's test.
    const decision = decide({ ...input, facts: { ...input.facts, estimatedSeconds: 2.5 } })
    expect(JSON.parse(JSON.stringify(decision))).toMatchSnapshot()
  })

  test('keeps every key where there is nothing to say', () => {
    const decision = decide(inputFor(POLICY, 'M105\n'))
    expect(decision).toMatchObject({
      outcome: 'allow',
      licence: null,
      reasons: [],
      unlistedObjections: 0,
      log: null,
    })
    expect(decision.job).toMatchObject({ name: 'part.gcode', bytes: 5, lines: 1, commands: 1 })
    expect(Object.keys(decision.facts)).toContain('extrusionBoundsMm')
    expect(Object.keys(decision.facts)).not.toContain('lines')
  })

  test('names the policy with its version and digest', () => {
    expect(decide(inputFor(POLICY, PRINT)).policy).toEqual({
      name: 'test',
      version: 1,
      sha256: sha256('the policy file'),
    })
  })

  test('tells of a licence only where it verified', () => {
    const refused: LicenceStanding = {
      kind: 'refused',
      code: 'expired',
      message: 'licence expired',
      remedy: 'ask',
    }
    expect(decide(inputFor(POLICY, PRINT, { licence: VALID })).licence).toEqual({
      id: '3f0c1d2e-0000-4000-8000-000000000001',
      issuer: 'https://issuer.example',
      licensee: 'Example Workshop',
      expiresAt: '2027-01-01T00:00:00Z',
      copiesLeft: 4,
    })
    expect(decide(inputFor(POLICY, PRINT, { licence: refused })).licence).toBeNull()
  })
})

describe('the outcome', () => {
  test.each([
    ['allow', PRINT, []],
    ['allow', PRINT.replace('F3000', 'F7000'), [['audit', 'feedrate', 2, 2]]],
    ['warn', PRINT.replace('Z0.2', 'Z0.4'), [['warn', 'layer-height.too-thick', null, 1]]],
    ['hold', `M140 S115\n${PRINT}`, [['hold', 'bed-temperature', 1, 1]]],
    [
      'hold',
      `M140 S115\n${PRINT.replace('Z0.2', 'Z0.4')}`,
      [
        ['hold', 'bed-temperature', 1, 1],
        ['warn', 'layer-height.too-thick', null, 1],
      ],
    ],
    [
      'deny',
      `M140 S115\n${PRINT}M104 S261\n`,
      [
        ['deny', 'nozzle-temperature', 5, 1],
        ['hold', 'bed-temperature', 1, 1],
      ],
    ],
    ['deny', `${PRINT}G1 X1 X2\n`, [['deny', 'grammar.repeated-word', 4, 1]]],
  ])('is %s where the strongest objection says so', (outcome, gcode, codes) => {
    const decision = decide(inputFor(POLICY, gcode))
    expect(decision.outcome).toBe(outcome)
    expect(codesOf(decision)).toEqual(codes)
  })

  test('of a refused licence is deny, with the issuer’s words', () => {
    const licence: LicenceStanding = {
      kind: 'refused',
      code: 'copies-used-up',
      message: '3 copies are used, the licence allows 3',
      remedy: 'ask the issuer for more copies',
      value: 3,
      limit: 3,
    }
    expect(decide(inputFor(POLICY, PRINT, { licence }))).toMatchObject({
      outcome: 'deny',
      reasons: [
        {
          code: 'licence.copies-used-up',
          rule: 'licence',
          message: '3 copies are used, the licence allows 3',
          value: '3',
          limit: '3',
          remedy: 'ask the issuer for more copies',
          appeal: 'ask the test',
        },
      ],
    })
  })

  test('is deny where a command was not judged, whatever the reason', () => {
    const input = inputFor(POLICY, PRINT)
    const forgotten = { ...input, tally: new ReasonTally(POLICY) }
    expect(decide(forgotten)).toMatchObject({
      outcome: 'deny',
      reasons: [{ code: 'policy.unjudged', message: 'only 0 commands of 3 commands were judged' }],
    })
    expect(decide({ ...input, facts: { ...input.facts, commands: 4 } }).outcome).toBe('deny')
  })

  test('is deny where lines were refused without their reasons at hand', () => {
    const decision = decide({ ...inputFor(POLICY, PRINT), refusedLines: [], refusedCount: 7 })
    expect(decision).toMatchObject({ outcome: 'deny', reasons: [], unlistedObjections: 7 })
  })
})

describe('reasons', () => {
  test('of one value are one reason with its first line and a count', () => {
    const decision = judgeGcode(POLICY, 'M104 S300\nG28\nM109 S300\nM104 S280\n')
    expect(codesOf(decision)).toEqual([
      ['deny', 'nozzle-temperature', 1, 2],
      ['deny', 'nozzle-temperature', 4, 1],
    ])
  })

  test('of a part that stands outside are one for each side, however many moves there are', () => {
    const moves = Array.from({ length: 300 }, (_, i) => `G1 X${221 + i / 10} Y${100 - i}`).join('\n')
    expect(codesOf(judgeGcode(POLICY, `G28\nG1 X10 Y10 Z0.2 F3000\n${moves}\n`))).toEqual([
      ['deny', 'build-volume', 3, 300],
    ])
    expect(
      codesOf(judgeGcode(POLICY, 'G28\nG1 X300 Y10 Z0.2 F3000\nG1 X10\nG1 Y300\nG1 Y10\nG1 X-5')),
    ).toEqual([
      ['deny', 'build-volume', 2, 2],
      ['deny', 'build-volume', 4, 2],
      ['deny', 'build-volume', 6, 1],
    ])
  })

  test('of one code with many values leave room for others, and the rest is counted', () => {
    const hot = Array.from({ length: 200 }, (_, i) => `M104 S${261 + i}`).join('\n')
    const decision = judgeGcode(POLICY, `${hot}\nG28\nG1 X300 F3000\n`)
    expect(codesOf(decision)).toEqual([
      ...[1, 2, 3, 4, 5].map((line) => ['deny', 'nozzle-temperature', line, 1]),
      ['deny', 'build-volume', 202, 1],
    ])
    expect(decision.unlistedObjections).toBe(195)
  })

  test('are at most fifty, the strongest of them first', () => {
    const warned = policyFrom(
      policyYaml('  command-classes: { mode: warn }\n  nozzle-temperature: { maxCelsius: 1 }\n'),
    )
    const many = MARLIN.rows
      .filter(({ text, subcodes, name }) => text === 'none' && subcodes.length === 0 && name !== 'T')
      .map(({ name }) => name)
      .join('\n')
    const decision = judgeGcode(warned, `${many}\nM104 S200\n`)
    expect(decision.reasons).toHaveLength(50)
    expect(decision.reasons[0]).toMatchObject({ outcome: 'deny', code: 'nozzle-temperature' })
    const listed = decision.reasons.reduce((sum, { count }) => sum + count, 0)
    expect(decision.unlistedObjections).toBeGreaterThan(0)
    expect(listed + decision.unlistedObjections).toBeGreaterThan(100)
  })

  test('of refused lines are one for each kind, and those past what was kept are counted', () => {
    const decision = judgeGcode(POLICY, 'G1 X1 X2\n'.repeat(100))
    expect(decision.outcome).toBe('deny')
    expect(decision.reasons).toMatchObject([{ code: 'grammar.repeated-word', rule: 'grammar', line: 1 }])
    expect((decision.reasons[0]?.count ?? 0) + decision.unlistedObjections).toBe(100)
  })

  test('stand in the order of the job, those of the job as a whole last', () => {
    const policy = policyFrom(
      policyYaml('  layer-height: { maxMm: 0.3 }\n  nozzle-temperature: { maxCelsius: 260 }\n'),
    )
    expect(codesOf(judgeGcode(policy, `M500\n${PRINT.replace('Z0.2', 'Z0.4')}M104 S300\n`))).toEqual([
      ['deny', 'command-classes.settings', 1, 1],
      ['deny', 'nozzle-temperature', 5, 1],
      ['deny', 'layer-height.too-thick', null, 1],
    ])
  })

  test('all carry where to appeal', () => {
    const decision = judgeGcode(POLICY, 'M104 S300\nM500\nG1 X1 X2\n')
    expect(decision.reasons.map(({ appeal }) => appeal)).toEqual(Array(3).fill('ask the test'))
  })
})

describe('cases of a policy', () => {
  test('that do not come out as they say are told with what came out', () => {
    const policy = policyFrom(
      `${policyYaml('  nozzle-temperature: { maxCelsius: 260 }\n')}cases:\n` +
        '  - { name: right, gcode: M104 S261, outcome: deny, codes: [nozzle-temperature] }\n' +
        '  - { name: wrong outcome, gcode: M104 S261, outcome: allow }\n' +
        '  - { name: wrong code, gcode: M500, outcome: deny, codes: [nozzle-temperature] }\n' +
        '  - { name: another code besides, gcode: "M104 S261\\nM500", outcome: deny, codes: [nozzle-temperature] }\n' +
        '  - { name: not refused, gcode: "M105 ; 60 °C", outcome: deny, codes: [nozzle-temperature] }\n',
    )
    expect(failedCases(policy)).toEqual([
      { name: 'wrong outcome', message: 'expected allow, got deny (nozzle-temperature)' },
      {
        name: 'wrong code',
        message: 'expected deny (nozzle-temperature), got deny (command-classes.settings)',
      },
      {
        name: 'another code besides',
        message:
          'expected deny (nozzle-temperature), got deny (nozzle-temperature, command-classes.settings)',
      },
      { name: 'not refused', message: 'expected deny (nozzle-temperature), got allow' },
    ])
  })

  test('see characters outside of ASCII as the printer would', () => {
    expect(judgeGcode(POLICY, 'M105 ; 60 °C \u{1f525}').outcome).toBe('allow')
    expect(judgeGcode(POLICY, 'M104 S1°').reasons).toMatchObject([{ code: 'grammar.non-ascii' }])
    expect(judgeGcode(POLICY, 'M104 Sł').reasons).toMatchObject([{ code: 'grammar.non-ascii' }])
  })
})
