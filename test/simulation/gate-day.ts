/**
 * Hours of mixed traffic at one gate that is never started anew: hosts of all kinds that come, print, pause, crash and
 * come again, wires that go wrong now and then, plugs that are pulled. What the run itself notes down is thrown away
 * now and then, so that what is left of the memory is the gate's.
 */

import { Prng } from '../../agent/sim/prng.ts'
import { GatePlay } from './gate-run.ts'
import { CALM, type GateScene, type HappeningKind, HOST_KINDS } from './gate-scenes.ts'
import { NO_TROUBLE, type Trouble } from './wire.ts'

const HOUR_MS = 3_600_000
/** Between two things that people do beside printing. */
const HAPPENS_EVERY_MS = 120_000
const FORGET_EVERY_MS = 600_000
/** A line in a thousand of each cable, and now and then all at once. */
const NOISE: Trouble = { drop: 1, repeat: 1, flip: 1, loseByte: 1, delay: 2, delayMsMax: 3000 }

const HAPPENINGS: readonly HappeningKind[] = ['stop', 'clear', 'crash', 'resume', 'jog', 'unplug', 'reset']

export interface Hour {
  readonly hour: number
  readonly prints: number
  /** Bytes of the heap in use after a collection. */
  readonly heapBytes: number
}

/** Plays `hours` from `seed`, and tells of each as it ends. Throws the first promise that is broken. */
export async function playHours(
  hours: number,
  seed: number,
  heapBytes: () => number,
  tell: (hour: Hour) => void,
): Promise<void> {
  const day = new GateDay(seed)
  for (let hour = 1; hour <= hours; hour++) {
    for (let atMs = (hour - 1) * HOUR_MS; atMs < hour * HOUR_MS; ) {
      atMs += FORGET_EVERY_MS
      day.playTo(atMs)
      // What Node itself has put off until the program waits keeps hold of every port that was ever open.
      await new Promise((resolve) => setImmediate(resolve))
    }
    tell({ hour, prints: day.prints, heapBytes: heapBytes() })
  }
}

class GateDay extends GatePlay {
  private readonly people: Prng
  private happensAtMs = HAPPENS_EVERY_MS
  private forgetsAtMs = FORGET_EVERY_MS
  private leavesAtMs = Number.POSITIVE_INFINITY

  constructor(seed: number) {
    const scene: GateScene = {
      ...CALM,
      seed,
      host: 'octoprint',
      policy: 'forgiving',
      attempts: Number.POSITIVE_INFINITY,
      hasAdvancedOk: true,
      permitsInterlude: true,
      recordDelayMsMax: 200,
      hostToGate: NOISE,
      gateToHost: { ...NO_TROUBLE, drop: 1, repeat: 1 },
      gateToPrinter: NOISE,
      printerToGate: NOISE,
    }
    super(scene)
    this.people = new Prng(~seed)
  }

  /** Another program each time, in its own way of counting its lines. */
  override connect(): void {
    this.scene = { ...this.scene, host: HOST_KINDS[this.people.below(HOST_KINDS.length)]! }
    super.connect()
  }

  /** One print in six has a line that is refused; one in three is armed. */
  protected override print(): void {
    const refusedAt = this.people.below(6) === 0 ? 6 + this.people.below(30) : -1
    const isArming = this.people.below(3) === 0
    this.scene = { ...this.scene, isArming, shape: { ...this.scene.shape, refusedAt } }
    super.print()
    // Soon somebody else comes.
    if (this.people.below(3) === 0) this.leavesAtMs = this.nowMs + this.people.below(HAPPENS_EVERY_MS)
  }

  playTo(untilMs: number): void {
    while (this.nowMs < untilMs) {
      this.step()
      this.act()
      if (this.nowMs >= this.leavesAtMs) this.leaveNow()
      if (this.nowMs >= this.happensAtMs) this.happenNow()
      if (this.nowMs >= this.forgetsAtMs) this.forgetNow()
    }
  }

  /** On cables like these any host may wait for ever for an answer that was lost. */
  protected override stuck(): void {
    this.disconnect()
  }

  private leaveNow(): void {
    this.leavesAtMs = Number.POSITIVE_INFINITY
    this.disconnect()
  }

  private happenNow(): void {
    this.happensAtMs = this.nowMs + this.people.below(2 * HAPPENS_EVERY_MS)
    this.happen(HAPPENINGS[this.people.below(HAPPENINGS.length)]!)
  }

  private forgetNow(): void {
    this.forgetsAtMs = this.nowMs + FORGET_EVERY_MS
    const [broken] = this.witness.broken
    if (broken !== undefined) throw new Error(`${broken}\n${this.story.join('\n')}`)
    this.forget()
  }

  get prints(): number {
    return this.attempts
  }
}
