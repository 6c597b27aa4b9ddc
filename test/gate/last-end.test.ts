import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { closeUnfinished, readLastEnd } from '../../agent/gate/last-end.ts'
import { openLedger } from '../../agent/ledger.ts'
import type { AuditRecord } from '../../agent/log-format/index.ts'
import { openStateFolder, type StateFolder } from '../../agent/state-folder.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const SHA256 = 'ab'.repeat(32)
const STARTED: AuditRecord = { kind: 'agent-started', version: '1', machine: 'm-1' }
const PLUGGED: AuditRecord = { kind: 'printer-opened', port: '/dev/ttyACM0' }
const UNPLUGGED: AuditRecord = { kind: 'printer-lost', port: '/dev/ttyACM0', reason: 'it is gone' }
const ENDED: AuditRecord = { kind: 'agent-ended' }
const LATCHED: AuditRecord = {
  kind: 'latched',
  job: null,
  code: 'line-refused',
  reason: 'line 3 was refused',
}
const CLEARED: AuditRecord = { kind: 'cleared', by: 'ada' }
const ARMED: AuditRecord = { kind: 'job-armed', job: 'j', decision: 2 }
const KILLED: AuditRecord = { kind: 'emergency-stop', by: 'the host' }
const OPENED: AuditRecord = { kind: 'stream-opened', job: 'a', host: 'generic' }
const CLOSED: AuditRecord = {
  kind: 'job-closed',
  job: 'a',
  outcome: 'ended',
  code: null,
  reason: null,
  commandsSent: 1,
  commandsTotal: null,
  sha256: SHA256,
}
const stopped = (confirmed: boolean): AuditRecord => ({
  kind: 'safe-stop',
  job: null,
  code: 'interrupted',
  reason: 'by Ctrl-C',
  confirmed,
})

async function stateWith(records: readonly AuditRecord[]): Promise<StateFolder> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-end-'))
  folders.push(folder)
  const state = await openStateFolder(folder)
  const ledger = await openLedger(state)
  for (const record of records) await ledger.append(record)
  await ledger.close()
  return state
}

/** What a gate that starts now reads of gates that left these records. */
const endOf = async (...records: readonly AuditRecord[]) => {
  const state = await stateWith(records)
  const ledger = await openLedger(state)
  await ledger.append(STARTED)
  const end = readLastEnd(ledger)
  await ledger.close()
  return end
}

const GATE = [STARTED, PLUGGED]
const BLOCKED = 'blocked when the last gate ended: '
const REFUSED = `${BLOCKED}line-refused, record 3`
const ABRUPT = 'the last gate did not end in good order'
const UNSURE = 'the printer did not say that its heaters are off'
const UNKNOWN = 'what became of the last job is not known'

describe('a gate begins blocked and brings the machine to rest first', () => {
  test.each<[string, readonly AuditRecord[], string]>([
    ['after a refusal, though the last gate ended well', [...GATE, LATCHED, ENDED], REFUSED],
    ['after gates that could do nothing about it', [...GATE, LATCHED, ENDED, STARTED, ENDED], REFUSED],
    [
      'after a refusal behind one that was lifted',
      [...GATE, LATCHED, CLEARED, LATCHED, ENDED],
      `${BLOCKED}line-refused, record 5`,
    ],
    ['after an emergency stop', [...GATE, KILLED, ENDED], `${BLOCKED}emergency-stop, record 3`],
    ['after a gate that was killed', GATE, ABRUPT],
    ['after one that was killed while the printer was away', [...GATE, UNPLUGGED], ABRUPT],
    ['after one that was killed, and one that had no printer', [...GATE, STARTED, ENDED], ABRUPT],
    ['after a stop that the printer did not confirm', [...GATE, stopped(false), ENDED], UNSURE],
    [
      'after one, and a job that was armed all the same',
      [...GATE, stopped(false), LATCHED, ARMED, ENDED],
      UNSURE,
    ],
    [
      'after a job of which nobody knows',
      [...GATE, OPENED, { ...CLOSED, outcome: 'uncertain' }, ENDED],
      UNKNOWN,
    ],
    ['after a job that is open', [...GATE, OPENED], 'the last agent ended in mid-job'],
  ])('%s', async (_when, records, message) => {
    const { reason, isOnRecord } = await endOf(...records)
    expect(reason).toEqual({ code: 'found-running', message })
    expect(isOnRecord).toBe(message.startsWith(BLOCKED))
  })

  test('for a reason that repeats no words of before: they may name somebody who is erased since', async () => {
    const { reason } = await endOf(...GATE, { ...LATCHED, reason: 'Bob Kahn: smoke' })
    expect(reason?.message).not.toMatch(/Bob|smoke/)
  })
})

describe('a gate begins open', () => {
  test.each<[string, readonly AuditRecord[]]>([
    ['at the first start', []],
    ['after one that ended well', [...GATE, ENDED]],
    ['after one that ended well and had the printer unplugged cold', [...GATE, UNPLUGGED, ENDED]],
    ['after one that never had a printer', [STARTED]],
    ['after a latch that a person lifted', [...GATE, LATCHED, stopped(false), CLEARED, ENDED]],
    ['after a latch that a new job lifted', [...GATE, LATCHED, ARMED, ENDED]],
    [
      'after a stop that was confirmed at last',
      [...GATE, stopped(false), STARTED, PLUGGED, stopped(true), ENDED],
    ],
    [
      'after a job that was stopped at the end',
      [...GATE, OPENED, { ...CLOSED, outcome: 'stopped' }, stopped(true), ENDED],
    ],
  ])('%s', async (_when, records) => {
    expect(await endOf(...records)).toEqual({ unfinished: undefined, reason: null, isOnRecord: false })
  })
})

describe('a job that was open when its agent ended', () => {
  test('is found, with what was sealed of it', async () => {
    const { unfinished } = await endOf(OPENED, {
      kind: 'job-sealed',
      job: 'a',
      commandsSent: 500,
      sha256: SHA256,
    })
    expect(unfinished).toEqual({ job: 'a', commandsSent: 500, commandsTotal: null })
  })

  test('is found with its length where it was armed or printed from a file', async () => {
    const { unfinished } = await endOf(OPENED, CLOSED, {
      kind: 'job-opened',
      job: 'b',
      decision: 2,
      canonicalSha256: SHA256,
      commands: 9,
    })
    expect(unfinished).toEqual({ job: 'b', commandsSent: 0, commandsTotal: 9 })
  })

  test('is none once it was closed', async () => {
    expect((await endOf(OPENED, CLOSED)).unfinished).toBeUndefined()
  })

  test('is closed as uncertain; then it is found no longer, and still the machine is brought to rest', async () => {
    const { unfinished } = await endOf(OPENED)
    const after = await endOf(OPENED, closeUnfinished(unfinished!))
    expect(after.unfinished).toBeUndefined()
    expect(after.reason?.message).toBe(UNKNOWN)
  })
})
