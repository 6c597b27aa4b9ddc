/**
 * Runs of a log on a disk in memory that fails or loses its power, and what must be true after each: every record that
 * was acknowledged is there, at its index, once, and reader, writer and verifier agree that the log is right.
 */
import { expect } from 'vitest'
import { type AuditLog, readLog } from '../../agent/audit/index.ts'
import { AgentError } from '../../agent/errors.ts'
import { type Crash, type Fault, MemoryDisk } from './memory-disk.ts'
import { appendNumbers, DIR, numbered, numberOf, openOn, verifyOn } from './records.ts'

/** Just before the end of the second bundle: one more record than a scenario appends until there. */
const START_RECORDS = 505
/** The numbers of the records that each run appends begin apart. */
export const RUN_NUMBERS = 100_000

/** What was promised of records, by their numbers. */
export type Acknowledged = Map<number, number>

export interface Outcome {
  readonly acknowledged: Acknowledged
  readonly errors: unknown[]
}

/**
 * Opens, appends three records together, then one, publishes, appends four across the end of the bundle, keeps a cosigned
 * head, publishes while two are on their way, and closes: until something fails.
 */
export async function run(
  disk: MemoryDisk,
  firstNumber: number,
  mayBegin: boolean,
  acknowledged: Acknowledged = new Map(),
): Promise<Outcome> {
  const errors: unknown[] = []
  let log: AuditLog
  try {
    log = await openOn(disk, { mayBegin })
  } catch (error) {
    return { acknowledged, errors: [error] }
  }
  let number = firstNumber
  const append = (count: number): readonly Promise<unknown>[] =>
    Array.from({ length: count }, async () => {
      const mine = number++
      acknowledged.set(mine, (await log.append(numbered(mine))).index)
    })
  let note = ''
  const publish = async (): Promise<void> => {
    note = await log.publish()
  }
  const steps = [
    () => append(3),
    () => append(1),
    () => [publish()],
    () => append(4),
    () => [log.keepWitnessed(note)],
    () => [...append(2), publish()],
    () => [log.close()],
  ]
  for (const step of steps) {
    const results = await Promise.allSettled(step())
    errors.push(...results.filter((result) => result.status === 'rejected').map(({ reason }) => reason))
  }
  return { acknowledged, errors }
}

/** Opens, appends three records and closes: what every recovery must come to, in less time than a run takes. */
export async function recover(
  disk: MemoryDisk,
  firstNumber: number,
  mayBegin: boolean,
): Promise<Acknowledged> {
  const acknowledged: Acknowledged = new Map()
  const log = await openOn(disk, { mayBegin })
  for (const [i, { index }] of (await appendNumbers(log, firstNumber, 3)).entries())
    acknowledged.set(firstNumber + i, index)
  await log.close()
  return acknowledged
}

/** A log that is about to fill its second bundle; the journal still has the first, and the third is made ahead. */
export async function longDisk(): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  const log = await openOn(disk)
  await appendNumbers(log, RUN_NUMBERS * 9, 300)
  await log.keepWitnessed(await log.publish())
  await appendNumbers(log, RUN_NUMBERS * 9 + 300, START_RECORDS - log.size)
  await log.close()
  disk.crash({ kind: 'process' })
  return disk
}

/** The same, left by an agent that was killed in the middle of a write. */
export async function tornDisk(): Promise<MemoryDisk> {
  const disk = await longDisk()
  disk.arm(undefined)
  await run(disk, RUN_NUMBERS * 8, false)
  const at = disk.operations.findIndex((operation) => operation.startsWith('write /log/journal/'))
  const torn = await longDisk()
  torn.arm({ at, effect: 'half', code: 'EIO' })
  await run(torn, RUN_NUMBERS * 8, false)
  expect(torn.hasFailed).toBe(true)
  torn.crash({ kind: 'process' })
  return torn
}

/** Every record that was acknowledged is where the receipt says, and none from there on is there twice. */
export async function expectKept(disk: MemoryDisk, promised: readonly Acknowledged[]): Promise<void> {
  const promises = promised.flatMap((acknowledged) => [...acknowledged])
  const from = Math.min(...promises.map(([, index]) => index), Number.MAX_SAFE_INTEGER)
  const places = new Map<number, number>()
  for await (const { index, record } of readLog(DIR, { files: disk.clone(), from })) {
    const number = numberOf(record)
    if (number === undefined) continue
    expect(places.has(number), `${number} stands once`).toBe(false)
    places.set(number, index)
  }
  expect(promises.filter(([number, index]) => places.get(number) !== index)).toEqual([])
}

/** The same, and the verifier has nothing to say. */
export async function expectSound(disk: MemoryDisk, promised: readonly Acknowledged[]): Promise<void> {
  await expectKept(disk, promised)
  const { findings } = await verifyOn(disk)
  expect(findings.filter(({ severity }) => severity === 'damage')).toEqual([])
}

/** A failed disk is told in one way, whatever it was that failed. */
export function expectTold(errors: readonly unknown[]): void {
  for (const error of errors) {
    expect(error).toBeInstanceOf(AgentError)
    expect((error as AgentError).code).toBe('AUDIT_UNWRITABLE')
  }
}

/**
 * Runs into a fault, crashes, recovers, loses power, and looks. Answers whether the fault was reached. `isVerified`: the
 * verifier looks too.
 */
export async function survive(
  disk: MemoryDisk,
  fault: Fault,
  crash: Crash,
  begun: boolean,
  isVerified: boolean,
): Promise<boolean> {
  disk.arm(fault)
  const first = await run(disk, 0, !begun)
  const { hasFailed } = disk
  if (hasFailed) {
    expect(first.errors.length).toBeGreaterThan(0)
    expectTold(first.errors)
  }
  disk.crash(crash)
  // Once a first record was acknowledged, the log is there for good.
  const isThere = begun || first.acknowledged.size > 0
  if (isThere && isVerified) await expectSound(disk, [first.acknowledged])
  const second = await recover(disk, RUN_NUMBERS, !isThere)
  disk.crash({ kind: 'power', seed: fault.at })
  await (isVerified ? expectSound : expectKept)(disk, [first.acknowledged, second])
  return hasFailed
}
