/**
 * What a run of the gate is played in: the gate, a printer and a host, and the cables between them, under a clock that
 * the run turns. Everything that passes is shown to the witness.
 */

import { Gate, type GateEffect } from '../../agent/core/index.ts'
import type { DurableIndex } from '../../agent/durable-index.ts'
import { LineReader } from '../../agent/serial/line-reader.ts'
import { type JournalRecord, startSimulatedPrinter, VirtualClock } from '../../agent/sim/index.ts'
import { Prng } from '../../agent/sim/prng.ts'
import { MARLIN } from '../../gcode/index.ts'
import { type CanonicalJob, runningHash } from '../core/canonical.ts'
import { HostEars } from './gate-ears.ts'
import type { SimulatedHost } from './gate-host.ts'
import { type GateScene, type HappeningKind, hostOf, judgeOf } from './gate-scenes.ts'
import { GateWitness } from './gate-witness.ts'
import { isNumbered, Wire } from './wire.ts'

const TICK_MS = 100
/** Many times what any run sends but the one with the endless line. */
const SENT_BYTES_MAX = 12_000_000

/** The host's, the printer's, and those that were swapped for them of late. */
const CABLES_IN_USE_MAX = 6

interface Cable {
  out: Wire
  readonly back: Wire
}

export class GateWorld {
  readonly clock = new VirtualClock()
  readonly witness = new GateWitness()
  gate: Gate
  host: SimulatedHost | null = null
  protected scene: GateScene
  protected readonly prng: Prng
  protected readonly wirePrng: Prng
  protected readonly printer: ReturnType<typeof startSimulatedPrinter>
  protected readonly journal: string[] = []
  protected readonly commands: string[] = []
  protected readonly said: string[] = []
  protected readonly story: string[] = []
  protected readonly cables: Cable[] = []
  protected hostCable: Cable | null = null
  protected printerCable: Cable | null = null
  protected ears = new HostEars(this.witness)
  protected generation = 0
  protected jobNumber = 0
  protected armed: CanonicalJob | null = null
  protected nextByte = 0
  protected wasReady = false
  protected sentBytes = 0
  protected isFlowing = true
  protected held: Uint8Array[] = []
  protected failedRecord: number

  constructor(scene: GateScene) {
    this.scene = scene
    this.prng = new Prng(scene.seed)
    this.wirePrng = new Prng(scene.seed ^ 0x6a7e)
    this.failedRecord = scene.failedRecord
    const troubles = [scene.gateToHost, scene.hostToGate]
    const isNoisy = troubles.some((each) => each.drop + each.repeat + each.flip + each.loseByte > 0)
    const isAhead = isNoisy || scene.host === 'cura' || scene.host === 'repetier'
    this.witness.overlaps = isAhead
    this.gate = this.newGate()
    this.printer = startSimulatedPrinter({
      write: (bytes) => this.printerCable?.back.send(bytes),
      clock: this.clock,
      journal: (line) => this.note(line),
      seed: scene.seed,
      faults: scene.faults,
      hasAdvancedOk: scene.hasAdvancedOk,
      hasPrintCounter: scene.seed % 2 === 0,
      unplug: () => this.happen('unplug'),
    })
    this.plug(false)
  }

  protected get nowMs(): number {
    return this.clock.nowMs()
  }

  tell(what: string): void {
    this.story.push(`${Math.round(this.nowMs)} ms: ${what}`)
  }

  protected note(line: string): void {
    if (line.startsWith('{"kind":"command"')) {
      const record = JSON.parse(line) as JournalRecord & { kind: 'command' }
      this.commands.push(record.text)
      this.journal.push(line)
    } else if (line.startsWith('{"kind":"event"')) {
      this.journal.push(line)
      if (line.includes('"name":"reset"')) this.wasReset()
    }
  }

  /** Throws away what the run has noted down, but for what is open yet. */
  protected forget(): void {
    for (const list of [this.journal, this.commands, this.said, this.story]) list.length = 0
    const used = this.cables.slice(-CABLES_IN_USE_MAX)
    this.cables.splice(0, this.cables.length, ...used)
    for (const { out, back } of used) {
      out.accidents.length = 0
      back.accidents.length = 0
    }
    this.sentBytes = 0
    this.witness.forget()
  }

  /** A board that boots does not hear what was on its way. */
  protected wasReset(): void {
    this.witness.lost()
    const cable = this.printerCable
    if (cable === null) return
    cable.out.cut()
    cable.out = this.cable(
      (bytes) => this.printer.receive(bytes),
      () => {},
      false,
    ).out
  }

  protected newGate(): Gate {
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

  protected write(bytes: Uint8Array, gate: Gate): void {
    const text = Buffer.from(bytes).toString('latin1')
    this.witness.wrote(text, gate)
    this.printerCable?.out.send(bytes)
  }

  protected take(effect: GateEffect, gate: Gate, generation: number): void {
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
            gate.recorded(id, id as DurableIndex, this.nowMs)
          }
        })
        return
      }
      case 'want-block':
        later(this.prng.below(50), () => this.giveBlock())
        return
      case 'tools':
        later(this.prng.below(1_000), () => gate.toolsGuarded(effect.tools.length, this.nowMs))
        return
      case 'host-flow':
        this.isFlowing = effect.isOpen
        if (effect.isOpen) later(0, () => this.giveHeld())
    }
  }

  protected giveBlock(): void {
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

  protected cable(
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

  protected plug(isUnknown: boolean): void {
    const reader = new LineReader({ line: (text) => this.gate.printerLine(text, this.nowMs) })
    this.printerCable = this.cable(
      (bytes) => this.printer.receive(bytes),
      (bytes) => reader.push(bytes),
      false,
    )
    this.gate.printerOpened(isUnknown, this.nowMs)
  }

  protected unplug(): void {
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
  protected send(text: string, cable: Cable): void {
    this.sentBytes += text.length
    if (this.sentBytes < SENT_BYTES_MAX) cable.out.send(Buffer.from(text, 'latin1'))
    else this.witness.say('the host is asked for lines without end')
  }

  /** What the gate says counts when it says it, whatever the cable does. */
  protected listened(wire: Wire): Wire {
    const send = wire.send.bind(wire)
    wire.send = (bytes) => {
      for (const line of Buffer.from(bytes).toString('latin1').split('\n'))
        if (line !== '') this.witness.said(line)
      send(bytes)
    }
    return wire
  }

  protected fromHost(bytes: Uint8Array, cable: Cable): void {
    if (this.hostCable?.out !== cable.out) return
    // A cable holds a little while nobody reads, and then the program blocks.
    if (!this.isFlowing) this.held.push(bytes)
    else this.hear(bytes)
  }

  protected giveHeld(): void {
    for (let bytes = this.held.shift(); bytes !== undefined && this.isFlowing; bytes = this.held.shift())
      this.hear(bytes)
  }

  /** Lines come in pieces. */
  protected hear(bytes: Uint8Array): void {
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
  protected killGate(): void {
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

  protected release(): void {
    if (this.printer.state().isHalted) this.printer.reset()
    this.gate.clear('ada', this.nowMs)
  }

  step(): void {
    this.clock.advance(TICK_MS)
    this.host?.tick(this.nowMs)
    this.gate.tick(this.nowMs)
    const isReady = this.gate.printerState === 'ready'
    if (this.wasReady && !isReady) this.witness.lost()
    this.wasReady = isReady
  }
}
