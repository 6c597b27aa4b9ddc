// The body of add-checkpoint: what the specification shows, what may be sent, and everything else.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isProblem } from '../../agent/verify/index.ts'
import { parseSubmission, printSubmission, SUBMISSION_BYTES_MAX } from '../../agent/witness/submission.ts'
import { TestLog } from './test-log.ts'

/** c2sp.org/tlog-witness: its example. */
const EXAMPLE = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`

const log = new TestLog('example.test/log', 9)
const hash = `${Buffer.alloc(32, 7).toString('base64')}\n`

describe('a body', () => {
  test('is read as the specification shows it', () => {
    const read = parseSubmission(Buffer.from(EXAMPLE))
    expect(read).toMatchObject({ oldSize: 20_852_014 })
    if (isProblem(read)) throw new Error(read.problem)
    expect(read.proof.map((bytes) => bytes.toString('base64'))).toEqual(EXAMPLE.split('\n').slice(1, 5))
    expect(read.checkpoint.checkpoint).toMatchObject({
      origin: 'example.com/behind-the-sofa',
      size: 20_852_163,
    })
    expect(read.checkpoint.note.signatures).toHaveLength(2)
  })

  test('that was printed reads as what was meant', () => {
    for (let old = 0; old <= log.size; old++) {
      const printed = printSubmission(old, log.proof(old), log.note())
      expect(printed).toBe(log.submission(old))
      const read = parseSubmission(Buffer.from(printed))
      expect(read).toMatchObject({ oldSize: old, proof: log.proof(old) })
    }
  })

  test('may have 63 lines of proof, and no more', () => {
    const body = (lines: number): Buffer => Buffer.from(`old 3\n${hash.repeat(lines)}\n${log.note()}`)
    expect(parseSubmission(body(63))).toMatchObject({ oldSize: 3 })
    expect(parseSubmission(body(64))).toEqual({ problem: 'a proof has at most 63 hashes' })
    expect(parseSubmission(body(300))).toEqual({
      problem: 'a body has at most 63 lines of proof, then an empty line',
    })
  })

  const OLD = 'the first line is `old` and a decimal number below 2^53, without leading zeros'
  const LINE = 'a line of proof is the base64 of 32 bytes'
  test.each([
    ['is empty', '', 'a body has at most 63 lines of proof, then an empty line'],
    ['has no old size', `\n${log.note()}`, OLD],
    ['begins with an empty line', `\n\n${log.note()}`, OLD],
    ['has a size with leading zeros', `old 03\n\n${log.note()}`, OLD],
    ['has a negative size', `old -3\n\n${log.note()}`, OLD],
    ['has a size beyond 2^53', `old 9007199254740993\n\n${log.note()}`, OLD],
    ['has a size with an exponent', `old 1e3\n\n${log.note()}`, OLD],
    ['has two spaces', `old  3\n\n${log.note()}`, OLD],
    ['has a space behind the size', `old 3 \n\n${log.note()}`, OLD],
    ['ends its lines as Windows does', `old 3\r\n\r\n${log.note()}`, OLD],
    ['names it in capitals', `OLD 3\n\n${log.note()}`, OLD],
    ['has a hash of 31 bytes', `old 3\n${Buffer.alloc(31).toString('base64')}\n\n${log.note()}`, LINE],
    ['has a hash in the other alphabet', `old 3\n${'-_'.repeat(21)}A=\n\n${log.note()}`, LINE],
    ['has a hash with stray bits', `old 3\n${'A'.repeat(42)}B=\n\n${log.note()}`, LINE],
    ['has no checkpoint', 'old 3\n\n', 'a note has an empty line before its signatures'],
    ['has a checkpoint without a signature', `old 3\n\n${log.text()}\n`, 'signatures end with a line feed'],
  ])('that %s is refused', (_, body, problem) => {
    expect(parseSubmission(Buffer.from(body))).toEqual({ problem })
  })

  test('of more than the limit is refused before it is looked at', () => {
    const bytes = Buffer.alloc(SUBMISSION_BYTES_MAX + 1, 0xff)
    expect(parseSubmission(bytes)).toEqual({ problem: 'a body has at most 65536 bytes' })
  })

  test('of any bytes is read or refused, and nothing is thrown', () => {
    const valid = Buffer.from(log.submission(5))
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text)),
      fc
        .tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length))
        .map(([at, byte, end]) => Buffer.from(valid.map((b, i) => (i === at ? byte : b))).subarray(0, end)),
    )
    fc.assert(
      fc.property(anything, (bytes) => {
        const read = parseSubmission(bytes)
        if (isProblem(read)) expect(read.problem).not.toBe('')
        else expect(read.oldSize).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 500 },
    )
  })
})
