// What people add to a log must fit what is in it, or the log would never verify again.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Ledger } from '../agent/ledger.ts'
import { readLedger } from '../agent/ledger.ts'
import type { AuditRecord } from '../agent/log-format/index.ts'
import { checkPeopleRecord } from '../agent/people-checks.ts'
import { drawSample } from '../agent/review/index.ts'
import type { StateFolder } from '../agent/state-folder.ts'
import { verifyLog } from '../agent/verify/index.ts'
import { decisionOf, scratchLedger } from './state-scratch.ts'

const BEYOND = 900_000_000_000_000
const FILED: AuditRecord = { kind: 'appeal-filed', decision: 1, by: 'ada', text: 'it fits' }
const DECIDED: AuditRecord = {
  kind: 'appeal-decided',
  appeal: 4,
  outcome: 'upheld',
  by: 'bob',
  reason: 'true',
}
const INCIDENT: AuditRecord = {
  kind: 'incident',
  uid: 'i-1',
  rule: 'x',
  severity: 'low',
  first: 1,
  last: 1,
  count: 1,
}
const EXPORTED = { kind: 'incident-exported', incident: 3, to: 'person', isSent: true, by: 'ada' } as const
const APPROVED: AuditRecord = { kind: 'case-approved', decision: 1, by: 'ada' }
const REVIEWED = {
  kind: 'reviewed',
  sample: 5,
  decision: 1,
  finding: 'sound',
  lesson: null,
  by: 'ada',
  note: null,
} as const

/** Records 1, denied, and 2, allowed; an incident; an appeal; a sample of both decisions. */
async function site(): Promise<{ state: StateFolder; ledger: Ledger; sample: AuditRecord }> {
  const { state, ledger } = await scratchLedger()
  await ledger.append(decisionOf('d-1', 'ada'))
  await ledger.append({ ...decisionOf('d-2', 'ada'), outcome: 'allow' } as AuditRecord)
  await ledger.append(INCIDENT)
  await ledger.append(FILED)
  const seed = Buffer.alloc(32, 7)
  const sample = await drawSample(readLedger(state), {
    tier: null,
    from: null,
    size: 5,
    count: 2,
    source: 'beacon',
    seed,
  })
  if ('refusal' in sample) throw new Error(sample.message)
  await ledger.append(sample)
  return { state, ledger, sample }
}

describe('what fits', () => {
  test.each<AuditRecord>([DECIDED, EXPORTED, APPROVED, REVIEWED])(
    '%o is taken, and the log verifies',
    async (record) => {
      const { state, ledger } = await site()
      expect(await checkPeopleRecord(state.logDir, record)).toBeNull()
      await ledger.append(record)
      expect((await verifyLog(state.logDir)).ok).toBe(true)
    },
  )

  test('an appeal is, once the one before it was rejected', async () => {
    const { state, ledger } = await site()
    expect(await checkPeopleRecord(state.logDir, FILED)).toBe('appeal 4 about it is not decided yet')
    await ledger.append({ ...DECIDED, outcome: 'rejected' } as AuditRecord)
    expect(await checkPeopleRecord(state.logDir, FILED)).toBeNull()
  })

  test('a sample is, that its seed draws', async () => {
    const { state, sample } = await site()
    expect(await checkPeopleRecord(state.logDir, sample)).toBeNull()
  })
})

describe('a report that a licence asks for', () => {
  const text = 'two hinges'
  const sha256 = createHash('sha256').update(text).digest('hex')
  const report = { kind: 'report-filed', licence: 'i#1', through: 1, sha256, by: 'ada', text } as const
  const counters = [
    { licence: 'i#1', limit: 3 },
    { licence: 'i#0', limit: 9 },
  ]
  const terms = { counters, anchor: sha256, commitAt: 1, onAbort: 'return', filamentMm: 5 } as const
  const reserved = {
    kind: 'copy',
    licence: 'i#1',
    copy: 'c',
    job: 'c',
    state: 'reserved',
    refund: null,
  } as const

  test.each<
    [string, Partial<typeof report> | { readonly licence: string; readonly through: number }, string | null]
  >([
    ['of copies that are on record is taken', {}, null],
    ['by the key of a parent too', { licence: 'i#0' } as object, null],
    ['of another licence is refused', { licence: 'i#2' } as object, 'no copy of licence `i#2` is on record'],
    ['of records to come is refused', { through: 2 } as object, 'there is no record 2 yet'],
    [
      'with the digest of another text is refused',
      { sha256: 'ab'.repeat(32) },
      'its digest is not that of its text',
    ],
  ])('%s', async (_, change, problem) => {
    const { state, ledger } = await scratchLedger()
    await ledger.append({ ...reserved, terms })
    expect(await checkPeopleRecord(state.logDir, { ...report, ...change } as AuditRecord)).toBe(problem)
  })
})

describe('what does not fit', () => {
  test.each<[AuditRecord, string]>([
    [{ ...FILED, decision: 0 } as AuditRecord, 'record 0 is not a decision'],
    [{ ...FILED, decision: 2 } as AuditRecord, 'let the job pass'],
    [{ ...FILED, decision: BEYOND } as AuditRecord, `the log has no record ${BEYOND}`],
    [{ ...DECIDED, appeal: 1 } as AuditRecord, 'record 1 is not an appeal'],
    [{ ...DECIDED, appeal: BEYOND } as AuditRecord, 'the log has no record'],
    [{ ...REVIEWED, sample: 1 }, 'record 1 is not a sample'],
    [{ ...REVIEWED, decision: 3 }, 'did not draw decision 3'],
    [{ ...REVIEWED, sample: BEYOND }, 'the log has no record'],
    [{ ...APPROVED, decision: 0 } as AuditRecord, 'no decision that denied'],
    [{ ...APPROVED, decision: 2 } as AuditRecord, 'no decision that denied'],
    [{ ...APPROVED, decision: BEYOND } as AuditRecord, 'no decision that denied'],
    [{ ...EXPORTED, incident: 1 }, 'record 1 is no incident'],
    [{ ...EXPORTED, incident: 6 }, 'record 6 is no incident'],
    [{ ...EXPORTED, incident: BEYOND }, 'is no incident'],
    [{ ...EXPORTED, to: 'http' }, "the agent's to record"],
    [{ ...EXPORTED, isSent: false }, "the agent's to record"],
    [{ kind: 'cleared', by: 'ada' }, "the agent's to make"],
  ])('%o is refused', async (record, why) => {
    const { state } = await site()
    expect(await checkPeopleRecord(state.logDir, record)).toContain(why)
  })

  test.each<[string, object, string]>([
    ['of more records than there are', { size: 7 }, 'not so many came before it'],
    ['that counts otherwise', { population: 3 }, 'counts 3 decisions where there are 2'],
    ['with another seed', { seed: 'ab'.repeat(32), drawn: [2] }, 'is not what its seed draws'],
    ['of nothing', { drawn: [] }, 'at least 1 decision'],
  ])('a sample %s is refused', async (_what, change, why) => {
    const { state, sample } = await site()
    expect(await checkPeopleRecord(state.logDir, { ...sample, ...change } as AuditRecord)).toContain(why)
  })

  test.each<AuditRecord>([DECIDED, APPROVED, REVIEWED])('%o is refused a second time', async (record) => {
    const { state, ledger } = await site()
    const { index } = await ledger.append(record)
    expect(await checkPeopleRecord(state.logDir, record)).toMatch(new RegExp(`record ${index}\\b`))
  })
})
