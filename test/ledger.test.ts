import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { readLog } from '../agent/audit/index.ts'
import { AgentError } from '../agent/errors.ts'
import { LAST_END } from '../agent/last-end.ts'
import { type Ledger, openLedger, readLedger } from '../agent/ledger.ts'
import type { AuditRecord, StoredRecord } from '../agent/log-format/index.ts'
import { SNAPSHOT_EVERY } from '../agent/replay.ts'
import { decisionOf, filesOf, recordsOf, scratchLedger } from './state-scratch.ts'

const SHA256 = 'ab'.repeat(32)
const OPENED: AuditRecord = { kind: 'stream-opened', job: 'job-1', host: 'printrun' }
const CLOSED: AuditRecord = {
  kind: 'job-closed',
  job: 'job-1',
  outcome: 'stopped',
  code: 'interrupted',
  reason: 'Grace pulled the plug',
  commandsSent: 1,
  commandsTotal: null,
  sha256: SHA256,
}

/** The subjects of the records, those that have one, in their order. */
async function subjectsOf(logDir: string): Promise<readonly string[]> {
  const subjects: string[] = []
  for await (const { record } of readLog(logDir)) {
    if ('sealed' in record && record.sealed !== undefined) subjects.push(record.sealed.subject)
  }
  return subjects
}

describe('a ledger', () => {
  test('gives back whole what it took whole', async () => {
    const { state, ledger } = await scratchLedger()
    const records = [decisionOf('d-1', 'Ada Lovelace', { job: { name: 'bracket.gcode' } }), OPENED, CLOSED]
    for (const record of records) await ledger.append(record)
    expect((await recordsOf(state)).slice(1)).toEqual(records)
  })

  test('keeps the order in which records came, however long some take to be sealed', async () => {
    const { state, ledger } = await scratchLedger()
    const records = Array.from({ length: 200 }, (_, i): AuditRecord => {
      if (i % 3 === 0) return { kind: 'cleared', by: `person ${i}` }
      return { kind: 'host-closed', lines: i, place: `tcp://192.0.2.${i}:4000` }
    })
    const receipts = await Promise.all(records.map((record) => ledger.append(record)))
    expect(receipts.map(({ index }) => index)).toEqual(records.map((_, i) => i + 1))
    expect((await recordsOf(state)).slice(1)).toEqual(records)
  })

  test('tells its listeners of each record in order, with its place and time, once it is durable', async () => {
    const { ledger } = await scratchLedger()
    const heard: { index: number; record: StoredRecord; size: number }[] = []
    ledger.listen((entry) => heard.push({ ...entry, size: ledger.log.size }))
    await Promise.all([ledger.append(CLOSED), ledger.append(OPENED), ledger.append({ kind: 'agent-ended' })])
    expect(heard.map(({ index }) => index)).toEqual([1, 2, 3])
    for (const { index, record, size } of heard) {
      expect(record.seq).toBe(index)
      expect(Date.parse(record.at)).not.toBeNaN()
      expect(size).toBeGreaterThan(index)
    }
    expect(heard[0]?.record).toMatchObject(CLOSED)
  })

  test('refuses a record that is not whole, as the fault of its maker', async () => {
    const { ledger } = await scratchLedger()
    await expect(ledger.append({ kind: 'cleared' } as AuditRecord)).rejects.toThrow(/fits its schema/)
  })

  test('takes no more once its side table could not be written: what follows may depend on it', async () => {
    const { state, ledger } = await scratchLedger()
    rmSync(state.vaultDir, { recursive: true })
    writeFileSync(state.vaultDir, 'in the way')
    const failed = ledger.append({ kind: 'cleared', by: 'ada' })
    const after = ledger.append({ kind: 'agent-ended' })
    for (const refused of [failed, after]) {
      const error: unknown = await refused.catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(AgentError)
      expect((error as AgentError).code).toBe('AUDIT_UNWRITABLE')
    }
    expect(ledger.log.size).toBe(1)
  })

  test('refuses a record alone that cannot be sealed, and goes on with those after it', async () => {
    const { state, ledger } = await scratchLedger()
    const unsealable: AuditRecord[] = [
      decisionOf('d-1', 'Ada Lovelace', { text: 'x'.repeat(600_000) }),
      { kind: 'appeal-filed', decision: 1, by: 'Ada Lovelace', text: 'half a \ud83d' },
      decisionOf('d-2', null, { bytes: Number.NaN }),
    ]
    const results = await Promise.allSettled(
      unsealable.flatMap((record) => [ledger.append(record), ledger.append(CLOSED)]),
    )
    expect(results.map(({ status }) => status)).toEqual(unsealable.flatMap(() => ['rejected', 'fulfilled']))
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'AUDIT_UNWRITABLE' })
    expect((await recordsOf(state)).slice(1)).toEqual([CLOSED, CLOSED, CLOSED])
  })

  test('refuses what is sealed for somebody whose month is full, and nobody else', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append({ kind: 'cleared', by: 'ada' })
    const subject = await ledger.vault.subjectOf('ada')
    await ledger.close()
    const [rows = ''] = readdirSync(join(state.vaultDir, subject)).filter((name) => name.endsWith('.rows'))
    // Sparse: it takes no room on the disk.
    truncateSync(join(state.vaultDir, subject, rows), 256 * 1024 * 1024)
    const again = await openLedger(state)
    onTestFinished(() => again.close())
    await expect(again.append({ kind: 'cleared', by: 'ada' })).rejects.toThrow('the limit of 268435456 bytes')
    await again.append({ kind: 'cleared', by: 'grace' })
    // What happened is on record all the same, without its words.
    await again.append({ kind: 'emergency-stop', by: 'ada' })
    expect((await recordsOf(state)).at(-1)).toEqual({ kind: 'emergency-stop', by: null })
  })

  test.each([
    ['cleared', ' '],
    ['cleared', 'Ada'.repeat(5000)],
    ['emergency-stop', '用'.repeat(200)],
    ['emergency-stop', '\u0301'],
  ] as const)('takes a `%s` by whomever, whatever they call themselves', async (kind, by) => {
    const { state, ledger } = await scratchLedger()
    for (let i = 0; i < 2; i++) await ledger.append({ kind, by })
    expect((await recordsOf(state)).slice(1)).toEqual([
      { kind, by },
      { kind, by },
    ])
    // Who has no name is nobody else either.
    expect(new Set(await subjectsOf(state.logDir)).size).toBe(by === ' ' ? 2 : 1)
  })

  test('is locked while it is open, and can be read all the same', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append(OPENED)
    await expect(openLedger(state)).rejects.toMatchObject({ code: 'AUDIT_LOCKED' })
    expect(await recordsOf(state)).toHaveLength(2)
  })
})

describe('what the log comes to', () => {
  const MANY = SNAPSHOT_EVERY
  const some = (ledger: Ledger, count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, () => ledger.append(OPENED)))
  const snapshotsIn = async (logDir: string): Promise<readonly StoredRecord[]> => {
    const found: StoredRecord[] = []
    for await (const { record } of readLog(logDir, { kinds: ['snapshot'] })) found.push(record)
    return found
  }
  const UNFINISHED = { job: 'job-1', commandsSent: 0, commandsTotal: null }

  test('is known after each record, and again when the log is opened', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append(OPENED)
    await ledger.append({ kind: 'latched', job: 'job-1', code: 'line-refused', reason: 'by rule' })
    const story = {
      unfinished: UNFINISHED,
      latched: { index: 2, code: 'line-refused' },
      doubt: null,
      isOpen: false,
    }
    expect(ledger.stateOf(LAST_END)).toEqual(story)
    await ledger.close()
    const again = await openLedger(state)
    expect(again.stateOf(LAST_END)).toEqual(story)
    await again.append(CLOSED)
    expect(again.stateOf(LAST_END)).toEqual({ ...story, unfinished: null })
    await again.close()
  })

  test('is kept in snapshots as the log is written, whoever writes', async () => {
    const { state, ledger } = await scratchLedger()
    await some(ledger, MANY - 2)
    expect(await snapshotsIn(state.logDir)).toEqual([])
    await some(ledger, 1)
    await ledger.append(CLOSED)
    expect(await snapshotsIn(state.logDir)).toMatchObject([
      { fold: 'last-end', size: MANY, state: { unfinished: UNFINISHED } },
      { fold: 'deferred-erasures', size: MANY, state: { put: [] } },
      { fold: 'trusted-time', size: MANY, state: { leap: null, believed: { index: MANY - 1 } } },
      { fold: 'copies', size: MANY, state: { licences: [], open: [], finished: [] } },
    ])
    expect(ledger.stateOf(LAST_END).unfinished).toBeNull()
  })

  test('is kept in snapshots too where nobody writes for long', async () => {
    const { state, ledger } = await scratchLedger()
    await some(ledger, MANY / 2)
    await ledger.close()
    const second = await openLedger(state)
    await some(second, MANY / 2)
    await second.close()
    const third = await openLedger(state)
    await third.append(CLOSED)
    await third.close()
    const folds = (await snapshotsIn(state.logDir)).map((record) => 'fold' in record && record.fold)
    expect(folds).toEqual(['last-end', 'deferred-erasures', 'trusted-time', 'copies'])
  })

  test('is taken from the latest snapshot and what follows it', async () => {
    const { state, ledger } = await scratchLedger()
    const planted = { unfinished: null, latched: null, doubt: 'planted', isOpen: true }
    await ledger.append({ kind: 'snapshot', fold: 'last-end', size: 1, state: planted })
    await ledger.append(OPENED)
    await ledger.close()
    const again = await openLedger(state)
    expect(again.stateOf(LAST_END)).toEqual({ ...planted, unfinished: UNFINISHED })
    expect(again.snapshotOf('last-end')).toEqual({ size: 1, state: planted })
    expect(again.snapshotOf('incidents')).toBeUndefined()
    await again.close()
  })

  test('can be more than the ledger knows of: what somebody else follows', async () => {
    const { state, ledger } = await scratchLedger()
    const heard: number[] = []
    ledger.listen(({ index }) => heard.push(index))
    ledger.keep('heard', () => ({ count: heard.length }))
    await some(ledger, MANY)
    await vi.waitFor(async () =>
      expect(await snapshotsIn(state.logDir)).toContainEqual(
        expect.objectContaining({ fold: 'heard', size: MANY, state: { count: MANY - 1 } }),
      ),
    )
  })
})

describe('whom a record is about', () => {
  test('is one subject for a person, whatever they do', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append(decisionOf('d-1', 'Ada Lovelace'))
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    await ledger.append({ kind: 'appeal-filed', decision: 1, by: 'Ada Lovelace', text: 'it fits' })
    expect(new Set(await subjectsOf(state.logDir)).size).toBe(1)
  })

  test('is whoever had the job, for what happens to it', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append(decisionOf('job-1', 'Ada Lovelace'))
    await ledger.append(decisionOf('job-2', 'Grace Hopper'))
    await ledger.append(CLOSED)
    const [ada, grace, closed] = await subjectsOf(state.logDir)
    expect(closed).toBe(ada)
    expect(closed).not.toBe(grace)
  })

  test('is nobody known for a job without a name, another each time', async () => {
    const { state, ledger } = await scratchLedger()
    for (const id of ['d-1', 'd-2', 'd-3']) await ledger.append(decisionOf(id, null))
    expect(new Set(await subjectsOf(state.logDir)).size).toBe(3)
  })

  test('is one for all connections from one address', async () => {
    const { state, ledger } = await scratchLedger()
    for (const port of [4000, 4001, 65_535])
      await ledger.append({ kind: 'host-opened', place: `tcp://192.0.2.7:${port}` })
    await ledger.append({ kind: 'host-opened', place: 'tcp://192.0.2.8:4000' })
    expect(new Set(await subjectsOf(state.logDir)).size).toBe(2)
  })
})

describe('what the log and its side table say to whoever finds the folder', () => {
  const SECRETS = ['Ada Lovelace', 'bracket-for-ada', '192.0.2.77', 'the hinge is mine', 'G1 X12.345']

  test('is nothing of a name, file, address, text or line', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append(
      decisionOf('d-1', 'Ada Lovelace', { job: { name: 'bracket-for-ada' }, reasons: ['G1 X12.345'] }),
    )
    await ledger.append({ kind: 'host-opened', place: 'tcp://192.0.2.77:4000' })
    await ledger.append({ kind: 'appeal-filed', decision: 1, by: 'Ada Lovelace', text: 'the hinge is mine' })
    await ledger.append({
      kind: 'line-refused',
      job: null,
      line: 4,
      code: 'x',
      rule: null,
      message: '`G1 X12.345`',
    })
    await ledger.close()
    // They can be read with the key, so that not finding them means something.
    const told: string[] = []
    for await (const { record } of readLedger(state)) told.push(JSON.stringify(record))
    for (const secret of SECRETS) expect(told.join()).toContain(secret)
    for (const [path, bytes] of filesOf(state.path)) {
      for (const secret of SECRETS) {
        for (const encoding of ['utf8', 'utf16le'] as const)
          expect(bytes.includes(Buffer.from(secret, encoding)), `${path} holds ${secret}`).toBe(false)
        expect(bytes.includes(Buffer.from(secret).toString('hex')), `${path} holds ${secret}`).toBe(false)
        const inner = Buffer.from(secret).toString('base64').slice(0, -4)
        expect(bytes.includes(inner), `${path} holds ${secret}`).toBe(false)
      }
    }
  })

  test('is nothing hidden to a reader without the key', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    const { logDir, vaultDir } = state
    for await (const { record } of readLedger({ logDir, vaultDir, wrappingKey: undefined }))
      expect(JSON.stringify(record)).not.toContain('Ada')
    rmSync(join(state.path, 'vault-key.json'))
  })
})
