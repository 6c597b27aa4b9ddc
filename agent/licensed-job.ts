import type { Facts } from '../gcode/index.ts'
import type { LicensedJob } from './licence/index.ts'

/** The part of a survey that a licence speaks of. */
export function licensedJob(survey: {
  readonly sha256: string
  readonly canonicalSha256: string
  readonly facts: Facts
}): LicensedJob {
  const { facts } = survey
  return {
    rawSha256: survey.sha256,
    canonicalSha256: survey.canonicalSha256,
    nozzleMaxCelsius: facts.nozzleMaxCelsius,
    bedMaxCelsius: facts.bedMaxCelsius,
    chamberMaxCelsius: facts.chamberMaxCelsius,
    sizeMm: facts.sizeMm,
    feedrateMaxMmPerMin: facts.feedrateMaxMmPerMin,
    flowMaxMm3PerS: facts.flowMaxMm3PerS,
    layerMinMm: facts.layers.minHeightMm,
    layerMaxMm: facts.layers.maxHeightMm,
    filamentMm: facts.filamentMm,
    estimatedSeconds: facts.estimatedSeconds,
  }
}
