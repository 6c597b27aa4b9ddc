import { describe, expect, test } from 'vitest'
import { asciiText } from '../../gcode/index.ts'
import { linesOf, type ReadLine } from '../gcode/lines-of.ts'
import { type RecordedReading, recordedReadings } from '../sim/recorded-readings.ts'
import { BUILDS, disagreement, disagreementInAnyBuild } from './firmware-command.ts'

/**
 * What we accept is read by every recorded build as we read it, but for what we normalise: case, spacing, plus signs
 * and zero padding. Anything else that builds differ on is refused.
 */
const RECORDED = BUILDS.map((build) => ({ build, readings: recordedReadings(`marlin-2.1.2-${build}.tsv`) }))
const ROWS = RECORDED[0]!.readings

/** A line of a row that we accept, and what it was written as: without number, checksum, comment and blanks around. */
interface Accepted {
  readonly row: number
  readonly read: ReadLine
  readonly body: string
  /** The host's own number, or undefined. */
  readonly lineNumber: number | undefined
  /** Which of the commands of its row it is. */
  readonly index: number
}

function acceptedLines(reading: RecordedReading, row: number): Accepted[] {
  const written = asciiText(reading.input).split(/\r\n|\n|\r/)
  const accepted: Accepted[] = []
  for (const [i, read] of linesOf(reading.input).entries()) {
    // Behind a refused line the builds have gone another way than we.
    if (read.canonical === null) break
    if (read.canonical === '') continue
    const bare = written[i]!.replace(/;.*$/s, '').trim()
    const envelope = /^N(-?\d+) *(.*?) *\*\d+$/.exec(bare)
    accepted.push({
      row,
      read,
      body: envelope?.[2] ?? bare,
      lineNumber: envelope === null ? undefined : Number(envelope[1]),
      index: accepted.length,
    })
  }
  return accepted
}

const ACCEPTED = ROWS.flatMap(acceptedLines)

/** The line as it is once case, blanks, plus signs and the zeros around a number are taken out of the comparison. */
function normalForm(line: string): string {
  return line
    .toUpperCase()
    .replace(/ /g, '')
    .replace(/\+(?=[\d.])/g, '')
    .replace(/(?<!\d)\.(?=\d)/g, '0.')
    .replace(/\.(?!\d)/g, '')
    .replace(/(?<![\d.])0+(?=\d)/g, '')
}

/** Whether the line differs from the canonical form, and only in what is normalised. */
function isRewritten({ body, read }: Accepted): boolean {
  const text = read.command!.text
  // Text is never rewritten: only what stands before it may be.
  if (text !== null && !body.endsWith(text)) return false
  return body !== read.canonical && normalForm(body) === normalForm(read.canonical!)
}

describe('a recorded line that we accept', () => {
  test('is there to be compared: 111 of them', () => {
    expect(ACCEPTED).toHaveLength(111)
    expect(ACCEPTED.filter(isRewritten)).toHaveLength(19)
  })

  test.each(BUILDS)(
    'is read by the %s build as by us, or differs from the canonical form by spelling only',
    (build) => {
      const { readings } = RECORDED.find((recorded) => recorded.build === build)!
      const differing: string[] = []
      for (const accepted of ACCEPTED) {
        const recorded = readings[accepted.row]!
        expect(recorded.escaped).toBe(ROWS[accepted.row]!.escaped)
        const found = disagreement(accepted.read.command!, recorded.commands[accepted.index])
        if (found === undefined) continue
        // The recording expects line 1: other numbers are the link's business, and never reach the printer.
        if (recorded.commands.length === 0 && accepted.lineNumber !== undefined && accepted.lineNumber !== 1)
          continue
        if (!isRewritten(accepted)) differing.push(`${recorded.escaped}: ${found}`)
      }
      expect(differing).toEqual([])
    },
  )

  test('is accepted although a build reads it otherwise only in these rows, all of them spelling', () => {
    const rows = ACCEPTED.filter((accepted) =>
      RECORDED.some(
        ({ readings }) =>
          disagreement(accepted.read.command!, readings[accepted.row]!.commands[accepted.index]) !==
          undefined,
      ),
    ).map(({ row, read }) => [ROWS[row]!.escaped, read.canonical])
    expect(rows).toEqual([
      ['G 1 X 10 Y 20', 'G1 X10 Y20'],
      ['G1 X 10', 'G1 X10'],
      ['g1 x10 y20', 'G1 X10 Y20'],
      ['G1 x10 Y20', 'G1 X10 Y20'],
      ['M104 S1x2', 'M104 S1 X2'],
      ['G1 X0b1 Y7', 'G1 X0 B1 Y7'],
      ['M104 S0b1', 'M104 S0 B1'],
      ['N0 G1 X10*81', 'G1 X10'],
    ])
  })

  test('is read by every simulated build as by us once we have written it', () => {
    for (const { read } of ACCEPTED) {
      expect(disagreementInAnyBuild(read.canonical!), read.canonical!).toBeUndefined()
    }
  })

  test('acts at receipt only where it is the emergency command itself, or a number that starts like one', () => {
    const early = ACCEPTED.filter(({ row }) => RECORDED.some(({ readings }) => readings[row]!.early !== ''))
    // `M1120` kills a printer when it comes bare. We send it numbered, and then it is an unknown command.
    expect(early.map(({ read }) => read.canonical)).toEqual(['M112', 'M1120', 'M410'])
  })
})
