/**
 * One run of the whole gate: a simulated host and the simulated printer, each behind a cable that goes wrong, with people
 * who stop, clear, arm and pull plugs, under a clock that the run turns. The same scene gives the same run.
 */

import { Gate, type GateEffect } from '../../agent/core/index.ts'
import { LineReader } from '../../agent/serial/line-reader.ts'
import { type JournalRecord, startSimulatedPrinter, VirtualClock } from '../../agent/sim/index.ts'
import { Prng } from '../../agent/sim/prng.ts'
import { MARLIN } from '../../gcode/index.ts'
import { type CanonicalJob, jobOf, runningHash } from '../core/canonical.ts'
import { HostEars } from './gate-ears.ts'
import type { SimulatedHost } from './gate-host.ts'
import { makeJob, REFUSED_LINES } from './gate-jobs.ts'
import { type GateScene, type HappeningKind, hostOf, judgeOf } from './gate-scenes.ts'
import { GateWitness, isLeftOut } from './gate-witness.ts'
import { isNumbered, Wire } from './wire.ts'

const TICK_MS = 100
/** A run that takes longer than this hangs. */
const RUN_MS_MAX = 4 * 3_600_000
/** A host that hears no word to go on for so long is unplugged by its person: longer than the gate waits for anything. */
const STUCK_MS = 35 * 60_000
/** People need a while; one who looks at Cura waits until the lines that it sent ahead have run. */
const THINK_MS = 8_000
const THINK_CURA_MS = 90_000

/** Ten times what the longest run sends. */
const SENT_BYTES_MAX = 4_000_000
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

interface Cable {
  readonly out: Wire
  readonly back: Wire
}

export class GatePlay {
  readonly clock = new VirtualClock()
  readonly witness = new GateWitness()
  gate: Gate
  host: SimulatedHost | null = null
  private readonly scene: GateScene
  private readonly prng: Prng
  private readonly wirePrng: Prng
  private readonly printer: ReturnType<typeof startSimulatedPrinter>
  private readonly journal: string[] = []
  private readonly commands: string[] = []
  private readonly said: string[] = []
  private readonly story: string[] = []
  private readonly cables: Cable[] = []
  private hostCable: Cable | null = null
  private printerCable: Cable | null = null
  private ears = new HostEars(this.witness)
  private generation = 0
  private attempts = 0
  private jobNumber = 0
  private armed: CanonicalJob | null = null
  private nextByte = 0
  private actAtMs = 0
  private clears = 0
  private wasReady = false
  private sentBytes = 0
  private isOver = false
  private isFlowing = true
  private held: Uint8Array[] = []
  private failedRecord: number

  constructor(scene: GateScene) {
    this.scene = scene
    this.prng = new Prng(scene.seed)
    this.wirePrng = new Prng(scene.seed ^ 0x6a7e)
    this.failedRecord = scene.failedRecord
    this.witness.overlaps = scene.host === 'cura'
    this.gate = this.newGate()
    this.printer = startSimulatedPrinter({
      write: (bytes) => this.printerCable?.back.send(bytes),
      clock: this.clock,
      journal: (line) => this.note(line),
      seed: scene.seed,
      faults: scene.faults,
      hasAdvancedOk: scene.hasAdvancedOk,
      unplug: () => this.happen('unplug'),
    })
    this.plug(false)
  }

  private get nowMs(): number {
    return this.clock.nowMs()
  }

  tell(what: string): void {
    this.story.push(`${Math.round(this.nowMs)} ms: ${what}`)
  }

  private note(line: string): void {
    if (line.startsWith('{"kind":"command"')) {
      const record = JSON.parse(line) as JournalRecord & { kind: 'command' }
      this.commands.push(record.text)
      this.journal.push(line)
    } else if (line.startsWith('{"kind":"event"')) {
      this.journal.push(line)
      if (line.includes('"name":"reset"')) this.witness.lost()
    }
  }

  private newGate(): Gate {
    const { scene, clock } = this
    const generation = ++this.generation
    const gate: Gate = new Gate({
      table: MARLIN,
      judge: judgeOf(scene.policy),
      printer: { write: (bytes, start, end) => this.write(bytes.subarray(start, end), gate) },
      host: {
        write: (bytes, start, end) => this.hostCable?.back.send(Uint8Array.from(bytes.subarray(start, end))),
      },
      effects: (effect) => this.take(effect, gate, generation),
      newHash: runningHash,
      newJobId: () => `stream-${++this.jobNumber}`,
      profile: scene.profile,
      jobs: scene.jobs,
      permitsInterlude: scene.permitsInterlude,
      appeal: 'ask Ada',
      hostLostMs: 30_000,
      hostSilentMs: scene.hostSilentMs,
      refusedHotMs: 120_000,
      park: scene.isParked ? ['M84'] : [],
    })
    clock.settle()
    return gate
  }

  private write(bytes: Uint8Array, gate: Gate): void {
    const text = Buffer.from(bytes).toString('latin1')
    this.witness.wrote(text, gate)
    this.printerCable?.out.send(bytes)
  }

  private take(effect: GateEffect, gate: Gate, generation: number): void {
    const { clock, scene, witness } = this
    const later = (ms: number, run: () => void): void => {
      clock.at(this.nowMs + ms, () => {
        if (generation === this.generation) run()
      })
    }
    switch (effect.kind) {
      case 'append': {
        const { id, record } = effect
        witness.recorded(id, record)
        if (record.kind !== 'job-sealed') this.tell(JSON.stringify(record))
        const isFailed = --this.failedRecord === 0
        later(this.prng.below(scene.recordDelayMsMax + 1), () => {
          if (isFailed) gate.recordFailed(id, 'no space is left', this.nowMs)
          else {
            witness.durable(id)
            gate.recorded(id, this.nowMs)
          }
        })
        return
      }
      case 'want-block':
        later(this.prng.below(50), () => this.giveBlock())
        return
      case 'host-flow':
        this.isFlowing = effect.isOpen
        if (effect.isOpen) later(0, () => this.giveHeld())
    }
  }

  private giveBlock(): void {
    const bytes = this.armed?.bytes
    if (bytes === undefined) return
    const from = this.nextByte
    if (from >= bytes.length) {
      this.gate.jobEnded(this.nowMs)
      return
    }
    this.nextByte = from + 1 + this.prng.below(900)
    this.gate.jobBlock(bytes.subarray(from, this.nextByte), this.nowMs)
  }

  private cable(
    out: (bytes: Uint8Array) => void,
    back: (bytes: Uint8Array) => void,
    isHosts: boolean,
  ): Cable {
    const { scene, clock, wirePrng: prng } = this
    const [outTrouble, backTrouble] = isHosts
      ? [scene.hostToGate, scene.gateToHost]
      : [scene.gateToPrinter, scene.printerToGate]
    const cable = {
      out: new Wire({ clock, prng, trouble: outTrouble, isChecked: isNumbered, deliver: out }),
      // To a host nothing has a checksum: lines are lost or come twice, and are never altered.
      back: new Wire({ clock, prng, trouble: backTrouble, isChecked: () => !isHosts, deliver: back }),
    }
    this.cables.push(cable)
    return cable
  }

  private plug(isUnknown: boolean): void {
    const reader = new LineReader({ line: (text) => this.gate.printerLine(text, this.nowMs) })
    this.printerCable = this.cable(
      (bytes) => this.printer.receive(bytes),
      (bytes) => reader.push(bytes),
      false,
    )
    this.gate.printerOpened(isUnknown, this.nowMs)
  }

  private unplug(): void {
    if (this.printerCable === null) return
    this.printerCable.out.cut()
    this.printerCable.back.cut()
    this.printerCable = null
    this.witness.lost()
    // The operating system notices later, and never from inside a call of the gate.
    this.clock.at(this.nowMs + 1, () => this.gate.printerLost('pulled', this.nowMs))
  }

  connect(): void {
    this.disconnect()
    this.witness.hostCame()
    this.ears = new HostEars(this.witness)
    this.isFlowing = true
    this.held = []
    const reader = new LineReader({
      line: (text) => {
        this.said.push(text)
        this.host?.line(text, this.nowMs)
      },
    })
    const cable: Cable = this.cable(
      (bytes) => this.fromHost(bytes, cable),
      (bytes) => reader.push(bytes),
      true,
    )
    this.hostCable = { out: cable.out, back: this.listened(cable.back) }
    this.host = hostOf(
      this.scene.host,
      { send: (text) => this.send(text, cable), close: () => this.disconnect() },
      this.prng,
      this.nowMs,
    )
    this.gate.hostCame(this.nowMs)
    this.host.connected(this.nowMs)
  }

  /** A port holds so much and no more. A host that fills it in a run of this size is in a storm of requests. */
  private send(text: string, cable: Cable): void {
    this.sentBytes += text.length
    if (this.sentBytes < SENT_BYTES_MAX) cable.out.send(Buffer.from(text, 'latin1'))
    else this.witness.say('the host is asked for lines without end')
  }

  /** What the gate says counts when it says it, whatever the cable does. */
  private listened(wire: Wire): Wire {
    const send = wire.send.bind(wire)
    wire.send = (bytes) => {
      for (const line of Buffer.from(bytes).toString('latin1').split('\n'))
        if (line !== '') this.witness.said(line)
      send(bytes)
    }
    return wire
  }

  private fromHost(bytes: Uint8Array, cable: Cable): void {
    if (this.hostCable?.out !== cable.out) return
    // A cable holds a little while nobody reads, and then the program blocks.
    if (!this.isFlowing) this.held.push(bytes)
    else this.hear(bytes)
  }

  private giveHeld(): void {
    for (let bytes = this.held.shift(); bytes !== undefined && this.isFlowing; bytes = this.held.shift())
      this.hear(bytes)
  }

  /** Lines come in pieces. */
  private hear(bytes: Uint8Array): void {
    this.ears.push(bytes)
    const cut = this.prng.below(3) === 0 ? this.prng.below(bytes.length) : bytes.length
    this.gate.hostBytes(bytes.subarray(0, cut), this.nowMs)
    if (cut < bytes.length) this.gate.hostBytes(bytes.subarray(cut), this.nowMs)
  }

  disconnect(): void {
    if (this.hostCable === null) return
    const { out, back } = this.hostCable
    out.cut()
    back.cut()
    this.hostCable = null
    if (this.host !== null) this.host.phase = 'dead'
    this.clock.at(this.nowMs, () => this.gate.hostLeft(this.nowMs))
    this.clock.settle()
  }

  happen(kind: HappeningKind): void {
    const { gate, nowMs } = this
    this.tell(kind)
    switch (kind) {
      case 'stop':
        gate.stop('interrupted', 'a person stopped it', nowMs)
        return
      case 'clear':
        this.release()
        return
      case 'unplug':
        this.unplug()
        this.clock.at(nowMs + 5_000 + this.prng.below(60_000), () => {
          this.tell('plugged in again')
          if (this.prng.below(2) === 0) this.printer.reset()
          if (this.printerCable === null) this.plug(true)
        })
        return
      case 'reset':
        this.printer.reset()
        return
      case 'crash':
        this.disconnect()
        return
      case 'resume':
        this.host?.resume(nowMs)
        return
      case 'jog':
        for (const command of ['G91', 'G1 Z5 F300.5', 'G90', 'G1 X5 Y5 F3000.5']) this.host?.type(command)
        return
      case 'kill-gate':
        this.killGate()
    }
  }

  /** A new gate knows nothing of the old one, and the kernel has closed the host's port. */
  private killGate(): void {
    this.witness.gateDied()
    const old = this.gate
    this.gate = this.newGate()
    void old
    this.hostCable?.out.cut()
    this.hostCable?.back.cut()
    this.hostCable = null
    if (this.host !== null) this.host.phase = 'dead'
    if (this.printerCable === null) return
    this.printerCable.out.cut()
    this.printerCable.back.cut()
    this.plug(true)
  }

  private release(): void {
    if (this.printer.state().isHalted) this.printer.reset()
    this.gate.clear('ada', this.nowMs)
  }

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

  step(): void {
    this.clock.advance(TICK_MS)
    this.host?.tick(this.nowMs)
    this.gate.tick(this.nowMs)
    const isReady = this.gate.printerState === 'ready'
    if (this.wasReady && !isReady) this.witness.lost()
    this.wasReady = isReady
  }

  /** What the person in front of the host does. */
  private act(): void {
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

  private stuck(): void {
    const isQuiet = this.cables.every(({ out, back }) => out.accidents.length + back.accidents.length === 0)
    const hasFaults = Object.keys(this.scene.faults).length > 0
    this.tell(`the host is stuck in ${this.host?.phase}`)
    if (isQuiet && !hasFaults) this.witness.say('the host waits for ever')
    this.disconnect()
  }

  private print(): void {
    const { scene, gate, prng } = this
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
    this.witness.attempt(job, isStrict, isStrict ? this.endOf(job) : job.length)
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
    const state = this.printer.state()
    const isHot = state.nozzleTargetCelsius > 0 || state.bedTargetCelsius > 0
    const isReachable = this.printerCable !== null && scene.faults['hang-after'] === undefined
    if (isHot && isReachable && !state.isHalted)
      witness.say(
        `left at ${state.nozzleTargetCelsius} and ${state.bedTargetCelsius} °C, gate ${gate.printerState}`,
      )
    const isTalking = isReachable && !state.isHalted && scene.faults['silent-after'] === undefined
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
