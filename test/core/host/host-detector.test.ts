import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HostDetector } from '../../../agent/core/host/host-detector.ts'
import { HOST_PROFILES, type HostProfile } from '../../../agent/core/host/host-profile.ts'
import { numbered } from '../numbered.ts'

function feed(detector: HostDetector, lines: readonly string[]): HostProfile {
  for (const line of lines) {
    const bytes = Buffer.from(`N${line}0`, 'latin1')
    detector.line(bytes, 1, bytes.length - 1)
  }
  return detector.profile
}

function profileAfter(...lines: readonly string[]): HostProfile {
  return feed(new HostDetector(), lines)
}

const n = (number: number, text: string): string => numbered(number, text).trimEnd()

describe('a host is told by what it sends first', () => {
  test.each([
    ['octoprint', ['', 'N0 M110 N0*125', 'N0 M110 N0*125', 'N1 M115*39', n(2, 'M21'), n(3, 'M105')]],
    ['octoprint', ['N0 M110 N0*125']],
    ['printrun', ['M105', 'M105', 'N-1 M110*15', n(0, 'G28')]],
    ['printrun', ['M105', n(-1, 'M110 N-1'), n(0, 'G28')]],
    ['repetier', ['M105', n(0, 'M110'), n(1, 'M115'), n(2, 'T0'), n(3, 'M105')]],
    ['repetier', ['M105', 'N0 M110', 'M115', 'T1', 'M105']],
    ['cura', ['M115', 'M105', 'M105', 'N0M110*3', 'N1G28*7']],
    ['cura', ['', 'M105', '', 'N0M110*3']],
    ['prusalink', ['PRUSA Fir', 'M862.2 Q']],
    ['prusalink', ['M862.2 Q', n(0, 'M110 N0'), n(1, 'M115')]],
    ['cncjs', ['M115', 'M114', 'M105', 'M114', 'M105']],
  ] satisfies [HostProfile, string[]][])('as %s', (profile, lines) => {
    expect(profileAfter(...lines)).toBe(profile)
  })

  test.each([
    ['nothing', []],
    ['polls', ['M105', 'M105', 'M105', 'M114']],
    ['plain commands', ['G28', 'M104 S200', 'T0', 'G1 X5']],
    ['numbered lines of a job that runs already', [n(500, 'G1 X5'), n(501, 'G1 X6'), n(502, 'T0')]],
    ['a hello of its own kind without a tool', [n(0, 'M110'), n(1, 'G28'), n(2, 'G1 X5')]],
    ['a tool much later than the hello', [n(0, 'M110'), ...Array<string>(9).fill('M105'), 'T0']],
    ['one question for the position', ['M115', 'M114', 'M105', 'M105']],
    ['questions for the position behind a command', ['G28', 'M115', 'M114', 'M114', 'M114']],
    ['questions for the position behind another one', ['M105', 'M114', 'M105', 'M114']],
    ['questions for the position and nothing before', ['M114', 'M114', 'M114']],
    ['a machine check that a slicer wrote', ['M862.3 P "MK4S"', 'M862.1 P0.4']],
    ['a machine check with an odd end', ['M862.2', 'M862.2Q', 'M862. Q']],
    ['a hello that is another command', ['N0 M1101 N0*5', 'N0 M11*5', 'N0 M110']],
    ['noise', ['N', 'N-', 'N0', 'N0 ', 'N9999999999M110', 'N-M110', 'N5\xff', '\0\0']],
  ])('and not by %s', (_what, lines) => {
    expect(profileAfter(...lines)).toBe('generic')
  })
})

describe('what comes later', () => {
  test('makes Printrun of a host that had only polled, when its print starts', () => {
    const detector = new HostDetector()
    expect(feed(detector, Array<string>(500).fill('M105'))).toBe('generic')
    expect(feed(detector, ['N-1 M110*15'])).toBe('printrun')
  })

  test('makes OctoPrint of anything that says its hello', () => {
    for (const lines of [['N0M110*3'], ['N-1 M110*15'], ['M115', 'M114', 'M114']]) {
      expect(profileAfter(...lines, 'N0 M110 N0*125')).toBe('octoprint')
    }
  })

  test('makes nothing else of OctoPrint that would be told an error, whatever a user types at it', () => {
    const typed = ['N5M115', 'N0M110*3', 'M862.2 Q', 'PRUSA Fir', 'M115', 'M114', 'M114', 'N0 M110', 'T0']
    expect(profileAfter('N0 M110 N0*125', ...typed)).toBe('octoprint')
  })

  test('takes back Cura and cncjs at the first number that they would not write so', () => {
    expect(profileAfter('N0M110*3', n(1, 'G28'))).toBe('generic')
    expect(profileAfter('M115', 'M114', 'M114', n(1, 'G28'))).toBe('generic')
  })

  test('does not make Cura of a host that writes spaces', () => {
    expect(profileAfter(n(7, 'G28'), 'N8G1X5*3')).toBe('generic')
  })

  test('does not make PrusaLink of a job that asks for the machine', () => {
    expect(profileAfter(...Array<string>(20).fill('G1 X5'), 'M862.2 Q')).toBe('generic')
  })

  test('keeps PrusaLink, which says hello as OctoPrint does', () => {
    expect(profileAfter('PRUSA Fir', 'N0 M110 N0*125')).toBe('prusalink')
    expect(profileAfter('PRUSA Fir', 'N0M110*3')).toBe('prusalink')
  })
})

test('the next host is not known', () => {
  const detector = new HostDetector()
  feed(detector, ['N0 M110 N0*125', n(1, 'M115')])
  detector.reset()
  expect(detector.profile).toBe('generic')
  // Everything is forgotten: that a number had a space, and how many lines there were.
  expect(feed(detector, ['N0M110*3'])).toBe('cura')
  detector.reset()
  expect(feed(detector, ['M115', 'M114', 'M105', 'M114'])).toBe('cncjs')
  detector.reset()
  expect(feed(detector, ['M114'])).toBe('generic')
})

test('any lines leave a known profile, and never one that is told an error after the hello of OctoPrint', () => {
  const line = fc.oneof(
    fc
      .array(fc.constantFrom(...'N0-1M5TQ*. P'.split(''), 'M110', 'M115', 'M114', 'M862.2 Q', 'PRUSA '), {
        maxLength: 8,
      })
      .map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), fc.array(line, { maxLength: 30 }), (before, after) => {
      const detector = new HostDetector()
      expect(HOST_PROFILES).toContain(feed(detector, before))
      feed(detector, ['N0 M110 N0*125'])
      expect(['cura', 'cncjs', 'repetier', 'generic']).not.toContain(feed(detector, after))
    }),
    { numRuns: 500 },
  )
})
