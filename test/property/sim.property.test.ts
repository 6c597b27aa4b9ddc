import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Faults,
  type JournalRecord,
  MARLIN_BUILD_NAMES,
  type MarlinBuildName,
  startSimulatedPrinter,
  VirtualClock,
} from '../../agent/sim/index.ts'
import { numbered } from '../sim/bench-printer.ts'

const WORDS = [
  'G1',
  'G2',
  'G28',
  'G4',
  'G90',
  'G91',
  'G92',
  'M82',
  'M83',
  'M84',
  'M104',
  'M109',
  'M140',
  'M190',
  'M105',
  'M106',
  'M108',
  'M110',
  'M112',
  'M114',
  'M117',
  'M118',
  'M155',
  'M20',
  'M23',
  'M24',
  'M28',
  'M29',
  'M220',
  'M221',
  'M302',
  'M400',
  'M410',
  'M503',
  'M999',
  'T0',
  'T9',
  'M0',
  'M92',
  'M206',
  'M211',
  'M111',
  'G17',
  'G18',
  'G20',
  'X10',
  'Y-5',
  'Z.5',
  'E2',
  'F6000',
  'S200',
  'S0',
  'R0',
  'P100',
  'I5',
  'J5',
  'R5',
  'N5',
  'X',
  'a.gco',
  'S99999999999',
  'X1000000000000000000000000000000000000000',
  '"',
  '(',
  ')',
  '\\',
  ';',
  '*',
  '\b',
  '\0',
  '\xff',
] as const

const line = fc.array(fc.constantFrom(...WORDS), { maxLength: 6 }).map((words) => words.join(' '))
const hostile = fc.oneof(
  fc.array(line, { maxLength: 30 }).map((lines) => Buffer.from(`${lines.join('\n')}\n`, 'latin1')),
  fc
    .array(line, { maxLength: 30 })
    .map((lines) => Buffer.from(lines.map((text, i) => `${numbered(i + 1, text)}\n`).join(''), 'latin1')),
  fc.uint8Array({ maxLength: 400 }),
)
const build = fc.constantFrom<MarlinBuildName>(...MARLIN_BUILD_NAMES)

interface Run {
  readonly sent: string
  readonly journal: JournalRecord[]
  readonly state: unknown
}

function run(
  chunks: readonly Uint8Array[],
  options: { build: MarlinBuildName; faults?: Faults; seed?: number; jumps?: boolean; advanceMs?: number },
): Run {
  const clock = new VirtualClock({ jumps: options.jumps === true })
  const journal: JournalRecord[] = []
  let sent = ''
  const printer = startSimulatedPrinter({
    write: (bytes) => {
      sent += Buffer.from(bytes).toString('latin1')
    },
    clock,
    journal: (text) => journal.push(JSON.parse(text)),
    build: options.build,
    hasEmergencyParser: options.seed === 2,
    hasChamber: true,
    faults: options.faults ?? {},
    seed: options.seed ?? 1,
  })
  for (const chunk of chunks) printer.receive(chunk)
  clock.advance(options.advanceMs ?? 30_000)
  const state = printer.state()
  printer.stop()
  return { sent, journal, state }
}

function split(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length]!)
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}

/** All but what is noted when a piece arrives. */
function withoutReceived(journal: readonly JournalRecord[]) {
  return journal.filter(
    (record) => record.kind !== 'received' && !JSON.stringify(record).includes('flip-bit'),
  )
}

function received(journal: readonly JournalRecord[]): string {
  return journal.map((record) => (record.kind === 'received' ? record.hex : '')).join('')
}

describe('the simulated printer', () => {
  test('takes any bytes without throwing, and its state stays finite', () => {
    fc.assert(
      fc.property(
        hostile,
        build,
        fc.boolean(),
        fc.integer({ min: 1, max: 2 }),
        (bytes, name, jumps, seed) => {
          const { state } = run([bytes], { build: name, jumps, seed })
          expect(JSON.stringify(state)).not.toMatch(/null/)
        },
      ),
      { numRuns: 400 },
    )
  })

  test('does the same however its input is cut into pieces', () => {
    fc.assert(
      fc.property(
        hostile,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }),
        build,
        fc.constantFrom<Faults>(
          {},
          { 'resend-every': 3, 'garbage-every': 4, 'flip-bit-every': 29 },
          { 'rx-buffer': 64 },
        ),
        (bytes, sizes, name, faults) => {
          const whole = run([bytes], { build: name, faults })
          const pieces = run(split(bytes, sizes), { build: name, faults })
          expect(pieces.sent).toBe(whole.sent)
          expect(withoutReceived(pieces.journal)).toEqual(withoutReceived(whole.journal))
          expect(received(pieces.journal)).toBe(received(whole.journal))
          expect(pieces.state).toEqual(whole.state)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('answers each plain command with one ok, in any mix', () => {
    const plain = fc.constantFrom(
      'G90',
      'G91',
      'G1 X5 F6000',
      'G1 Y2',
      'G28',
      'M105',
      'M109 S40',
      'M117 ok',
      'M400',
      'G4 P10',
      'T0',
      'M9999',
      'G2 I5',
    )
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 40 }), build, (lines, name) => {
        const text = lines.map((command, i) => `${numbered(i + 1, command)}\n`).join('')
        const { sent } = run([Buffer.from(text)], { build: name, jumps: true })
        expect(sent.split('\n').filter((reply) => reply === 'ok' || reply.startsWith('ok '))).toHaveLength(
          lines.length,
        )
      }),
      { numRuns: 150 },
    )
  })

  test('runs nothing and says nothing after it was killed', () => {
    fc.assert(
      fc.property(hostile, build, (bytes, name) => {
        const { journal } = run([Buffer.from('M104 S200\nM112\n'), bytes], { build: name, jumps: true })
        const killedAt = journal.findIndex((record) => record.kind === 'event' && record.name === 'killed')
        const after = journal.slice(killedAt).filter(({ kind }) => kind === 'command' || kind === 'sent')
        expect(after).toEqual([])
      }),
      { numRuns: 100 },
    )
  })

  test('does the same for the same seed', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 0, max: 1000 }), (bytes, seed) => {
        const faults = { 'garbage-every': 2, 'flip-bit-every': 7, busy: 3 }
        const runs = [1, 2].map(() => run([bytes], { build: 'default', faults, seed, jumps: true }))
        expect(runs[0]).toEqual(runs[1])
      }),
      { numRuns: 100 },
    )
  })
})
