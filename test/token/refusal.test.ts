import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  deny,
  hold,
  LICENCE_REFUSAL_CODES,
  type LicenceRefusal,
  RELEASERS,
  type Refused,
  refuse,
  warn,
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
  refuse(
    'outside-authority',
    'this issuer may not license designs of tier controlled here',
    'controlled',
    'open',
  ),
  refuse('issuer-revoked', 'signer certificate `Acme signer`'),
  refuse('revoked', NOW_MS),
  refuse('suspended', NOW_MS),
  refuse('status-missing', 'https://acme.example/status'),
  refuse('status-stale', NOW_MS - 1000, NOW_MS),
  refuse('status-unusable', 'it is by another issuer than the licence'),
  refuse('status-rolled-back', NOW_MS - 1000, NOW_MS),
  refuse('clock-untrusted', "this machine's clock was never set"),
  refuse('other-printer', 'UUID', 'cede', 'dece'),
  refuse(
    'printer-unknown',
    'licence is for one printer, and it is not known which one is here',
    'unknown',
    'dece',
  ),
  refuse('other-material', 'ABS', ['PLA', 'PETG']),
  refuse('material-undeclared', ['PLA', 'PETG']),
  refuse('other-operator', 'ana', ['role technician']),
  refuse('operator-undeclared', ['role technician']),
  refuse('outside-envelope', 'nozzle target', '300 °C', 'above', '260 °C'),
  refuse('slicing-unattested', 'no attestation came with it'),
  refuse('slicer-not-trusted', 'farm-slicer'),
  refuse('transform-not-allowed', 'scaled by 2', '2', '1 to 1'),
  refuse('end-use-undeclared', 'the destination'),
  refuse('other-end-use', 'the destination', 'FR', 'NL, BE'),
  refuse('screening-hit', 'end user `Acme` is like an entry of `EU list`', 'Acme', 'Akme'),
  refuse('screening-unready', 'screening list `EU list` has ended'),
  refuse('tier-too-loose', 'design is of class `wa:ML1`', 'open', 'restricted'),
  refuse('class-unknown', 'xx:17'),
  refuse('exemption-not-recognised', 'humanitarian', 'https://acme.example'),
  refuse('obligation-overdue', NOW_MS),
  refuse('assurance-too-low', 'software', 'witnessed'),
  refuse('copies-used-up-today', 1, 1),
  refuse('filament-used-up', 1001, 1000),
  refuse('allocation-missing', 2),
  refuse('parent-missing'),
  refuse('delegation-not-allowed', 'licence 7 may not be passed on'),
  refuse('not-a-subset', 'grant.copies'),
  refuse('drill-only'),
  refuse('refund-unusable', 'it is of another machine'),
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
    'outside-authority',
    'issuer-revoked',
    'revoked',
    'suspended',
    'status-missing',
    'status-stale',
    'status-unusable',
    'status-rolled-back',
    'clock-untrusted',
    'other-printer',
    'printer-unknown',
    'other-material',
    'material-undeclared',
    'other-operator',
    'operator-undeclared',
    'outside-envelope',
    'slicing-unattested',
    'slicer-not-trusted',
    'transform-not-allowed',
    'end-use-undeclared',
    'other-end-use',
    'screening-hit',
    'screening-unready',
    'tier-too-loose',
    'class-unknown',
    'exemption-not-recognised',
    'obligation-overdue',
    'assurance-too-low',
    'copies-used-up-today',
    'filament-used-up',
    'allocation-missing',
    'parent-missing',
    'delegation-not-allowed',
    'not-a-subset',
    'drill-only',
    'refund-unusable',
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
    'outside-authority',
    'status-stale',
    'status-rolled-back',
    'other-printer',
    'printer-unknown',
    'other-material',
    'material-undeclared',
    'other-operator',
    'operator-undeclared',
    'outside-envelope',
    'transform-not-allowed',
    'other-end-use',
    'screening-hit',
    'tier-too-loose',
    'obligation-overdue',
    'assurance-too-low',
    'copies-used-up-today',
    'filament-used-up',
  ]
  for (const { refusal } of examples) {
    if (limited.includes(refusal.code))
      expect(refusal).toMatchObject({ value: expect.anything(), limit: expect.anything() })
  }
})

test('an objection denies, holds for somebody, or warns', () => {
  const refused = refuse('drill-only')
  expect(deny(refused)).toEqual({ outcome: 'deny', release: null, refusal: refused.refusal })
  for (const releaser of RELEASERS) {
    expect(hold(refused, releaser)).toEqual({ outcome: 'hold', release: releaser, refusal: refused.refusal })
  }
  expect(warn(refused)).toEqual({ outcome: 'warn', release: null, refusal: refused.refusal })
})

test('what somebody else wrote shows in a refusal without what cannot be seen', () => {
  const nasty = '\u001b[2J`\u202eA'
  for (const { refusal } of [
    refuse('other-material', nasty, [nasty]),
    refuse('other-operator', nasty, [nasty]),
    refuse('other-printer', 'UUID', nasty, nasty),
    refuse('other-end-use', 'the end use', nasty, 'display'),
    refuse('slicer-not-trusted', nasty),
    refuse('class-unknown', nasty),
    refuse('exemption-not-recognised', 'repair', nasty),
    refuse('status-missing', nasty),
    refuse('not-a-subset', nasty),
    refuse('outside-authority', 'not here', nasty, 'open'),
  ]) {
    expect(`${refusal.message} ${refusal.value}`).not.toMatch(/[\u001b\u202e]/)
  }
})

test('a refusal is plain data that survives JSON', () => {
  for (const { refusal } of examples) expect(JSON.parse(JSON.stringify(refusal))).toEqual(refusal)
})
