import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { knownCode, TOLD_CODES } from '../../agent/report/known-codes.ts'
import { CLASS_NAMES, REFUSAL_IDS } from '../../gcode/index.ts'
import { RULES } from '../../policies/index.ts'

describe('the codes that may be told', () => {
  test('are all those of the reader of lines', () => {
    for (const id of REFUSAL_IDS) expect(TOLD_CODES, id).toContain(`grammar.${id}`)
  })

  test('are all those of the classes of commands', () => {
    for (const name of CLASS_NAMES) expect(TOLD_CODES, name).toContain(`command-classes.${name}`)
  })

  test('have some of each rule, and one for a rule that fails', () => {
    for (const { id } of RULES) {
      expect(
        TOLD_CODES.some((code) => code === id || code.startsWith(`${id}.`)),
        id,
      ).toBe(true)
      expect(TOLD_CODES).toContain(`${id}.failed`)
    }
  })

  test('are all those that the source of a rule spells out', () => {
    const folder = join(import.meta.dirname, '../../policies/rules')
    for (const { id } of RULES)
      for (const [, name] of readFileSync(join(folder, `${id}.ts`), 'utf8').matchAll(
        /`\$\{ID\}\.([a-z-]+)`/g,
      ))
        expect(TOLD_CODES, id).toContain(`${id}.${name}`)
  })

  test('are in an order of their own, each once', () => {
    expect([...new Set(TOLD_CODES)].toSorted()).toEqual(TOLD_CODES)
  })

  test('are many more than the tiers that a month can withhold: the seldom ones among them could be any', () => {
    expect(TOLD_CODES.length).toBeGreaterThan(60)
  })

  test('have a sentence and a remedy with no number in them, and no gap to fill', () => {
    for (const code of TOLD_CODES) {
      const { why, remedy, rule } = knownCode(code)
      expect(code === rule || code.startsWith(`${rule}.`)).toBe(true)
      for (const text of [why, remedy]) {
        expect(text, code).toMatch(/^[a-z][^\d$<>{}]+[a-z]$|`G\d+`/)
        expect(text.replace(/`G\d+`/g, ''), code).not.toMatch(/\d/)
      }
    }
  })

  test.each(['house-rule', 'feedrate.', 'FEEDRATE', '__proto__', 'constructor', '<b>', ''])(
    'do not have %j in them',
    (code) => {
      expect(knownCode(code)).toMatchObject({ code: 'other', rule: 'other' })
    },
  )
})
