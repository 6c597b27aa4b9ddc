/** Within which limits. They come on top of the site's policy: each can only narrow what it allows. */
import { deny, type Objection, refuse } from '../../token/index.ts'
import type { LicenceContext } from '../context.ts'
import type { Licence } from '../licence.ts'
import { degrees, millimetres, shortNumber } from '../words.ts'

type Write = (value: number) => string

/** What was not measured does not occur in the job: one that never heats its chamber is within every limit for it. */
export function checkLimits({ limits }: Licence, { job }: LicenceContext): readonly Objection[] {
  const size = limits.sizeMmMax
  return [
    ...above('nozzle target', job.nozzleMaxCelsius, limits.nozzleCelsiusMax, degrees),
    ...above('bed target', job.bedMaxCelsius, limits.bedCelsiusMax, degrees),
    ...above('chamber target', job.chamberMaxCelsius, limits.chamberCelsiusMax, degrees),
    ...above('size in X', job.sizeMm?.x ?? null, size?.x, millimetres),
    ...above('size in Y', job.sizeMm?.y ?? null, size?.y, millimetres),
    ...above('size in Z', job.sizeMm?.z ?? null, size?.z, millimetres),
    ...above('feedrate', job.feedrateMaxMmPerMin, limits.feedrateMmPerMinMax, feedrate),
    ...above('flow', job.flowMaxMm3PerS, limits.flowMm3PerSMax, flow),
    ...below('layer height', job.layerMinMm, limits.layerMmMin, millimetres),
    ...above('layer height', job.layerMaxMm, limits.layerMmMax, millimetres),
    ...above('duration', job.estimatedSeconds, limits.secondsMax, seconds),
  ]
}

const feedrate: Write = (value) => `${shortNumber(value)} mm/min`
const flow: Write = (value) => `${shortNumber(value)} mm³/s`
const seconds: Write = (value) => `${shortNumber(value)} s`

/** Written so that what is no number is outside. */
function above(
  what: string,
  value: number | null,
  limit: number | undefined,
  write: Write,
): readonly Objection[] {
  if (value === null || limit === undefined || value <= limit) return []
  return [deny(refuse('outside-envelope', what, write(value), 'above', write(limit)))]
}

function below(
  what: string,
  value: number | null,
  limit: number | undefined,
  write: Write,
): readonly Objection[] {
  if (value === null || limit === undefined || value >= limit) return []
  return [deny(refuse('outside-envelope', what, write(value), 'below', write(limit)))]
}
