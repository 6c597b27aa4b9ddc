import { describe, expect, test } from 'vitest'
import { makeReport } from '../../agent/report/report.ts'
import { HEX_64, LogMaker, MACHINE, ORIGIN, reason, stream } from './log-maker.ts'
import { licenceReportOf, optionsFor, reportOf, siteReportOf } from './reporting.ts'

const COPY = { kind: 'copy', terms: null, refund: null }

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

describe('a report', () => {
  test('says which log it covers, and from when to when', async () => {
    const log = new LogMaker('2026-03-05T10:00:00.000Z')
    log.to('2026-04-07T10:00:00.000Z').tick()
    const {
      format,
      log: covered,
      records,
      period,
      madeAt,
    } = await siteReportOf(log, { from: '2026-04', to: '2026-04-30' })
    expect(format).toBe('portcullis-report-1')
    expect(covered).toEqual({ origin: ORIGIN, size: 2, root: HEX_64 })
    expect(records).toEqual({ first: '2026-03-05', last: '2026-04-07' })
    expect(period).toEqual({ from: '2026-04-01', to: '2026-04-30' })
    expect(madeAt).toBe('2026-04-07T10:00:00.000Z')
  })

  test('counts the records under its head and none beyond it, though it reads them all', async () => {
    const log = new LogMaker()
    log.decide()
    log.decide()
    log.decide()
    let read = 0
    const items = async function* () {
      for (const item of log.items) {
        read += 1
        yield item
      }
    }
    const report = await makeReport(items(), optionsFor(log, 'site', { size: 3 }))
    expect(report.decisions).toMatchObject([{ count: 2 }])
    expect(read).toBe(4)
  })

  test('is refused where the log has fewer records than its head says', async () => {
    const log = new LogMaker()
    await expect(siteReportOf(log, { size: 5 })).rejects.toMatchObject({
      code: 'AUDIT_DAMAGED',
      message: 'the log holds 1 records, and its head says that there are 5',
    })
  })

  test('is made of a log that has nothing in it', async () => {
    const report = await makeReport(stream([]), optionsFor(new LogMaker(), 'site', { size: 0 }))
    expect(report.records).toEqual({ first: null, last: null })
    expect(report.decisions).toEqual([])
  })

  test('for a licensor needs a licence, one for the public must have none, and whole months', async () => {
    const log = new LogMaker()
    await expect(reportOf(log, 'licensor')).rejects.toThrow('name it with `--licence`')
    await expect(reportOf(log, 'public', { licence: 'l-1' })).rejects.toThrow('never of one licence')
    await expect(reportOf(log, 'public', { from: '2026-01-02' })).rejects.toThrow('whole months')
    await expect(siteReportOf(log, { timeZone: 'nowhere' })).rejects.toMatchObject({ code: 'USAGE' })
  })
})

describe('decisions', () => {
  test('are counted by month, outcome and tier', async () => {
    const log = new LogMaker()
    log.decide()
    log.decide()
    log.decide({ outcome: 'deny', tier: 'restricted' })
    log.to('2026-02-01T00:00:00.000Z').decide({ outcome: 'warn' })
    expect((await siteReportOf(log)).decisions).toEqual([
      { month: '2026-01', outcome: 'allow', tier: 'open', count: 2 },
      { month: '2026-01', outcome: 'deny', tier: 'restricted', count: 1 },
      { month: '2026-02', outcome: 'warn', tier: 'open', count: 1 },
    ])
    expect((await siteReportOf(log, { from: '2026-02' })).decisions).toHaveLength(1)
    expect((await siteReportOf(log, { to: '2026-01-31' })).decisions).toHaveLength(2)
  })

  test('count each code of a rule once a job, and how often it objected; warnings are no refusals', async () => {
    const log = new LogMaker()
    log.decide({ outcome: 'deny', reasons: [reason('feedrate', 'deny', 40), reason('material', 'warn', 5)] })
    log.decide({
      outcome: 'deny',
      reasons: [reason('feedrate', 'deny', 2), reason('feedrate', 'hold', 3), reason('material', 'hold')],
    })
    log.decide({ outcome: 'warn', reasons: [reason('feedrate', 'warn', 9)] })
    log.decide({ outcome: 'allow', reasons: [reason('feedrate', 'audit', 9)] })
    log.add({ kind: 'line-refused', job: null, line: 3, code: 'gate.not-armed', rule: 'gate', message: 'm' })
    log.add({ kind: 'line-refused', job: null, line: 4, code: 'grammar.exponent', rule: null, message: 'm' })
    log.add({ kind: 'line-refused', job: null, line: 5, code: 'grammar.exponent', rule: null, message: 'm' })
    expect((await siteReportOf(log)).reasons).toEqual([
      { code: 'feedrate', rule: 'feedrate', decisions: 2, objections: 45, lines: 0 },
      { code: 'material', rule: 'material', decisions: 1, objections: 1, lines: 0 },
      { code: 'grammar.exponent', rule: '', decisions: 0, objections: 0, lines: 2 },
      { code: 'gate.not-armed', rule: 'gate', decisions: 0, objections: 0, lines: 1 },
    ])
  })

  test('have a median and a ninth decile by nearest rank, of those that were timed', async () => {
    const log = new LogMaker()
    for (const decidedInMs of [10, 20, 30, 40, 50, 60, 70, 80, 90, 1000, null]) log.decide({ decidedInMs })
    const { decisionTimes } = await siteReportOf(log)
    expect(decisionTimes).toMatchObject({ count: 10, medianMs: 50, ninetyPercentMs: 90 })
    expect(decisionTimes.steps.filter(({ count }) => count > 0)).toEqual([
      { upToMs: 100, count: 9 },
      { upToMs: 1000, count: 1 },
    ])
  })
})

describe('machines', () => {
  test('have their jobs by how they ended, in the month in which they did', async () => {
    const log = new LogMaker('2026-01-31T22:00:00.000Z')
    log.add({ kind: 'agent-started', version: '1', machine: MACHINE })
    const allowed = log.decide()
    log.openJob('a', allowed)
    log.after(3 * HOUR_MS).closeJob('a', 'printed', 500)
    log.openJob('b', allowed)
    log.after(60_000).closeJob('b', 'stopped', 20)
    log.add({ kind: 'stream-opened', job: 'c', host: 'OctoPrint' })
    log.after(60_000).closeJob('c', 'ended', 7)
    const sent = { filamentMm: 1234.5674, commands: 527 }
    log.add({ kind: 'odometer', job: 'c', printer: null, sent })
    const { machines, unmatched } = await siteReportOf(log)
    const zero = { opened: 0, streams: 0, printed: 0, ended: 0, stopped: 0, failed: 0, uncertain: 0 }
    expect(machines).toEqual([
      {
        ...zero,
        machine: MACHINE,
        month: '2026-01',
        opened: 1,
        milliseconds: 0,
        commands: 0,
        filamentMicrometres: 0,
      },
      {
        ...zero,
        machine: MACHINE,
        month: '2026-02',
        opened: 1,
        streams: 1,
        printed: 1,
        stopped: 1,
        ended: 1,
        milliseconds: 3 * HOUR_MS + 120_000,
        commands: 527,
        filamentMicrometres: 1_234_567,
      },
    ])
    expect(unmatched.jobs).toBe(0)
  })

  test('that got another name have rows of their own', async () => {
    const log = new LogMaker()
    for (const machine of ['one', 'two']) {
      log.add({ kind: 'agent-started', version: '1', machine })
      log.openJob(machine, log.decide())
    }
    expect((await siteReportOf(log)).machines.map(({ machine, opened }) => [machine, opened])).toEqual([
      ['one', 1],
      ['two', 1],
    ])
  })

  test('work no time at all by a clock that stepped back, and no job has two ends', async () => {
    const log = new LogMaker('2026-01-05T00:00:00.000Z')
    log.openJob('a', log.decide())
    log.after(-HOUR_MS).closeJob('a')
    log.after(2 * HOUR_MS).closeJob('a')
    const { machines, unmatched } = await siteReportOf(log)
    expect(machines.map(({ milliseconds, printed }) => [milliseconds, printed])).toEqual([[0, 2]])
    expect(unmatched.jobs).toBe(1)
  })

  test('remember a bounded number of jobs that were never closed', async () => {
    const log = new LogMaker()
    const allowed = log.decide()
    for (let i = 0; i < 1030; i++) log.openJob(`j-${i}`, allowed)
    log.after(HOUR_MS).closeJob('j-0')
    log.closeJob('j-1029')
    const { machines, unmatched } = await siteReportOf(log)
    expect(machines[0]?.milliseconds).toBe(HOUR_MS)
    expect(unmatched.jobs).toBe(6 + 1)
  })

  test('take no length of filament that no spool has', async () => {
    const log = new LogMaker()
    for (const filamentMm of [1e300, 2e6, 10])
      log.add({ kind: 'odometer', job: null, printer: null, sent: { filamentMm, commands: 1 } })
    expect((await siteReportOf(log)).machines[0]?.filamentMicrometres).toBe(10_000)
  })

  test('say in which hours of the week jobs begin, at their place', async () => {
    const log = new LogMaker('2026-11-23T00:30:00.000Z')
    log.openJob('a', log.decide())
    expect((await siteReportOf(log)).hoursOfWeek[0]).toBe(1)
    expect((await siteReportOf(log, { timeZone: 'Europe/Berlin' })).hoursOfWeek[1]).toBe(1)
    expect((await siteReportOf(log, { timeZone: 'America/New_York' })).hoursOfWeek[6 * 24 + 19]).toBe(1)
  })
})

describe('copies', () => {
  const move = (log: LogMaker, copy: string, ...states: readonly string[]): void => {
    for (const state of states) log.add({ ...COPY, licence: 'l-1', copy, job: null, state })
  }

  test('count once, by their latest state', async () => {
    const log = new LogMaker()
    move(log, 'a', 'reserved', 'printing', 'printed')
    move(log, 'b', 'reserved', 'printing', 'uncertain')
    move(log, 'c', 'reserved', 'returned')
    move(log, 'd', 'reserved', 'printing', 'uncertain', 'printed')
    move(log, 'e', 'reserved')
    move(log, 'f', 'reserved', 'printing')
    expect((await siteReportOf(log)).licences).toMatchObject([
      { licence: 'l-1', reserved: 1, printing: 1, printed: 2, returned: 1, uncertain: 1 },
    ])
  })

  test('move from the month in which they were uncertain to that in which somebody knew', async () => {
    const log = new LogMaker()
    move(log, 'a', 'reserved', 'printing', 'uncertain')
    log.to('2026-02-03T00:00:00.000Z')
    move(log, 'a', 'returned')
    const { usage } = await licenceReportOf(log, 'l-1')
    expect(usage).toMatchObject([
      { month: '2026-01', uncertain: 0, returned: 0 },
      { month: '2026-02', uncertain: 0, returned: 1 },
    ])
    // Of January alone: what happened later does not make it less.
    expect((await licenceReportOf(log, 'l-1', { to: '2026-01-31' })).usage).toMatchObject([
      { month: '2026-01', uncertain: 0 },
    ])
    expect((await licenceReportOf(log, 'l-1', { from: '2026-02' })).usage).toMatchObject([
      { month: '2026-02', returned: 1 },
    ])
  })

  test('that an issuer gives back are returned from there on, and fit', async () => {
    const log = new LogMaker()
    move(log, 'a', 'reserved', 'printing', 'printed')
    log.to('2026-02-03T00:00:00.000Z')
    const refund = { id: 'r-1', of: 'printed', under: ['l-1'], filamentMm: 1 }
    log.add({ ...COPY, licence: 'l-1', copy: 'a', job: 'a', state: 'returned', refund })
    const { licences, unmatched } = await siteReportOf(log)
    expect(licences).toMatchObject([{ licence: 'l-1', printed: 0, returned: 1 }])
    expect(unmatched.references).toBe(0)
    expect((await licenceReportOf(log, 'l-1')).usage).toMatchObject([
      { month: '2026-01', printed: 0, returned: 0 },
      { month: '2026-02', printed: 0, returned: 1 },
    ])
  })

  test('count in each licence that theirs was passed on from: whoever issued it hears of all of them', async () => {
    const log = new LogMaker()
    const counters = ['child', 'parent'].map((licence) => ({ licence, limit: 3 }))
    const terms = { counters, anchor: HEX_64, commitAt: 1, onAbort: 'return', filamentMm: 1 }
    log.add({ ...COPY, licence: 'child', copy: 'a', job: 'a', state: 'reserved', terms })
    for (const state of ['printing', 'printed'])
      log.add({ ...COPY, licence: 'child', copy: 'a', job: 'a', state })
    expect((await siteReportOf(log)).licences).toMatchObject([
      { licence: 'child', reserved: 0, printed: 1 },
      { licence: 'parent', reserved: 0, printed: 1 },
    ])
    const report = await licenceReportOf(log, 'parent')
    expect(report.usage).toMatchObject([{ reserved: 0, printing: 0, printed: 1 }])
    expect(JSON.stringify(report)).not.toContain('child')
  })

  test('that were never reserved are counted, and said not to fit', async () => {
    const log = new LogMaker()
    move(log, 'a', 'printed')
    const { licences, unmatched } = await siteReportOf(log)
    expect(licences).toMatchObject([{ printed: 1 }])
    expect(unmatched.references).toBe(1)
  })
})

describe('holds and appeals', () => {
  test('are counted by what came of them, with the time that people took', async () => {
    const log = new LogMaker()
    const [one, two, three] = [0, 1, 2].map(() => log.decide({ outcome: 'hold' }))
    const refused = log.decide({ outcome: 'deny' })
    log.after(HOUR_MS).add({ kind: 'hold-decided', decision: one, outcome: 'released', role: 'site' })
    log.after(HOUR_MS).add({ kind: 'hold-decided', decision: two, outcome: 'refused', role: 'site' })
    const [first, second] = [log.appeal(refused), log.appeal(two!)]
    log.after(DAY_MS).decideAppeal(first, 'upheld')
    log.add({ kind: 'override', decision: three, rules: ['feedrate'], role: 'site' })
    const { holds, appeals, overrides } = await siteReportOf(log)
    expect(holds).toMatchObject({ held: 3, released: 1, refused: 1, open: 1 })
    expect(holds.times).toMatchObject({ count: 2 })
    expect(holds.times.medianMs).toBeGreaterThanOrEqual(HOUR_MS)
    expect(holds.times.medianMs).toBeLessThan(HOUR_MS * 1.001)
    expect(appeals).toMatchObject({ filed: 2, upheld: 1, rejected: 0, withdrawn: 0, open: 1 })
    expect(appeals.times.medianMs).toBe(DAY_MS)
    expect(overrides).toBe(1)
    expect(second).toBeGreaterThan(first)
  })

  test('that refer to nothing are counted as that, and as nothing else', async () => {
    const log = new LogMaker()
    const allowed = log.decide()
    log.add({ kind: 'hold-decided', decision: allowed, outcome: 'released', role: 'site' })
    log.add({ kind: 'hold-decided', decision: 0, outcome: 'released', role: 'site' })
    log.add({ kind: 'case-approved', decision: allowed })
    log.appeal(0)
    const appeal = log.appeal(allowed)
    log.decideAppeal(appeal, 'rejected')
    log.decideAppeal(appeal, 'upheld')
    const { holds, appeals, unmatched, cases } = await siteReportOf(log)
    expect(holds).toMatchObject({ released: 0 })
    expect(appeals).toMatchObject({ filed: 1, upheld: 0, rejected: 1, open: 0 })
    expect(cases).toEqual([])
    expect(unmatched.references).toBe(5)
  })

  test('name nothing as late where no deadline is set', async () => {
    const log = new LogMaker()
    const held = log.decide({ outcome: 'hold' })
    const { due } = await siteReportOf(log, { now: '2027-01-01T00:00:00.000Z' })
    expect(due).toEqual({ late: [], waiting: [{ kind: 'hold', index: held, leftMs: null }], unnamed: 0 })
  })

  test('name by record what is late and by how much, and what waits and for how long', async () => {
    const log = new LogMaker('2026-01-01T00:00:00.000Z')
    const waitsTooLong = log.decide({ outcome: 'hold' })
    const cameLate = log.decide({ outcome: 'hold' })
    const appealed = log.appeal(log.decide({ outcome: 'deny' }))
    const inTime = log.decide({ outcome: 'hold' })
    log.after(HOUR_MS).add({ kind: 'hold-decided', decision: inTime, outcome: 'released', role: 'site' })
    log
      .after(29 * HOUR_MS)
      .add({ kind: 'hold-decided', decision: cameLate, outcome: 'refused', role: 'site' })
    const young = log.decide({ outcome: 'hold' })
    const { due } = await siteReportOf(log, {
      holdHours: 24,
      appealAnswerDays: 2,
      now: '2026-01-02T12:00:00.000Z',
    })
    expect(due.late).toEqual([
      { kind: 'hold', index: waitsTooLong, isOpen: true, lateMs: 12 * HOUR_MS },
      { kind: 'hold', index: cameLate, isOpen: false, lateMs: 6 * HOUR_MS },
    ])
    expect(due.waiting).toEqual([
      { kind: 'appeal', index: appealed, leftMs: 12 * HOUR_MS },
      { kind: 'hold', index: young, leftMs: 18 * HOUR_MS },
    ])
  })

  test('are late from the moment after the deadline, not at it', async () => {
    const log = new LogMaker('2026-01-01T00:00:00.000Z')
    log.decide({ outcome: 'hold' })
    expect((await siteReportOf(log, { holdHours: 1, now: '2026-01-01T01:00:00.000Z' })).due.late).toEqual([])
    expect(
      (await siteReportOf(log, { holdHours: 1, now: '2026-01-01T01:00:00.001Z' })).due.late,
    ).toMatchObject([{ lateMs: 1 }])
  })

  test('name five hundred of each kind at most, the latest first, and count the rest', async () => {
    const log = new LogMaker('2026-01-01T00:00:00.000Z')
    for (let i = 0; i < 620; i++) log.after(1000).decide({ outcome: 'hold' })
    const { due, holds } = await siteReportOf(log, { holdHours: 1, now: '2026-02-01T00:00:00.000Z' })
    expect(holds.open).toBe(620)
    expect(due.late).toHaveLength(500)
    expect(due.late[0]?.index).toBe(1)
    expect(due.unnamed).toBe(120)
  })
})

describe('what watches the gate', () => {
  test('incidents are counted by rule and severity, the commonest first', async () => {
    const log = new LogMaker()
    const incident = (rule: string, severity: string): number =>
      log.add({ kind: 'incident', uid: 'u', rule, severity, first: 0, last: 0, count: 1 })
    incident('clock-step', 'low')
    const burst = incident('refusal-burst', 'high')
    incident('refusal-burst', 'low')
    log.add({ kind: 'incident-exported', incident: burst, to: 'file', isSent: true })
    log.add({ kind: 'incident-exported', incident: burst, to: 'http', isSent: false })
    const { incidents, incidentsExported } = await siteReportOf(log)
    expect(incidents).toEqual([
      { rule: 'refusal-burst', low: 1, medium: 0, high: 1, critical: 0 },
      { rule: 'clock-step', low: 1, medium: 0, high: 0, critical: 0 },
    ])
    expect(incidentsExported).toEqual({ sent: 1, failed: 1 })
  })

  test('samples tell what was drawn, reviewed, found and learnt', async () => {
    const log = new LogMaker()
    const drawn = [log.decide(), log.decide()]
    const sample = log.add({
      kind: 'sampled',
      size: 3,
      from: 0,
      tier: null,
      source: 'beacon',
      seed: HEX_64,
      population: 2,
      drawn,
    })
    const review = (finding: string, lesson: string | null) =>
      log.add({ kind: 'reviewed', sample, decision: drawn[0], finding, lesson })
    review('sound', null)
    review('wrong', 'limit-too-strict')
    review('doubtful', 'limit-too-strict')
    const { samples, lessons } = await siteReportOf(log)
    expect(samples).toEqual({ samples: 1, drawn: 2, reviewed: 3, sound: 1, doubtful: 1, wrong: 1 })
    expect(lessons).toEqual([{ lesson: 'limit-too-strict', reviews: 2 }])
  })

  test('erasures are counted, and nobody is named by them', async () => {
    const log = new LogMaker()
    const erase = (cause: string, rows: number, deferredRows: number) =>
      log.add({
        kind: 'erasure',
        subject: 's-0123456789abcdef',
        cause,
        rows,
        deferredRows,
        deferredUntil: null,
      })
    erase('request', 5, 2)
    erase('retention', 3, 0)
    const report = await siteReportOf(log)
    expect(report.erasures).toEqual({ byRequest: 1, byRetention: 1, rows: 8, deferredRows: 2 })
    expect(JSON.stringify(report)).not.toContain('0123456789abcdef"')
  })

  test('the largest head that witnesses cosigned counts whatever the period, the number of heads does not', async () => {
    const log = new LogMaker()
    const witness = (size: number): number =>
      log.add({ kind: 'witnessed', size, root: HEX_64, cosigners: [{ name: 'w1', keyId: 'k', time: 5 }] })
    log.tick().tick()
    witness(3)
    witness(2)
    log.to('2026-02-01T00:00:00.000Z')
    witness(4)
    log.add({ kind: 'witness-refused', witness: 'w2', status: 409, size: 4, witnessSize: 9, isProven: true })
    const { witnesses, cosigners } = await siteReportOf(log, { from: '2026-02' })
    expect(witnesses).toEqual({ largestSize: 4, cosignedHeads: 1, refusals: 1 })
    expect(cosigners).toEqual([{ witness: 'w1', heads: 1 }])
    expect((await siteReportOf(log, { to: '2026-01' })).witnesses.largestSize).toBe(4)
  })
})

describe('a licensor', () => {
  test('is told of one licence, and of nothing else', async () => {
    const log = new LogMaker()
    const mine = log.decide({
      licence: { id: 'mine' },
      outcome: 'hold',
      reasons: [reason('material', 'hold')],
    })
    log.add({ kind: 'hold-decided', decision: mine, outcome: 'released', role: 'site' })
    const other = log.decide({ licence: { id: 'other' }, outcome: 'deny', reasons: [reason('feedrate')] })
    log.decide({ outcome: 'deny', reasons: [reason('homing-first')] })
    log.decideAppeal(log.appeal(other), 'upheld')
    for (const [job, decision] of [
      ['a', mine],
      ['b', other],
    ] as const) {
      log.openJob(job, decision)
      log.after(HOUR_MS).closeJob(job)
    }
    log.add({ kind: 'stream-opened', job: 's', host: 'h' })
    log.after(HOUR_MS).closeJob('s', 'ended')
    log.add({ kind: 'odometer', job: 'a', printer: null, sent: { filamentMm: 5, commands: 5 } })
    log.add({ kind: 'line-refused', job: 's', line: 1, code: 'gate.not-armed', rule: 'gate', message: 'm' })
    log.add({ ...COPY, licence: 'mine', copy: '1', job: 'a', state: 'reserved' })
    log.add({ ...COPY, licence: 'other', copy: '1', job: 'b', state: 'reserved' })
    log.add({ kind: 'case-approved', decision: other })
    const report = await licenceReportOf(log, 'mine')
    expect(report.decisions).toMatchObject([{ outcome: 'hold', count: 1 }])
    expect(report.reasons.map(({ code }) => code)).toEqual(['material'])
    expect(report.holds).toMatchObject({ held: 1, released: 1 })
    expect(report.appeals).toMatchObject({ filed: 0, upheld: 0, open: 0 })
    expect(report.machines).toMatchObject([
      { opened: 1, printed: 1, streams: 0, ended: 0, milliseconds: HOUR_MS },
    ])
    expect(report.usage).toMatchObject([{ reserved: 1, hold: 1, deny: 0 }])
    const text = JSON.stringify(report)
    for (const foreign of ['other', 'feedrate', 'homing-first', 'not-armed', 'incident', 'erasure'])
      expect(text).not.toContain(foreign)
  })

  test('of a licence that nobody has shown is told that there is nothing', async () => {
    const log = new LogMaker()
    log.openJob('a', log.decide({ licence: { id: 'other' }, outcome: 'hold' }))
    log.closeJob('a')
    const report = await licenceReportOf(log, 'mine', { holdHours: 1, now: '2027-01-01T00:00:00.000Z' })
    expect(report).toMatchObject({ decisions: [], usage: [], machines: [], due: { late: [], waiting: [] } })
  })
})

test('a log that adds up to more than a number can hold is damaged', async () => {
  const log = new LogMaker()
  const job = {
    kind: 'job-closed',
    outcome: 'printed',
    code: null,
    commandsTotal: null,
    sha256: null,
    reason: null,
  }
  log.add({ ...job, job: 'a', commandsSent: Number.MAX_SAFE_INTEGER })
  log.add({ ...job, job: 'b', commandsSent: 1 })
  await expect(siteReportOf(log)).rejects.toMatchObject({ code: 'AUDIT_DAMAGED' })
})
