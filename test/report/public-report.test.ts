import { describe, expect, test } from 'vitest'
import { LogMaker, reason, subjectOf } from './log-maker.ts'
import { decideMany, publicReportOf } from './reporting.ts'
import { workshop } from './workshop-year.ts'

const JUNE = '2026-06-15T00:00:00.000Z'

/** The months with their whole counts. */
const totals = (report: Awaited<ReturnType<typeof publicReportOf>>): Record<string, number | null> =>
  Object.fromEntries(
    report.decisions
      .filter(({ outcomes, tiers }) => outcomes.length * tiers.length === 16)
      .map(({ month, count }) => [month, count]),
  )

describe('windows of public statistics', () => {
  test('are told once a record of a later month stands in the log', async () => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    decideMany(log, 12)
    expect((await publicReportOf(log, { now: JUNE })).decisions).toEqual([])
    log.to('2026-01-31T23:59:59.999Z').tick()
    expect(totals(await publicReportOf(log, { now: JUNE }))).toEqual({})
    log.to('2026-02-01T00:00:00.000Z').tick()
    expect(totals(await publicReportOf(log, { now: JUNE }))).toEqual({ '2026-01': 12 })
  })

  test('of months without a record are told like those with a few', async () => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    decideMany(log, 9)
    log.to('2026-04-01T00:00:00.000Z').tick()
    expect(totals(await publicReportOf(log, { now: JUNE }))).toEqual({
      '2026-01': null,
      '2026-02': null,
      '2026-03': null,
    })
  })

  test('of a quarter or a year need each of their months, and those before the log began count as over', async () => {
    const log = new LogMaker('2026-02-10T00:00:00.000Z')
    decideMany(log, 30, { outcome: 'deny' })
    const appealed = log.decide({ outcome: 'deny' })
    for (let i = 0; i < 12; i++) log.decideAppeal(log.appeal(appealed, subjectOf(i)), 'rejected')
    log.to('2026-03-05T00:00:00.000Z').tick()
    expect((await publicReportOf(log, { now: JUNE })).refusalCodes).toEqual([])
    log.to('2026-04-05T00:00:00.000Z').tick()
    const grown = await publicReportOf(log, { now: JUNE })
    expect(grown.refusalCodes).toEqual([
      { quarter: '2026-Q1', code: 'feedrate', rule: 'feedrate', count: 31 },
    ])
    expect(grown.appeals).toEqual([])
    expect((await publicReportOf(log, { now: JUNE, from: '2026-02' })).refusalCodes).toEqual([])
    expect((await publicReportOf(log, { now: JUNE, to: '2026-02' })).refusalCodes).toEqual([])
    log.to('2027-01-05T00:00:00.000Z').tick()
    const year = await publicReportOf(log, { now: '2027-02-01T00:00:00.000Z' })
    // All appeals are about one decision, of one subject.
    expect(year.appeals).toEqual([{ year: '2026', what: ['all'], count: null, isSplit: false }])
  })

  test('never change, however the log grows and whatever period is asked for', async () => {
    const log = workshop({ days: 500, jobsADay: 8, members: 60 })
    const now = '2027-07-01T00:00:00.000Z'
    const whole = await publicReportOf(log, { now })
    const sizes = [0.35, 0.62, 0.8].map((part) => Math.floor(log.size * part))
    const reports = [
      ...(await Promise.all(sizes.map((size) => publicReportOf(log, { now, size })))),
      await publicReportOf(log, { now, from: '2026-04', to: '2026-09' }),
      await publicReportOf(log, { now, from: '2026-01', to: '2026-12' }),
    ]
    for (const report of reports) {
      expect(report.decisions.length).toBeGreaterThan(0)
      for (const told of report.decisions) expect(whole.decisions).toContainEqual(told)
      for (const told of report.refusalCodes) expect(whole.refusalCodes).toContainEqual(told)
      for (const told of report.decisionTimes) expect(whole.decisionTimes).toContainEqual(told)
      for (const told of report.appeals) expect(whole.appeals).toContainEqual(told)
      for (const told of report.reviews) expect(whole.reviews).toContainEqual(told)
    }
    expect(whole.refusalCodes.length).toBeGreaterThan(0)
    expect(whole.appeals.length).toBeGreaterThan(0)
    expect(whole.reviews.length).toBeGreaterThan(0)
  })

  test('that may have been told take no record of a clock that stepped back, and say so', async () => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    decideMany(log, 15)
    log.to('2026-02-02T00:00:00.000Z').tick()
    const before = await publicReportOf(log, { now: JUNE })
    log.to('2026-01-20T00:00:00.000Z')
    decideMany(log, 4)
    log.to('2026-03-02T00:00:00.000Z').tick()
    const after = await publicReportOf(log, { now: JUNE })
    expect(before.doubts.clockSteppedBack).toBe(false)
    expect(after.doubts.clockSteppedBack).toBe(true)
    expect(totals(after)['2026-01']).toBe(15)
    expect(after.decisions.filter(({ month }) => month === '2026-01')).toEqual(before.decisions)
  })

  test('take no notice of records that are dated ahead of the report, and say so', async () => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    decideMany(log, 15)
    log.to('2099-01-01T00:00:00.000Z').tick()
    log.to('2026-02-02T00:00:00.000Z')
    decideMany(log, 11)
    log.to('2026-03-02T00:00:00.000Z').tick()
    const report = await publicReportOf(log, { now: JUNE })
    expect(report.doubts.clockAhead).toBe(true)
    expect(totals(report)).toEqual({ '2026-01': 15, '2026-02': 11 })
  })

  test('are a bounded number, after a clock that began in the year 0', async () => {
    const log = new LogMaker('0000-01-01T00:00:00.000Z')
    log.to('2026-05-02T00:00:00.000Z').tick()
    expect((await publicReportOf(log, { now: JUNE })).decisions).toHaveLength(1200)
  })
})

describe('contributions of one subject', () => {
  test('count three times in a month, outcome and tier', async () => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    decideMany(log, 12)
    decideMany(log, 40, { subject: subjectOf(9999) })
    log.to('2026-02-02T00:00:00.000Z')
    decideMany(log, 9)
    decideMany(log, 2, { subject: subjectOf(9999) })
    log.to('2026-03-02T00:00:00.000Z').tick()
    const report = await publicReportOf(log, { now: JUNE })
    expect(report.rule).toEqual({ smallBelow: 10, perSubjectMax: 3 })
    expect(totals(report)).toEqual({ '2026-01': 15, '2026-02': 11 })
  })

  test('make no count of ten by themselves, however often somebody comes', async () => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    for (const subject of [1, 2, 3]) decideMany(log, 500, { subject: subjectOf(subject) })
    log.to('2026-02-02T00:00:00.000Z').tick()
    expect(totals(await publicReportOf(log, { now: JUNE }))).toEqual({ '2026-01': null })
  })

  test('of a code are bounded in the quarter', async () => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    for (const month of ['01', '02', '03']) {
      log.to(`2026-${month}-10T00:00:00.000Z`)
      decideMany(log, 12, { outcome: 'deny', reasons: [reason('material')] })
      decideMany(log, 3, {
        outcome: 'deny',
        subject: subjectOf(777_777),
        reasons: [reason('material'), reason('feedrate')],
      })
    }
    log.to('2026-04-02T00:00:00.000Z').tick()
    expect((await publicReportOf(log, { now: JUNE })).refusalCodes).toEqual([
      { quarter: '2026-Q1', code: 'material', rule: 'material', count: 39 },
    ])
  })

  test('of a decision that names nobody are one each, and that is said', async () => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    decideMany(log, 11, { subject: null })
    log.to('2026-02-02T00:00:00.000Z').tick()
    const report = await publicReportOf(log, { now: JUNE })
    expect(totals(report)).toEqual({ '2026-01': 11 })
    expect(report.doubts.withoutSubject).toBe(true)
  })
})

describe('refusal codes', () => {
  test('are listed from ten on, and are never those that only this site knows', async () => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    decideMany(log, 30, {
      outcome: 'deny',
      reasons: [reason('house-rule.secret-project'), reason('homing-first')],
    })
    decideMany(log, 9, { outcome: 'hold', reasons: [reason('material', 'hold')] })
    decideMany(log, 20, { outcome: 'warn', reasons: [reason('feedrate', 'warn')] })
    log.to('2026-04-02T00:00:00.000Z').tick()
    const report = await publicReportOf(log, { now: JUNE })
    expect(report.refusalCodes.map(({ code, count }) => [code, count])).toEqual([['homing-first', 30]])
    expect(JSON.stringify(report)).not.toContain('secret-project')
  })

  test('that would show how many jobs of a withheld group were refused are not listed', async () => {
    // Seven refusals are small, so the month is not divided.
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    decideMany(log, 40)
    decideMany(log, 7, { outcome: 'deny', tier: 'controlled', reasons: [reason('material')] })
    log.to('2026-04-02T00:00:00.000Z').tick()
    const withheld = await publicReportOf(log, { now: JUNE })
    expect(withheld.decisions).toMatchObject([
      { count: 47, isSplit: false },
      { count: null },
      { count: null },
    ])
    expect(withheld.refusalCodes).toEqual([])
    // 12 in January are known of; 12 in February are in a group that is not divided.
    const other = new LogMaker('2026-01-10T00:00:00.000Z')
    decideMany(other, 12, { outcome: 'deny', reasons: [reason('material')] })
    other.to('2026-02-10T00:00:00.000Z')
    decideMany(other, 12, { outcome: 'deny', reasons: [reason('material')] })
    decideMany(other, 5)
    other.to('2026-04-02T00:00:00.000Z').tick()
    const told = await publicReportOf(other, { now: JUNE })
    expect(totals(told)).toEqual({ '2026-01': 12, '2026-02': 17, '2026-03': null })
    expect(told.refusalCodes).toEqual([])
  })
})

describe('decision times', () => {
  const quarter = async (times: readonly number[], others = 0) => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    for (const decidedInMs of times) log.decide({ decidedInMs })
    decideMany(log, others, { decidedInMs: null })
    log.to('2026-04-02T00:00:00.000Z').tick()
    return (await publicReportOf(log, { now: JUNE })).decisionTimes
  }
  const many = (count: number, ms: number): readonly number[] => Array.from({ length: count }, () => ms)

  test('are told by coarse steps, and the ninth decile only where ten lie beyond it', async () => {
    expect(await quarter([...many(12, 800), ...many(8, 1700)])).toEqual([
      { quarter: '2026-Q1', medianUpToMs: 1000, ninetyPercentUpToMs: null },
    ])
    expect(await quarter([...many(60, 1500), ...many(40, 55_000)])).toEqual([
      { quarter: '2026-Q1', medianUpToMs: 2000, ninetyPercentUpToMs: 60_000 },
    ])
  })

  test('are not told of fewer than twenty, nor where they would show that there were so many', async () => {
    expect(await quarter(many(19, 800), 40)).toMatchObject([{ medianUpToMs: null }])
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    for (const month of ['01', '02', '03']) {
      log.to(`2026-${month}-10T00:00:00.000Z`)
      decideMany(log, 9)
    }
    log.to('2026-04-02T00:00:00.000Z').tick()
    expect((await publicReportOf(log, { now: JUNE })).decisionTimes).toMatchObject([{ medianUpToMs: null }])
  })
})

describe('appeals and reviews', () => {
  test('are told by year, and divided where no part is small', async () => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    const decisions = decideMany(log, 40, { outcome: 'deny' })
    const sample = log.add({
      kind: 'sampled',
      size: 2,
      from: 0,
      tier: null,
      source: 'beacon',
      seed: '0'.repeat(64),
      population: 1,
      drawn: [],
    })
    for (const [i, decision] of decisions.entries()) {
      log.decideAppeal(log.appeal(decision), i < 15 ? 'upheld' : i < 30 ? 'rejected' : 'withdrawn')
      log.add({ kind: 'reviewed', sample, decision, finding: i < 36 ? 'sound' : 'wrong', lesson: null })
    }
    log.to('2027-01-02T00:00:00.000Z').tick()
    const { appeals, reviews } = await publicReportOf(log, { now: '2027-02-01T00:00:00.000Z' })
    expect(appeals.map(({ what, count }) => [what.join('+'), count])).toEqual([
      ['all', 40],
      ['upheld', 15],
      ['rejected+withdrawn', 25],
      ['rejected', 15],
      ['withdrawn', 10],
    ])
    expect(reviews).toEqual([{ year: '2026', what: ['all'], count: 40, isSplit: false }])
  })
})

describe('public cases', () => {
  /** A month with some refusals of a tier, all of them approved, and a month after it. */
  function approved(count: number, part: Parameters<LogMaker['decide']>[0] = {}): LogMaker {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    decideMany(log, 50)
    const refused = decideMany(log, count, { outcome: 'deny', reasons: [reason('material')], ...part })
    for (const decision of refused) log.add({ kind: 'case-approved', decision })
    log.to('2026-02-02T00:00:00.000Z').tick()
    return log
  }

  test('have month and tier where as many were decided alike, and only then', async () => {
    const many = await publicReportOf(approved(12), { now: JUNE })
    expect(many.cases[0]).toMatchObject({
      code: 'material',
      outcome: 'deny',
      tier: 'open',
      month: '2026-01',
      appeal: 'none',
    })
    const few = await publicReportOf(approved(3), { now: JUNE })
    expect(few.cases).toHaveLength(3)
    expect(few.cases[0]).toMatchObject({
      code: 'material',
      outcome: 'deny',
      tier: null,
      month: null,
      appeal: 'none',
    })
  })

  test('are never so many that they show how many were refused', async () => {
    const { cases } = await publicReportOf(approved(9), { now: JUNE })
    expect(cases).toHaveLength(5)
  })

  test('of a code that is not listed are never so many that they show how often it was given', async () => {
    // 21 more refusals make the cell large enough for month and tier; the code is still seldom.
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    decideMany(log, 50)
    decideMany(log, 21, { outcome: 'deny', reasons: [reason('material')] })
    for (const decision of decideMany(log, 9, { outcome: 'deny', reasons: [reason('feedrate')] }))
      log.add({ kind: 'case-approved', decision })
    log.to('2026-04-02T00:00:00.000Z').tick()
    const { cases, refusalCodes } = await publicReportOf(log, { now: JUNE })
    expect(refusalCodes.map(({ code }) => code)).toEqual(['material'])
    expect(cases).toHaveLength(5)
    expect(cases.every(({ month }) => month === '2026-01')).toBe(true)
  })

  test('tell what came of an appeal for a few at most where that is withheld', async () => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    decideMany(log, 50)
    const refused = decideMany(log, 30, { outcome: 'deny', reasons: [reason('material')] })
    for (const decision of refused.slice(0, 9)) {
      log.decideAppeal(log.appeal(decision), 'upheld')
      log.add({ kind: 'case-approved', decision })
    }
    log.to('2026-04-02T00:00:00.000Z').tick()
    const { cases } = await publicReportOf(log, { now: JUNE })
    expect(cases.map(({ appeal }) => appeal)).toEqual([...Array(5).fill('upheld'), ...Array(4).fill(null)])
  })

  test('are told in later reports as in earlier ones, and add nothing to the bounds', async () => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    decideMany(log, 50)
    const refused = decideMany(log, 9, { outcome: 'deny', reasons: [reason('material')] })
    log.to('2026-02-10T00:00:00.000Z')
    for (const decision of refused.slice(0, 4)) log.add({ kind: 'case-approved', decision })
    log.to('2026-03-10T00:00:00.000Z')
    const early = await publicReportOf(log.tick(), { now: JUNE })
    for (const decision of refused.slice(4)) log.add({ kind: 'case-approved', decision })
    log.to('2026-04-10T00:00:00.000Z').tick()
    const late = await publicReportOf(log, { now: JUNE })
    expect(early.cases).toHaveLength(4)
    expect(late.cases).toHaveLength(5)
    expect(late.cases.slice(0, 4)).toEqual(early.cases)
  })

  test('wait until the month of the refusal and that of the approval are over', async () => {
    const log = new LogMaker('2026-01-10T00:00:00.000Z')
    const refused = log.decide({ outcome: 'hold', reasons: [reason('material', 'hold')] })
    log.to('2026-02-10T00:00:00.000Z').add({ kind: 'case-approved', decision: refused })
    expect((await publicReportOf(log, { now: JUNE })).cases).toEqual([])
    log.to('2026-03-01T00:00:00.000Z').tick()
    expect((await publicReportOf(log, { now: JUNE })).cases).toHaveLength(1)
    expect((await publicReportOf(log, { now: JUNE, from: '2026-02' })).cases).toEqual([])
  })

  test('of a rule that only this site knows are told as another', async () => {
    const report = await publicReportOf(approved(12, { reasons: [reason('secret-project.x')] }), {
      now: JUNE,
    })
    expect(report.cases[0]).toMatchObject({ code: 'other', rule: 'other' })
    expect(JSON.stringify(report)).not.toContain('secret')
  })
})

test('public statistics have nothing in them but what is documented', async () => {
  const report = await publicReportOf(workshop({ days: 120 }), { now: JUNE })
  expect(Object.keys(report).toSorted()).toEqual([
    'appeals',
    'audience',
    'cases',
    'decisionTimes',
    'decisions',
    'doubts',
    'format',
    'log',
    'madeAt',
    'period',
    'records',
    'refusalCodes',
    'reviews',
    'rule',
    'witnessedSize',
  ])
})
