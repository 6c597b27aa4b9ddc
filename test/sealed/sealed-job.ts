/** Sealed jobs for tests: made with the package itself, in pieces as they come. */
import { Encrypter } from 'age-encryption'
import { newIdentity, recipientOf } from '../../agent/sealed/index.ts'

export interface Machine {
  readonly identity: string
  readonly recipient: string
}

export async function newMachine(): Promise<Machine> {
  const identity = await newIdentity()
  return { identity, recipient: (await recipientOf(identity)) ?? '' }
}

export async function sealed(text: Uint8Array | string, ...machines: readonly Machine[]): Promise<Buffer> {
  const encrypter = new Encrypter()
  for (const { recipient } of machines) encrypter.addRecipient(recipient)
  return Buffer.from(await encrypter.encrypt(text))
}

/** In pieces of so many bytes, each in the one buffer that a reader of files uses again and again. */
export async function* pieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array, void> {
  const buffer = Buffer.alloc(length)
  for (let from = 0; from < bytes.length; from += length) {
    const piece = bytes.subarray(from, from + length)
    buffer.set(piece)
    yield buffer.subarray(0, piece.length)
    buffer.fill(0xaa)
  }
}

export async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const read: Buffer[] = []
  for await (const chunk of chunks) read.push(Buffer.from(chunk))
  return Buffer.concat(read)
}
