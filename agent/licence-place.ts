import type { Facts } from '../gcode/index.ts'
import { usesOf } from './copies/index.ts'
import { COPY_BOOK } from './copy-fold.ts'
import type { Ledger } from './ledger.ts'
import type { LicencePlace, LicensedJob } from './licence/index.ts'
import { stateOfLog } from './replay.ts'
import type { StateFolder } from './state-folder.ts'
import { loadTrust } from './trust/index.ts'

/** What a licence is held against at this place: whom the site trusts, what time it is, how often it was used. */

/**
 * The place as it is now, by the log that is open or, without one, by what it tells whoever reads it. Throws LICENCE_UNREADABLE
 * where the trust folder cannot be used, and as `readLog` does.
 */
export async function licencePlace(
  state: StateFolder,
  ledger?: Pick<Ledger, 'stateOf'>,
): Promise<LicencePlace> {
  const book = ledger?.stateOf(COPY_BOOK) ?? (await stateOfLog(COPY_BOOK, state.logDir))
  return {
    trust: await loadTrust(state.trustDir, Date.now()),
    time: { nowMs: Date.now(), signedMs: 0, doubt: 'none' },
    machine: { id: state.machineId, printer: null, assurance: 'software', cosigners: 0, isRealPort: true },
    uses: usesOf(book, Date.now()),
    statusLists: [],
    seenLists: {},
  }
}

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
