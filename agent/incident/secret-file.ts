/** Reads the token of an endpoint from its file, anew each time: it may be changed while the agent runs. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { Undeliverable } from './undeliverable.ts'

const FILE_BYTES_MAX = 4096
/** Whoever else may read it has it. */
const OPEN_TO_OTHERS = 0o077
/** RFC 6750: what may stand behind `Bearer`. */
const TOKEN = /^[A-Za-z0-9._~+/-]{1,2048}=*$/

export async function readSecret(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new Undeliverable('the file of the token is not a regular file')
    if ((stats.mode & OPEN_TO_OTHERS) !== 0)
      throw new Undeliverable('the file of the token is open to others; take it from them with `chmod 600`')
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FILE_BYTES_MAX + 1), 0, FILE_BYTES_MAX + 1, 0)
    const token = buffer.toString('utf8', 0, bytesRead).trim()
    if (!TOKEN.test(token)) throw new Undeliverable('the file of the token does not hold one token')
    return token
  } finally {
    await file.close()
  }
}
