/**
 * What one command would do to the machine: planned from the state without touching it, judged, and only then
 * applied. One object is reused for every line.
 */

/** The command does not move. */
export const NO_MOVE = 0
/** A straight move, G0 or G1. */
export const LINE_MOVE = 1
/** G2 or G3, with its swept extent in the bounds. */
export const ARC_MOVE = 2
/** G2 or G3 whose path cannot be told: no centre, or from an unknown position. Marlin would report and not move, or sweep from where it is. */
export const UNKNOWN_ARC = 3

export class Move {
  /** One of `NO_MOVE`, `LINE_MOVE`, `ARC_MOVE`, `UNKNOWN_ARC`. */
  kind = NO_MOVE
  /** Axes that the command names or sweeps: bits of `AXIS_X`, `AXIS_Y`, `AXIS_Z`. */
  axes = 0
  /** Axes whose physical position is known after the move. */
  known = 0
  /** Axes whose position was known before as well: on these the length and the bounds hold the whole path. */
  startKnown = 0
  /** Physical target, in mm; meaningful for the axes in `known`. */
  x = 0
  y = 0
  z = 0
  /** Extent of the path, start and end included, in mm; meaningful for the axes in `known`. */
  minX = 0
  maxX = 0
  minY = 0
  maxY = 0
  minZ = 0
  maxZ = 0
  /** Length of the path over the axes that are known at both ends, in mm. */
  lengthMm = 0
  /** Extruder coordinate after the move, in E units. */
  e = 0
  /** Filament that the move pushes, in mm after flow and volumetric factors; negative for a retraction. */
  filamentMm = 0
  /** Of `filamentMm`, what is laid down: in place what was not pulled back before, on a move along an axis all of it. */
  depositedMm = 0
  /** The modal feedrate that holds for the move, mm a minute before M220; 0 where none was ever set. */
  feedrateMmPerMin = 0

  reset(): void {
    this.kind = NO_MOVE
    this.axes = 0
    this.known = 0
    this.startKnown = 0
    this.lengthMm = 0
    this.filamentMm = 0
    this.depositedMm = 0
  }
}
