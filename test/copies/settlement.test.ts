import { describe, expect, test } from 'vitest'
import { dueStates, hasPassedCommit, openCopyOf } from '../../agent/copies/index.ts'
import type { StoredRecord } from '../../agent/log-format/index.ts'
import { bookOf, closed, copyRecord, disarmed, opened, termsOf } from './book.ts'

const RESERVED = copyRecord('a', 'reserved')
const SPENT = copyRecord('a', 'reserved', { terms: termsOf({ onAbort: 'spend' }) })
const PRINTING = copyRecord('a', 'printing')

function due(isLeftBehind: boolean, ...records: readonly StoredRecord[]): readonly string[] {
  const copy = openCopyOf(bookOf(records), 'a')
  if (copy === undefined) throw new Error('the copy is open')
  return dueStates(copy, isLeftBehind)
}

const MADE = ['printing', 'printed']

describe('a copy whose job ended', () => {
  test.each<[string, readonly StoredRecord[], readonly string[]]>([
    ['well is printed', [RESERVED, closed('a', 'printed', 100)], MADE],
    ['well, and was committed, is printed', [RESERVED, PRINTING, closed('a', 'printed', 100)], ['printed']],
    [
      'before the commit point comes back',
      [RESERVED, closed('a', 'stopped', 9, 'interrupted')],
      ['returned'],
    ],
    ['at the commit point is spent', [RESERVED, closed('a', 'stopped', 10, 'interrupted')], MADE],
    ['before it, where the licence says so, is spent', [SPENT, closed('a', 'stopped', 0, 'host-lost')], MADE],
    [
      'with the link lost before it comes back',
      [RESERVED, closed('a', 'uncertain', 9, 'port-lost')],
      ['returned'],
    ],
    [
      'with the link lost after it is uncertain',
      [RESERVED, closed('a', 'uncertain', 10, 'port-lost')],
      ['uncertain'],
    ],
    ['with its agent is uncertain', [RESERVED, closed('a', 'uncertain', 0, 'agent-ended')], ['uncertain']],
    ['as failed is uncertain', [RESERVED, closed('a', 'failed', 0)], ['uncertain']],
    ['as a stream ends is uncertain', [RESERVED, closed('a', 'ended', 0)], ['uncertain']],
    // The record says that it passed; a count that says otherwise does not bring it back.
    [
      'committed, with a count before that, is spent',
      [RESERVED, PRINTING, closed('a', 'stopped', 3)],
      ['printed'],
    ],
  ])('%s', (_, records, expected) => {
    const [first, ...rest] = records
    const withOpening = [first!, opened('a'), ...rest]
    expect(due(false, ...withOpening)).toEqual(expected)
    // A start after a crash comes to the same.
    expect(due(true, ...withOpening)).toEqual(expected)
  })
})

describe('a copy whose job has not ended', () => {
  test.each<[string, readonly StoredRecord[], readonly string[], readonly string[]]>([
    ['never began', [RESERVED], [], ['returned']],
    ['never began, though its licence spends', [SPENT], [], ['returned']],
    ['was disarmed', [RESERVED, disarmed('a')], ['returned'], ['returned']],
    ['is printing', [RESERVED, opened('a')], [], ['uncertain']],
    ['is past its commit point', [RESERVED, opened('a'), PRINTING], [], ['uncertain']],
    ['is past it, and was never opened', [RESERVED, PRINTING], [], ['uncertain']],
    ['was opened and disarmed', [RESERVED, opened('a'), disarmed('a')], [], ['uncertain']],
  ])('and %s', (_, records, running, leftBehind) => {
    expect(due(false, ...records)).toEqual(running)
    expect(due(true, ...records)).toEqual(leftBehind)
  })
})

test('the commit point is passed with the command that it names', () => {
  const copy = openCopyOf(bookOf([RESERVED]), 'a')!
  expect([0, 9, 10, 11].map((sent) => hasPassedCommit(copy, sent))).toEqual([false, false, true, true])
})
