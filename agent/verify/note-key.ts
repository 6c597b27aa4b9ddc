/**
 * The public keys of C2SP signed notes, as people write them into a configuration:
 * `<name>+<key id, 8 hexadecimal digits>+<base64 of a type byte and the key>`.
 */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { strictBase64 } from './base64.ts'
import { type Problem, problem } from './problem.ts'

/** What a key signs: a log its checkpoints (type 0x01, plain Ed25519), a cosigner others' with a time (0x04). */
export type NoteKeyKind = 'log' | 'cosigner'

const TYPE_BYTE: Readonly<Record<NoteKeyKind, number>> = { log: 0x01, cosigner: 0x04 }

/** One DNS name and a path fit many times over. */
export const KEY_NAME_CHARS_MAX = 255

const PUBLIC_KEY_BYTES = 32
const KEY_ID = /^[0-9a-f]{8}$/

/** What stands before the 32 bytes of an Ed25519 key in SPKI (RFC 8410), which is what Node reads. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

export interface NoteKey {
  readonly kind: NoteKeyKind
  readonly name: string
  /** The first four bytes of a hash over name, type and key: tells keys of one name apart, and is no proof of anything. */
  readonly keyId: number
  readonly publicKey: Buffer
}

/** No spaces of any kind and no `+`, which would make two readings of a line. */
export function isKeyName(name: string): boolean {
  return (
    name !== '' && name.length <= KEY_NAME_CHARS_MAX && !/[\s\u0000-\u001f\u0085\p{Surrogate}+]/u.test(name)
  )
}

/** Makes a key from its parts, with the id that belongs to it. */
export function noteKey(kind: NoteKeyKind, name: string, publicKey: Uint8Array): NoteKey | Problem {
  if (!isKeyName(name)) {
    return problem(`a key name has 1 to ${KEY_NAME_CHARS_MAX} characters, without spaces and \`+\``)
  }
  if (publicKey.length !== PUBLIC_KEY_BYTES) return problem('an Ed25519 key has 32 bytes')
  return { kind, name, keyId: keyIdOf(kind, name, publicKey), publicKey: Buffer.from(publicKey) }
}

/** Reads a key as it is written in a configuration. The id must be the one that belongs to the key. */
export function parseNoteKey(vkey: string): NoteKey | Problem {
  const [, name, id, encoded] = /^([^+]{1,255})\+([^+]{1,8})\+(.{1,64})$/u.exec(vkey) ?? []
  if (name === undefined || id === undefined || encoded === undefined || !KEY_ID.test(id)) {
    return problem('a key is `<name>+<8 hexadecimal digits>+<base64>`')
  }
  const bytes = strictBase64(encoded)
  if (bytes === null || bytes.length !== 1 + PUBLIC_KEY_BYTES) {
    return problem('the last part of a key is the base64 of a type byte and 32 bytes')
  }
  const kind = kindOf(bytes.readUInt8(0))
  if (kind === undefined) {
    return problem('the key is neither of type 1 (Ed25519) nor of type 4 (Ed25519 cosignature)')
  }
  const key = noteKey(kind, name, bytes.subarray(1))
  if ('problem' in key) return key
  if (key.keyId !== Number.parseInt(id, 16)) return problem(`the key's id is ${idText(key.keyId)}, not ${id}`)
  return key
}

export function printNoteKey(key: NoteKey): string {
  const typed = Buffer.concat([Buffer.of(TYPE_BYTE[key.kind]), key.publicKey])
  return `${key.name}+${idText(key.keyId)}+${typed.toString('base64')}`
}

/** True if `signature` is this key's over `message`, as RFC 8032 checks it. */
export function isSignedBy(key: NoteKey, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const spki = Buffer.concat([SPKI_PREFIX, key.publicKey])
    return verify(null, message, createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature)
  } catch {
    // Bytes that are no point of the curve: a key that has signed nothing.
    return false
  }
}

function keyIdOf(kind: NoteKeyKind, name: string, publicKey: Uint8Array): number {
  const hash = createHash('sha256').update(`${name}\n`).update(Buffer.of(TYPE_BYTE[kind])).update(publicKey)
  return hash.digest().readUInt32BE(0)
}

function kindOf(type: number): NoteKeyKind | undefined {
  if (type === TYPE_BYTE.log) return 'log'
  return type === TYPE_BYTE.cosigner ? 'cosigner' : undefined
}

function idText(keyId: number): string {
  return keyId.toString(16).padStart(8, '0')
}
