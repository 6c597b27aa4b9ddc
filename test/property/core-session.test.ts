/** Whatever a printer says, in whatever pieces: the session never throws, and never sends what was not judged. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  closingAgainLines,
  closingLines,
  HELLO,
  preambleLines,
  safeStopLines,
} from '../../agent/core/printer/marlin-lines.ts'
import { printable, replyKind, reportsCold, reportsTemperatures } from '../../agent/core/printer/reply.ts'
import type { DurableIndex } from '../../agent/durable-index.ts'
import { LineReader } from '../../agent/serial/line-reader.ts'
import { COLD, HOT, JOB, type SessionBench, sessionBench } from '../core/session-bench.ts'

const PREAMBLE = preambleLines([])

const CLOSING = closingLines([])
const CLOSING_AGAIN = closingAgainLines([])
const MARLIN_SAFE_STOP = safeStopLines([])

const OURS: ReadonlySet<string> = new Set([
  HELLO,
  ...PREAMBLE,
  ...JOB,
  ...CLOSING,
  ...CLOSING_AGAIN,
  ...MARLIN_SAFE_STOP.heatersOff,
  MARLIN_SAFE_STOP.dropMoves,
  MARLIN_SAFE_STOP.breakWait,
  MARLIN_SAFE_STOP.poll,
  MARLIN_SAFE_STOP.emergency,
])

const GENUINE = [
  'ok',
  'ok N3 P15 B3',
  'ok N999999999999999999999 P-1 B9999999999999999999',
  COLD,
  HOT,
  COLD.slice(2),
  'Resend: 1',
  'Resend: 4',
  'Resend: -1',
  'Resend:',
  `Resend: ${'9'.repeat(500)}`,
  'rs 2',
  'Error:checksum mismatch, Last Line: 3',
  'Error:Line Number is not Last Line Number+1, Last Line: 0',
  'echo:busy: processing',
  'wait',
  '//action:pause',
  'echo:Unknown command: "M141 S0"',
]
const FATAL = ['start', 'Error:MINTEMP', 'Error:Printer halted. kill() called!', '//action:cancel']

const anyText = fc.string({ unit: 'binary', maxLength: 60 })
/** A genuine reply with a piece of noise in it. */
const damaged = fc
  .tuple(fc.constantFrom(...GENUINE), fc.nat(40), anyText)
  .map(([line, at, noise]) => line.slice(0, at) + noise + line.slice(at + 1))
const reply = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...GENUINE) },
  { weight: 1, arbitrary: fc.constantFrom(...FATAL) },
  { weight: 2, arbitrary: damaged },
  { weight: 1, arbitrary: anyText },
)

type Happening =
  | { readonly kind: 'reply'; readonly line: string }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'record' | 'fail' | 'block' | 'end' | 'stop' | 'lost' }

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 20, arbitrary: reply.map((line) => ({ kind: 'reply' as const, line })) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 20_000 }).map((ms) => ({ kind: 'pass' as const, ms })) },
  { weight: 4, arbitrary: fc.constantFrom({ kind: 'record' as const }, { kind: 'block' as const }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { kind: 'fail' as const },
      { kind: 'end' as const },
      { kind: 'stop' as const },
      { kind: 'lost' as const },
    ),
  },
)

/** Lets it happen, and says which records are durable by then. */
function happen(bench: SessionBench, event: Happening): void {
  const { session } = bench
  const lastRecord = bench.effects.findLast((effect) => effect.kind === 'append')
  switch (event.kind) {
    case 'reply':
      bench.hear(event.line)
      return
    case 'pass':
      bench.pass(event.ms)
      return
    case 'record':
      if (lastRecord?.kind === 'append') session.recorded(lastRecord.id, 0 as DurableIndex, bench.nowMs)
      return
    case 'fail':
      if (lastRecord?.kind === 'append') session.recordFailed(lastRecord.id, 'no space is left', bench.nowMs)
      return
    case 'block':
      session.jobBlock(Buffer.from(`${JOB.join('\n')}\n`), bench.nowMs)
      return
    case 'end':
      session.jobEnded(bench.nowMs)
      return
    case 'stop':
      session.stop('interrupted', 'the test stops it', bench.nowMs)
      return
    case 'lost':
      session.portEnded('the test pulls it', bench.nowMs)
  }
}

describe('a session', () => {
  test('never throws, and never sends a line that is not ours or the job’s, whatever happens when', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (events) => {
        const bench = sessionBench()
        bench.session.start(bench.nowMs)
        for (const event of events) happen(bench, event)
        for (const command of bench.commands()) expect(OURS.has(command), command).toBe(true)
      }),
      { numRuns: 600 },
    )
  })

  test('sends nothing but hellos and the safe stop before its record is durable, whatever it hears', () => {
    fc.assert(
      fc.property(fc.array(reply, { maxLength: 60 }), (lines) => {
        const bench = sessionBench()
        bench.session.start(bench.nowMs)
        bench.hear(...lines)
        bench.pass(1_000)
        expect(bench.sent()).not.toMatch(/G21|G28|N1 /)
      }),
      { numRuns: 400 },
    )
  })

  test('always ends once it was stopped, with one last record and one end', () => {
    fc.assert(
      fc.property(
        fc.array(happening, { maxLength: 40 }),
        fc.array(reply, { maxLength: 20 }),
        (events, lines) => {
          const bench = sessionBench()
          bench.session.start(bench.nowMs)
          for (const event of events) happen(bench, event)
          bench.session.stop('interrupted', 'the test stops it', bench.nowMs)
          bench.hear(...lines)
          bench.pass(10_000)
          if (bench.session.phase === 'ending') bench.record('job-closed')
          expect(bench.session.phase).toBe('done')
          expect(bench.records().filter(({ kind }) => kind === 'job-closed')).toHaveLength(1)
          expect(bench.effects.filter(({ kind }) => kind === 'finished')).toHaveLength(1)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('hears the same from any chunks of the same bytes', () => {
    fc.assert(
      fc.property(
        fc.array(reply, { maxLength: 30 }),
        fc.array(fc.nat(400), { maxLength: 20 }),
        (lines, cuts) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1')
          expect(sentFor(bytes, cuts)).toBe(sentFor(bytes, []))
        },
      ),
      { numRuns: 300 },
    )
  })
})

/** What a session in mid-job sends when it hears these bytes, cut at these places. */
function sentFor(bytes: Uint8Array, cuts: readonly number[]): string {
  const bench = sessionBench()
  bench.goTo('job')
  bench.giveJob()
  const reader = new LineReader({ line: (text) => bench.hear(text) })
  let from = 0
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.max(from, Math.min(cut, bytes.length))
    if (to > from) reader.push(bytes.subarray(from, to))
    from = to
  }
  reader.push(bytes.subarray(from))
  return bench.sent()
}

describe('a reply', () => {
  test('of any text is told without throwing, and a cold report is always a report', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, damaged), (line) => {
        expect(replyKind(line)).toBeGreaterThanOrEqual(0)
        if (reportsCold(line)) expect(reportsTemperatures(line)).toBe(true)
        expect(printable(line)).toMatch(/^[\x20-\x7e]{0,80}$/)
      }),
    )
  })

  test('of a megabyte is told at once', () => {
    for (const text of ['T:', ' T:1', '/0', 'T:1 /', ' '.repeat(10), 'ok N1']) {
      const line = `ok${text.repeat(1_000_000 / text.length)}`
      expect(reportsCold(line)).toBeTypeOf('boolean')
      expect(replyKind(line)).toBeTypeOf('number')
    }
  })
})
