import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { renewIntermediate, renewSigner, showIssuer } from '../../agent/cli/issuer.ts'
import { issue } from '../../agent/cli/licence-issue.ts'
import { allocate, mark, publishStatus } from '../../agent/cli/licence-ledger.ts'
import { newIssuer, newPlace } from '../issuer/issuer-scratch.ts'
import { capture } from './captured.ts'

const captured = capture()
const RSA_PATIENCE_MS = 120_000

async function passphraseFile(text: string): Promise<string> {
  const path = await newPlace()
  await writeFile(path, `${text}\n`)
  return path
}

const isEncrypted = async (dir: string): Promise<boolean> =>
  (await readFile(join(dir, 'signer.key'), 'utf8')).includes('ENCRYPTED')

describe('renewing', () => {
  test(
    'encrypts the new keys as the old ones were, and open ones only with a passphrase that was meant',
    async () => {
      const dir = await newIssuer()
      // Without a terminal nobody can be asked; with one, twice.
      await expect(renewSigner(dir, { days: '30' })).rejects.toMatchObject({ code: 'USAGE' })
      await renewSigner(dir, { days: '30', passphrase: false })
      expect(await isEncrypted(dir)).toBe(false)
      const passphrase = await passphraseFile('correct horse')
      await renewSigner(dir, { days: '30', passphraseFile: passphrase })
      expect(await isEncrypted(dir)).toBe(true)
      expect(captured.stdout).toMatch(/renewed {2}signer of Fixture Designs; it signs until /)
    },
    RSA_PATIENCE_MS,
  )

  test('never leaves the keys of an encrypted issuer open, nor takes another passphrase', async () => {
    const dir = await newIssuer('correct horse')
    await expect(renewSigner(dir, { days: '30', passphrase: false })).rejects.toMatchObject({
      message: expect.stringContaining('those of this issuer are encrypted'),
    })
    const wrong = await passphraseFile('slip of fingers')
    await expect(renewIntermediate(dir, { days: '30', passphraseFile: wrong })).rejects.toMatchObject({
      message: expect.stringContaining('does not open with this passphrase'),
    })
    await expect(renewSigner(dir, { days: '0' })).rejects.toMatchObject({ code: 'USAGE' })
  })
})

describe('an issuer on the command line', () => {
  test('issues by an order, gives out copies, calls back and publishes, and tells of it as JSON', async () => {
    const dir = await newIssuer()
    const sha256 = 'a'.repeat(64)
    const order = await newPlace()
    await writeFile(
      order,
      `licence-order: 1
licensee: North Workshop
design: { files: [{ sha256: ${sha256} }] }
copies: 5
machines: [bench-1, bench-2]
expires: 2040-01-01
status: { max-age: 30 days, beyond: hold }
`,
    )
    const tell = async (run: Promise<void>) => {
      captured.stdout = ''
      await run
      return JSON.parse(captured.stdout)
    }
    const made = await tell(issue(order, { issuer: dir, json: true }))
    expect(made).toMatchObject({ id: expect.any(String), out: null })
    const given = { issuer: dir, machine: 'bench-1', copies: '2', json: true } as const
    expect(await tell(allocate(made.id, given))).toMatchObject({ copies: 2, copiesFree: 3 })
    const id = '00000000-0000-4000-8000-000000000001'
    for (const _ of [1, 2]) {
      expect(await tell(allocate(made.id, { ...given, id }))).toMatchObject({ id, copiesFree: 1 })
    }
    expect(await tell(mark('suspended', made.id, { issuer: dir, json: true }))).toEqual({
      licence: made.id,
      licensee: 'North Workshop',
      standing: 'suspended',
      reason: null,
    })
    expect(await tell(publishStatus({ issuer: dir, days: '7', json: true }))).toMatchObject({
      licences: 1,
      suspended: 1,
      revoked: 0,
      days: 7,
    })
    expect(await tell(showIssuer(dir, { json: true }))).toMatchObject({
      licences: { issued: 1, current: 0, suspended: 1 },
      allocations: 2,
      statusList: { issued: expect.any(String), until: expect.any(String) },
    })
    captured.stdout = ''
    await showIssuer(dir, {})
    expect(captured.stdout).toMatch(/licences +1 issued, 0 in force\n/)
  })

  test('leaves neither a file nor an entry where the file cannot be', async () => {
    const dir = await newIssuer()
    const order = await newPlace()
    const text = `licence-order: 1\nlicensee: N\ndesign: { files: [{ sha256: ${'a'.repeat(64)} }] }\n`
    await writeFile(order, `${text}copies: 5\nmachines: [bench-1]\nexpires: 2040-01-01\n`)
    const taken = await passphraseFile('mine')
    for (const out of [taken, join(dir, 'none', 'x')]) {
      await expect(issue(order, { issuer: dir, out })).rejects.toMatchObject({ code: 'USAGE' })
    }
    expect(await readFile(taken, 'utf8')).toBe('mine\n')
    expect(await readFile(join(dir, 'ledger.jsonl'), 'utf8')).toBe('')
  })
})
