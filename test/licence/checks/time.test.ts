/** How sure the time must be, and what is owed by a date. */
import { describe, expect, test } from 'vitest'
import { DAY_MS, NOW_MS, used } from '../fixture.ts'
import { judged, machineWith, sentences, timeWith } from '../judge.ts'

describe('a doubtful clock', () => {
  const DOUBTS = ['set-back', 'unset', 'ahead'] as const
  const answers = {
    open: ['clock-untrusted (warn)', 'clock-untrusted (warn)', 'clock-untrusted (warn)'],
    registered: ['clock-untrusted (warn)', 'clock-untrusted (warn)', 'clock-untrusted (hold: site)'],
    controlled: [
      'clock-untrusted (hold: site)',
      'clock-untrusted (hold: site)',
      'clock-untrusted (hold: site)',
    ],
    restricted: ['clock-untrusted', 'clock-untrusted', 'clock-untrusted'],
  }

  test.each(Object.entries(answers))('of a licence of tier %s', async (tier, expected) => {
    const found = await Promise.all(DOUBTS.map((doubt) => judged({ tier }, timeWith({ doubt }))))
    expect(found).toEqual(expected)
    expect(await judged({ tier }, timeWith({ doubt: 'none' }))).toBe('allowed')
  })

  test('that is ahead opens no further day, whatever the tier and whatever has lapsed', async () => {
    const grant = { copies: 3, per: { day: 1 } }
    const held = 'clock-untrusted (hold: site)'
    for (const tier of ['open', 'registered', 'controlled']) {
      expect(await judged({ tier, grant }, timeWith({ doubt: 'ahead' }))).toBe(held)
    }
    expect(await judged({ tier: 'restricted', grant }, timeWith({ doubt: 'ahead' }))).toBe('clock-untrusted')
    expect(await judged({ tier: 'open', grant }, timeWith({ doubt: 'set-back' }))).toBe(
      'clock-untrusted (warn)',
    )
    const lapsed = { tier: 'controlled', grant, sunset: NOW_MS / 1000 - 60 }
    expect(await judged(lapsed, timeWith({ doubt: 'ahead', signedMs: NOW_MS }))).toBe(held)
  })

  test('only warns after the sunset', async () => {
    const claims = { tier: 'restricted', sunset: NOW_MS / 1000 - 60 }
    expect(await judged(claims, timeWith({ doubt: 'unset', signedMs: NOW_MS }))).toBe(
      'clock-untrusted (warn)',
    )
    expect(await judged(claims, timeWith({ doubt: 'unset' }))).toBe('clock-untrusted')
  })

  test('says what is wrong with it', async () => {
    expect(await Promise.all(DOUBTS.map((doubt) => sentences({}, timeWith({ doubt }))))).toEqual([
      [
        "the time is not sure enough for this licence: this machine's clock is behind a time that was signed or recorded here",
      ],
      ["the time is not sure enough for this licence: this machine's clock was never set"],
      [
        "the time is not sure enough for this licence: this machine's clock is far ahead of any time that was signed or recorded here",
      ],
    ])
  })
})

describe('a report', () => {
  const within = { obligations: [{ kind: 'report', within_days: 14 }] }
  const printed = (agoMs: number): object => ({ uses: used(1, { unreportedSinceMs: NOW_MS - agoMs }) })

  test('is owed so many days after the oldest copy that none covers', async () => {
    expect(await judged(within)).toBe('allowed')
    expect(await judged(within, { uses: used(1) })).toBe('allowed')
    expect(await judged(within, printed(14 * DAY_MS - 1))).toBe('allowed')
    expect(await judged(within, printed(14 * DAY_MS))).toBe('obligation-overdue (hold: issuer)')
    expect(await judged({}, printed(5000 * DAY_MS))).toBe('allowed')
  })

  test('is owed by a date, of what was printed', async () => {
    const by = (atMs: number): object => ({ obligations: [{ kind: 'report', by: atMs / 1000 }] })
    expect(await judged(by(NOW_MS + 1000), printed(1))).toBe('allowed')
    expect(await judged(by(NOW_MS), printed(1))).toBe('obligation-overdue (hold: issuer)')
    expect(await judged(by(NOW_MS), { uses: used(1) })).toBe('allowed')
  })

  test('of two is overdue with the earlier', async () => {
    const both = { obligations: [...within.obligations, { kind: 'report', by: (NOW_MS - DAY_MS) / 1000 }] }
    expect(await sentences(both, printed(2 * DAY_MS))).toEqual([
      'a report that this licence asks for was due at 2026-11-21T12:00:00Z',
    ])
  })

  test('is no duty to keep records, which the log has', async () => {
    expect(await judged({ obligations: [{ kind: 'retain', days: 1 }] }, printed(50 * DAY_MS))).toBe('allowed')
  })
})

describe('evidence', () => {
  test('is worth at least what the licence asks', async () => {
    const levels = ['software', 'witnessed', 'hardware'] as const
    for (const [wanted, assurance] of levels.entries()) {
      for (const [reached, has] of levels.entries()) {
        const found = await judged({ assurance }, machineWith({ assurance: has }))
        expect(found, `${assurance} on ${has}`).toBe(reached >= wanted ? 'allowed' : 'assurance-too-low')
      }
    }
    expect(await sentences({ assurance: 'hardware' })).toEqual([
      'licence asks for the assurance `hardware`, this gate reaches `software`',
    ])
  })

  test('has as many witnesses as the licence asks', async () => {
    const claims = { obligations: [{ kind: 'witness', cosigners: 2 }] }
    expect(await judged(claims, machineWith({ cosigners: 2 }))).toBe('allowed')
    expect(await judged(claims, machineWith({ cosigners: 1 }))).toBe('assurance-too-low')
    expect(await sentences(claims, machineWith({ cosigners: 1 }))).toEqual([
      'licence asks for the assurance `2 witnesses`, this gate reaches `1 witness`',
    ])
  })
})

test('a drill never reaches a real port', async () => {
  expect(await judged({ drill: true }, machineWith({ isRealPort: false }))).toBe('allowed')
  expect(await judged({}, machineWith({ isRealPort: false }))).toBe('allowed')
  expect(await judged({ drill: true })).toBe('drill-only')
})
