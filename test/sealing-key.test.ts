import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { recipientOf } from '../agent/sealed/index.ts'
import { sealingKeyIn, sealingRecipient } from '../agent/sealing-key.ts'
import { newMachine } from './sealed/sealed-job.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'portcullis-sealing-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const KEY = 'sealing-key.txt'
const RECIPIENT = 'sealing-recipient.txt'

describe('the sealing key of a machine', () => {
  test('is made when it is first asked for, and is the same from then on', async () => {
    const root = folder()
    expect(await sealingKeyIn(root)).toMatchObject({ problem: expect.stringMatching(/has no sealing key/) })
    expect(readdirSync(root)).toEqual([])
    const recipient = await sealingRecipient(root)
    expect(await sealingRecipient(root)).toBe(recipient)
    const key = await sealingKeyIn(root)
    expect('identity' in key && (await recipientOf(key.identity))).toBe(recipient)
    expect(readdirSync(root).sort()).toEqual([KEY, RECIPIENT])
  })

  test('lies in a file that only its owner reads, as age itself writes one', async () => {
    const root = folder()
    const recipient = await sealingRecipient(root)
    expect(statSync(join(root, KEY)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(root, KEY), 'utf8')).toMatch(
      new RegExp(`^# created: \\S+\\n# public key: ${recipient}\\nAGE-SECRET-KEY-1[A-Z0-9]{58}\\n$`),
    )
  })

  test('is one, of however many processes ask for it at once', async () => {
    const root = folder()
    const all = await Promise.all(Array.from({ length: 8 }, () => sealingRecipient(root)))
    expect(new Set(all).size).toBe(1)
    expect(readdirSync(root).sort()).toEqual([KEY, RECIPIENT])
  })

  test('that is lost is never replaced unsaid, and nothing is opened without it', async () => {
    const root = folder()
    const before = await sealingRecipient(root)
    rmSync(join(root, KEY))
    await expect(sealingRecipient(root)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: expect.stringMatching(/is gone; put it back from a backup, or remove `sealing-recipient.txt`/),
    })
    expect(await sealingKeyIn(root)).toMatchObject({ problem: expect.stringMatching(/is gone/) })
    rmSync(join(root, RECIPIENT))
    expect(await sealingRecipient(root)).not.toBe(before)
  })

  test('whose public half was lost tells it again', async () => {
    const root = folder()
    const recipient = await sealingRecipient(root)
    rmSync(join(root, RECIPIENT))
    expect(await sealingRecipient(root)).toBe(recipient)
    expect(readFileSync(join(root, RECIPIENT), 'utf8')).toBe(`${recipient}\n`)
  })

  test('that is another than people know is said so', async () => {
    const root = folder()
    await sealingRecipient(root)
    writeFileSync(join(root, KEY), `${(await newMachine()).identity}\n`, { mode: 0o600 })
    await expect(sealingRecipient(root)).rejects.toThrow(/is not that of/)
  })

  test.each([
    ['empty', ''],
    ['text', 'hello\n'],
    ['two keys', `AGE-SECRET-KEY-1${'Q'.repeat(58)}\nAGE-SECRET-KEY-1${'Q'.repeat(58)}\n`],
    ['a key with a mistake', `AGE-SECRET-KEY-1${'Q'.repeat(58)}\n`],
    ['a key of another kind', `AGE-SECRET-KEY-PQ-1${'Q'.repeat(58)}\n`],
  ])('that is damaged opens nothing and is not replaced: %s', async (_what, text) => {
    const root = folder()
    writeFileSync(join(root, KEY), text, { mode: 0o600 })
    expect(await sealingKeyIn(root)).toMatchObject({ problem: expect.stringMatching(/is damaged/) })
    await expect(sealingRecipient(root)).rejects.toMatchObject({ code: 'STATE_UNUSABLE' })
    expect(readFileSync(join(root, KEY), 'utf8')).toBe(text)
  })

  test('that others can read is not used', async () => {
    const root = folder()
    await sealingRecipient(root)
    chmodSync(join(root, KEY), 0o640)
    expect(await sealingKeyIn(root)).toMatchObject({ problem: expect.stringMatching(/is open to others/) })
  })

  test('is no link to somewhere else', async () => {
    const root = folder()
    symlinkSync('/etc/hostname', join(root, KEY))
    expect(await sealingKeyIn(root)).toMatchObject({ problem: expect.stringMatching(/is a symbolic link/) })
  })

  test('is not made where nothing can be written, and that is said', async () => {
    await expect(sealingRecipient(join(folder(), 'not', 'there'))).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
    })
  })
})
