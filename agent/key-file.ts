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
  randomBytes,
} from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AgentError, systemErrorCode } from './errors.ts'

/** Each key: where it lies, how its id begins, and what people call it. */
export const KEYS = {
  machine: { file: 'machine.json', prefix: 'm-', words: 'machine key' },
  log: { file: 'log-key.json', prefix: 'l-', words: 'log key' },
  vault: { file: 'vault-key.json', prefix: 'v-', words: 'vault key' },
  witness: { file: 'witness-key.json', prefix: 'w-', words: 'witness key' },
} as const

export type KeyName = keyof typeof KEYS

const KEY_MODE = 0o600
/** Who else could copy the key. */
const OPEN_TO_OTHERS = 0o077
/** Far more than a key takes. */
const KEY_FILE_BYTES_MAX = 4096
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
  const { file: fileName, words } = KEYS[name]
  const path = join(root, fileName)
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    if (systemErrorCode(error) === 'ELOOP') throw refusal(`\`${path}\` is a symbolic link`)
    throw error
  }
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw refusal(`\`${path}\` is not a regular file`)
    if (stats.uid !== process.geteuid?.()) throw refusal(`\`${path}\` belongs to another user (${stats.uid})`)
    if ((stats.mode & OPEN_TO_OTHERS) !== 0) {
      throw refusal(`the ${words} \`${path}\` is open to others; they may have copied it`)
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(KEY_FILE_BYTES_MAX), 0, KEY_FILE_BYTES_MAX, 0)
    return parseKey(name, path, buffer.toString('utf8', 0, bytesRead))
  } finally {
    await file.close()
  }
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
  const temporary = join(root, `${file}.${randomBytes(8).toString('hex')}.new`)
  try {
    await writeDurably(temporary, `${JSON.stringify(stored, undefined, 2)}\n`)
    // A link, not a rename: it fails where a key is already, and a crash leaves a whole key or none.
    await link(temporary, join(root, file))
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  } finally {
    await unlink(temporary).catch(() => undefined)
  }
  await syncFolder(root)
  const key = await readKey(root, name)
  if (key === undefined) throw refusal(`its ${words} vanished while it was made`)
  return key
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', KEY_MODE)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
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
