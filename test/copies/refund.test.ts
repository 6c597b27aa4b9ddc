import { describe, expect, test } from 'vitest'
import { refundRecord } from '../../agent/copies/index.ts'
import type { StoredRecord } from '../../agent/log-format/index.ts'
import { ANCHOR, copyRecord, KEY, opened, PARENT, termsOf } from './book.ts'

async function* entriesOf(
  records: readonly StoredRecord[],
): AsyncGenerator<{ readonly record: StoredRecord }> {
  for (const [seq, record] of records.entries()) yield { record: { ...record, seq } }
}

const ORDER = { id: 'r-1', licence: KEY, copy: 'a', anchor: ANCHOR }
const apply = (records: readonly StoredRecord[], order = ORDER) => refundRecord(entriesOf(records), order)
const terms = termsOf({ counters: [KEY, PARENT].map((licence) => ({ licence, limit: 3 })), filamentMm: 7 })
const PRINTED = [
  copyRecord('a', 'reserved', { terms }),
  opened('a'),
  copyRecord('a', 'printing'),
  copyRecord('b', 'reserved'),
  copyRecord('a', 'printed'),
]
const LOST = [copyRecord('a', 'reserved', { terms }), opened('a'), copyRecord('a', 'uncertain')]
const RETURNED = {
  kind: 'copy',
  licence: KEY,
  copy: 'a',
  job: 'a',
  state: 'returned',
  terms: null,
} as const

describe('a refund', () => {
  test('gives back what is printed or uncertain, in all that it counted in', async () => {
    const under = [KEY, PARENT]
    const refund = { id: 'r-1', of: 'printed', under, filamentMm: 7 }
    expect(await apply(PRINTED)).toEqual({ ...RETURNED, refund })
    expect(await apply(LOST)).toEqual({ ...RETURNED, refund: { ...refund, of: 'uncertain' } })
  })

  test('may come from the issuer of a parent', async () => {
    expect(await apply(LOST, { ...ORDER, licence: PARENT })).toMatchObject({
      licence: KEY,
      state: 'returned',
    })
  })

  test.each<[string, readonly StoredRecord[], Partial<typeof ORDER>, string]>([
    ['of a copy that is not there', [], {}, 'there is no copy `a` in this log'],
    ['of another licence', LOST, { licence: 'x#y' }, 'copy `a` is of another licence'],
    ['under another root', LOST, { anchor: 'ab'.repeat(32) }, 'signed under another root certificate'],
    ['of what is reserved', LOST.slice(0, 1), {}, 'copy `a` is reserved: only what is printed or uncertain'],
    ['of what is printing', PRINTED.slice(0, 4), {}, 'copy `a` is printing: only'],
    [
      'of what came back',
      [copyRecord('a', 'reserved'), copyRecord('a', 'returned')],
      {},
      'is returned already',
    ],
  ])('%s is refused', async (_, records, order, problem) => {
    const made = await apply(records, { ...ORDER, ...order })
    expect(made).toEqual({ problem: expect.stringContaining(problem) })
  })

  test('is used once, for this copy and for any other', async () => {
    const made = await apply(LOST)
    const after = [...LOST, made as StoredRecord]
    expect(await apply(after)).toEqual({
      problem: 'refund `r-1` was used already, by record 3',
      isUsed: true,
    })
    const other = [...after, copyRecord('b', 'reserved'), copyRecord('b', 'uncertain')]
    expect(await apply(other, { ...ORDER, copy: 'b' })).toEqual({
      problem: 'refund `r-1` was used already, by record 3',
      isUsed: true,
    })
    expect(await apply(other, { ...ORDER, copy: 'b', id: 'r-2' })).toMatchObject({
      copy: 'b',
      state: 'returned',
    })
    expect(await apply(after, { ...ORDER, id: 'r-2' })).toEqual({ problem: 'copy `a` is returned already' })
  })
})
