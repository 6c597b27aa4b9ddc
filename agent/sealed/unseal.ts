/**
 * Opens a sealed job for the machine it is sealed to, chunk by chunk, in memory. Each chunk of 64 KiB is authenticated
 * before any of it is handed out, and the end of the job is told from a cut by the last chunk's own mark.
 */
import { AgentError, InvariantError } from '../errors.ts'
import { damaged, headerEnd, unreadable } from './header.ts'

/** What opens sealed jobs here, or why nothing does. */
export type SealingKey =
  /** An age identity, `AGE-SECRET-KEY-1...`. */
  { readonly identity: string } | { readonly problem: string }

/** What age-encryption says where a file is sealed to others. */
const NOT_FOR_US = 'no identity matched'

/**
 * Yields the text of a sealed job; each chunk is the caller's own. What was handed out is what was sealed, but that all of
 * it came is known only at the end: nobody acts upon the beginning of a job whose end was never seen. Throws
 * JOB_UNREADABLE where it is sealed to others, was altered or cut, and what reading `chunks` throws.
 */
export async function* unseal(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  key: SealingKey,
): AsyncGenerator<Uint8Array, void> {
  if ('problem' in key) throw unreadable(name, key.problem)
  const iterator = chunks[Symbol.asyncIterator]()
  try {
    const head = await readHead(name, iterator)
    const { Decrypter } = await import('age-encryption')
    const decrypter = new Decrypter()
    decrypter.addIdentity(key.identity)
    const plain = await decrypter.decrypt(streamOf(head, iterator))
    const reader = plain.getReader()
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        if (value.length > 0) yield value
      }
    } finally {
      await reader.cancel().catch(() => undefined)
    }
  } catch (error) {
    if (error instanceof AgentError || error instanceof InvariantError) throw error
    if (error instanceof Error && error.message.startsWith(NOT_FOR_US))
      throw unreadable(name, 'it is sealed to the keys of other machines', OTHER_MACHINE, error)
    throw damaged(name, error)
  } finally {
    await iterator.return?.()
  }
}

const OTHER_MACHINE = '; ask for it sealed to this one: `portcullis licence seal-key` tells its key'

/** The beginning of the file with the whole header in it, checked against the limits; perhaps with more behind it. */
async function readHead(name: string, iterator: AsyncIterator<Uint8Array>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0)
  for (;;) {
    const next = await iterator.next()
    if (next.done === true) throw damaged(name, undefined)
    head = Buffer.concat([head, next.value])
    if (headerEnd(name, head) !== undefined) return head
  }
}

/** The file as a stream that reads no further than it is asked to. */
function streamOf(head: Uint8Array, iterator: AsyncIterator<Uint8Array>): ReadableStream<Uint8Array> {
  let start: Uint8Array | undefined = head
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (start !== undefined) {
          controller.enqueue(start)
          start = undefined
          return
        }
        const next = await iterator.next()
        if (next.done === true) controller.close()
        // A copy: ours is valid only until the next is asked for, and a stream may hold it for longer.
        else controller.enqueue(Uint8Array.from(next.value))
      },
      async cancel() {
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
