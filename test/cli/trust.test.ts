import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { recognise, revoke, trust, trustSlicerKey } from '../../agent/cli/trust.ts'
import { FIXTURES, issuer } from '../licence/fixture.ts'
import { ANCHOR_SHA256, complaint, recognitionClaims, signed } from '../trust/signed.ts'
import { capture } from './captured.ts'

const said = capture()
const ROOT = new URL('issuer/root.pem', FIXTURES).pathname
const SIGNER = new URL('issuer/signer.pem', FIXTURES).pathname
/** Until the fixture's certificates end: the commands go by the clock. */
const LATER = Date.parse('2045-01-01') / 1000

function scene(): { readonly state: string; file(name: string, text: string): string } {
  const state = mkdtempSync(join(tmpdir(), 'portcullis-trust-'))
  onTestFinished(() => rmSync(state, { recursive: true, force: true }))
  const file = (name: string, text: string): string => {
    writeFileSync(join(state, name), text)
    return join(state, name)
  }
  return { state, file }
}

const listed = async (state: string): Promise<Record<string, unknown[]>> => {
  said.stdout = ''
  await trust(undefined, { state, list: true, json: true })
  return JSON.parse(said.stdout) as Record<string, unknown[]>
}

describe('licence trust', () => {
  test('trusts an issuer for all that issuers do', async () => {
    const { state } = scene()
    await trust(ROOT, { state })
    expect(said.stdout).toMatch(/^trusted {2}.*\.pem\n/)
    expect((await listed(state))['anchors']).toMatchObject([
      { name: 'Fixture Designs root', anchorSha256: ANCHOR_SHA256, powers: ['license'], classes: null },
    ])
  })

  test('trusts it for some of it, and says so', async () => {
    const { state } = scene()
    await trust(ROOT, {
      state,
      name: 'Fixture',
      tiers: 'open, registered',
      classes: 'eu:1B001,safety:*',
      countries: 'de,FR',
      may: 'exempt,screen',
      exemptsAs: 'https://ministry.example',
    })
    expect((await listed(state))['anchors']).toMatchObject([
      {
        powers: ['license', 'exempt', 'screen'],
        tiers: ['open', 'registered'],
        classes: ['eu:1B001', 'safety:*'],
        countries: ['DE', 'FR'],
        exemptsAs: ['https://ministry.example'],
      },
    ])
  })

  test('trusts a publisher of lists that may not license', async () => {
    const { state } = scene()
    await trust(ROOT, { state, license: false, may: 'screen' })
    expect((await listed(state))['anchors']).toMatchObject([{ powers: ['screen'] }])
  })

  test('shows for people all that it shows for programs', async () => {
    const { state } = scene()
    await trust(ROOT, { state })
    await revoke(SIGNER, { state, fromRecord: '7' })
    await revoke('ab'.repeat(32), { state })
    said.stdout = ''
    await trust(undefined, { state, list: true })
    for (const text of ['Fixture Designs root', ANCHOR_SHA256, 'from record 7', 'altogether']) {
      expect(said.stdout).toContain(text)
    }
  })

  test.each([ROOT, ANCHOR_SHA256, `${ANCHOR_SHA256.slice(0, 32)}.pem`])('removes %s', async (named) => {
    const { state } = scene()
    await trust(ROOT, { state, may: 'screen' })
    await trust(named, { state, remove: true })
    expect((await listed(state))['anchors']).toEqual([])
    expect(readFileSync(join(state, 'trust', 'authorities.yaml'), 'utf8')).toBe('')
  })

  test.each<[string, object, string]>([
    ['a tier that there is not', { tiers: 'secret' }, '`--tiers` knows open'],
    ['a power that there is not', { may: 'print' }, '`--may` knows license'],
    ['a list with a certificate', { list: true }, '`--list` shows all'],
  ])('refuses %s', async (_title, options, told) => {
    expect(await complaint(trust(ROOT, { state: scene().state, ...options }))).toContain(`USAGE ${told}`)
  })

  test('refuses nothing at all, and what is not there', async () => {
    const { state } = scene()
    expect(await complaint(trust(undefined, { state }))).toContain('say which certificate')
    expect(await complaint(trust('nowhere.pem', { state }))).toContain('does not exist')
    expect(await complaint(trust('nowhere.pem', { state, remove: true }))).toContain('holds no such anchor')
  })
})

describe('licence revoke-issuer', () => {
  test('says from which record on, and warns of a number that nobody can check', async () => {
    const { state } = scene()
    await trust(ROOT, { state })
    await revoke(SIGNER, { state, fromRecord: '7' })
    expect(said.stdout).toContain(
      'only licences of which the log had a copy before record 7 are still believed',
    )
    expect(said.stdout).not.toContain('nothing here could check')
    await revoke('ab'.repeat(32), { state })
    expect(said.stdout).toContain('nothing here could check that such a key exists')
    expect((await listed(state))['revoked']).toMatchObject([{ fromRecord: 7 }, { fromRecord: null }])
  })

  test.each(['-1', '1.5', 'x', ''])('refuses the record %j', async (fromRecord) => {
    expect(await complaint(revoke(SIGNER, { state: scene().state, fromRecord }))).toContain('--from-record')
  })
})

describe('licence trust-slicer', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const { x } = publicKey.export({ format: 'jwk' })

  test('takes a key as PEM or in base64url', async () => {
    const { state, file } = scene()
    await trustSlicerKey('a', file('a.pem', publicKey.export({ type: 'spki', format: 'pem' }).toString()), {
      state,
    })
    await trustSlicerKey('b', file('b.txt', `${x}\n`), { state })
    expect((await listed(state))['slicers']).toEqual([
      { id: 'a', key: x },
      { id: 'b', key: x },
    ])
  })

  test('takes no private key, no other kind of key and no other text', async () => {
    const { state, file } = scene()
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    expect(await complaint(trustSlicerKey('a', file('a', pem), { state }))).toContain('private key')
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
      type: 'spki',
      format: 'pem',
    })
    for (const text of [ec.toString(), 'hello', '']) {
      expect(await complaint(trustSlicerKey('a', file('a', text), { state }))).toContain(
        'an Ed25519 public key',
      )
    }
  })
})

describe('licence recognise', () => {
  test('adds what an authority states, and tells it', async () => {
    const { state, file } = scene()
    await trust(ROOT, { state, may: 'recognise' })
    const token = await signed('recognition', recognitionClaims({ exp: LATER }))
    await recognise(file('a.jwt', token), { state })
    expect(said.stdout).toContain('controlled there is registered here')
    expect((await listed(state))['recognitions']).toMatchObject([{ issuer: issuer.uri }])
  })

  test('refuses what it may not state', async () => {
    const { state, file } = scene()
    await trust(ROOT, { state })
    const token = await signed('recognition', recognitionClaims({ exp: LATER }))
    expect(await complaint(recognise(file('a.jwt', token), { state }))).toContain('may not recognise')
  })
})
