import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  LICENCE_REFUSAL_CODES,
  type LicenceRefusal,
  type Refused,
  refuse,
} from '../../agent/token/refusal.ts'
import { NOW_MS } from '../licence/fixture.ts'

const examples: readonly Refused[] = [
  refuse('malformed', 'it is not JSON'),
  refuse('too-large', 20_000, 16_384),
  refuse('unsupported-claim', 'limits'),
  refuse('untrusted-issuer', 'Acme', 'its certificates lead to none of the trust anchors'),
  refuse('issuer-not-yet-valid', 'signer certificate `Acme signer`', NOW_MS + 1000, NOW_MS),
  refuse('issuer-expired', 'signer certificate `Acme signer`', NOW_MS - 1000, NOW_MS),
  refuse('issuer-not-allowed', 'signer certificate `Acme signer` repeats an extension'),
  refuse('weak-key', 'signer certificate has a key of 2048 bits, below the limit of 3072 bits', 2048, 3072),
  refuse('bad-signature'),
  refuse('not-yet-valid', NOW_MS + 1000, NOW_MS),
  refuse('expired', NOW_MS - 1000, NOW_MS),
  refuse('other-machine', 'bench-3', ['bench-1']),
  refuse('other-design', 'bracket C', 'its file', 'a'.repeat(64), 'b'.repeat(64)),
  refuse('copies-used-up', 3, 3),
  refuse('opinions-differ', 'they read another URI in the signer certificate'),
  refuse('check-failed', '`disk gone`'),
]

/** The codes are an interface: scripts, decisions and logs hold them. A change here is a change for all of them. */
test('the codes are a closed list, and every one is shown here', () => {
  expect(LICENCE_REFUSAL_CODES).toEqual([
    'malformed',
    'too-large',
    'unsupported-claim',
    'untrusted-issuer',
    'issuer-not-yet-valid',
    'issuer-expired',
    'issuer-not-allowed',
    'weak-key',
    'bad-signature',
    'not-yet-valid',
    'expired',
    'other-machine',
    'other-design',
    'copies-used-up',
    'opinions-differ',
    'check-failed',
  ])
  expect(examples.map(({ refusal }) => refusal.code)).toEqual(LICENCE_REFUSAL_CODES)
})

test('every code is explained in FORMAT.md', () => {
  const format = readFileSync(new URL('../../agent/licence/FORMAT.md', import.meta.url), 'utf8')
  const section = format.slice(format.indexOf('## 4. Refusals'), format.indexOf('## 5.'))
  for (const code of LICENCE_REFUSAL_CODES) expect(section).toContain(`\`${code}\``)
})

test('every refusal is a sentence in the house style with something to do about it', () => {
  for (const { ok, refusal } of examples) {
    expect(ok).toBe(false)
    const said: LicenceRefusal = refusal
    expect(said.message).toMatch(/^[a-z0-9`].*[^.\s]$/)
    expect(said.remedy).toMatch(/^[a-z].*[^.\s]$/)
  }
})

test('what limits by a number or a time gives value and limit', () => {
  const limited = [
    'too-large',
    'weak-key',
    'not-yet-valid',
    'expired',
    'other-machine',
    'other-design',
    'copies-used-up',
  ]
  for (const { refusal } of examples) {
    if (limited.includes(refusal.code))
      expect(refusal).toMatchObject({ value: expect.anything(), limit: expect.anything() })
  }
})

test('a refusal is plain data that survives JSON', () => {
  for (const { refusal } of examples) expect(JSON.parse(JSON.stringify(refusal))).toEqual(refusal)
})
