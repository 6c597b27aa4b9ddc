import type { CommandClass } from './command-class.ts'
import type { LineRefusal } from './refusal.ts'

/** A point or an extent, in mm. */
export interface Xyz {
  readonly x: number
  readonly y: number
  readonly z: number
}

/** An axis-aligned box in machine coordinates, in mm. */
export interface BoundsMm {
  readonly min: Xyz
  readonly max: Xyz
}

/**
 * What a survey measured of a job, from its commands alone. Comments have no part in it. Lengths are mm, times
 * seconds, temperatures °C; null where the job has none of it.
 */
export interface Facts {
  readonly lines: number
  readonly commands: number
  /** Where filament is laid down by moves of the toolhead, arcs by their sweep. */
  readonly extrusionBoundsMm: BoundsMm | null
  /** Where the toolhead goes at all, as far as the position is known. */
  readonly travelBoundsMm: BoundsMm | null
  /** Width and depth of the extrusion bounds, and its height above the bed. */
  readonly sizeMm: Xyz | null
  /** Filament laid down or purged, retractions and their recovery not counted. */
  readonly filamentMm: number
  readonly filamentMm3: number
  readonly layers: {
    readonly count: number
    readonly minHeightMm: number | null
    readonly maxHeightMm: number | null
  }
  readonly nozzleMaxCelsius: number | null
  readonly bedMaxCelsius: number | null
  readonly chamberMaxCelsius: number | null
  /** Highest target that stood while filament was laid down; what the material really met. */
  readonly nozzlePrintingMaxCelsius: number | null
  readonly feedrateMaxMmPerMin: number | null
  readonly flowMaxMm3PerS: number | null
  /** Moves and dwells; heating up, homing and levelling take what the printer takes. */
  readonly estimatedSeconds: number
  /** Tools that are selected or heated by number, in order. */
  readonly tools: readonly number[]
  /** How many commands of each class, classes that do not occur left out. */
  readonly classes: Readonly<Partial<Record<CommandClass, number>>>
  /** Commands that the dialect does not know, the first of each name with its line, at most 20. */
  readonly unknownCommands: readonly { readonly name: string; readonly line: number }[]
}

/** A refused line of a job. */
export interface RefusedLine extends LineRefusal {
  readonly line: number
}

/**
 * What a job's comments say of it: label and hint, never a limit's input, since anyone can write a comment.
 * A claim that is not made is absent.
 */
export interface Claims {
  readonly slicer?: string
  readonly slicerVersion?: string
  readonly printerModel?: string
  /** As written: `PLA`, or `PLA;PETG` for several tools. */
  readonly filamentType?: string
  readonly nozzleDiameterMm?: number
  readonly layerHeightMm?: number
  readonly layerCount?: number
  readonly filamentMm?: number
  readonly filamentMm3?: number
  readonly filamentGrams?: number
  readonly estimatedSeconds?: number
  readonly nozzleCelsius?: number
  readonly bedCelsius?: number
  readonly maxZMm?: number
  readonly objects?: readonly string[]
}
