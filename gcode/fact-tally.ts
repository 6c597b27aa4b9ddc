import { WORD } from './bytes.ts'
import type { Command } from './command.ts'
import { CLASS_NAMES, type CommandClass } from './command-class.ts'
import { TOOL_MAX } from './command-table.ts'
import type { BoundsMm, Facts } from './facts.ts'
import { LayerStarts, LayerTally } from './layers.ts'
import { AXIS_X, AXIS_Y, AXIS_Z, type MachineState } from './machine-state.ts'
import type { Move } from './move.ts'

/** Names of unknown commands that are told. */
const UNKNOWN_COMMANDS_MAX = 20
/** The part of a job's filament that may be gone before a copy of it counts for good. */
const COMMIT_FILAMENT_SHARE = 0.1
const LETTER_M = 0x4d
const LETTER_T = 0x54

/** An extent that grows. Numbers only, so that the line path can grow it. */
class Extent {
  minX = Number.POSITIVE_INFINITY
  maxX = Number.NEGATIVE_INFINITY
  minY = Number.POSITIVE_INFINITY
  maxY = Number.NEGATIVE_INFINITY
  minZ = Number.POSITIVE_INFINITY
  maxZ = Number.NEGATIVE_INFINITY

  grow(move: Move, axes: number): void {
    if ((axes & AXIS_X) !== 0) {
      if (move.minX < this.minX) this.minX = move.minX
      if (move.maxX > this.maxX) this.maxX = move.maxX
    }
    if ((axes & AXIS_Y) !== 0) {
      if (move.minY < this.minY) this.minY = move.minY
      if (move.maxY > this.maxY) this.maxY = move.maxY
    }
    if ((axes & AXIS_Z) !== 0) {
      if (move.minZ < this.minZ) this.minZ = move.minZ
      if (move.maxZ > this.maxZ) this.maxZ = move.maxZ
    }
  }

  /** Takes in another extent. */
  join(other: Extent): void {
    this.minX = Math.min(this.minX, other.minX)
    this.maxX = Math.max(this.maxX, other.maxX)
    this.minY = Math.min(this.minY, other.minY)
    this.maxY = Math.max(this.maxY, other.maxY)
    this.minZ = Math.min(this.minZ, other.minZ)
    this.maxZ = Math.max(this.maxZ, other.maxZ)
  }

  bounds(): BoundsMm | null {
    if (this.minX > this.maxX || this.minY > this.maxY || this.minZ > this.maxZ) return null
    return {
      min: { x: grain(this.minX), y: grain(this.minY), z: grain(this.minZ) },
      max: { x: grain(this.maxX), y: grain(this.maxY), z: grain(this.maxZ) },
    }
  }
}

/** Gathers the facts of a job, command by command. */
export class FactTally {
  private readonly extrusion = new Extent()
  /** Moves that lay nothing down; the others are in `extrusion`. */
  private readonly travel = new Extent()
  private readonly layers = new LayerTally()
  private readonly starts = new LayerStarts()
  private readonly areaMm2: number
  private commands = 0
  /** Commands that are part of the job's identity, and which of them is the first to lay down filament; 0: none. */
  private counted = 0
  private firstDeposit = 0
  private readonly classCounts = new Int32Array(CLASS_NAMES.length)
  private readonly toolsUsed = new Uint8Array(TOOL_MAX + 1)
  private readonly unknown = new Map<string, number>()
  private feedrateMax = 0
  /** Highest flow so far, in mm of filament a mm of path and per mm/min of feedrate: multiplied out at the end. */
  private flowMax = 0
  private nozzleMax = Number.NEGATIVE_INFINITY
  private bedMax = Number.NEGATIVE_INFINITY
  private chamberMax = Number.NEGATIVE_INFINITY
  private nozzleTarget = Number.NEGATIVE_INFINITY
  private nozzlePrintingMax = Number.NEGATIVE_INFINITY
  private hasPrintedAtTarget = false

  constructor(filamentDiameterMm: number) {
    this.areaMm2 = (Math.PI * filamentDiameterMm * filamentDiameterMm) / 4
  }

  /** A move that starts at `state`. */
  addMove(state: MachineState, move: Move): void {
    const feedrate = move.feedrateMmPerMin * state.speedFactor
    if (feedrate > this.feedrateMax) this.feedrateMax = feedrate
    const deposited = move.depositedMm
    if (deposited <= 0) {
      if (move.axes !== 0 && move.known !== 0) this.travel.grow(move, move.known)
      return
    }
    this.hasPrintedAtTarget = true
    if (this.firstDeposit === 0) this.firstDeposit = this.counted + 1
    // In place the extruder's own feedrate is the flow; on a path it is spread along it.
    const pathMm = move.lengthMm > 0 ? move.lengthMm : deposited
    const flow = deposited * feedrate
    if (flow > this.flowMax * pathMm) this.flowMax = flow / pathMm
    // A purge in place has no extent; a move from a position not known yet has at least its end.
    if (move.axes === 0) return
    this.extrusion.grow(move, move.known)
    // A number handed to a call may cost an object, so the call is made once a height.
    if ((move.known & AXIS_Z) !== 0 && move.z !== this.layers.last) this.printAt(state, move)
  }

  private printAt(state: MachineState, move: Move): void {
    if (this.layers.printAt(move.z)) this.starts.add(this.counted + 1, state.filamentMm)
  }

  /** See `Survey.commitAt`; `filamentMm` is that of the whole job. */
  commitAt(layers: number, filamentMm: number): number {
    // With its first byte, which goes out before anything counts.
    if (layers === 0 || this.firstDeposit === 0) return 1
    return this.starts.placeOf(layers, filamentMm * COMMIT_FILAMENT_SHARE) ?? this.firstDeposit
  }

  /** Any other command. */
  addCommand(command: Command, line: number): void {
    const row = command.row
    if (row === undefined) {
      if (this.unknown.size < UNKNOWN_COMMANDS_MAX) this.noteUnknown(command.name(), line)
      return
    }
    if (row.heats) this.addTarget(command)
    if (command.letter === LETTER_T) this.toolsUsed[command.code] = 1
  }

  private noteUnknown(name: string, line: number): void {
    if (!this.unknown.has(name)) this.unknown.set(name, line)
  }

  private addTool(tool: number): void {
    if (tool >= 0 && tool <= TOOL_MAX) this.toolsUsed[tool] = 1
  }

  private addTarget(command: Command): void {
    const none = Number.NEGATIVE_INFINITY
    if (command.letter !== LETTER_M) {
      this.addNozzle(command.value(WORD.H, none))
      this.addBed(command.value(WORD.B, none))
      return
    }
    const target = Math.max(command.value(WORD.S, none), command.value(WORD.R, none))
    switch (command.code) {
      case 104:
      case 109:
        // B is as high as AUTOTEMP may go with the flow (planner.cpp `autotemp_M104_M109`).
        this.addNozzle(Math.max(target, command.value(WORD.B, none)))
        this.addTool(command.value(WORD.T, -1))
        return
      case 303:
        // A negative tool tunes the bed or the chamber.
        if (command.value(WORD.E, 0) >= 0) this.addNozzle(target)
        else this.addBed(target)
        return
      case 140:
      case 190:
        this.addBed(target)
        return
      case 141:
      case 191:
        this.chamberMax = Math.max(this.chamberMax, target)
        return
      default:
    }
  }

  private addNozzle(target: number): void {
    if (target === Number.NEGATIVE_INFINITY) return
    this.settlePrinting()
    this.nozzleTarget = target
    this.nozzleMax = Math.max(this.nozzleMax, target)
  }

  private addBed(target: number): void {
    this.bedMax = Math.max(this.bedMax, target)
  }

  /** A target counts as printed at once filament was laid down while it stood. */
  private settlePrinting(): void {
    if (this.hasPrintedAtTarget) this.nozzlePrintingMax = Math.max(this.nozzlePrintingMax, this.nozzleTarget)
    this.hasPrintedAtTarget = false
  }

  /** Every command, moves included. */
  countClass(command: Command): void {
    this.commands++
    const row = command.row
    if (row === undefined) {
      this.counted++
      return
    }
    if (!row.observes) this.counted++
    this.classCounts[row.classIndex]!++
  }

  get commandCount(): number {
    return this.commands
  }

  /** The job has ended. */
  end(): void {
    this.settlePrinting()
  }

  /** The facts so far. */
  facts(lines: number, filamentMm: number, estimatedSeconds: number): Facts {
    const bounds = this.extrusion.bounds()
    this.travel.join(this.extrusion)
    return {
      lines,
      commands: this.commands,
      extrusionBoundsMm: bounds,
      travelBoundsMm: this.travel.bounds(),
      sizeMm:
        bounds === null
          ? null
          : {
              x: grain(bounds.max.x - bounds.min.x),
              y: grain(bounds.max.y - bounds.min.y),
              z: bounds.max.z,
            },
      filamentMm: grain(filamentMm),
      filamentMm3: grain(filamentMm * this.areaMm2),
      layers: { count: this.layers.count, ...this.layers.heightRange() },
      nozzleMaxCelsius: finite(this.nozzleMax),
      bedMaxCelsius: finite(this.bedMax),
      chamberMaxCelsius: finite(this.chamberMax),
      nozzlePrintingMaxCelsius: finite(this.nozzlePrintingMax),
      feedrateMaxMmPerMin: this.feedrateMax > 0 ? grain(this.feedrateMax) : null,
      flowMaxMm3PerS: this.flowMax > 0 ? grain((this.flowMax * this.areaMm2) / 60) : null,
      estimatedSeconds: grain(estimatedSeconds),
      tools: this.tools(),
      classes: this.classes(),
      unknownCommands: [...this.unknown].map(([name, line]) => ({ name, line })),
    }
  }

  private tools(): readonly number[] {
    const tools: number[] = []
    for (let tool = 0; tool <= TOOL_MAX; tool++) if (this.toolsUsed[tool] === 1) tools.push(tool)
    return tools
  }

  private classes(): Partial<Record<CommandClass, number>> {
    const classes: Partial<Record<CommandClass, number>> = {}
    for (let i = 0; i < CLASS_NAMES.length; i++)
      if (this.classCounts[i]! > 0) classes[CLASS_NAMES[i]!] = this.classCounts[i]!
    return classes
  }
}

/** A fact to a millionth: finer than any machine, and free of what adding fractions leaves behind. */
function grain(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
