/**
 * The printer was to be brought to rest, and did not say that its heaters are off.
 *
 * Means: something may still be hot with nobody watching.
 * Innocent: the printer was switched off or unplugged before it could answer.
 */
import { defineRule, ONLY, signalOf } from '../rule.ts'
import { count, newTally, tallySchema } from '../tally.ts'

/** A day's are told as one. */
const WINDOW_MS = 24 * 60 * 60_000

export const unconfirmedStop = defineRule({
  id: 'unconfirmed-stop',
  titles: { [ONLY]: 'a safe stop was not confirmed: the heaters may be on' },
  meaning: 'Something may still be hot with nobody watching.',
  innocent: 'The printer was switched off or unplugged before it could answer.',
  remedy: 'Go to the printer and see that its heaters are off.',
  confidence: 'high',
  windowSeconds: WINDOW_MS / 1000,
  state: tallySchema,
  initial: newTally,
  take(tally, moment) {
    const { record } = moment
    if (record.kind !== 'safe-stop' || record.confirmed) return undefined
    const run = count(tally, moment, { windowMs: WINDOW_MS, runMin: 1 })
    return run === undefined ? undefined : signalOf(run, 'high')
  },
})
