import { describe, expect, test } from 'vitest'
import { type LicenceResult, verifyLicence } from '../../agent/licence/verify-licence.ts'
import { verifyToken } from '../../agent/token/index.ts'
import { allocationClaims, headerOf, signKind, signParts } from '../token/sign-kind.ts'
import { zoo } from '../token/zoo.ts'
import { contextWith, fixtureKey, issuer, order, plainClaims, used } from './fixture.ts'

/** Three copies for two benches that are out of touch, and no share for either. */
const shared = signKind('licence', { ...plainClaims(), machines: [{ id: 'bench-1' }, { id: 'bench-2' }] })
const OTHER_ID = '1b9a7d52-63a1-4c1e-8f0e-1d2c3b4a5f60'

function allocation(changes: Record<string, unknown> = {}): string {
  return signKind('allocation', { ...allocationClaims(), ...changes })
}

async function verify(...lines: string[]): Promise<LicenceResult> {
  return await verifyLicence(lines.join('\n'), contextWith())
}

async function shareWith(...allocations: string[]): Promise<number | string> {
  const result = await verify(shared, ...allocations)
  return result.ok ? result.copiesLeft : result.refusal.code
}

describe('the share of a machine in a shared licence', () => {
  test('is nothing before any is allocated', async () => {
    expect(await shareWith()).toBe('allocation-missing')
  })

  test('is what was allocated to it', async () => {
    expect(await shareWith(allocation())).toBe(2)
    expect(await shareWith(allocation({ copies: 1 }))).toBe(1)
  })

  test('is the sum of all allocations, each once', async () => {
    const one = allocation({ copies: 1 })
    const other = allocation({ copies: 1, jti: OTHER_ID })
    expect(await shareWith(one, other)).toBe(2)
    expect(await shareWith(one, one, one)).toBe(1)
  })

  test('takes the least of two that bear one id', async () => {
    const less = allocation({ copies: 1 })
    const more = allocation({ copies: 2 })
    expect(await shareWith(more, less)).toBe(1)
    expect(await shareWith(less, more)).toBe(1)
  })

  test('is never more than the licence has', async () => {
    expect(await shareWith(allocation({ copies: 1000 }))).toBe(3)
    expect(await shareWith(allocation({ copies: 2 }), allocation({ copies: 2, jti: OTHER_ID }))).toBe(3)
  })

  test('is never more than the licence allows each machine', async () => {
    const grant = { copies: 3, per: { machine: 2 } }
    const limited = signKind('licence', {
      ...plainClaims(),
      grant,
      machines: [{ id: 'bench-1' }, { id: 'bench-2' }],
    })
    const result = await verify(limited, allocation({ copies: 3 }))
    expect(result).toMatchObject({ ok: true, copiesLeft: 2 })
  })

  test('is not what was allocated to another machine or of another licence', async () => {
    expect(await shareWith(allocation({ machine: 'bench-2' }))).toBe('allocation-missing')
    expect(await shareWith(allocation({ licence: OTHER_ID }))).toBe('allocation-missing')
    const own = allocation({ copies: 1 })
    expect(await shareWith(allocation({ machine: 'bench-2', jti: OTHER_ID }), own)).toBe(1)
  })

  test('is what the licence itself allots, where it does: an allocation adds nothing', async () => {
    const alloted = signKind('licence', plainClaims())
    const result = await verify(alloted, allocation({ copies: 3 }))
    expect(result).toMatchObject({ ok: true, copiesLeft: 2 })
  })

  test('is used up like any other', async () => {
    const text = `${shared}\n${allocation()}`
    expect(await verifyLicence(text, contextWith({ uses: used(1) }))).toMatchObject({ copiesLeft: 1 })
    expect(await verifyLicence(text, contextWith({ uses: used(2) }))).toMatchObject({
      refusal: { code: 'copies-used-up', value: 2, limit: 2 },
    })
  })
})

describe('an allocation beside a licence', () => {
  const { x5c } = headerOf('allocation') as { x5c: string[] }

  test.each<[name: string, code: string, token: string]>([
    [
      'signed by another key',
      'bad-signature',
      signKind('allocation', allocationClaims(), x5c, fixtureKey('rogue')),
    ],
    ['in the name of another issuer', 'issuer-not-allowed', allocation({ iss: `${issuer.uri}/x` })],
    ['for another reader', 'malformed', allocation({ aud: 'somebody' })],
    ['of no copies', 'malformed', allocation({ copies: 0 })],
    ['of half a copy', 'malformed', allocation({ copies: 0.5 })],
    ['of less than nothing', 'malformed', allocation({ copies: -1 })],
    ['with a claim too many', 'malformed', allocation({ exp: 1 })],
    ['with a claim too few', 'malformed', allocation({ machine: undefined })],
    ['of a later version', 'malformed', allocation({ ver: 2 })],
    ['with an id in capitals', 'malformed', allocation({ jti: OTHER_ID.toUpperCase() })],
    ['that is no JSON', 'malformed', signKind('allocation', 'copies')],
    [
      'with a claim twice',
      'malformed',
      signKind('allocation', JSON.stringify(allocationClaims()).replace('{', '{"copies":9,')),
    ],
    [
      'with a key of its own',
      'malformed',
      signParts({ ...headerOf('allocation'), jwk: {} }, allocationClaims()),
    ],
  ])('%s refuses the licence as %s', async (_name, code, token) => {
    expect(await verify(shared, token)).toMatchObject({ ok: false, refusal: { code } })
    expect(await verify(shared, allocation({ jti: OTHER_ID }), token)).toMatchObject({ ok: false })
  })

  test('is by the very issuer of the licence, not by a namesake under another anchor', async () => {
    const [namesake] = zoo
    const own = [namesake!.signerDer, namesake!.intermediateDer].map((der) => der.toString('base64'))
    const context = contextWith({ anchorsPem: [issuer.rootPem, namesake!.anchorPem] })
    const token = signKind('allocation', allocationClaims(), own)
    const result = await verifyLicence(`${shared}\n${token}`, context)
    expect(result).toMatchObject({ ok: false, refusal: { code: 'issuer-not-allowed' } })
  })

  test('is not believed once its signer was revoked', async () => {
    const context = contextWith()
    const verified = await verifyToken(allocation(), 'allocation', [issuer.rootPem], context.time.nowMs)
    const signer = verified.ok ? verified.token.issuer.certificates[0] : undefined
    expect(signer?.spkiSha256).toMatch(/^[0-9a-f]{64}$/)
    // Known to the log or not: an allocation is quickly signed again.
    const revoked = [{ spkiSha256: signer?.spkiSha256 ?? null, serial: null, fromRecord: 999 }]
    const trust = { ...context.trust, revoked }
    const result = await verifyLicence(`${shared}\n${allocation()}`, { ...context, trust })
    expect(result).toMatchObject({ ok: false, refusal: { code: 'issuer-revoked' } })
  })

  test('is not read for a machine that is not in the licence', async () => {
    const context = contextWith({ machineId: 'bench-9' })
    const result = await verifyLicence(`${shared}\n${allocation({ machine: 'bench-9' })}`, context)
    expect(result).toMatchObject({ ok: false, refusal: { code: 'other-machine' } })
  })

  test('speaks of a licence by its id', () => {
    expect(allocationClaims()['licence']).toBe(order.id)
  })
})
