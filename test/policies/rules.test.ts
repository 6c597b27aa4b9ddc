import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { MARLIN } from '../../gcode/index.ts'
import { describeClasses, describeRules, RULES, type RuleExample } from '../../policies/index.ts'
import { objectionsTo, policyOf } from './snippet.ts'

const RULE_FILES = readdirSync(new URL('../../policies/rules/', import.meta.url))
  .filter((file) => file !== 'index.ts')
  .map((file) => file.replace(/\.ts$/, ''))

/**
 * A message ends without a full stop and starts in lower case, or with an axis or somebody's words in
 * backticks.
 */
const MESSAGE = /^(?:[a-z`]|[XYZ] ).*[^.]$/s

describe('the registry', () => {
  test('holds every rule file, each under the id that is its name', () => {
    expect(RULES.map(({ id }) => id).sort()).toEqual(RULE_FILES.sort())
  })

  test('watches only commands that the dialect has', () => {
    const names = MARLIN.rows.map(({ name }) => name)
    const commands = RULES.flatMap(({ watches }) => watches).filter((watch) => /^[GMT]\d*$/.test(watch))
    expect(commands.length).toBeGreaterThan(0)
    for (const command of commands) expect(names).toContain(command)
  })

  test('lets nobody override heat, licences, amounts and classes of commands and what cannot be known', () => {
    const fixed = RULES.filter(({ isOverridable }) => isOverridable !== true).map(({ id }) => id)
    expect(fixed).toEqual([
      'nozzle-temperature',
      'bed-temperature',
      'homing-first',
      'command-amounts',
      'command-classes',
      'unknown-commands',
      'licence',
    ])
  })

  test('implies rules only where their defaults need no choice', () => {
    for (const rule of RULES.filter(({ isImplied }) => isImplied === true))
      expect(rule.options.safeParse({}).success, rule.id).toBe(true)
  })
})

describe.each(RULES.map((rule) => [rule.id, rule] as const))('%s', (_id, rule) => {
  test('says what it does and why in whole sentences', () => {
    expect(rule.summary).toMatch(/^Denies .*\.$/)
    expect(rule.why).toMatch(/^[A-Z].*\.$/)
  })

  test('refuses options that it does not know', () => {
    const [example] = rule.examples
    const parsed = rule.options.safeParse({ ...(example?.options as object), notAnOption: 1 })
    expect(parsed.success).toBe(false)
    expect(parsed.error?.issues[0]?.code).toBe('unrecognized_keys')
  })

  test('has an example of what it allows and of what it denies', () => {
    expect(rule.examples.flatMap(({ allowed }) => allowed).length).toBeGreaterThan(0)
    expect(rule.examples.flatMap(({ denied }) => denied).length).toBeGreaterThan(0)
  })

  for (const [index, { options, allowed, denied }] of rule.examples.entries()) {
    const policy = policyOf(rule, options)
    test.each(allowed.map((example) => [titleOf(example), example] as const))(
      `allows with options ${index + 1}: %s`,
      (_title, example) => {
        expect(objectionsTo(policy, example)).toEqual([])
      },
    )
    test.each(denied.map((example) => [titleOf(example), example] as const))(
      `denies with options ${index + 1}: %s`,
      (_title, example) => {
        const objections = objectionsTo(policy, example)
        expect(objections.some((objection) => objection.includes(` ${rule.id}`))).toBe(true)
        expect(objections).toMatchSnapshot()
      },
    )
    test(`words every refusal as a person reads it, with options ${index + 1}`, () => {
      for (const example of denied)
        for (const objection of objectionsTo(policy, example)) {
          const [head = '', ...rest] = objection.split(': ')
          expect(head).toContain(rule.id)
          const [message = '', remedy = ''] = rest.join(': ').split('; ')
          expect(message).toMatch(MESSAGE)
          expect(remedy).toMatch(MESSAGE)
        }
    })
  }
})

describe('the documentation of options', () => {
  const options = describeRules().flatMap(({ id, options }) => options.map((option) => ({ id, ...option })))

  test.each(options.map((option) => [`${option.id}.${option.name}`, option] as const))(
    '%s says what it is for',
    (_name, { description }) => {
      expect(description).toMatch(/^[A-Z`].{9,}\.$/)
    },
  )

  test('names the unit of every number', () => {
    for (const { name, type, description } of options)
      if (type === 'number')
        expect(description, name).toMatch(
          /, in (?:°C|mm|mm a minute|mm³ of filament a second|s|%)(?:[ ,.;]|$)/,
        )
  })

  test('says of each whether it must be given, and its default', () => {
    const volume = describeRules().find(({ id }) => id === 'build-volume')
    expect(volume?.options.map(({ name, isRequired, default: value }) => [name, isRequired, value])).toEqual([
      ['sizeMm', true, undefined],
      ['sizeMm.x', true, undefined],
      ['sizeMm.y', true, undefined],
      ['sizeMm.z', true, undefined],
      ['originMm', false, '{"x":0,"y":0,"z":0}'],
      ['originMm.x', false, undefined],
      ['originMm.y', false, undefined],
      ['originMm.z', false, undefined],
      ['travelMarginMm', false, '0'],
      ['toleranceMm', false, '0.001'],
      ['retractionLiftMm', false, '0'],
      ['furtherAxes', false, '[]'],
    ])
  })

  test('tells types in words', () => {
    const types = new Map(options.map(({ id, name, type }) => [`${id}.${name}`, type]))
    expect(types.get('nozzle-temperature.maxCelsius')).toBe('number')
    expect(types.get('material.allow')).toBe('list of text')
    expect(types.get('material.checkTemperature')).toBe('true or false')
    expect(types.get('licence.demand')).toBe('one of always, by-tier, never')
    expect(types.get('licence.designs')).toBe('list of map')
    expect(types.get('licence.designs[].tier')).toBe('one of open, registered, controlled, restricted')
  })

  test('lists every class of commands with its members', () => {
    const classes = describeClasses(MARLIN)
    expect(classes.map(({ commands }) => commands.length).reduce((sum, count) => sum + count)).toBe(
      MARLIN.rows.length,
    )
    expect(classes.find(({ name }) => name === 'network')).toMatchObject({
      isGuarded: true,
      what: 'opens another way to the printer',
      commands: [{ name: 'M552' }, { name: 'M553' }, { name: 'M554' }],
    })
  })

  test('comes with a JSON Schema that refuses unknown keys', () => {
    for (const { schema } of describeRules())
      expect(schema).toMatchObject({ type: 'object', additionalProperties: false })
    expect(z.toJSONSchema(RULES[0]!.options)).toBeDefined()
  })
})

function titleOf(example: RuleExample): string {
  return typeof example === 'string' ? example.replaceAll('\n', ' | ') : example.title
}
