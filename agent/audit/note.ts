/** The writer's side of C2SP signed notes: the text of a checkpoint, its signature, and the names of keys. */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { NOTE_KEY_TYPE } from '../log-format/index.ts'

/** How many hexadecimal digits of a key's SHA-256 name it in an origin. */
const KEY_NAME_HEX_CHARS = 16
const KEY_ID_BYTES = 4

/** One head of the log. */
export interface Head {
  readonly size: number
  readonly root: Buffer
  /** The log's signature of the checkpoint text. */
  readonly signature: Buffer
}

/** The log's own key: its name for notes, its raw public bytes, and its private half. */
export interface LogKey {
  readonly origin: string
  readonly publicKey: Buffer
  readonly privateKey: KeyObject
}

/** The body of a C2SP checkpoint. */
export function checkpointText(origin: string, size: number, root: Uint8Array): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`
}

/** The whole signed note, with the log's signature alone. */
export function signedCheckpoint(key: LogKey, { size, root, signature }: Head): string {
  const id = logKeyId(key.origin, key.publicKey)
  const line = `\u2014 ${key.origin} ${Buffer.concat([id, signature]).toString('base64')}\n`
  return `${checkpointText(key.origin, size, root)}\n${line}`
}

/** Signs away from the event loop: a slow processor takes a millisecond for it. */
export function signText(text: string, key: KeyObject): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign(null, Buffer.from(text, 'utf8'), key, (error, signature) => {
      if (error === null) resolve(signature)
      else reject(error)
    })
  })
}

export function isSignedBy(text: string, signature: Uint8Array, key: KeyObject): boolean {
  return verify(null, Buffer.from(text, 'utf8'), key, signature)
}

/** The 32 bytes of an Ed25519 public key (RFC 8032), of either half of the pair. */
export function rawPublicKey(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
}

/** `portcullis/<machine>/<log>`: each named by the beginning of the SHA-256 of its public key. */
export function originOf(machineKey: KeyObject, logKey: KeyObject): string {
  return `portcullis/m-${keyName(machineKey)}/l-${keyName(logKey)}`
}

/** How others name the log's key: `<origin>+<key id>+<type and key>`. */
export function verifierKey(origin: string, publicKey: Uint8Array): string {
  const id = logKeyId(origin, publicKey).toString('hex')
  return `${origin}+${id}+${Buffer.from([NOTE_KEY_TYPE.log, ...publicKey]).toString('base64')}`
}

/** What tells a log's key from others of its name in a note. */
export function logKeyId(origin: string, publicKey: Uint8Array): Buffer {
  const hash = createHash('sha256').update(`${origin}\n`).update(Uint8Array.of(NOTE_KEY_TYPE.log))
  return hash.update(publicKey).digest().subarray(0, KEY_ID_BYTES)
}

function keyName(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der).digest('hex').slice(0, KEY_NAME_HEX_CHARS)
}
