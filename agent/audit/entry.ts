/** One line of the log, for the writer and the reader: a record in canonical form behind its chain hash. */
import { createHash } from 'node:crypto'
import { canonicalJson, NotCanonicalError } from './canonical-json.ts'
import { CHAIN_START_BYTES } from './format.ts'
import { type AuditRecord, anyRecord, type OwnRecord, recordStamp, type StoredRecord } from './record.ts'

/** What the first record's hash is taken over, in the place of a hash before it. */
export const CHAIN_START: Uint8Array = new Uint8Array(CHAIN_START_BYTES)

/** Joins a record's bytes to everything before them. `previous` has a fixed length, so no two inputs read the same. */
export function chainHash(previous: Uint8Array, body: Uint8Array): Buffer {
  return createHash('sha256').update(previous).update(body).digest()
}

/** The record's bytes, stamped with its place and time. Throws `NotCanonicalError`. */
export function encodeBody(record: AuditRecord | OwnRecord, seq: number, nowMs: number): Buffer {
  return Buffer.from(canonicalJson({ ...record, seq, at: new Date(nowMs).toISOString() }), 'utf8')
}

/** A record that cannot stand at this place in a log. */
export interface BadBody {
  readonly problem: string
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads back what `encodeBody` wrote. Any other spelling of the same record is refused. */
export function decodeBody(body: Uint8Array, seq: number): { readonly record: StoredRecord } | BadBody {
  let json: unknown
  let text: string
  try {
    text = utf8.decode(body)
    json = JSON.parse(text)
  } catch {
    return { problem: 'it is not JSON in UTF-8' }
  }
  if (!isCanonical(json, text)) return { problem: 'it is not in canonical form' }
  const { at, seq: statedSeq, ...rest } = Object(json) as Record<string, unknown>
  const stamp = recordStamp.safeParse({ seq: statedSeq, at })
  const record = anyRecord.safeParse(rest)
  if (!stamp.success || !record.success) return { problem: 'it is not a record of a known kind' }
  if (stamp.data.seq !== seq) return { problem: `it says that it is record ${stamp.data.seq}` }
  return { record: { ...record.data, ...stamp.data } }
}

function isCanonical(json: unknown, text: string): boolean {
  try {
    return canonicalJson(json) === text
  } catch (error) {
    if (error instanceof NotCanonicalError) return false
    throw error
  }
}
