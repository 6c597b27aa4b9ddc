/** What stands in an entry of the log, believed only after it was read as strictly as it is written. */
import { isUtf8 } from 'node:buffer'
import { createPublicKey, type KeyObject } from 'node:crypto'
import { FORMAT_NAME, type Leaf, parseLeaf, RECORD_DEPTH_MAX } from '../log-format/index.ts'
import { damaged } from './damage.ts'
import type { Owner } from './journal.ts'

/** An Ed25519 public key (RFC 8032). */
const PUBLIC_KEY_BYTES = 32

/** `{` and `[`. */
const OPENING = [0x7b, 0x5b]

/** The name of a format that ours may once have, or had. */
const FORMAT = /^portcullis-log-\d{1,6}$/

/** The record that an entry holds. Throws AUDIT_DAMAGED for what is none, or not the one of this index. */
export function decodeLeaf(dir: string, entry: Buffer, index: number): Leaf {
  const where = `record ${index}`
  const value = decodeJson(dir, entry, where)
  const parsed = parseLeaf(value)
  if ('problem' in parsed) throw damaged(dir, where, parsed.problem)
  if (parsed.leaf.seq !== index) throw damaged(dir, where, `it says that it is record ${parsed.leaf.seq}`)
  if ((parsed.leaf.kind === 'log-opened') !== (index === 0))
    throw damaged(dir, where, 'only the first record names the log, and it does')
  return parsed.leaf
}

/** Whose log it is, as its first record says. Throws AUDIT_DAMAGED where that says nothing of the kind. */
export function ownerOf(dir: string, genesis: Buffer): Owner {
  requireKnownFormat(dir, decodeJson(dir, genesis, 'record 0'))
  const leaf = decodeLeaf(dir, genesis, 0)
  if (leaf.kind !== 'log-opened') throw damaged(dir, 'record 0', 'it does not name the log')
  return { dir, origin: leaf.origin, key: publicKey(Buffer.from(leaf.logKey, 'base64')) }
}

/** The owner of a log that has no first record: nothing in it is signed. */
export function nobody(dir: string): Owner {
  return { dir, origin: '', key: publicKey(Buffer.alloc(PUBLIC_KEY_BYTES)) }
}

function publicKey(raw: Buffer): KeyObject {
  return createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
    format: 'jwk',
  })
}

/** A log of a later format is not broken: it wants a later program. */
function requireKnownFormat(dir: string, genesis: unknown): void {
  const format = typeof genesis === 'object' && genesis !== null && 'format' in genesis ? genesis.format : ''
  if (typeof format !== 'string' || format === FORMAT_NAME || !FORMAT.test(format)) return
  throw damaged(
    dir,
    'record 0',
    `it is of the format \`${format}\`, and this program knows \`${FORMAT_NAME}\``,
  )
}

function decodeJson(dir: string, entry: Buffer, where: string): unknown {
  if (isTooDeep(entry)) throw damaged(dir, where, 'it is nested too deep')
  try {
    if (isUtf8(entry)) return JSON.parse(entry.toString('utf8'))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw damaged(dir, where, 'it is not JSON in UTF-8')
}

/** Whether so many brackets open, those in strings included, that what they hold could be nested too deep. */
function isTooDeep(json: Buffer): boolean {
  let count = 0
  for (const bracket of OPENING) {
    for (let at = json.indexOf(bracket); at >= 0; at = json.indexOf(bracket, at + 1)) {
      if (++count > RECORD_DEPTH_MAX) return depthOf(json) > RECORD_DEPTH_MAX
    }
  }
  return false
}

/** How deep brackets nest, those in strings included: more than there can be. */
function depthOf(json: Uint8Array): number {
  let [depth, deepest] = [0, 0]
  for (const c of json) {
    if (OPENING.includes(c)) deepest = Math.max(deepest, ++depth)
    else if (c === 0x7d || c === 0x5d) depth--
  }
  return deepest
}
