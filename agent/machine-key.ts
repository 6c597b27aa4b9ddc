/**
 * The machine's own key: what makes one machine this machine. It is written once, whole or not at all, and nothing is
 * ever put in its place.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AgentError, systemErrorCode } from './errors.ts'

/** Where the key lies in the state folder. */
export const KEY_FILE = 'machine.json'

const KEY_MODE = 0o600
/** Who else could copy the key. */
const OPEN_TO_OTHERS = 0o077
/** Far more than a machine key takes. */
const KEY_FILE_BYTES_MAX = 4096
/** A name for people and licences. */
const MACHINE_ID_HEX_CHARS = 16

const machineFile = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  createdAt: z.iso.datetime(),
  /** PKCS #8 PEM of an Ed25519 key. */
  privateKey: z.string(),
})

/** Undefined if there is none. Whatever is there must be a whole key that nobody else can read. */
export async function readMachineKey(root: string): Promise<KeyObject | undefined> {
  const path = join(root, KEY_FILE)
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
      throw refusal(`the machine key \`${path}\` is open to others; they may have copied it`)
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(KEY_FILE_BYTES_MAX), 0, KEY_FILE_BYTES_MAX, 0)
    return parseMachineKey(path, buffer.toString('utf8', 0, bytesRead))
  } finally {
    await file.close()
  }
}

function parseMachineKey(path: string, text: string): KeyObject {
  const damaged = (cause?: unknown): AgentError =>
    refusal(`the machine key \`${path}\` is damaged; put it back from a backup`, cause)
  let key: KeyObject
  let id: string
  try {
    const machine = machineFile.parse(JSON.parse(text))
    key = createPrivateKey(machine.privateKey)
    id = machine.id
  } catch (error) {
    throw damaged(error)
  }
  if (key.asymmetricKeyType !== 'ed25519' || id !== machineIdOf(key)) throw damaged()
  return key
}

/**
 * Makes the key, at the first use only. Of two processes that start at the same time one makes it, and both use it.
 */
export async function createMachineKey(root: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const machine: z.infer<typeof machineFile> = {
    version: 1,
    id: machineIdOf(privateKey),
    createdAt: new Date().toISOString(),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
  const temporary = join(root, `${KEY_FILE}.${randomBytes(8).toString('hex')}.new`)
  try {
    await writeDurably(temporary, `${JSON.stringify(machine, undefined, 2)}\n`)
    // A link, not a rename: it fails where a key is already, and a crash leaves a whole key or none.
    await link(temporary, join(root, KEY_FILE))
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  } finally {
    await unlink(temporary).catch(() => undefined)
  }
  await syncFolder(root)
  const key = await readMachineKey(root)
  if (key === undefined) throw refusal('its machine key vanished while it was made')
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

/** `m-` and the beginning of the SHA-256 of the public key. */
export function machineIdOf(privateKey: KeyObject): string {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return `m-${createHash('sha256').update(spki).digest('hex').slice(0, MACHINE_ID_HEX_CHARS)}`
}

function refusal(why: string, cause?: unknown): AgentError {
  return new AgentError('STATE_UNUSABLE', why, { cause })
}
