import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  addRecognition,
  distrustIssuer,
  loadTrust,
  revokeIssuer,
  trustIssuer,
  trustSlicer,
} from '../../agent/trust/index.ts'
import { issuer, NOW_MS } from '../licence/fixture.ts'
import {
  ANCHOR_FILE,
  ANCHOR_SHA256,
  complaint,
  recognitionClaims,
  rowFor,
  signed,
  trustFolder,
} from './signed.ts'

const rows = async (dir: string) => await readFile(join(dir, 'authorities.yaml'), 'utf8').catch(() => '')

describe('trusting an issuer', () => {
  test('with a row writes the row, and once more changes it', async () => {
    const dir = join(await trustFolder(), 'new')
    const { sha256 } = await trustIssuer(dir, issuer.rootPem, { may: ['screen'], tiers: ['open'] }, NOW_MS)
    expect((await loadTrust(dir, NOW_MS)).authorities).toMatchObject([
      { anchorSha256: sha256, powers: ['screen'], tiers: ['open'] },
    ])
    await trustIssuer(dir, issuer.rootPem, { countries: ['DE'] }, NOW_MS)
    expect((await loadTrust(dir, NOW_MS)).authorities).toMatchObject([
      { powers: ['license'], countries: ['DE'] },
    ])
    expect((await readdir(dir)).sort()).toEqual([ANCHOR_FILE, 'authorities.yaml'].sort())
  })

  test('without a row leaves the row that is there, and its comments', async () => {
    const text = `# kept by the office\n${rowFor('may: [screen] # for the ministry')}`
    const dir = await trustFolder({ 'authorities.yaml': text })
    await trustIssuer(dir, issuer.rootPem, undefined, NOW_MS)
    expect(await rows(dir)).toBe(text)
    await trustSlicer(dir, 'prusa-1', 'A'.repeat(43), NOW_MS)
    expect(await rows(dir)).toContain('# kept by the office')
    expect(await rows(dir)).toContain('# for the ministry')
  })

  test('a file with a mistake is not written over', async () => {
    const dir = await trustFolder({ 'authorities.yaml': rowFor('may: [everything]') })
    expect(await complaint(trustIssuer(dir, issuer.rootPem, { tiers: [] }, NOW_MS))).toContain(
      'authorities.yaml:3',
    )
    expect(await rows(dir)).toBe(rowFor('may: [everything]'))
  })

  test('what the gate would not read is not written, and the anchor is not added', async () => {
    const dir = join(await trustFolder(), 'new')
    const wrong = trustIssuer(dir, issuer.rootPem, { classes: ['nonsense'] }, NOW_MS)
    expect(await complaint(wrong)).toContain('regime')
    expect(await readdir(dir)).toEqual([])
  })
})

describe('trusting an issuer no more', () => {
  test.each([ANCHOR_FILE, ANCHOR_SHA256, issuer.rootPem])(
    'takes its file and its row (%#)',
    async (named) => {
      const text = `${rowFor('may: [screen]').replace(ANCHOR_SHA256, ANCHOR_FILE)}revoked:\n  - { serial: "ab", anchor: ${ANCHOR_FILE} }\n`
      const dir = await trustFolder({ 'authorities.yaml': text })
      await distrustIssuer(dir, named, NOW_MS)
      const { anchorsPem, authorities, revoked } = await loadTrust(dir, NOW_MS)
      expect([anchorsPem, authorities]).toEqual([[], []])
      expect(revoked).toEqual([
        { spkiSha256: null, serial: { anchorSha256: ANCHOR_SHA256, number: 'ab' }, fromRecord: null },
      ])
    },
  )

  test('takes every file of that certificate', async () => {
    const dir = await trustFolder({ 'root.pem': issuer.rootPem, 'authorities.yaml': rowFor('tiers: [open]') })
    await distrustIssuer(dir, 'root.pem', NOW_MS)
    expect((await loadTrust(dir, NOW_MS)).anchorsPem).toEqual([])
  })

  test('that is not there is bad usage', async () => {
    expect(await complaint(distrustIssuer(await trustFolder(), 'ab'.repeat(32), NOW_MS))).toMatch(/^USAGE/)
  })
})

describe('revoking', () => {
  test('a certificate by its PEM, with the record it begins at', async () => {
    const dir = await trustFolder()
    const key = await revokeIssuer(dir, issuer.signerPem, { fromRecord: 9, name: 'stolen' }, NOW_MS)
    expect(key.isSeen).toBe(true)
    expect((await loadTrust(dir, NOW_MS)).revoked).toEqual([
      { spkiSha256: key.spkiSha256, serial: null, fromRecord: 9 },
    ])
  })

  test('an anchor by its fingerprint revokes its key, not a key of that number', async () => {
    const dir = await trustFolder()
    const key = await revokeIssuer(dir, ANCHOR_SHA256, {}, NOW_MS)
    expect(key).toMatchObject({ isSeen: true })
    expect(key.spkiSha256).not.toBe(ANCHOR_SHA256)
  })

  test('any other number is taken for a key that nobody has seen', async () => {
    const dir = await trustFolder()
    const spki = 'ab'.repeat(32)
    expect(await revokeIssuer(dir, spki.toUpperCase(), {}, NOW_MS)).toEqual({
      spkiSha256: spki,
      isSeen: false,
    })
  })

  test('a second time does not loosen the first', async () => {
    const dir = await trustFolder()
    await revokeIssuer(dir, issuer.signerPem, {}, NOW_MS)
    await revokeIssuer(dir, issuer.signerPem, { fromRecord: 9 }, NOW_MS)
    expect((await loadTrust(dir, NOW_MS)).revoked.map(({ fromRecord }) => fromRecord)).toEqual([null, 9])
  })

  test('what is no certificate and no number is bad usage', async () => {
    expect(await complaint(revokeIssuer(await trustFolder(), 'everybody', {}, NOW_MS))).toMatch(/^USAGE/)
  })
})

test('a slicer gets a new key under its old id', async () => {
  const dir = await trustFolder()
  await trustSlicer(dir, 'prusa-1', 'A'.repeat(43), NOW_MS)
  await trustSlicer(dir, 'cura', 'B'.repeat(43), NOW_MS)
  await trustSlicer(dir, 'prusa-1', 'C'.repeat(43), NOW_MS)
  expect((await loadTrust(dir, NOW_MS)).slicers).toEqual([
    { id: 'cura', key: 'B'.repeat(43) },
    { id: 'prusa-1', key: 'C'.repeat(43) },
  ])
})

describe('adding a recognition', () => {
  test('puts it where it is loaded from, once', async () => {
    const dir = await trustFolder({ 'authorities.yaml': rowFor('may: [recognise]') })
    const token = await signed('recognition', recognitionClaims())
    await addRecognition(dir, `${token}\n`, NOW_MS)
    await addRecognition(dir, token, NOW_MS)
    expect((await loadTrust(dir, NOW_MS)).recognitions).toHaveLength(1)
  })

  test('that is not believed adds nothing', async () => {
    const dir = await trustFolder()
    const token = await signed('recognition', recognitionClaims())
    expect(await complaint(addRecognition(dir, token, NOW_MS))).toContain(
      'may not recognise other regimes here',
    )
    expect(await readdir(dir)).toEqual([ANCHOR_FILE])
  })
})

test('a file that somebody else changes meanwhile is left to him', async () => {
  const dir = await trustFolder({ 'authorities.yaml': '' })
  const mine = trustSlicer(dir, 'mine', 'A'.repeat(43), NOW_MS)
  await writeFile(join(dir, 'authorities.yaml'), '# theirs\n')
  const end = await complaint(mine)
  if (end.startsWith('STATE_UNUSABLE')) expect(await rows(dir)).toBe('# theirs\n')
  else expect(await rows(dir)).toContain('mine')
})
