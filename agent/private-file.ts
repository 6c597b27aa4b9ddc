/** Small secrets in the state folder: read only where nobody else could have, written once, whole or not at all. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { AgentError, systemErrorCode } from './errors.ts'

const SECRET_MODE = 0o600
/** Who else could copy the secret. */
const OPEN_TO_OTHERS = 0o077
/** Far more than a key takes. */
const FILE_BYTES_MAX = 4096

/**
 * The text of a private file; undefined where there is none. `words` names it. Throws STATE_UNUSABLE where it is no file of
 * ours, or open to others.
 */
export async function readPrivateFile(path: string, words: string): Promise<string | undefined> {
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    if (systemErrorCode(error) === 'ELOOP') throw refusal(`\`${path}\` is a symbolic link`)
    throw error
  }
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw refusal(`\`${path}\` is not a regular file`)
    if (stats.uid !== process.geteuid?.()) throw refusal(`\`${path}\` belongs to another user (${stats.uid})`)
    if ((stats.mode & OPEN_TO_OTHERS) !== 0) {
      throw refusal(`the ${words} \`${path}\` is open to others; they may have copied it`)
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FILE_BYTES_MAX), 0, FILE_BYTES_MAX, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Makes a private file, durably. Of two processes that do at the same time one makes it, and the other changes nothing. */
export async function makePrivateFile(folder: string, name: string, text: string): Promise<void> {
  const temporary = join(folder, `${name}.${randomBytes(8).toString('hex')}.new`)
  try {
    await writeDurably(temporary, text)
    // A link, not a rename: it fails where there is one already, and a crash leaves a whole file or none.
    await link(temporary, join(folder, name))
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  } finally {
    await unlink(temporary).catch(() => undefined)
  }
  await syncFolder(folder)
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', SECRET_MODE)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function refusal(why: string): AgentError {
  return new AgentError('STATE_UNUSABLE', why)
}
