/**
 * What somebody who may write the folder can make of it: a whole log of any records, its tiles, journal and head computed
 * anew as FORMAT.md says. Where no key is at hand, signatures are those that the log gave for the same words, if it did.
 */
import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { NoteKey } from '../../agent/verify/index.ts'
import { entryOf, TestKeys, TestLog } from '../verify/log-maker.ts'
import type { TestSigner } from '../verify/signing.ts'

const BUNDLE = 256
const HEADER_BYTES = 114
const SIGNATURE_BYTES = 64

/** The records of a log as they stand in its files, from the first on. */
export function entriesOf(logDir: string): Buffer[] {
  const bundles = join(logDir, 'tile/entries')
  const full = existsSync(bundles) ? readdirSync(bundles).filter((name) => /^\d{3}$/.test(name)) : []
  const entries = full.sort().flatMap((name) => unpack(readFileSync(join(bundles, name))))
  for (const { first, records } of framesOf(logDir))
    for (const [i, record] of records.entries()) if (first + i === entries.length) entries.push(record)
  return entries
}

interface Frame {
  readonly first: number
  readonly records: readonly Buffer[]
  readonly size: number
  readonly root: Buffer
  readonly signature: Buffer
}

/** The commits that are in the journal. */
export function framesOf(logDir: string): readonly Frame[] {
  const journal = join(logDir, 'journal')
  return readdirSync(journal)
    .sort()
    .flatMap((name) => framesIn(readFileSync(join(journal, name))))
}

export function framesIn(segment: Buffer): readonly (Frame & { readonly end: number })[] {
  const frames = []
  for (let at = 0; at + HEADER_BYTES <= segment.length; ) {
    const end = at + HEADER_BYTES + segment.readUInt32BE(at + 4)
    const records = unpack(segment.subarray(at + HEADER_BYTES, end))
    const size = Number(segment.readBigUInt64BE(at + 10))
    const root = segment.subarray(at + 18, at + 50)
    const signature = segment.subarray(at + 50, at + HEADER_BYTES)
    frames.push({ first: size - records.length, records, size, root, signature, end })
    at = end
  }
  return frames
}

function unpack(bytes: Buffer): Buffer[] {
  const entries: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + bytes.readUInt16BE(at)
    entries.push(bytes.subarray(at + 2, end))
    at = end
  }
  return entries
}

/** The signed head of a commit as the checkpoint that it is. */
export function headOfFrame({ name, keyId }: NoteKey, { size, root, signature }: Frame): string {
  const id = Buffer.alloc(4)
  id.writeUInt32BE(keyId)
  const line = `— ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`
  return `${name}\n${size}\n${root.toString('base64')}\n\n${line}`
}

/**
 * Records in a new order as a careful forger writes them: each says that it stands where it stands, and refers to the
 * decision that it referred to.
 */
export function careful(before: readonly Buffer[], after: readonly Buffer[]): readonly Buffer[] {
  const places = new Map(after.map((entry, place) => [entry, place]))
  return after.map((entry, seq) => {
    const record = JSON.parse(entry.toString('utf8')) as { decision?: unknown; seq: number }
    const { decision } = record
    const meant = typeof decision === 'number' ? places.get(before[decision] ?? entry) : undefined
    if (record.seq === seq && (meant === undefined || meant === decision)) return entry
    return entryOf({ ...record, seq, ...(meant !== undefined && { decision: meant }) }, seq)
  })
}

/** A record with other members. */
export function changed(entry: Buffer | undefined, change: object): Buffer {
  const record = JSON.parse((entry ?? Buffer.alloc(0)).toString('utf8')) as { seq: number }
  return entryOf({ ...record, ...change }, record.seq)
}

/** Who signs what is forged. */
export interface Pen {
  readonly origin: string
  readonly keys: TestKeys
}

/** Whoever has a log's key signs whatever is wanted. */
export function stolenKey(origin: string, key: KeyObject): Pen {
  return pen(origin, (text) => sign(null, Buffer.from(text), key), keyIdOf(origin, key))
}

/** Whoever has none copies the signatures that are there: of the journal, and of heads that were published. */
export function copiedSignatures(origin: string, logDir: string, heads: Iterable<string> = []): Pen {
  const known = new Map<string, Buffer>()
  let id = Buffer.alloc(4)
  for (const { size, root, signature } of framesOf(logDir))
    known.set(`${origin}\n${size}\n${root.toString('base64')}\n`, signature)
  for (const note of heads) {
    const [text = '', lines = ''] = note.split('\n\n')
    const line = Buffer.from(/^\S+ \S+ (\S+)/.exec(lines)?.[1] ?? '', 'base64')
    id = line.subarray(0, 4)
    known.set(`${text}\n`, line.subarray(4))
  }
  return pen(origin, (text) => known.get(text) ?? Buffer.alloc(SIGNATURE_BYTES, 7), id)
}

function pen(origin: string, signText: (text: string) => Buffer, id: Uint8Array): Pen {
  const line = (text: string): string =>
    `— ${origin} ${Buffer.concat([id, signText(text)]).toString('base64')}\n`
  return { origin, keys: new ForgedKeys(origin, signText, line) }
}

/** The 32 bytes of a private key's public half. */
export function publicKeyOf(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')
}

/** What a machine or a log is called by its key. */
export function nameOf(key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('hex').slice(0, 16)
}

function keyIdOf(origin: string, key: KeyObject): Buffer {
  const hash = createHash('sha256').update(`${origin}\n`).update(Buffer.of(1))
  return hash.update(publicKeyOf(key)).digest().subarray(0, 4)
}

/** As the maker of test logs takes them. */
class ForgedKeys extends TestKeys {
  override readonly origin: string
  override readonly log: TestSigner
  readonly #sign: (text: string) => Buffer

  constructor(origin: string, signText: (text: string) => Buffer, line: (text: string) => string) {
    super()
    this.origin = origin
    this.log = { vkey: '', publicKey: Buffer.alloc(0), line }
    this.#sign = signText
  }

  override sign(text: string): Buffer {
    return this.#sign(text)
  }
}

export interface Forgery {
  readonly entries: readonly Buffer[]
  readonly pen: Pen
  /** The size of the published head; that of the log by default. */
  readonly published?: number
  /** Sizes at which commits end, beside the ends of bundles; by default where those of the folder's journal do. */
  readonly commits?: readonly number[]
}

/** Puts another log in the place of the one in a folder. `witnessed` and `lock` stay as they are. */
export function forge(logDir: string, { entries, pen: { keys }, published, commits }: Forgery): void {
  const ends = commits ?? framesOf(logDir).map(({ size }) => size)
  const [genesis = Buffer.alloc(0), ...records] = entries
  const log = new TestLog({
    genesis,
    records,
    keys,
    perFrame: BUNDLE,
    ...(published !== undefined && { published }),
  })
  for (const name of ['journal', 'tile', 'checkpoint'])
    rmSync(join(logDir, name), { recursive: true, force: true })
  for (const [name, bytes] of log.files) {
    if (name === 'lock') continue
    const isSegment = name.startsWith('journal/')
    put(logDir, name, isSegment ? segmentOf(log, Number(name.slice(-14)), ends) : bytes)
  }
}

function segmentOf(log: TestLog, bundle: number, ends: readonly number[]): Buffer {
  const first = bundle * BUNDLE
  const last = Math.min(log.entries.length, first + BUNDLE)
  const inside = ends.filter((end) => end > first && end < last)
  const bounds = [first, ...[...new Set(inside)].sort((a, b) => a - b), last]
  return Buffer.concat(
    bounds.slice(1).map((to, i) => (to > first ? log.frame(bounds[i] ?? first, to) : Buffer.alloc(0))),
  )
}

/** Writes a file of a log, private, in place of what is there. */
export function put(logDir: string, name: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(logDir, name)), { recursive: true, mode: 0o700 })
  writeFileSync(join(logDir, name), bytes, { mode: 0o600 })
}
