import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { recordedReadings } from '../sim/recorded-readings.ts'
import { endProcesses, removeFolders, run } from './command.ts'
import { CUBE, newSite, type Site } from './site.ts'

let site: Site

beforeAll(async () => {
  site = await newSite()
})
afterEach(endProcesses)
afterAll(removeFolders)

interface Reading {
  readonly line: number
  readonly canonical: string | null
  readonly code?: string
  readonly message?: string
}

async function readAll(bytes: string | Uint8Array): Promise<readonly Reading[]> {
  const { status, stdout, stderr } = await run(['read', site.file('any.gcode', bytes), '--json'])
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout === ''
    ? []
    : stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
}

/** One reading a line, in order: canonical, nothing, or refused with a code and a sentence; and no other member. */
function expectForm(readings: readonly Reading[]): void {
  readings.forEach((reading, i) => {
    expect(reading.line).toBe(i + 1)
    if (reading.canonical === null) {
      expect(Object.keys(reading)).toEqual(['line', 'canonical', 'code', 'message'])
      expect(reading.code).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(reading.message).toMatch(/^[\x20-\x7e°³²–—’…×]+$/)
    } else {
      expect(Object.keys(reading)).toEqual(['line', 'canonical'])
      expect(reading.canonical).toMatch(/^[\x20-\x7e]*$/)
    }
  })
}

describe('`read` says of every line how it is read or why it is refused', () => {
  test('in the documented form', async () => {
    const readings = await readAll('g1x10 y+020.50 ; move\n; note\nG1 X1 X2\n\nN5 M105*36\nhello\n')
    expect(readings).toMatchObject([
      { line: 1, canonical: 'G1 X10 Y20.50' },
      { line: 2, canonical: '' },
      { line: 3, canonical: null, code: 'repeated-word' },
      { line: 4, canonical: '' },
      { line: 5 },
      { line: 6, canonical: null, code: 'no-command' },
    ])
    expectForm(readings)
  })

  test('of the inputs recorded from real firmware', async () => {
    const inputs = recordedReadings('marlin-2.1.2-default.tsv').map(({ input }) => input)
    const readings = await readAll(Buffer.concat(inputs.flatMap((input) => [input, Buffer.from('\n')])))
    // Some inputs hold line ends themselves.
    expect(readings.length).toBeGreaterThanOrEqual(inputs.length)
    expect(inputs.length).toBeGreaterThan(300)
    expectForm(readings)
  })

  test('of bytes that are no G-code at all', async () => {
    // A fixed seed: the same "random" bytes in every run.
    const bytes = new Uint8Array(300_000)
    let state = 20_261_122
    for (let i = 0; i < bytes.length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      bytes[i] = state >>> 24
    }
    const readings = await readAll(bytes)
    expectForm(readings)
    expect(readings.length).toBeGreaterThan(1000)
  })

  test('of every byte value on a line of its own', async () => {
    const bytes = Array.from({ length: 256 }, (_, i) => [0x47, 0x31, 0x20, i, 0x0a]).flat()
    const readings = await readAll(Uint8Array.from(bytes))
    expectForm(readings)
    expect(readings.length).toBeGreaterThanOrEqual(256)
  })

  test('and nothing of an empty file', async () => {
    expect(await readAll('')).toEqual([])
  })

  test('of lines cut in the middle and far too long', async () => {
    const readings = await readAll(`G1 X${'1'.repeat(100_000)}\nG1 X10\nG1 Y2`)
    expect(readings).toMatchObject([
      { line: 1, canonical: null },
      { line: 2, canonical: 'G1 X10' },
      { line: 3, canonical: 'G1 Y2' },
    ])
    expectForm(readings)
  })
})

test('what was read is written so that it is read the same again', async () => {
  const once = await readAll(readFileSync(CUBE))
  const canonical = once.map((reading) => reading.canonical ?? '')
  const twice = await readAll(`${canonical.join('\n')}\n`)
  expect(twice.map((reading) => reading.canonical)).toEqual(canonical)
})

test('a person sees line numbers, the canonical form, and refusals in words', async () => {
  const job = 'g1x10 y+020.50 ; move\nG1 X1 X2\n'
  const { status, stdout } = await run(['read', '-'], { stdin: job })
  expect(status).toBe(0)
  expect(stdout).toMatchInlineSnapshot(`
    "     1  G1 X10 Y20.50
         2  refused repeated-word: word \`X\` stands twice: some builds take the first of repeated words and some the last
    "
  `)
})

test('a dialect that is not known is bad usage', async () => {
  const { status, stderr } = await run(['read', CUBE, '--dialect', 'klingon'])
  expect(status).toBe(2)
  expect(stderr).toBe('portcullis: dialect `klingon` is not known; there is marlin\n')
})
