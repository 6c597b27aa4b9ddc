// A log in memory, for tests: records sealed and hashed, heads signed, proofs written, each by a few lines of its own.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import {
  type AuditRecord,
  canonicalJson,
  commitMembers,
  joinRecord,
  type Leaf,
  type OpenRecord,
  type StoredRecord,
  splitRecord,
} from '../../agent/log-format/index.ts'
import type { ProvenRecord } from '../../agent/receipt/index.ts'

const START_MS = Date.parse('2026-11-22T20:00:00.000Z')
const MINUTE_MS = 60_000

const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

const spki = (key: KeyObject): Buffer => {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return publicKey.export({ type: 'spki', format: 'der' })
}

/** The 32 bytes of an Ed25519 key. */
export const rawKey = (key: KeyObject): Buffer => spki(key).subarray(-32)

export interface NoteSignerKey {
  readonly name: string
  readonly key: KeyObject
}

export const newKey = (): KeyObject => generateKeyPairSync('ed25519').privateKey
export const newWitness = (name: string): NoteSignerKey => ({ name, key: newKey() })

const keyIdOf = (name: string, type: number, key: KeyObject): Buffer =>
  sha256(`${name}\n`, Buffer.of(type), rawKey(key)).subarray(0, 4)

/** A key as a policy writes it; type 1 is a log's, type 4 a witness's. */
export const vkeyOf = ({ name, key }: NoteSignerKey, type: 1 | 4): string =>
  `${name}+${keyIdOf(name, type, key).toString('hex')}+${Buffer.concat([Buffer.of(type), rawKey(key)]).toString('base64')}`

export class SmallLog {
  readonly machineKey = newKey()
  readonly logKey = newKey()
  readonly origin: string
  readonly leaves: Leaf[] = []
  readonly hidden = new Map<number, { readonly fields: object; readonly salt: Buffer }>()

  constructor() {
    const short = (key: KeyObject): string => sha256(spki(key)).toString('hex').slice(0, 16)
    this.origin = `portcullis/m-${short(this.machineKey)}/l-${short(this.logKey)}`
    const logKey = rawKey(this.logKey).toString('base64')
    const text = `portcullis-log-genesis-v1\n${this.origin}\n${logKey}\n`
    this.appendOpen({
      kind: 'log-opened',
      format: 'portcullis-log-2',
      origin: this.origin,
      logKey,
      machineKey: rawKey(this.machineKey).toString('base64'),
      signature: sign(null, Buffer.from(text), this.machineKey).toString('base64'),
    })
  }

  get vkey(): string {
    return vkeyOf({ name: this.origin, key: this.logKey }, 1)
  }

  /** A minute passes with each record. */
  append(record: AuditRecord, subject = 's-0011223344556677'): number {
    const split = splitRecord(record)
    if ('problem' in split) throw new Error(split.problem)
    if (split.hidden === null) return this.appendOpen(split.open)
    const salt = sha256(`salt ${this.leaves.length}`)
    this.hidden.set(this.leaves.length, { fields: split.hidden, salt })
    return this.appendOpen({
      ...split.open,
      sealed: { subject, commitment: commitMembers(split.hidden, salt) },
    })
  }

  appendOpen(open: OpenRecord): number {
    const seq = this.leaves.length
    const at = new Date(START_MS + seq * MINUTE_MS).toISOString()
    this.leaves.push({ ...open, seq, at } as Leaf)
    return seq
  }

  leafBytes(index: number): Buffer {
    return Buffer.from(canonicalJson(this.leaves[index]))
  }

  /** The records as a reader hands them out, with what they hide. */
  async *entries(): AsyncGenerator<{ index: number; record: StoredRecord }> {
    for (const [index, leaf] of this.leaves.entries()) {
      yield { index, record: joinRecord(leaf, this.hidden.get(index)?.fields) }
    }
  }

  #root(from: number, to: number): Buffer {
    if (to - from === 1) return sha256(Buffer.of(0), this.leafBytes(from))
    const middle = from + largestPowerBelow(to - from)
    return sha256(Buffer.of(1), this.#root(from, middle), this.#root(middle, to))
  }

  #path(index: number, from: number, to: number): Buffer[] {
    if (to - from === 1) return []
    const middle = from + largestPowerBelow(to - from)
    return index < middle
      ? [...this.#path(index, from, middle), this.#root(middle, to)]
      : [...this.#path(index, middle, to), this.#root(from, middle)]
  }

  /** The head at a size, signed by the log's key, and cosigned. */
  checkpoint(witnesses: readonly NoteSignerKey[] = [], size = this.leaves.length): string {
    const text = `${this.origin}\n${size}\n${this.#root(0, size).toString('base64')}\n`
    const line = (name: string, id: Buffer, bytes: Buffer): string =>
      `\u2014 ${name} ${Buffer.concat([id, bytes]).toString('base64')}\n`
    const own = line(
      this.origin,
      keyIdOf(this.origin, 1, this.logKey),
      sign(null, Buffer.from(text), this.logKey),
    )
    const cosignatures = witnesses.map(({ name, key }) => {
      const time = 1_795_000_000
      const stamp = Buffer.alloc(8)
      stamp.writeBigUInt64BE(BigInt(time))
      const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), key)
      return line(name, keyIdOf(name, 4, key), Buffer.concat([stamp, signature]))
    })
    return `${text}\n${own}${cosignatures.join('')}`
  }

  prove(index: number, witnesses: readonly NoteSignerKey[] = []): ProvenRecord {
    const hashes = this.#path(index, 0, this.leaves.length).map((hash) => `${hash.toString('base64')}\n`)
    const proof = `c2sp.org/tlog-proof@v1\nindex ${index}\n${hashes.join('')}\n${this.checkpoint(witnesses)}`
    return { leaf: this.leafBytes(index), proof }
  }
}

function largestPowerBelow(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}
