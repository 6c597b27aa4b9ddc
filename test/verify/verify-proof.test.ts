// Proofs of records: made here from a small log, carried to a machine that has nothing but a policy.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  isProblem,
  type Problem,
  type ProvenRecord,
  parseTlogPolicy,
  type TlogPolicy,
  verifyProof,
  verifyProofFile,
} from '../../agent/verify/index.ts'
import { KEYS, plain, TestKeys, TestLog } from './log-maker.ts'
import { testSigner } from './signing.ts'
import { naivePath } from './trees.ts'

const witness = testSigner('witness.example', 4)
const log = new TestLog({ records: plain(299) })
const policyOf = (text: string): TlogPolicy => {
  const policy = parseTlogPolicy(Buffer.from(text))
  if (isProblem(policy)) throw new Error(policy.problem)
  return policy
}
const ALONE = policyOf(`log ${KEYS.log.vkey}\nquorum none\n`)
const WITNESSED = policyOf(`log ${KEYS.log.vkey}\nwitness w ${witness.vkey}\nquorum w\n`)

function proofOf(index: number, size: number, extra?: Uint8Array, of = log): Buffer {
  const hashes = naivePath(index, of.entries.slice(0, size)).map((hash) => `${hash.toString('base64')}\n`)
  const extraLine = extra === undefined ? '' : `extra ${Buffer.from(extra).toString('base64')}\n`
  const note = of.note(size, (text) => witness.line(text, 1_790_000_000))
  return Buffer.from(`c2sp.org/tlog-proof@v1\n${extraLine}index ${index}\n${hashes.join('')}\n${note}`)
}
const problemOf = (found: ProvenRecord | Problem): string | undefined =>
  isProblem(found) ? found.problem : undefined

describe('a proof', () => {
  test('proves the record that it carries', () => {
    expect(verifyProof(proofOf(77, 300, log.entries[77]), WITNESSED)).toEqual({
      origin: KEYS.origin,
      index: 77,
      record: JSON.parse(log.entries[77]!.toString()),
      head: {
        size: 300,
        root: log.rootAt(300).toString('hex'),
        cosigners: [{ name: 'witness.example', time: 1_790_000_000 }],
      },
    })
  })

  test('proves the record that is given with it, at every index', () => {
    for (let index = 0; index < 300; index += 13) {
      expect(verifyProof(proofOf(index, 300), ALONE, log.entries[index])).toMatchObject({ index })
    }
  })

  test('proves no other record, whatever it carries', () => {
    expect(problemOf(verifyProof(proofOf(77, 300, log.entries[78]), ALONE))).toContain('another root')
    expect(problemOf(verifyProof(proofOf(77, 300, log.entries[77]), ALONE, log.entries[78]))).toContain(
      'another root',
    )
    expect(problemOf(verifyProof(proofOf(77, 300), ALONE))).toContain('does not carry its record')
  })

  test('proves nothing of a log that the policy does not name', () => {
    const other = new TestLog({ records: plain(299), keys: new TestKeys('x', 'y') })
    expect(problemOf(verifyProof(proofOf(77, 300, other.entries[77], other), ALONE))).toContain(
      'not signed by a known key',
    )
  })

  test('of what is no record is told apart from a proof that does not hold', () => {
    const odd = new TestLog({ records: [Buffer.from('hello'), Buffer.from('{"seq":2}'), ...plain(3)] })
    expect(problemOf(verifyProof(proofOf(1, 6, odd.entries[1], odd), ALONE))).toContain(
      'is in the log, and is not JSON',
    )
    expect(problemOf(verifyProof(proofOf(2, 6, odd.entries[2], odd), ALONE))).toContain(
      'cannot be understood',
    )
    const moved = new TestLog({ records: [{ kind: 'agent-ended', seq: 9 }] })
    expect(problemOf(verifyProof(proofOf(1, 2, moved.entries[1], moved), ALONE))).toContain(
      'says that it is record 9',
    )
  })

  test('with a record beyond any size is refused unread', () => {
    expect(problemOf(verifyProof(proofOf(1, 3), ALONE, Buffer.alloc(70_000)))).toContain(
      'at most 61440 bytes',
    )
  })
})

describe('a file', () => {
  test('is read and checked', () => {
    const dir = log.write()
    writeFileSync(join(dir, 'a.tlog-proof'), proofOf(77, 300, log.entries[77]))
    expect(verifyProofFile(join(dir, 'a.tlog-proof'), WITNESSED)).toMatchObject({ index: 77 })
    writeFileSync(join(dir, 'b.tlog-proof'), 'hello')
    expect(problemOf(verifyProofFile(join(dir, 'b.tlog-proof'), WITNESSED))).toContain('empty line')
  })

  test('that is none is a usage error, in words', () => {
    const dir = log.write()
    mkdirSync(join(dir, 'folder'))
    writeFileSync(join(dir, 'huge'), Buffer.alloc(1_000_000))
    for (const name of ['nothing', 'folder', 'huge']) {
      expect(() => verifyProofFile(join(dir, name), ALONE)).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(name) }),
      )
    }
  })
})
