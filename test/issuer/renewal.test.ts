import { X509Certificate } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { renewIssuer } from '../../agent/issuer/authority.ts'
import { issueLicence } from '../../agent/issuer/issuer.ts'
import { loadIssuer, loadKey, pendingRenewals, saveRenewal } from '../../agent/issuer/issuer-store.ts'
import { overviewOf } from '../../agent/issuer/overview.ts'
import { verifyLicence } from '../../agent/licence/index.ts'
import { contextWith, DAY_MS, fixtureKey, issuer, NOW_MS, order } from '../licence/fixture.ts'
import { inFolder, newIssuer, newPlace } from './issuer-scratch.ts'

const PASSPHRASE = 'correct horse'
const soon = { ...order, expiresAtMs: NOW_MS + DAY_MS }

async function verifies(dir: string): Promise<void> {
  const signer = await loadIssuer(dir, PASSPHRASE)
  const token = await issueLicence(signer, soon, NOW_MS)
  expect(await verifyLicence(token, contextWith({ anchorsPem: [signer.rootPem] }))).toMatchObject({
    ok: true,
  })
}

const serialOf = async (path: string): Promise<string> =>
  new X509Certificate(await readFile(path)).serialNumber

describe('renewing', () => {
  test.each([
    ['signer', ['signer']],
    ['intermediate', ['intermediate', 'signer']],
    ['root', ['root', 'intermediate', 'signer']],
  ] as const)(
    'the %s makes new keys of it and what is below, and keeps the old ones',
    async (from, parts) => {
      const dir = await newIssuer(PASSPHRASE)
      const before = await readFile(join(dir, 'root.pem'), 'utf8')
      await inFolder(dir, (folder) => folder.renew(from, PASSPHRASE, { days: 30, passphrase: PASSPHRASE }))
      await verifies(dir)
      const [stamp = ''] = await readdir(join(dir, 'retired'))
      const retired = join(dir, 'retired', stamp)
      expect((await readdir(retired)).sort()).toEqual(
        parts.flatMap((part) => [`${part}.key`, `${part}.pem`]).sort(),
      )
      expect((await stat(retired)).mode & 0o077).toBe(0)
      for (const part of parts) {
        expect((await stat(join(dir, `${part}.key`))).mode & 0o777).toBe(0o600)
        expect(await readFile(join(dir, `${part}.key`), 'utf8')).toContain('ENCRYPTED')
        expect(await serialOf(join(dir, `${part}.pem`))).not.toBe(
          await serialOf(join(retired, `${part}.pem`)),
        )
      }
      expect((await readFile(join(dir, 'root.pem'), 'utf8')) === before).toBe(from !== 'root')
      expect(await pendingRenewals(dir)).toEqual([])
    },
  )

  test('asks for the keys of the part above it', async () => {
    const dir = await newIssuer(PASSPHRASE)
    await rm(join(dir, 'root.key'))
    await inFolder(dir, async (folder) => {
      await expect(folder.renew('intermediate', PASSPHRASE, { days: 30 })).rejects.toMatchObject({
        message: expect.stringMatching(/root\.key` does not exist$/),
      })
      await folder.renew('signer', PASSPHRASE, { days: 30 })
    })
  })

  test('takes no other passphrase than that of the old keys, not even for a new root', async () => {
    const dir = await newIssuer(PASSPHRASE)
    for (const part of ['signer', 'intermediate', 'root'] as const) {
      await inFolder(dir, (folder) =>
        expect(
          folder.renew(part, 'slip of fingers', { days: 3, passphrase: 'slip of fingers' }),
        ).rejects.toMatchObject({
          message: expect.stringContaining('does not open with this passphrase'),
        }),
      )
    }
    await verifies(dir)
  })

  test('makes nothing that outlives the part above it', async () => {
    const parts = await renewIssuer('signer', issuer, fixtureKey('intermediate'), {
      nowMs: NOW_MS,
      days: 7305,
    })
    const end = (pem: string): number => Date.parse(new X509Certificate(pem).validTo)
    expect(end(parts.signer?.pem ?? '')).toBe(end(issuer.intermediatePem))
    const late = { nowMs: Date.parse('2047-01-01'), days: 1 }
    await expect(renewIssuer('signer', issuer, fixtureKey('intermediate'), late)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/^the intermediate's certificate .*make a new intermediate$/),
    })
    await expect(renewIssuer('intermediate', issuer, fixtureKey('root'), late)).rejects.toMatchObject({
      message: expect.stringMatching(/make a new root$/),
    })
  })
})

describe('a crash in the midst of a renewal', () => {
  test('leaves the old issuer or the new one, whichever step was the last', async () => {
    const original = await newIssuer()
    const parts = await renewIssuer('intermediate', issuer, await loadKey(original, 'root'), {
      nowMs: NOW_MS,
      days: 30,
    })
    const renewed = await newPlace()
    await cp(original, renewed, { recursive: true })
    await saveRenewal(renewed, parts, NOW_MS)
    const names = ['intermediate.key', 'intermediate.pem', 'signer.key', 'signer.pem']
    const stamp = '2026-11-22T12-00-00.000Z'
    // After each single rename: each file has two.
    for (let done = 0; done <= names.length * 2; done++) {
      const dir = await newPlace()
      await cp(original, dir, { recursive: true })
      await mkdir(join(dir, `renewal-${stamp}`), { mode: 0o700 })
      await mkdir(join(dir, 'retired', stamp), { recursive: true, mode: 0o700 })
      for (const name of names) await cp(join(renewed, name), join(dir, `renewal-${stamp}`, name))
      for (const [i, name] of names.entries()) {
        if (done > i * 2) await rename(join(dir, name), join(dir, 'retired', stamp, name))
        if (done > i * 2 + 1) await rename(join(dir, `renewal-${stamp}`, name), join(dir, name))
      }
      await inFolder(dir, async () => undefined)
      await verifies(dir)
      expect(await readFile(join(dir, 'signer.pem'), 'utf8')).toBe(parts.signer?.pem)
      expect((await readdir(join(dir, 'retired', stamp))).sort()).toEqual(names)
      expect(await pendingRenewals(dir)).toEqual([])
    }
  })

  test('before the new keys are whole leaves the old issuer', async () => {
    const dir = await newIssuer()
    await mkdir(join(dir, '.renewal.partial-abc'))
    const serial = await serialOf(join(dir, 'signer.pem'))
    await inFolder(dir, async () => undefined)
    expect(await serialOf(join(dir, 'signer.pem'))).toBe(serial)
    await verifies(dir)
  })
})

describe('the overview of an issuer', () => {
  test('tells its certificates, old and new, and what it has licensed, without any key', async () => {
    const dir = await newIssuer(PASSPHRASE)
    await inFolder(dir, async (folder) => {
      const made = await folder.prepareLicence(PASSPHRASE, order)
      await made.record()
      await folder.renew('signer', PASSPHRASE, { days: 30, passphrase: PASSPHRASE })
    })
    await rm(join(dir, 'root.key'))
    expect(await overviewOf(dir, NOW_MS)).toMatchObject({
      name: 'Fixture Designs',
      uri: issuer.uri,
      certificates: [
        { part: 'root', key: 'absent', until: '2046-01-01T00:00:00Z' },
        { part: 'intermediate', key: 'encrypted' },
        { part: 'signer', key: 'encrypted', from: '2026-11-22T12:00:00Z', until: '2026-12-22T12:00:00Z' },
      ],
      retired: [{ part: 'signer', retired: '2026-11-22T12-00-00.000Z', until: '2046-01-01T00:00:00Z' }],
      isRenewalPending: false,
      licences: { issued: 1, current: 1, suspended: 0, revoked: 0, ended: 0 },
      statusList: null,
    })
    expect(await overviewOf(dir, NOW_MS + 31 * DAY_MS)).toMatchObject({ licences: { current: 0, ended: 1 } })
  })
})
