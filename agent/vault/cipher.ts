/** The cryptography of the vault: which keys there are, and how anything is put under one. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { assert } from '../errors.ts'
import { CIPHER_OVERHEAD_BYTES, FORMAT_NAME, KEY_BYTES, NONCE_BYTES, TAG_BYTES } from './format.ts'

/** One key for each purpose, all from the wrapping key. */
export interface VaultKeys {
  /** Keys of months and of names are wrapped under it. */
  readonly wrap: Buffer
  /** Authenticates the head. */
  readonly head: Buffer
  /** Authenticates the notes of what was shredded. */
  readonly note: Buffer
}

export function deriveKeys(wrappingKey: Buffer): VaultKeys {
  assert(wrappingKey.length === KEY_BYTES, `the wrapping key has ${KEY_BYTES} bytes`)
  const derive = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', wrappingKey, '', boundTo(purpose), KEY_BYTES))
  return { wrap: derive('wrap'), head: derive('head'), note: derive('note') }
}

/** The words that a cipher text is bound to: what it is, and whose. It opens under no others. */
export function boundTo(...words: readonly string[]): Buffer {
  return Buffer.from([FORMAT_NAME, ...words].join(' '), 'latin1')
}

/** Nonce, cipher text, tag. The nonce is random: no key is used nearly often enough for two to be the same. */
export function encrypt(key: Buffer, bound: Buffer, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(bound)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** The plain text, or undefined if this is not what was encrypted under this key and bound to these words. */
export function decrypt(key: Buffer, bound: Buffer, sealed: Buffer): Buffer | undefined {
  if (sealed.length < CIPHER_OVERHEAD_BYTES) return undefined
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(bound)
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  const plain = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES))
  try {
    return Buffer.concat([plain, decipher.final()])
  } catch {
    // The only thing that `final` refuses is a tag that does not fit.
    return undefined
  }
}

export function hmac(key: Buffer, message: Uint8Array): Buffer {
  return createHmac('sha256', key).update(message).digest()
}

/** Compares in a time that does not tell where they differ. */
export function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
