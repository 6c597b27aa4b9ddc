/** The folder of one subject: which files are in it, and how they are shredded. */
import { join } from 'node:path'
import { systemErrorCode } from '../errors.ts'
import { boundTo, decrypt, type VaultKeys } from './cipher.ts'
import { readSmallFile, unlessAbsent, unlinkIfThere, type VaultDisk, withFile, writeFully } from './disk.ts'
import {
  KEY_FILE_BYTES,
  keyFile,
  NAME_FILE,
  NEW_SUFFIX,
  parseMonthFile,
  rowsFile,
  SUBJECT_FILES_MAX,
} from './format.ts'
import type { Notes } from './notes.ts'
import { scanRows } from './row.ts'

/** More than a key or a name takes: what is longer was not made by us, and its beginning is what counts. */
const SHREDDED_BYTES_MAX = 4096

/** What lies in a subject's folder. */
export interface SubjectFiles {
  /** Months with a key or rows, `YYYY-MM`, in order. */
  readonly months: readonly string[]
  readonly hasName: boolean
  /** Files that were never put in their place. */
  readonly leftovers: readonly string[]
}

const NO_FILES: SubjectFiles = { months: [], hasName: false, leftovers: [] }

export async function listSubject(disk: VaultDisk, folder: string): Promise<SubjectFiles> {
  const entries = await unlessAbsent(() => disk.list(folder, SUBJECT_FILES_MAX))
  if (entries === undefined) return NO_FILES
  const files = entries.filter((entry) => !entry.isFolder).map((entry) => entry.name)
  const months = new Set(files.flatMap((name) => parseMonthFile(name)?.month ?? []))
  return {
    months: [...months].sort(),
    hasName: files.includes(NAME_FILE),
    leftovers: files.filter((name) => name.endsWith(NEW_SUFFIX)),
  }
}

/** A month's key as it lies on the disk, and what it unwraps to: nothing if it is shredded or damaged. */
export interface MonthKey {
  readonly wrapped: Buffer
  readonly key: Buffer | undefined
}

/** The key of a month, or undefined where there is no file of one. */
export async function readMonthKey(
  disk: VaultDisk,
  folder: string,
  keys: VaultKeys,
  subject: string,
  month: string,
): Promise<MonthKey | undefined> {
  const wrapped = await readSmallFile(disk, join(folder, keyFile(month)), KEY_FILE_BYTES)
  if (wrapped === undefined) return undefined
  const isWhole = wrapped.length === KEY_FILE_BYTES
  const key = isWhole ? decrypt(keys.wrap, boundTo('key', subject, month), wrapped) : undefined
  return { wrapped, key }
}

/** Whether the month on the disk is one that was noted as shredded, and not one begun after it. */
export function isMonthNoted(
  notes: Notes,
  subject: string,
  month: string,
  key: MonthKey | undefined,
): boolean {
  if (key !== undefined && notes.hasNonce(key.wrapped)) return true
  // No key, or none that opens, and an erasure that is not finished: nothing was acknowledged under it since.
  return key?.key === undefined && notes.pendingOf(subject).some((note) => note.month === month)
}

/** How many rows the month's file holds, readable or not. */
export async function countRows(disk: VaultDisk, folder: string, month: string): Promise<number> {
  let rows = 0
  await unlessAbsent(() =>
    withFile(disk, join(folder, rowsFile(month)), 'read', (file) =>
      scanRows(file, 0, () => {
        rows++
      }),
    ),
  )
  return rows
}

/** What is to be shredded of a subject. */
export interface Doomed {
  readonly months: readonly string[]
  readonly isNameToo: boolean
}

/**
 * Shreds: after it resolves no key of these is on the disk any more. Keys first, all of them, for without its key a row
 * is noise. May be called again after any failure, and then finishes.
 */
export async function shred(disk: VaultDisk, folder: string, { months, isNameToo }: Doomed): Promise<void> {
  const keyFiles = months.map((month) => join(folder, keyFile(month)))
  for (const path of keyFiles) await overwrite(disk, path)
  for (const path of keyFiles) await unlinkIfThere(disk, path)
  await syncIfThere(disk, folder)
  for (const month of months) await unlinkIfThere(disk, join(folder, rowsFile(month)))
  // Not overwritten: it may be another name of a key that stays.
  for (const name of (await listSubject(disk, folder)).leftovers)
    await unlinkIfThere(disk, join(folder, name))
  if (isNameToo) {
    await overwrite(disk, join(folder, NAME_FILE))
    await unlinkIfThere(disk, join(folder, NAME_FILE))
  }
  await syncIfThere(disk, folder)
}

/** Removes the folder if nothing is left in it. */
export async function removeIfEmpty(disk: VaultDisk, dir: string, folder: string): Promise<void> {
  try {
    await disk.removeFolder(folder)
  } catch (error) {
    const code = systemErrorCode(error)
    // Not ours, or not empty: either way it may stay, for nothing of the subject's is in it.
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error
  }
  await disk.fsyncFolder(dir)
}

/** Zeros over everything that a key or a name ever had. */
async function overwrite(disk: VaultDisk, path: string): Promise<void> {
  await unlessAbsent(() =>
    withFile(disk, path, 'overwrite', async (file) => {
      await writeFully(file, Buffer.alloc(Math.min(await file.size(), SHREDDED_BYTES_MAX)), 0)
      await file.fdatasync()
    }),
  )
}

async function syncIfThere(disk: VaultDisk, folder: string): Promise<void> {
  await unlessAbsent(() => disk.fsyncFolder(folder))
}
