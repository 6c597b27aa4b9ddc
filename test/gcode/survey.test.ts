import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  type Command,
  MARLIN,
  type MachineState,
  type Move,
  Survey,
  type SurveyJudge,
} from '../../gcode/index.ts'
import { fixtureJob, surveyJob } from './job.ts'
import { bytesOf } from './lines-of.ts'

const NO_HASH = { update: () => undefined }

describe('a survey', () => {
  test('does not look for the same line end again and again, whatever lines end with', () => {
    for (const job of [
      'G1 X1\r'.repeat(1000),
      `${'X\n'.repeat(1000)};${'c'.repeat(1000)}`,
      'M117 a\n'.repeat(1000),
    ]) {
      const chunk = bytesOf(job)
      let searches = 0
      Object.defineProperty(chunk, 'lastIndexOf', {
        value: (byte: number, from: number) => {
          searches++
          return Uint8Array.prototype.lastIndexOf.call(chunk, byte, from)
        },
      })
      const survey = new Survey({ table: MARLIN, hasher: NO_HASH })
      survey.push(chunk)
      survey.end()
      expect(searches).toBeLessThanOrEqual(1)
    }
  })

  test('may be fed from one buffer that is filled again and again', () => {
    const job = fixtureJob('slic3r-1.3-cube.gcode')
    const hasher = createHash('sha256')
    const survey = new Survey({ table: MARLIN, hasher })
    const buffer = new Uint8Array(1000)
    for (let at = 0; at < job.length; at += buffer.length) {
      const part = job.subarray(at, at + buffer.length)
      buffer.set(part)
      survey.push(buffer, 0, part.length)
      buffer.fill(0x0a)
    }
    survey.end()
    const whole = surveyJob(job)
    expect(survey.facts()).toEqual(whole.facts)
    expect(hasher.digest('hex')).toBe(whole.digest)
  })

  test('says whether the job ends within a command, as a file does that was cut off', () => {
    const endsWithin = (job: string): boolean => {
      const survey = new Survey({ table: MARLIN, hasher: NO_HASH })
      survey.push(bytesOf(job))
      return survey.end()
    }
    expect(endsWithin('G28\nG1 X10')).toBe(true)
    expect(endsWithin('G28\nG1 X10\n')).toBe(false)
    expect(endsWithin('G28\n; the end')).toBe(false)
    expect(endsWithin('G28\r')).toBe(false)
    expect(endsWithin('')).toBe(false)
  })

  test('without its time estimate has every other fact', () => {
    const survey = new Survey({ table: MARLIN, hasher: NO_HASH, estimatesTime: false })
    const job = fixtureJob('slic3r-1.3-cube.gcode')
    survey.push(job)
    survey.end()
    expect(survey.facts()).toEqual({ ...surveyJob(job).facts, estimatedSeconds: 0 })
  })

  test('turns lengths of filament into volumes by the diameter that it is given', () => {
    const survey = new Survey({ table: MARLIN, hasher: NO_HASH, filamentDiameterMm: 2.85 })
    survey.push(bytesOf('G28\nM83\nG1 X10 Y10 Z1 F600\nG1 X20 E1\n'))
    survey.end()
    const areaMm2 = (Math.PI * 2.85 * 2.85) / 4
    expect(survey.facts().filamentMm3).toBeCloseTo(areaMm2, 5)
    expect(survey.facts().flowMaxMm3PerS).toBeCloseTo(areaMm2, 5)
  })
})

describe('the judge of a survey', () => {
  class Recorder implements SurveyJudge {
    readonly seen: string[] = []
    judgeLine(command: Command, state: MachineState, move: Move, line: number): void {
      this.seen.push(`${line} ${command.name()} x${state.x} e${state.filamentMm} kind${move.kind}`)
    }
  }

  function judged(job: string, cuts: readonly number[] = []): readonly string[] {
    const judge = new Recorder()
    const survey = new Survey({ table: MARLIN, hasher: NO_HASH, judge })
    let from = 0
    for (const cut of [...cuts, job.length]) {
      survey.push(bytesOf(job.slice(from, cut)))
      from = cut
    }
    survey.end()
    return judge.seen
  }

  const JOB = 'G28\n; c\nG1 X10 Y1 Z1 F600\n\nM83\nX\nG1 X20 E1\ng1 x30\nM9999\n'

  test('is asked about every command that is read, in order, with the state before it', () => {
    expect(judged(JOB)).toEqual([
      '1 G28 x0 e0 kind0',
      '3 G1 x0 e0 kind1',
      '5 M83 x10 e0 kind0',
      '7 G1 x10 e0 kind1',
      '8 G1 x20 e1 kind1',
      '9 M9999 x30 e1 kind0',
    ])
  })

  test('is asked the same however the job arrives', () => {
    for (let cut = 0; cut <= JOB.length; cut++) expect(judged(JOB, [cut])).toEqual(judged(JOB))
  })

  test('that throws is heard: nothing goes on as if it had agreed', () => {
    const survey = new Survey({
      table: MARLIN,
      hasher: NO_HASH,
      judge: {
        judgeLine: () => {
          throw new Error('rule failed')
        },
      },
    })
    expect(() => survey.push(bytesOf('G28\n'))).toThrow('rule failed')
  })
})
