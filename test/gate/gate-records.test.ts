import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { GateRecord } from '../../agent/core/index.ts'
import type { DurableIndex } from '../../agent/durable-index.ts'
import { auditRecordOf } from '../../agent/gate/gate-records.ts'
import { openLedger, readLedger } from '../../agent/ledger.ts'
import { type AuditRecord, splitRecord } from '../../agent/log-format/index.ts'
import { openStateFolder, type StateFolder } from '../../agent/state-folder.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const SHA256 = 'ab'.repeat(32)
const REASON = { code: 'host-lost', message: 'the host left in mid-job' } as const
const RECORDED = { admitted: 7 as DurableIndex, canonicalSha256: SHA256, commands: 100 }

const RECORDS: readonly GateRecord[] = [
  { kind: 'host-opened' },
  { kind: 'host-closed', lines: 12 },
  { kind: 'stream-opened', job: 'j', host: 'printrun' },
  { kind: 'job-opened', job: 'j' },
  { kind: 'job-sealed', job: 'j', commands: 10, sha256: SHA256 },
  { kind: 'job-closed', job: 'j', outcome: 'printed', commands: 100, sha256: SHA256, reason: null },
  { kind: 'job-closed', job: 'j', outcome: 'ended', commands: 3, sha256: SHA256, reason: null },
  { kind: 'job-closed', job: 'j', outcome: 'stopped', commands: 3, sha256: SHA256, reason: REASON },
  { kind: 'line-refused', job: null, line: 4, code: 'grammar.exponent', rule: null, message: 'no' },
  { kind: 'latched', job: 'j', reason: REASON },
  { kind: 'cleared', by: 'ada' },
  { kind: 'emergency-stop', by: 'the host' },
  { kind: 'interlude', job: 'j', commands: 4 },
  { kind: 'odometer', job: null, printer: null, sent: { filamentMm: 0, commands: 0 } },
  {
    kind: 'odometer',
    job: 'j',
    printer: { prints: 2, finished: 1, printSeconds: 90, filamentMm: 12_340 },
    sent: { filamentMm: 12.345, commands: 7 },
  },
  { kind: 'safe-stop', job: null, reason: REASON, confirmed: true },
]

async function stateWith(records: readonly AuditRecord[]): Promise<StateFolder> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-gate-'))
  folders.push(folder)
  const state = await openStateFolder(folder)
  const ledger = await openLedger(state)
  for (const record of records) await ledger.append(record)
  await ledger.close()
  return state
}

describe('a record of the gate', () => {
  test('of any kind is one that the log takes and gives back', async () => {
    const records = RECORDS.map((record) => auditRecordOf(record, '/run/printer', RECORDED))
    const read: object[] = []
    for await (const { record } of readLedger(await stateWith(records))) {
      const { seq: _seq, at: _at, sealed: _sealed, ...rest } = record
      read.push(rest)
    }
    expect(read.slice(1)).toEqual(records)
  })

  test('says in the open only codes and counts, never a sentence or a place', () => {
    for (const record of RECORDS) {
      const split = splitRecord(auditRecordOf(record, '/run/printer', RECORDED))
      const open = JSON.stringify('open' in split && split.open)
      for (const secret of ['/run/printer', REASON.message, 'ada', 'the host', '"no"'])
        expect(open, record.kind).not.toContain(secret)
    }
  })

  test('names the place of the host, and of an armed job its decision, digest and length', () => {
    expect(auditRecordOf({ kind: 'host-opened' }, 'tcp://127.0.0.1:2525', undefined)).toEqual({
      kind: 'host-opened',
      place: 'tcp://127.0.0.1:2525',
    })
    expect(auditRecordOf({ kind: 'job-opened', job: 'j' }, '', RECORDED)).toEqual({
      kind: 'job-opened',
      job: 'j',
      decision: 7,
      canonicalSha256: SHA256,
      commands: 100,
    })
  })

  test('says of a stream that nobody knows how long it was meant to be', () => {
    const closed = auditRecordOf(
      { kind: 'job-closed', job: 'j', outcome: 'ended', commands: 3, sha256: SHA256, reason: null },
      '',
      undefined,
    )
    expect(closed).toMatchObject({ commandsSent: 3, commandsTotal: null, reason: null })
  })
})
