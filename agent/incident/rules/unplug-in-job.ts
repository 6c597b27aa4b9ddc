/**
 * The link to the printer was lost while a job was open.
 *
 * Means: the cable was pulled or the printer switched off in mid-print; what it did from then on nobody saw, and another
 * cable may have been put in.
 * Innocent: a loose plug, a power cut, somebody who pressed the printer's reset.
 */
import { z } from 'zod'
import { defineRule, ONLY, signalOf } from '../rule.ts'
import { count, newTally, placeSchema, tallySchema } from '../tally.ts'

/** The end of a job that says that its printer was gone. */
const LOST_CODE = 'port-lost'
/** A day's losses are told as one. */
const WINDOW_MS = 24 * 60 * 60_000
/** A plug that falls out so often is looked after, or pulled. */
const HIGH_MIN = 3

export const unplugInJob = defineRule({
  id: 'unplug-in-job',
  titles: { [ONLY]: 'the printer was lost in the middle of a job' },
  meaning: 'What the printer did from then on nobody saw; it may have been connected to something else.',
  innocent: 'A loose plug, a power cut, or somebody who pressed reset.',
  remedy: 'Look at the cable and at the part, and compare the printer counters with the log.',
  confidence: 'medium',
  windowSeconds: WINDOW_MS / 1000,
  state: z.strictObject({ open: placeSchema.nullable(), tally: tallySchema }),
  initial: () => ({ open: null as z.infer<typeof placeSchema> | null, tally: newTally() }),
  take(state, { index, ms, record }) {
    const here = { index, ms }
    switch (record.kind) {
      case 'job-opened':
      case 'stream-opened':
        state.open = here
        return undefined
      // A job that a killed agent left open is not lost now.
      case 'agent-started':
        state.open = null
        return undefined
      case 'printer-lost':
        break
      case 'job-closed':
        if (record.code === LOST_CODE) break
        state.open = null
        return undefined
      default:
        return undefined
    }
    // The loss and the end of its job are two records of one thing.
    const { open } = state
    state.open = null
    if (open === null) return undefined
    const run = count(state.tally, here, { windowMs: WINDOW_MS, runMin: 1 }, open)
    return run === undefined ? undefined : signalOf(run, run.count >= HIGH_MIN ? 'high' : 'medium')
  },
})
