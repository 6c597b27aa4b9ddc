import { type HeapProfiler, Session } from 'node:inspector'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ByteHasher,
  Command,
  EMPTY,
  LineParser,
  MARLIN,
  PARSED,
  Survey,
  writeLine,
} from '../../gcode/index.ts'
import { fixtureJob } from './job.ts'

const NO_HASH: ByteHasher = { update: () => undefined }
/** Passes before one is watched: by then V8 has compiled what runs for every line. */
const WARM_UPS = 25
const SAMPLING_BYTES = 128

const session = new Session()
beforeAll(() => session.connect())
afterAll(() => session.disconnect())

/** Bytes that one call allocated, by the functions that did: those that were collected again as well. */
function allocatedBy(call: () => void): {
  readonly total: number
  readonly byFunction: ReadonlyMap<string, number>
} {
  for (let i = 0; i < WARM_UPS; i++) call()
  session.post('HeapProfiler.startSampling', {
    samplingInterval: SAMPLING_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  } as HeapProfiler.StartSamplingParameterType)
  call()
  const byFunction = new Map<string, number>()
  session.post('HeapProfiler.stopSampling', (_error, { profile }) => {
    const add = (node: HeapProfiler.SamplingHeapProfileNode): void => {
      const name = node.callFrame.functionName
      byFunction.set(name, (byFunction.get(name) ?? 0) + node.selfSize)
      for (const child of node.children) add(child)
    }
    add(profile.head)
  })
  return { total: [...byFunction.values()].reduce((sum, bytes) => sum + bytes, 0), byFunction }
}

describe('a warmed pass', () => {
  test('of the survey over a file allocates nothing a line', () => {
    const job = fixtureJob('prusa-cube.gcode.br')
    const lineCount = 27_607
    const { total, byFunction } = allocatedBy(() => {
      const survey = new Survey({ table: MARLIN, hasher: NO_HASH })
      for (let at = 0; at < job.length; at += 65_536) survey.push(job, at, Math.min(job.length, at + 65_536))
      survey.end()
    })
    // A survey that starts, and one small view for each run of lines that is hashed. One number a line would be 16 bytes.
    expect(total / lineCount, JSON.stringify([...byFunction])).toBeLessThan(12)
    for (const name of ['line', 'take', 'addMove', 'planMove', 'advance', 'parsePlain'])
      expect(byFunction.get(name) ?? 0, name).toBeLessThan(lineCount / 4)
  })

  test('of the careful reader and the writer over a file allocates nothing at all', () => {
    const job = fixtureJob('../demo/cube.gcode')
    const parser = new LineParser(MARLIN)
    const command = new Command()
    const out = new Uint8Array(256)
    const { total, byFunction } = allocatedBy(() => {
      let start = 0
      for (let i = 0; i < job.length; i++) {
        if (job[i] !== 0x0a) continue
        const code = parser.parse(job, start, i, command)
        if (code === PARSED) writeLine(command, out, 0)
        else if (code !== EMPTY) throw new Error('a line is refused')
        start = i + 1
      }
    })
    expect(total / 3239, JSON.stringify([...byFunction])).toBeLessThan(4)
  })

  test('over refused lines makes no strings once the first of them are told', () => {
    const junk = new TextEncoder().encode('G1 X\nX10\n\x01\nG1 X1 X2\n'.repeat(2500))
    const { total, byFunction } = allocatedBy(() => {
      const survey = new Survey({ table: MARLIN, hasher: NO_HASH })
      survey.push(junk)
      survey.end()
    })
    expect(total / 10_000, JSON.stringify([...byFunction])).toBeLessThan(16)
  })
})
