/**
 * Many lines or jobs were refused in a short time.
 *
 * Means: somebody or some program tries one thing after the other, or keeps on with what does not pass.
 * Innocent: a host with the profile of another printer; a script that repeats what was refused; a new policy that
 * nobody has tried on the site's own jobs.
 */
import { z } from 'zod'
import { defineRule, ONLY, signalOf } from '../rule.ts'
import { count, countAsRun, newTally, tallySchema } from '../tally.ts'

/** The gate blocks a host after 20 in a minute. Ten minutes see as well who stays just below that. */
const WINDOW_MS = 10 * 60_000
/** A person with a bad file or a console makes fewer. */
const REFUSALS_MIN = 20
/** More than people type. */
const MEDIUM_MIN = 100
/** It goes on for hours, or nothing blocks it. */
const HIGH_MIN = 1000

const LIMITS = { windowMs: WINDOW_MS, runMin: REFUSALS_MIN }

export const refusalBurst = defineRule({
  id: 'refusal-burst',
  titles: { [ONLY]: 'many lines or jobs were refused in a short time' },
  meaning: 'A person or a program tries one thing after the other, or keeps on with what does not pass.',
  innocent:
    'A host with the profile of another printer, a script that repeats itself, or a policy not yet tried.',
  remedy: 'Look at the refused records between the first and the last: which codes, from which host.',
  confidence: 'medium',
  windowSeconds: WINDOW_MS / 1000,
  state: z.strictObject({ tally: tallySchema, latchedIn: z.int().min(0).nullable() }),
  initial: () => ({ tally: newTally(), latchedIn: null as number | null }),
  take(state, moment) {
    const { record } = moment
    const isBlocked = record.kind === 'latched' && record.code === 'many-refusals'
    const isRefusal =
      record.kind === 'line-refused' || (record.kind === 'decision' && record.outcome === 'deny')
    if (!isBlocked && !isRefusal) return undefined
    // That the gate blocked the host says that it is a burst, be it one of jobs that were begun.
    const run = isBlocked ? countAsRun(state.tally, moment, LIMITS) : count(state.tally, moment, LIMITS)
    if (run === undefined) return undefined
    if (isBlocked) state.latchedIn = run.first.index
    const wasBlocked = state.latchedIn === run.first.index
    if (run.count >= HIGH_MIN) return signalOf(run, 'high')
    return signalOf(run, wasBlocked || run.count >= MEDIUM_MIN ? 'medium' : 'low')
  },
})
