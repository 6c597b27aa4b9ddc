import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type AuditLog, openLog, type Receipt, readLog, verifyLog } from '../../agent/audit/index.ts'
import { AgentError } from '../../agent/errors.ts'
import { type Crash, type Fault, MemoryDisk } from './memory-disk.ts'
import { numbered } from './records.ts'

const DIR = '/log'
const EFFECTS = ['absent', 'present', 'half'] as const
const CRASHES: readonly Crash[] = [
  { kind: 'process' },
  { kind: 'power', keptDirtyBytes: 0 },
  { kind: 'power', keptDirtyBytes: 70 },
  { kind: 'power', keptDirtyBytes: 100_000 },
]

interface Outcome {
  readonly acknowledged: { readonly number: number; readonly receipt: Receipt }[]
  readonly errors: unknown[]
}

/** Opens, appends three records together, then one, then two, and closes: until something fails. */
async function run(disk: MemoryDisk, firstNumber: number): Promise<Outcome> {
  const outcome: Outcome = { acknowledged: [], errors: [] }
  let log: AuditLog
  try {
    log = await openLog(DIR, { disk })
  } catch (error) {
    outcome.errors.push(error)
    return outcome
  }
  let number = firstNumber
  for (const groupSize of [3, 1, 2]) {
    const numbers = Array.from({ length: groupSize }, () => number++)
    const results = await Promise.allSettled(numbers.map((n) => log.append(numbered(n))))
    results.forEach((result, i) => {
      if (result.status === 'fulfilled') {
        outcome.acknowledged.push({ number: numbers[i]!, receipt: result.value })
      } else outcome.errors.push(result.reason)
    })
  }
  await log.close().catch((error: unknown) => outcome.errors.push(error))
  return outcome
}

/** Everything acknowledged is there, where the receipt says; nothing is there twice; the chain verifies. */
async function expectSound(disk: MemoryDisk, acknowledged: Outcome['acknowledged']): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  try {
    disk.materialise(dir)
    const verification = await verifyLog(dir)
    expect(verification.findings).toEqual([])
    expect(verification.ok).toBe(true)
    const byId = new Map<string, { index: number; hash: string }>()
    for await (const { index, hash, record } of readLog(dir)) {
      if (record.kind !== 'decision') continue
      const { id } = record.decision as { id: string }
      expect(byId.has(id), `${id} stands once`).toBe(false)
      byId.set(id, { index, hash })
    }
    for (const { number, receipt } of acknowledged) {
      expect(receipt.origin).toBe(verification.origin)
      expect(byId.get(`decision-${number}`)).toEqual({ index: receipt.index, hash: receipt.hash })
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** Runs into the fault, crashes, recovers, loses power, recovers again. Answers whether the fault was reached. */
async function survive(disk: MemoryDisk, fault: Fault, crash: Crash, lastCrash: Crash): Promise<boolean> {
  disk.arm(fault)
  const first = await run(disk, 0)
  const { hasFailed } = disk
  if (hasFailed) {
    expect(first.errors.length).toBeGreaterThan(0)
    for (const error of first.errors) {
      expect(error).toBeInstanceOf(AgentError)
      expect((error as AgentError).code).toBe('AUDIT_UNWRITABLE')
    }
  }
  disk.crash(crash)
  const second = await run(disk, 100)
  expect(second.errors).toEqual([])
  expect(second.acknowledged).toHaveLength(6)
  disk.crash(lastCrash)
  await expectSound(disk, [...first.acknowledged, ...second.acknowledged])
  return hasFailed
}

/** The disk of an agent that was killed in the middle of a write: three records and a piece of a fourth. */
async function tornDisk(): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  const log = await openLog(DIR, { disk })
  await log.append(numbered(1000))
  await log.append(numbered(1001))
  await log.close()
  disk.crash({ kind: 'process' })
  const file = disk.files.get(`${DIR}/records.log`)!
  file.write(Buffer.from('0123456789abcdef'.repeat(6)), file.durable.length)
  file.flush()
  return disk
}

const startingDisks: Record<string, () => Promise<MemoryDisk>> = {
  'a new log': async () => new MemoryDisk(),
  'a log with a torn tail': tornDisk,
}

describe.each(Object.entries(startingDisks))('on %s', (_, makeDisk) => {
  test.each(EFFECTS)(
    'any one operation that fails, its effect %s, loses no acknowledged record',
    async (effect) => {
      let operations = 0
      for (const crash of CRASHES) {
        for (const code of ['ENOSPC', 'EIO']) {
          for (let at = 0; ; at++) {
            const reached = await survive(await makeDisk(), { at, effect, code }, crash, {
              kind: 'power',
              keptDirtyBytes: 0,
            })
            if (!reached) break
            operations = Math.max(operations, at + 1)
          }
        }
      }
      // Fewer would mean that the scenario ended early and tried nothing.
      expect(operations).toBeGreaterThan(15)
    },
  )

  test('every operation of the disk is among those that were made to fail', async () => {
    const disk = await makeDisk()
    disk.arm(undefined)
    expect((await run(disk, 0)).errors).toEqual([])
    const names = ['makeFolder', 'lock', 'open', 'fsyncFolder', 'fdatasync', 'dropCache', 'read', 'write']
    expect(disk.operations).toEqual(expect.arrayContaining([...names, 'close', 'release']))
  })
})

test('a torn tail is cut with a truncate that was made to fail too', async () => {
  const disk = await tornDisk()
  disk.arm(undefined)
  await run(disk, 0)
  expect(disk.operations).toContain('truncate')
})

test('two faults in a row, the second in the recovery from the first, lose no acknowledged record', async () => {
  const depth = 12
  for (const effect of EFFECTS) {
    for (let at = 8; at < 8 + depth; at++) {
      for (let again = 0; again < depth; again++) {
        const disk = new MemoryDisk()
        disk.arm({ at, effect, code: 'EIO' })
        const first = await run(disk, 0)
        disk.crash({ kind: 'power', keptDirtyBytes: 90 })
        disk.arm({ at: again, effect, code: 'EIO' })
        const second = await run(disk, 50)
        disk.crash({ kind: 'process' })
        const third = await run(disk, 100)
        expect(third.errors).toEqual([])
        await expectSound(disk, [...first.acknowledged, ...second.acknowledged, ...third.acknowledged])
      }
    }
  }
})

test('records that a failed sync lost are not taken for durable when the log is opened again', async () => {
  const syncThatFails = async (ignoresDropCache: boolean): Promise<MemoryDisk> => {
    const disk = new MemoryDisk()
    disk.ignoresDropCache = ignoresDropCache
    disk.arm(undefined)
    await run(disk, 0)
    const at = disk.operations.lastIndexOf('fdatasync')
    const again = new MemoryDisk()
    again.ignoresDropCache = ignoresDropCache
    again.arm({ at, effect: 'absent', code: 'EIO' })
    await run(again, 0)
    again.crash({ kind: 'process' })
    expect((await run(again, 100)).acknowledged).toHaveLength(6)
    again.crash({ kind: 'power', keptDirtyBytes: 0 })
    return again
  }
  await expectSound(await syncThatFails(false), [])
  // Without the read of what is really there, the log would have a hole: the test can see the difference.
  await expect(syncThatFails(true).then((disk) => expectSound(disk, []))).rejects.toThrow()
})

test('a record that counts when the log is opened is durable, though the process that wrote it never synced it', async () => {
  const disk = new MemoryDisk()
  disk.arm(undefined)
  await run(disk, 0)
  const at = disk.operations.lastIndexOf('write')
  const killed = new MemoryDisk()
  killed.arm({ at, effect: 'present', code: 'EIO' })
  await run(killed, 0)
  killed.crash({ kind: 'process' })
  const { size } = await openLog(DIR, { disk: killed })
  expect(size).toBe(7)
  killed.crash({ kind: 'power', keptDirtyBytes: 0 })
  expect((await openLog(DIR, { disk: killed })).size).toBe(7)
})
