/**
 * Jobs whose every line can be told from every other line of the run: what the printer ran can be held against what was
 * sent, line by line. None of them is a line that the gate sends on its own account.
 */

import { closingAgainLines, preambleLines, safeStopLines } from '../../agent/core/printer/marlin-lines.ts'
import type { Prng } from '../../agent/sim/prng.ts'
import { LICENCE_PART } from '../../gcode/index.ts'

const STOPPING = safeStopLines([])

/** Lines that the gate sends by itself, as the README documents them. */
export const OWN_LINES: ReadonlySet<string> = new Set([
  ...preambleLines([]),
  ...closingAgainLines([]),
  'M105',
  'M78',
  'M110 N0',
  'M84',
])

/** Lines of a safe stop, which have no numbers. */
export const STOP_LINES: ReadonlySet<string> = new Set([
  '',
  STOPPING.dropMoves,
  STOPPING.breakWait,
  ...STOPPING.heatersOff,
  STOPPING.poll,
  STOPPING.emergency,
])

/** Refused by the policy, or by the grammar: never may the printer see one. */
export const REFUSED_LINES: readonly string[] = [
  'M104 S400',
  'M500',
  'G1 X(7',
  'G1 X999 F3000',
  'M118 nothing',
  'G1 X7 X8',
]

export interface JobShape {
  readonly lines: number
  /** Index of the line that is refused, or -1. */
  readonly refusedAt: number
  readonly isHot: boolean
  readonly coolsAtEnd: boolean
}

const HOMINGS = ['G28', 'G28 X Y Z', 'G28 Y Z X', 'G28 Z X Y', 'G28 Z Y X', 'G28 Y X Z']

/** A print's number goes into its lines, dwells of so many seconds among them. */
const PRINTS_TOLD_APART = 8

/** The job of the attempt with this number, counted from 1. */
export function makeJob(number: number, shape: JobShape, prng: Prng): readonly string[] {
  const attempt = ((number - 1) % PRINTS_TOLD_APART) + 1
  const home = HOMINGS[attempt % HOMINGS.length]!
  const degrees = attempt % 10
  const start = shape.isHot
    ? [
        `M140 S${40 + degrees}`,
        `M104 S${60 + degrees}`,
        home,
        `M190 S${21 + degrees}`,
        `M109 S${70 + degrees}`,
      ]
    : [home]
  const lines = [...start, `G92 E0.00${attempt}`, `G1 Z0.3 F${600 + attempt}`]
  for (let i = 0; i < shape.lines; i++) lines.push(bodyLine(attempt, i, prng))
  if (shape.coolsAtEnd) lines.push('M104 T0 S0', 'M140 S0.0')
  if (shape.refusedAt >= 0) {
    const refused = REFUSED_LINES[prng.below(REFUSED_LINES.length)]!
    lines.splice(Math.min(shape.refusedAt, lines.length), 0, refused)
  }
  return lines
}

function bodyLine(attempt: number, i: number, prng: Prng): string {
  switch (prng.below(24)) {
    case 0:
      return `M106 S${1 + ((attempt * 40 + i) % 250)}`
    case 1:
      return `G4 P${attempt * 1000 + i}`
    case 2:
      return `M117 ${attempt} of ${i}`
    case 3:
      return `M73 P${i % 100} R${attempt}`
    case 4:
      return `G1 E${((i + 1) * 0.05).toFixed(3)} F${1800 + attempt}`
    case 5:
      return `${LICENCE_PART} L${attempt}/640 ${'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[i % 26]}${'A'.repeat(1 + (i % 59))}`
    default: {
      const x = 10 + prng.below(40)
      const y = 10 + prng.below(40)
      return `G1 X${x}.${100 + i} Y${y} E${((i + 1) * 0.05).toFixed(2)} F${3000 + attempt}`
    }
  }
}

/** Hosts send these with a job, and the digest of a job does not count them. */
export function isObservingLine(command: string): boolean {
  return /^M(73|105|110|114|115|117|155|27|31|154|113|5790)\b/.test(command)
}

/** Polls and heaters-off pass whatever is blocked. */
export function passesLatch(command: string): boolean {
  return (
    /^M(105|114|115|119|155|27|113|154|503|31|20|21|22|412|408|360)\b/.test(command) ||
    /^M(104|140|141|106)( T\d+| P\d+)? S0(\.0)?$/.test(command) ||
    /^M107\b/.test(command) ||
    OWN_LINES.has(command)
  )
}

/** What the gate puts back after a pause in a job in lockstep. */
export function putsBack(command: string): boolean {
  return (
    /^(M141|M190|M140|M109|M104|M106) S\d/.test(command) ||
    /^G(20|21|90|91)$|^M(82|83|107)$/.test(command) ||
    /^G92 E-?[\d.]+$/.test(command) ||
    /^G1 (Z-?[\d.]+ F300|X-?[\d.]+ Y-?[\d.]+ F6000|E-?[\d.]+ F300|F[\d.]+)$/.test(command)
  )
}
