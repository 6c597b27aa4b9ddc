/**
 * Ties the print to the survey: the survey takes a digest of each block of the spooled job, and the print gets a block
 * only if it still has that digest.
 */
import { createHash, type Hash, hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { AgentError, assert, systemErrorCode } from '../errors.ts'

/** What is verified at once, and so what a print holds in memory. */
export const BLOCK_BYTES = 64 * 1024

const DIGEST_BYTES = 32
/** Room for the digests of 16 MiB; it doubles as it fills. */
const DIGESTS_BYTES_FIRST = 256 * DIGEST_BYTES

/** What the survey saw: how many bytes, and the SHA-256 of each block, one after the other. */
export interface BlockDigests {
  readonly bytes: number
  readonly sha256s: Uint8Array
}

/** Takes the bytes of a job in chunks of any size, in order. */
export interface BlockHasher {
  /** Keeps nothing of `chunk`. */
  update(chunk: Uint8Array): void
  /** Ends the job. Nothing may be called after it. */
  digest(): BlockDigests
}

/** Makes the digests of one job, to be fed with the same bytes as the survey. */
export function createBlockHasher(): BlockHasher {
  return new Blocks()
}

class Blocks implements BlockHasher {
  #sha256s = Buffer.alloc(DIGESTS_BYTES_FIRST)
  #blocks = 0
  #bytes = 0
  /** The block that is begun, and how many bytes of it were seen; undefined between blocks. */
  #begun: Hash | undefined
  #begunBytes = 0
  #isFinished = false

  update(chunk: Uint8Array): void {
    assert(!this.#isFinished, 'a finished job takes no more bytes')
    this.#bytes += chunk.length
    for (let start = 0; start < chunk.length; ) {
      const end = Math.min(chunk.length, start + BLOCK_BYTES - this.#begunBytes)
      const part = chunk.subarray(start, end)
      // A whole block at once is the common case, and needs no state.
      if (part.length === BLOCK_BYTES) this.#add(hash('sha256', part, 'buffer'))
      else this.#addPart(part)
      start = end
    }
  }

  digest(): BlockDigests {
    assert(!this.#isFinished, 'a job is finished once')
    this.#isFinished = true
    if (this.#begun !== undefined) this.#add(this.#begun.digest())
    return { bytes: this.#bytes, sha256s: this.#sha256s.subarray(0, this.#blocks * DIGEST_BYTES) }
  }

  #addPart(part: Uint8Array): void {
    this.#begun ??= createHash('sha256')
    this.#begun.update(part)
    this.#begunBytes += part.length
    if (this.#begunBytes < BLOCK_BYTES) return
    this.#add(this.#begun.digest())
    this.#begun = undefined
    this.#begunBytes = 0
  }

  #add(digest: Uint8Array): void {
    const offset = this.#blocks * DIGEST_BYTES
    if (offset === this.#sha256s.length) this.#sha256s = Buffer.concat([this.#sha256s], offset * 2)
    this.#sha256s.set(digest, offset)
    this.#blocks++
  }
}

/**
 * Yields the blocks of a spooled job, each only after its digest proved to be the one that the survey took. A block is
 * valid until the next is asked for. Throws SPOOL_CHANGED if the file is longer, shorter, gone or different in one
 * byte; nothing of a block that differs is yielded.
 */
export async function* readVerified(path: string, digests: BlockDigests): AsyncGenerator<Uint8Array, void> {
  const { bytes, sha256s } = digests
  assert(sha256s.length === Math.ceil(bytes / BLOCK_BYTES) * DIGEST_BYTES, 'a digest for every block')
  const file = await openSpooled(path)
  try {
    if ((await file.stat()).size !== bytes) throw changed(`its size is no longer ${bytes} bytes`)
    // One byte more than a block, so that a file that grew since shows at its last one.
    const buffer = Buffer.alloc(BLOCK_BYTES + 1)
    for (let start = 0; start < bytes; start += BLOCK_BYTES) {
      const blockBytes = Math.min(BLOCK_BYTES, bytes - start)
      const block = buffer.subarray(0, blockBytes)
      const isLast = start + blockBytes === bytes
      const bytesRead = await readFully(file, buffer.subarray(0, blockBytes + (isLast ? 1 : 0)), start)
      if (bytesRead !== blockBytes) throw changed(`its size is no longer ${bytes} bytes`)
      const digestAt = (start / BLOCK_BYTES) * DIGEST_BYTES
      const expected = sha256s.subarray(digestAt, digestAt + DIGEST_BYTES)
      if (!hash('sha256', block, 'buffer').equals(expected)) {
        throw changed(`its bytes ${start} to ${start + blockBytes - 1} differ`)
      }
      yield block
    }
  } finally {
    await file.close()
  }
}

async function openSpooled(path: string): Promise<FileHandle> {
  try {
    // Not blocking and no link: whatever was put in the place of the spooled file must not lead or hold us elsewhere.
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    throw changed(`it cannot be opened any more (${systemErrorCode(error) ?? String(error)})`, error)
  }
}

/** Reads until the buffer is full or the file ends. */
async function readFully(file: FileHandle, buffer: Uint8Array, position: number): Promise<number> {
  let read = 0
  while (read < buffer.length) {
    const { bytesRead } = await file
      .read(buffer, read, buffer.length - read, position + read)
      .catch((error) => {
        throw changed(`it cannot be read any more (${systemErrorCode(error) ?? String(error)})`, error)
      })
    if (bytesRead === 0) break
    read += bytesRead
  }
  return read
}

function changed(how: string, cause?: unknown): AgentError {
  return new AgentError('SPOOL_CHANGED', `the spooled job changed after it was surveyed: ${how}`, { cause })
}
