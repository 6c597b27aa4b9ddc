/** The key with which a licensee passes a licence on: Ed25519, as its licence names it. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { AgentError } from '../errors.ts'
import { readBoundedFile } from '../token/index.ts'
import { assertPrivate, type Passphrase } from './issuer-store.ts'
import { exportPrivateKey, importPrivateKey, isEncryptedKey } from './private-key.ts'

/** An encrypted Ed25519 key has 400 bytes in PEM. */
const KEY_BYTES_MAX = 16 * 1024

/** Makes a key: its private half as PKCS #8 PEM, and the public half as a licence names it. */
export function makeDelegateKey(passphrase: string | undefined): {
  readonly keyPem: string
  readonly publicKey: string
} {
  const { privateKey } = generateKeyPairSync('ed25519')
  return { keyPem: exportPrivateKey(privateKey, passphrase), publicKey: publicPartOf(privateKey) }
}

/** Reads such a key, which must be its owner's alone. */
export async function readDelegateKey(path: string, passphrase: Passphrase): Promise<KeyObject> {
  await assertPrivate(path)
  const pem = (await readBoundedFile(path, KEY_BYTES_MAX, 'private key')).toString('utf8')
  const asked = typeof passphrase === 'function' && isEncryptedKey(pem) ? await passphrase(path) : passphrase
  const key = importPrivateKey(pem, typeof asked === 'string' ? asked : undefined, path)
  if (key.asymmetricKeyType === 'ed25519') return key
  throw new AgentError('LICENCE_UNREADABLE', `private key \`${path}\` is not one made by delegate-key init`)
}

/** The public half, 32 bytes in base64url. */
export function publicPartOf(key: KeyObject): string {
  return String(createPublicKey(key).export({ format: 'jwk' }).x)
}
