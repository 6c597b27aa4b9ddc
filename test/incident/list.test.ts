// The incidents of a whole log, those on record and those that nobody has put there.
import { expect, test } from 'vitest'
import { listIncidents } from '../../agent/incident/index.ts'
import type { AuditRecord } from '../../agent/log-format/index.ts'
import { emergency, HOUR, LogBuilder, ORIGIN, opened, refused, stream } from './log-builder.ts'

const incident = (uid: string, rule: string, first: number, last: number, count = 1): AuditRecord => ({
  kind: 'incident',
  uid,
  rule,
  severity: 'medium',
  first,
  last,
  count,
})
const exported = (incident: number, isSent: boolean): AuditRecord => ({
  kind: 'incident-exported',
  incident,
  to: 'http',
  isSent,
  by: null,
})

test('one on record stands in the place of what the replay found, with what became of it', async () => {
  const log = new LogBuilder()
  log.own(opened())
  const stop = log.add(emergency())
  const record = log.add(incident(`emergency-stop-${stop}`, 'emergency-stop', stop, stop))
  log.add(exported(record, false))
  log.add(exported(record, true))
  const { origin, incidents, leftOut } = await listIncidents(stream(log.entries))
  expect({ origin, leftOut }).toEqual({ origin: ORIGIN, leftOut: 0 })
  expect(incidents).toMatchObject([
    {
      index: record,
      finding: {
        title: 'the emergency stop was used',
        isUpdate: false,
        lastAt: log.entries[stop]!.record.at,
      },
      exports: [
        { to: 'http', isSent: false },
        { to: 'http', isSent: true },
      ],
    },
  ])
})

test('one that nobody put on record is listed without', async () => {
  const log = new LogBuilder()
  log.own(opened())
  log.add(emergency())
  const { incidents } = await listIncidents(stream(log.entries))
  expect(incidents).toMatchObject([{ index: null, finding: { uid: 'emergency-stop-1' } }])
})

test('one that no rule finds any more is told from its record', async () => {
  const log = new LogBuilder()
  log.own(opened())
  log.add(refused('one'))
  const record = log.add(incident('refusal-burst-1', 'refusal-burst', 1, 1, 7))
  const { incidents } = await listIncidents(stream(log.entries))
  expect(incidents).toMatchObject([
    { index: record, finding: { uid: 'refusal-burst-1', count: 7, lastAt: log.entries[record]!.record.at } },
  ])
})

test('one that was raised again is listed each time, the later ones as updates', async () => {
  const log = new LogBuilder()
  log.own(opened())
  for (let i = 0; i < 20; i++) log.add(refused('one'))
  log.add(incident('refusal-burst-1', 'refusal-burst', 1, 20, 20))
  for (let i = 0; i < 20; i++) log.add(refused('one'))
  log.add(incident('refusal-burst-1', 'refusal-burst', 1, 41, 40))
  const { incidents } = await listIncidents(stream(log.entries))
  expect(incidents.map(({ index, finding }) => [index, finding.count, finding.isUpdate])).toEqual([
    [21, 20, false],
    [42, 40, true],
  ])
})

test('of thousands the latest are listed, and how many came before is said', async () => {
  const log = new LogBuilder()
  log.own(opened())
  for (let i = 0; i < 2500; i++) log.add(emergency(), 2 * HOUR)
  const { incidents, leftOut } = await listIncidents(stream(log.entries))
  expect([incidents.length, leftOut]).toEqual([1000, 1500])
  expect(incidents.at(-1)?.finding.first).toBe(2500)
})

test('an empty log has none', async () => {
  expect(await listIncidents(stream([]))).toEqual({ origin: null, incidents: [], leftOut: 0 })
})
