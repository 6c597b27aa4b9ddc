import { describe, expect, test } from 'vitest'
import {
  dayText,
  isOfWholeMonths,
  isWithin,
  monthAt,
  monthOf,
  monthText,
  parsePeriod,
  quarterText,
  startOfMonth,
  WeekClock,
  yearText,
} from '../../agent/report/calendar.ts'

const at = (text: string): number => Date.parse(text)

describe('a period', () => {
  test('has both of its days in it', () => {
    const period = parsePeriod('2026-03-01', '2026-03-31')
    expect(isWithin(period, at('2026-02-28T23:59:59.999Z'))).toBe(false)
    expect(isWithin(period, at('2026-03-01T00:00:00.000Z'))).toBe(true)
    expect(isWithin(period, at('2026-03-31T23:59:59.999Z'))).toBe(true)
    expect(isWithin(period, at('2026-04-01T00:00:00.000Z'))).toBe(false)
  })

  test('of months is that of their first and last days', () => {
    expect(parsePeriod('2026-02', '2026-12')).toEqual(parsePeriod('2026-02-01', '2026-12-31'))
    expect(parsePeriod('2028-02', '2028-02')).toEqual(parsePeriod('2028-02-01', '2028-02-29'))
  })

  test('may be open at either end', () => {
    expect(isWithin(parsePeriod(undefined, '2026-01'), at('1970-01-01T00:00:00.000Z'))).toBe(true)
    expect(isWithin(parsePeriod('2026-01', undefined), at('9999-12-31T00:00:00.000Z'))).toBe(true)
    expect(parsePeriod(undefined, undefined)).toEqual({ fromMs: null, toMs: null })
  })

  test('is of whole months only where it begins and ends with one', () => {
    expect(isOfWholeMonths(parsePeriod('2026-02', '2026-03'))).toBe(true)
    expect(isOfWholeMonths(parsePeriod('2026-02-01', '2026-02-28'))).toBe(true)
    expect(isOfWholeMonths(parsePeriod(undefined, undefined))).toBe(true)
    expect(isOfWholeMonths(parsePeriod('2026-02-02', '2026-03-31'))).toBe(false)
    expect(isOfWholeMonths(parsePeriod('2026-02-01', '2026-02-27'))).toBe(false)
  })

  test.each([
    '2026-02-30',
    '2026-13',
    '2026-00-10',
    '26-01-01',
    '2026',
    '',
    'yesterday',
    '2026-01-01T00:00:00Z',
    '2026-1-1',
    `2026-01-01${'0'.repeat(5000)}`,
  ])('refuses %j as a date, and shows no more of it than fits a line', (text) => {
    expect(() => parsePeriod(text, undefined)).toThrow(/^date `.{0,40}` is neither a day such as/)
    expect(() => parsePeriod(undefined, text)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })

  test('is refused where it ends before it begins', () => {
    expect(() => parsePeriod('2026-03', '2026-02')).toThrow(
      'ends before it begins: from `2026-03` to `2026-02`',
    )
    expect(parsePeriod('2026-03-05', '2026-03-05').fromMs).toBe(at('2026-03-05T00:00:00.000Z'))
  })
})

describe('months', () => {
  test('are numbered without a gap, by text and by time alike', () => {
    for (const text of ['0000-01', '0099-12', '1970-01', '2026-12', '2027-01', '9999-12']) {
      const month = monthOf(`${text}-15T12:00:00.000Z`)
      expect(monthAt(at(`${text}-15T12:00:00.000Z`))).toBe(month)
      expect(monthText(month)).toBe(text)
      expect(new Date(startOfMonth(month)).toISOString()).toBe(`${text}-01T00:00:00.000Z`)
    }
    expect(monthOf('2027-01-01T00:00:00.000Z') - monthOf('2026-12-31T23:59:59.999Z')).toBe(1)
  })

  test('make quarters and years', () => {
    expect(quarterText(Math.floor(monthOf('2026-03-31T00:00:00.000Z') / 3))).toBe('2026-Q1')
    expect(quarterText(Math.floor(monthOf('2026-10-01T00:00:00.000Z') / 3))).toBe('2026-Q4')
    expect(yearText(Math.floor(monthOf('0050-10-01T00:00:00.000Z') / 12))).toBe('0050')
    expect(dayText(at('2026-10-01T23:00:00.000Z'))).toBe('2026-10-01')
  })
})

describe('the week', () => {
  test('begins on Monday at midnight', () => {
    const clock = new WeekClock('UTC')
    expect(clock.hourOfWeek(at('2026-11-23T00:30:00.000Z'))).toBe(0)
    expect(clock.hourOfWeek(at('2026-11-29T23:59:59.000Z'))).toBe(167)
  })

  test('is that of a place, in summer and in winter', () => {
    const clock = new WeekClock('Europe/Berlin')
    expect(clock.hourOfWeek(at('2026-01-04T23:30:00.000Z'))).toBe(0)
    expect(clock.hourOfWeek(at('2026-07-05T22:30:00.000Z'))).toBe(0)
    expect(clock.hourOfWeek(at('2026-07-05T21:30:00.000Z'))).toBe(167)
  })

  test('refuses a place that nobody knows', () => {
    expect(() => new WeekClock('Mars/Olympus')).toThrow('time zone `Mars/Olympus` is not known')
    expect(() => new WeekClock('x'.repeat(9000))).toThrow(/`x{40}`/)
  })
})
