import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NewIssuer } from '../../agent/issuer/authority.ts'
import { issueLicence } from '../../agent/issuer/issuer.ts'
import { loadIssuer, saveIssuer } from '../../agent/issuer/issuer-store.ts'
import { exportPrivateKey, importPrivateKey } from '../../agent/issuer/private-key.ts'
import { verifyLicence } from '../../agent/licence/verify-licence.ts'
import { contextWith, fixtureKey, issuer, NOW_MS, order, readFixture } from '../licence/fixture.ts'

const PASSPHRASE = 'correct hörse …'

/** The fixture's issuer as if it had just been made, its keys encrypted. */
const made: NewIssuer = {
  ...issuer,
  keysPem: {
    root: exportPrivateKey(fixtureKey('root'), PASSPHRASE),
    intermediate: exportPrivateKey(fixtureKey('intermediate'), PASSPHRASE),
    signer: exportPrivateKey(fixtureKey('signer'), PASSPHRASE),
  },
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'issuer-store-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8)
}

describe('a saved issuer', () => {
  test('comes back and issues licences that verify', async () => {
    const dir = join(folder, 'deep', 'in', 'here')
    await saveIssuer(dir, made)
    const loaded = await loadIssuer(dir, PASSPHRASE)
    expect(loaded).toMatchObject({ name: 'Fixture Designs', uri: issuer.uri, rootPem: issuer.rootPem })
    const token = await issueLicence(loaded, order, NOW_MS)
    expect(await verifyLicence(token, contextWith())).toMatchObject({ ok: true })
  })

  test('is for its owner alone, and leaves nothing beside it', async () => {
    const dir = join(folder, 'private')
    await saveIssuer(dir, made)
    expect(await modeOf(dir)).toBe('700')
    const files = await readdir(dir)
    expect(files.sort()).toEqual([
      'intermediate.key',
      'intermediate.pem',
      'ledger.jsonl',
      'root.key',
      'root.pem',
      'signer.key',
      'signer.pem',
    ])
    for (const file of files) expect(await modeOf(join(dir, file))).toBe('600')
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([])
  })

  test('is never overwritten', async () => {
    const dir = join(folder, 'precious')
    await saveIssuer(dir, made)
    const before = await readFile(join(dir, 'signer.key'), 'utf8')
    await expect(saveIssuer(dir, { ...made, name: 'Another' })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('never over another'),
    })
    expect(await readFile(join(dir, 'signer.key'), 'utf8')).toBe(before)
  })

  test('may take an empty folder, and tightens its mode', async () => {
    const dir = join(folder, 'empty')
    await mkdir(dir, { mode: 0o755 })
    await saveIssuer(dir, made)
    expect(await modeOf(dir)).toBe('700')
  })

  test('does not replace a file or somebody else’s folder', async () => {
    const file = join(folder, 'file')
    await writeFile(file, 'text')
    await expect(saveIssuer(file, made)).rejects.toMatchObject({ code: 'USAGE' })
    await expect(saveIssuer(join(file, 'below'), made)).rejects.toMatchObject({ code: 'USAGE' })
    const other = join(folder, 'other')
    await mkdir(other)
    await writeFile(join(other, 'thesis.txt'), 'text')
    await expect(saveIssuer(other, made)).rejects.toMatchObject({ code: 'USAGE' })
    expect(await readdir(other)).toEqual(['thesis.txt'])
  })
})

describe('loading says what is wrong:', () => {
  async function broken(name: string, damage: (dir: string) => Promise<void>): Promise<string> {
    const dir = join(folder, name)
    await saveIssuer(dir, made)
    await damage(dir)
    return dir
  }

  async function complaint(dir: string, passphrase: string | undefined = PASSPHRASE): Promise<string> {
    const error = await loadIssuer(dir, passphrase).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code: 'LICENCE_UNREADABLE', exitStatus: 2 })
    return String((error as Error).message)
  }

  test('no such folder', async () => {
    expect(await complaint(join(folder, 'nowhere'))).toMatch(/^issuer file `.*signer\.pem` does not exist$/)
  })

  test('no passphrase, or the wrong one', async () => {
    const dir = await broken('locked', async () => {})
    await expect(loadIssuer(dir)).rejects.toMatchObject({
      message: expect.stringMatching(/signer\.key` is encrypted, its passphrase is needed$/),
    })
    expect(await complaint(dir, 'not the passphrase')).toMatch(/does not open with this passphrase$/)
    expect(await complaint(dir, '')).toMatch(/does not open with this passphrase$|is needed$/)
  })

  test('a key that others can read', async () => {
    const dir = await broken('open', (path) => chmod(join(path, 'signer.key'), 0o644))
    expect(await complaint(dir)).toMatch(/signer\.key` is open to others \(mode 0644\), it must be 0600$/)
  })

  test('a key of another certificate', async () => {
    const dir = await broken('mixed', (path) => writeFile(join(path, 'signer.key'), made.keysPem.root))
    expect(await complaint(dir)).toContain('does not belong to the signer certificate')
  })

  test('files that hold something else', async () => {
    const noKey = await broken('no-key', (path) => writeFile(join(path, 'signer.key'), 'hello'))
    expect(await complaint(noKey)).toContain('is not a private key in PEM form')
    const noCertificate = await broken('no-pem', (path) => writeFile(join(path, 'signer.pem'), 'hello'))
    expect(await complaint(noCertificate)).toContain('is not in PEM form')
    const huge = await broken('huge', (path) => writeFile(join(path, 'root.pem'), 'x'.repeat(20_000)))
    expect(await complaint(huge)).toContain('has 20000 bytes, above the limit of 16384 bytes')
  })

  test('a signer certificate that no gate would accept', async () => {
    const dir = await broken('weak', (path) => writeFile(join(path, 'signer.pem'), made.rootPem))
    expect(await complaint(dir)).toContain('does not belong')
  })
})

describe('a private key at rest', () => {
  test('is PKCS #8 that node:crypto opens with the passphrase in UTF-8', () => {
    expect(made.keysPem.signer).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/)
    const key = importPrivateKey(made.keysPem.signer, PASSPHRASE, 'x')
    expect(key.equals(fixtureKey('signer'))).toBe(true)
  })

  test('is encrypted anew each time', () => {
    expect(exportPrivateKey(fixtureKey('signer'), PASSPHRASE)).not.toBe(made.keysPem.signer)
  })

  test('without a passphrase is the plain key', () => {
    const pem = exportPrivateKey(fixtureKey('signer'), undefined)
    expect(pem).toBe(readFixture('issuer/signer.key'))
    expect(importPrivateKey(pem, undefined, 'x').equals(fixtureKey('signer'))).toBe(true)
  })

  test('opens in openssl, where there is one', () => {
    const path = join(folder, 'for-openssl.key')
    writeFileSync(path, made.keysPem.signer)
    const script = 'command -v openssl >/dev/null || exit 42; openssl pkey -in "$0" -passin env:P'
    const env = { ...process.env, P: PASSPHRASE }
    const { status, stdout } = spawnSync('sh', ['-c', script, path], { env, encoding: 'utf8' })
    // Not every machine has the command; the library it speaks for is in Node and was asked above.
    if (status === 42) return
    expect(stdout).toContain('BEGIN PRIVATE KEY')
  })
})
