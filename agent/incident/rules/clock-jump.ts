/**
 * The clock went far ahead while the agent ran.
 *
 * Means: the host slept, or its clock was set; a quota may have begun anew. Without a job a quiet night looks the same, so
 * only two things are told: a gap inside a job, in which records come all the time, and one of months without a start.
 * Innocent: a pause of many hours in a job, a host that was suspended, a board that learned the time after its start.
 */
import { z } from 'zod'
import { defineRule, ONLY } from '../rule.ts'
import { placeSchema } from '../tally.ts'

/** While a job sends, its digest is sealed twice a minute. A filament change takes less than this. */
const JOB_GAP_MS = 4 * 60 * 60_000
/** An agent that runs and records nothing for so long is no agent that is in use. */
const IDLE_GAP_MS = 180 * 24 * 60 * 60_000
/** A board without a battery clock learns the time soon after it has started. */
const START_RECORDS = 16

export const clockJump = defineRule({
  id: 'clock-jump',
  titles: { [ONLY]: 'the clock went far ahead between two records' },
  meaning: 'The host slept or its clock was set: expiry and quotas count from a time that may be wrong.',
  innocent: 'A very long pause in a job, a suspended host, or a board that learned the time late.',
  remedy: 'Compare the clock with another one and see that a time server is reached.',
  confidence: 'low',
  windowSeconds: null,
  state: z.strictObject({
    last: placeSchema.nullable(),
    isInJob: z.boolean(),
    /** Records since the agent started. */
    sinceStart: z.int().min(0).max(START_RECORDS),
  }),
  initial: () => ({
    last: null as z.infer<typeof placeSchema> | null,
    isInJob: false,
    sinceStart: 0,
  }),
  take(state, { index, ms, record }) {
    const { last: before, isInJob } = state
    const here = { index, ms }
    state.last = here
    if (record.kind === 'agent-started') Object.assign(state, { isInJob: false, sinceStart: 0 })
    else state.sinceStart = Math.min(START_RECORDS, state.sinceStart + 1)
    if (record.kind === 'job-opened' || record.kind === 'stream-opened') state.isInJob = true
    if (record.kind === 'job-closed') state.isInJob = false
    // The machine was off meanwhile.
    if (before === null || record.kind === 'agent-started') return undefined
    const aheadMs = ms - before.ms
    const isInMidJob = isInJob && aheadMs >= JOB_GAP_MS
    const isWide = state.sinceStart >= START_RECORDS && aheadMs >= IDLE_GAP_MS
    if (!isInMidJob && !isWide) return undefined
    const severity = isWide ? 'medium' : 'low'
    const measured = { aheadSeconds: Math.round(aheadMs / 1000) }
    return { form: ONLY, severity, first: before, last: here, count: 1, measured }
  },
})
