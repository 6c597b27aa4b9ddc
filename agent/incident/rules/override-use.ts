/**
 * Rules were set aside for a job by somebody who may.
 *
 * Means: the policy does not hold for that job. Each is on record with its reason; many of them mean that the policy or
 * whoever overrides it should be looked at.
 * Innocent: what overrides are for.
 */
import { defineRule, ONLY, signalOf } from '../rule.ts'
import { count, newTally, tallySchema } from '../tally.ts'

/** A day's are told as one. */
const WINDOW_MS = 24 * 60 * 60_000
/** No longer the exception. */
const MEDIUM_MIN = 5

export const overrideUse = defineRule({
  id: 'override-use',
  titles: { [ONLY]: 'rules were set aside for a job' },
  meaning: 'The policy did not hold for that job. Many of these ask for another policy, or another look.',
  innocent: 'It is what overrides are for.',
  remedy: 'Read the reasons that are on record with the overrides.',
  confidence: 'high',
  windowSeconds: WINDOW_MS / 1000,
  state: tallySchema,
  initial: newTally,
  take(tally, moment) {
    if (moment.record.kind !== 'override') return undefined
    const run = count(tally, moment, { windowMs: WINDOW_MS, runMin: 1 })
    return run === undefined ? undefined : signalOf(run, run.count >= MEDIUM_MIN ? 'medium' : 'low')
  },
})
