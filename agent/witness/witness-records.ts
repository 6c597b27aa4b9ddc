/**
 * What of the witnesses goes on record: a head that enough of them cosigned, now and then, and each refusal once. A
 * record makes the log longer, and so a newer head: not every head can have one.
 */
import type { AuditRecord } from '../log-format/index.ts'
import type { OwnHead } from './own-head.ts'
import type { WitnessLogger } from './witness.ts'
import type { Cosignature, WitnessFinding } from './witness-peer.ts'

/** Different findings of one witness that are told in one run: one that makes them up must not fill the log. */
const FINDINGS_MAX = 16

export interface RecordsWorld {
  /** Appends to the log, durably, and says where. */
  record(record: AuditRecord): Promise<{ readonly index: number }>
  /** Keeps a head with its cosignatures, as a whole note. */
  publish(note: string): Promise<void>
  /** Told once of each finding. Must not throw. */
  alarm(finding: WitnessFinding): void
  readonly logger: WitnessLogger
}

export class WitnessRecords {
  readonly #world: RecordsWorld
  readonly #everyMs: number
  readonly #uptimeMs: () => number
  readonly #findings = new Map<string, Set<string>>()
  #lastRecordMs = Number.NEGATIVE_INFINITY
  #recordedSize = 0
  /** Where the record of that head is. */
  #recordIndex: number | null = null
  #publishedNote = ''

  /** A head goes on record no sooner than `everyMs` after the one before, unless somebody waits. */
  constructor(world: RecordsWorld, everyMs: number, uptimeMs: () => number) {
    this.#world = world
    this.#everyMs = everyMs
    this.#uptimeMs = uptimeMs
  }

  /** The size of the latest head on record in this run. */
  get recordedSize(): number {
    return this.#recordedSize
  }

  /** Keeps a head that enough witnesses have cosigned, and puts it on record if it is time, or somebody waits for it. */
  async cosigned(head: OwnHead, cosignatures: readonly Cosignature[], isAwaited: boolean): Promise<void> {
    const note = `${head.note}${cosignatures.map(({ line }) => line).join('')}`
    if (note !== this.#publishedNote) {
      await this.#world.publish(note)
      this.#publishedNote = note
    }
    if (head.size > this.#recordedSize && (isAwaited || this.#isTime(head)))
      await this.#record(head, cosignatures)
  }

  /** Puts a refusal on record and raises the alarm, once for each. */
  async refused(finding: WitnessFinding): Promise<void> {
    const { witness, kind, status, size, witnessSize, isProven } = finding
    const known = this.#findings.get(witness) ?? new Set()
    // That it can prove what it only claimed before is another finding.
    const name = `${kind} ${witnessSize} ${isProven}`
    // One that makes up sizes must not keep a proven finding off the record.
    const claimed = [...known].filter((other) => !other.endsWith('true')).length
    if (known.has(name) || (!isProven && claimed >= FINDINGS_MAX) || known.size >= 2 * FINDINGS_MAX) return
    this.#findings.set(witness, known.add(name))
    this.#world.logger.warn(
      { witness, kind, size, witnessSize, isProven },
      'a witness knows another log under the name of this one',
    )
    this.#world.alarm(finding)
    await this.#world.record({
      kind: 'witness-refused',
      witness,
      status,
      size: Math.max(1, size),
      witnessSize,
      isProven,
    })
  }

  #isTime(head: OwnHead): boolean {
    // Nothing is new but the record of the head before: a log that rests would never rest.
    const isRestful = this.#recordIndex === this.#recordedSize && head.size === this.#recordedSize + 1
    return !isRestful && this.#uptimeMs() - this.#lastRecordMs >= this.#everyMs
  }

  async #record({ size, root }: OwnHead, cosignatures: readonly Cosignature[]): Promise<void> {
    const cosigners = cosignatures.map(({ key, timeSeconds }) => ({
      name: key.name,
      keyId: key.keyId.toString(16).padStart(8, '0'),
      time: timeSeconds,
    }))
    const record = { kind: 'witnessed', size, root: root.toString('hex'), cosigners } as const
    const { index } = await this.#world.record(record)
    this.#recordedSize = size
    this.#recordIndex = index
    this.#lastRecordMs = this.#uptimeMs()
  }
}
