import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createIssuer } from '../../agent/issuer/authority.ts'
import { statusUri } from '../../agent/issuer/order.ts'
import { signClaims } from '../../agent/issuer/signer.ts'
import { makeStatusList, peekStatusList, readStatusList, type StatusList } from '../../agent/status/index.ts'
import { TOKEN_KINDS } from '../../agent/token/index.ts'
import { DAY_MS, issuer, NOW_MS } from '../licence/fixture.ts'
import { listPayload, STATUS_URI, signKind, statusToken } from '../token/sign-kind.ts'

const HOUR_MS = 3_600_000

async function read(compact: string, nowMs = NOW_MS): Promise<StatusList> {
  const result = await readStatusList(compact, [issuer.rootPem], nowMs)
  if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.message}`)
  return result.list
}

async function codeOf(compact: string): Promise<string> {
  const result = await readStatusList(compact, [issuer.rootPem], NOW_MS)
  return result.ok ? 'read' : result.refusal.code
}

async function messageOf(compact: string): Promise<string> {
  const result = await readStatusList(compact, [issuer.rootPem], NOW_MS)
  return result.ok ? 'read' : result.refusal.message
}

/** The payload of a list with anything in the place of `lst` and `bits`. */
function payloadWith(status_list: object, changes: object = {}): object {
  return { iss: issuer.uri, sub: STATUS_URI, iat: NOW_MS / 1000, status_list, ...changes }
}

const pack = (bytes: Uint8Array): string => deflateSync(bytes).toString('base64url')

describe('a status list', () => {
  test('tells its issuer, its name and its dates', async () => {
    const list = await read(statusToken([0], { expiresAtMs: NOW_MS + DAY_MS, ttlS: 3600 }))
    expect(list).toMatchObject({
      uri: STATUS_URI,
      issuedAtMs: NOW_MS - HOUR_MS,
      expiresAtMs: NOW_MS + DAY_MS,
      ttlS: 3600,
      issuer: { uri: issuer.uri },
    })
    expect(list.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(list.issuer.anchorSha256).toMatch(/^[0-9a-f]{64}$/)
  })

  test('needs neither an end nor a time to live', async () => {
    expect(await read(statusToken([0]))).toMatchObject({ expiresAtMs: undefined, ttlS: undefined })
  })

  test('holds two bits for each licence, the lowest first', async () => {
    const list = await read(statusToken([0, 1, 2, 0, 2]))
    const told = [0, 1, 2, 3, 4].map((index) => list.statusAt(index))
    expect(told).toEqual(['valid', 'invalid', 'suspended', 'valid', 'suspended'])
  })

  test('ends with its last byte', async () => {
    const list = await read(statusToken([1, 1, 1, 1, 1]))
    expect(list.statusAt(7)).toBe('valid')
    expect(list.statusAt(8)).toBeUndefined()
    expect(list.statusAt(4_194_303)).toBeUndefined()
  })

  test('reads the example of the draft: one bit each, b9 a3', async () => {
    // draft-ietf-oauth-status-list, section 4.1 and its compressed form in section 4.2.
    const compact = signKind('statusList', payloadWith({ bits: 1, lst: 'eNrbuRgAAhcBXQ' }))
    const list = await read(compact)
    const bits = Array.from({ length: 16 }, (_, index) => (list.statusAt(index) === 'invalid' ? 1 : 0))
    expect(bits).toEqual([1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1])
  })

  test('reads the example of the draft: two bits each, c9 44 f9', async () => {
    const lst = pack(Uint8Array.from([0xc9, 0x44, 0xf9]))
    const list = await read(signKind('statusList', payloadWith({ bits: 2, lst })))
    const words = ['valid', 'invalid', 'suspended', 'reserved']
    const values = Array.from({ length: 12 }, (_, index) => words.indexOf(list.statusAt(index) ?? ''))
    expect(values).toEqual([1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3])
  })

  test('reads back what was made of any statuses', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 200 }), async (statuses) => {
        const list = await read(statusToken(statuses))
        const words = statuses.map((status) => ['valid', 'invalid', 'suspended'][status])
        expect(statuses.map((_, index) => list.statusAt(index))).toEqual(words)
      }),
      { numRuns: 20 },
    )
  })

  test('of four million licences is read, and one more is not made', async () => {
    const statuses = new Uint8Array(4 * 2 ** 20)
    statuses[statuses.length - 1] = 2
    const list = await read(signKind('statusList', listPayload([], { statuses })))
    expect(list.statusAt(statuses.length - 1)).toBe('suspended')
    expect(() => listPayload([], { statuses: new Uint8Array(4 * 2 ** 20 + 1) })).toThrow('above the limit')
  })

  test('that does not compress is read up to the size of its token', async () => {
    const noise = Uint8Array.from(
      { length: 500_000 },
      (_, index) => (index * index * 31 + (index >> 3)) % 251,
    )
    const list = await read(signKind('statusList', payloadWith({ bits: 2, lst: pack(noise) })))
    expect(list.statusAt(1_999_999)).toBeDefined()
  })
})

test('the name of a list lies under its issuer: its dates are remembered by it', async () => {
  for (const uri of [issuer.uri, `${issuer.uri}/a/b`]) {
    expect(await readStatusList(statusToken([0], { uri }), [issuer.rootPem], NOW_MS)).toMatchObject({
      ok: true,
    })
  }
  for (const uri of ['https://other.example/status', `${issuer.uri}-2/status`, '__proto__']) {
    expect(await readStatusList(statusToken([0], { uri }), [issuer.rootPem], NOW_MS)).toMatchObject({
      refusal: { code: 'issuer-not-allowed', message: expect.stringContaining('does not lie under') },
    })
  }
})

test('what an issuer names its lists by lies under it, also where its URI ends with a slash', async () => {
  const uri = 'https://muster.example/'
  const made = await createIssuer({ name: 'Muster', uri, nowMs: NOW_MS, days: 30 })
  for (const number of [1, 2]) {
    const payload = listPayload([0], { issuer: uri, uri: statusUri(uri, number), issuedAtMs: NOW_MS })
    const compact = await signClaims(made, 'statusList', payload, { nowMs: NOW_MS })
    expect(await readStatusList(compact, [made.rootPem], NOW_MS)).toMatchObject({ ok: true })
  }
})

describe('what is refused', () => {
  const good = { bits: 2, lst: pack(new Uint8Array(16)) }

  test('a list that is not a list', async () => {
    expect(await codeOf('')).toBe('malformed')
    expect(await codeOf(signKind('licence', listPayload([0])))).toBe('malformed')
    expect(await codeOf(signKind('statusList', 'null'))).toBe('malformed')
    expect(await codeOf('A'.repeat(TOKEN_KINDS.statusList.bytesMax + 1))).toBe('too-large')
  })

  test('a list in the name of another issuer', async () => {
    const iss = 'https://licences.example.org/another'
    expect(await codeOf(signKind('statusList', payloadWith(good, { iss })))).toBe('issuer-not-allowed')
  })

  test.each([
    ['four bits', { ...good, bits: 4 }],
    ['eight bits', { ...good, bits: 8 }],
    ['bits as text', { ...good, bits: '2' }],
    ['no bits', { lst: good.lst }],
    ['no list', { bits: 2 }],
    ['an empty list', { ...good, lst: '' }],
    ['padding', { ...good, lst: `${good.lst}=` }],
    ['another member', { ...good, aggregation_uri: 'https://x.example' }],
    ['a list that is not compressed', { ...good, lst: 'AAAAAAAA' }],
    ['a list cut short', { ...good, lst: good.lst.slice(0, -4) }],
    [
      'a list with bytes after it',
      {
        ...good,
        lst: Buffer.from(`${deflateSync('a').toString('binary')}xx`, 'binary').toString('base64url'),
      },
    ],
    [
      'a list without its checksum',
      { ...good, lst: deflateSync(new Uint8Array(16)).subarray(0, -4).toString('base64url') },
    ],
  ])('%s', async (_name, status_list) => {
    expect(await codeOf(signKind('statusList', payloadWith(status_list)))).toBe('malformed')
  })

  test.each([
    ['no name', { sub: undefined }],
    ['a name with a line end', { sub: 'a\nb' }],
    ['a date as text', { iat: '1' }],
    ['a date in fractions', { iat: 1.5 }],
    ['a date before 1970', { iat: -1 }],
    ['a huge date', { iat: 1e300 }],
    ['an end before it begins', { exp: 1 }],
    ['a time to live of nothing', { ttl: 0 }],
    ['an audience', { aud: 'portcullis' }],
  ])('%s', async (_name, changes) => {
    expect(await codeOf(signKind('statusList', payloadWith(good, changes)))).toBe('malformed')
  })

  test('a list that inflates past its limit is not inflated further', async () => {
    const lst = pack(new Uint8Array(2 ** 20 + 1))
    expect(lst.length).toBeLessThan(2000)
    expect(await messageOf(signKind('statusList', payloadWith({ bits: 2, lst })))).toContain(
      'is longer than 1048576 bytes',
    )
    const limit = pack(new Uint8Array(2 ** 20))
    expect(await codeOf(signKind('statusList', payloadWith({ bits: 2, lst: limit })))).toBe('read')
  })
})

describe('making one', () => {
  const claims = { issuer: issuer.uri, uri: STATUS_URI, issuedAtMs: NOW_MS, statuses: new Uint8Array(1) }

  test('refuses what no reader would take', () => {
    expect(() => makeStatusList({ ...claims, statuses: Uint8Array.from([0, 3]) })).toThrow(
      'status of licence 1',
    )
    expect(() => makeStatusList({ ...claims, uri: '' })).toThrow('status list')
    expect(() => makeStatusList({ ...claims, expiresAtMs: NOW_MS })).toThrow('must be later than')
    expect(() => makeStatusList({ ...claims, ttlS: 0.5 })).toThrow('status list')
  })

  test('cuts its times to whole seconds', () => {
    const text = makeStatusList({ ...claims, issuedAtMs: 1999, expiresAtMs: 3999 }).toString()
    expect(JSON.parse(text)).toMatchObject({ iat: 1, exp: 3 })
  })
})

describe('a look at an unverified list', () => {
  test('tells its name and date, whoever signed it', () => {
    const stranger = signKind('statusList', listPayload([1]), ['AAAA', 'AAAA'])
    expect(peekStatusList(stranger)).toEqual({ uri: STATUS_URI, issuedAtMs: NOW_MS - HOUR_MS })
  })

  test('sees nothing in what is none', () => {
    for (const text of ['', 'a', 'a.b', 'a.!!.c', `a.${Buffer.from('[]').toString('base64url')}.c`]) {
      expect(peekStatusList(text)).toBeUndefined()
    }
    expect(peekStatusList(`a.${'A'.repeat(2 ** 22)}.c`)).toBeUndefined()
  })
})
