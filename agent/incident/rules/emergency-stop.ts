/**
 * The emergency stop went out.
 *
 * Means: somebody or something saw danger.
 * Innocent: a print that came loose, a first try of the button.
 */
import { defineRule, ONLY, signalOf } from '../rule.ts'
import { count, newTally, tallySchema } from '../tally.ts'

/** Who stops a machine stops it until it stands: those of an hour are one. */
const WINDOW_MS = 60 * 60_000

export const emergencyStop = defineRule({
  id: 'emergency-stop',
  titles: { [ONLY]: 'the emergency stop was used' },
  meaning: 'Somebody or something saw danger.',
  innocent: 'A print that came loose, or a first try of the button.',
  remedy: 'Ask whoever was there what happened, before the machine is cleared.',
  confidence: 'high',
  windowSeconds: WINDOW_MS / 1000,
  state: tallySchema,
  initial: newTally,
  take(tally, moment) {
    if (moment.record.kind !== 'emergency-stop') return undefined
    const run = count(tally, moment, { windowMs: WINDOW_MS, runMin: 1 })
    return run === undefined ? undefined : signalOf(run, 'medium')
  },
})
