/**
 * Writes logs for tests as FORMAT.md says, on its own: neither the log's writer nor its checker has a hand in it. A log is
 * a map of files first, so that a test can change any of them before they are written down.
 */
import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { canonicalJson } from '../../agent/log-format/index.ts'
import { signerFromSeed, type TestSigner } from './signing.ts'

const WIDTH = 256

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const leaf = (entry: Uint8Array): Buffer => sha256(Buffer.of(0), entry)
const node = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Buffer.of(1), left, right)

/** The root of these hashes, by the definition of RFC 6962. */
export function rootOfLeaves(hashes: readonly Buffer[]): Buffer {
  const [only] = hashes
  if (only === undefined) return sha256()
  if (hashes.length === 1) return only
  let k = 1
  while (k * 2 < hashes.length) k *= 2
  return node(rootOfLeaves(hashes.slice(0, k)), rootOfLeaves(hashes.slice(k)))
}

const seedOf = (text: string): Buffer => createHash('sha256').update(text).digest()
const privateKeyOf = (seed: Buffer): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  })
const nameOf = (publicKey: Buffer): string =>
  sha256(Buffer.from('302a300506032b6570032100', 'hex'), publicKey).toString('hex').slice(0, 16)

/** The keys of a machine and its log: any two texts. */
export class TestKeys {
  readonly origin: string
  readonly log: TestSigner
  readonly #machine: TestSigner
  readonly #machineKey: KeyObject
  readonly #logKey: KeyObject

  constructor(machine = 'a machine', log = 'its log') {
    this.#machine = signerFromSeed('machine', 1, seedOf(machine))
    this.#machineKey = privateKeyOf(seedOf(machine))
    this.#logKey = privateKeyOf(seedOf(log))
    const { publicKey } = signerFromSeed('log', 1, seedOf(log))
    this.origin = `portcullis/m-${nameOf(this.#machine.publicKey)}/l-${nameOf(publicKey)}`
    this.log = signerFromSeed(this.origin, 1, seedOf(log))
  }

  /** The first record of the log. */
  genesis(change: object = {}): object {
    const logKey = this.log.publicKey.toString('base64')
    const text = `portcullis-log-genesis-v1\n${this.origin}\n${logKey}\n`
    return {
      kind: 'log-opened',
      format: 'portcullis-log-2',
      origin: this.origin,
      logKey,
      machineKey: this.#machine.publicKey.toString('base64'),
      signature: sign(null, Buffer.from(text), this.#machineKey).toString('base64'),
      ...change,
    }
  }

  sign(text: string): Buffer {
    return sign(null, Buffer.from(text), this.#logKey)
  }
}

export const KEYS = new TestKeys()

/** Milliseconds since 1970 of the first record; each later one is a second later. */
const START_MS = Date.parse('2026-11-22T20:00:00.000Z')

/** An entry as it stands in the log: stamped and in canonical form, unless it is bytes already. */
export function entryOf(record: object | Buffer, seq: number, change: object = {}): Buffer {
  if (Buffer.isBuffer(record)) return record
  const at = new Date(START_MS + seq * 1000).toISOString()
  return Buffer.from(canonicalJson({ at, seq, ...record, ...change }))
}

export interface LogPlan {
  /** The records after the first; bytes are taken as they are. */
  readonly records: readonly (object | Buffer)[]
  readonly keys?: TestKeys
  /** Record 0, if it is not the right one. */
  readonly genesis?: object | Buffer
  /** How many records a frame has at most: 50 by default. */
  readonly perFrame?: number
  /** The size of the published head; all records by default, 0 for none. */
  readonly published?: number
  /** Cosignature lines for the published head. */
  readonly cosign?: (text: string) => string
  /** How many bundles are settled: all full ones by default. Those after the last settled one have only segments. */
  readonly settled?: number
}

/** A log's folder, as a map of its files. */
export class TestLog {
  readonly files = new Map<string, Buffer>()
  readonly entries: readonly Buffer[]
  readonly keys: TestKeys
  readonly hashes: readonly Buffer[]

  constructor(plan: LogPlan) {
    this.keys = plan.keys ?? KEYS
    const records = [plan.genesis ?? this.keys.genesis(), ...plan.records]
    this.entries = records.map((record, seq) => entryOf(record, seq))
    this.hashes = this.entries.map(leaf)
    const full = Math.floor(this.entries.length / WIDTH)
    const settled = plan.settled ?? full
    for (let bundle = 0; bundle < settled; bundle++) this.#settle(bundle)
    for (let bundle = Math.max(0, settled - 1); bundle * WIDTH <= this.entries.length; bundle++)
      this.files.set(segment(bundle), this.#segment(bundle, plan.perFrame ?? 50))
    this.files.set('lock', Buffer.from('4711\n'))
    const published = plan.published ?? this.entries.length
    if (published > 0) this.#publish(published, plan.cosign ?? (() => ''))
  }

  /** The signed head at a size. */
  note(size: number, cosign: (text: string) => string = () => ''): Buffer {
    const text = this.#headText(size)
    return Buffer.from(`${text}\n${this.keys.log.line(text)}${cosign(text)}`)
  }

  rootAt(size: number): Buffer {
    return rootOfLeaves(this.hashes.slice(0, size))
  }

  /** Changes one file. */
  change(name: string, edit: (bytes: Buffer) => Uint8Array): this {
    const bytes = this.files.get(name)
    if (bytes === undefined) throw new Error(`there is no ${name}`)
    this.files.set(name, Buffer.from(edit(Buffer.from(bytes))))
    return this
  }

  remove(name: string): this {
    if (!this.files.delete(name)) throw new Error(`there is no ${name}`)
    return this
  }

  /** Writes it all to a new folder, which goes when the test is over. */
  write(): string {
    const dir = mkdtempSync(join(tmpdir(), 'portcullis-verify-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    for (const [name, bytes] of this.files) {
      mkdirSync(dirname(join(dir, name)), { recursive: true })
      writeFileSync(join(dir, name), bytes)
    }
    return dir
  }

  #headText(size: number): string {
    return `${this.keys.origin}\n${size}\n${this.rootAt(size).toString('base64')}\n`
  }

  #settle(bundle: number): void {
    const [from, to] = [bundle * WIDTH, (bundle + 1) * WIDTH]
    this.files.set(`tile/entries/${tileName(bundle)}`, pack(this.entries.slice(from, to)))
    for (let level = 0, index = bundle; ; level++, index = Math.floor(index / WIDTH)) {
      this.files.set(`tile/${level}/${tileName(index)}`, this.#tile(level, index, WIDTH))
      if (index % WIDTH !== WIDTH - 1) return
    }
  }

  /** MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l]) for i from 0 to width - 1. */
  #tile(level: number, index: number, width: number): Buffer {
    const span = WIDTH ** level
    return Buffer.concat(
      Array.from({ length: width }, (_, i) => {
        const from = (index * WIDTH + i) * span
        return rootOfLeaves(this.hashes.slice(from, from + span))
      }),
    )
  }

  #segment(bundle: number, perFrame: number): Buffer {
    const frames: Buffer[] = []
    const to = Math.min(this.entries.length, (bundle + 1) * WIDTH)
    for (let from = bundle * WIDTH; from < to; from += perFrame) {
      frames.push(this.frame(from, Math.min(to, from + perFrame)))
    }
    return Buffer.concat(frames)
  }

  /** The commit of the records from `from` up to `to`. */
  frame(from: number, to: number): Buffer {
    const entries = pack(this.entries.slice(from, to))
    const header = Buffer.alloc(18)
    header.write('PCF1', 0)
    header.writeUInt32BE(entries.length, 4)
    header.writeUInt16BE(to - from, 8)
    header.writeBigUInt64BE(BigInt(to), 10)
    return Buffer.concat([header, this.rootAt(to), this.keys.sign(this.#headText(to)), entries])
  }

  #publish(size: number, cosign: (text: string) => string): void {
    this.files.set('checkpoint', this.note(size, cosign))
    for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / WIDTH)) {
      const [index, width] = [Math.floor(count / WIDTH), count % WIDTH]
      if (width === 0) continue
      const name = `${tileName(index)}.p/${width}`
      this.files.set(`tile/${level}/${name}`, this.#tile(level, index, width))
      if (level === 0) this.files.set(`tile/entries/${name}`, pack(this.entries.slice(index * WIDTH, size)))
    }
  }
}

/** Entries as a bundle has them. */
export function pack(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(entry.length)
      return [length, entry]
    }),
  )
}

export function segment(bundle: number): string {
  return `journal/${String(bundle).padStart(14, '0')}`
}

function tileName(index: number): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0')
  return (digits.match(/.{3}/g) ?? [])
    .map((group, i, all) => (i < all.length - 1 ? `x${group}` : group))
    .join('/')
}

/** So many records that say next to nothing. */
export function plain(count: number): readonly object[] {
  return Array.from({ length: count }, (_, i) => ({ kind: 'host-closed', lines: i }))
}

export const SHA = 'ab'.repeat(32)
