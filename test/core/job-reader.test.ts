import { describe, expect, test } from 'vitest'
import { CommandQueue } from '../../agent/core/command-queue.ts'
import { JobReader, type LineJudge } from '../../agent/core/job-reader.ts'
import { loadPolicy } from '../../agent/load-policy.ts'
import { asciiText, JobDigest, MARLIN } from '../../gcode/index.ts'
import { ALLOW } from '../../policies/index.ts'
import { surveyJob } from '../gcode/job.ts'
import { canonicalJob, fixture, runningHash } from './canonical.ts'

const MAKER_SPACE = loadPolicy(
  new URL('../../policies/library/maker-space.yaml', import.meta.url).pathname,
).policy
const ALLOW_ALL: LineJudge = { judge: () => ALLOW }

/** Reads in pieces, and takes from the queue after each, as the session does. */
function read(pieces: Iterable<Uint8Array>, judge: LineJudge = ALLOW_ALL) {
  const queue = new CommandQueue()
  const reader = new JobReader(MARLIN, judge, queue)
  const hash = runningHash()
  const digest = new JobDigest(hash)
  const commands: string[] = []
  const take = (): void => {
    for (; queue.length > 0; queue.shift()) {
      commands.push(asciiText(queue.buffer, queue.start, queue.end))
      if (queue.isCounted) digest.addCommand(queue.buffer, queue.start, queue.end)
    }
  }
  for (const piece of pieces) {
    reader.push(piece)
    take()
  }
  reader.end()
  take()
  digest.flush()
  return { commands, sha256: hash.peek(), refused: reader.refused }
}

function* cut(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += length) yield bytes.subarray(from, from + length)
}

const text = (...lines: string[]): Uint8Array[] => [Buffer.from(lines.join('\n'), 'latin1')]

describe('a job read for printing', () => {
  const cube = fixture('demo/cube.gcode')

  test.each([1, 7, 64, 1000, 65_536])('cut into blocks of %d bytes is what was surveyed', (length) => {
    const { commands, sha256, refused } = read(cut(cube, length), MAKER_SPACE)
    expect(refused).toBeUndefined()
    expect(sha256).toBe(surveyJob(cube).digest)
    expect(commands).toEqual(canonicalJob(cube).commands)
  })

  test.each([
    'gcode/slic3r-1.3-cube.gcode',
    'gcode/curaengine-4.13-cube.gcode',
    'gcode/prusa-gear-abs-arcs-head.gcode',
  ])('of %s is what was surveyed', (path) => {
    const job = fixture(path)
    const { sha256, refused } = read(cut(job, 4096))
    expect(refused).toBeUndefined()
    expect(sha256).toBe(surveyJob(job).digest)
  })

  test('leaves out comments and empty lines, and writes each command one way', () => {
    const { commands } = read(text('; a comment', '', '  g28   ', 'G01 X+1.50Y.5 ; there', 'M117 Hello'))
    expect(commands).toEqual(['G28', 'G1 X1.50 Y0.5', 'M117 Hello'])
  })

  test('counts a last line without line end', () => {
    expect(read(text('G28', 'M84')).commands).toEqual(['G28', 'M84'])
  })

  test('sends observing commands and leaves them out of the digest', () => {
    const plain = read(text('G28', 'M84'))
    const asking = read(text('G28', 'M105', 'M84'))
    expect(asking.commands).toEqual(['G28', 'M105', 'M84'])
    expect(asking.sha256).toBe(plain.sha256)
  })
})

describe('a line that is refused in print', () => {
  test('stops the job there, names line and reason, and nothing behind it is queued', () => {
    const { commands, refused } = read(text('G28', '; why', 'G1 X1 X2', 'M104 S200', 'G1 X3'))
    expect(commands).toEqual(['G28'])
    expect(refused?.line).toBe(3)
    expect(refused?.message).toMatch(/X/)
  })

  test('stays refused in later blocks and at the end', () => {
    const { commands, refused } = read([
      Buffer.from('G28\n(no)\n'),
      Buffer.from('G1 X1\n'),
      Buffer.from('M112'),
    ])
    expect(commands).toEqual(['G28'])
    expect(refused?.line).toBe(2)
  })

  test('is one that the policy refuses, too, with the reason of the rule', () => {
    const { commands, refused } = read(text('G28', 'M104 S400', 'G1 X1'), MAKER_SPACE)
    expect(commands).toEqual(['G28'])
    expect(refused?.line).toBe(2)
    expect(refused?.message).toMatch(/400 °C/)
  })

  test('does not change what later lines are judged by: the state stands still', () => {
    let asked = 0
    const judge: LineJudge = {
      judge: () => {
        asked++
        return asked === 2 ? { kind: 'deny', objections: [] } : ALLOW
      },
    }
    const { refused } = read(text('G28', 'G1 X1', 'G1 X2', 'G1 X3'), judge)
    expect(asked).toBe(2)
    expect(refused).toEqual({ line: 2, message: 'the policy gave no reason' })
  })

  test('may not break out by a rule that throws: the session ends with it', () => {
    const judge: LineJudge = {
      judge: () => {
        throw new Error('a broken rule')
      },
    }
    expect(() => read(text('G28'), judge)).toThrow('a broken rule')
  })

  test('is a line of a megabyte, however it is cut', () => {
    const bytes = Buffer.alloc(1 << 20, 'X')
    for (const length of [1000, 65_536]) expect(read(cut(bytes, length)).refused?.line).toBe(1)
  })
})

describe('pieces of a licence in a job', () => {
  test('are for the gate: they are not printed, and the job is the same job without them', () => {
    const job = ['G28', 'G1 X5 E1']
    const parts = ['M5790 1/2 MRSXEYLT', 'm5790 2/2 ORSXG5A', 'M5790 nonsense']
    const plain = read(text(...job, ''))
    const carrying = read(text(parts[0]!, job[0]!, parts[1]!, job[1]!, parts[2]!, ''))
    expect(carrying).toEqual(plain)
    expect(carrying.commands).toEqual(job)
  })
})
