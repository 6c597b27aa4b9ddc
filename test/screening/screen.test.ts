import { describe, expect, test } from 'vitest'
import { screen } from '../../agent/screening/index.ts'
import type { ScreeningEntry, ScreeningList } from '../../agent/screening/screening-list.ts'

const blank = { names: [], countries: [], vendor: null, lot: null, why: 'why' }
const list = (...entries: (Partial<ScreeningEntry> & Pick<ScreeningEntry, 'kind'>)[]): ScreeningList => ({
  uri: 'https://a.example#national',
  name: 'national',
  version: '7',
  source: 'ministry',
  issuedAtMs: 0,
  expiresAtMs: 1,
  sha256: 'ab'.repeat(32),
  entries: entries.map((entry, i) => ({ ...blank, id: `e${i}`, ...entry })),
})
const party = (...names: string[]) => ({ kind: 'party' as const, names })

describe('a party', () => {
  test('is told with the list, its version, its source, the entry, the name and the reason', () => {
    expect(
      screen([list(party('Somebody Else'), party('Severny Zavod', 'Северный Завод'))], {
        endUser: 'ООО «Северный завод»',
      }),
    ).toEqual([
      {
        list: 'national',
        version: '7',
        source: 'ministry',
        entry: 'e1',
        subject: 'end user',
        declared: 'ООО «Северный завод»',
        matched: 'Северный Завод',
        score: 1,
        why: 'why',
      },
    ])
  })

  test.each(['endUser', 'operator', 'licensee', 'vendor'] as const)('is looked for in %s', (subject) => {
    expect(screen([list(party('Severny Zavod'))], { [subject]: 'Severny Zavod' })).toHaveLength(1)
  })

  test('is found behind any number of other words', () => {
    for (const before of [10, 11, 12, 13, 30, 80]) {
      const endUser = `${'a '.repeat(before)}Severny Zavod`
      expect(screen([list(party('Severny Zavod'))], { endUser }), endUser).toHaveLength(1)
      const vendor = `${'ab '.repeat(before / 2)}Grey Polymers`
      const material = list({ kind: 'material', vendor: 'Grey Polymers' })
      expect(screen([material], { vendor }), vendor).toHaveLength(1)
    }
  })

  test('is not looked for in what is no name', () => {
    expect(
      screen([list(party('Severny Zavod'))], { lot: 'Severny Zavod', destination: 'Severny Zavod' }),
    ).toEqual([])
    expect(screen([list(party('Severny Zavod'))], {})).toEqual([])
  })

  test('counts once an entry, by its best name, and the surest comes first', () => {
    const hits = screen([list(party('Severnyi Zavood'), party('Severny Zavod', 'Severny Zavot'))], {
      endUser: 'Severny Zavod',
    })
    expect(hits.map(({ entry, matched }) => [entry, matched])).toEqual([
      ['e1', 'Severny Zavod'],
      ['e0', 'Severnyi Zavood'],
    ])
  })

  test('too common for the list is told twenty times', () => {
    const many = list(...Array.from({ length: 100 }, () => party('Severny Zavod')))
    expect(screen([many], { endUser: 'Severny Zavod' })).toHaveLength(20)
  })
})

describe('a country', () => {
  const countries = list({ kind: 'country', countries: ['XX', 'YY'] })
  test.each([
    ['XX', 1],
    ['xx', 1],
    ['XY', 0],
    ['XXX', 0],
  ])('%s', (destination, hits) => {
    expect(screen([countries], { destination })).toHaveLength(hits)
  })
})

describe('a material', () => {
  test.each<[string, Partial<ScreeningEntry>, { vendor?: string; lot?: string }, number]>([
    ['by its vendor', { vendor: 'Grey Polymers Ltd' }, { vendor: 'GREY POLYMERS' }, 1],
    ['by its vendor, spelt another way', { vendor: 'Grey Polymers' }, { vendor: 'Gray Polymers GmbH' }, 1],
    ['by its lot, as labels spell it', { lot: 'L-77/2' }, { lot: 'l 77.2' }, 1],
    ['by its lot, and only the whole of it', { lot: 'L-77/2' }, { lot: 'L-77/21' }, 0],
    [
      'by both, and both fit',
      { vendor: 'Grey Polymers', lot: 'L-77' },
      { vendor: 'Grey Polymers', lot: 'L77' },
      1,
    ],
    [
      'by both, and the lot is another',
      { vendor: 'Grey Polymers', lot: 'L-77' },
      { vendor: 'Grey Polymers', lot: 'L78' },
      0,
    ],
    [
      'by both, and the vendor is another',
      { vendor: 'Grey Polymers', lot: 'L-77' },
      { vendor: 'Acme', lot: 'L77' },
      0,
    ],
    [
      'by both, and nobody declared the lot',
      { vendor: 'Grey Polymers', lot: 'L-77' },
      { vendor: 'Grey Polymers' },
      1,
    ],
    ['by both, and nobody declared the vendor', { vendor: 'Grey Polymers', lot: 'L-77' }, { lot: 'L77' }, 1],
    ['and nobody declared anything', { vendor: 'Grey Polymers' }, {}, 0],
    ['without a lot that could be compared', { lot: '---' }, { lot: '///' }, 0],
  ])('%s', (_title, entry, subjects, hits) => {
    expect(screen([list({ kind: 'material', ...entry })], subjects)).toHaveLength(hits)
  })
})

test('ten thousand entries and names made to be slow are compared in bounded work', () => {
  const hostile = list(
    ...Array.from({ length: 2000 }, (_, i) =>
      party(...Array.from({ length: 5 }, (_, j) => 'aab '.repeat(40) + i + j)),
    ),
  )
  expect(screen([hostile], { endUser: 'aba '.repeat(50) }).length).toBeLessThanOrEqual(20)
})
