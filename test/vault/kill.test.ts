// Log and vault together, by a real process on a real disk, killed at any moment.
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLedger, readLedger } from '../../agent/ledger.ts'
import { openStateFolder, type StateFolder } from '../../agent/state-folder.ts'
import { verifyLog } from '../../agent/verify/index.ts'
import { seeded } from '../audit/memory-disk.ts'
import { buildProgram, type KilledProgram } from '../killed-program.ts'
import { recordOf } from './kill-records.ts'
import { scratchFolder } from './rig.ts'

const KILLS = process.env['FAULTS'] === 'all' ? 100 : 25
/** Longer than a life takes to open its log and vault and to append its first records. */
const EARLY_MS_MAX = 300
/** It kills itself, in effect: whoever says nothing for so long is stuck. */
const LIFE_MS_MAX = 20_000
/** No life comes to so many records. */
const LIFE_NUMBERS = 100_000
const SEED = 11

let program: KilledProgram

beforeAll(async () => {
  program = await buildProgram(resolve(import.meta.dirname, 'kill-child.ts'))
})
afterAll(() => program.remove(), 60_000)

/** Every record by its place, as the writer handed it in. What is hidden of it is missing where it cannot be opened. */
async function recordsIn(state: StateFolder): Promise<Map<number, object>> {
  const records = new Map<number, object>()
  for await (const { index, record } of readLedger(state)) {
    const { seq: _seq, at: _at, sealed: _sealed, ...rest } = record
    records.set(index, rest)
  }
  return records
}

test(`killed ${KILLS} times, has every record that it called durable, with what is hidden of it`, async () => {
  const random = seeded(SEED)
  const path = join(scratchFolder(), 'state')
  const acknowledged = new Map<number, number>()
  for (let kill = 0; kill < KILLS; kill++) {
    // Some in the midst of opening, the first use too, some in the midst of appending.
    const isEarly = kill % 4 === 0
    const lines = isEarly ? 1 : 2 + Math.floor(random() * 80)
    const afterMs = isEarly ? random() * EARLY_MS_MAX : LIFE_MS_MAX
    for (const line of await program.liveUntil({ lines, afterMs }, path, String(kill * LIFE_NUMBERS))) {
      const [index, number] = line.split(' ').map(Number)
      if (number !== undefined) acknowledged.set(index!, number)
    }
    if (kill % 20 !== 19) continue
    // As the kill left it, before anybody mends it.
    const state = await openStateFolder(path)
    const left = await recordsIn(state)
    const lost = [...acknowledged].filter(([index, number]) => !isRecord(left.get(index), number))
    expect(lost).toEqual([])
    const { findings } = await verifyLog(state.logDir)
    expect(findings.filter(({ severity }) => severity === 'damage')).toEqual([])
  }
  const state = await openStateFolder(path)
  const ledger = await openLedger(state)
  const names = (await ledger.vault.subjects()).flatMap(({ name }) => name ?? [])
  expect(new Set(names).size, 'nobody is two subjects').toBe(names.length)
  await ledger.close()
  const left = await recordsIn(state)
  for (const [index, number] of acknowledged) expect(left.get(index)).toEqual(recordOf(number))
  // What was not acknowledged may be there; then it is there whole.
  for (const record of left.values()) {
    if ('kind' in record && record.kind === 'decision') expect(record).toHaveProperty('decision')
    if ('kind' in record && record.kind === 'line-refused') expect(record).toHaveProperty('message')
    if ('kind' in record && record.kind === 'host-closed') expect(record).toHaveProperty('place')
  }
  expect(await verifyLog(state.logDir)).toMatchObject({ ok: true, findings: [] })
  expect(acknowledged.size).toBeGreaterThan(KILLS * 10)
}, 180_000)

function isRecord(record: object | undefined, number: number): boolean {
  return JSON.stringify(sorted(record)) === JSON.stringify(sorted(recordOf(number)))
}

const sorted = (record: object = {}): object => Object.fromEntries(Object.entries(record).sort())
