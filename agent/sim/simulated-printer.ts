/** The simulated printer as the rest of the agent sees it: bytes in, bytes out, a journal, and a look inside. */

import type { Clock } from './clock.ts'
import { FaultInjector } from './fault-injector.ts'
import type { Faults } from './faults.ts'
import { DEFAULT_UUID, FIRMWARE } from './firmware-text.ts'
import { type InvariantReport, Invariants } from './invariants.ts'
import { Journal, type JournalSink } from './journal.ts'
import { Hardware, type Machine } from './machine.ts'
import { type MarlinBuildName, marlinBuild } from './marlin-build.ts'
import { MarlinPrinter } from './marlin-printer.ts'
import type { Point } from './motion.ts'
import type { Position } from './planner.ts'

/** What a hobby printer holds, and every ready policy fits into. */
const VOLUME_MM: Point = { x: 250, y: 250, z: 250 }

/** How to make a simulated printer. Only the first two must be given. */
export interface SimulatedPrinterOptions {
  /** Takes the bytes that the printer sends. */
  readonly write: (bytes: Uint8Array) => void
  readonly clock: Clock
  /** Takes one line of the journal at a time. */
  readonly journal?: JournalSink
  readonly seed?: number
  readonly faults?: Faults
  /** Which recorded build of Marlin reads the lines. */
  readonly build?: MarlinBuildName
  readonly hasAdvancedOk?: boolean
  readonly hasEmergencyParser?: boolean
  readonly hasChamber?: boolean
  /** Counts its prints. By itself it does so as its build does, and where a fault needs it. */
  readonly hasPrintCounter?: boolean
  readonly volumeMm?: Point
  /** What it says of itself in M115: by itself what Marlin does that nobody configured. */
  readonly firmware?: string
  readonly uuid?: string
  /** Called by the fault `unplug-after`: the link is to be cut, whatever it is. */
  readonly unplug?: () => void
}

/** What the printer is doing, for tests and for those who watch. */
export interface SimulatedPrinterState {
  readonly nozzleTargetCelsius: number
  readonly nozzleCelsius: number
  readonly bedTargetCelsius: number
  readonly bedCelsius: number
  readonly chamberTargetCelsius: number | undefined
  readonly chamberCelsius: number | undefined
  /** Where the planned moves end, as M114 shows it. */
  readonly position: Position
  readonly isHomed: boolean
  readonly fanSpeed: number
  readonly message: string
  readonly planner: { readonly blocks: number; readonly isMoving: boolean }
  readonly queuedLines: number
  readonly isWaiting: boolean
  readonly isHalted: boolean
  readonly invariants: InvariantReport
}

/** A printer that has booted. */
export interface SimulatedPrinter {
  /** Takes bytes from the host, in any pieces. Never throws, whatever they are. */
  receive(bytes: Uint8Array): void
  /** A pulse on the reset line, as when a host opens the port, or power that failed. */
  reset(): void
  /** Tells the journal that a host is there, or gone. The printer itself cannot tell. */
  clientConnected(): void
  clientGone(): void
  state(): SimulatedPrinterState
  /** Ends it for good: no timer is left running. */
  stop(): void
}

/** Makes a printer and lets it boot: the first bytes are written before this returns. */
export function startSimulatedPrinter(options: SimulatedPrinterOptions): SimulatedPrinter {
  const { clock, faults = {} } = options
  const build = marlinBuild(options.build ?? 'default')
  const journal = new Journal(options.journal ?? (() => {}), clock)
  const invariants = new Invariants()
  const hardware = new Hardware(options.hasChamber === true, faults['slow-heater'] ?? 1)
  const printer = new MarlinPrinter({
    config: {
      build,
      hasAdvancedOk: options.hasAdvancedOk === true,
      hasEmergencyParser: options.hasEmergencyParser === true,
      hasChamber: options.hasChamber === true,
      firmware: options.firmware ?? FIRMWARE,
      uuid: options.uuid ?? DEFAULT_UUID,
      hasPrintCounter: options.hasPrintCounter ?? (build.hasPrintCounter || faults.odometer !== undefined),
      volumeMm: options.volumeMm ?? VOLUME_MM,
    },
    clock,
    journal,
    invariants,
    faults: new FaultInjector(faults, options.seed ?? 0, journal),
    hardware,
    write: options.write,
    unplug: options.unplug ?? (() => {}),
  })
  return {
    receive: (bytes) => printer.receive(bytes),
    reset: () => {
      clock.settle()
      printer.reset('reset line')
    },
    clientConnected: () => journal.event('client-connected'),
    clientGone: () => journal.event('client-gone'),
    state: () => {
      clock.settle()
      return stateOf(printer.machine, hardware, printer.queuedLines, invariants)
    },
    stop: () => printer.stop(),
  }
}

function stateOf(
  machine: Machine,
  hardware: Hardware,
  queuedLines: number,
  invariants: Invariants,
): SimulatedPrinterState {
  const { nowMs, motion, planner } = machine
  const { nozzle, bed, chamber } = hardware
  const blocks = planner.blocks(nowMs)
  return {
    nozzleTargetCelsius: nozzle.targetCelsius,
    nozzleCelsius: nozzle.celsius(nowMs),
    bedTargetCelsius: bed.targetCelsius,
    bedCelsius: bed.celsius(nowMs),
    chamberTargetCelsius: chamber?.targetCelsius,
    chamberCelsius: chamber?.celsius(nowMs),
    position: motion.logical,
    isHomed: motion.homed.x && motion.homed.y && motion.homed.z,
    fanSpeed: machine.fanSpeed,
    message: machine.message,
    planner: { blocks, isMoving: blocks > 0 },
    queuedLines,
    isWaiting: machine.wait !== undefined,
    isHalted: machine.isHalted,
    invariants: invariants.report(),
  }
}
