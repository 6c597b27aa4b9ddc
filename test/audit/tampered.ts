/**
 * What becomes of a log that somebody changed: whoever opens, reads, verifies or proves is asked, and whatever they say,
 * none of them may take another record for one of the log, or fail in any other way than by saying what is wrong.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { proveInclusion, readLog } from '../../agent/audit/index.ts'
import { AgentError } from '../../agent/errors.ts'
import { canonicalJson } from '../../agent/log-format/index.ts'
import {
  checkTlogProof,
  isProblem,
  parseTlogProof,
  type TlogPolicy,
  type Verification,
  verifyLog,
} from '../../agent/verify/index.ts'
import type { MemoryDisk } from './memory-disk.ts'
import { DIR, openOn } from './records.ts'

/** Says where: a record, a byte of it, or a file. */
const NAMED_PLACE =
  /^log `[^`]+` is damaged at (?:record \d+(?:, byte \d+ of `journal\/\d{14}`)?|its beginning|`[^`]+`): \S/

/** `unasked`: to ask the verifier takes most of the time, and not every byte is worth it. */
type Verdict = 'damage' | 'notices' | 'silent' | 'unasked'

export interface Judgement {
  /** `mended`: it opened with every record; `cut`: with those but the last ones, which no published head covers. */
  readonly opening: 'refused' | 'mended' | 'cut'
  /** `short`: quietly, without the last ones, which no published head covers. */
  readonly reading: 'refused' | 'whole' | 'short'
  readonly verifying: Verdict
  /** The verifier again, after it was opened and closed; null where it was not. */
  readonly afterwards: Verdict | null
  /** A proof of the first record. */
  readonly proving: 'refused' | 'right' | 'invalid'
  /** What opening, reading and verifying said. */
  readonly words: readonly string[]
}

/** A log that is right, and a folder in which changed copies of it are laid out. */
export class Specimen {
  readonly disk: MemoryDisk
  readonly #policy: TlogPolicy
  readonly #records: readonly string[]
  /** Records that a published head covers. */
  readonly #covered: number
  readonly #dir = mkdtempSync(join(tmpdir(), 'portcullis-test-'))
  /** What lies in the folder. */
  #files = new Map<string, Buffer>()

  private constructor(disk: MemoryDisk, policy: TlogPolicy, records: readonly string[], covered: number) {
    this.disk = disk
    this.#policy = policy
    this.#records = records
    this.#covered = covered
  }

  /** The log on this disk must hide nothing: its records are compared as they stand there. */
  static async of(disk: MemoryDisk, policy: TlogPolicy): Promise<Specimen> {
    const records: string[] = []
    for await (const { record } of readLog(DIR, { files: disk })) records.push(canonicalJson(record))
    const files = disk.filesBelow(DIR)
    const sizes = ['checkpoint', 'witnessed'].map((name) =>
      Number(files.get(name)?.toString().split('\n')[1] ?? 0),
    )
    const specimen = new Specimen(disk, policy, records, Math.max(...sizes))
    expect((await specimen.#verify(disk)).ok).toBe(true)
    return specimen
  }

  get records(): number {
    return this.#records.length
  }

  /** Asks everybody about a changed copy. */
  async judge(change: (disk: MemoryDisk) => void, isVerified = true): Promise<Judgement> {
    const changed = this.disk.clone()
    change(changed)
    const verification = isVerified ? await this.#verify(changed) : null
    const read = await this.#read(changed)
    const proving = await this.#prove(changed)
    const opened = await this.#open(changed.clone(), isVerified)
    return {
      opening: opened.kind,
      reading: read.kind,
      verifying: verdict(verification),
      afterwards: opened.afterwards,
      proving,
      words: [opened.words, read.words, ...(verification?.findings ?? []).map(({ message }) => message)],
    }
  }

  dispose(): void {
    rmSync(this.#dir, { recursive: true, force: true })
  }

  async #read(disk: MemoryDisk): Promise<{ kind: Judgement['reading']; words: string }> {
    let count = 0
    try {
      for await (const { record } of readLog(DIR, { files: disk })) {
        expect(canonicalJson(record)).toBe(this.#records[count])
        count++
      }
    } catch (error) {
      return { kind: 'refused', words: damageIn(error) }
    }
    if (count === this.#records.length) return { kind: 'whole', words: '' }
    expect(count).toBeGreaterThanOrEqual(this.#covered)
    return { kind: 'short', words: '' }
  }

  async #open(
    disk: MemoryDisk,
    isVerified: boolean,
  ): Promise<{ kind: Judgement['opening']; afterwards: Verdict | null; words: string }> {
    try {
      const log = await openOn(disk, { mayBegin: false })
      await log.close()
    } catch (error) {
      return { kind: 'refused', afterwards: null, words: damageIn(error) }
    }
    const read: string[] = []
    for await (const { record } of readLog(DIR, { files: disk })) read.push(canonicalJson(record))
    const cut = read.findIndex((record) => record.includes('"kind":"tail-truncated"'))
    const kept = cut < 0 ? read : read.slice(0, cut)
    expect(kept).toEqual(this.#records.slice(0, kept.length))
    expect(kept.length).toBeGreaterThanOrEqual(this.#covered)
    const afterwards = verdict(isVerified ? await this.#verify(disk) : null)
    return { kind: kept.length === this.#records.length ? 'mended' : 'cut', afterwards, words: '' }
  }

  async #prove(disk: MemoryDisk): Promise<Judgement['proving']> {
    let text: string
    try {
      text = await proveInclusion(DIR, 0, { files: disk })
    } catch (error) {
      damageIn(error)
      return 'refused'
    }
    const proof = parseTlogProof(Buffer.from(text))
    if (isProblem(proof)) return 'invalid'
    return isProblem(checkTlogProof(proof, Buffer.from(this.#records[0]!), this.#policy))
      ? 'invalid'
      : 'right'
  }

  async #verify(disk: MemoryDisk): Promise<Verification> {
    const files = disk.filesBelow(DIR)
    for (const [name, bytes] of files) {
      if (this.#files.get(name)?.equals(bytes)) continue
      mkdirSync(dirname(join(this.#dir, name)), { recursive: true })
      writeFileSync(join(this.#dir, name), bytes)
    }
    for (const name of this.#files.keys()) if (!files.has(name)) rmSync(join(this.#dir, name))
    this.#files = files
    const verification = await verifyLog(this.#dir, { policy: this.#policy })
    for (const { severity, index, file, message } of verification.findings) {
      expect(message).not.toBe('')
      if (severity === 'damage') expect(index === null && file === null, message).toBe(false)
    }
    // Whoever looks changes nothing.
    const [name, bytes] = [...files][0]!
    expect(readFileSync(join(this.#dir, name)).equals(bytes)).toBe(true)
    return verification
  }
}

function verdict(verification: Verification | null): Verdict {
  if (verification === null) return 'unasked'
  if (!verification.ok) return 'damage'
  return verification.findings.length > 0 ? 'notices' : 'silent'
}

/** Anything but damage that names its place is a fault of ours. */
function damageIn(error: unknown): string {
  if (!(error instanceof AgentError)) throw new Error('not one of our errors', { cause: error })
  expect(error.code).toBe('AUDIT_DAMAGED')
  expect(error.message).toMatch(NAMED_PLACE)
  return error.message
}

/** Changes one bit of a file. */
export function flipBit(disk: MemoryDisk, name: string, byte: number, bit: number): void {
  const bytes = Buffer.from(disk.filesBelow(DIR).get(name)!)
  bytes.writeUInt8(bytes.readUInt8(byte) ^ (2 ** bit), byte)
  disk.tamper(`${DIR}/${name}`, bytes)
}
