/**
 * The agent started, and the one before it had not ended in good order; or it is not known what became of a job.
 *
 * Means: the agent crashed or was killed, perhaps to get at the printer without it.
 * Innocent: a power cut, an upgrade of the host that gave it no time.
 */
import { z } from 'zod'
import { defineRule, signalOf } from '../rule.ts'
import { count, newTally, placeSchema, tallySchema } from '../tally.ts'

/** A day's are told as one. */
const WINDOW_MS = 24 * 60 * 60_000
/** No power cut, but something that ends it again and again. */
const MANY_MIN = 5
/** The end of a job that another rule tells of. */
const LOST_CODE = 'port-lost'

const LIMITS = { windowMs: WINDOW_MS, runMin: 1 }

type Place = z.infer<typeof placeSchema>

export const uncleanEnd = defineRule({
  id: 'unclean-end',
  titles: {
    agent: 'the agent had not ended in good order before it started',
    job: 'it is not known what became of a job',
  },
  meaning: 'The agent crashed or was killed: nobody watched the printer until it started again.',
  innocent: 'A power cut, or an upgrade of the host that gave it no time.',
  remedy: 'Look at the host log for the time before the start, and at the part on the printer.',
  confidence: 'medium',
  windowSeconds: WINDOW_MS / 1000,
  state: z.strictObject({
    /** A start that no end has followed. */
    started: placeSchema.nullable(),
    open: placeSchema.nullable(),
    agents: tallySchema,
    jobs: tallySchema,
  }),
  initial: () => ({
    started: null as Place | null,
    open: null as Place | null,
    agents: newTally(),
    jobs: newTally(),
  }),
  take(state, { index, ms, record }) {
    const here = { index, ms }
    switch (record.kind) {
      case 'job-opened':
      case 'stream-opened':
        state.open = here
        return undefined
      case 'agent-ended':
        state.started = null
        return undefined
      case 'agent-started': {
        const { started, open } = state
        state.started = here
        // That the job's end is not known either goes without saying.
        state.open = null
        if (started === null) return undefined
        const run = count(state.agents, here, LIMITS, started)
        if (run === undefined) return undefined
        return signalOf(run, open !== null || run.count >= MANY_MIN ? 'medium' : 'low', 'agent')
      }
      case 'job-closed': {
        const { open } = state
        state.open = null
        if (open === null || record.outcome !== 'uncertain' || record.code === LOST_CODE) return undefined
        const run = count(state.jobs, here, LIMITS, open)
        return run === undefined ? undefined : signalOf(run, 'medium', 'job')
      }
      default:
        return undefined
    }
  },
})
