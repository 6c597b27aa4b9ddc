import { describe, expect, test } from 'vitest'
import type { LicenceContext } from '../../agent/licence/index.ts'
import { readLicence } from '../../agent/licence/read-licence.ts'
import { verifyLicence } from '../../agent/licence/verify-licence.ts'
import {
  bracket,
  type ContextChanges,
  change,
  contextWith,
  DAY_MS,
  digestsOf,
  issuer,
  NOW_MS,
  order,
  plainClaims,
  signClaims,
  used,
} from './fixture.ts'

const claims: Record<string, unknown> = { ...plainClaims(), machines: [{ id: 'bench-1' }] }
const token = await signClaims(claims)

async function codeOf(changes: ContextChanges, of = token): Promise<string> {
  const result = await verifyLicence(of, contextWith(changes))
  return result.ok ? 'allowed' : result.refusal.code
}

async function messageOf(changes: ContextChanges, of = token): Promise<string> {
  const result = await verifyLicence(of, contextWith(changes))
  return result.ok ? 'allowed' : result.refusal.message
}

async function issue(changes: Record<string, unknown>): Promise<string> {
  return signClaims({ ...claims, ...changes })
}

test('a licence for this job, machine and time is allowed and says what was verified', async () => {
  expect(await verifyLicence(token, contextWith())).toMatchObject({
    ok: true,
    licence: { id: order.id, issuer: issuer.uri, licensee: 'Riverside Makers', grant: { copies: 3 } },
    copiesLeft: 3,
    objections: [],
  })
})

describe('time', () => {
  const startMs = NOW_MS - DAY_MS
  const endMs = NOW_MS + 30 * DAY_MS

  test('starts with the second of nbf', async () => {
    expect(await codeOf({ nowMs: startMs - 1 })).toBe('not-yet-valid')
    expect(await codeOf({ nowMs: startMs })).toBe('allowed')
  })

  test('is over at the very second of exp', async () => {
    expect(await codeOf({ nowMs: endMs - 1 })).toBe('allowed')
    expect(await codeOf({ nowMs: endMs })).toBe('expired')
  })

  test('is named in the refusal, with value and limit', async () => {
    expect(await verifyLicence(token, contextWith({ nowMs: endMs + 1000 }))).toEqual({
      ok: false,
      objections: [],
      lists: [],
      refusal: {
        code: 'expired',
        message: 'licence expired at 2026-12-22T12:00:00Z, it is now 2026-12-22T12:00:01Z',
        remedy: 'ask the issuer for a new licence',
        value: '2026-12-22T12:00:01Z',
        limit: '2026-12-22T12:00:00Z',
      },
    })
    expect(await messageOf({ nowMs: startMs - 1000 })).toBe(
      'licence is valid from 2026-11-21T12:00:00Z, it is now 2026-11-21T11:59:59Z',
    )
  })

  test('before the issue is before the start, even where nbf reaches back', async () => {
    const backdated = change(plainClaims(), ['iat'], (NOW_MS + 60_000) / 1000)
    expect(await messageOf({}, await signClaims(backdated))).toContain('valid from 2026-11-22T12:01:00Z')
  })

  test('outside the certificates is the issuer’s fault, not the licence’s', async () => {
    expect(await codeOf({ nowMs: Date.parse('2046-01-01T00:00:01Z') })).toBe('issuer-expired')
    expect(await codeOf({ nowMs: Date.parse('2025-12-31T23:59:59Z') })).toBe('issuer-not-yet-valid')
  })

  test('without a real clock is no time at which anything is allowed', async () => {
    for (const nowMs of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0, 1.5, 1e300]) {
      expect(await codeOf({ nowMs })).toBe('check-failed')
    }
    const { time } = contextWith()
    for (const nowMs of [undefined, null, `${NOW_MS}`]) {
      expect(await codeOf({ time: { ...time, nowMs: nowMs as unknown as number } })).toBe('check-failed')
    }
    expect(await codeOf({ nowMs: new Date(NOW_MS) as unknown as number })).toBe('check-failed')
  })
})

describe('the machine', () => {
  test('must be named', async () => {
    const shared = await signClaims(plainClaims())
    expect(await codeOf({ machineId: 'bench-2' }, shared)).toBe('allowed')
    expect(await codeOf({ machineId: 'bench-2' })).toBe('other-machine')
    expect(await verifyLicence(shared, contextWith({ machineId: 'bench-3' }))).toMatchObject({
      refusal: {
        code: 'other-machine',
        message: 'licence is for `bench-1`, `bench-2`, this machine is `bench-3`',
        value: 'bench-3',
        limit: 'bench-1, bench-2',
      },
    })
  })

  test('is compared letter by letter', async () => {
    for (const machineId of ['BENCH-1', 'bench-1 ', 'bench-', 'bench-10', '*']) {
      expect(await codeOf({ machineId })).toBe('other-machine')
    }
  })

  test('without identity may print nothing', async () => {
    expect(await codeOf({ machineId: '' })).toBe('check-failed')
  })

  test('list is cut in the sentence and whole in the limit', async () => {
    const many = await issue({ machines: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id })) })
    const result = await verifyLicence(many, contextWith())
    expect(result).toMatchObject({ refusal: { limit: 'a, b, c, d, e' } })
    expect(await messageOf({}, many)).toBe(
      'licence is for `a`, `b`, `c` and 2 more, this machine is `bench-1`',
    )
  })
})

describe('the design', async () => {
  const other = digestsOf('another job')
  const design = claims['design'] as { digests: object[] }
  const rawOnly = await issue({
    design: { ...design, digests: [{ alg: 'sha-256', form: 'gcode-raw', value: bracket.rawSha256 }] },
  })
  const canonicalOnly = await issue({
    design: { ...design, digests: [{ alg: 'sha-256', form: 'gcode-canon', value: bracket.canonicalSha256 }] },
  })

  test('matches by any one of its digests', async () => {
    expect(await codeOf({ design: { ...other, canonicalSha256: bracket.canonicalSha256 } })).toBe('allowed')
    expect(await codeOf({ design: { ...other, rawSha256: bracket.rawSha256 } })).toBe('allowed')
    expect(await codeOf({ design: other })).toBe('other-design')
  })

  test('matches in the form that is named, and in no other', async () => {
    const sameCommands = { ...other, canonicalSha256: bracket.canonicalSha256 }
    expect(await codeOf({ design: sameCommands }, rawOnly)).toBe('other-design')
    expect(await codeOf({ design: sameCommands }, canonicalOnly)).toBe('allowed')
    const swapped = { rawSha256: bracket.canonicalSha256, canonicalSha256: bracket.rawSha256 }
    for (const each of [token, rawOnly, canonicalOnly]) {
      expect(await codeOf({ design: swapped }, each)).toBe('other-design')
    }
  })

  test('may be several files', async () => {
    const plate = digestsOf('plate of four')
    const both = await issue({
      design: {
        ...design,
        digests: [...design.digests, { alg: 'sha-256', form: 'gcode-canon', value: plate.canonicalSha256 }],
      },
    })
    expect(await codeOf({ design: plate }, both)).toBe('allowed')
    expect(await codeOf({ design: bracket }, both)).toBe('allowed')
  })

  test('says which digest was expected', async () => {
    expect(await verifyLicence(rawOnly, contextWith({ design: other }))).toMatchObject({
      refusal: {
        message: expect.stringMatching(
          /^job is not the licensed design `bracket-7 C`: the SHA-256 of its file begins with [0-9a-f]{16}, the licence names [0-9a-f]{16}$/,
        ),
        value: other.rawSha256,
        limit: bracket.rawSha256,
      },
    })
    expect(await messageOf({ design: other })).toContain('the SHA-256 of its command sequence begins with')
  })

  test('is never matched by digests that are not whole', async () => {
    for (const rawSha256 of ['', bracket.rawSha256.slice(1), bracket.rawSha256.toUpperCase()]) {
      expect(await codeOf({ design: { ...bracket, rawSha256 } })).toBe('check-failed')
    }
    expect(await codeOf({ job: undefined as unknown as LicenceContext['job'] })).toBe('check-failed')
  })
})

describe('copies', () => {
  test('begin with none used', async () => {
    expect(await verifyLicence(token, contextWith())).toMatchObject({ ok: true, copiesLeft: 3 })
  })

  test('end at the number granted', async () => {
    expect(await codeOf({ uses: used(2) })).toBe('allowed')
    expect(await messageOf({ uses: used(3) })).toBe('3 copies are used, the licence allows 3')
    expect(await messageOf({ uses: used(1) }, await issue({ grant: { copies: 1 } }))).toBe(
      '1 copy is used, the licence allows 1',
    )
  })

  test('that are no number refuse', async () => {
    for (const count of [Number.NaN, -1, 0.5]) {
      expect(await codeOf({ uses: used(count) })).toBe('check-failed')
    }
  })
})

describe('the issuer', () => {
  test('must be the one its certificate names', async () => {
    const foreign = await signClaims({ ...plainClaims(), iss: 'https://licences.example.org/other' })
    expect(await verifyLicence(foreign, contextWith())).toMatchObject({
      refusal: {
        code: 'issuer-not-allowed',
        value: 'https://licences.example.org/other',
        limit: 'https://licences.example.org/fixture',
      },
    })
    const slash = await signClaims({ ...plainClaims(), iss: `${issuer.uri}/` })
    expect(await codeOf({}, slash)).toBe('issuer-not-allowed')
  })

  test('must be trusted here', async () => {
    expect(await messageOf({ anchorsPem: [] })).toBe(
      'issuer `Fixture Designs` is not trusted here: its certificates lead to none of the trust anchors',
    )
  })
})

describe('of several things wrong the first in order is told', () => {
  test('an unknown issuer before anything its token says', async () => {
    const nonsense = await signClaims('not even JSON')
    expect(await codeOf({ anchorsPem: [] }, nonsense)).toBe('untrusted-issuer')
    expect(await codeOf({}, nonsense)).toBe('malformed')
  })

  test('time before machine before design before copies', async () => {
    const wrong = { machineId: 'x', design: digestsOf('x'), uses: used(9) }
    expect(await codeOf({ ...wrong, nowMs: NOW_MS + 40 * DAY_MS })).toBe('expired')
    expect(await codeOf(wrong)).toBe('other-machine')
    expect(await codeOf({ ...wrong, machineId: 'bench-1' })).toBe('other-design')
    expect(await codeOf({ uses: used(9) })).toBe('copies-used-up')
  })
})

describe('whatever breaks, refuses', () => {
  test('a context that throws when it is read', async () => {
    const trap = {
      ...contextWith(),
      get trust(): LicenceContext['trust'] {
        throw new Error('disk `gone`\u001b[2J')
      },
    }
    const result = await verifyLicence(token, trap)
    expect(result).toMatchObject({ ok: false, refusal: { code: 'check-failed' } })
    expect(result.ok ? '' : result.refusal.message).toBe("licence could not be checked: `disk 'gone'?[2J`")
  })

  test('no context at all', async () => {
    const result = await verifyLicence(token, undefined as unknown as LicenceContext)
    expect(result).toMatchObject({ ok: false, refusal: { code: 'check-failed' } })
  })
})

describe('reading without verifying', () => {
  test('shows what a token claims, whoever signed it and whenever', () => {
    const forged = `${token.slice(0, -4)}AAAA`
    expect(readLicence(forged)).toMatchObject({ ok: true, unverified: { id: order.id } })
  })

  test('never passes for a verified licence', () => {
    expect(readLicence(token)).not.toHaveProperty('licence')
  })

  test('refuses what is no licence, and never throws', () => {
    expect(readLicence('x')).toMatchObject({ refusal: { code: 'malformed' } })
    expect(readLicence('A'.repeat(20_000))).toMatchObject({ refusal: { code: 'too-large' } })
    expect(readLicence(null as unknown as string)).toMatchObject({ refusal: { code: 'check-failed' } })
  })
})
