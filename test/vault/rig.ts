/** What the vault's tests share: a key, moments, a folder, and the shortest way to open a vault. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openVault, type Vault } from '../../agent/vault/index.ts'
import type { MemoryDisk } from './memory-disk.ts'

export const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')
export const OTHER_KEY = Buffer.alloc(32, 0xee)

/** A moment in the middle of a month of 2026, counted from 1. */
export const inMonth = (month: number): number => Date.UTC(2026, month - 1, 15, 12)
/** Its first moment. */
export const startOf = (month: number): number => Date.UTC(2026, month - 1)

export const DIR = '/vault'

export const openOn = (disk: MemoryDisk): Promise<Vault> =>
  openVault(DIR, { wrappingKey: KEY, disk: disk.process(), nowMs: () => inMonth(6) })

export const openReader = (disk: MemoryDisk): Promise<Vault> =>
  openVault(DIR, { wrappingKey: KEY, disk: disk.process(), isReader: true })

/** A folder of its own for a test, removed after it. */
export function scratchFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-vault-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}
