/** Records and checks that the audit tests share. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import {
  type AuditLog,
  type Files,
  type LogOptions,
  openLog,
  type Receipt,
  readLog,
} from '../../agent/audit/index.ts'
import { AgentError } from '../../agent/errors.ts'
import type { OpenRecord, StoredRecord } from '../../agent/log-format/index.ts'
import { type Verification, verifyLog } from '../../agent/verify/index.ts'
import { KEYS } from './keys.ts'
import type { MemoryDisk } from './memory-disk.ts'

/** Where a log lies on a disk in memory. */
export const DIR = '/log'

/** A folder of its own for a test, removed after it. */
export function scratchFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A record that can be told from every other by its number. */
export const numbered = (number: number): OpenRecord => ({
  kind: 'agent-started',
  version: `number-${number}`,
  machine: 'm-0123456789abcdef',
})

/** The number of a record that `numbered` made; undefined for any other. */
export function numberOf(record: StoredRecord): number | undefined {
  if (record.kind !== 'agent-started') return undefined
  const [, number] = /^number-(\d+)$/.exec(record.version) ?? []
  return number === undefined ? undefined : Number(number)
}

/** A record with so many bytes of filling. */
export const sized = (bytes: number): OpenRecord => ({
  kind: 'snapshot',
  fold: 'sized',
  size: 1,
  state: { filling: 'x'.repeat(bytes) },
})

/** 2026-11-22T20:00:00.000Z, and one second more each time. */
export function tickingClock(): () => number {
  let nowMs = Date.UTC(2026, 10, 22, 20)
  return () => {
    nowMs += 1000
    return nowMs - 1000
  }
}

/** Opens the log on a disk in memory, as a process that is started on it. */
export function openOn(disk: MemoryDisk, options: Partial<LogOptions> = {}): Promise<AuditLog> {
  const nowMs = (): number => disk.now()
  return openLog(DIR, { keys: KEYS, mayBegin: true, disk: disk.boot(), nowMs, ...options })
}

/** Opens the log in a real folder. */
export function openIn(dir: string, options: Partial<LogOptions> = {}): Promise<AuditLog> {
  return openLog(dir, { keys: KEYS, mayBegin: true, ...options })
}

/** Appends records with these numbers, so many at once. */
export async function appendNumbers(
  log: AuditLog,
  from: number,
  count: number,
  atOnce = 256,
): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = []
  for (let number = from; number < from + count; number += atOnce) {
    const group = Array.from({ length: Math.min(atOnce, from + count - number) }, (_, i) => number + i)
    receipts.push(...(await Promise.all(group.map((n) => log.append(numbered(n))))))
  }
  return receipts
}

/** The error of a promise that must fail with one of ours. */
export async function failure(promise: Promise<unknown>): Promise<AgentError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AgentError)
  return error as AgentError
}

/** All records of a log. */
export async function recordsOf(dir: string, files?: Files): Promise<readonly StoredRecord[]> {
  const records: StoredRecord[] = []
  for await (const { index, record } of readLog(dir, files === undefined ? {} : { files })) {
    expect(index).toBe(records.length)
    expect(record.seq).toBe(index)
    records.push(record)
  }
  return records
}

/** What the independent verifier says of a log on a disk in memory. */
export async function verifyOn(disk: MemoryDisk): Promise<Verification> {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  try {
    disk.materialise(DIR, dir)
    return await verifyLog(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
