import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const ROOM = new URL('../../agent/sim/', import.meta.url)
const FILES = readdirSync(ROOM).filter((name) => name.endsWith('.ts'))
const ALLOWED = [
  /^\.\/[a-z0-9-]+\.ts$/,
  /^\.\.\/errors\.ts$/,
  /^\.\.\/serial\/[a-z0-9-]+\.ts$/,
  /^node:[a-z]+$/,
]

function importsOf(source: string): string[] {
  return Array.from(source.matchAll(/\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g), ([, name]) => name!)
}

describe('the simulator', () => {
  test('has files to check', () => {
    expect(FILES.length).toBeGreaterThan(20)
  })

  test.each(FILES)('%s imports nothing of the gate but errors and the port interface', (name) => {
    const foreign = importsOf(readFileSync(new URL(name, ROOM), 'utf8')).filter(
      (imported) => !ALLOWED.some((pattern) => pattern.test(imported)),
    )
    expect(foreign).toEqual([])
  })

  test.each(FILES)('%s never asks the wall for the date, nor for randomness without a seed', (name) => {
    expect(readFileSync(new URL(name, ROOM), 'utf8')).not.toMatch(/Date\.now|new Date|Math\.random/)
  })

  test('would be caught sharing a parser with the gate', () => {
    const planted = importsOf("import { parseLine } from '../../gcode/index.ts'")
    expect(planted.some((imported) => ALLOWED.some((pattern) => pattern.test(imported)))).toBe(false)
  })
})
