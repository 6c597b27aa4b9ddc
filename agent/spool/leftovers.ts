/** Spool files: how they are named, and how those of a process that died are removed. */
import { randomBytes } from 'node:crypto'
import { readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { systemErrorCode } from '../errors.ts'
import { isOwnerGone, ownStamp } from './owner-stamp.ts'

/** No other process guesses the name, and no two jobs share one. */
const NAME_RANDOM_BYTES = 16

const SPOOL_FILE = /^job-([0-9a-f-]+)-[0-9a-f]{32}\.gcode$/

/** A new name for a spooled job, which says whose it is. */
export async function newSpoolName(): Promise<string> {
  return `job-${await ownStamp()}-${randomBytes(NAME_RANDOM_BYTES).toString('hex')}.gcode`
}

/** Removes the spooled jobs of processes that are gone, and answers how many. Files of any other name stay. */
export async function removeLeftovers(spoolDir: string): Promise<number> {
  let count = 0
  for (const name of await readdir(spoolDir)) {
    const stamp = SPOOL_FILE.exec(name)?.[1]
    if (stamp === undefined || !(await isOwnerGone(stamp))) continue
    if (await removeFile(join(spoolDir, name))) count++
  }
  return count
}

/** Removes a file; answers false if it was gone already. */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false
    throw error
  }
}
