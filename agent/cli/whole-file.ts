/** Makes a file whole or not at all, whatever becomes of what it is made of. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, link, open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'

/** A design is its owner's alone, also where it is sealed. */
const FILE_MODE = 0o600

/** File systems without hard links, as on memory sticks. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
])

/**
 * Writes `chunks` to a new file. Throws USAGE where there is one already or none can be made, and what the chunks throw; then
 * nothing is left.
 */
export async function writeWholeFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const target = resolve(path)
  // Before anything is worked out; whether it holds is told by how it is put in its place.
  if (existsSync(target)) throw unwritable(path, 'it exists already')
  const aside = join(dirname(target), `.${basename(target)}.${randomBytes(8).toString('hex')}.new`)
  const file = await open(aside, 'wx', FILE_MODE).catch((error: unknown) => {
    throw unwritable(path, systemReason(error, { ENOENT: 'its folder does not exist' }), error)
  })
  try {
    await fill(file, path, chunks)
    await putInPlace(aside, target).catch((error: unknown) => {
      throw unwritable(path, systemReason(error, { EEXIST: 'it exists already' }), error)
    })
  } finally {
    await file.close().catch(() => undefined)
    await unlink(aside).catch(() => undefined)
  }
}

async function fill(file: FileHandle, path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) {
    // As `writeFile` on a handle does: from where the last one ended, however often it takes.
    await file.writeFile(chunk).catch((error: unknown) => {
      throw unwritable(path, systemReason(error), error)
    })
  }
  await file.sync().catch((error: unknown) => {
    throw unwritable(path, systemReason(error), error)
  })
}

/** A link, not a renaming: it fails where somebody was quicker. */
async function putInPlace(aside: string, target: string): Promise<void> {
  try {
    await link(aside, target)
  } catch (error) {
    if (!NO_LINKS.has(systemErrorCode(error)) || existsSync(target)) throw error
    await rename(aside, target)
  }
}

function unwritable(path: string, why: string, cause?: unknown): AgentError {
  return new AgentError('USAGE', `file \`${path}\` cannot be written: ${why}`, { cause })
}
