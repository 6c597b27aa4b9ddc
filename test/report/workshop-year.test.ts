import { describe, expect, test } from 'vitest'
import { parseRecord } from '../../agent/log-format/index.ts'
import { workshop } from './workshop-year.ts'

describe('the made-up workshop', () => {
  const log = workshop({ days: 60 })

  test('is the same for the same seed and another for another', () => {
    expect(workshop({ days: 9 }).items).toEqual(workshop({ days: 9 }).items)
    expect(workshop({ days: 9, seed: 2 }).items).not.toEqual(workshop({ days: 9 }).items)
  })

  test('holds only records as a log could hold them', () => {
    const kinds = new Set<string>()
    for (const { index, record } of log.items) {
      const { seq, at, sealed, ...rest } = record
      expect(seq).toBe(index)
      expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      kinds.add(record.kind)
      if (record.kind !== 'log-opened') expect(parseRecord(rest)).not.toHaveProperty('problem')
      if (sealed !== undefined) expect(sealed.subject).toMatch(/^s-[0-9a-f]{16}$/)
    }
    expect(kinds.size).toBeGreaterThan(14)
  })

  test('is written in the order of time, and refers to what was before', () => {
    let last = ''
    for (const { index, record } of log.items) {
      expect(record.at >= last).toBe(true)
      last = record.at
      if ('decision' in record && typeof record.decision === 'number')
        expect(record.decision).toBeLessThan(index)
    }
  })
})
