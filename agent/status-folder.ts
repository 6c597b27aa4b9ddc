import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { peekStatusList } from './status/index.ts'
import { readBoundedFile, TOKEN_KINDS } from './token/index.ts'
import { assertGuarded, exists, namesInOptional, unreadable, writeWhole } from './trust/index.ts'

/** The status lists that a site holds, one file for each URI: licences name theirs by it. */

/** As many as the log remembers. */
const LISTS_MAX = 64
/** Of all lists together. They are handed whole to the process that inspects a job. */
const LISTS_BYTES_MAX = 16 * 1024 * 1024

const folderIn = (trustDir: string): string => join(trustDir, 'status')

/** The compact tokens, nothing of which is believed yet. Throws LICENCE_UNREADABLE where they cannot be read. */
export async function statusListsIn(trustDir: string): Promise<readonly string[]> {
  const dir = folderIn(trustDir)
  const lists: string[] = []
  let bytes = 0
  for (const name of await namesInOptional(dir, '.jwt', LISTS_MAX, 'folder of status lists')) {
    const path = join(dir, name)
    await assertGuarded(path, 'status list')
    const list = await read(path)
    bytes += list.length
    if (bytes > LISTS_BYTES_MAX)
      throw unreadable(`status lists in \`${dir}\` are above the limit of ${LISTS_BYTES_MAX} bytes together`)
    lists.push(list)
  }
  return lists
}

/**
 * Keeps a list whose signature was verified, in place of an older one of its URI. Answers false where one is there that is
 * newer. Throws LICENCE_UNREADABLE, STATE_UNUSABLE.
 */
export async function keepStatusList(
  trustDir: string,
  {
    uri,
    issuedAtMs,
    compact,
  }: { readonly uri: string; readonly issuedAtMs: number; readonly compact: string },
): Promise<boolean> {
  const dir = folderIn(trustDir)
  const name = `${createHash('sha256').update(uri).digest('hex')}.jwt`
  const path = join(dir, name)
  const names = await namesInOptional(dir, '.jwt', LISTS_MAX, 'folder of status lists')
  if (!names.includes(name) && names.length >= LISTS_MAX)
    throw unreadable(`folder of status lists \`${dir}\` is full: remove those that no licence names`)
  const kept = (await exists(path)) ? peekStatusList(await read(path)) : undefined
  if (kept !== undefined && kept.uri === uri && kept.issuedAtMs > issuedAtMs) return false
  await writeWhole(path, `${compact}\n`, 'replace')
  return true
}

async function read(path: string): Promise<string> {
  const bytes = await readBoundedFile(path, TOKEN_KINDS.statusList.bytesMax + 1, 'status list')
  return bytes.toString('latin1').trim()
}
