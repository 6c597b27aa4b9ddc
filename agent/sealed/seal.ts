/** Seals a job to the keys of machines, chunk by chunk: whoever has none of their secrets reads nothing of it. */

/** One licence names no more machines, and each is tried when the job is opened. */
export const RECIPIENTS_MAX = 64

/** What `licence seal-key` tells: a public X25519 key in Bech32. */
const RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/

/** What is wrong with a recipient, or undefined. Only X25519 keys are: machines have no others. */
export async function recipientProblem(recipient: string): Promise<string | undefined> {
  if (!RECIPIENT.test(recipient)) return 'is not the key of a machine, `age1` and 58 characters behind it'
  const { Encrypter } = await import('age-encryption')
  try {
    new Encrypter().addRecipient(recipient)
    return undefined
  } catch {
    return 'is not written correctly: its checksum does not match'
  }
}

/** Yields the sealed job. The recipients were checked. What reading the job throws ends it. */
export async function* seal(
  chunks: AsyncIterable<Uint8Array>,
  recipients: readonly string[],
): AsyncGenerator<Uint8Array, void> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  for (const recipient of new Set(recipients)) encrypter.addRecipient(recipient)
  const iterator = chunks[Symbol.asyncIterator]()
  const source = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await iterator.next()
        if (next.done === true) controller.close()
        // A copy: the stream may hold it for longer than it is valid.
        else controller.enqueue(Uint8Array.from(next.value))
      },
      async cancel() {
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
  const reader = (await encrypter.encrypt(source)).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
