import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { corpus } from './corpus.ts'

/** Of CPU, not by the clock: what else the machine does is no business of an input. */
const CPU_MS_MAX = 250
const ADDED_MB_MAX = 50

/** A dozen seconds where nothing else runs. */
const PATIENCE_MS = 120_000

const run = promisify(execFile)

interface Cost {
  readonly name: string
  readonly cpuMs: number
  readonly addedMb: number
}

describe('a hostile input', () => {
  let costs: readonly Cost[] = []

  beforeAll(async () => {
    const child = join(import.meta.dirname, 'cost-child.ts')
    const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', child], { maxBuffer: 1 << 24 })
    expect(stderr).toBe('')
    costs = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Cost)
  }, PATIENCE_MS)

  test('is measured, each of them', () => {
    expect(costs.map(({ name }) => name)).toEqual(corpus.map(({ name }) => name))
    expect(Math.max(...costs.map(({ cpuMs }) => cpuMs))).toBeGreaterThan(0)
  })

  test(`takes no more than ${CPU_MS_MAX} ms of CPU`, () => {
    expect(costs.filter(({ cpuMs }) => !(cpuMs <= CPU_MS_MAX))).toEqual([])
  })

  test(`takes no more than ${ADDED_MB_MAX} MB of memory`, () => {
    expect(costs.filter(({ addedMb }) => !(addedMb <= ADDED_MB_MAX))).toEqual([])
  })
})
