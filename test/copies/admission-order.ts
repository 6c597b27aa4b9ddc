/** Jobs that ask for a copy, as they come from the judge. */
import type { AdmissionOrder } from '../../agent/copy-keeper.ts'
import type { LicenceUse } from '../../agent/licence-schema.ts'
import type { Decision } from '../../policies/index.ts'
import { ANCHOR, KEY } from './book.ts'

const SHA256 = 'ab'.repeat(32)

/** A decision that lets a job print. */
export function decisionFor(id: string, more: Partial<Decision> = {}): Decision {
  return {
    id,
    at: '2026-11-23T04:00:00.000Z',
    outcome: 'allow',
    job: {
      name: 'bracket.gcode',
      bytes: 900,
      lines: 30,
      commands: 100,
      sha256: SHA256,
      canonicalSha256: SHA256,
    },
    facts: {
      extrusionBoundsMm: null,
      travelBoundsMm: null,
      sizeMm: null,
      filamentMm: 100,
      filamentMm3: 240,
      layers: { count: 4, minHeightMm: 0.2, maxHeightMm: 0.2 },
      nozzleMaxCelsius: 200,
      bedMaxCelsius: null,
      chamberMaxCelsius: null,
      nozzlePrintingMaxCelsius: 200,
      feedrateMaxMmPerMin: 3000,
      flowMaxMm3PerS: 9,
      estimatedSeconds: 60,
      tools: [0],
      classes: {},
      unknownCommands: [],
    },
    claims: {},
    policy: { name: 'maker-space', version: 1, sha256: SHA256 },
    licence: {
      id: 'lic-1',
      issuer: 'https://issuer.example',
      licensee: 'Riverside Makers',
      expiresAt: '2027-01-01T00:00:00Z',
      copiesLeft: 1,
    },
    reasons: [],
    unlistedObjections: 0,
    log: null,
    ...more,
  }
}

type Counter = LicenceUse['copies']['counters'][number]

export function counterOf(key: string, limit: number, more: Partial<Counter> = {}): Counter {
  return { key, limit, limitPerDay: undefined, filamentMmMax: undefined, ...more }
}

/** What was verified of a licence for three copies. */
export function licenceFor(more: Partial<LicenceUse> = {}, ...counters: readonly Counter[]): LicenceUse {
  return {
    sha256: 'cd'.repeat(32),
    tier: 'controlled',
    copies: {
      counters: counters.length === 0 ? [counterOf(KEY, 3)] : counters,
      commit: { layer: 1, onAbort: 'return' },
    },
    anchorSha256: ANCHOR,
    commitAt: 10,
    filamentMm: 100,
    ...more,
  }
}

export function orderFor(
  id: string,
  licence: LicenceUse | undefined,
  more: Partial<Decision> = {},
): AdmissionOrder {
  return { decision: decisionFor(id, more), licence, user: undefined, decidedInMs: 1, appeal: 'ask the desk' }
}
