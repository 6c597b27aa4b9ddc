import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { issueLicence } from '../../agent/issuer/issuer.ts'
import { readClaims } from '../../agent/licence/claims.ts'
import { verifyLicence } from '../../agent/licence/verify-licence.ts'
import { checkIssuerChain } from '../../agent/token/issuer-chain.ts'
import { LICENCE_REFUSAL_CODES } from '../../agent/token/refusal.ts'
import { parseStrictJson } from '../../agent/token/strict-json.ts'
import { contextWith, issuer, NOW_MS, order } from '../licence/fixture.ts'
import { zoo } from '../token/zoo.ts'

const token = await issueLicence(issuer, order, NOW_MS)
const bytes = Buffer.from(token)
const good = zoo[0]!

async function isRefusedWithReason(candidate: string): Promise<void> {
  const result = await verifyLicence(candidate, contextWith())
  expect(result.ok).toBe(false)
  if (!result.ok) expect(LICENCE_REFUSAL_CODES).toContain(result.refusal.code)
}

describe('a licence that was touched anywhere is refused:', () => {
  test('one bit flipped', async () => {
    const flip = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 6 }))
    await fc.assert(
      fc.asyncProperty(flip, async ([at, bit]) => {
        const changed = Buffer.from(bytes)
        changed[at]! ^= 1 << bit
        await isRefusedWithReason(changed.toString('latin1'))
      }),
      { numRuns: 300 },
    )
  })

  test('one character replaced by another of the same alphabet', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.nat(63), async (at, i) => {
        fc.pre(token[at] !== alphabet[i])
        await isRefusedWithReason(`${token.slice(0, at)}${alphabet[i]}${token.slice(at + 1)}`)
      }),
      { numRuns: 150 },
    )
  })

  test('cut, doubled or pasted together', async () => {
    const place = fc.nat(token.length)
    await fc.assert(
      fc.asyncProperty(place, place, async (a, b) => {
        fc.pre(a !== b)
        await isRefusedWithReason(token.slice(0, a) + token.slice(b))
      }),
      { numRuns: 150 },
    )
  })
})

test('a certificate with one byte changed is never trusted', () => {
  const spot = fc.record({
    inSigner: fc.boolean(),
    at: fc.nat(Math.min(good.signerDer.length, good.intermediateDer.length) - 1),
    mask: fc.integer({ min: 1, max: 255 }),
  })
  fc.assert(
    fc.property(spot, ({ inSigner, at, mask }) => {
      const signer = Buffer.from(good.signerDer)
      const intermediate = Buffer.from(good.intermediateDer)
      const changed = inSigner ? signer : intermediate
      changed[at]! ^= mask
      expect(checkIssuerChain(signer, intermediate, [good.anchorPem], NOW_MS).ok).toBe(false)
    }),
    { numRuns: 400 },
  )
})

test('no text makes the check throw or allow', async () => {
  const part = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.base64String(), fc.json())
  const anything = fc.oneof(
    part,
    fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.')),
  )
  await fc.assert(fc.asyncProperty(anything, isRefusedWithReason), { numRuns: 500 })
})

test('no JSON makes the claims reader throw or say yes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(readClaims(Buffer.from(JSON.stringify(value))).ok).toBe(false)
    }),
    { numRuns: 500 },
  )
})

test('strict JSON equals plain JSON wherever it agrees to read', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const result = parseStrictJson(Buffer.from(text))
      expect(result).toEqual({ ok: true, value: JSON.parse(text) })
    }),
  )
})

test('a key repeated anywhere is found, however it is escaped', () => {
  const key = fc.string({ minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(key, fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (name, one, two) => {
      const escaped = [...name].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
      const text = `{"x":[{${JSON.stringify(name)}:${JSON.stringify(one)},"${escaped}":${JSON.stringify(two)}}]}`
      expect(parseStrictJson(Buffer.from(text)).ok).toBe(false)
    }),
  )
})
