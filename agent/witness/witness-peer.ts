/**
 * One witness as the agent sees it: what it knows of our log, how to show it a later head, and what to make of its
 * refusal. It is trusted for one thing, that it does not cosign two histories; so it may lie here and nothing comes of
 * it but that it does not count, or a false alarm that says it is not proven.
 */
import { InvariantError } from '../errors.ts'
import {
  isProblem,
  type NoteKey,
  type NoteSignature,
  parseCheckpoint,
  printSignatureLine,
  signersOf,
  verifyCheckpoint,
  verifyConsistency,
} from '../verify/index.ts'
import { newestHead, type OwnHead, type WitnessedLog } from './own-head.ts'
import { printSubmission } from './submission.ts'
import { requestCosignature, requestLatest } from './witness-request.ts'

/** To learn the size, to show the proof, and once more where another client came between. */
const REQUESTS_MAX = 4

/** What a witness said of a head of ours. */
export interface Cosignature {
  readonly key: NoteKey
  /** When it says that it saw it, in seconds since 1970. */
  readonly timeSeconds: number
  /** The signature as it stands below the note. */
  readonly line: string
}

/** A witness knows another log under our name. */
export interface WitnessFinding {
  /** The name of the witness in the policy. */
  readonly witness: string
  /** `rollback`: it knows a later head than our latest. `fork`: it knows a head that is not one of ours. */
  readonly kind: 'rollback' | 'fork'
  /** What it answered with: 409 or 422. */
  readonly status: 409 | 422
  /** The size of the head that it was shown. */
  readonly size: number
  /** The size of the head that it says it knows. */
  readonly witnessSize: number | null
  /**
   * True if it has shown that head, signed with our log's own key: then no lie of the witness, or of somebody on the way
   * to it, explains it.
   */
  readonly isProven: boolean
  /** That head, where it was shown. */
  readonly note: string | null
}

export type PushOutcome =
  | { readonly kind: 'cosigned'; readonly cosignature: Cosignature }
  | { readonly kind: 'refused'; readonly finding: WitnessFinding }
  | { readonly kind: 'failed'; readonly why: string }

/** What came of showing a head. `sizeBefore` is what the witness knew until then; null if it did not say. */
export type Pushed = PushOutcome & { readonly sizeBefore: number | null }

export class WitnessPeer {
  readonly name: string
  readonly key: NoteKey
  /** The submission prefix, without a slash at its end. */
  readonly prefix: string
  readonly #log: WitnessedLog
  /** The size of the head that it cosigned last, as far as we know; null if we do not. */
  #knownSize: number | null = null

  constructor(name: string, key: NoteKey, prefix: string, log: WitnessedLog) {
    this.name = name
    this.key = key
    this.prefix = prefix
    this.#log = log
  }

  /** Shows it a head, or only asks what it knows where that is more. Never rejects for what the witness does. */
  async push(
    head: OwnHead,
    signal: AbortSignal,
    options: { readonly fromNothing?: true } = {},
  ): Promise<Pushed> {
    const known = options.fromNothing ? null : this.#knownSize
    // What is larger than the head is no size to prove anything from: to be asked again.
    let oldSize = known !== null && known <= head.size ? known : 0
    let sizeBefore: number | null = null
    this.#knownSize = null
    for (let i = 0; i < REQUESTS_MAX; i++) {
      const proof = await this.#proof(oldSize, head.size)
      if (proof === null) return { ...failed('no proof could be made for it from the log'), sizeBefore }
      const body = printSubmission(oldSize, proof, head.note)
      const outcome = await requestCosignature(this.prefix, body, signal)
      switch (outcome.kind) {
        case 'signed':
          return { ...this.#accept(outcome.signatures, head), sizeBefore: sizeBefore ?? oldSize }
        case 'failed':
          return { ...outcome, sizeBefore }
        case 'inconsistent':
          // Nothing is asked to follow from nothing.
          if (oldSize === 0) return { ...failed('it refuses a first head for want of a proof'), sizeBefore }
          return { ...(await this.#fork(head, 422, oldSize, signal)), sizeBefore: sizeBefore ?? oldSize }
        case 'conflict': {
          const { size } = outcome
          sizeBefore ??= size
          const isFork = oldSize === head.size && (size === null || size === oldSize)
          // A first head of no records conflicts with nothing.
          if (isFork && oldSize > 0) return { ...(await this.#fork(head, 409, size, signal)), sizeBefore }
          if (size === null || size === oldSize)
            return { ...failed('it does not say which size it knows'), sizeBefore }
          if (size > head.size) return { ...(await this.#larger(size, signal)), sizeBefore }
          oldSize = size
        }
      }
    }
    return { ...failed('it knows another size each time'), sizeBefore }
  }

  #accept(signatures: readonly NoteSignature[], head: OwnHead): PushOutcome {
    const signers = signersOf({ text: head.text, signatures }, [this.key])
    if (isProblem(signers)) return failed('its cosignature does not verify')
    const timeSeconds = signers[0]?.timestamp ?? null
    const own = signatures.find(
      ({ name, keyId, bytes }) =>
        name === this.key.name &&
        keyId === this.key.keyId &&
        Number(bytes.readBigUInt64BE(0)) === timeSeconds,
    )
    if (timeSeconds === null || own === undefined)
      return failed('its answer is not signed with the key that the policy names')
    this.#knownSize = head.size
    return { kind: 'cosigned', cosignature: { key: this.key, timeSeconds, line: printSignatureLine(own) } }
  }

  /** It knows more than it was shown. That may be a head of ours that is newer than the one in hand. */
  async #larger(witnessSize: number, signal: AbortSignal): Promise<PushOutcome> {
    const newest = await newestHead(this.#log).catch((error: unknown) => {
      if (error instanceof InvariantError) throw error
      return null
    })
    if (newest === null) return failed('the log’s newest head is not to be had')
    if (newest.size >= witnessSize) return failed('it has seen a newer head than this one')
    return this.#refused(newest, { kind: 'rollback', status: 409, witnessSize }, signal)
  }

  #fork(
    head: OwnHead,
    status: 409 | 422,
    witnessSize: number | null,
    signal: AbortSignal,
  ): Promise<PushOutcome> {
    return this.#refused(head, { kind: 'fork', status, witnessSize }, signal)
  }

  async #refused(
    head: OwnHead,
    what: Pick<WitnessFinding, 'kind' | 'status' | 'witnessSize'>,
    signal: AbortSignal,
  ): Promise<PushOutcome> {
    const note = await requestLatest(this.prefix, this.#log.key.name, signal)
    const isProven = note !== null && (await this.#isOtherHistory(note, head))
    const finding = {
      ...what,
      witness: this.name,
      size: head.size,
      isProven,
      note: isProven ? note.toString('utf8') : null,
    }
    return { kind: 'refused', finding }
  }

  /** Whether a note bears our log's signature and yet is no head of the log that ends with `head`. */
  async #isOtherHistory(note: Buffer, head: OwnHead): Promise<boolean> {
    const read = parseCheckpoint(note)
    if (isProblem(read)) return false
    const verified = verifyCheckpoint(read, [this.#log.key])
    if (isProblem(verified)) return false
    const { size, root } = verified.checkpoint
    if (size > head.size) return true
    const proof = await this.#proof(size, head.size)
    if (proof === null) return false
    const claim = { oldSize: size, oldRoot: root, newSize: head.size, newRoot: head.root, proof }
    return verifyConsistency(claim) !== null
  }

  async #proof(from: number, to: number): Promise<readonly Uint8Array[] | null> {
    if (from === 0 || from === to) return []
    try {
      return await this.#log.consistencyProof(from, to)
    } catch (error) {
      if (error instanceof InvariantError) throw error
      // Tiles come and go with the published head; the next attempt has others.
      return null
    }
  }
}

function failed(why: string): { readonly kind: 'failed'; readonly why: string } {
  return { kind: 'failed', why }
}
