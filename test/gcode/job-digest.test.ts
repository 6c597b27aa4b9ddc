import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  asciiBytes,
  asciiText,
  type ByteHasher,
  Command,
  JobDigest,
  LineParser,
  MARLIN,
} from '../../gcode/index.ts'
import { fixtureJob, surveyJob } from './job.ts'
import { bytesOf, linesOf } from './lines-of.ts'

const JOB = 'G28\nM104 S200\nG1 X10 Y20.5 E0.4 F1800\nM106 S255\nG1 X11\n'

const digestOf = (job: string): string => surveyJob(job).digest
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('the digest of a job', () => {
  test('is the SHA-256 of its canonical commands, each ended by a newline', () => {
    expect(digestOf(JOB)).toBe(sha256(JOB))
    expect(digestOf('g28\nG01X+1.50 ;c')).toBe(sha256('G28\nG1 X1.50\n'))
    expect(digestOf('')).toBe(sha256(''))
  })

  test.each([
    ['comments', JOB.replaceAll('\n', ' ; hello\n')],
    ['lines of comment', `;LAYER:0\n${JOB.replaceAll('\n', '\n; x\n')}`],
    ['blank lines', JOB.replaceAll('\n', '\n\n  \n')],
    ['spacing', JOB.replaceAll(' ', '   ')],
    ['no spacing', 'G28\nM104S200\nG1X10Y20.5E.4F1800\nM106S255\nG1X11\n'],
    ['case', JOB.toLowerCase()],
    ['line ends', JOB.replaceAll('\n', '\r\n')],
    ['a missing last line end', JOB.trimEnd()],
    ['zeros and plus signs', 'G28\nM0104 S+200\nG01 X010. Y+20.5 E.4 F01800\nM106 S255\nG1 X11.\n'],
    [
      'commands that only look',
      `M105\n${JOB.replaceAll('\n', '\nM114\nM117 hello\nM73 P5\nM27\nM155 S2\nM110 N5\nM115\n')}`,
    ],
  ])('is not changed by %s', (_what, job) => {
    expect(digestOf(job)).toBe(digestOf(JOB))
  })

  test('is not changed by numbers and checksums', () => {
    const numbered = JOB.trimEnd()
      .split('\n')
      .map((command, i) => {
        const line = `N${i + 1} ${command}`
        return `${line}*${[...bytesOf(line)].reduce((sum, byte) => sum ^ byte, 0)}`
      })
    expect(digestOf(numbered.join('\n'))).toBe(digestOf(JOB))
  })

  test.each([
    ['an inserted command', JOB.replace('M106', 'M107\nM106')],
    ['a repeated one', JOB.replace('G1 X11\n', 'G1 X11\nG1 X11\n')],
    ['a dropped one', JOB.replace('M106 S255\n', '')],
    ['a digit', JOB.replace('20.5', '20.6')],
    ['a digit that changes no value', JOB.replace('20.5', '20.50')],
    ['a sign', JOB.replace('X10', 'X-10')],
    ['a word', JOB.replace(' E0.4', '')],
    ['the order of words', JOB.replace('X10 Y20.5', 'Y20.5 X10')],
    ['the order of commands', JOB.replace('G28\nM104 S200\n', 'M104 S200\nG28\n')],
    ['an unknown command', `${JOB}M9999\n`],
    ['text that goes to the host', `${JOB}M118 hello\n`],
  ])('is changed by %s', (_what, job) => {
    expect(digestOf(job)).not.toBe(digestOf(JOB))
  })

  test('does not run commands together', () => {
    expect(digestOf('G1 X1\nG1 X1')).not.toBe(digestOf('G1 X1\n'))
    expect(digestOf('M117 a\nG28')).toBe(digestOf('G28'))
  })

  test('of a real file is the same through the quick reading and the careful one', () => {
    const bytes = fixtureJob('prusa-cube.gcode.br')
    const canonical = linesOf(bytes)
      .map((line) => line.canonical)
      .filter((line) => line !== '' && !/^M(73|105|117)/.test(line!))
    expect(surveyJob(bytes).digest).toBe(sha256(`${canonical.join('\n')}\n`))
    // Comments cut away, zeros before points added: the same job.
    expect(surveyJob(`${canonical.join('\n')}\n`).digest).toBe(surveyJob(bytes).digest)
  })
})

describe('what is handed to the hasher', () => {
  class Recorder implements ByteHasher {
    text = ''
    calls = 0
    update(bytes: Uint8Array): void {
      this.text += asciiText(bytes)
      this.calls++
    }
  }

  test('comes in few pieces, in order, whatever it was made of', () => {
    const recorder = new Recorder()
    const digest = new JobDigest(recorder)
    const run = asciiBytes('G1 X1\n'.repeat(2000))
    let expected = ''
    for (let i = 0; i < 40; i++) {
      digest.addCommand(asciiBytes('G28'), 0, 3)
      digest.addRun(run, 0, i * 300)
      expected += `G28\n${asciiText(run, 0, i * 300)}`
    }
    digest.flush()
    expect(recorder.text).toBe(expected)
    expect(recorder.calls).toBeLessThan(70)
  })

  test('is nothing where nothing was added', () => {
    const recorder = new Recorder()
    new JobDigest(recorder).flush()
    expect(recorder.calls).toBe(0)
  })

  test('is the canonical form of a command that was just read', () => {
    const recorder = new Recorder()
    const digest = new JobDigest(recorder)
    const command = new Command()
    const line = bytesOf('g1x.5')
    new LineParser(MARLIN).parse(line, 0, line.length, command)
    digest.addWritten(command)
    digest.flush()
    expect(recorder.text).toBe('G1 X0.5\n')
  })
})
