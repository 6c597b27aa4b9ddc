/**
 * The witness itself, apart from HTTP: it knows the latest head of each log that it trusts, and cosigns a later one only
 * where the log has shown that it has grown and nothing else (C2SP tlog-witness, `add-checkpoint`). What it cosigned it
 * never forgets: the head is durable before the cosignature leaves.
 */
import { join } from 'node:path'
import { AgentError, assert, InvariantError, systemReason } from '../errors.ts'
import {
  isProblem,
  printSignatureLine,
  type VerifiedCheckpoint,
  verifyCheckpoint,
  verifyConsistency,
} from '../verify/index.ts'
import { EVIDENCE_FOLDER, type EvidenceKind, EvidenceStore } from './evidence.ts'
import { type LastCosigned, ORIGINS_FOLDER, OriginStore, originHash } from './origin-store.ts'
import type { WitnessSigner } from './signer.ts'
import { parseSubmission, type Submission } from './submission.ts'
import type { TrustedLogs } from './trusted-logs.ts'
import { nodeWitnessDisk, type WitnessDisk } from './witness-disk.ts'

/** What a clock may be behind the latest cosignature without a word about it. */
const CLOCK_BEHIND_SECONDS = 60

/** Of an answer with the size that the witness knows. */
const SIZE_TYPE = 'text/x.tlog.size'
const TEXT_TYPE = 'text/plain; charset=utf-8'

/** Where the witness tells what is for whoever runs it. The part of pino's that is used. */
export interface WitnessLogger {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

/** What a request comes to, in the terms of HTTP. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422 | 500
  readonly type: string
  readonly body: string
}

export interface WitnessOptions {
  /** The witness's own folder; the one above it is there. The caller holds the lock on it. */
  readonly dir: string
  readonly signer: WitnessSigner
  readonly logs: TrustedLogs
  readonly logger: WitnessLogger
  readonly disk?: WitnessDisk
  /** Wall clock, in milliseconds since 1970. */
  readonly nowMs?: () => number
}

/** What the witness knows of one log: how far it has seen it. */
export interface SeenLog {
  readonly origin: string
  /** Null if it was never cosigned, or its file is damaged. */
  readonly size: number | null
  readonly timeSeconds: number | null
  readonly problem: string | null
}

export class Witness {
  readonly signer: WitnessSigner
  readonly #store: OriginStore
  readonly #evidence: EvidenceStore
  readonly #logger: WitnessLogger
  readonly #nowMs: () => number
  #logs: TrustedLogs
  /** The last of the requests that wait for a log's turn: check and replacement are one step. */
  readonly #turns = new Map<string, Promise<unknown>>()
  /** What the page tells, without a look at the disk. */
  readonly #seen = new Map<string, LastCosigned | { readonly problem: string }>()
  /** Logs of which it was said that the clock is behind. */
  readonly #behind = new Set<string>()

  private constructor(options: WitnessOptions, disk: WitnessDisk) {
    this.signer = options.signer
    this.#store = new OriginStore(options.dir, disk, options.signer.key)
    this.#evidence = new EvidenceStore(options.dir, disk)
    this.#logger = options.logger
    this.#nowMs = options.nowMs ?? Date.now
    this.#logs = options.logs
  }

  /** Reads what it saw before. A log whose file is damaged is told and refused; the others are served. */
  static async open(options: WitnessOptions): Promise<Witness> {
    const disk = options.disk ?? nodeWitnessDisk
    try {
      for (const folder of ['', ORIGINS_FOLDER, EVIDENCE_FOLDER])
        await disk.makeFolder(join(options.dir, folder))
      const witness = new Witness(options, disk)
      for (const origin of options.logs.keys()) await witness.#look(origin)
      return witness
    } catch (error) {
      const message = `folder \`${options.dir}\` of the witness cannot be used: ${systemReason(error)}`
      throw error instanceof InvariantError
        ? error
        : new AgentError('STATE_UNUSABLE', message, { cause: error })
    }
  }

  /** From now on these are the logs that it knows. What it saw of others it does not forget. */
  async trust(logs: TrustedLogs): Promise<void> {
    for (const origin of logs.keys())
      if (!this.#seen.has(origin)) await this.#inTurn(origin, () => this.#look(origin))
    this.#logs = logs
  }

  /** Every log that it knows, in the order of their names. */
  logs(): readonly SeenLog[] {
    return [...this.#logs.keys()].sort().map((origin) => {
      const seen = this.#seen.get(origin)
      if (seen === undefined) return { origin, size: null, timeSeconds: null, problem: null }
      if (isProblem(seen)) return { origin, size: null, timeSeconds: null, problem: seen.problem }
      return { origin, size: seen.checkpoint.size, timeSeconds: seen.timeSeconds, problem: null }
    })
  }

  /**
   * The latest cosigned note of the log whose origin has this SHA-256, in hexadecimal. The log's own signature on it is
   * proof for the log's owner, who would have to take the word of a witness otherwise.
   */
  latest(hash: string): string | null {
    for (const origin of this.#logs.keys()) {
      if (originHash(origin) !== hash) continue
      const seen = this.#seen.get(origin)
      return seen === undefined || isProblem(seen) ? null : seen.note
    }
    return null
  }

  /** Answers `POST /add-checkpoint`. */
  async addCheckpoint(body: Uint8Array): Promise<WitnessAnswer> {
    const submission = parseSubmission(body)
    if (isProblem(submission)) return refusal(400, submission.problem)
    const { origin } = submission.checkpoint.checkpoint
    const keys = this.#logs.get(origin)
    if (keys === undefined) return refusal(404, 'this witness does not know the log of this origin')
    const verified = verifyCheckpoint(submission.checkpoint, keys)
    if (isProblem(verified)) return refusal(403, verified.problem)
    if (submission.oldSize > verified.checkpoint.size)
      return refusal(400, 'the old size is above the size of the checkpoint')
    try {
      return await this.#inTurn(origin, () => this.#judge(submission, verified))
    } catch (error) {
      if (error instanceof InvariantError) throw error
      this.#seen.set(origin, { problem: 'its file could not be read or written' })
      this.#logger.warn({ origin, reason: systemReason(error) }, 'a log’s file could not be read or written')
      return refusal(500, 'the witness cannot remember this checkpoint now; ask again')
    }
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#turns.values())
  }

  async #judge(submission: Submission, verified: VerifiedCheckpoint): Promise<WitnessAnswer> {
    const { origin, size, root } = verified.checkpoint
    const last = await this.#look(origin)
    if (isProblem(last)) return refusal(500, 'what the witness knew of this log is damaged; ask its operator')
    const knownSize = last?.checkpoint.size ?? 0
    const isFork = last !== null && size === knownSize && !root.equals(last.checkpoint.root)
    // Whatever size the sender took us to know: two roots for one size are never right.
    if (isFork) await this.#keep('fork', submission, verified, last)
    if (submission.oldSize !== knownSize || isFork)
      return { ...refusal(409, String(knownSize)), type: SIZE_TYPE }
    if (last !== null || submission.proof.length > 0) {
      const inconsistent = verifyConsistency({
        oldSize: knownSize,
        oldRoot: last?.checkpoint.root ?? root,
        newSize: size,
        newRoot: root,
        proof: submission.proof,
      })
      if (inconsistent !== null) {
        if (last !== null) await this.#keep('inconsistent', submission, verified, last)
        return refusal(422, inconsistent.problem)
      }
    }
    return await this.#cosign(verified, last)
  }

  async #cosign(verified: VerifiedCheckpoint, last: LastCosigned | null): Promise<WitnessAnswer> {
    const { note, checkpoint } = verified
    const timeSeconds = this.#timeAfter(checkpoint.origin, last)
    const line = this.signer.cosign(note.text, timeSeconds)
    const next: LastCosigned = { checkpoint, timeSeconds, note: `${signedByLog(verified)}${line}` }
    // Asked for the same once more in the same second, the answer is the same, and the disk has it.
    if (this.#store.saved(checkpoint.origin)?.note !== next.note) await this.#store.save(next)
    this.#seen.set(checkpoint.origin, next)
    return { status: 200, type: TEXT_TYPE, body: line }
  }

  /** The clock's time, but never one before the last that was given for this log. */
  #timeAfter(origin: string, last: LastCosigned | null): number {
    const nowSeconds = Math.max(0, Math.floor(this.#nowMs() / 1000))
    if (last === null || nowSeconds >= last.timeSeconds) return nowSeconds
    const behindSeconds = last.timeSeconds - nowSeconds
    if (behindSeconds > CLOCK_BEHIND_SECONDS && !this.#behind.has(origin)) {
      this.#behind.add(origin)
      this.#logger.warn(
        { origin, behindSeconds },
        'the clock is behind the latest cosignature, whose time stands',
      )
    }
    return last.timeSeconds
  }

  /** What the disk says of a log, noted for the page. */
  async #look(origin: string): ReturnType<OriginStore['load']> {
    const last = await this.#store.load(origin)
    if (last === null) return null
    if (isProblem(last) && !isSameProblem(this.#seen.get(origin), last.problem))
      this.#logger.warn(
        { origin, problem: last.problem },
        'a log is refused: what was seen of it is not to be had',
      )
    this.#seen.set(origin, last)
    return last
  }

  async #keep(
    kind: EvidenceKind,
    { oldSize, proof }: Submission,
    verified: VerifiedCheckpoint,
    last: LastCosigned,
  ): Promise<void> {
    const { origin, size } = verified.checkpoint
    const evidence = {
      kind,
      origin,
      cosigned: last.note,
      submitted: signedByLog(verified),
      oldSize,
      proof: proof.map((hash) => hash.toString('base64')),
    }
    const details = { origin, kind, size, cosignedSize: last.checkpoint.size }
    try {
      const kept = await this.#evidence.keep(evidence, new Date(this.#nowMs()).toISOString())
      if (typeof kept === 'object') this.#logger.warn({ ...details, file: kept.file }, 'a log was refused')
    } catch (error) {
      // The refusal stands without it.
      this.#logger.warn(
        { ...details, reason: systemReason(error) },
        'a log was refused; its heads cannot be kept',
      )
    }
  }

  /** Runs `work` when everything before it for this log has ended. */
  async #inTurn<T>(origin: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(origin) ?? Promise.resolve()
    const turn = before.then(work, work)
    this.#turns.set(origin, turn)
    try {
      return await turn
    } finally {
      if (this.#turns.get(origin) === turn) this.#turns.delete(origin)
    }
  }
}

/** The note with the log's own signature and no other: strangers' lines are not ours to keep. */
function signedByLog({ note, log }: VerifiedCheckpoint): string {
  const own = note.signatures.find(({ name, keyId }) => name === log.name && keyId === log.keyId)
  assert(own !== undefined, 'a verified checkpoint bears the signature of its log')
  return `${note.text}\n${printSignatureLine(own)}`
}

function isSameProblem(seen: object | undefined, problem: string): boolean {
  return seen !== undefined && 'problem' in seen && seen.problem === problem
}

function refusal(status: WitnessAnswer['status'], why: string): WitnessAnswer {
  return { status, type: TEXT_TYPE, body: `${why}\n` }
}
