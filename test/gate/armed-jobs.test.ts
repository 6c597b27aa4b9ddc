import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { ArmedJob, Gate } from '../../agent/core/index.ts'
import { ArmedJobs } from '../../agent/gate/armed-jobs.ts'
import type { InspectedJob } from '../../agent/inspect-job.ts'
import { BLOCK_BYTES, createBlockHasher, readVerified } from '../../agent/spool/index.ts'
import { admittedAt } from '../admission.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** What the gate was told, in order. */
interface Told {
  readonly events: string[]
  readonly bytes: number[]
  readonly jobs: ArmedJob[]
}

/** The part of a gate that jobs are handed to. */
function gateThat(told: Told): Gate {
  const gate: Pick<Gate, 'arm' | 'disarm' | 'jobBlock' | 'jobEnded' | 'stop'> = {
    arm: (job) => void told.jobs.push(job),
    disarm: () => void told.events.push('disarm'),
    jobBlock: (block) => {
      told.events.push('block')
      told.bytes.push(block.length)
    },
    jobEnded: () => void told.events.push('ended'),
    stop: (code) => void told.events.push(`stop ${code}`),
  }
  return gate as Gate
}

function bench() {
  const told: Told = { events: [], bytes: [], jobs: [] }
  const gate = gateThat(told)
  const jobs = new ArmedJobs(
    () => gate,
    () => 0,
  )
  return { told, jobs }
}

/** A job of so many bytes, as an inspection leaves it. */
function inspected(id: string, bytes: number): InspectedJob {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-armed-'))
  folders.push(folder)
  const spooledPath = join(folder, 'job.gcode')
  const content = Buffer.alloc(bytes, 'G28\n')
  writeFileSync(spooledPath, content)
  const hasher = createBlockHasher()
  hasher.update(content)
  const blockDigests = hasher.digest()
  return {
    decision: { id, job: { name: `${id}.gcode` } } as InspectedJob['decision'],
    licence: undefined,
    lists: [],
    spooledPath,
    blockDigests,
    isSealed: false,
    read: () => readVerified(spooledPath, blockDigests),
    canonicalSha256: 'ab'.repeat(32),
    commands: bytes / 4,
    tools: [1],
    remove: async () => rmSync(spooledPath, { force: true }),
  }
}

describe('a job that the gate is armed with', () => {
  test('is named to the gate as the survey found it, and to the log with its decision', () => {
    const { told, jobs } = bench()
    jobs.arm(inspected('a', 8), admittedAt(12))
    expect(told.jobs).toEqual([
      { id: 'a', name: 'a.gcode', commands: 2, canonicalSha256: 'ab'.repeat(32), tools: [1] },
    ])
    expect(jobs.recorded('a')).toEqual({ admitted: 12, canonicalSha256: 'ab'.repeat(32), commands: 2 })
    expect(jobs.recorded('b')).toBeUndefined()
  })

  test('is handed over block by block as the gate wants it, and its end as soon as it is known', async () => {
    const { told, jobs } = bench()
    jobs.arm(inspected('a', BLOCK_BYTES + 4), admittedAt(0))
    jobs.want()
    expect(told.events).toEqual([])
    await vi.waitFor(() => expect(told.events).toEqual(['block']))
    jobs.want()
    await vi.waitFor(() => expect(told.events).toEqual(['block', 'block', 'ended']))
    expect(told.bytes).toEqual([BLOCK_BYTES, 4])
  })

  test('that is no longer what was inspected stops the gate, and nothing of the block is handed over', async () => {
    const { told, jobs } = bench()
    const job = inspected('a', 8)
    appendFileSync(job.spooledPath, 'M104 S300\n')
    jobs.arm(job, admittedAt(0))
    jobs.want()
    await vi.waitFor(() => expect(told.events).toEqual(['disarm', 'stop job-changed']))
  })

  test('that is over leaves nothing in the spool, and its record can still be made in the same call', async () => {
    const { told, jobs } = bench()
    const job = inspected('a', BLOCK_BYTES * 3)
    jobs.arm(job, admittedAt(5))
    jobs.want()
    await vi.waitFor(() => expect(told.events).toEqual(['block']))
    jobs.over('a')
    expect(jobs.recorded('a')?.admitted).toBe(5)
    await vi.waitFor(() => expect(existsSync(job.spooledPath)).toBe(false))
    expect(jobs.recorded('a')).toBeUndefined()
    jobs.want()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(told.events).toEqual(['block'])
  })

  test('that was given up for another hands over nothing more', async () => {
    const { told, jobs } = bench()
    jobs.arm(inspected('a', BLOCK_BYTES * 2), admittedAt(0))
    jobs.want()
    jobs.over('a')
    jobs.arm(inspected('b', 4), admittedAt(1))
    jobs.want()
    await vi.waitFor(() => expect(told.events).toEqual(['block', 'ended']))
    expect(told.bytes).toEqual([4])
  })
})
