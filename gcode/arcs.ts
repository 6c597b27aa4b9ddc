/**
 * Arcs by their swept extent: where G2 and G3 really go, not only where they end. Follows Marlin's G2_G3.cpp
 * for the centre and its `plan_arc` for the angle.
 */

/** Marlin takes ends nearer than this for the same point, and makes a full circle of it (`NEAR`). In mm. */
const SAME_POINT_MM = 1e-6
const TAU = 2 * Math.PI
/**
 * Ends nearer than this along the circle to the start, but not the same point: rounding in the printer's 32-bit floats
 * decides between next to nothing, a full circle and no move at all. No slicer writes such an arc. In mm.
 */
const DOUBTFUL_ARC_MM = 0.002
/** Full circles that a `P` word may add. Marlin reads a byte; more than a few is nothing a slicer writes. */
const CIRCLES_MAX = 255

/** One arc in its plane: first axis `a`, second axis `b`. Reused; every field is set by `sweepArc`. */
export class Sweep {
  minA = 0
  maxA = 0
  minB = 0
  maxB = 0
  radiusMm = 0
  /** Angle travelled in radians, full circles included, always positive. */
  angleRad = 0
}

/**
 * Sweeps the arc from (a0, b0) to (a1, b1) about the start plus (offsetA, offsetB). `circles` are the full turns
 * of the P word. Answers false where it cannot be told: no radius, more turns than a byte holds, or an end so near
 * the start that the printer may take the arc for a full circle.
 */
export function sweepArc(
  a0: number,
  b0: number,
  a1: number,
  b1: number,
  offsetA: number,
  offsetB: number,
  isClockwise: boolean,
  circles: number,
  out: Sweep,
): boolean {
  const radius = Math.hypot(offsetA, offsetB)
  if (!(radius > 0) || !Number.isFinite(radius) || circles < 0 || circles > CIRCLES_MAX) return false
  const centreA = a0 + offsetA
  const centreB = b0 + offsetB
  let travel = TAU
  let lastA = a1
  let lastB = b1
  if (Math.abs(a1 - a0) > SAME_POINT_MM || Math.abs(b1 - b0) > SAME_POINT_MM) {
    const endA = a1 - centreA
    const endB = b1 - centreB
    // The vector from the centre to the start is (-offsetA, -offsetB).
    travel = Math.atan2(-offsetA * endB + offsetB * endA, -offsetA * endA - offsetB * endB)
    if (Math.abs(travel) * radius < DOUBTFUL_ARC_MM) return false
    if (isClockwise) travel = -travel
    if (travel <= 0) travel += TAU
    // The end need not lie on the circle: the printer follows the circle to the direction of the end and leaves it there.
    const reach = radius / Math.hypot(endA, endB)
    lastA = centreA + endA * reach
    lastB = centreB + endB * reach
  }
  const start = Math.atan2(-offsetB, -offsetA)
  out.radiusMm = radius
  out.angleRad = travel + circles * TAU
  out.minA = Math.min(a0, a1, lastA)
  out.maxA = Math.max(a0, a1, lastA)
  out.minB = Math.min(b0, b1, lastB)
  out.maxB = Math.max(b0, b1, lastB)
  const swept = Math.min(out.angleRad, TAU)
  if (crosses(start, swept, isClockwise, 0)) out.maxA = Math.max(out.maxA, centreA + radius)
  if (crosses(start, swept, isClockwise, Math.PI / 2)) out.maxB = Math.max(out.maxB, centreB + radius)
  if (crosses(start, swept, isClockwise, Math.PI)) out.minA = Math.min(out.minA, centreA - radius)
  if (crosses(start, swept, isClockwise, (3 * Math.PI) / 2)) out.minB = Math.min(out.minB, centreB - radius)
  return true
}

/** Whether the sweep passes the direction `angle`. */
function crosses(start: number, travel: number, isClockwise: boolean, angle: number): boolean {
  let turn = isClockwise ? start - angle : angle - start
  turn %= TAU
  if (turn < 0) turn += TAU
  return turn <= travel
}

/** The centre that an R word means, as an offset from the start. */
export class RadiusCentre {
  offsetA = 0
  offsetB = 0
}

/**
 * Finds the centre for the radius form. A negative radius takes the long way round. Answers false where start
 * and end are one point, which has no centre; a radius shorter than half the chord is stretched to it, as
 * Marlin does (G2_G3.cpp: `h = (h2 >= 0) ? SQRT(h2) : 0`).
 */
export function centreOfRadius(
  a0: number,
  b0: number,
  a1: number,
  b1: number,
  radius: number,
  isClockwise: boolean,
  out: RadiusCentre,
): boolean {
  const da = a1 - a0
  const db = b1 - b0
  const chord = Math.hypot(da, db)
  if (radius === 0 || !(chord > 0)) return false
  const half = chord / 2
  const r = Math.abs(radius)
  const squared = (r - half) * (r + half)
  const height = squared > 0 ? Math.sqrt(squared) : 0
  const side = isClockwise !== radius < 0 ? -1 : 1
  out.offsetA = da / 2 - (side * height * db) / chord
  out.offsetB = db / 2 + (side * height * da) / chord
  return true
}
