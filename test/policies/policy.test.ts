import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { asciiBytes, Command, LineParser, MARLIN, MachineState, Move, planMove } from '../../gcode/index.ts'
import {
  ALLOW,
  defineRule,
  type JudgedObjection,
  judgeGcode,
  type Objection,
  type ObjectionSink,
  type Policy,
  RULES,
  type Rule,
  type RuleMode,
  type Verdict,
  type Watch,
} from '../../policies/index.ts'
import { EMPTY_JOB, policyFrom, policyOf, policyOfRules, policyYaml } from './snippet.ts'

/** Judges one line from the declared start. */
function judge(policy: Policy, line: string, sink?: ObjectionSink): Verdict {
  const command = new Command()
  const state = new MachineState()
  const move = new Move()
  const bytes = asciiBytes(line)
  new LineParser(MARLIN).parse(bytes, 0, bytes.length, command)
  planMove(state, command, move)
  return policy.judge(command, state, move, sink)
}

function objection(rule: string, more: Partial<Objection> = {}): Objection {
  return { code: rule, rule, message: `${rule} objects`, remedy: 'do something else', ...more }
}

/** A rule that objects to every line and job that it sees. */
function objector(id: string, watches: readonly Watch[] = ['every'], more: Partial<Objection> = {}): Rule {
  return defineRule({
    id,
    summary: 'Denies everything.',
    why: 'It is a test.',
    options: z.strictObject({}),
    watches,
    compile: () => ({ line: () => objection(id, more), job: () => [objection(id, more)] }),
    examples: [],
  })
}

function thrower(id: string): Rule {
  const fail = (): never => {
    throw new TypeError('x is undefined')
  }
  return { ...objector(id), compile: () => ({ line: fail, job: fail }) }
}

class Notes implements ObjectionSink {
  readonly seen: JudgedObjection[] = []
  object(seen: Objection, mode: RuleMode): void {
    this.seen.push({ objection: seen, mode })
  }
}

describe('a line', () => {
  test('that nobody objects to is allowed by the one shared verdict', () => {
    expect(judge(policyOfRules([]), 'G1 X10')).toBe(ALLOW)
  })

  test('is denied with every rule that objects named, in the order of the policy', () => {
    const policy = policyOfRules(
      ['first', 'second', 'third'].map((id) => ({
        rule: id === 'second' ? objector(id, ['M105']) : objector(id),
        options: {},
        mode: 'enforce',
        isImplied: false,
      })),
    )
    const verdict = judge(policy, 'G1 X10')
    expect(verdict.kind).toBe('deny')
    expect('objections' in verdict && verdict.objections.map(({ rule }) => rule)).toEqual(['first', 'third'])
  })

  test('stops the machine where one of the rules that object says so', () => {
    const stop = objector('stopper', ['every'], { stop: true })
    const rules = [objector('denier'), stop].map((rule) => ({
      rule,
      options: {},
      mode: 'enforce' as const,
      isImplied: false,
    }))
    expect(judge(policyOfRules(rules), 'G1 X10')).toMatchObject({
      kind: 'stop',
      objections: [{ rule: 'denier' }, { rule: 'stopper' }],
    })
    expect(judge(policyOf(stop, {}, 'warn'), 'G1 X10')).toBe(ALLOW)
  })

  test.each<[Watch, readonly string[], readonly string[]]>([
    ['M104', ['M104 S1'], ['M109 S1', 'G1 X1', 'M9999']],
    ['T', ['T0', 'T3'], ['M104 S1', 'G0']],
    ['moves', ['G0 X1', 'G1 X1', 'G2 X1 I1', 'G3 X1 I1'], ['G4 P1', 'G28', 'M104 S1']],
    ['class:heating', ['M104 S1', 'M190 S1'], ['M105', 'G1 X1', 'M9999']],
    ['unknown', ['M9999', 'G9998 X1', 'G1 X1 H2'], ['G1 X1', 'M104 S1', 'M117 words', 'T1']],
    ['every', ['G1 X1', 'M104 S1', 'T0', 'M9999', 'G1 X1 H2', 'M117 words'], []],
  ])('is shown to a rule that watches %s only where that fits', (watch, watched, others) => {
    const policy = policyOf(objector('watcher', [watch]), {})
    for (const line of watched) expect(judge(policy, line).kind, line).toBe('deny')
    for (const line of others) expect(judge(policy, line).kind, line).toBe('allow')
  })

  test('with words that its command does not have is shown to those who watch the command as well', () => {
    const policy = policyOf(objector('watcher', ['M104']), {})
    expect(judge(policy, 'M104 S1 X5').kind).toBe('deny')
  })

  test('of a watched command with words unknown is shown to a rule once', () => {
    const notes = new Notes()
    judge(policyOf(objector('watcher', ['M104', 'class:heating', 'unknown', 'every']), {}), 'M104 X1', notes)
    expect(notes.seen).toHaveLength(1)
  })
})

describe('a move', () => {
  const entry = (rule: Rule) => ({ rule, options: {}, mode: 'enforce' as const, isImplied: false })
  const quiet = (id: string): Rule => ({
    ...objector(id, ['moves']),
    compile: () => ({ line: () => undefined }),
  })

  test.each([1, 2, 6, 7, 9])('is shown to each of %i rules, wherever in the order it stands', (count) => {
    for (let objecting = 0; objecting < count; objecting++) {
      const rules = Array.from({ length: count }, (_, i) =>
        i === objecting ? objector(`rule-${i}`, ['moves']) : quiet(`rule-${i}`),
      )
      expect(judge(policyOfRules(rules.map(entry)), 'G1 X1')).toMatchObject({
        kind: 'deny',
        objections: [{ rule: `rule-${objecting}` }],
      })
    }
    expect(
      judge(policyOfRules(Array.from({ length: count }, (_, i) => entry(quiet(`rule-${i}`)))), 'G1 X1'),
    ).toBe(ALLOW)
  })

  test('that only some rules watch is shown to those', () => {
    const policy = policyOfRules([entry(quiet('all')), entry(objector('arcs', ['G2', 'G3']))])
    expect(judge(policy, 'G1 X1').kind).toBe('allow')
    expect(judge(policy, 'G2 X1 I1').kind).toBe('deny')
    expect(judge(policyOfRules([entry(objector('one', ['class:motion']))]), 'G0 X1').kind).toBe('deny')
  })
})

describe('modes', () => {
  test.each<[RuleMode, Verdict['kind']]>([
    ['enforce', 'deny'],
    ['hold', 'allow'],
    ['warn', 'allow'],
    ['audit', 'allow'],
  ])('%s gives a line the verdict %s and tells the sink', (mode, kind) => {
    const notes = new Notes()
    expect(judge(policyOf(objector('rule'), {}, mode), 'G1 X1', notes).kind).toBe(kind)
    expect(notes.seen).toMatchObject([{ objection: { rule: 'rule' }, mode }])
  })

  test('a rule may weaken its own objection, never strengthen it', () => {
    const weak = objector('rule', ['every'], { mode: 'warn' })
    expect(policyOf(weak, {}, 'enforce').judgeJob(EMPTY_JOB)).toMatchObject([{ mode: 'warn' }])
    expect(policyOf(weak, {}, 'audit').judgeJob(EMPTY_JOB)).toMatchObject([{ mode: 'audit' }])
    const strong = objector('rule', ['every'], { mode: 'enforce' })
    expect(policyOf(strong, {}, 'hold').judgeJob(EMPTY_JOB)).toMatchObject([{ mode: 'hold' }])
  })

  test.each<[RuleMode, string]>([
    ['enforce', 'deny'],
    ['hold', 'hold'],
    ['warn', 'warn'],
    ['audit', 'allow'],
  ])('%s makes a job %s', (mode, outcome) => {
    const decision = judgeGcode(policyOf(objector('rule'), {}, mode), 'G1 X1')
    expect(decision.outcome).toBe(outcome)
    expect(decision.reasons).toMatchObject([
      { outcome: mode === 'enforce' ? 'deny' : mode, line: 1, count: 2 },
    ])
  })
})

describe('a rule that throws', () => {
  test.each<[RuleMode, Verdict['kind'], string]>([
    ['enforce', 'deny', 'deny'],
    ['hold', 'deny', 'deny'],
    ['warn', 'deny', 'deny'],
    ['audit', 'allow', 'allow'],
  ])('in mode %s: the line is met with %s, the job with %s', (mode, kind, outcome) => {
    const policy = policyOf(thrower('broken'), {}, mode)
    expect(judge(policy, 'G1 X1').kind).toBe(kind)
    const decision = judgeGcode(policy, 'G1 X1')
    expect(decision.outcome).toBe(outcome)
    expect(decision.reasons).toMatchObject([
      // Once for its line and once for the job.
      { code: 'broken.failed', line: 1, count: 2, message: 'rule failed: x is undefined' },
    ])
  })

  test('does not keep the others from being asked', () => {
    const rules = [thrower('broken'), objector('other')].map((rule) => ({
      rule,
      options: {},
      mode: 'enforce' as const,
      isImplied: false,
    }))
    expect(judge(policyOfRules(rules), 'G1 X1')).toMatchObject({
      kind: 'deny',
      objections: [{ code: 'broken.failed' }, { code: 'other' }],
    })
  })

  test('may throw anything at all', () => {
    const rule: Rule = {
      ...objector('broken'),
      compile: () => ({
        line: () => {
          throw null
        },
      }),
    }
    expect(judge(policyOf(rule, {}), 'G1 X1')).toMatchObject({
      kind: 'deny',
      objections: [{ message: 'rule failed: null' }],
    })
  })
})

describe('rules that a policy does not mention', () => {
  const policy = policyFrom(policyYaml('  nozzle-temperature: { maxCelsius: 260 }\n'))

  test('are in force where they keep other doors shut', () => {
    expect(policy.rules.filter(({ isImplied }) => isImplied).map(({ rule }) => rule.id)).toEqual([
      'command-amounts',
      'command-classes',
      'unknown-commands',
      'licence',
    ])
    expect(judge(policy, 'M9999').kind).toBe('deny')
    expect(judge(policy, 'M500').kind).toBe('deny')
  })

  test('are not where they need a choice', () => {
    expect(judge(policy, 'G28').kind).toBe('allow')
    expect(judge(policy, 'M140 S200').kind).toBe('allow')
  })

  test('yield to the policy that mentions them', () => {
    const other = policyFrom(policyYaml('  unknown-commands: { allow: [M9999] }\n'))
    expect(judge(other, 'M9999').kind).toBe('allow')
  })
})

describe('the line path', () => {
  /** Bytes that a pass may leave behind: V8's own book-keeping, nothing that grows with the lines. */
  const LEFT_BYTES_MAX = 1_000_000
  const LINES = 200_000

  test('allocates nothing for a line that is allowed', () => {
    const policy = policyFrom(
      policyYaml(
        [
          'nozzle-temperature: { maxCelsius: 260 }',
          'bed-temperature: { maxCelsius: 110 }',
          'build-volume: { sizeMm: { x: 220, y: 220, z: 250 } }',
          'homing-first:',
          'feedrate: { maxMmPerMin: 30000, zMaxMmPerMin: 6000 }',
          'volumetric-flow: { maxMm3PerS: 30 }',
        ]
          .map((rule) => `  ${rule}\n`)
          .join(''),
      ),
    )
    const command = new Command()
    const state = new MachineState()
    const move = new Move()
    const parser = new LineParser(MARLIN)
    const bytes = asciiBytes('G1 X10.5 Y20.25 E0.05 F3000')
    parser.parse(bytes, 0, bytes.length, command)
    state.homed = 7
    state.known = 7
    planMove(state, command, move)
    const pass = (): number => {
      let allowed = 0
      for (let i = 0; i < LINES; i++) if (policy.judge(command, state, move) === ALLOW) allowed++
      return allowed
    }
    expect(pass()).toBe(LINES)
    expect(pass()).toBe(LINES)
    // A collection in mid-pass leaves less than before and says nothing; several of five passes show what was
    // allocated.
    const left = Array.from({ length: 5 }, () => {
      const before = process.memoryUsage().heapUsed
      pass()
      return process.memoryUsage().heapUsed - before
    })
    expect(left.filter((bytesLeft) => bytesLeft >= 0).length).toBeGreaterThan(2)
    expect(Math.max(...left)).toBeLessThan(LEFT_BYTES_MAX)
  })

  test('asks for an ordinary move only the rules that have to do with moves', () => {
    const policy = policyFrom(policyYaml(`  homing-first:\n`))
    let asked = 0
    const counting = RULES.map(
      (rule): Rule => ({
        ...rule,
        compile: (options, dialect) => {
          const compiled = rule.compile(options, dialect)
          const { line } = compiled
          if (line === undefined) return compiled
          return {
            ...compiled,
            line: (...all) => {
              asked++
              return line(...all)
            },
          }
        },
      }),
    )
    const counted = policyOfRules(
      policy.rules.map((entry) => ({
        ...entry,
        rule: counting.find(({ id }) => id === entry.rule.id) ?? entry.rule,
      })),
    )
    judge(counted, 'G1 E1')
    expect(asked).toBe(1)
  })
})
