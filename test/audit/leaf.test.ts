// What an entry of the log may be made of before anything in it is believed.
import { describe, expect, test } from 'vitest'
import { decodeLeaf } from '../../agent/audit/leaf.ts'
import { canonicalJson, RECORD_DEPTH_MAX } from '../../agent/log-format/index.ts'

const STAMP = { seq: 7, at: '2026-11-22T20:00:00.000Z' }
const entryOf = (state: unknown): Buffer =>
  Buffer.from(JSON.stringify({ ...STAMP, fold: 'f', kind: 'snapshot', size: 1, state }))
const read = (entry: Buffer): unknown => decodeLeaf('/log', entry, 7)

/** A record of so many levels: its own, that of `state`, and those in it. */
function nested(levels: number): Buffer {
  let inner: unknown = 1
  for (let level = levels; level > 2; level--) inner = level % 2 === 0 ? [inner] : { inner }
  return entryOf({ inner })
}

describe('an entry', () => {
  test('is read as it stands', () => {
    const entry = entryOf({ text: 'ä \u{1f600} \ufeff' })
    expect(canonicalJson(read(entry))).toBe(canonicalJson(JSON.parse(entry.toString('utf8'))))
  })

  test('may be wide, and may hold brackets in its texts, without being deep', () => {
    const wide = { rows: Array.from({ length: 500 }, (_, i) => ({ cells: [i] })) }
    expect(read(entryOf(wide))).toMatchObject({ state: wide })
    // More of them than a record may nest, each closed in the text itself.
    expect(read(entryOf({ text: '[{}]'.repeat(40) }))).toMatchObject({ kind: 'snapshot' })
  })

  test('is refused where it is nested deeper than a record may be, and read up to there', () => {
    expect(read(nested(RECORD_DEPTH_MAX))).toMatchObject({ kind: 'snapshot' })
    expect(() => read(nested(RECORD_DEPTH_MAX + 1))).toThrow(/is damaged at record 7: it is nested too deep/)
    expect(() => read(Buffer.from('['.repeat(60_000)))).toThrow(/it is nested too deep/)
  })

  test.each([
    ['not UTF-8', Buffer.concat([entryOf({}).subarray(0, -1), Buffer.of(0xc3), Buffer.from('}')])],
    ['no JSON', Buffer.from('{"kind":"snapshot"')],
    ['behind a byte order mark', Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), entryOf({})])],
    ['empty', Buffer.alloc(0)],
  ])('is refused where it is %s', (_what, entry) => {
    expect(() => read(entry)).toThrow(/is damaged at record 7: it is not JSON in UTF-8/)
  })

  test('is refused where it is no record, or another one', () => {
    expect(() => read(Buffer.from('[]'))).toThrow(/record 7: it is not a record of a known kind/)
    expect(() => decodeLeaf('/log', entryOf({}), 8)).toThrow(/record 8: it says that it is record 7/)
    expect(() => decodeLeaf('/log', entryOf({}), 0)).toThrow(/record 0/)
  })
})
