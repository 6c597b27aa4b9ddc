import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { systemErrorCode } from '../errors.ts'
import { readKey, wrappingKeyOf } from '../key-file.ts'
import type { LedgerPlace } from '../ledger.ts'
import { defaultStatePath } from '../state-folder.ts'

export interface PlaceOptions {
  readonly state?: string
}

/**
 * The log that is meant: a log's folder, a whole state folder, or by default that of `--state`. With a state folder the
 * side table can be read too, where its key is this user's to read.
 */
export async function findLog(dir: string | undefined, options: PlaceOptions): Promise<LedgerPlace> {
  const root = resolve(dir ?? options.state ?? defaultStatePath(process.env))
  const isState = dir === undefined || (await isStateFolder(root))
  const vaultDir = join(root, 'vault')
  if (!isState) return { logDir: root, vaultDir, wrappingKey: undefined }
  const key = await readKey(root, 'vault')
  return { logDir: join(root, 'log'), vaultDir, wrappingKey: key && wrappingKeyOf(key) }
}

/** A log's folder has no folder `log` in it. */
async function isStateFolder(root: string): Promise<boolean> {
  try {
    return (await readdir(root)).includes('log')
  } catch (error) {
    // What is wrong with it is told when the log is looked for.
    if (systemErrorCode(error) !== undefined) return false
    throw error
  }
}
