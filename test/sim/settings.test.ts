import { describe, expect, test } from 'vitest'
import { marlinBuild } from '../../agent/sim/marlin-build.ts'
import { MarlinParser } from '../../agent/sim/marlin-parser.ts'
import { Eeprom, Settings } from '../../agent/sim/settings.ts'

const parse = (text: string) => new MarlinParser(marlinBuild('default')).parse(text)

describe('settings', () => {
  test('take the numbers of a command and leave the others', () => {
    const settings = new Settings(new Eeprom())
    expect(settings.apply(parse('M92 X160 E420.5'))).toBeUndefined()
    expect(['X', 'Y', 'Z', 'E'].map((axis) => settings.stepsPerMm(axis as 'X'))).toEqual([
      160, 80, 400, 420.5,
    ])
  })

  test('answer a command without numbers with what they hold', () => {
    const settings = new Settings(new Eeprom())
    expect(settings.apply(parse('M203'))).toBe('echo:  M203 X300.00 Y300.00 Z10.00 E60.00')
    expect(settings.apply(parse('M92 X'))).toBe('echo:  M92 X80.00 Y80.00 Z400.00 E93.00')
  })

  test('do not take letters that they do not have', () => {
    const settings = new Settings(new Eeprom())
    expect(settings.apply(parse('M92 Q5'))).toContain('M92 X80.00')
    expect(settings.lines().join()).not.toContain('Q5')
  })

  test('know which commands are theirs', () => {
    const settings = new Settings(new Eeprom())
    expect([92, 200, 201, 203, 204, 205, 301, 304].every((code) => settings.has(code))).toBe(true)
    expect([0, 104, 500, 503].some((code) => settings.has(code))).toBe(false)
  })

  test('come from the memory chip once they were stored there', () => {
    const eeprom = new Eeprom()
    const first = new Settings(eeprom)
    first.apply(parse('M92 X160'))
    expect(new Settings(eeprom).stepsPerMm('X')).toBe(80)
    first.store()
    expect(new Settings(eeprom).stepsPerMm('X')).toBe(160)
    first.loadDefaults()
    expect(first.stepsPerMm('X')).toBe(80)
    expect(new Settings(eeprom).stepsPerMm('X')).toBe(160)
  })

  test('that change after they were stored do not change what is stored', () => {
    const eeprom = new Eeprom()
    const settings = new Settings(eeprom)
    settings.store()
    settings.apply(parse('M92 X160'))
    settings.load()
    expect(settings.stepsPerMm('X')).toBe(80)
  })

  test('are listed as headings and commands in turn', () => {
    const lines = new Settings(new Eeprom()).lines()
    expect(lines.filter((_, i) => i % 2 === 0).every((line) => line.startsWith('echo:; '))).toBe(true)
    expect(lines.filter((_, i) => i % 2 === 1).every((line) => /^echo: {2}[GM][0-9]/.test(line))).toBe(true)
  })
})
