/** A job as it comes, sealed or not: what is read of it is its text in either case. */
import { isSealedStart, START_BYTES } from './header.ts'
import { type SealingKey, unseal } from './unseal.ts'

export interface Contents {
  readonly isSealed: boolean
  /** The text. Each chunk is valid until the next is asked for. */
  readonly chunks: AsyncIterable<Uint8Array>
}

/** Looks at how the job begins. Whoever asks reads the chunks at once. Throws what reading its first chunks throws. */
export async function openContents(
  name: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  key: SealingKey,
): Promise<Contents> {
  const iterator = asAsync(chunks)
  let start: Uint8Array = new Uint8Array(0)
  let isOver = false
  while (start.length < START_BYTES && !isOver) {
    const next = await iterator.next()
    if (next.done === true) isOver = true
    // A first chunk that is long enough is handed on as it is.
    else
      start = start.length === 0 && next.value.length >= START_BYTES ? next.value : joined(start, next.value)
  }
  const whole = startingWith(start, iterator)
  const isSealed = isSealedStart(start)
  return { isSealed, chunks: isSealed ? unseal(name, whole, key) : whole }
}

async function* asAsync(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  yield* chunks
}

async function* startingWith(
  start: Uint8Array,
  rest: AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  if (start.length > 0) yield start
  yield* rest
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([a, b]))
}
