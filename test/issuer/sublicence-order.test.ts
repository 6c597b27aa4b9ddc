import { createPrivateKey } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { makeDelegateKey, publicPartOf, readDelegateKey } from '../../agent/issuer/delegate-key.ts'
import { issueLicence } from '../../agent/issuer/issuer.ts'
import type { LicenceOrder } from '../../agent/issuer/order.ts'
import { sublicenceFileSchema, toSublicenceClaims } from '../../agent/issuer/sublicence-order.ts'
import { signSublicence, verifyLicence } from '../../agent/licence/index.ts'
import { contextWith, fixtureKey, issuer, NOW_MS, order } from '../licence/fixture.ts'
import { newPlace } from './issuer-scratch.ts'

const made = makeDelegateKey(undefined)
const key = createPrivateKey(made.keyPem)

const parentOrder: LicenceOrder = {
  ...order,
  machines: ['bench-1', 'bench-2'],
  copies: 10,
  grant: { per: { machine: 5 } },
  terms: {
    delegate: { key: made.publicKey, depth: 2 },
    materials: [{ type: 'PLA' }, { type: 'PETG' }],
    limits: { nozzle_c: 240, bed_c: 80 },
    obligations: [{ kind: 'retain', days: 30 }],
    end_use: { countries: ['DE', 'NL'] },
    appeal: { uri: 'https://licences.example.org/appeal', days: 30 },
  },
}
const parent = await issueLicence(issuer, parentOrder, NOW_MS)

const least = { 'sublicence-order': 1, licensee: 'Branch', copies: 2, machines: ['bench-1'] }
const declared = { material: { type: 'PLA' }, destination: 'DE' }

function claimsOf(said: object, text = parent) {
  return toSublicenceClaims(sublicenceFileSchema.parse({ ...least, ...said }), text, NOW_MS)
}

async function passOn(said: object, text = parent, by = key): Promise<string> {
  return `${await signSublicence(text, claimsOf(said, text), by)}\n${text}`
}

describe('a sub-licence', () => {
  test('of the least that is said is the parent’s in all else, and is good for its copies', async () => {
    const text = await passOn({})
    const result = await verifyLicence(text, contextWith({ declared }))
    expect(result).toMatchObject({
      ok: true,
      licence: {
        licensee: 'Branch',
        issuer: issuer.uri,
        grant: { copies: 2 },
        materials: [{ type: 'PLA' }, { type: 'PETG' }],
        limits: { nozzleCelsiusMax: 240, bedCelsiusMax: 80 },
        appeal: { days: 30 },
        delegation: undefined,
      },
      copiesLeft: 2,
    })
    expect(await verifyLicence(text, contextWith({ declared, machineId: 'bench-2' }))).toMatchObject({
      refusal: { code: 'other-machine' },
    })
  })

  test('adds what it says to its parent’s demands and never takes one away', () => {
    expect(
      claimsOf({
        limits: { 'nozzle-celsius': 220 },
        obligations: [{ witnesses: 1 }],
        'end-use': { countries: ['DE'], code: 'training' },
        'copies-per-day': 1,
      }),
    ).toMatchObject({
      limits: { nozzle_c: 220, bed_c: 80 },
      obligations: [
        { kind: 'retain', days: 30 },
        { kind: 'witness', cosigners: 1 },
      ],
      end_use: { countries: ['DE'], code: 'training' },
      grant: { copies: 2, per: { machine: 5, day: 1 } },
    })
  })

  test.each<[string, object]>([
    ['more copies', { copies: 11 }],
    ['another machine', { machines: ['bench-3'] }],
    ['another material', { materials: ['ABS'] }],
    ['a hotter nozzle', { limits: { 'nozzle-celsius': 260 } }],
    ['another country', { 'end-use': { countries: ['FR'] } }],
    ['a later end', { expires: '2027-06-30' }],
    ['a freer tier', { tier: 'open' }],
    ['as many levels', { delegate: { key: made.publicKey, depth: 2 } }],
  ])('is not made for %s than its parent', async (_name, said) => {
    await expect(passOn(said)).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('is passed on once more, and then no further', async () => {
    const second = makeDelegateKey(undefined)
    const text = await passOn({ delegate: { key: second.publicKey } })
    const third = await passOn({ licensee: 'Shed', copies: 1 }, text, createPrivateKey(second.keyPem))
    expect(await verifyLicence(third, contextWith({ declared }))).toMatchObject({
      ok: true,
      licence: { licensee: 'Shed' },
      copiesLeft: 1,
    })
    await expect(passOn({}, third, key)).rejects.toMatchObject({
      message: expect.stringContaining('may not be passed on'),
    })
  })

  test('takes the printer that its parent asks for along, and asks for the copies of each of several machines', async () => {
    const printer = { firmware: 'Marlin' }
    const text = await issueLicence(
      issuer,
      {
        ...parentOrder,
        grant: {},
        machines: [
          { id: 'bench-1', copies: 4, printer },
          { id: 'bench-2', copies: 6 },
        ],
      },
      NOW_MS,
    )
    expect(claimsOf({}, text).machines).toEqual([{ id: 'bench-1', copies: 2, printer }])
    expect(() => claimsOf({ machines: ['bench-1', 'bench-2'] }, text)).toThrow(
      /machine `bench-1` has 4 copies of the parent; say under `machines`/,
    )
    const both = [
      { id: 'bench-1', copies: 1 },
      { id: 'bench-2', copies: 1 },
    ]
    expect(claimsOf({ machines: both }, text).machines).toEqual([
      { id: 'bench-1', copies: 1, printer },
      both[1],
    ])
    expect(() => claimsOf({ machines: both.map((one) => ({ ...one, copies: 2 })) }, text)).toThrow(
      /get 4 copies together/,
    )
  })

  test('is not made of what is no licence', () => {
    expect(() => claimsOf({}, 'hello')).toThrow(/licence cannot be read/)
  })
})

describe('a licensee’s key', () => {
  test('comes back from its file, encrypted or not, as the licence names it', async () => {
    for (const passphrase of [undefined, 'correct horse']) {
      const { keyPem, publicKey } = makeDelegateKey(passphrase)
      const path = await newPlace()
      await writeFile(path, keyPem, { mode: 0o600 })
      expect(publicPartOf(await readDelegateKey(path, passphrase))).toBe(publicKey)
      expect(publicKey).toMatch(/^[A-Za-z0-9_-]{43}$/)
      await chmod(path, 0o644)
      await expect(readDelegateKey(path, passphrase)).rejects.toMatchObject({
        message: expect.stringContaining('is open to others'),
      })
    }
  })

  test('is no key of another kind', async () => {
    const path = await newPlace()
    await writeFile(path, fixtureKey('signer').export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    await expect(readDelegateKey(path, undefined)).rejects.toMatchObject({ code: 'LICENCE_UNREADABLE' })
  })

  test('is not encrypted with what can be guessed in an afternoon', () => {
    expect(() => makeDelegateKey('short')).toThrow(/shorter than 8 characters/)
  })
})
