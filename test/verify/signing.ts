/** Signs notes for tests, on its own: with `node:crypto` and string templates, and nothing of what is under test. */
import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'

export interface TestSigner {
  /** As a configuration writes the key. */
  readonly vkey: string
  readonly publicKey: Buffer
  /** The line below a note, at a time where the key is a cosigner's. */
  line(text: string, timestamp?: number): string
}

/** What stands before the 32 bytes of an Ed25519 seed in PKCS#8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

function keyFromSeed(seed: Buffer): { privateKey: KeyObject; publicKey: Buffer } {
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const { x } = privateKey.export({ format: 'jwk' })
  return { privateKey, publicKey: Buffer.from(x!, 'base64url') }
}

/** A key made of a seed: any text, the same key each time. `type` is 1 for a log, 4 for a cosigner. */
export function testSigner(name: string, type: 1 | 4, seed = `${type} ${name}`): TestSigner {
  return signerFromSeed(name, type, createHash('sha256').update(seed).digest())
}

export function signerFromSeed(name: string, type: 1 | 4, seed: Buffer): TestSigner {
  const { privateKey, publicKey } = keyFromSeed(seed)
  const typed = Buffer.concat([Buffer.of(type), publicKey])
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4)
  const line = (text: string, timestamp = 0): string => {
    const time = Buffer.alloc(type === 4 ? 8 : 0)
    if (type === 4) time.writeBigUInt64BE(BigInt(timestamp))
    const message = type === 4 ? `cosignature/v1\ntime ${timestamp}\n${text}` : text
    const signature = Buffer.concat([id, time, sign(null, Buffer.from(message), privateKey)])
    return `— ${name} ${signature.toString('base64')}\n`
  }
  return { vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}`, publicKey, line }
}

/** A whole note: text, empty line, signature lines. */
export function signNote(text: string, ...lines: readonly string[]): Buffer {
  return Buffer.from(`${text}\n${lines.join('')}`)
}

export function checkpointText(origin: string, size: number, root: Uint8Array): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`
}
