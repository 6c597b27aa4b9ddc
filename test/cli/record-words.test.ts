import { describe, expect, test } from 'vitest'
import { describeEntry } from '../../agent/cli/audit.ts'
import { recordWords } from '../../agent/cli/record-words.ts'
import { RECORD_KINDS, type StoredRecord } from '../../agent/log-format/index.ts'

const stamp = { seq: 7, at: '2026-11-22T20:00:00.000Z' }
const job = '04122fe0-0000-4000-8000-000000000000'
const sha256 = 'ab'.repeat(32)

const subject = 's-0123456789abcdef'

const records: readonly (readonly [StoredRecord, string])[] = [
  [
    {
      kind: 'log-opened',
      format: 'portcullis-log-2',
      origin: 'portcullis/m-0/l-0',
      logKey: '',
      machineKey: '',
      signature: '',
      ...stamp,
    },
    'log portcullis/m-0/l-0 begins',
  ],
  [{ kind: 'tail-truncated', bytes: 12, sha256, ...stamp }, 'cut off 12 bytes that a crash left at the end'],
  [
    { kind: 'agent-started', version: '0.1.0', machine: 'm-1', ...stamp },
    'agent 0.1.0 started on machine m-1',
  ],
  [{ kind: 'agent-ended', ...stamp }, 'agent ended, with the machine at rest'],
  [
    { kind: 'snapshot', fold: 'last-end', size: 9, state: {}, ...stamp },
    'snapshot of last-end over 9 records',
  ],
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
      code: 'interrupted',
      reason: 'the job was stopped by Ctrl-C',
      commandsSent: 5,
      commandsTotal: 9,
      sha256,
      ...stamp,
    },
    'job 04122fe0 closed: stopped, 5 of 9 commands (interrupted): the job was stopped by Ctrl-C',
  ],
  [
    { kind: 'stream-opened', job, host: 'printrun', ...stamp },
    'job 04122fe0 opened: a stream of the host, printrun',
  ],
  [{ kind: 'job-armed', job, decision: 3, ...stamp }, 'job 04122fe0 armed, allowed by record 3'],
  [{ kind: 'job-disarmed', job, by: 'ada', ...stamp }, 'job 04122fe0 disarmed by ada'],
  [
    { kind: 'interlude', job, commandsSent: 4, ...stamp },
    'job 04122fe0 paused: 4 commands in the pause, then put back',
  ],
  [{ kind: 'host-opened', place: '/run/printer', ...stamp }, 'host came to /run/printer'],
  [
    { kind: 'host-closed', lines: 3, place: '/run/printer', ...stamp },
    'host left /run/printer after 3 lines',
  ],
  [{ kind: 'printer-opened', port: '/dev/ttyACM0', ...stamp }, 'printer at /dev/ttyACM0 opened'],
  [
    { kind: 'printer-lost', port: '/dev/ttyACM0', reason: 'unplugged', ...stamp },
    'printer at /dev/ttyACM0 lost: unplugged',
  ],
  [
    {
      kind: 'odometer',
      job: null,
      printer: { prints: 3, finished: 2, printSeconds: 60, filamentMm: 1200.4 },
      sent: { filamentMm: 10.2, commands: 5 },
      ...stamp,
    },
    'odometer: 3 prints, 1200 mm of filament; 10 mm of filament sent since the last',
  ],
  [
    { kind: 'odometer', job: null, printer: null, sent: { filamentMm: 0, commands: 5 }, ...stamp },
    'odometer: the printer keeps none, 0 mm of filament sent since the last',
  ],
  [
    { kind: 'line-refused', job, line: 4, code: 'x', rule: null, message: 'no such command', ...stamp },
    'line 4 refused: no such command',
  ],
  [
    { kind: 'latched', job: null, code: 'host-lost', reason: 'it went', ...stamp },
    'blocked: host-lost: it went',
  ],
  [{ kind: 'stop-asked', by: 'ada', reason: 'smoke', ...stamp }, 'stop asked for by ada: smoke'],
  [{ kind: 'cleared', by: 'ada', ...stamp }, 'cleared by ada'],
  [{ kind: 'emergency-stop', by: 'the host', ...stamp }, 'emergency stop by the host'],
  [
    { kind: 'safe-stop', job, code: 'guard-lost', reason: 'it died', confirmed: false, ...stamp },
    'safe stop, heaters not confirmed off (guard-lost): it died',
  ],
  [
    {
      kind: 'copy',
      licence: 'lic-1',
      copy: 'c0ffee00-1',
      job,
      state: 'printed',
      terms: null,
      refund: null,
      ...stamp,
    },
    'copy c0ffee00 of licence lic-1: printed',
  ],
  [
    {
      kind: 'hold-decided',
      decision: 3,
      outcome: 'released',
      role: 'site',
      by: 'ada',
      reason: 'known',
      ...stamp,
    },
    'hold of record 3 released by ada, for the site: known',
  ],
  [
    {
      kind: 'override',
      decision: 3,
      rules: ['part-size'],
      role: 'site',
      by: 'ada',
      reason: 'drill',
      ...stamp,
    },
    'override for record 3 by ada: part-size: drill',
  ],
  [
    {
      kind: 'copy',
      licence: 'lic-1',
      copy: 'c0ffee00-1',
      job,
      state: 'returned',
      terms: null,
      refund: { id: 'r-1', of: 'uncertain', under: ['lic-1'], filamentMm: 5 },
      ...stamp,
    },
    'copy c0ffee00 of licence lic-1: returned, by refund r-1',
  ],
  [
    {
      kind: 'report-filed',
      licence: 'lic-1',
      through: 9,
      sha256,
      by: 'ada',
      text: 'three are in use',
      ...stamp,
    },
    'report on licence lic-1 through record 9 by ada: three are in use',
  ],
  [
    { kind: 'appeal-filed', decision: 3, by: 'ada', text: 'it fits', ...stamp },
    'appeal against record 3 by ada: it fits',
  ],
  [
    { kind: 'appeal-decided', appeal: 4, outcome: 'upheld', by: 'bob', reason: 'so it does', ...stamp },
    'appeal of record 4 upheld by bob: so it does',
  ],
  [
    { kind: 'incident', uid: 'u', rule: 'probing', severity: 'high', first: 1, last: 9, count: 4, ...stamp },
    'incident probing, high: 4 times in records 1 to 9',
  ],
  [
    { kind: 'incident-exported', incident: 9, to: 'http', isSent: false, by: null, ...stamp },
    'incident of record 9 could not go to an HTTP endpoint',
  ],
  [
    { kind: 'incident-exported', incident: 9, to: 'person', isSent: true, by: 'ada', ...stamp },
    'incident of record 9 exported by ada',
  ],
  [
    {
      kind: 'erasure',
      subject,
      cause: 'request',
      rows: 2,
      deferredRows: 1,
      deferredUntil: '2027-01-01T00:00:00.000Z',
      by: 'ada',
      ...stamp,
    },
    '2 entries of s-0123456789abcdef erased on request; 1 more kept until 2027-01-01',
  ],
  [
    {
      kind: 'erasure',
      subject,
      cause: 'request',
      rows: 0,
      deferredRows: 3,
      deferredUntil: '2027-01-01T00:00:00.000Z',
      by: 'ada',
      ...stamp,
    },
    'erasure of s-0123456789abcdef on request put off: 3 kept until 2027-01-01',
  ],
  [
    {
      kind: 'witnessed',
      size: 9,
      root: sha256,
      cosigners: [{ name: 'w1', keyId: 'aabbccdd', time: 1 }],
      ...stamp,
    },
    '9 records witnessed by w1',
  ],
  [
    {
      kind: 'witness-refused',
      witness: 'w1',
      status: 409,
      size: 9,
      witnessSize: 12,
      isProven: true,
      ...stamp,
    },
    'witness w1 refused 9 records: it has shown 12 (409)',
  ],
  [
    {
      kind: 'list-seen',
      type: 'status-list',
      uri: 'https://lists.example.org/1',
      issuedAt: 1_795_000_000,
      sha256,
      ...stamp,
    },
    'status list https://lists.example.org/1 of 2026-11-18T11:06:40Z used',
  ],
  [
    {
      kind: 'list-seen',
      type: 'screening-list',
      uri: 'https://a.example',
      issuedAt: 1e15,
      sha256,
      ...stamp,
    },
    'screening list https://a.example of second 1000000000000000 used',
  ],
  [
    {
      kind: 'sampled',
      size: 9,
      from: 0,
      tier: null,
      source: 'beacon',
      seed: sha256,
      population: 4,
      drawn: [2, 7],
      ...stamp,
    },
    '2 of 4 decisions drawn for review: 2, 7',
  ],
  [
    {
      kind: 'reviewed',
      sample: 9,
      decision: 2,
      finding: 'doubtful',
      lesson: null,
      by: 'ada',
      note: 'odd',
      ...stamp,
    },
    'record 2 found doubtful by ada: odd',
  ],
  [{ kind: 'case-approved', decision: 2, by: 'ada', ...stamp }, 'record 2 may be told outside, says ada'],
]

test('every kind is told here, but the decision, which has its own words below', () => {
  const told = new Set(records.map(([record]) => record.kind))
  expect(RECORD_KINDS.filter((kind) => !told.has(kind))).toEqual(['decision'])
})

test('what is hidden is told as hidden', () => {
  expect(recordWords({ kind: 'cleared', ...stamp })).toBe('cleared by (hidden)')
  expect(recordWords({ kind: 'latched', job: null, code: 'host-lost', ...stamp })).toBe('blocked: host-lost')
  expect(recordWords({ kind: 'line-refused', job, line: 4, code: 'policy.axis', rule: null, ...stamp })).toBe(
    'line 4 refused: policy.axis (hidden)',
  )
})

test.each(records)('a record of each kind is told in a few words: %o', (record, words) => {
  expect(recordWords(record)).toBe(words)
})

describe('a decision', () => {
  const open: StoredRecord & { kind: 'decision' } = {
    kind: 'decision',
    id: job,
    outcome: 'deny',
    tier: 'open',
    job: { bytes: 1, lines: 1, commands: 1, sha256, canonicalSha256: sha256 },
    policy: { name: 'p', version: 1, sha256 },
    licence: null,
    reasons: [{ code: 'nozzle-temperature', rule: 'nozzle-temperature', outcome: 'deny', line: 1, count: 1 }],
    decidedInMs: 5,
    ...stamp,
  }
  const words = (decision: object): string => recordWords({ ...open, decision, user: null })

  test('is told with its outcome, its job and its first reason', () => {
    const reasons = [{ message: 'nozzle target 300 °C is above the limit of 260 °C' }, { message: 'second' }]
    expect(words({ job: { name: 'hot.gcode' }, reasons })).toBe(
      'decision deny for hot.gcode: nozzle target 300 °C is above the limit of 260 °C',
    )
    expect(words({ job: { name: 'cube.gcode' }, reasons: [] })).toBe('decision deny for cube.gcode')
  })

  test('whose document is erased is told by its code', () => {
    expect(recordWords(open)).toBe('decision deny for (hidden) (nozzle-temperature)')
  })

  test('never makes the list fail, whatever its document holds', () => {
    for (const odd of [{}, { job: null }, { reasons: 'x', job: [] }, { outcome: 3, job: { name: 4 } }, []])
      expect(words(odd)).toBe('decision deny for ?')
    expect(words({ reasons: [null] })).toBe('decision deny for ?')
  })
})

test('an entry stands with its index and time on one line', () => {
  const record: StoredRecord = { kind: 'agent-started', version: '1', machine: 'm-1', ...stamp }
  expect(describeEntry({ index: 7, record })).toBe(
    '    7  2026-11-22T20:00:00.000Z  agent 1 started on machine m-1',
  )
})
