/**
 * The vault's format once more, written from FORMAT.md alone and on WebCrypto: it shares nothing with the vault. It makes
 * the test vectors, and opens what the vault wrote.
 */
import { webcrypto } from 'node:crypto'

const { subtle } = webcrypto
type Bytes = Uint8Array<ArrayBuffer>

const bytesOf = (...parts: (string | Uint8Array | number[])[]): Bytes => {
  const arrays = parts.map((part) => (typeof part === 'string' ? new TextEncoder().encode(part) : part))
  return Uint8Array.from(arrays.flatMap((array) => [...array]))
}
const bigEndian = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** (bytes - 1 - i)) % 256)
const numberOf = (bytes: Uint8Array): number => bytes.reduce((value, byte) => value * 256 + byte, 0)

async function derive(wrappingKey: Uint8Array, purpose: string): Promise<Bytes> {
  const key = await subtle.importKey('raw', bytesOf(wrappingKey), 'HKDF', false, ['deriveBits'])
  const info = bytesOf(`portcullis-vault-1 ${purpose}`)
  const bits = await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: bytesOf(), info }, key, 256)
  return new Uint8Array(bits)
}

async function hmac(key: Uint8Array, data: Uint8Array): Promise<Bytes> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const imported = await subtle.importKey('raw', bytesOf(key), algorithm, false, ['sign'])
  return new Uint8Array(await subtle.sign('HMAC', imported, bytesOf(data)))
}

const aesKey = (key: Uint8Array): Promise<webcrypto.CryptoKey> =>
  subtle.importKey('raw', bytesOf(key), 'AES-GCM', false, ['encrypt', 'decrypt'])

async function lock(key: Uint8Array, nonce: Uint8Array, bound: Bytes, plain: Uint8Array): Promise<Bytes> {
  const algorithm = { name: 'AES-GCM', iv: bytesOf(nonce), additionalData: bound }
  return bytesOf(nonce, new Uint8Array(await subtle.encrypt(algorithm, await aesKey(key), bytesOf(plain))))
}

async function unlock(key: Uint8Array, bound: Bytes, locked: Uint8Array): Promise<Bytes> {
  const algorithm = { name: 'AES-GCM', iv: bytesOf(locked.subarray(0, 12)), additionalData: bound }
  return new Uint8Array(await subtle.decrypt(algorithm, await aesKey(key), bytesOf(locked.subarray(12))))
}

export async function makeHead(wrappingKey: Uint8Array): Promise<Bytes> {
  const line = bytesOf('portcullis-vault-1\n')
  return bytesOf(line, await hmac(await derive(wrappingKey, 'head'), line))
}

interface Place {
  readonly wrappingKey: Uint8Array
  readonly subject: string
  readonly month: string
}

const boundToKey = ({ subject, month }: Place): Bytes => bytesOf(`portcullis-vault-1 key ${subject} ${month}`)

export async function makeKeyFile(place: Place, nonce: Uint8Array, key: Uint8Array): Promise<Bytes> {
  return lock(await derive(place.wrappingKey, 'wrap'), nonce, boundToKey(place), key)
}

export async function openKeyFile(place: Place, file: Uint8Array): Promise<Bytes> {
  return unlock(await derive(place.wrappingKey, 'wrap'), boundToKey(place), file)
}

const boundToRow = ({ subject, month }: Place, header: Uint8Array): Bytes =>
  bytesOf(`portcullis-vault-1 row ${subject} ${month}`, header)

type Members = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** RFC 8785, of what JSON.parse answers. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`
}

/** "A commitment" of the log's format: to all members of an object, each under a salt of its own. */
export async function commitTo(members: Members, salt: Uint8Array, level = 1): Promise<Bytes> {
  const commitments: [string, string][] = []
  for (const [name, value] of Object.entries(members)) {
    const own = await hmac(salt, bytesOf(`member ${name}`))
    const hasMembers = isObject(value) && Object.keys(value).length > 0
    const commitment =
      hasMembers && level < 3 ? commitTo(value, own, level + 1) : hmac(own, bytesOf(canonical(value)))
    commitments.push([name, Buffer.from(await commitment).toString('hex')])
  }
  const text = canonical(Object.fromEntries(commitments))
  return new Uint8Array(await subtle.digest('SHA-256', bytesOf(text)))
}

/** `forged`: the commitment, where it is not that to the fields. */
export async function makeRow(
  place: Place,
  key: Uint8Array,
  nonce: Uint8Array,
  salt: Uint8Array,
  fields: string,
  forged?: Uint8Array,
): Promise<{ row: Bytes; commitment: Bytes }> {
  const json = bytesOf(fields)
  const blocks = Math.ceil((8 + 4 + 32 + 12 + 32 + json.length + 16) / 256)
  const commitment = bytesOf(forged ?? (await commitTo(JSON.parse(fields) as Members, salt)))
  const header = bytesOf('pc-row-1', bigEndian(blocks, 4), commitment)
  const spaces = new Array<number>(blocks * 256 - 104 - json.length).fill(0x20)
  const row = await lock(key, nonce, boundToRow(place, header), bytesOf(salt, json, spaces))
  return { row: bytesOf(header, row), commitment }
}

/** The first row of a file, and how many bytes it has. */
export async function openRow(
  place: Place,
  key: Uint8Array,
  file: Uint8Array,
): Promise<{ fields: string; salt: Bytes; commitment: Bytes; bytes: number }> {
  const bytes = 256 * numberOf(file.subarray(8, 12))
  const plain = await unlock(key, boundToRow(place, file.subarray(0, 44)), file.subarray(44, bytes))
  const salt = plain.slice(0, 32)
  const json = plain.slice(32, plain.findLastIndex((byte) => byte !== 0x20) + 1)
  const fields = new TextDecoder('utf-8', { fatal: true }).decode(json)
  return { fields, salt, commitment: await commitTo(JSON.parse(fields) as Members, salt), bytes }
}

interface NameVector {
  readonly keyNonce: Uint8Array
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly name: string
}

export async function makeNameFile(place: Place, vector: NameVector): Promise<Bytes> {
  const { wrappingKey, subject, month } = place
  const name = bytesOf(vector.name)
  const zeros = new Array<number>(512 - 9 - name.length).fill(0)
  const boundToNameKey = bytesOf(`portcullis-vault-1 name-key ${subject}`)
  return bytesOf(
    await lock(await derive(wrappingKey, 'wrap'), vector.keyNonce, boundToNameKey, vector.key),
    await lock(
      vector.key,
      vector.nonce,
      bytesOf(`portcullis-vault-1 name ${subject}`),
      bytesOf(month, bigEndian(name.length, 2), name, zeros),
    ),
  )
}

export async function openNameFile(
  { wrappingKey, subject }: Place,
  file: Uint8Array,
): Promise<{ month: string; name: string }> {
  const wrap = await derive(wrappingKey, 'wrap')
  const bound = bytesOf(`portcullis-vault-1 name-key ${subject}`)
  const key = await unlock(wrap, bound, file.subarray(0, 60))
  const plain = await unlock(key, bytesOf(`portcullis-vault-1 name ${subject}`), file.subarray(60))
  const text = (from: number, to: number): string => new TextDecoder().decode(plain.subarray(from, to))
  return { month: text(0, 7), name: text(9, 9 + numberOf(plain.subarray(7, 9))) }
}

export interface NoteVector {
  readonly kind: 'm' | 'n' | 'd'
  readonly subject: string
  readonly year: number
  readonly month: number
  readonly rows: number
  readonly nonce: Uint8Array
}

export async function makeNote(wrappingKey: Uint8Array, note: NoteVector): Promise<Bytes> {
  const subject = Buffer.from(note.subject.slice(2), 'hex')
  const numbers = [...bigEndian(note.year, 2), note.month, ...bigEndian(note.rows, 4)]
  const half = bytesOf(note.kind, subject, numbers, note.nonce, [0, 0, 0, 0])
  return bytesOf(half, await hmac(await derive(wrappingKey, 'note'), half))
}

/** The note, or null where it does not authenticate. */
export async function openNote(wrappingKey: Uint8Array, bytes: Uint8Array): Promise<NoteVector | null> {
  const mac = await hmac(await derive(wrappingKey, 'note'), bytes.subarray(0, 32))
  if (!Buffer.from(mac).equals(bytes.subarray(32, 64))) return null
  const kind = String.fromCharCode(bytes[0]!)
  if (kind !== 'm' && kind !== 'n' && kind !== 'd') return null
  return {
    kind,
    subject: `s-${Buffer.from(bytes.subarray(1, 9)).toString('hex')}`,
    year: numberOf(bytes.subarray(9, 11)),
    month: bytes[11]!,
    rows: numberOf(bytes.subarray(12, 16)),
    nonce: Uint8Array.from(bytes.subarray(16, 28)),
  }
}
