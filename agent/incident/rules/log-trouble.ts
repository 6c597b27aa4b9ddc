/**
 * Something is wrong with the log itself.
 *
 * Means: a tail that was cut off is what a crash leaves of a record that was never acknowledged. A witness that refuses
 * knows another log under this one's name: somebody put an older copy back, or wrote a second one.
 * Innocent: for the tail, a power cut; for the witness, a state folder that was restored from a backup.
 */
import { z } from 'zod'
import { defineRule, signalOf } from '../rule.ts'
import { count, newTally, tallySchema } from '../tally.ts'

/** A day's are told as one: a witness is asked again and again. */
const WINDOW_MS = 24 * 60 * 60_000
/** A disk or a power supply that is going, or somebody who tries what comes of it. */
const TAILS_MEDIUM_MIN = 3

const LIMITS = { windowMs: WINDOW_MS, runMin: 1 }

export const logTrouble = defineRule({
  id: 'log-trouble',
  titles: {
    tail: 'an unfinished record was cut off the end of the log',
    witness: 'a witness knows another log under the name of this one',
    claim: 'a witness says, and does not show, that it knows another log under the name of this one',
  },
  meaning: 'The log was cut short by a crash, or it was put back or forked.',
  innocent: 'A power cut, or a state folder that was restored from a backup.',
  remedy:
    'Verify the log against a head that was kept elsewhere; where a witness refused, stop and ask who restored it.',
  confidence: 'high',
  windowSeconds: WINDOW_MS / 1000,
  state: z.strictObject({ tails: tallySchema, refusals: tallySchema, claims: tallySchema }),
  initial: () => ({ tails: newTally(), refusals: newTally(), claims: newTally() }),
  take(state, moment) {
    if (moment.record.kind === 'tail-truncated') {
      const run = count(state.tails, moment, LIMITS)
      return run && signalOf(run, run.count >= TAILS_MEDIUM_MIN ? 'medium' : 'low', 'tail')
    }
    if (moment.record.kind !== 'witness-refused') return undefined
    // What a witness cannot show may be its own invention, or that of somebody on the way to it.
    if (!moment.record.isProven) {
      const claims = count(state.claims, moment, LIMITS)
      return claims && signalOf(claims, 'medium', 'claim')
    }
    const run = count(state.refusals, moment, LIMITS)
    return run && signalOf(run, 'critical', 'witness')
  },
})
