// Proofs in files: made here of a small tree and made-up keys, checked as anybody would who holds the entry, the file
// and a policy.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkTlogProof,
  isProblem,
  leafHash,
  type Problem,
  parseTlogPolicy,
  parseTlogProof,
  type TlogPolicy,
  type VerifiedCheckpoint,
} from '../../agent/verify/index.ts'
import { checkpointText, signNote, testSigner } from './signing.ts'
import { CT_LEAVES, CT_ROOTS, naivePath } from './trees.ts'

const ORIGIN = 'portcullis/test'
const log = testSigner(ORIGIN, 1)
const witness = testSigner('witness.example', 4)
const ENTRY = CT_LEAVES[5]!
const CHECKPOINT = checkpointText(ORIGIN, 7, Buffer.from(CT_ROOTS[7]!, 'hex'))
const NOTE = signNote(CHECKPOINT, log.line(CHECKPOINT), witness.line(CHECKPOINT, 1_790_000_000)).toString()
const PATH = naivePath(5, CT_LEAVES.slice(0, 7)).map((hash) => `${hash.toString('base64')}\n`)
const FILE = `c2sp.org/tlog-proof@v1\nindex 5\n${PATH.join('')}\n${NOTE}`

const policyOf = (text: string): TlogPolicy => {
  const policy = parseTlogPolicy(Buffer.from(text))
  if (isProblem(policy)) throw new Error(policy.problem)
  return policy
}
const WITNESSED = policyOf(`log ${log.vkey}\nwitness w ${witness.vkey}\nquorum w\n`)
const ALONE = policyOf(`log ${log.vkey}\nquorum none\n`)

const check = (file: string, entry = ENTRY, policy = WITNESSED): VerifiedCheckpoint | Problem => {
  const proof = parseTlogProof(Buffer.from(file))
  return isProblem(proof) ? proof : checkTlogProof(proof, entry, policy)
}
const problemOf = (value: object): string | undefined => (isProblem(value) ? value.problem : undefined)

describe('a proof', () => {
  test('is accepted with its entry, its log and its witness', () => {
    expect(check(FILE)).toMatchObject({
      checkpoint: { origin: ORIGIN, size: 7 },
      log: { name: ORIGIN },
      cosigners: [{ key: { name: 'witness.example' }, timestamp: 1_790_000_000 }],
    })
  })

  test('is accepted without a witness where the policy asks for none', () => {
    const alone = signNote(CHECKPOINT, log.line(CHECKPOINT)).toString()
    expect(check(FILE.replace(NOTE, alone), ENTRY, ALONE)).toMatchObject({ cosigners: [] })
  })

  test('is refused without a witness where the policy asks for one', () => {
    const alone = signNote(CHECKPOINT, log.line(CHECKPOINT)).toString()
    expect(problemOf(check(FILE.replace(NOTE, alone)))).toContain('quorum `w`')
  })

  test('is refused for another entry, index, tree or log', () => {
    expect(problemOf(check(FILE, CT_LEAVES[4]))).toContain('another root')
    expect(problemOf(check(FILE.replace('index 5', 'index 4')))).toContain('another root')
    expect(problemOf(check(FILE.replace('index 5', 'index 7')))).toContain('beyond')
    const other = testSigner(ORIGIN, 1, 'thief')
    const stolen = signNote(CHECKPOINT, other.line(CHECKPOINT), witness.line(CHECKPOINT, 1)).toString()
    expect(problemOf(check(FILE.replace(NOTE, stolen)))).toContain('not signed by a known key')
  })

  test('carries extra data, which proves nothing', () => {
    const file = FILE.replace('index', `extra ${Buffer.from('beside').toString('base64')}\nindex`)
    const proof = parseTlogProof(Buffer.from(file))
    expect(isProblem(proof) ? proof : proof.extra?.toString()).toBe('beside')
    expect(isProblem(check(file))).toBe(false)
    expect(problemOf(check(file, Buffer.from('beside')))).toContain('another root')
    const empty = parseTlogProof(Buffer.from(FILE.replace('index', 'extra \nindex')))
    expect(isProblem(empty) ? empty : empty.extra).toEqual(Buffer.alloc(0))
  })

  test('of a tree of one has no hashes', () => {
    const root = leafHash(ENTRY)
    const text = checkpointText(ORIGIN, 1, root)
    const file = `c2sp.org/tlog-proof@v1\nindex 0\n\n${signNote(text, log.line(text))}`
    expect(check(file, ENTRY, ALONE)).toMatchObject({ checkpoint: { size: 1 } })
  })

  test.each([
    ['nothing', ''],
    ['another first line', FILE.replace('@v1', '@v2')],
    ['a carriage return', FILE.replace('@v1\n', '@v1\r\n')],
    ['no index', FILE.replace('index 5\n', '')],
    ['an index with a zero in front', FILE.replace('index 5', 'index 05')],
    ['a negative index', FILE.replace('index 5', 'index -5')],
    ['an index beyond 2^53', FILE.replace('index 5', 'index 9007199254740992')],
    ['the index before the extra data', FILE.replace('index 5\n', 'index 5\nextra AAAA\n')],
    ['extra data twice', FILE.replace('index', 'extra AAAA\nextra AAAA\nindex')],
    ['extra data that is no base64', FILE.replace('index', 'extra !!\nindex')],
    ['extra data for URLs', FILE.replace('index', 'extra -_-_\nindex')],
    ['a hash that is no base64', FILE.replace(PATH[0]!, `${'!'.repeat(44)}\n`)],
    ['a hash of 31 bytes', FILE.replace(PATH[0]!, `${Buffer.alloc(31).toString('base64')}\n`)],
    ['a hash too many', FILE.replace(PATH[0]!, `${PATH[0]}${PATH[0]}`)],
    ['a hash too few', FILE.replace(PATH[0]!, '')],
    ['hashes in another order', FILE.replace(PATH.join(''), [...PATH].reverse().join(''))],
    ['no empty line before the checkpoint', FILE.replace(`${PATH.at(-1)}\n`, `${PATH.at(-1)}`)],
    ['two empty lines before the checkpoint', FILE.replace(`${PATH.at(-1)}\n`, `${PATH.at(-1)}\n\n`)],
    ['no checkpoint', FILE.slice(0, FILE.indexOf('\n\n') + 2)],
    ['sixty-four hashes', FILE.replace(PATH[0]!, PATH[0]!.repeat(62))],
    ['a million lines', FILE.replace(PATH[0]!, '\u0041\n'.repeat(1_000_000))],
  ])('with %s is refused in words', (_, file) => {
    expect(problemOf(check(file))).toEqual(expect.any(String))
  })

  test('changed in any one byte is refused, unless the byte is in nobody’s signature', () => {
    const bytes = Buffer.from(FILE)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(bytes)
        changed[at]! ^= change
        const proof = parseTlogProof(changed)
        expect(isProblem(proof) || isProblem(checkTlogProof(proof, ENTRY, WITNESSED))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('of any bytes never makes the reader throw', () => {
    const piece = fc.oneof(
      fc.constantFrom('c2sp.org/tlog-proof@v1\n', 'index 0\n', '\n', PATH[0]!, NOTE),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (parts) => {
        parseTlogProof(Buffer.from(parts.join('')))
      }),
    )
  })
})
