/** G2 and G3 as Marlin plans them: how far the nozzle travels and which box it sweeps. */

const FULL_TURN = 2 * Math.PI
/** What Marlin takes for equal. */
const NEAR_MM = 0.000001
/** Shorter arcs are dropped, and the position stays where it was. */
const ARC_MM_MIN = 0.001

/** A point in the plane of the arc. */
export interface PlanePoint {
  readonly a: number
  readonly b: number
}

/** The part of an arc that lies in its plane. */
export interface Arc {
  readonly lengthMm: number
  readonly min: PlanePoint
  readonly max: PlanePoint
}

/** The centre, seen from the start, of the arc of radius `radius` (negative for the longer way), or undefined. */
export function centreFromRadius(
  start: PlanePoint,
  end: PlanePoint,
  radius: number,
  isClockwise: boolean,
): PlanePoint | undefined {
  if (radius === 0 || (start.a === end.a && start.b === end.b)) return undefined
  const half = { a: (end.a - start.a) / 2, b: (end.b - start.b) / 2 }
  const halfChord = Math.hypot(half.a, half.b)
  const side = isClockwise !== radius < 0 ? -1 : 1
  // A radius shorter than half the chord puts the centre in the middle: the firmware does not object.
  const height = Math.sqrt(Math.max(0, (radius - halfChord) * (radius + halfChord)))
  const scale = (side * height) / halfChord
  return { a: half.a - half.b * scale, b: half.b + half.a * scale }
}

/** Follows an arc around `start + centre`; undefined where it is too short to be made. */
export function sweepArc(
  start: PlanePoint,
  end: PlanePoint,
  centre: PlanePoint,
  options: { readonly isClockwise: boolean; readonly circles: number; readonly liftMm: number },
): Arc | undefined {
  const middle = { a: start.a + centre.a, b: start.b + centre.b }
  const radius = Math.hypot(centre.a, centre.b)
  const startAngle = Math.atan2(-centre.b, -centre.a)
  let angle = positive(Math.atan2(end.b - middle.b, end.a - middle.a) - startAngle)
  if (options.isClockwise) angle -= FULL_TURN
  const isClosed = Math.abs(start.a - end.a) < NEAR_MM && Math.abs(start.b - end.b) < NEAR_MM
  if (isClosed && Math.abs(angle % FULL_TURN) < NEAR_MM) angle = options.isClockwise ? -FULL_TURN : FULL_TURN
  angle += Math.sign(angle) * options.circles * FULL_TURN

  const arcMm = Math.hypot(radius * angle, options.liftMm)
  if (arcMm < ARC_MM_MIN) return undefined
  const last = {
    a: middle.a + radius * Math.cos(startAngle + angle),
    b: middle.b + radius * Math.sin(startAngle + angle),
  }
  // The last segment goes straight to the end that was asked for, however far that is from the circle.
  const lengthMm = arcMm + Math.hypot(end.a - last.a, end.b - last.b)
  const points = [start, end, last, ...extremes(middle, radius, startAngle, angle)]
  return {
    lengthMm,
    min: { a: Math.min(...points.map(({ a }) => a)), b: Math.min(...points.map(({ b }) => b)) },
    max: { a: Math.max(...points.map(({ a }) => a)), b: Math.max(...points.map(({ b }) => b)) },
  }
}

/** The outermost points of the circle that the arc passes. */
function extremes(middle: PlanePoint, radius: number, startAngle: number, angle: number): PlanePoint[] {
  return [0, 1, 2, 3]
    .map((quarter) => (quarter * FULL_TURN) / 4)
    .filter((at) => {
      const ahead = angle < 0 ? positive(startAngle - at) : positive(at - startAngle)
      return ahead <= Math.abs(angle)
    })
    .map((at) => ({ a: middle.a + radius * Math.cos(at), b: middle.b + radius * Math.sin(at) }))
}

function positive(angle: number): number {
  const rest = angle % FULL_TURN
  return rest < 0 ? rest + FULL_TURN : rest
}
