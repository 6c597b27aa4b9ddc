/** The head of a vault: which format it has, and a proof that it is under the wrapping key at hand. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { systemErrorCode } from '../errors.ts'
import { areEqual, hmac, type VaultKeys } from './cipher.ts'
import { readSmallFile, unlinkIfThere, type VaultDisk, writeNewFile } from './disk.ts'
import { COMMITMENT_BYTES, FORMAT_NAME, HEAD_FILE, NEW_SUFFIX } from './format.ts'
import { damaged } from './trouble.ts'

const FIRST_LINE = Buffer.from(`${FORMAT_NAME}\n`, 'latin1')
const HEAD_BYTES = FIRST_LINE.length + COMMITMENT_BYTES

const headOf = (keys: VaultKeys): Buffer => Buffer.concat([FIRST_LINE, hmac(keys.head, FIRST_LINE)])

/** Whether there is a head. One that is there must be of this format and under these keys: throws AUDIT_DAMAGED. */
export async function checkHead(disk: VaultDisk, dir: string, keys: VaultKeys): Promise<boolean> {
  const head = await readSmallFile(disk, join(dir, HEAD_FILE), HEAD_BYTES)
  if (head === undefined) return false
  const path = `\`${HEAD_FILE}\``
  if (head.length !== HEAD_BYTES || !head.subarray(0, FIRST_LINE.length).equals(FIRST_LINE)) {
    throw damaged(dir, `its ${path} is not that of \`${FORMAT_NAME}\`; put the vault back from a backup`)
  }
  if (areEqual(head, headOf(keys))) return true
  throw damaged(dir, `its ${path} does not fit its key; put the key and the vault back from one backup`)
}

/** Makes the head of a new vault, durable. Two that do so at once write the same. */
export async function makeHead(disk: VaultDisk, dir: string, keys: VaultKeys): Promise<void> {
  const temporary = join(dir, `${HEAD_FILE}.${randomBytes(4).toString('hex')}${NEW_SUFFIX}`)
  try {
    await writeNewFile(disk, temporary, headOf(keys))
    await disk.link(temporary, join(dir, HEAD_FILE))
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  } finally {
    await unlinkIfThere(disk, temporary)
  }
  await disk.fsyncFolder(dir)
}
