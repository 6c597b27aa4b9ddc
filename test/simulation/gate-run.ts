/**
 * One run of the whole gate, with a person at the host who prints, clears and arms, and tries again. The same scene
 * gives the same run.
 */

import { jobOf } from '../core/canonical.ts'
import { makeJob, REFUSED_LINES } from './gate-jobs.ts'
import type { GateScene } from './gate-scenes.ts'
import { type GateWitness, isLeftOut } from './gate-witness.ts'
import { GateWorld } from './gate-world.ts'
import { unexplained } from './odometer-check.ts'

/** A run that takes longer than this hangs. */
const RUN_MS_MAX = 4 * 3_600_000
/** A host that hears no word to go on for so long is unplugged by its person: longer than the gate waits for anything. */
const STUCK_MS = 35 * 60_000
/** People need a while; one who looks at Cura waits until the lines that it sent ahead have run. */
const THINK_MS = 8_000
const THINK_CURA_MS = 90_000

/** Times that a person tries to lift a latch before printing all the same. */
const CLEARS_MAX = 4

export interface GateRun {
  readonly broken: readonly string[]
  /** Prints that the printer ran whole. */
  readonly printed: number
  readonly attempts: number
  readonly journal: readonly string[]
  readonly saidToHost: readonly string[]
  readonly accidents: readonly string[]
  readonly story: readonly string[]
  readonly endedAtMs: number
}

export function runGateScene(scene: GateScene): GateRun {
  return new GatePlay(scene).run()
}

export class GatePlay extends GateWorld {
  protected attempts = 0
  protected actAtMs = 0
  protected clears = 0
  protected isOver = false

  run(): GateRun {
    const { clock, scene } = this
    for (const { atMs, kind } of scene.happenings)
      clock.at(atMs, () => {
        if (!this.isOver) this.happen(kind)
      })
    while (!this.isOver && this.nowMs < RUN_MS_MAX) {
      this.step()
      this.act()
    }
    if (!this.isOver) this.witness.say('the run never ended')
    this.disconnect()
    this.settle()
    return this.finish()
  }

  /** What the person in front of the host does. */
  protected act(): void {
    const { host, nowMs } = this
    if (host !== null && host.phase !== 'dead') {
      if (host.phase === 'connecting' || host.phase === 'printing') {
        if (nowMs - host.movedAtMs > STUCK_MS) this.stuck()
        this.actAtMs = nowMs + (this.scene.host === 'cura' ? THINK_CURA_MS : THINK_MS)
        return
      }
      if (host.phase === 'paused' && this.scene.isResuming && this.prng.below(200) === 0) host.resume(nowMs)
    }
    if (nowMs < this.actAtMs) return
    this.actAtMs = nowMs + THINK_MS
    if (this.attempts >= this.scene.attempts) this.isOver = true
    else if (host === null || host.phase === 'dead') this.connect()
    else this.print()
  }

  protected stuck(): void {
    const isQuiet = this.cables.every(({ out, back }) => out.accidents.length + back.accidents.length === 0)
    const hasFaults = Object.keys(this.scene.faults).length > 0
    this.tell(`the host is stuck in ${this.host?.phase}`)
    if (isQuiet && !hasFaults) this.witness.say('the host waits for ever')
    this.disconnect()
  }

  protected print(): void {
    const { scene, gate, prng } = this
    if (scene.isArming && gate.openJob !== null) {
      // None can be armed beside it: what hangs about is ended first.
      this.happen('stop')
      return
    }
    const isAway = gate.printerState === 'halted' || gate.printerState === 'silent'
    if (gate.latch !== null || isAway) {
      if (scene.isClearing && scene.host !== 'hostile' && this.clears < CLEARS_MAX) {
        this.clears++
        this.release()
        return
      }
      // Whoever goes on all the same gets nowhere.
      if (prng.below(3) > 0) this.isOver = true
    }
    this.clears = 0
    this.attempts++
    const job = makeJob(this.attempts, scene.shape, prng)
    const isStrict = scene.host !== 'hostile' && scene.host !== 'plain'
    const hasBegun = scene.host === 'repetier'
    this.witness.attempt(job, isStrict, isStrict ? this.endOf(job) : job.length, hasBegun)
    if (scene.isArming) this.arm(job)
    this.tell(`print ${this.attempts}, ${job.length} lines`)
    this.host?.print(job, this.nowMs)
  }

  /**
   * Index of the refused line at which the job must end. In lockstep it is passed over. Repetier-Host does not say when
   * a job begins, so one that is refused before it prints is not known to be a job.
   */
  private endOf(job: readonly string[]): number {
    const refused = job.findIndex((text) => REFUSED_LINES.includes(text))
    const isKnown = this.scene.host !== 'repetier' || job.findIndex((text) => / E/.test(text)) + 4 < refused
    return refused === -1 || this.scene.isArming || !isKnown ? job.length : refused
  }

  /** The survey would not let a job with a refused line pass: it is armed without, and the host sends another. */
  private arm(job: readonly string[]): void {
    const refused = this.scene.shape.refusedAt
    const armed = jobOf(...job.filter((_line, i) => i !== refused))
    this.armed = armed
    this.nextByte = 0
    this.witness.released()
    this.gate.arm(
      {
        id: `armed-${this.attempts}`,
        name: 'a job',
        commands: armed.commands.length,
        canonicalSha256: armed.sha256,
        tools: [],
      },
      this.nowMs,
    )
  }

  /** Waits until nothing moves any more: nobody is there, and the gate has its limits. */
  private settle(): void {
    const untilMs = this.nowMs + 30_000 + 120_000 + 60_000
    while (this.nowMs < untilMs) this.step()
    const { gate, witness, scene } = this
    // What is slow may not have run by now, and a host that left is not waited for.
    witness.lost()
    const state = this.printer.state()
    const isHot = state.nozzleTargetCelsius > 0 || state.bedTargetCelsius > 0
    const isReachable = this.printerCable !== null && scene.faults['hang-after'] === undefined
    if (isHot && isReachable && !state.isHalted)
      witness.say(
        `left at ${state.nozzleTargetCelsius} and ${state.bedTargetCelsius} °C, gate ${gate.printerState}`,
      )
    // With this fault it may take the printer longer than all the patience here to work off what it was sent.
    const isSlow = scene.faults.busy !== undefined
    const isTalking = isReachable && !state.isHalted && !isSlow && scene.faults['silent-after'] === undefined
    if (isTalking && !['ready', 'halted', 'silent'].includes(gate.printerState))
      witness.say(`the gate is still ${gate.printerState}`)
    if (gate.openJob !== null) witness.say('a job is still open')
    if (state.invariants.commandsWhileHalted > 0) witness.say('a halted printer ran a command')
  }

  private finish(): GateRun {
    this.printer.stop()
    const { witness, commands } = this
    witness.ran(commands)
    const ran = new Set(commands)
    const whole = (i: number): boolean =>
      witness.attempts[i]!.job.every((text) => isLeftOut(text) || ran.has(text))
    checkRecords(witness, this.generation, whole)
    // What a gate had sent when it was killed nobody has counted.
    if (this.generation === 1) for (const what of unexplained(witness.records)) witness.say(what)
    return {
      broken: witness.broken,
      printed: witness.attempts.filter((_attempt, i) => whole(i)).length,
      attempts: witness.attempts.length,
      journal: this.journal,
      saidToHost: this.said,
      accidents: this.cables.flatMap(({ out, back }) => [...out.accidents, ...back.accidents]),
      story: this.story,
      endedAtMs: this.nowMs,
    }
  }
}

/** What the log says of each job is what happened to it. */
function checkRecords(witness: GateWitness, generation: number, isWhole: (attempt: number) => boolean): void {
  for (const [id, job] of witness.jobs) {
    const { closed } = job
    if (closed === null) {
      if (generation === 1) witness.say(`job ${id} was never closed`)
      continue
    }
    if (closed.outcome === 'printed' && (job.opened !== 'job-opened' || !isWhole(job.attempt)))
      witness.say(`job ${id} is said to be printed and is not`)
    if (closed.outcome !== 'printed' && closed.outcome !== 'ended' && closed.reason === null)
      witness.say(`job ${id} was ${closed.outcome} for no reason`)
    if (job.opened === 'stream-opened' && closed.commands < job.written.length)
      witness.say(`job ${id}: ${closed.commands} commands on record, ${job.written.length} were sent`)
  }
}
