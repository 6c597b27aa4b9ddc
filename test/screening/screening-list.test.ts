import { chmod, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { addScreeningList, loadScreening } from '../../agent/screening/index.ts'
import { loadTrust } from '../../agent/trust/index.ts'
import { DAY_MS, issuer, NOW_MS } from '../licence/fixture.ts'
import { complaint, rowFor, screeningClaims, signed, trustFolder } from '../trust/signed.ts'

const MAY = rowFor('may: [screen]')
const token = (changes: object = {}) => signed('screeningList', screeningClaims(changes))

async function load(text: string, row = MAY, nowMs = NOW_MS) {
  const dir = await trustFolder({ 'authorities.yaml': row, 'screening/a.jwt': `${text}\n` })
  return await loadScreening(dir, await loadTrust(dir, nowMs), nowMs)
}

describe('a screening list', () => {
  test('of an authority that may screen is read', async () => {
    const { lists, unusable } = await load(await token())
    expect(lists).toMatchObject([
      {
        uri: `${issuer.uri}#national`,
        name: 'national',
        version: '2026-11-20',
        source: 'ministry',
        issuedAtMs: NOW_MS - DAY_MS,
        expiresAtMs: NOW_MS + 30 * DAY_MS,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ])
    expect(lists[0]?.entries[2]).toEqual({
      id: 'm1',
      kind: 'material',
      names: [],
      countries: [],
      vendor: 'Grey Polymers',
      lot: 'L-77/2',
      why: 'stolen',
    })
    expect(unusable).toEqual([])
  })

  test('that is older than the one that was used here is not used, nor missed where nobody may screen', async () => {
    const uri = `${issuer.uri}#national`
    const text = await token()
    const file = { 'screening/a.jwt': text }
    const told = async (seen: object, row = MAY, files: Record<string, string> = file) => {
      const dir = await trustFolder({ 'authorities.yaml': row, ...files })
      const trust = await loadTrust(dir, NOW_MS)
      const { lists, unusable } = await loadScreening(dir, trust, NOW_MS, seen as Record<string, never>)
      return [lists.length, ...unusable]
    }
    const [{ sha256 = '', issuedAtMs = 0 } = {}] = (await load(text)).lists
    const seen = (ms: number, digest: string) => ({ [uri]: { issuedAtMs: ms, sha256: digest } })
    expect(await told(seen(issuedAtMs, sha256))).toEqual([1])
    expect(await told(seen(issuedAtMs - 1000, 'ab'.repeat(32)))).toEqual([1])
    for (const later of [0, 1000]) {
      expect(await told(seen(issuedAtMs + later, 'ab'.repeat(32)))).toEqual([
        0,
        expect.stringContaining('is not used: a newer one was used here'),
      ])
    }
    expect(await told(seen(issuedAtMs, sha256), MAY, {})).toEqual([
      0,
      expect.stringContaining('was used here and is gone'),
    ])
    expect(await told(seen(issuedAtMs, sha256), rowFor('may: [license]'), {})).toEqual([0])
  })

  test('that has expired is read all the same', async () => {
    expect((await load(await token(), MAY, NOW_MS + 31 * DAY_MS)).lists).toHaveLength(1)
  })

  test('that was read before is no more believed than its publisher is now', async () => {
    const text = await token({ jti: '5f0b8c1e-6a58-4f64-9d8a-000000000001' })
    const [first, second] = [await load(text), await load(text)]
    expect(second).toEqual(first)
    expect((await load(text, rowFor('may: [license]'))).lists).toEqual([])
    expect((await load(text, MAY, Date.parse('2050-01-01'))).lists).toEqual([])
    expect(await complaint(load(`${text.slice(0, -4)}AAAA`))).toContain('altered after it was signed')
  })

  test('is plain data, for another process', async () => {
    const screening = await load(await token())
    expect(JSON.parse(JSON.stringify(screening))).toEqual(screening)
  })

  test.each<[string, string, number, string]>([
    ['of an anchor without a row', '', NOW_MS, 'may not publish screening lists here'],
    [
      'whose authority may not screen',
      rowFor('may: [license, exempt, recognise]'),
      NOW_MS,
      'may not publish',
    ],
    ['whose certificates have expired', MAY, Date.parse('2050-01-01'), 'expired at'],
    ['whose certificates are not valid yet', MAY, Date.parse('2020-01-01'), 'valid from'],
  ])('%s is told to be unusable', async (_title, row, nowMs, told) => {
    const { lists, unusable } = await load(await token({ exp: 4e9 }), row, nowMs)
    expect(lists).toEqual([])
    expect(unusable).toEqual([expect.stringContaining(told)])
  })

  const entry = { id: 'a', kind: 'party', names: ['A'], why: 'w' }
  test.each<[string, object | string]>([
    ['a claim that nobody knows', screeningClaims({ more: 1 })],
    ['no version', screeningClaims({ version: undefined })],
    ['no source', screeningClaims({ source: undefined })],
    ['another version of the claims', screeningClaims({ ver: 2 })],
    ['another audience', screeningClaims({ aud: 'x' })],
    ['another issuer', screeningClaims({ iss: 'https://licences.example.org/other' })],
    ['a name with spaces', screeningClaims({ sub: 'a b' })],
    ['an end before its beginning', screeningClaims({ exp: 1 })],
    ['no entries', screeningClaims({ entries: [] })],
    ['an id twice', screeningClaims({ entries: [entry, entry] })],
    ['a party without a name', screeningClaims({ entries: [{ ...entry, names: [] }] })],
    ['a country without a code', screeningClaims({ entries: [{ ...entry, kind: 'country' }] })],
    ['a country by its name', screeningClaims({ entries: [{ ...entry, countries: ['Germany'] }] })],
    ['a material without vendor and lot', screeningClaims({ entries: [{ ...entry, kind: 'material' }] })],
    ['a party with a lot', screeningClaims({ entries: [{ ...entry, lot: 'x' }] })],
    ['a name that hides something', screeningClaims({ entries: [{ ...entry, names: ['A\u202eB'] }] })],
    ['a name of a kilobyte', screeningClaims({ entries: [{ ...entry, names: ['A'.repeat(1024)] }] })],
    [
      '33 names',
      screeningClaims({ entries: [{ ...entry, names: Array.from({ length: 33 }, (_, i) => `n${i}`) }] }),
    ],
    [
      'more entries than there may be',
      screeningClaims({ entries: Array.from({ length: 10_001 }, (_, i) => ({ ...entry, id: `${i}` })) }),
    ],
    ['deep nesting', `${'['.repeat(100)}${']'.repeat(100)}`],
    ['a key twice', '{"sub":"a","sub":"b"}'],
    ['text', 'hello'],
  ])('with %s makes the folder unusable', async (_title, claims) => {
    const message = await complaint(signed('screeningList', claims).then((text) => load(text)))
    expect(message).toMatch(/^LICENCE_UNREADABLE screening list .* cannot be used: /)
  })

  test.each<[string, () => Promise<string>, string]>([
    ['a recognition in its place', () => signed('recognition', screeningClaims()), '`screening-list+jwt`'],
    ['a licence in its place', () => signed('licence', screeningClaims()), '`screening-list+jwt`'],
    ['a file of two megabytes', async () => 'a'.repeat(2 * 1024 * 1024), 'above the limit'],
    [
      'a signature of something else',
      async () =>
        `${(await token()).split('.').slice(0, 2).join('.')}.${(await token({ version: 'x' })).split('.')[2]}`,
      'altered after it was signed',
    ],
  ])('%s makes the folder unusable', async (_title, make, told) => {
    expect(await complaint(load(await make()))).toContain(told)
  })

  test('that every user may write is not believed', async () => {
    const dir = await trustFolder({ 'authorities.yaml': MAY, 'screening/a.jwt': await token() })
    const trust = await loadTrust(dir, NOW_MS)
    await chmod(join(dir, 'screening/a.jwt'), 0o666)
    expect(await complaint(loadScreening(dir, trust, NOW_MS))).toContain('so nothing in it is trusted')
  })
})

describe('several lists', () => {
  test('of one name: the newest counts, whatever its file is called', async () => {
    const dir = await trustFolder({
      'authorities.yaml': MAY,
      'screening/a.jwt': await token({ version: 'new', iat: NOW_MS / 1000 }),
      'screening/b.jwt': await token({ version: 'old', iat: NOW_MS / 1000 - 1 }),
      'screening/c.jwt': await token({ sub: 'other' }),
    })
    const { lists } = await loadScreening(dir, await loadTrust(dir, NOW_MS), NOW_MS)
    expect(lists.map(({ name, version }) => [name, version])).toEqual([
      ['national', 'new'],
      ['other', '2026-11-20'],
    ])
  })

  test('more than fit in what an inspector is told', async () => {
    const files = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`screening/${i}.jwt`, 'x']))
    const dir = await trustFolder(files)
    expect(await complaint(loadScreening(dir, await loadTrust(dir, NOW_MS), NOW_MS))).toContain('limit of 9')
  })
})

describe('adding a list', () => {
  const add = async (dir: string, text: string) =>
    await addScreeningList(dir, await loadTrust(dir, NOW_MS), text, NOW_MS)

  test('takes the place of the version before it', async () => {
    const dir = await trustFolder({ 'authorities.yaml': MAY })
    const newer = await token({ version: 'new', iat: NOW_MS / 1000 })
    await add(dir, await token())
    await add(dir, `${newer}\n`)
    await add(dir, newer)
    expect(await readdir(join(dir, 'screening'))).toHaveLength(1)
    const { lists } = await loadScreening(dir, await loadTrust(dir, NOW_MS), NOW_MS)
    expect(lists).toMatchObject([{ version: 'new' }])
  })

  test('that is older than the one here, or as old, is refused', async () => {
    const dir = await trustFolder({ 'authorities.yaml': MAY })
    await add(dir, await token({ version: 'here' }))
    const older = token({ version: 'old', iat: NOW_MS / 1000 - 2 * 86_400 })
    expect(await complaint(older.then((text) => add(dir, text)))).toContain('not newer than version `here`')
    expect(await complaint(token({ version: 'same' }).then((text) => add(dir, text)))).toContain('not newer')
    expect(await readdir(join(dir, 'screening'))).toHaveLength(1)
  })

  test('that is not believed writes nothing', async () => {
    const dir = await trustFolder()
    expect(await complaint(token().then((text) => add(dir, text)))).toContain(
      'may not publish screening lists',
    )
    expect(await readdir(dir)).toHaveLength(1)
  })

  test('beyond eight is refused', async () => {
    const dir = await trustFolder({ 'authorities.yaml': MAY })
    for (let i = 0; i < 8; i++) await add(dir, await token({ sub: `list-${i}` }))
    expect(await complaint(token({ sub: 'one-more' }).then((text) => add(dir, text)))).toContain(
      'the most there can be',
    )
    await add(dir, await token({ sub: 'list-3', version: 'new', iat: NOW_MS / 1000 }))
    expect(await readdir(join(dir, 'screening'))).toHaveLength(8)
  })
})
