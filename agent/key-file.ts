/**
 * The keys of one machine, each in a file of its own in the state folder: the machine's, which makes it this machine, the
 * log's, that of the side table, and a witness's. Each is written once, whole or not at all, and nothing is ever put in
 * its place.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { AgentError } from './errors.ts'
import { makePrivateFile, readPrivateFile } from './private-file.ts'

/** Each key: where it lies, how its id begins, and what people call it. */
export const KEYS = {
  machine: { file: 'machine.json', prefix: 'm-', words: 'machine key' },
  log: { file: 'log-key.json', prefix: 'l-', words: 'log key' },
  vault: { file: 'vault-key.json', prefix: 'v-', words: 'vault key' },
  witness: { file: 'witness-key.json', prefix: 'w-', words: 'witness key' },
} as const

export type KeyName = keyof typeof KEYS

/** A name for people and licences. */
const ID_HEX_CHARS = 16
/** What the vault's wrapping key is derived for (RFC 5869), and its length. */
const WRAPPING_INFO = 'portcullis vault wrapping key v1'
const WRAPPING_KEY_BYTES = 32

const keyFile = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  createdAt: z.iso.datetime(),
  /** PKCS #8 PEM of an Ed25519 key. */
  privateKey: z.string(),
})

/** Undefined if there is none. Whatever is there must be a whole key that nobody else can read. */
export async function readKey(root: string, name: KeyName): Promise<KeyObject | undefined> {
  const { file, words } = KEYS[name]
  const path = join(root, file)
  const text = await readPrivateFile(path, words)
  return text === undefined ? undefined : parseKey(name, path, text)
}

function parseKey(name: KeyName, path: string, text: string): KeyObject {
  const damaged = (cause?: unknown): AgentError =>
    refusal(`the ${KEYS[name].words} \`${path}\` is damaged; put it back from a backup`, cause)
  let key: KeyObject
  let id: string
  try {
    const stored = keyFile.parse(JSON.parse(text))
    key = createPrivateKey(stored.privateKey)
    id = stored.id
  } catch (error) {
    throw damaged(error)
  }
  if (key.asymmetricKeyType !== 'ed25519' || id !== keyIdOf(name, key)) throw damaged()
  return key
}

/**
 * Makes the key, at the first use only. Of two processes that start at the same time one makes it, and both use it.
 */
export async function createKey(root: string, name: KeyName): Promise<KeyObject> {
  const { file, words } = KEYS[name]
  const { privateKey } = generateKeyPairSync('ed25519')
  const stored: z.infer<typeof keyFile> = {
    version: 1,
    id: keyIdOf(name, privateKey),
    createdAt: new Date().toISOString(),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
  await makePrivateFile(root, file, `${JSON.stringify(stored, undefined, 2)}\n`)
  const key = await readKey(root, name)
  if (key === undefined) throw refusal(`its ${words} vanished while it was made`)
  return key
}

/** `m-` for the machine's, and the beginning of the SHA-256 of the public key. */
export function keyIdOf(name: KeyName, privateKey: KeyObject): string {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return `${KEYS[name].prefix}${createHash('sha256').update(spki).digest('hex').slice(0, ID_HEX_CHARS)}`
}

/** The 32 bytes under which the side table keeps its keys: derived from the vault key, which signs nothing. */
export function wrappingKeyOf(vaultKey: KeyObject): Buffer {
  const seed = Buffer.from(vaultKey.export({ format: 'jwk' }).d ?? '', 'base64url')
  return Buffer.from(hkdfSync('sha256', seed, Buffer.alloc(0), WRAPPING_INFO, WRAPPING_KEY_BYTES))
}

function refusal(why: string, cause?: unknown): AgentError {
  return new AgentError('STATE_UNUSABLE', why, { cause })
}
