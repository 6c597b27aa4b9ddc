import { describe, expect, test } from 'vitest'
import {
  EMPTY_BOOK,
  openCopyOf,
  readBook,
  useOf,
  usesOf,
  wasFinished,
  writeBook,
} from '../../agent/copies/index.ts'
import { RECORD_BYTES_MAX, type StoredRecord } from '../../agent/log-format/index.ts'
import { decisionOf } from '../state-scratch.ts'
import {
  bookOf,
  closed,
  copyRecord,
  DAY_MS,
  disarmed,
  KEY,
  opened,
  PARENT,
  reported,
  START_MS,
  termsOf,
} from './book.ts'

const use = (records: Parameters<typeof bookOf>[0], key = KEY, nowMs = START_MS) =>
  useOf(bookOf(records), key, nowMs)

/** A decision that rests on a licence with this token. */
function decided(id: string, sha256?: string): StoredRecord {
  const licence = { id: KEY, ...(sha256 !== undefined && { sha256 }) }
  return { ...decisionOf(id, null), licence, seq: 0, at: new Date(START_MS).toISOString() } as StoredRecord
}

describe('copies of a licence', () => {
  test.each([
    [['reserved'], 1],
    [['reserved', 'printing'], 1],
    [['reserved', 'printing', 'printed'], 1],
    [['reserved', 'printing', 'uncertain'], 1],
    [['reserved', 'uncertain'], 1],
    [['reserved', 'returned'], 0],
    [['reserved', 'printing', 'returned'], 0],
  ] as const)('that go %j count %i', (states, used) => {
    expect(use(states.map((state) => copyRecord('a', state)))?.used).toBe(used)
  })

  test('of which nothing is on record are nothing', () => {
    expect(use([])).toBeUndefined()
    expect(usesOf(EMPTY_BOOK, START_MS)).toEqual({})
    expect(useOf(EMPTY_BOOK, '__proto__', START_MS)).toBeUndefined()
    expect(openCopyOf(EMPTY_BOOK, 'constructor')).toBeUndefined()
  })

  test('count in each parent too, by the parents that the record names', () => {
    const terms = termsOf({ counters: [KEY, PARENT].map((licence) => ({ licence, limit: 3 })) })
    const records = [copyRecord('a', 'reserved', { terms }), copyRecord('b', 'reserved')]
    expect(usesOf(bookOf(records), START_MS)).toMatchObject({ [KEY]: { used: 2 }, [PARENT]: { used: 1 } })
    const book = bookOf([...records, copyRecord('a', 'returned')])
    expect(usesOf(book, START_MS)).toMatchObject({ [KEY]: { used: 1 }, [PARENT]: { used: 0 } })
  })

  test('tell which token was met first: by the decision before it, and for a parent by the key of its child', () => {
    const [first, second] = ['1', '2'].map((digit) => digit.repeat(64)) as [string, string]
    const child = `${KEY}@${first}`
    const terms = termsOf({ counters: [child, PARENT].map((licence) => ({ licence, limit: 3 })) })
    const records = [
      decided('a', second),
      copyRecord('a', 'reserved', { terms }),
      decided('b', first),
      decided('c'),
      copyRecord('c', 'reserved'),
      copyRecord('b', 'reserved', { terms }),
    ]
    const uses = usesOf(bookOf(records), START_MS)
    expect(uses).toMatchObject({
      [child]: { used: 2, firstSha256: second },
      [PARENT]: { used: 2, firstSha256: first },
      [KEY]: { used: 1, firstSha256: null },
    })
    expect(readBook(JSON.parse(JSON.stringify(writeBook(bookOf(records)))))).toEqual(bookOf(records))
  })

  test('that are told of twice are one', () => {
    const twice = [copyRecord('a', 'reserved'), copyRecord('a', 'reserved')]
    expect(use(twice)?.used).toBe(1)
    expect(use([...twice, copyRecord('a', 'returned'), copyRecord('a', 'reserved')])?.used).toBe(0)
    const printed = ['reserved', 'printing', 'printed', 'printed', 'returned'] as const
    expect(use(printed.map((state) => copyRecord('a', state)))?.used).toBe(1)
    expect(use([copyRecord('a', 'printed')])).toBeUndefined()
  })

  test('whose record does not say what they count in count in their licence, and for good at once', () => {
    const book = bookOf([copyRecord('a', 'reserved', { terms: null })])
    expect(useOf(book, KEY, START_MS)?.used).toBe(1)
    expect(openCopyOf(book, 'a')).toMatchObject({ commitAt: 1, onAbort: 'spend', under: [KEY] })
  })

  test('are known from the record on that reserved the first', () => {
    const records = [disarmed('x'), copyRecord('a', 'reserved'), copyRecord('b', 'reserved')]
    expect(useOf(bookOf(records, 40), KEY, START_MS)?.firstRecord).toBe(41)
  })

  test('given back by a refund make room, whichever they were', () => {
    const refund = (of: 'printed' | 'uncertain') => ({ id: 'r', of, under: [KEY], filamentMm: 100 })
    const printed = ['reserved', 'printing', 'printed'] as const
    const records = printed.map((state) => copyRecord('a', state))
    const lost = [copyRecord('b', 'reserved'), copyRecord('b', 'uncertain')]
    const made = [...records, ...lost]
    expect(use(made)).toMatchObject({ used: 2, filamentMm: 200 })
    const first = copyRecord('a', 'returned', { refund: refund('printed') })
    expect(use([...made, first])).toMatchObject({ used: 1, filamentMm: 100 })
    const both = [...made, first, copyRecord('b', 'returned', { refund: refund('uncertain') })]
    expect(use(both)).toMatchObject({ used: 0, filamentMm: 0 })
    // One that is not there cannot be given back.
    expect(use([...both, first])).toMatchObject({ used: 0, filamentMm: 0 })
  })
})

describe('copies of a day', () => {
  const on = (day: number, copy: string) => copyRecord(copy, 'reserved', { atMs: START_MS + day * DAY_MS })
  const today = (records: Parameters<typeof bookOf>[0], day: number) =>
    use(records, KEY, START_MS + day * DAY_MS)?.usedToday

  test('are those that were reserved on it, by the time of the records, in UTC', () => {
    const records = [on(0, 'a'), on(0, 'b'), on(1, 'c')]
    expect(today(records.slice(0, 2), 0)).toBe(2)
    expect(today(records, 1)).toBe(1)
    expect(today(records, 2)).toBe(0)
    const midnightMs = Math.floor(START_MS / DAY_MS + 1) * DAY_MS
    expect(useOf(bookOf(records.slice(0, 2)), KEY, midnightMs - 1)?.usedToday).toBe(2)
    expect(useOf(bookOf(records.slice(0, 2)), KEY, midnightMs)?.usedToday).toBe(0)
  })

  test('are not made again by a clock that is set back', () => {
    expect(today([on(1, 'a'), on(1, 'b')], 0)).toBe(2)
    expect(today([on(1, 'a'), on(0, 'b')], 1)).toBe(2)
  })

  test('that come back on it are free again, and those of another day are not of it', () => {
    expect(today([on(0, 'a'), on(0, 'b'), copyRecord('a', 'returned')], 0)).toBe(1)
    expect(today([on(0, 'a'), on(1, 'b'), copyRecord('a', 'returned')], 1)).toBe(1)
  })
})

describe('the filament of a licence', () => {
  test('is that of all copies that count', () => {
    const more = copyRecord('b', 'reserved', { terms: termsOf({ filamentMm: 0.5 }) })
    expect(use([copyRecord('a', 'reserved'), more])?.filamentMm).toBe(100.5)
    expect(use([copyRecord('a', 'reserved'), more, copyRecord('a', 'returned')])?.filamentMm).toBe(0.5)
  })
})

describe('what is to be reported', () => {
  const made = (copy: string, day: number) =>
    (['reserved', 'printing', 'printed'] as const).map((state) =>
      copyRecord(copy, state, { atMs: START_MS + day * DAY_MS }),
    )
  const since = (records: Parameters<typeof bookOf>[0]) => use(records)?.unreportedSinceMs

  test('is nothing before a copy is made, and then the oldest', () => {
    expect(since([copyRecord('a', 'reserved')])).toBeNull()
    expect(since([copyRecord('a', 'reserved'), copyRecord('a', 'returned')])).toBeNull()
    expect(since([...made('a', 1), ...made('b', 2)])).toBe(START_MS + DAY_MS)
    expect(since([...made('b', 2), ...made('a', 1)])).toBe(START_MS + DAY_MS)
    expect(since([copyRecord('a', 'reserved'), copyRecord('a', 'uncertain')])).toBe(START_MS)
  })

  test('is covered by a report that is not older than any of it', () => {
    const all = [...made('a', 1), ...made('b', 2)]
    expect(since([...all, reported(KEY, 5)])).toBeNull()
    expect(since([...all, reported(KEY, 4)])).toBe(START_MS + DAY_MS)
    expect(since([...all, reported(PARENT, 5)])).toBe(START_MS + DAY_MS)
    expect(since([...all, reported(KEY, 5), ...made('c', 3)])).toBe(START_MS + 3 * DAY_MS)
  })
})

describe('a book in a snapshot', () => {
  const LONG = Array.from({ length: 80 }, (_, i) => [
    copyRecord(`c-${i}`, 'reserved'),
    copyRecord(`c-${i}`, 'returned'),
  ])
  const records = [
    ...LONG.flat(),
    copyRecord('a', 'reserved', { terms: termsOf({ counters: [{ licence: PARENT, limit: 1 }] }) }),
    opened('a'),
    copyRecord('a', 'printing'),
    copyRecord('b', 'reserved'),
    copyRecord('p', 'reserved'),
    copyRecord('p', 'uncertain'),
    disarmed('b'),
    closed('a', 'uncertain', 30, 'port-lost'),
  ]

  test('reads back as it was, and goes on from there', () => {
    for (let cut = 0; cut <= records.length; cut += 7) {
      const before = bookOf(records.slice(0, cut))
      const back = readBook(JSON.parse(JSON.stringify(writeBook(before))))
      expect(back).toEqual(before)
      expect(bookOf(records.slice(cut), cut, back)).toEqual(bookOf(records))
    }
  })

  test('is as long as there are licences, not as there were copies', () => {
    const length = (book: ReturnType<typeof bookOf>) => JSON.stringify(writeBook(book)).length
    const many = Array.from({ length: 500 }, (_, i) => [
      copyRecord(`d-${i}`, 'reserved'),
      copyRecord(`d-${i}`, 'returned'),
    ])
    const once = bookOf(records)
    const later = bookOf(many.flat(), records.length, once)
    expect(wasFinished(later, 'd-499')).toBe(true)
    expect(wasFinished(later, 'c-79')).toBe(false)
    expect(length(later)).toBeLessThan(length(once) + 200)
  })

  test('of 320 licences fits into a record', () => {
    const terms = (i: number) => {
      const licence = `https://licences.example.org#5f0b8c1e-6a58-4f64-9d8a-3f4c5b2a${1000 + i}`
      return { licence, terms: termsOf({ counters: [{ licence, limit: 25 }], filamentMm: 12_345.678 }) }
    }
    const many = Array.from({ length: 320 }, (_, i) => [
      decided(`c-${i}`, String(1000 + i).repeat(16)),
      copyRecord(`c-${i}`, 'reserved', terms(i)),
      copyRecord(`c-${i}`, 'uncertain', { licence: terms(i).licence }),
    ])
    const book = bookOf(many.flat(), 1_000_000)
    expect(Object.keys(usesOf(book, START_MS))).toHaveLength(320)
    expect(JSON.stringify(writeBook(book)).length).toBeLessThan(RECORD_BYTES_MAX - 512)
  })

  test.each([
    ['nothing', null],
    ['a list', []],
    ['another snapshot', { put: [] }],
    [
      'a count below nought',
      {
        licences: [[KEY, [-1, 0, 0, 0, 0], [1, 0], 0, [1, null], null]],
        open: [],
        finished: [],
        decided: null,
      },
    ],
    ['half a licence', { licences: [[KEY, [1, 0, 0, 0, 0]]], open: [], finished: [], decided: null }],
    [
      'a copy without terms',
      { licences: [], open: [{ licence: KEY, copy: 'a' }], finished: [], decided: null },
    ],
    ['one member more', { licences: [], open: [], finished: [], decided: null, more: 1 }],
  ])('is not read from %s', (_, value) => {
    expect(readBook(value)).toBeUndefined()
  })
})
