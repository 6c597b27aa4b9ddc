import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { issueLicence } from '../../agent/issuer/issuer.ts'
import { verifyLicence } from '../../agent/licence/verify-licence.ts'
import { addTrustAnchor, loadTrustAnchors } from '../../agent/trust/trust-anchors.ts'
import { contextWith, issuer, NOW_MS, order, readFixture } from '../licence/fixture.ts'
import { zoo } from '../token/zoo.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'trust-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

function anchorOf(name: string): string {
  return zoo.find((zooCase) => zooCase.name === name)!.anchorPem
}

async function complaint(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ code: 'LICENCE_UNREADABLE' })
  return (error as Error).message
}

describe('a trust folder', () => {
  test('makes its issuers trusted', async () => {
    await addTrustAnchor(dir, issuer.rootPem)
    const anchorsPem = (await loadTrustAnchors(dir)).map(({ pem }) => pem)
    const token = await issueLicence(issuer, order, NOW_MS)
    expect(await verifyLicence(token, contextWith({ anchorsPem }))).toMatchObject({ ok: true })
  })

  test('that is empty trusts nobody', async () => {
    expect(await loadTrustAnchors(dir)).toEqual([])
  })

  test('may hold other files', async () => {
    await writeFile(join(dir, 'README'), 'who is who')
    await writeFile(join(dir, 'old.pem.bak'), 'x')
    await addTrustAnchor(dir, issuer.rootPem)
    expect(await loadTrustAnchors(dir)).toHaveLength(1)
  })

  test('keeps an expired root, so that its refusal can say so', async () => {
    await addTrustAnchor(dir, anchorOf('anchor expired'))
    expect(await loadTrustAnchors(dir)).toHaveLength(1)
  })
})

describe('adding', () => {
  test('makes the folder and names the file by the fingerprint', async () => {
    const path = await addTrustAnchor(join(dir, 'new', 'trust'), issuer.rootPem)
    expect(path).toMatch(/\/new\/trust\/[0-9a-f]{32}\.pem$/)
    expect(await readFile(path, 'utf8')).toBe(issuer.rootPem)
  })

  test('twice is as good as once, in whatever spelling', async () => {
    const first = await addTrustAnchor(dir, issuer.rootPem)
    expect(await addTrustAnchor(dir, `\n${issuer.rootPem.replaceAll('\n', '\r\n')}`)).toBe(first)
    expect(await readdir(dir)).toHaveLength(1)
  })

  test.each([
    ['anchor that is no authority', 'is not an authority'],
    ['anchor that was issued by another', 'is not a root'],
    ['2048-bit anchor', 'has a key of 2048 bits, below the limit of 3072 bits'],
    ['elliptic-curve anchor', 'only RSA is allowed'],
    ['anchor signed with MD5', 'only RSA with SHA-256'],
  ])('refuses the zoo’s %s', async (name, reason) => {
    const message = await complaint(addTrustAnchor(dir, anchorOf(name)))
    expect(message).toMatch(/^trust anchor cannot be trusted: /)
    expect(message).toContain(reason)
    expect(await readdir(dir)).toEqual([])
  })

  test.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['two certificates', issuer.rootPem + issuer.intermediatePem],
    ['text around it', `my root\n${issuer.rootPem}`],
    ['half a certificate', issuer.rootPem.slice(0, 600)],
    ['a broken one', issuer.rootPem.replace(/^(.{200})../s, '$1AA')],
    ['a megabyte', issuer.rootPem.replace('\n', `\n${'A'.repeat(1_000_000)}`)],
  ])('refuses %s', async (_name, pem) => {
    await complaint(addTrustAnchor(dir, pem))
    expect(await readdir(dir)).toEqual([])
  })

  test('refuses a private key and says why', async () => {
    const message = await complaint(addTrustAnchor(dir, issuer.rootPem + readFixture('issuer/root.key')))
    expect(message).toBe('trust anchor holds a private key; only its certificate belongs here')
  })

  test('an intermediate is refused: trust belongs to the root', async () => {
    expect(await complaint(addTrustAnchor(dir, issuer.intermediatePem))).toContain('is not a root')
  })

  test('where it cannot write is an error of the machine', async () => {
    const file = join(dir, 'file')
    await writeFile(file, '')
    await expect(addTrustAnchor(file, issuer.rootPem)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: expect.stringContaining('cannot be changed'),
    })
  })
})

describe('loading says what is wrong:', () => {
  test('a missing folder', async () => {
    expect(await complaint(loadTrustAnchors(join(dir, 'none')))).toMatch(
      /^trust folder `.*none` does not exist$/,
    )
  })

  test('a file in place of a folder', async () => {
    const path = join(dir, 'root.pem')
    await writeFile(path, issuer.rootPem)
    expect(await complaint(loadTrustAnchors(path))).toMatch(/is not a folder$/)
  })

  test('a file that is no certificate, by its name', async () => {
    await addTrustAnchor(dir, issuer.rootPem)
    await writeFile(join(dir, 'typo.pem'), 'hello')
    expect(await complaint(loadTrustAnchors(dir))).toMatch(
      /typo\.pem` is not exactly one certificate in PEM form$/,
    )
  })

  test('a directory or a dangling link named like one', async () => {
    await mkdir(join(dir, 'folder.pem'))
    expect(await complaint(loadTrustAnchors(dir))).toMatch(/folder\.pem` is a directory$/)
    await rm(join(dir, 'folder.pem'), { recursive: true })
    await symlink(join(dir, 'gone'), join(dir, 'link.pem'))
    expect(await complaint(loadTrustAnchors(dir))).toMatch(/link\.pem` does not exist$/)
  })

  test('a file of a megabyte', async () => {
    await writeFile(join(dir, 'big.pem'), 'A'.repeat(1_000_000))
    expect(await complaint(loadTrustAnchors(dir))).toContain(
      'has 1000000 bytes, above the limit of 16384 bytes',
    )
  })

  test('more certificates than any site needs', async () => {
    await Promise.all(Array.from({ length: 65 }, (_, i) => writeFile(join(dir, `${i}.pem`), issuer.rootPem)))
    expect(await complaint(loadTrustAnchors(dir))).toContain('holds 65 files, above the limit of 64')
  })

  test('a folder or a file that every user may write', async () => {
    const path = await addTrustAnchor(dir, issuer.rootPem)
    await chmod(path, 0o666)
    expect(await complaint(loadTrustAnchors(dir))).toContain('may be written by every user of this machine')
    await chmod(path, 0o644)
    await chmod(dir, 0o777)
    expect(await complaint(loadTrustAnchors(dir))).toContain('so nothing in it is trusted')
    expect(await complaint(addTrustAnchor(dir, issuer.rootPem))).toContain('so nothing in it is trusted')
  })
})
