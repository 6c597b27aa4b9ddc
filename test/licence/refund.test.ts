import { describe, expect, test } from 'vitest'
import { readRefund } from '../../agent/licence/refund.ts'
import { trustIn } from '../../agent/trust/index.ts'
import { allocationClaims, COPY_ID, headerOf, REFUND_ID, refundClaims, signKind } from '../token/sign-kind.ts'
import { fixtureKey, issuer, NOW_MS, order, plainClaims } from './fixture.ts'

const trust = trustIn([issuer.rootPem])

async function messageOf(compact: string, nowMs = NOW_MS): Promise<string> {
  const result = await readRefund(compact, trust, nowMs)
  if (result.ok) return 'read'
  expect(result.refusal.code).toBe('refund-unusable')
  return result.refusal.message
}

function refund(changes: Record<string, unknown> = {}): string {
  return signKind('refund', { ...refundClaims(), ...changes })
}

test('a refund names one copy of a licence of its issuer on one machine', async () => {
  expect(await readRefund(refund(), trust, NOW_MS)).toMatchObject({
    ok: true,
    refund: {
      id: REFUND_ID,
      licenceKey: `${issuer.uri}#${order.id}`,
      issuer: issuer.uri,
      machineId: 'bench-1',
      copyId: COPY_ID,
      issuedAtMs: NOW_MS - 60_000,
    },
  })
})

test('a refund tells its own digest and the anchor behind it', async () => {
  const result = await readRefund(refund(), trust, NOW_MS)
  const { sha256 = '', anchorSha256 = '' } = result.ok ? result.refund : {}
  expect(sha256).toMatch(/^[0-9a-f]{64}$/)
  expect(anchorSha256).toMatch(/^[0-9a-f]{64}$/)
  expect(sha256).not.toBe(anchorSha256)
})

describe('a refund cannot be used', () => {
  const { x5c } = headerOf('refund') as { x5c: string[] }

  test.each<[name: string, message: string, token: string]>([
    ['that is none', 'refund cannot be used: it cannot be read: it is not three', 'refund'],
    ['of 17 kB', 'refund cannot be used: it of 17000 bytes is above the limit', 'A'.repeat(17_000)],
    [
      'signed by another key',
      'it was altered after',
      signKind('refund', refundClaims(), x5c, fixtureKey('rogue')),
    ],
    ['that is an allocation', 'its type is', signKind('allocation', allocationClaims())],
    ['that is a licence', 'its type is', signKind('licence', plainClaims())],
    ['in the name of another issuer', 'its certificate is for', refund({ iss: `${issuer.uri}/2` })],
    ['without a copy', 'claim `copy`', refund({ copy: undefined })],
    ['of every copy', 'claim `copy`', refund({ copy: '*' })],
    ['of several copies', 'claim `copy`', refund({ copy: [COPY_ID] })],
    ['for any machine', 'claim `machine`', refund({ machine: '*' })],
    ['with a count', 'unrecognized key', refund({ copies: 5 })],
    ['of a later version', 'claim `ver`', refund({ ver: 2 })],
  ])('%s', async (_name, message, token) => {
    expect(await messageOf(token)).toContain(message)
  })

  test('whose certificates have ended', async () => {
    expect(await messageOf(refund(), Date.parse('2050-01-01T00:00:00Z'))).toContain('expired at 2046')
  })

  test('by an issuer that nobody trusts here', async () => {
    const result = await readRefund(refund(), trustIn([]), NOW_MS)
    expect(result).toMatchObject({
      ok: false,
      refusal: { message: expect.stringContaining('is not trusted here') },
    })
  })
})
