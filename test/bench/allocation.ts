import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CommandQueue } from '../../agent/core/command-queue.ts'
import { JobReader } from '../../agent/core/job-reader.ts'
import { MARLIN, Survey } from '../../gcode/index.ts'
import { type Policy, ReasonTally, readPolicy } from '../../policies/index.ts'

/**
 * Bytes that stay on or pass through the heap for each line of a warmed pass. Needs `--expose-gc`; a minor collection
 * during a pass would hide what it freed, so the young generation is made large enough to hold everything.
 */

const WARM_PASSES = 20

function heapGrowthPerLine(lines: number, pass: () => void): number {
  for (let i = 0; i < WARM_PASSES; i++) pass()
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  pass()
  return Math.max(0, process.memoryUsage().heapUsed - before) / lines
}

export interface Allocation {
  readonly survey: number
  readonly judged: number
  readonly lines: number
}

/** Measures the survey alone, and the line path of a print with its policy. */
export function measureAllocation(jobPath: string, policyPath: string): Allocation {
  // Claims are text by nature, so the comment lines are left out: the line path is what commands cost.
  const commands = readFileSync(jobPath, 'latin1').replace(/^;.*\n/gm, '')
  const bytes = new Uint8Array(Buffer.from(commands, 'latin1'))
  const lines = bytes.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0)
  const policy = policyOf(policyPath)
  const survey = new Survey({ table: MARLIN, hasher: createHash('sha256'), judge: new ReasonTally(policy) })
  const queue = new CommandQueue()
  const reader = new JobReader(MARLIN, policy, queue)
  return {
    lines,
    survey: heapGrowthPerLine(lines, () => survey.push(bytes)),
    judged: heapGrowthPerLine(lines, () => {
      for (let at = 0; at < bytes.length; at += 65_536) {
        reader.push(bytes.subarray(at, at + 65_536))
        queue.clear()
      }
    }),
  }
}

function policyOf(path: string): Policy {
  const result = readPolicy(readFileSync(path, 'utf8'))
  if (!result.ok) throw new Error(`policy ${path} does not read`)
  return result.policy
}
