import { createHash } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { LicenceContext } from '../../agent/licence/context.ts'
import { verifyLicence } from '../../agent/licence/verify-licence.ts'
import { verifyToken } from '../../agent/token/index.ts'
import {
  licenseeKey,
  listPayload,
  passOn,
  publicPart,
  STATUS_URI,
  signKind,
  statusToken,
} from '../token/sign-kind.ts'
import { zoo } from '../token/zoo.ts'
import { contextWith, DAY_MS, fixtureKey, issuer, NOW_MS, plainClaims, plainHeader } from './fixture.ts'

const HOUR_MS = 3_600_000
const INDEX = 2

function licenceWith(changes: object = {}): string {
  const status = { uri: STATUS_URI, idx: INDEX, max_age: 7 * 86_400, beyond: 'deny', ...changes }
  return signKind('licence', { ...plainClaims(), status })
}

/** A list that says this of the licence, so many hours old. */
function listOf(status: number, ageHours = 1, changes: object = {}): string {
  const issuedAtMs = NOW_MS - ageHours * HOUR_MS
  return statusToken([0, 1, status, 0], { issuedAtMs, ...changes })
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

interface Case {
  readonly licence?: object
  /** Beside the licence. */
  readonly bundle?: readonly string[]
  /** Held by the site. */
  readonly site?: readonly string[]
  readonly seen?: LicenceContext['seenLists']
  readonly revoked?: LicenceContext['trust']['revoked']
}

/** What comes of it: each objection as its outcome, its code and who may release it. */
async function told(given: Case): Promise<readonly string[]> {
  const context = contextWith({ statusLists: given.site ?? [], seenLists: given.seen ?? {} })
  const trust = { ...context.trust, revoked: given.revoked ?? [] }
  const text = [licenceWith(given.licence), ...(given.bundle ?? [])].join('\n')
  const result = await verifyLicence(text, { ...context, trust })
  const objections = result.objections.map(({ outcome, release, refusal }) =>
    [outcome, refusal.code, ...(release === null ? [] : [release])].join(' '),
  )
  return result.ok ? objections : [`deny ${result.refusal.code}`, ...objections]
}

describe('the status of a licence', () => {
  test('is what the list says of its place', async () => {
    expect(await told({ site: [listOf(0)] })).toEqual([])
    expect(await told({ site: [listOf(1)] })).toEqual(['deny revoked'])
    expect(await told({ site: [listOf(2)] })).toEqual(['hold suspended issuer'])
  })

  test('is not asked for where the licence names no list', async () => {
    const result = await verifyLicence(signKind('licence', plainClaims()), contextWith())
    expect(result).toMatchObject({ ok: true, objections: [], lists: [] })
  })

  test('may come beside the licence or be held by the site', async () => {
    expect(await told({ bundle: [listOf(0)] })).toEqual([])
    expect(await told({ bundle: [listOf(1)] })).toEqual(['deny revoked'])
  })

  test('is refused where the list ends before it, or says what nobody knows', async () => {
    expect(await told({ site: [statusToken([0])], licence: { idx: 4 } })).toEqual(['deny status-unusable'])
    const lst = deflateSync(Uint8Array.from([0xff])).toString('base64url')
    const payload = { ...JSON.parse(listPayload([]).toString()), status_list: { bits: 2, lst } }
    expect(await told({ site: [signKind('statusList', payload)] })).toEqual(['deny status-unusable'])
  })

  test('of a sub-licence is that of its parents', async () => {
    const key = licenseeKey('Riverside Makers')
    const status = { uri: STATUS_URI, idx: INDEX, max_age: 86_400, beyond: 'warn' }
    const claims = { ...plainClaims(), status }
    const parent = signKind('licence', { ...claims, delegate: { key: publicPart(key), depth: 1 } })
    const child = passOn(parent, { ...claims, jti: '7a1d2c3b-0e4f-4a5b-8c6d-9e0f1a2b3c4d' }, key)
    const revoked = await verifyLicence(`${child}\n${parent}\n${listOf(1)}`, contextWith())
    expect(revoked).toMatchObject({ ok: false, refusal: { code: 'revoked' }, objections: [] })
    const missing = await verifyLicence(`${child}\n${parent}`, contextWith())
    expect(missing).toMatchObject({ ok: true, objections: [{ refusal: { code: 'status-missing' } }] })
  })
})

describe('the newest list', () => {
  test('decides, wherever it comes from', async () => {
    expect(await told({ site: [listOf(1, 1)], bundle: [listOf(0, 2)] })).toEqual(['deny revoked'])
    expect(await told({ site: [listOf(0, 2)], bundle: [listOf(1, 1)] })).toEqual(['deny revoked'])
    expect(await told({ site: [listOf(2, 3), listOf(0, 1), listOf(1, 2)] })).toEqual([])
  })

  test('is on record as the one that was used', async () => {
    const newest = listOf(0, 1)
    const text = `${licenceWith()}\n${listOf(0, 5)}\n${newest}`
    const result = await verifyLicence(text, contextWith())
    expect(result.ok && result.lists).toEqual([
      { uri: STATUS_URI, issuedAtMs: NOW_MS - HOUR_MS, sha256: sha256(newest) },
    ])
  })

  test('is told of a licence that is refused, too', async () => {
    const withdrawn = listOf(1, 1)
    const result = await verifyLicence(`${licenceWith()}\n${withdrawn}`, contextWith())
    expect(result).toMatchObject({ ok: false, lists: [{ uri: STATUS_URI, sha256: sha256(withdrawn) }] })
  })

  test('is found behind forged ones', async () => {
    const forged = signKind('statusList', listPayload([0, 0, 0]), plainHeader.x5c, fixtureKey('rogue'))
    expect(await told({ bundle: [forged], site: [listOf(1, 5)] })).toEqual(['deny revoked'])
    expect(await told({ bundle: [forged] })).toEqual(['deny status-unusable'])
  })

  test('of another name does not count', async () => {
    const other = statusToken([0, 0, 0], { uri: `${STATUS_URI}/2` })
    expect(await told({ site: [other] })).toEqual(['deny status-missing'])
  })

  test('is by the very issuer of the licence: the same name under another anchor could lift what it imposed', async () => {
    const [namesake] = zoo
    const x5c = [namesake!.signerDer, namesake!.intermediateDer].map((der) => der.toString('base64'))
    const context = contextWith({ anchorsPem: [issuer.rootPem, namesake!.anchorPem] })
    const list = signKind('statusList', listPayload([0, 0, 0]), x5c)
    const result = await verifyLicence(`${licenceWith()}\n${list}`, context)
    expect(result).toMatchObject({
      refusal: { code: 'status-unusable', message: expect.stringContaining('by another issuer') },
    })
  })

  test('cannot come from the future', async () => {
    expect(await told({ site: [listOf(0, -0.05)] })).toEqual([])
    expect(await told({ site: [listOf(0, -1)] })).toEqual(['deny status-unusable'])
    expect(await told({ site: [listOf(0, -1), listOf(1, 1)] })).toEqual(['deny revoked'])
  })

  test('is not believed once its signer was revoked', async () => {
    const verified = await verifyToken(listOf(0), 'statusList', [issuer.rootPem], NOW_MS)
    const spkiSha256 = verified.ok ? (verified.token.issuer.certificates[0]?.spkiSha256 ?? null) : null
    expect(
      await told({ site: [listOf(0)], revoked: [{ spkiSha256, serial: null, fromRecord: 5 }] }),
    ).toContain('deny status-unusable')
  })

  test('comes four times at most beside a licence', async () => {
    expect(await told({ bundle: Array.from({ length: 5 }, () => listOf(0)) })).toEqual(['deny malformed'])
  })
})

describe.each([
  ['deny', 'deny %'],
  ['hold', 'hold % site'],
  ['warn', 'warn %'],
])('a licence that asks to %s beyond its oldest list', (beyond, answer) => {
  const licence = { beyond }
  const said = (code: string): string[] => [answer.replace('%', code)]

  test('does so without a list', async () => {
    expect(await told({ licence })).toEqual(said('status-missing'))
  })

  test('does so with one that is too old, and not a second before', async () => {
    expect(await told({ licence, site: [listOf(0, 7 * 24)] })).toEqual([])
    expect(
      await told({ licence, site: [statusToken([0, 0, 0], { issuedAtMs: NOW_MS - 7 * DAY_MS - 1000 })] }),
    ).toEqual(said('status-stale'))
  })

  test('does so with one that has ended', async () => {
    expect(await told({ licence, site: [listOf(0, 1, { expiresAtMs: NOW_MS + 1000 })] })).toEqual([])
    expect(await told({ licence, site: [listOf(0, 1, { expiresAtMs: NOW_MS })] })).toEqual(
      said('status-stale'),
    )
  })

  test('does so with one that cannot be used', async () => {
    const forged = signKind('statusList', listPayload([0]), plainHeader.x5c, fixtureKey('rogue'))
    expect(await told({ licence, site: [forged] })).toEqual(said('status-unusable'))
  })

  test('does so with one that is older than one that was seen here', async () => {
    const old = listOf(0, 5)
    const later = { [STATUS_URI]: { issuedAtMs: NOW_MS - HOUR_MS, sha256: 'a'.repeat(64) } }
    expect(await told({ licence, site: [old], seen: later })).toEqual(said('status-rolled-back'))
  })

  test('still refuses what an old list has revoked', async () => {
    expect(await told({ licence, site: [listOf(1, 30 * 24)] })).toContain('deny revoked')
  })
})

describe('a list that was seen here', () => {
  const list = listOf(0, 5)
  const seenAs = (digest: string, ageHours: number): LicenceContext['seenLists'] => ({
    [STATUS_URI]: { issuedAtMs: NOW_MS - ageHours * HOUR_MS, sha256: digest },
  })

  test('may be used again, and any newer one', async () => {
    expect(await told({ site: [list], seen: seenAs(sha256(list), 5) })).toEqual([])
    expect(await told({ site: [list], seen: seenAs('b'.repeat(64), 6) })).toEqual([])
  })

  test('is not replaced by another of the same second', async () => {
    expect(await told({ site: [list], seen: seenAs('b'.repeat(64), 5) })).toEqual(['deny status-rolled-back'])
  })

  test('of another name says nothing about this one', async () => {
    const seen = { [`${STATUS_URI}/2`]: { issuedAtMs: NOW_MS, sha256: 'b'.repeat(64) } }
    expect(await told({ site: [list], seen })).toEqual([])
  })
})
