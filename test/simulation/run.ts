/**
 * One whole print: the real session and the simulated printer, joined by a faulty wire, under a clock that the run
 * turns. The same scene gives the same run, byte for byte.
 */

import {
  type Effect,
  type JobOutcome,
  Session,
  type SessionRecord,
  type StopReason,
} from '../../agent/core/index.ts'
import type { DurableIndex } from '../../agent/durable-index.ts'
import { LineReader } from '../../agent/serial/line-reader.ts'
import {
  type Faults,
  type JournalRecord,
  type SimulatedPrinterState,
  startSimulatedPrinter,
  VirtualClock,
} from '../../agent/sim/index.ts'
import { Prng } from '../../agent/sim/prng.ts'
import { MARLIN } from '../../gcode/index.ts'
import { ALLOW } from '../../policies/index.ts'
import { type CanonicalJob, runningHash } from '../core/canonical.ts'
import { isNumbered, type Trouble, Wire } from './wire.ts'

const TICK_MS = 100
/** A run that takes longer than this hangs. */
const RUN_MS_MAX = 3 * 3_600_000
/** What is still on the wire and in the printer when the session has ended. */
const AFTER_MS = 30_000

/** Everything that a run depends on. */
export interface Scene {
  readonly seed: number
  readonly job: CanonicalJob
  readonly toPrinter: Trouble
  readonly toHost: Trouble
  readonly faults: Faults
  readonly hasAdvancedOk: boolean
  readonly recordDelayMsMax: number
  /** Which record cannot be written, counted from 1; none where 0. */
  readonly failedRecord: number
  /** When someone stops the job; never where Infinity. */
  readonly stopAtMs: number
  /** When the cable is pulled. */
  readonly unplugAtMs: number
}

export interface Run {
  readonly outcome: JobOutcome | 'endless'
  readonly reason: StopReason | null
  readonly coldConfirmed: boolean
  readonly isReachable: boolean
  /** Every line handed to the port, with whether the job was on record by then. */
  readonly written: readonly {
    readonly text: string
    readonly isOpened: boolean
    readonly isStopped: boolean
  }[]
  readonly records: readonly SessionRecord[]
  readonly journal: readonly JournalRecord[]
  readonly state: SimulatedPrinterState
  readonly accidents: readonly string[]
  readonly endedAtMs: number
}

export function runScene(scene: Scene): Run {
  const play = new Play(scene)
  return play.run()
}

class Play {
  private readonly scene: Scene
  private readonly clock = new VirtualClock()
  private readonly prng: Prng
  private readonly journal: JournalRecord[] = []
  private readonly written: { text: string; isOpened: boolean; isStopped: boolean }[] = []
  private readonly records: SessionRecord[] = []
  private readonly session: Session
  private readonly toPrinter: Wire
  private readonly toHost: Wire
  private readonly reader: LineReader
  private isOpened = false
  private isReachable = true
  private nextByte = 0
  private end: (Effect & { kind: 'finished' }) | undefined

  constructor(scene: Scene) {
    this.scene = scene
    this.prng = new Prng(scene.seed)
    const { clock } = this
    const link = { clock, prng: new Prng(scene.seed ^ 0x5eed) }
    this.reader = new LineReader({ line: (text) => this.session.printerLine(text, clock.nowMs()) })
    this.toHost = new Wire({
      ...link,
      trouble: scene.toHost,
      isChecked: () => true,
      deliver: (bytes) => this.reader.push(bytes),
    })
    this.toPrinter = new Wire({
      ...link,
      trouble: scene.toPrinter,
      isChecked: isNumbered,
      deliver: (bytes) => this.printer.receive(bytes),
    })
    this.session = new Session({
      table: MARLIN,
      judge: { judge: () => ALLOW },
      printer: { write: (bytes, start, end) => this.write(bytes.subarray(start, end)) },
      effects: (effect) => this.take(effect),
      hash: runningHash(),
      canonicalSha256: scene.job.sha256,
      tools: [],
    })
    this.printer = startSimulatedPrinter({
      write: (bytes) => this.toHost.send(bytes),
      clock,
      journal: (line) => this.journal.push(JSON.parse(line)),
      seed: scene.seed,
      faults: scene.faults,
      hasAdvancedOk: scene.hasAdvancedOk,
      hasPrintCounter: scene.seed % 2 === 0,
      unplug: () => this.unplug(),
    })
  }

  private readonly printer: ReturnType<typeof startSimulatedPrinter>

  run(): Run {
    const { clock, session, scene } = this
    clock.at(scene.stopAtMs, () => session.stop('interrupted', 'the test stops it', clock.nowMs()))
    clock.at(scene.unplugAtMs, () => this.unplug())
    session.start(clock.nowMs())
    while (this.end === undefined && clock.nowMs() < RUN_MS_MAX) {
      clock.advance(TICK_MS)
      session.tick(clock.nowMs())
    }
    const endedAtMs = clock.nowMs()
    clock.advance(AFTER_MS)
    const state = this.printer.state()
    this.printer.stop()
    return {
      outcome: this.end?.outcome ?? 'endless',
      reason: this.end?.reason ?? null,
      coldConfirmed: this.end?.coldConfirmed ?? false,
      isReachable: this.isReachable,
      written: this.written,
      records: this.records,
      journal: this.journal,
      state,
      accidents: [...this.toPrinter.accidents, ...this.toHost.accidents],
      endedAtMs,
    }
  }

  private write(bytes: Uint8Array): void {
    const isStopped = this.session.phase === 'stopping'
    this.written.push({ text: Buffer.from(bytes).toString('latin1'), isOpened: this.isOpened, isStopped })
    this.toPrinter.send(bytes)
  }

  private unplug(): void {
    if (!this.isReachable) return
    this.isReachable = false
    this.toPrinter.cut()
    this.toHost.cut()
    // The operating system notices later, and never from inside a call of the session.
    this.clock.at(this.clock.nowMs() + 1, () => this.session.portEnded('pulled', this.clock.nowMs()))
  }

  private take(effect: Effect): void {
    const { clock, scene } = this
    switch (effect.kind) {
      case 'append': {
        this.records.push(effect.record)
        const isFailed = effect.id === scene.failedRecord
        clock.at(clock.nowMs() + this.prng.below(scene.recordDelayMsMax + 1), () => {
          if (isFailed) this.session.recordFailed(effect.id, 'no space is left', clock.nowMs())
          else this.durable(effect.id, effect.record)
        })
        return
      }
      case 'want-block':
        clock.at(clock.nowMs() + this.prng.below(50), () => this.giveBlock())
        return
      case 'finished':
        this.end = effect
    }
  }

  private durable(id: number, record: SessionRecord): void {
    if (record.kind === 'job-opened') this.isOpened = true
    this.session.recorded(id, id as DurableIndex, this.clock.nowMs())
  }

  private giveBlock(): void {
    const { bytes } = this.scene.job
    const from = this.nextByte
    if (from >= bytes.length) {
      this.session.jobEnded(this.clock.nowMs())
      return
    }
    this.nextByte = from + 1 + this.prng.below(600)
    this.session.jobBlock(bytes.subarray(from, this.nextByte), this.clock.nowMs())
  }
}
