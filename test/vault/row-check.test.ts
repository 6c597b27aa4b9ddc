// Many rows of a subject are looked at in one reading of each month.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openVault, type Vault } from '../../agent/vault/index.ts'
import { inMonth, KEY, OTHER_KEY, scratchFolder } from './rig.ts'

async function opened(dir: string, isReader = false): Promise<Vault> {
  const vault = await openVault(dir, { wrappingKey: KEY, isReader, nowMs: () => inMonth(6) })
  onTestFinished(() => vault.close().catch(() => undefined))
  return vault
}

/** Rows of 300 KB, four to a reading, in two months. */
async function large(vault: Vault): Promise<{ subject: string; commitments: readonly string[] }> {
  const subject = vault.newSubject()
  const commitments: string[] = []
  for (let i = 0; i < 9; i++) {
    const sealed = await vault.seal(subject, { text: `${i}`.repeat(300_000) }, inMonth(i < 6 ? 1 : 2))
    commitments.push(sealed.commitment)
  }
  return { subject, commitments }
}

describe('rows that are checked together', () => {
  test('open, of whatever length, in whatever month', async () => {
    const dir = scratchFolder()
    const { subject, commitments } = await large(await opened(dir))
    expect(await (await opened(dir, true)).check(subject, commitments)).toEqual(new Map())
  })

  test('are told apart from those that do not, or are not there', async () => {
    const dir = scratchFolder()
    const { subject, commitments } = await large(await opened(dir))
    const path = join(dir, subject, '2026-01.rows')
    const bytes = readFileSync(path)
    // In the midst of the fifth row, which the second reading begins with or holds.
    const row = bytes.length / 6
    bytes[4 * row + 1000] = (bytes[4 * row + 1000] ?? 0) ^ 1
    writeFileSync(path, bytes.subarray(0, 5 * row))
    const stranger = 'ab'.repeat(32)
    const wrong = await (await opened(dir, true)).check(subject, [...commitments, stranger])
    expect([...wrong]).toEqual([
      [commitments[4], 'damaged'],
      [commitments[5], 'missing'],
      [stranger, 'missing'],
    ])
  })

  test('are erased where the vault knows that, also for a reader that was open before', async () => {
    const dir = scratchFolder()
    const [writer, reader] = [await opened(dir), await opened(dir, true)]
    const { subject, commitments } = await large(writer)
    expect(await reader.check(subject, commitments)).toEqual(new Map())
    await writer.erase(subject, { keepFromMs: inMonth(2) })
    const wrong = await reader.check(subject, commitments)
    expect([...wrong]).toEqual(commitments.slice(0, 6).map((commitment) => [commitment, 'erased']))
  })

  test('are missing for a subject that nobody knows, and no vault opens under another key', async () => {
    const dir = scratchFolder()
    const vault = await opened(dir)
    const { commitments } = await large(vault)
    const wrong = await vault.check(vault.newSubject(), commitments.slice(0, 2))
    expect([...wrong.values()]).toEqual(['missing', 'missing'])
    await expect(openVault(dir, { wrappingKey: OTHER_KEY, isReader: true })).rejects.toMatchObject({
      code: 'AUDIT_DAMAGED',
    })
  })
})
