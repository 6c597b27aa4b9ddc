/**
 * The agent's clock went back from one record to the next.
 *
 * Means: the time of the records cannot be trusted; somebody may want a licence that has expired, or a quota anew.
 * Innocent: a board without a battery clock that starts with an old time, or a time server that mends a clock that ran fast.
 */
import { z } from 'zod'
import { defineRule, ONLY, signalOf } from '../rule.ts'
import { count, newTally, placeSchema, tallySchema } from '../tally.ts'

/** Records of one group may be stamped out of order by this much, and time servers step clocks by fractions of it. */
const TOLERANCE_MS = 2000
/** A clock is seldom so wrong by itself, once it was right. */
const MEDIUM_MS = 60 * 60_000
/** A licence or a daily quota turns on a day. */
const HIGH_MS = 24 * 60 * 60_000
/** Steps within an hour of each other are one trouble. */
const WINDOW_MS = 60 * 60_000

const SEVERITY = ['low', 'medium', 'high'] as const

export const clockBack = defineRule({
  id: 'clock-back',
  titles: { [ONLY]: 'the clock went back between two records' },
  meaning: 'The times of the records cannot be trusted from here on.',
  innocent: 'A board without a battery clock started with an old time, or a time server mended a fast clock.',
  remedy:
    'Compare the clock with another one, see that a time server is reached, and check what was licensed meanwhile.',
  confidence: 'high',
  windowSeconds: WINDOW_MS / 1000,
  state: z.strictObject({
    last: placeSchema.nullable(),
    tally: tallySchema,
    /** The largest step of the run, in milliseconds. */
    stepMs: z.int().min(0),
  }),
  initial: () => ({ last: null as z.infer<typeof placeSchema> | null, tally: newTally(), stepMs: 0 }),
  take(state, { index, ms }) {
    const before = state.last
    const here = { index, ms }
    state.last = here
    if (before === null || before.ms - ms <= TOLERANCE_MS) return undefined
    const run = count(state.tally, here, { windowMs: WINDOW_MS, runMin: 1 }, before)
    if (run === undefined) return undefined
    state.stepMs = Math.max(run.count === 1 ? 0 : state.stepMs, before.ms - ms)
    const level = state.stepMs >= HIGH_MS ? 2 : state.stepMs >= MEDIUM_MS ? 1 : 0
    return { ...signalOf(run, SEVERITY[level]), measured: { backSeconds: Math.round(state.stepMs / 1000) } }
  },
})
