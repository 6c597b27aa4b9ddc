import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { EVIDENCE_DEFAULTS, type EvidenceConfig } from '../../agent/config/index.ts'
import { eraseSubject } from '../../agent/erase-subject.ts'
import { LogKeeper, type LogKeeperOptions } from '../../agent/gate/log-keeper.ts'
import { IncidentDesk } from '../../agent/incident/index.ts'
import { type Ledger, openLedger } from '../../agent/ledger.ts'
import type { AuditRecord } from '../../agent/log-format/index.ts'
import { SNAPSHOT_EVERY } from '../../agent/replay.ts'
import type { StateFolder } from '../../agent/state-folder.ts'
import { recordsOf, scratchLedger } from '../state-scratch.ts'

const DAY_MS = 86_400_000

async function keep(
  state: StateFolder,
  ledger: Ledger,
  more: Partial<LogKeeperOptions> & { readonly evidence?: EvidenceConfig } = {},
): Promise<LogKeeper> {
  const keeper = LogKeeper.start({
    ledger,
    state,
    evidence: EVIDENCE_DEFAULTS,
    version: '0.1.0',
    damaged: (message) => expect.unreachable(message),
    ...more,
  })
  onTestFinished(() => keeper.close())
  return keeper
}

const sizeOf = (state: StateFolder): number =>
  Number(readFileSync(join(state.logDir, 'checkpoint'), 'utf8').split('\n')[1])

const STOPPED: AuditRecord = {
  kind: 'safe-stop',
  job: null,
  code: 'interrupted',
  reason: 'by hand',
  confirmed: false,
}

const fill = (ledger: Ledger, count: number): Promise<unknown> =>
  Promise.all(
    Array.from({ length: count }, () => ledger.append({ kind: 'stream-opened', job: 'j', host: 'printrun' })),
  )

const incidentsOf = async (state: StateFolder): Promise<readonly object[]> =>
  (await recordsOf(state)).filter((record) => 'rule' in record && record.rule === 'unconfirmed-stop')

describe('a head', () => {
  test('is published soon after something is decided or ends, and told', async () => {
    const { state, ledger } = await scratchLedger()
    const notes: string[] = []
    await keep(state, ledger, { published: (note) => notes.push(note) })
    await ledger.append({ kind: 'cleared', by: 'ada' })
    expect(sizeOf(state)).toBe(1)
    await vi.waitFor(() => expect(sizeOf(state)).toBe(2), { timeout: 10_000 })
    await vi.waitFor(() => expect(notes.at(-1)?.split('\n')[1]).toBe('2'))
  })

  test('is not published for what means nothing by itself', async () => {
    const { state, ledger } = await scratchLedger()
    const notes: string[] = []
    const keeper = await keep(state, ledger, { published: (note) => notes.push(note) })
    await ledger.append({ kind: 'host-closed', lines: 3, place: 'x' })
    await keeper.close()
    expect(notes).toEqual([])
  })
})

describe('incidents', () => {
  test('are put on record as they are found', async () => {
    const { state, ledger } = await scratchLedger()
    await keep(state, ledger)
    await ledger.append(STOPPED)
    await vi.waitFor(async () =>
      expect(await recordsOf(state)).toContainEqual(
        expect.objectContaining({ kind: 'incident', rule: 'unconfirmed-stop', first: 1, last: 1 }),
      ),
    )
  })

  test('that nobody was there to find are found at the next start, and once', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append(STOPPED)
    const found = async (): Promise<number> =>
      (await recordsOf(state)).filter((record) => 'kind' in record && record.kind === 'incident').length
    const first = await keep(state, ledger)
    await vi.waitFor(async () => expect(await found()).toBe(1))
    await first.close()
    const second = await keep(state, ledger)
    await ledger.append({ kind: 'agent-ended' })
    await second.close()
    expect(await found()).toBe(1)
  })

  test('are looked for in what came before while the gate runs, and in nothing twice', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append(STOPPED)
    await fill(ledger, 600)
    // Nothing waits for it: these come while the old records are read.
    await keep(state, ledger)
    const during = fill(ledger, 600)
    await ledger.append({ ...STOPPED, reason: 'by hand again' })
    await during
    await vi.waitFor(async () => expect(await incidentsOf(state)).toHaveLength(2), { timeout: 10_000 })
    expect(await incidentsOf(state)).toMatchObject([
      { first: 1, count: 1 },
      { first: 1, count: 2 },
    ])
  })

  test('are looked for only behind a snapshot of the watch', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append(STOPPED)
    const blind = new IncidentDesk({
      automatic: false,
      perHourMax: 20,
      context: { origin: ledger.log.origin, version: '0.1.0' },
      append: () => expect.unreachable(),
    })
    await ledger.append({ kind: 'snapshot', fold: 'incidents', size: 2, state: blind.save() })
    await ledger.close()
    const again = await openLedger(state)
    await keep(state, again)
    await again.append({ ...STOPPED, reason: 'by hand again' })
    await vi.waitFor(async () => expect(await incidentsOf(state)).toMatchObject([{ first: 3, count: 1 }]))
    await again.close()
  })

  test('are kept in snapshots while the gate runs', async () => {
    const { state, ledger } = await scratchLedger()
    await keep(state, ledger)
    await vi.waitFor(() => expect(ledger.snapshotOf('incidents')).toBeUndefined())
    await fill(ledger, SNAPSHOT_EVERY)
    await vi.waitFor(
      async () => {
        // One more each time: a snapshot that is due goes out with the record after.
        await ledger.append({ kind: 'agent-ended' })
        expect(await recordsOf(state)).toContainEqual(expect.objectContaining({ fold: 'incidents' }))
      },
      { timeout: 10_000 },
    )
  })

  test('go to the sink where the site wants that', async () => {
    const { state, ledger } = await scratchLedger()
    const path = join(state.path, 'incidents.jsonl')
    await keep(state, ledger, {
      evidence: {
        ...EVIDENCE_DEFAULTS,
        incidents: { automatic: true, perHourMax: 20, sink: { kind: 'file', path } },
      },
    })
    await ledger.append(STOPPED)
    await vi.waitFor(async () =>
      expect(await recordsOf(state)).toContainEqual(
        expect.objectContaining({ kind: 'incident-exported', to: 'file', isSent: true }),
      ),
    )
    expect(readFileSync(path, 'utf8')).toContain('"specversion":"1.0"')
  })
})

/** Three months of a gate that runs. */
async function passMonths(ledger: Ledger): Promise<void> {
  onTestFinished(() => void vi.useRealTimers())
  for (let month = 0; month < 3; month++) {
    vi.useFakeTimers({ now: Date.now() + 34 * DAY_MS, toFake: ['Date'] })
    await ledger.append({ kind: 'agent-ended' })
  }
}

describe('erasures', () => {
  test('that a duty put off are carried out at the first start after it', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    const privacy = { keepDays: null, mustKeepDays: 30 }
    await eraseSubject(ledger, privacy, { subject: 'Ada Lovelace', by: null, nowMs: Date.now() })
    const evidence = { ...EVIDENCE_DEFAULTS, privacy }
    await (await keep(state, ledger, { evidence })).close()
    expect(JSON.stringify(await recordsOf(state))).toContain('Ada')
    await passMonths(ledger)
    const later = await keep(state, ledger, { evidence })
    // It has begun then, and is carried to its end.
    await new Promise(setImmediate)
    await later.close()
    expect(JSON.stringify(await recordsOf(state))).not.toContain('Ada')
    expect(await recordsOf(state)).toContainEqual(
      expect.objectContaining({ kind: 'erasure', rows: 1, deferredUntil: null }),
    )
  })

  test('that fail keep no other from being carried out', async () => {
    const { state, ledger } = await scratchLedger()
    const put = { kind: 'erasure', cause: 'request', rows: 0, deferredRows: 1, by: null } as const
    const deferredUntil = new Date(Date.now() - DAY_MS).toISOString()
    await ledger.append({ ...put, subject: 's-00000000000000ff', deferredUntil })
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    const subject = (await ledger.vault.findSubject('Ada Lovelace')) ?? ''
    await ledger.append({ ...put, subject, deferredUntil })
    const keeper = await keep(state, ledger)
    await vi.waitFor(async () => expect(JSON.stringify(await recordsOf(state))).not.toContain('Ada'))
    await keeper.close()
  })

  test('by age are carried out as the site says', async () => {
    const { state, ledger } = await scratchLedger()
    await ledger.append({ kind: 'cleared', by: 'Ada Lovelace' })
    vi.useFakeTimers({ now: Date.now() + 100 * DAY_MS, toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const evidence = { ...EVIDENCE_DEFAULTS, privacy: { keepDays: 30, mustKeepDays: 0 } }
    await (await keep(state, ledger, { evidence })).close()
    expect(JSON.stringify(await recordsOf(state))).not.toContain('Ada')
  })
})

describe('old records', () => {
  test('that are not as they were written are found, and the gate is told what and where', async () => {
    const { state, ledger } = await scratchLedger()
    await fill(ledger, 600)
    const bundle = join(state.logDir, 'tile', 'entries', '000')
    // While its segment is there, the records are read from that.
    const segment = join(state.logDir, 'journal', '0'.repeat(14))
    await vi.waitFor(() => expect(existsSync(segment)).toBe(false))
    const told: string[] = []
    await keep(state, ledger, { damaged: (message) => told.push(message) })
    // The newest come first, with a pause between them: the oldest is still to come.
    const bytes = readFileSync(bundle)
    bytes[bytes.lastIndexOf('printrun')] = 0x50
    writeFileSync(bundle, bytes)
    await vi.waitFor(() => expect(told).toHaveLength(1), { timeout: 10_000 })
    expect(told[0]).toMatch(/is damaged at record 255: it does not have the hash/)
  })

  test('that are found changed at the start let no gate begin', async () => {
    const { state, ledger } = await scratchLedger()
    await fill(ledger, 600)
    await ledger.close()
    const bundle = join(state.logDir, 'tile', 'entries', '000')
    const bytes = readFileSync(bundle)
    bytes[bytes.lastIndexOf('printrun')] = 0x50
    writeFileSync(bundle, bytes)
    await expect(openLedger(state)).rejects.toMatchObject({ code: 'AUDIT_DAMAGED' })
  })
})
