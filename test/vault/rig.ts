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

/**
 * What can go wrong at any place is tried at some of them in every run; at which, `FAULTS` chooses, a number. With
 * `FAULTS=all` it is tried at every place in every way, which takes minutes: after a change to the vault.
 */
const CHOICE = process.env['FAULTS'] ?? '0'

/** `count` of the ways in which something is to be tried at place number `at`: others at the next place. */
export function waysAt<Way>(at: number, ways: readonly Way[], count: number): readonly Way[] {
  if (CHOICE === 'all') return ways
  const first = at * count + Number(CHOICE)
  return Array.from({ length: count }, (_, i) => ways[(first + i) % ways.length]!)
}

/** Where to begin, and how many places to go on each time, to try one in so many. */
export function strideOf(oneIn: number): { readonly first: number; readonly step: number } {
  return CHOICE === 'all' ? { first: 0, step: 1 } : { first: Number(CHOICE) % oneIn, step: oneIn }
}

/** One in so many of the places from 0 up to `end`. */
export function placesUpTo(end: number, oneIn: number): readonly number[] {
  const { first, step } = strideOf(oneIn)
  return Array.from({ length: Math.max(0, Math.ceil((end - first) / step)) }, (_, i) => first + i * step)
}
