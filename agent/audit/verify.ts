/**
 * The independent verifier. It shares with the writer the format (`format.ts` and `record.ts`) and no code: its own
 * splitting, hashing and canonical form, so that a mistake on one side shows on the other.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AgentError, systemErrorCode, systemReason } from '../errors.ts'
import { LINE_BYTES_MAX, RECORD_DEPTH_MAX, RECORDS_FILE } from './format.ts'
import { anyRecord, recordStamp } from './record.ts'

/** After so many the log is beyond naming each; `ok` says what matters. */
const FINDINGS_MAX = 100

/** What can be found. Stable: scripts compare it. */
export type FindingCode =
  | 'no-records'
  | 'not-a-line'
  | 'broken-chain'
  | 'not-json'
  | 'not-canonical'
  | 'unknown-record'
  | 'wrong-sequence'
  | 'wrong-first-record'
  | 'unfinished-line'

export interface Finding {
  /** A `notice` is something to know that an honest crash leaves too. */
  readonly severity: 'damage' | 'notice'
  readonly code: FindingCode
  /** The record's place, counted from 0. */
  readonly index: number
  /** Where its line begins, in bytes. */
  readonly offset: number
  readonly message: string
}

export interface Verification {
  /** True if nothing is damaged. A plain chain cannot tell that records are missing at its end. */
  readonly ok: boolean
  /** The log's name, or null if its first record is not there. */
  readonly origin: string | null
  /** How many whole lines were read. */
  readonly records: number
  /** The hash stated by the last one, in hexadecimal; it stands for the whole log. */
  readonly head: string | null
  /** The first hundred, in the order of the log. */
  readonly findings: readonly Finding[]
}

/** Reads the whole log and names everything that is wrong with it. Reads on after damage, from the next line. */
export async function verifyLog(dir: string): Promise<Verification> {
  const path = join(dir, RECORDS_FILE)
  await requireFile(dir, path)
  const verifier = new Verifier()
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let start = 0
    for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', start)) {
      verifier.line(bytes.subarray(start, end))
      start = end + 1
    }
    // A copy: the stream may use its buffer again. Beyond the longest line only the length still matters.
    rest = Buffer.from(verifier.keep(bytes.subarray(start)))
  }
  return verifier.end(rest.length)
}

async function requireFile(dir: string, path: string): Promise<void> {
  try {
    if ((await stat(path)).isFile()) return
  } catch (error) {
    const code = systemErrorCode(error)
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      throw new AgentError('STATE_UNUSABLE', `log \`${dir}\` cannot be read: ${systemReason(error)}`, {
        cause: error,
      })
    }
  }
  throw new AgentError('USAGE', `there is no log in \`${dir}\``)
}

class Verifier {
  readonly #findings: Finding[] = []
  #damaged = false
  #origin: string | null = null
  #index = 0
  #offset = 0
  /** Bytes of the present line that were too many to keep. */
  #dropped = 0
  #head = '00'.repeat(32)

  line(line: Buffer): void {
    const bytes = this.#dropped + line.length + 1
    const stated = bytes > LINE_BYTES_MAX ? null : /^([0-9a-f]{64}) /.exec(line.toString('latin1', 0, 65))
    if (stated?.[1] === undefined) {
      this.#damage('not-a-line', 'is not a hash, a space and a record')
    } else {
      const body = line.subarray(65)
      this.#checkHash(stated[1], body)
      this.#checkBody(body)
      this.#head = stated[1]
    }
    this.#index++
    this.#offset += bytes
    this.#dropped = 0
  }

  /** What must be kept of an unfinished line. */
  keep(rest: Buffer): Buffer {
    if (rest.length <= LINE_BYTES_MAX) return rest
    this.#dropped += rest.length
    return rest.subarray(0, 0)
  }

  end(restBytes: number): Verification {
    const unfinished = this.#dropped + restBytes
    if (unfinished > 0) {
      const message = `after record ${this.#index - 1} there are ${unfinished} bytes of a line that was never finished`
      this.#find('notice', 'unfinished-line', message)
    }
    if (this.#index === 0) this.#damage('no-records', 'is missing: the log has no records')
    return {
      ok: !this.#damaged,
      origin: this.#origin,
      records: this.#index,
      head: this.#index === 0 ? null : this.#head,
      findings: this.#findings,
    }
  }

  #checkHash(stated: string, body: Buffer): void {
    // The next record is measured against what this one states, so that one change is one finding.
    const actual = createHash('sha256')
      .update(Buffer.concat([Buffer.from(this.#head, 'hex'), body]))
      .digest('hex')
    if (actual !== stated) {
      this.#damage('broken-chain', 'does not fit its hash and the record before it')
    }
  }

  #checkBody(body: Buffer): void {
    const value = parseCanonical(body)
    if (typeof value === 'string') {
      this.#damage(value, value === 'not-json' ? 'is not JSON in UTF-8' : 'is not in canonical form')
      return
    }
    const { seq, at, ...rest } = value.json
    const record = anyRecord.safeParse(rest)
    if (!record.success || !recordStamp.safeParse({ seq, at }).success) {
      this.#damage('unknown-record', 'is not of a known kind')
      return
    }
    if (seq !== this.#index) this.#damage('wrong-sequence', `says that it is record ${seq}`)
    const names = record.data.kind === 'log-opened'
    if (names !== (this.#index === 0)) {
      const what = names ? 'names the log, as only the first may' : 'does not name the log'
      this.#damage('wrong-first-record', what)
    } else if (record.data.kind === 'log-opened') {
      this.#origin = record.data.origin
    }
  }

  #damage(code: FindingCode, what: string): void {
    this.#damaged = true
    this.#find('damage', code, `record ${this.#index} at byte ${this.#offset} ${what}`)
  }

  #find(severity: Finding['severity'], code: FindingCode, message: string): void {
    if (this.#findings.length === FINDINGS_MAX) return
    this.#findings.push({ severity, code, index: this.#index, offset: this.#offset, message })
  }
}

/** The value of a record's bytes, or what is wrong with their form. A value that is no object has no members. */
function parseCanonical(body: Buffer): { json: Record<string, unknown> } | 'not-json' | 'not-canonical' {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body))
  } catch {
    return 'not-json'
  }
  if (depthOf(body) > RECORD_DEPTH_MAX || sortedJson(value) !== body.toString('utf8')) return 'not-canonical'
  return { json: Object(value) as Record<string, unknown> }
}

/** How deep brackets nest outside strings. Counted on the bytes, before anything recurses over the value. */
function depthOf(json: Buffer): number {
  let [depth, deepest] = [0, 0]
  let isInString = false
  for (let i = 0; i < json.length; i++) {
    const c = json[i]
    if (isInString) {
      if (c === 0x5c)
        i++ // backslash: the next byte is escaped
      else if (c === 0x22) isInString = false
    } else if (c === 0x22) isInString = true
    else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (c === 0x7d || c === 0x5d) depth--
  }
  return deepest
}

/** JSON with sorted members: RFC 8785, for values that `JSON.parse` returned. */
function sortedJson(value: unknown): string {
  // By way of UTF-8, which has no form for half of a surrogate pair: it comes back as another character.
  if (typeof value === 'string') return JSON.stringify(Buffer.from(value, 'utf8').toString('utf8'))
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(sortedJson).join()}]`
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${sortedJson(name)}:${sortedJson(Reflect.get(value, name))}`).join()}}`
}
