import { describe, expect, test } from 'vitest'
import type { StoredRecord } from '../../agent/audit/index.ts'
import { describeEntry } from '../../agent/cli/audit.ts'
import { recordWords } from '../../agent/cli/record-words.ts'

const stamp = { seq: 7, at: '2026-11-22T20:00:00.000Z' }
const job = '04122fe0-0000-4000-8000-000000000000'
const sha256 = 'ab'.repeat(32)

const records: readonly (readonly [StoredRecord, string])[] = [
  [
    { kind: 'log-opened', format: 'portcullis-log-1', origin: `portcullis/${'0'.repeat(32)}`, ...stamp },
    `log portcullis/${'0'.repeat(32)} begins`,
  ],
  [{ kind: 'tail-truncated', bytes: 12, sha256, ...stamp }, 'cut off 12 bytes that a crash left at the end'],
  [
    { kind: 'agent-started', version: '0.1.0', machine: 'm-1', ...stamp },
    'agent 0.1.0 started on machine m-1',
  ],
  [{ kind: 'agent-ended', ...stamp }, 'agent ended, with the machine at rest'],
  [
    { kind: 'policy-loaded', name: 'maker-space', version: 2, sha256, ...stamp },
    'policy maker-space version 2 loaded',
  ],
  [
    { kind: 'job-opened', job, decision: 3, canonicalSha256: sha256, commands: 9, ...stamp },
    'job 04122fe0 opened: 9 commands, allowed by record 3',
  ],
  [
    { kind: 'job-sealed', job, commandsSent: 5, sha256, ...stamp },
    'job 04122fe0: 5 commands sent, digest abababababababab',
  ],
  [
    {
      kind: 'job-closed',
      job,
      outcome: 'stopped',
      reason: 'interrupted: the job was stopped by Ctrl-C',
      commandsSent: 5,
      commandsTotal: 9,
      sha256,
      ...stamp,
    },
    'job 04122fe0 closed: stopped, 5 of 9 commands (interrupted: the job was stopped by Ctrl-C)',
  ],
  [
    { kind: 'line-refused', job, line: 4, code: 'x', rule: null, message: 'no such command', ...stamp },
    'line 4 refused: no such command',
  ],
  [
    { kind: 'safe-stop', job, reason: 'guard-lost', confirmed: false, ...stamp },
    'safe stop, heaters not confirmed off (guard-lost)',
  ],
]

test.each(records)('a record of each kind is told in a few words: %o', (record, words) => {
  expect(recordWords(record)).toBe(words)
})

describe('a decision, which is opaque to the log,', () => {
  const words = (decision: object): string => recordWords({ kind: 'decision', decision, ...stamp })

  test('is told with its outcome, its job and its first reason', () => {
    const reasons = [{ message: 'nozzle target 300 °C is above the limit of 260 °C' }, { message: 'second' }]
    expect(words({ outcome: 'deny', job: { name: 'hot.gcode' }, reasons })).toBe(
      'decision deny for hot.gcode: nozzle target 300 °C is above the limit of 260 °C',
    )
    expect(words({ outcome: 'allow', job: { name: 'cube.gcode' }, reasons: [] })).toBe(
      'decision allow for cube.gcode',
    )
  })

  test('never makes the list fail, whatever its document holds', () => {
    for (const odd of [{}, { job: null }, { reasons: 'x', job: [] }, { outcome: 3, job: { name: 4 } }, []])
      expect(words(odd)).toBe('decision ? for ?')
    expect(words({ reasons: [null], outcome: 'allow' })).toBe('decision allow for ?')
  })
})

test('an entry stands with its index and time on one line', () => {
  const record: StoredRecord = { kind: 'agent-started', version: '1', machine: 'm-1', ...stamp }
  expect(describeEntry({ index: 7, hash: sha256, record })).toBe(
    '    7  2026-11-22T20:00:00.000Z  agent 1 started on machine m-1',
  )
})
