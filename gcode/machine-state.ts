/** Bits of the XYZ axes, in the masks of `MachineState` and `Move`. */
export const AXIS_X = 1
export const AXIS_Y = 2
export const AXIS_Z = 4
export const AXES_XYZ = 7

/** Arc planes, G17 to G19. */
export const PLANE_XY = 17
export const PLANE_ZX = 18
export const PLANE_YZ = 19

/** Millimetres in an inch, for G20. */
export const MM_PER_INCH = 25.4

/** What fits nearly every printer; a policy that knows better says so. */
export const FILAMENT_DIAMETER_MM = 1.75

/**
 * The most filament that is taken to be pulled back and still there to be pushed forward, in mm. Slicers retract by less
 * than 10, and by about 100 where a change of filament pulls it out of the hot end; and Marlin pulls no more than this in
 * one move (EXTRUDE_MAXLENGTH), it only renames the place.
 */
export const RETRACTED_MAX_MM = 200

/**
 * What the commands so far have made of the machine, by Marlin 2.1's rules. Positions are physical, in mm
 * from the homed origin, so that `G92` moves the coordinates and never the toolhead. Every field is a number
 * that is written in place: one object serves a whole job and the line path allocates nothing.
 */
export class MachineState {
  /** Where the toolhead is, in mm; only axes in `known` mean anything. */
  x = 0
  y = 0
  z = 0
  /** Axes whose physical position is known. Homing, tool changes and self-moving commands clear it. */
  known = 0
  /** Axes that were homed since the declared start. */
  homed = 0
  /** Physical position minus the coordinate that names it, in mm: what G92 shifted. Reset by homing (G28.cpp). */
  shiftX = 0
  shiftY = 0
  shiftZ = 0

  /** The extruder's coordinate in E units (mm of filament, or mm³ under M200). */
  e = 0
  /** Filament that was pulled back and not pushed forward again, in mm, up to `RETRACTED_MAX_MM`. */
  retractedMm = 0
  /** Filament laid down since the start, in mm: the sum of `Move.depositedMm`. */
  filamentMm = 0

  /** 1 under G91, 0 under G90. */
  isRelative = 0
  /** Marlin: the last of G90, G91, M82 and M83 decides (gcode.h `set_relative_mode`, `set_e_relative`). */
  isExtruderRelative = 0
  /** Millimetres a unit: 1, or 25.4 under G20. */
  unitMm = 1
  /** G17, G18 or G19. */
  plane = PLANE_XY

  /** The modal F in mm a minute; 0 until the first. Marlin ignores F of 0 and less. */
  feedrateMmPerMin = 0
  /** M220, 1 for 100 %. */
  speedFactor = 1
  /** What `M220 B` put aside for `M220 R`. */
  savedSpeedFactor = 1
  /** M221, 1 for 100 %, of the selected tool. May be negative: Marlin accepts it. */
  flowFactor = 1
  /** The most that M221 may have given to another tool. */
  otherFlowFactor = 1
  /** Cross-section that M200 sets, in mm²; 0 where E is a length. */
  volumetricAreaMm2 = 0
  /** Diameter that M200 last named, in mm: `M200 S1` goes back to it. */
  filamentDiameterMm = FILAMENT_DIAMETER_MM
  /** The least diameter that M200 may have given to another tool. */
  otherDiameterMm = FILAMENT_DIAMETER_MM
  /** Selected tool. */
  tool = 0

  /** What one E unit is in mm of filament, or in mm³ under M200: G20 turns those into cubic inches (parser.h `axis_unit_factor`). */
  extruderUnit(): number {
    const unit = this.unitMm
    return this.volumetricAreaMm2 > 0 && unit !== 1 ? unit * unit * unit : unit
  }

  /** Puts this state at the declared start: millimetres, absolute, factors at 100 %, tool 0, position unknown. */
  reset(): void {
    this.copyFrom(DECLARED_START)
  }

  copyFrom(other: MachineState): void {
    this.x = other.x
    this.y = other.y
    this.z = other.z
    this.known = other.known
    this.homed = other.homed
    this.shiftX = other.shiftX
    this.shiftY = other.shiftY
    this.shiftZ = other.shiftZ
    this.e = other.e
    this.retractedMm = other.retractedMm
    this.filamentMm = other.filamentMm
    this.isRelative = other.isRelative
    this.isExtruderRelative = other.isExtruderRelative
    this.unitMm = other.unitMm
    this.plane = other.plane
    this.feedrateMmPerMin = other.feedrateMmPerMin
    this.speedFactor = other.speedFactor
    this.savedSpeedFactor = other.savedSpeedFactor
    this.flowFactor = other.flowFactor
    this.otherFlowFactor = other.otherFlowFactor
    this.volumetricAreaMm2 = other.volumetricAreaMm2
    this.filamentDiameterMm = other.filamentDiameterMm
    this.otherDiameterMm = other.otherDiameterMm
    this.tool = other.tool
  }
}

const DECLARED_START = new MachineState()
