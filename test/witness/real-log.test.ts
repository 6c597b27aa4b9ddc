// The real log before real witnesses: its heads and proofs are accepted, and an older copy of its folder is not.
import { generateKeyPairSync } from 'node:crypto'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type AuditLog, openLog, proveConsistency } from '../../agent/audit/index.ts'
import type { OpenRecord } from '../../agent/log-format/index.ts'
import { verifyLog } from '../../agent/verify/index.ts'
import { WitnessClient, type WitnessFinding } from '../../agent/witness/index.ts'
import { numbered, scratchFolder } from '../audit/records.ts'
import { eventually, policyOf, type RealWitness, realWitness } from './places.ts'
import { keyOf, Told } from './test-log.ts'

const newKeys = () => ({
  machine: generateKeyPairSync('ed25519').privateKey,
  log: generateKeyPairSync('ed25519').privateKey,
})

function clientOf(log: AuditLog, dir: string, witnesses: readonly RealWitness[]) {
  const alarms: WitnessFinding[] = []
  const client = new WitnessClient({
    policy: policyOf(witnesses, 'all'),
    log: {
      key: keyOf(log.verifierKey),
      checkpoint: () => log.publish(),
      consistencyProof: (from, to) => proveConsistency(dir, from, to),
    },
    record: (record) => log.append(record as OpenRecord),
    publish: (note) => log.keepWitnessed(note),
    alarm: (finding) => void alarms.push(finding),
    logger: new Told(),
    isThisHost: async () => false,
    times: { pushEveryMs: 1, urgentEveryMs: 10, retryMinMs: 10 },
  })
  onTestFinished(() => client.close())
  return { client, alarms }
}

async function grow(log: AuditLog, to: number): Promise<void> {
  while (log.size < to) {
    const count = Math.min(50, to - log.size)
    await Promise.all(Array.from({ length: count }, (_, i) => log.append(numbered(log.size + i))))
  }
}

test('a log that grows over several tiles is witnessed at each size, and verifies with what that left in it', async () => {
  const dir = join(scratchFolder(), 'log')
  const log = await openLog(dir, { keys: newKeys(), mayBegin: true })
  const own = { origin: log.origin, key: keyOf(log.verifierKey) }
  const witnesses = [await realWitness('a', own), await realWitness('b', own)]
  const { client, alarms } = clientOf(log, dir, witnesses)
  await client.askSizes()
  client.start()
  for (const size of [2, 100, 256, 257, 300, 511, 513, 900]) {
    await grow(log, size)
    client.published()
    expect(await client.waitFor(log.size, 10_000)).toBe(true)
    expect(witnesses[0]?.witness.logs()).toMatchObject([{ size: expect.any(Number), problem: null }])
  }
  await client.close()
  await log.close()
  expect(alarms).toEqual([])
  const kept = readFileSync(join(dir, 'witnessed'), 'utf8')
  expect(kept.split('\n').filter((line) => line.startsWith('— '))).toHaveLength(3)
  expect(await verifyLog(dir)).toMatchObject({ ok: true, findings: [] })
})

test('an older copy of the folder is found out at the start, and a log that went on from it too', async () => {
  const folder = scratchFolder()
  const dir = join(folder, 'log')
  const keys = newKeys()
  const first = await openLog(dir, { keys, mayBegin: true })
  const own = { origin: first.origin, key: keyOf(first.verifierKey) }
  const witnesses = [await realWitness('a', own)]
  await grow(first, 300)
  await first.close()
  cpSync(dir, join(folder, 'copy'), { recursive: true })

  const second = await openLog(dir, { keys, mayBegin: false })
  await grow(second, 600)
  const before = clientOf(second, dir, witnesses)
  before.client.start()
  expect(await before.client.waitFor(600, 10_000)).toBe(true)
  await before.client.close()
  await second.close()

  rmSync(dir, { recursive: true })
  cpSync(join(folder, 'copy'), dir, { recursive: true })
  expect(await verifyLog(dir)).toMatchObject({ ok: true })
  const cut = await openLog(dir, { keys, mayBegin: false })
  const [found] = await clientOf(cut, dir, witnesses).client.askSizes()
  expect(found).toMatchObject({ finding: { kind: 'rollback', isProven: true } })
  await grow(cut, 700)
  const after = clientOf(cut, dir, witnesses)
  after.client.start()
  await eventually(() => after.alarms).toMatchObject([{ kind: 'fork', isProven: true }])
  await after.client.close()
  await cut.close()
  expect(await verifyLog(dir)).toMatchObject({ ok: true })
})
