// The fold itself: told once, not too often, the same each time, and small however long the log.
import { describe, expect, test } from 'vitest'
import type { Finding, LogEntry } from '../../agent/incident/index.ts'
import { findingOfRecord, IncidentWatch, PER_HOUR_MAX } from '../../agent/incident/watch.ts'
import {
  type AuditRecord,
  canonicalJson,
  RECORD_BYTES_MAX,
  splitRecord,
} from '../../agent/log-format/index.ts'
import {
  agentStarted,
  DAY,
  decision,
  emergency,
  findings,
  HOUR,
  jobClosed,
  jobOpened,
  LogBuilder,
  MINUTE,
  printerLost,
  refused,
  sealed,
} from './log-builder.ts'

/** Filament that was never sent: each reading is a finding of its own. */
let filamentMm = 0
function excess(log: LogBuilder, afterMs = MINUTE): number {
  filamentMm += 1000
  const printer = { prints: 1, finished: 1, printSeconds: 1, filamentMm }
  return log.add({ kind: 'odometer', job: null, printer, sent: { filamentMm: 0, commands: 0 } }, afterMs)
}

const witnessRefused: AuditRecord = {
  kind: 'witness-refused',
  witness: 'a/b',
  status: 409,
  size: 3,
  witnessSize: 9,
  isProven: true,
}

const recordOf = ({ uid, rule, severity, first, last, count }: Finding): AuditRecord => ({
  kind: 'incident',
  uid,
  rule,
  severity,
  first,
  last,
  count,
})

/** A long log of everything, the same for the same seed. */
function jumble(seed: number, records: number): LogBuilder {
  const log = new LogBuilder()
  let state = seed
  const next = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const subject = (): string => `s-${next(400).toString(16).padStart(16, '0')}`
  const makers: readonly (() => AuditRecord)[] = [
    () => refused(`code-${next(40)}`, next(2) === 0 ? null : `job-${next(9)}`),
    () => decision({ codes: [`code-${next(40)}`, 'x'], raw: next(50), commands: 100 * next(30) }),
    () => decision({ outcome: 'allow', codes: [], raw: next(50), commands: 100 * next(30) }),
    () => jobOpened(),
    () => sealed(),
    () => jobClosed(next(3) === 0 ? 'uncertain' : 'printed', next(3) === 0 ? 'port-lost' : null),
    printerLost,
    agentStarted,
    () => ({ kind: 'agent-ended' }),
    emergency,
    () => witnessRefused,
    () => ({ kind: 'safe-stop', job: null, code: 'x', confirmed: next(2) === 0, reason: 'x' }),
    () => ({ kind: 'override', decision: 0, rules: ['x'], role: 'site', by: 'x', reason: 'x' }),
    () => ({
      kind: 'odometer',
      job: null,
      printer: { prints: next(9), finished: 0, printSeconds: next(9999), filamentMm: next(9999) },
      sent: { filamentMm: next(999), commands: 1 },
    }),
  ]
  for (let i = 0; i < records; i++)
    log.add(makers[next(makers.length)]!(), next(20) === 0 ? next(3 * HOUR) - HOUR : next(MINUTE), subject())
  return log
}

describe('what was raised', () => {
  test('is not raised again by a watch that reads the log anew, where its record is in the log', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 25; i++) log.add(refused('one'))
    const [first] = findings(log)
    // The watch of after a restart begins in the middle, and meets the record before it has counted so far.
    const watch = new IncidentWatch()
    const late = new LogBuilder()
    late.add(recordOf(first!))
    expect(late.entries.flatMap((entry) => watch.take(entry))).toEqual([])
    const again = log.entries.flatMap((entry) => watch.take(entry))
    expect(again).toEqual([])
  })

  test('is raised once more where it has grown to twice as much since its record', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 40; i++) log.add(refused('one'))
    const watch = new IncidentWatch()
    const record = new LogBuilder()
    record.add({ ...recordOf(findings(log)[0]!), count: 20 } as AuditRecord)
    record.entries.forEach((entry) => {
      watch.take(entry)
    })
    const again = log.entries.flatMap((entry) => watch.take(entry))
    expect(again).toMatchObject([{ uid: 'refusal-burst-0', count: 40, isUpdate: true }])
  })

  test('is known again from a record of another uid only', () => {
    const watch = new IncidentWatch()
    const log = new LogBuilder()
    log.add({ ...recordOf(findingOf('emergency-stop-77')), uid: 'x'.repeat(500) } as AuditRecord)
    log.add(emergency())
    expect(log.entries.flatMap((entry) => watch.take(entry))).toHaveLength(1)
    // What the long uid would have left there does not hinder going on.
    expect(IncidentWatch.resume(watch.save())).toBeDefined()
  })
})

describe('the rate', () => {
  const rules = (log: LogBuilder, perHourMax: number) => findings(log, { perHourMax }).map(({ rule }) => rule)

  test('one rule takes half of an hour’s findings, and then a flood is told once', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 12; i++) excess(log)
    expect(rules(log, 4)).toEqual(['odometer', 'odometer', 'incident-flood'])
  })

  test('another rule is heard all the same, and a critical finding whatever came before', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 9; i++) excess(log)
    log.add(emergency())
    log.add({ kind: 'safe-stop', job: null, code: 'x', confirmed: false, reason: 'x' })
    log.add({ kind: 'override', decision: 0, rules: ['x'], role: 'site', by: 'x', reason: 'x' })
    log.add(witnessRefused)
    expect(rules(log, 4)).toEqual([
      ...['odometer', 'odometer', 'incident-flood'],
      ...['emergency-stop', 'unconfirmed-stop', 'log-trouble'],
    ])
  })

  test('critical findings have an hour’s room of their own, and no more', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 8; i++) log.add(witnessRefused)
    expect(rules(log, 2)).toEqual(['log-trouble', 'log-trouble', 'incident-flood'])
  })

  test('the next hour has room again, and a flood of its own after a quiet hour', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 6; i++) excess(log)
    for (let i = 0; i < 6; i++) excess(log, i === 0 ? 2 * HOUR : MINUTE)
    const flooded = ['odometer', 'odometer', 'incident-flood']
    expect(rules(log, 4)).toEqual([...flooded, ...flooded])
  })

  test('a flood that goes on for hours is told once', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 300; i++) excess(log)
    expect(rules(log, 2).filter((rule) => rule === 'incident-flood')).toHaveLength(1)
  })

  test('what was held back is raised when it grows and there is room', () => {
    const log = new LogBuilder()
    for (let i = 0; i < 5; i++) excess(log)
    log.add(emergency())
    log.add(emergency(), 59 * MINUTE)
    const [, , held] = findings(log, { perHourMax: 1 })
    // It was never told, so it is new to whoever hears of it.
    expect(held).toMatchObject({ rule: 'emergency-stop', count: 2, isUpdate: false })
  })

  test('who reads a whole log gets all', () => {
    const log = new LogBuilder()
    excess(log)
    for (let i = 0; i < 300; i++) excess(log)
    expect(findings(log, { perHourMax: null })).toHaveLength(300)
  })
})

describe('the same log', () => {
  test('gives the same findings each time', () => {
    const log = jumble(1, 3000)
    const found = findings(log, { perHourMax: 20 })
    expect(found.length).toBeGreaterThan(100)
    expect(findings(log, { perHourMax: 20 })).toEqual(found)
  })

  test('gives the same findings with the records of the incidents in it as it gave when they were put there', () => {
    const source = jumble(2, 2000)
    const watch = new IncidentWatch({ perHourMax: 20 })
    const log: LogEntry[] = []
    const live: Finding[] = []
    const put = (record: LogEntry['record']): void => {
      const entry = { index: log.length, record: { ...record, seq: log.length } }
      log.push(entry)
      for (const finding of watch.take(entry)) {
        live.push(finding)
        put({ ...recordOf(finding), seq: 0, at: record.at } as LogEntry['record'])
      }
    }
    for (const { record } of source.entries) put(record)
    const again = new IncidentWatch({ perHourMax: 20 })
    expect(log.flatMap((entry) => again.take(entry))).toEqual(live)
    expect(live.length).toBeGreaterThan(50)
  })

  test('gives the same findings to a watch that goes on from what another saved, wherever it was cut', () => {
    const { entries } = jumble(3, 1200)
    const options = { perHourMax: 20 }
    const whole = new IncidentWatch(options)
    const found = entries.map((entry) => whole.take(entry))
    for (let cut = 0; cut < entries.length; cut += 61) {
      const before = new IncidentWatch(options)
      for (const entry of entries.slice(0, cut)) before.take(entry)
      const saved: unknown = JSON.parse(JSON.stringify(before.save()))
      const after = IncidentWatch.resume(saved, options)!
      expect(entries.slice(cut).map((entry) => after.take(entry))).toEqual(found.slice(cut))
    }
  })
})

describe('what a watch remembers', () => {
  test('fits into a record of the log after the worst that its records can hold', () => {
    const watch = new IncidentWatch({ perHourMax: PER_HOUR_MAX })
    for (const seed of [4, 5]) for (const entry of jumble(seed, 6000).entries) watch.take(entry)
    // A crowd that changes its name, its code and its job with every attempt, within a second.
    const log = new LogBuilder()
    for (let i = 0; i < 4000; i++) {
      const subject = `s-${(i % 300).toString(16).padStart(16, '0')}`
      log.add(
        decision({ codes: Array.from({ length: 20 }, (_, k) => `c-${i}-${k}`), commands: 1e6 * (i % 40) }),
        0,
        subject,
      )
      if (i % 4 === 0) excess(log, 30)
    }
    for (const entry of log.entries) watch.take(entry)
    const state = watch.save()
    const split = splitRecord({ kind: 'snapshot', fold: 'incidents', size: log.entries.length, state })
    expect('problem' in split).toBe(false)
    expect(canonicalJson(state).length).toBeLessThan(RECORD_BYTES_MAX - 4096)
  })

  test('is a copy: going on does not change it', () => {
    const log = jumble(6, 200)
    const watch = new IncidentWatch()
    for (const entry of log.entries.slice(0, 100)) watch.take(entry)
    const saved = watch.save()
    const text = JSON.stringify(saved)
    for (const entry of log.entries.slice(100)) watch.take(entry)
    expect(JSON.stringify(saved)).toBe(text)
    const resumed = IncidentWatch.resume(saved)!
    for (const entry of log.entries.slice(100)) resumed.take(entry)
    expect(JSON.stringify(saved)).toBe(text)
  })

  test('of another form is refused, and nothing is thrown', () => {
    const saved = JSON.parse(JSON.stringify(new IncidentWatch().save())) as Record<string, unknown>
    const rules = saved['rules'] as Record<string, unknown>
    const endless = Array(1000).fill({ index: 1, ms: 1 })
    for (const wrong of [
      undefined,
      null,
      'x',
      [],
      {},
      { ...saved, version: 2 },
      { ...saved, rules: {} },
      { ...saved, rules: { ...rules, 'emergency-stop': { recent: endless, run: null } } },
      { ...saved, rules: { ...rules, odometer: { base: 'x' } } },
      { ...saved, raised: [{ uid: 'x'.repeat(999), severity: 'low', count: 1 }] },
      { ...saved, more: 1 },
    ])
      expect(IncidentWatch.resume(wrong), JSON.stringify(wrong)?.slice(0, 80)).toBeUndefined()
    expect(IncidentWatch.resume(saved)).toBeDefined()
  })
})

function findingOf(uid: string): Finding {
  const at = '2026-11-22T20:00:00.000Z'
  const rest = { firstAt: at, lastAt: at, title: 'x', measured: {}, isUpdate: false }
  return { uid, rule: 'emergency-stop', severity: 'low', first: 77, last: 77, count: 1, ...rest }
}

describe('a finding that is told from its record alone', () => {
  const told = (record: object) => {
    const whole = { kind: 'incident', severity: 'high', first: 5, last: 9, count: 2, seq: 12, ...record }
    return findingOfRecord(
      { at: '2026-11-22T20:00:00.000Z', ...whole } as Parameters<typeof findingOfRecord>[0],
      false,
    )
  }

  test('has the words of its rule', () => {
    expect(told({ uid: 'probing-any-5', rule: 'probing' })).toMatchObject({
      uid: 'probing-any-5',
      rule: 'probing',
      title: 'attempts were refused for many different reasons',
      count: 2,
    })
  })

  test.each([
    { uid: 'probing-Erika-5', rule: 'probing' },
    { uid: 'probing-any-6', rule: 'probing' },
    { uid: 'erika-5', rule: 'erika' },
    { uid: 'constructor-5', rule: 'constructor' },
  ])('of no name that is ours says nothing of it: %o', (record) => {
    expect(told(record)).toMatchObject({
      uid: 'unknown-rule-5',
      rule: 'unknown-rule',
      title: 'an incident of a rule that this version does not know',
    })
  })
})

test('times of the records are those of the finding, to the millisecond', () => {
  const log = new LogBuilder()
  log.add(emergency(), DAY + 123)
  expect(findings(log)[0]).toMatchObject({
    firstAt: log.entries[0]!.record.at,
    lastAt: log.entries[0]!.record.at,
  })
})
