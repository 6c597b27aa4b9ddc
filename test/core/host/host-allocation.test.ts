/** What looks at every line of a host makes no garbage, whatever the line: that is a job's pace, and an attacker's. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { emergencyOf } from '../../../agent/core/host/emergency-lane.ts'
import { HostDetector } from '../../../agent/core/host/host-detector.ts'
import { numbered } from '../numbered.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const PASSES = 20_000
/** One object a line would be 16 bytes or more. */
const BYTES_A_LINE_MAX = 4

const LINES = [
  'G1 X111.625 Y105 E5.28526 ; a comment',
  numbered(4_711, 'G1 X1 Y2').trimEnd(),
  'N0 M110 N0*125',
  'N5 M112*38',
  'M1\\1\b12 (x) "y"',
  'M105\0M112',
  'M115',
  'T0',
  'M862.2 Q',
].map((line) => Buffer.from(line, 'latin1'))

function bytesALine(run: (line: Uint8Array) => void): number {
  const pass = (): void => {
    for (let i = 0; i < PASSES; i++) for (const line of LINES) run(line)
  }
  pass()
  let least = Number.POSITIVE_INFINITY
  // The engine may compile or collect in the middle of a measurement: the best of some counts.
  for (let attempt = 0; attempt < 5; attempt++) {
    collect()
    const before = process.memoryUsage().heapUsed
    pass()
    least = Math.min(least, process.memoryUsage().heapUsed - before)
  }
  return Math.max(0, least) / (PASSES * LINES.length)
}

test('the emergency lane looks at a line without garbage', () => {
  let stops = 0
  expect(
    bytesALine((line) => {
      stops += emergencyOf(line, 0, line.length)
    }),
  ).toBeLessThan(BYTES_A_LINE_MAX)
  expect(stops).toBeGreaterThan(0)
})

test('the detector looks at a line without garbage, known or not', () => {
  const detector = new HostDetector()
  let lines = 0
  expect(
    bytesALine((line) => {
      if (lines++ % 7 === 0) detector.reset()
      detector.line(line, 0, line.length)
    }),
  ).toBeLessThan(BYTES_A_LINE_MAX)
})
