// A real process that prints copies, killed at any moment: no copy is made twice, none that was given is lost.
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readLog } from '../../agent/audit/index.ts'
import { openLedger } from '../../agent/ledger.ts'
import type { StoredRecord } from '../../agent/log-format/index.ts'
import { openStateFolder } from '../../agent/state-folder.ts'
import { verifyLog } from '../../agent/verify/index.ts'
import { seeded } from '../audit/memory-disk.ts'
import { buildProgram, type KilledProgram } from '../killed-program.ts'

const KILLS = process.env['FAULTS'] === 'all' ? 100 : 30
/** Longer than a life takes to open its log and print its first copies. */
const EARLY_MS_MAX = 500

let program: KilledProgram

beforeAll(async () => {
  program = await buildProgram(resolve(import.meta.dirname, 'kill-child.ts'))
})
afterAll(() => program.remove(), 60_000)

type CopyRecord = Extract<StoredRecord, { readonly kind: 'copy' }>

/** The latest state of each copy, and that no licence was ever used more often than its records say. */
async function statesIn(dir: string): Promise<ReadonlyMap<string, CopyRecord['state']>> {
  const states = new Map<string, CopyRecord['state']>()
  const terms = new Map<string, NonNullable<CopyRecord['terms']>>()
  const used = new Map<string, number>()
  const count = (copy: string, by: number): void => {
    for (const { licence, limit } of terms.get(copy)!.counters) {
      used.set(licence, (used.get(licence) ?? 0) + by)
      expect(used.get(licence)).toBeLessThanOrEqual(limit)
    }
  }
  for await (const { record } of readLog(dir, { kinds: ['copy'] })) {
    if (record.kind !== 'copy') continue
    if (record.terms !== null) {
      expect(states.has(record.copy)).toBe(false)
      terms.set(record.copy, record.terms)
      count(record.copy, 1)
    } else if (record.state === 'returned') count(record.copy, -1)
    states.set(record.copy, record.state)
  }
  return states
}

test(`an agent killed ${KILLS} times makes no copy twice and loses none`, { timeout: 600_000 }, async () => {
  const random = seeded(5)
  const path = join(program.folder, 'state')
  const logDir = join(path, 'log')
  const given = new Set<string>()
  const denied = new Set<string>()
  const printed = new Set<string>()
  for (let kill = 0; kill < KILLS; kill++) {
    // Some in the midst of opening and settling, some in the midst of printing.
    const isEarly = kill % 4 === 3
    const lines = isEarly ? Number.POSITIVE_INFINITY : Math.floor(random() * 60)
    const afterMs = isEarly ? random() * EARLY_MS_MAX : 60_000
    for (const line of await program.liveUntil({ lines, afterMs }, path, String(kill))) {
      const [word, job = ''] = line.split(' ')
      if (word === '+') given.add(job)
      if (word === '-') denied.add(job)
      if (word === 'c') printed.add(job)
    }
    if (kill % 10 !== 9) continue
    // As the kill left it, before anybody mends it.
    const { findings } = await verifyLog(logDir)
    expect(findings.filter(({ severity }) => severity === 'damage')).toEqual([])
    await statesIn(logDir)
  }
  const ledger = await openLedger(await openStateFolder(path))
  await ledger.close()
  const states = await statesIn(logDir)
  expect([...given].filter((job) => !states.has(job))).toEqual([])
  expect([...denied].filter((job) => states.has(job))).toEqual([])
  expect([...printed].filter((job) => states.get(job) !== 'printed')).toEqual([])
  const told = [...states.values()]
  expect(told.filter((state) => state === 'reserved' || state === 'printing')).toEqual([])
  const { ok, findings } = await verifyLog(logDir)
  expect({ ok, findings }).toEqual({ ok: true, findings: [] })
  // It has met what it is about.
  expect(denied.size).toBeGreaterThan(0)
  for (const state of ['printed', 'returned', 'uncertain']) expect(told).toContain(state)
})
