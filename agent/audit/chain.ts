/**
 * Walks the records of a log from the first to the last, checking the chain, in bounded memory.
 * Opening a log for writing and reading it out are both this walk.
 */
import { AgentError } from '../errors.ts'
import { CHAIN_START, chainHash } from './entry.ts'
import { BATCH_BYTES_MAX, HASH_HEX_CHARS, LINE_BYTES_MAX, LINE_FEED, SPACE } from './format.ts'

/** Anything that can be read by position. Answers 0 only at the end. */
export interface ByteSource {
  read(into: Uint8Array, position: number): Promise<number>
}

/** One intact link. `body` is a view that the next step of the walk overwrites. */
export interface Link {
  readonly index: number
  /** Where its line begins in the file, in bytes. */
  readonly offset: number
  readonly hash: Buffer
  readonly body: Uint8Array
}

/** What the walk found at the end: the head of the chain, and the bytes of a line that was never finished. */
export interface ChainEnd {
  readonly size: number
  readonly head: Uint8Array
  readonly offset: number
  readonly tail: Uint8Array
}

/**
 * Yields every record whose line is whole and whose hash is right, then returns the end of the chain. A last line
 * without its line feed is a torn tail: a crash leaves that. Anything else that is wrong cannot come from a crash
 * and throws AUDIT_DAMAGED.
 */
export async function* walkChain(dir: string, source: ByteSource): AsyncGenerator<Link, ChainEnd> {
  // As large as the largest batch: a crash cannot leave a longer unfinished line than that.
  const buffer = Buffer.alloc(BATCH_BYTES_MAX)
  let [start, end] = [0, 0]
  let position = 0
  let index = 0
  let head: Uint8Array = CHAIN_START
  for (;;) {
    const lineEnd = buffer.subarray(0, end).indexOf(LINE_FEED, start)
    if (lineEnd >= 0) {
      const offset = position - (end - start)
      const line = buffer.subarray(start, lineEnd)
      const hash = readStatedHash(line)
      if (hash === undefined) throw damaged(dir, index, offset, 'it is not a line of a log')
      const body = line.subarray(HASH_HEX_CHARS + 1)
      if (!chainHash(head, body).equals(hash)) {
        throw damaged(dir, index, offset, 'its hash does not fit its content and the record before it')
      }
      yield { index, offset, hash, body }
      head = hash
      index++
      start = lineEnd + 1
      continue
    }
    buffer.copyWithin(0, start, end)
    end -= start
    start = 0
    const bytes = end < buffer.length ? await source.read(buffer.subarray(end), position) : 0
    if (bytes === 0) break
    position += bytes
    end += bytes
  }
  if (end === buffer.length) throw damaged(dir, index, position - end, 'its line has no end')
  return { size: index, head, offset: position - end, tail: buffer.subarray(0, end) }
}

function readStatedHash(line: Buffer): Buffer | undefined {
  if (line.length >= LINE_BYTES_MAX || line[HASH_HEX_CHARS] !== SPACE) return undefined
  const hex = line.toString('latin1', 0, HASH_HEX_CHARS)
  return /^[0-9a-f]{64}$/.test(hex) ? Buffer.from(hex, 'hex') : undefined
}

/** Somebody or something changed the log. `index` counts records from 0, `offset` is in bytes. */
export function damaged(dir: string, index: number, offset: number, what: string): AgentError {
  return new AgentError(
    'AUDIT_DAMAGED',
    `log \`${dir}\` is damaged at record ${index}, byte ${offset}: ${what}`,
  )
}
