/** Ways in which a host, or whoever has its port, tries to get a line past the gate. Each must fail. */

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { LineJudge } from '../../../agent/core/job-reader.ts'
import { readPolicy } from '../../../policies/index.ts'
import { jobOf } from '../canonical.ts'
import { numbered } from '../numbered.ts'
import {
  type GateBench,
  GREETING_LINES,
  JOB,
  lockstepBench,
  PREAMBLE,
  readyBench,
  streamBench,
} from './gate-bench.ts'

const BAD = 'M104 S300'

/** The policy that comes with us, as a site would use it. */
function makerSpace(): LineJudge {
  const url = new URL('../../../policies/library/maker-space.yaml', import.meta.url)
  const read = readPolicy(readFileSync(url, 'utf8'))
  if (!read.ok) throw new Error('the policy cannot be read')
  return read.policy
}

const blocked = (): GateBench =>
  streamBench(3, { deny: [BAD] })
    .numbered(3, BAD)
    .fresh()

/** Whatever the printer got that a host asked for: the gate's own questions are no matter. */
const hosts = (bench: GateBench): string[] => bench.took().filter((command) => command !== 'M105')

describe('disguise', () => {
  const spellings = [
    'M104 S300',
    'm104 s300',
    ' M104 S300',
    'M104S300',
    'M0104 S300',
    'M104 S+300',
    'M104 S300.0',
    'M104 S0300',
    'M104 S3e2',
    'M104 S65836',
    'M104.0 S300',
    'M1\\04 S300',
    'M1(x)04 S300',
    'M9\b104 S300',
    'M105\0M104 S300',
    'M105\xffM104 S300',
    'M105 M104 S300',
    'M105 ; \0M104 S300',
    '\xefM104 S300',
    'M104\tS300',
    'N5M104 S300',
    'M104 S200 S300',
    '%M104 S300',
    'M104 S0x12C',
    'M104 S"300"',
  ]

  test.each(spellings)('of a command that is too hot as %j heats nothing', (line) => {
    for (const wrap of [(l: string) => `${l}\n`, (l: string) => numbered(1, l), (l: string) => `${l}\r`]) {
      const bench = readyBench({ judge: makerSpace() }).bytes(wrap(line)).bytes('M105\n')
      const took = bench.took()
      expect(took.filter((command) => !/^M105$/.test(command))).toEqual([])
    }
  })

  test('of a byte at a time, over any split, is the same line', () => {
    const bench = readyBench({ judge: makerSpace() })
    for (const byte of 'M105;\rM104 S300\rM105\n') bench.bytes(byte)
    expect(bench.took()).toEqual(['M105', 'M105'])
  })

  test('of a line so long that its end is cut off is refused, not shortened', () => {
    for (const filler of [90, 200, 4000, 4090, 5000, 70_000]) {
      const bench = readyBench({ judge: makerSpace() })
      bench.bytes(`M104 S10${' '.repeat(filler)}0\n`).bytes(`G1 X10${' '.repeat(filler)}Y2000\n`)
      expect(hosts(bench)).toEqual([])
    }
  })

  test('as text for the display that would come back as a reply does not pass', () => {
    const bench = readyBench({ judge: makerSpace() })
    bench.host('M118 ok', 'M118 A1 action:cancel', 'M117 x M110 N9', 'M117 Resend: 3')
    expect(bench.took()).toEqual([])
  })

  test("as a command of the printer's card, its macros, its firmware or its settings does not pass", () => {
    const bench = readyBench({ judge: makerSpace() })
    bench.host('M28 a.g', 'M23 a.g', 'M24', 'M32 a.g', 'M810 G1 X5', 'M997', 'M500', 'M92 E9999', 'M302 P1')
    bench.host('M211 S0', 'M206 Z-5', 'G20', 'M221 S500', 'M851 Z-5')
    expect(bench.took()).toEqual([])
  })
})

describe('numbers', () => {
  test('M110 in a line of the host never reaches the printer', () => {
    const bench = readyBench()
    bench.bytes('N0 M110 N0*125\n').bytes(numbered(500, 'M110 N500')).host('M110', 'M110 N7', 'm110 n9')
    bench.numbered(10, 'G28')
    expect(bench.sent()).toBe(numbered(GREETING_LINES + 1, 'G28'))
  })

  test('a job that contains M110 does not renumber the printer', () => {
    const job = jobOf('G28', 'M110 N5', 'G1 X5')
    const bench = readyBench().arm(job).renumber().numbered(0, 'G28').fresh()
    bench.host('M110 N99', 'G1 X5')
    expect(bench.took()).toEqual(['G1 X5'])
  })

  test('jumping far ahead or behind gets nothing through, and breaks nothing', () => {
    const bench = streamBench(3)
    for (const n of [0, 999_999_999, 4_294_967_296, 77]) bench.bytes(numbered(n, 'G1 X200 E50'))
    expect(bench.took()).toEqual([])
    bench.numbered(3, JOB[3]!)
    expect(bench.took()).toEqual([JOB[3]])
  })

  test('a refused line sent again under its old number is not taken for one that was answered well', () => {
    const bench = blocked().numbered(3, 'G1 X5').numbered(2, 'G1 X5')
    expect(bench.took()).toEqual([])
  })

  test('a line whose checksum was made for another text is asked for again', () => {
    const bench = streamBench(3).bytes(numbered(3, 'G1 X5').replace('X5', 'X9'))
    expect(bench.took()).toEqual([])
    expect(bench.heard()).toContain('Resend: 3')
  })
})

describe('the latch', () => {
  const tricks: readonly (readonly [string, (bench: GateBench) => unknown])[] = [
    ['new numbers', (bench) => bench.renumber().numbered(0, ...JOB)],
    ["OctoPrint's hello", (bench) => bench.bytes('N0 M110 N0*125\n').numbered(1, ...JOB)],
    ['lines without numbers', (bench) => bench.host(...JOB)],
    ['resume', (bench) => bench.host('M24', 'M108', 'M876 S0').numbered(4, ...JOB)],
    ['an error that is cleared', (bench) => bench.host('M999', ...JOB)],
    ['a long wait', (bench) => bench.pass(3_600_000).numbered(4, ...JOB)],
    ['ten thousand lines', (bench) => bench.bytes('G1 X5 E1\n'.repeat(10_000))],
    [
      'another host',
      (bench) => {
        bench.does((gate, nowMs) => gate.hostLeft(nowMs)).pass(5000)
        bench
          .does((gate, nowMs) => gate.hostCame(nowMs))
          .renumber()
          .numbered(0, ...JOB)
      },
    ],
    [
      'a host that comes and goes at once, again and again',
      (bench) => {
        for (let i = 0; i < 20; i++)
          bench
            .does((gate, nowMs) => gate.hostLeft(nowMs))
            .does((gate, nowMs) => gate.hostCame(nowMs))
            .numbered(1, 'G28')
        bench.host(...JOB)
      },
    ],
    [
      'a reset of the printer',
      (bench) =>
        bench
          .hear('start')
          .pass(5000)
          .renumber()
          .numbered(0, ...JOB),
    ],
    [
      'the printer unplugged and back',
      (bench) =>
        bench
          .does((gate, nowMs) => gate.printerLost('unplugged', nowMs))
          .numbered(4, ...JOB)
          .does((gate, nowMs) => gate.printerOpened(false, nowMs))
          .pass(5000)
          .numbered(9, ...JOB),
    ],
    [
      'heaters-off that does more',
      (bench) => bench.host('M104 S0 T0 B200', 'M140 S0 I1', 'M106 S0 I1 P9 S3'),
    ],
    ['heaters-off with a fraction', (bench) => bench.host('M104 S0.9e9', 'M140 S-0.0001e9', 'M104 S-1')],
    ['a wait for heat that is off', (bench) => bench.host('M109 S0', 'M190 S0', 'M109 R0')],
    ['a poll that is none', (bench) => bench.host('M105 G28', 'M155 S1 M104 S200', 'M503\0G28', 'M117 hi')],
  ]

  test.each(tricks)('is not lifted by %s', (_name, trick) => {
    const bench = blocked()
    trick(bench)
    const allowed = /^(M110 N0|M10[578]|M876 S0|M155 S1|M10[47]( T\d)?( S0)?|M14[01] S0|M410|M78)$/
    const passed = bench.took().filter((command) => !allowed.test(command) && !PREAMBLE.includes(command))
    expect(passed).toEqual([])
    expect(bench.latch).toBe('line-refused')
  })

  test('lifted, leaves no way to go on in the middle where homing is asked for', () => {
    const bench = readyBench({ judge: makerSpace() }).renumber()
    bench.numbered(0, 'G28', 'M104 S200', 'G1 X10 Y10 Z1 F3000', 'G1 X20 E1', BAD).fresh()
    bench.does((gate, nowMs) => gate.clear('Ada', nowMs))
    bench.numbered(5, 'G1 X40 E4', 'G1 X50 E5')
    expect(bench.took()).toEqual([])
    expect(bench.latest('line-refused')?.code).toMatch(/^homing-first|unknown-position$/)
  })
})

describe('a homing that the printer may leave out', () => {
  const travel = ['G1 Z0.2 F600', 'G1 X100 Y100 Z5 F3000']

  test.each(travel)('does not tell where `%s` ends once a stop was cleared', (line) => {
    const bench = readyBench({ judge: makerSpace() }).renumber()
    bench.numbered(0, 'G28', 'G1 X10 Y10 Z1 F3000', BAD).fresh()
    bench
      .does((gate, nowMs) => gate.clear('Ada', nowMs))
      .renumber()
      .fresh()
    bench.numbered(0, 'G28 O', line)
    expect(hosts(bench)).toEqual(['G28 O'])
    expect(bench.latest('line-refused')?.code).toMatch(/^homing-first|unknown-position$/)
  })

  test('does not take back a shift that someone before left', () => {
    const bench = readyBench({ judge: makerSpace() }).renumber()
    bench.numbered(0, 'G28', 'G1 Z10 F600', 'G92 Z60').fresh().numbered(3, 'G28 O', 'G1 Z50')
    expect(hosts(bench)).toEqual(['G28 O'])
    expect(bench.latch).toBe('line-refused')
  })
})

describe('lockstep', () => {
  test('takes no command twice, none out of turn, and none that only looks like the next', () => {
    const bench = lockstepBench(2).host('G1 X10 Y10 Z1', 'G1 X10 Y10 Z1 F3000 E0', 'M104 S200', 'G28')
    bench.host('G1 X10 Y10 Z1.0 F3000')
    expect(bench.took()).toEqual([])
    bench.host('g1x10y10z1f3000')
    expect(bench.took()).toEqual([JOB[2]])
  })

  test('does not let what observes carry anything', () => {
    const bench = lockstepBench(2, { judge: makerSpace() })
    bench.host('M105 S300', 'M117 M104 S300', 'M73 P50 S9 X5', 'M155 S1', 'M114')
    for (const command of bench.took())
      expect(command).toMatch(/^(M155 S1|M114|M117 .*|M73 .*|M105.*|M410|M108|M104 S0|M14[01] S0|M107)$/)
    expect(bench.commands.some((command) => /S300/.test(command))).toBe(false)
  })

  test('does not lift its limits by counting its misses anew with polls', () => {
    const bench = lockstepBench(2)
    for (let i = 0; i < 8; i++) bench.host('G1 X99 E9', 'M105', 'M104 S0', 'M110 N0')
    expect(bench.latch).toBe('not-the-job')
    expect(bench.took()).not.toContain('G1 X99 E9')
  })

  test('does not print in a pause what is not in the job', () => {
    const bench = lockstepBench(4, { permitsInterlude: true }).fresh()
    bench.host('M83', 'G1 X50 E5', 'G1 E-5', 'G1 X60 E5', 'G1 X70 E1', 'G2 X5 Y5 I5 E3', 'G5 X1 E3', 'G92 X0')
    const took = bench.took()
    expect(took).not.toContain('G1 X50 E5')
    expect(took).not.toContain('G1 X60 E5')
    expect(took).not.toContain('G1 X70 E1')
    expect(took.filter((command) => /^G[25] /.test(command))).toEqual([])
  })

  test('does not run an armed job on the strength of its first line alone', () => {
    const bench = readyBench({ jobs: 'armed' }).arm().renumber().fresh()
    bench.numbered(0, JOB[0]!, 'G1 X99 E9', 'G1 X98 E9', 'G1 X97 E9')
    expect(hosts(bench)).toEqual([...PREAMBLE, JOB[0]])
  })

  test.each([
    ['in lockstep', lockstepBench],
    ['of the host', streamBench],
  ])('no job is armed while one %s is open: their blocks would mix', (_which, open) => {
    const bench = open(2)
    expect(() => bench.arm(jobOf('G28', 'G1 X99'), { id: 'job-2' })).toThrow('no job is armed beside one')
    bench.numbered(2, ...JOB.slice(2))
    expect(bench.took()).toEqual(JOB.slice(2))
  })
})

describe('what one member would leave for the next', () => {
  const TUNING = [
    'M201 X1',
    'M203 X1 Y1 Z1 E1',
    'M204 S1',
    'M205 J10',
    'M207 S50 F100',
    'M208 S20',
    'M493 S1',
    'M592 A0.5',
    'M593 F1',
    'M900 K9',
  ]

  test.each(TUNING)('%s belongs to an armed job, where jobs are armed', (line) => {
    const bench = readyBench({ jobs: 'armed' }).host(line)
    expect(bench.took()).toEqual([])
    expect(bench.latest('line-refused')).toMatchObject({ code: 'gate.not-in-job', job: null })
    expect(bench.heard().join()).toMatch(/portcullis arm/)
    expect(bench.latch).toBeNull()
    expect(readyBench().host(line).took()).toEqual([line])
  })

  test('is let pass in the job, though it begins with it', () => {
    const bench = lockstepBench(0, { jobs: 'armed' }, jobOf('M201 X500', 'G28', 'M900 K0.1', 'G1 X1'))
    bench.numbered(0, 'M201 X500', 'G28', 'M900 K0.1')
    expect(bench.took().filter((command) => !PREAMBLE.includes(command))).toEqual([
      'M201 X500',
      'G28',
      'M900 K0.1',
    ])
    expect(bench.latch).toBeNull()
  })

  test('as the first line of a job that is not armed is that job refused', () => {
    const bench = readyBench({ jobs: 'armed' }).renumber().numbered(0, 'M201 X500', 'G28')
    expect(bench.took()).toEqual([])
    expect(bench.latch).toBe('line-refused')
  })

  test('a printer told to keep quiet is told to speak before the next host homes with it', () => {
    const bench = readyBench().host('M113 S0', 'M154 S1')
    bench
      .fresh()
      .does((gate, nowMs) => gate.hostLeft(nowMs))
      .does((gate, nowMs) => gate.hostCame(nowMs))
    bench.host('G28')
    expect(bench.took()).toEqual(['M113 S2', 'M154 S0', 'G28'])
    const quiet = readyBench().host('M113 S0').fresh()
    quiet
      .arm()
      .renumber()
      .numbered(0, JOB[0] ?? '')
    expect(quiet.took().slice(-2)).toEqual(['M113 S2', JOB[0]])
  })
})

describe('printing without a licence where one is asked for', () => {
  test.each([
    ['by arcs', ['G28', 'G2 X5 Y5 I5 J0 E5']],
    ['by relative moves', ['G28', 'G91', 'M83', 'G1 X5 E5']],
    ['by splines', ['G28', 'G5 X5 Y5 I1 J1 P1 Q1 E5']],
    ['by a pattern of the firmware', ['G28', 'G26 B60 H200']],
    ['by coordinates that are renamed', ['G28', 'G92 E-5', 'G1 X5 E0']],
    ['with a negative flow', ['G28', 'M221 S-100', 'G1 X5 E-5']],
    ['by volume', ['G28', 'M200 D1.75', 'G1 X5 E5']],
    ['after a small retraction', ['G28', 'G1 E-0.1', 'G1 X5 E5']],
    ['after a large retraction', ['G28', 'M83', 'G1 E-100', 'G1 X5 E5']],
    ['after one that no firmware makes', ['G28', 'M83', 'G1 E-9000', 'G1 X5 E5']],
    ['by a circle after a retraction', ['G28', 'M83', 'G1 X50 Y50 Z1', 'G1 E-9000', 'G2 I5 J0 E5']],
  ])('%s does not work', (_how, lines) => {
    const bench = readyBench({ jobs: 'armed' }).host(...lines)
    expect(bench.took()).toEqual(lines.slice(0, -1))
    expect(bench.latch).toBe('line-refused')
  })
})

describe('exhaustion', () => {
  test('a host that never reads its answers is no matter of the line path', () => {
    const bench = readyBench()
    bench.bytes('M105\n'.repeat(30_000)).pass(1000)
    expect(bench.oks()).toBe(30_000)
  })

  test('a host that begins a job with each line fills no more of the log than it sends', () => {
    const bench = readyBench()
    for (let i = 0; i < 100; i++) bench.renumber().numbered(0, 'G28')
    expect(bench.kinds().length).toBeLessThanOrEqual(200)
  })

  test('a host that is refused without end fills no log', () => {
    const bench = readyBench({ deny: [BAD] })
      .bytes(`${BAD}\n`.repeat(5000))
      .pass(10_000)
    expect(bench.kinds().length).toBeLessThan(50)
  })
})
