/**
 * One boot of the firmware: everything a command can see or change. A reset makes a new one around the same hardware.
 */

import type { Clock } from './clock.ts'
import { BED, CHAMBER, Heater, NOZZLE } from './heater.ts'
import type { Invariants } from './invariants.ts'
import type { Journal } from './journal.ts'
import type { MarlinBuild } from './marlin-build.ts'
import { Motion, type Point } from './motion.ts'
import { Planner } from './planner.ts'
import { PrintCounter, StoredStatistics } from './print-counter.ts'
import { SdCard } from './sd-card.ts'
import { Eeprom, Settings } from './settings.ts'
import type { Wait } from './wait.ts'

/** EXTRUDE_MINTEMP of Marlin: below it the extruder does not turn. */
const EXTRUDE_CELSIUS_MIN = 170
/** DEFAULT_KEEPALIVE_INTERVAL. */
const KEEPALIVE_S = 2
/** The flag of M111 with which heaters and extruder are left alone. */
const DRY_RUN = 8

/** How this printer was built and compiled. */
export interface MachineConfig {
  readonly build: MarlinBuild
  readonly hasAdvancedOk: boolean
  readonly hasEmergencyParser: boolean
  readonly hasChamber: boolean
  readonly hasPrintCounter: boolean
  /** What it says of itself in M115. */
  readonly firmware: string
  readonly uuid: string
  /** The space within the software endstops. */
  readonly volumeMm: Point
}

/** What outlives a reset: warm metal, the memory chip, the card. */
export class Hardware {
  readonly nozzle: Heater
  readonly bed: Heater
  readonly chamber: Heater | undefined
  readonly eeprom = new Eeprom()
  readonly statistics = new StoredStatistics()
  readonly card = new SdCard()

  constructor(hasChamber: boolean, slowness: number) {
    this.nozzle = new Heater(NOZZLE, slowness)
    this.bed = new Heater(BED, slowness)
    this.chamber = hasChamber ? new Heater(CHAMBER, slowness) : undefined
  }

  get heaters(): Heater[] {
    return this.chamber === undefined ? [this.nozzle, this.bed] : [this.nozzle, this.bed, this.chamber]
  }
}

/** What the firmware can do to its surroundings. */
export interface Surroundings {
  readonly clock: Clock
  readonly journal: Journal
  readonly invariants: Invariants
  /** Sends one line to the host; `ending` where it is not a plain newline. */
  reply(text: string, ending?: string): void
  /** M110: the number of the line before the next. */
  setLineNumber(number: number): void
  resendReplies(): string[]
  cancelMotionMode(): void
  /** M78 was answered. Gives the filament, in mm, that somebody prints past the wire from here on, or 0. */
  statisticsTold(): number
}

/** The firmware's state. */
export class Machine {
  readonly config: MachineConfig
  readonly hardware: Hardware
  readonly around: Surroundings
  readonly motion: Motion
  readonly planner = new Planner()
  readonly settings: Settings
  readonly counter: PrintCounter
  /** What the running command waits for; the printer sets it. */
  wait: Wait | undefined
  fanSpeed = 0
  keepaliveS = KEEPALIVE_S
  autoreportS = 0
  debugFlags = 0
  allowsColdExtrusion = false
  extrudeCelsiusMin = EXTRUDE_CELSIUS_MIN
  /** The text on the display. */
  message = ''
  isHalted = false

  constructor(config: MachineConfig, hardware: Hardware, around: Surroundings) {
    this.config = config
    this.hardware = hardware
    this.around = around
    this.motion = new Motion(config.build, config.volumeMm)
    this.settings = new Settings(hardware.eeprom)
    this.counter = new PrintCounter(hardware.statistics)
  }

  get nowMs(): number {
    return this.around.clock.nowMs()
  }

  get isDryRun(): boolean {
    return (this.debugFlags & DRY_RUN) !== 0
  }

  reply(text: string, ending?: string): void {
    this.around.reply(text, ending)
  }

  /** Sets a target; the journal holds each change. */
  setTarget(heater: Heater, askedCelsius: number): void {
    const before = heater.targetCelsius
    const celsius = heater.setTarget(askedCelsius, this.nowMs)
    this.around.invariants.targetSet(heater.model.name, askedCelsius, celsius)
    if (celsius === before) return
    this.around.journal.event('target', { heater: heater.model.name, celsius, askedCelsius })
  }

  heatersOff(): void {
    for (const heater of this.hardware.heaters) this.setTarget(heater, 0)
  }

  isTooColdToExtrude(): boolean {
    // The sensor may be a degree off: TEMP_WINDOW.
    return !this.allowsColdExtrusion && this.hardware.nozzle.celsius(this.nowMs) < this.extrudeCelsiusMin - 1
  }

  /** M108: ends a wait for heat or for a person, and nothing else. */
  breakWait(): void {
    if (this.wait?.breakOff === undefined) return
    this.around.journal.event('wait-broken')
    this.wait.breakOff()
  }

  /** M410: drops all moves. Where the nozzle stopped is then its position. */
  quickstop(): void {
    const stoppedAt = this.planner.positionAt(this.nowMs)
    if (stoppedAt !== undefined) this.motion.position = stoppedAt
    this.planner.clear(this.nowMs)
    this.wait?.quickstop?.()
    this.around.journal.event('quickstop')
  }

  /** Heaters and motors off, one last line, and silence until a reset. */
  kill(reason: string): void {
    this.reply('Error:Printer halted. kill() called!')
    this.isHalted = true
    this.planner.clear(this.nowMs)
    this.fanSpeed = 0
    this.around.journal.event('killed', { reason })
    this.heatersOff()
  }

  /** The temperatures as M105 and the reports show them, with a leading space. */
  temperatures(): string {
    const nowMs = this.nowMs
    const { nozzle, bed, chamber } = this.hardware
    const state = (letter: string, heater: Heater) =>
      ` ${letter}:${heater.celsius(nowMs).toFixed(2)} /${heater.targetCelsius.toFixed(2)}`
    const chamberState = chamber === undefined ? '' : state('C', chamber)
    const chamberPower = chamber === undefined ? '' : ` C@:${chamber.power(nowMs)}`
    const power = ` @:${nozzle.power(nowMs)} B@:${bed.power(nowMs)}${chamberPower}`
    return `${state('T', nozzle)}${state('B', bed)}${chamberState}${power}`
  }

  /** The line that M114, G92, G28 and M206 print. */
  positionLine(): string {
    const { x, y, z, e } = this.motion.logical
    const steps = (axis: 'X' | 'Y' | 'Z', millimetres: number) =>
      Math.round(millimetres * this.settings.stepsPerMm(axis)) + 0
    const { x: nativeX, y: nativeY, z: nativeZ } = this.motion.position
    const shown = `X:${fixed(x)} Y:${fixed(y)} Z:${fixed(z)} E:${fixed(e)}`
    return `${shown} Count X:${steps('X', nativeX)} Y:${steps('Y', nativeY)} Z:${steps('Z', nativeZ)}`
  }
}

function fixed(value: number): string {
  return value.toFixed(2)
}
