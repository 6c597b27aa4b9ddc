/**
 * Counts things of one sort as they come: a run begins when enough of them fell into one window of time, goes on while
 * the next comes within another, and ends with quiet. Plain data, so that it can be kept and taken up again.
 */
import { z } from 'zod'

/** No rule asks for more within its window before it speaks. */
const RECENT_MAX = 64

export const placeSchema = z.strictObject({ index: z.int().min(0), ms: z.int() })
/** A record by its index and its time. */
export type Place = z.infer<typeof placeSchema>

const runSchema = z.strictObject({ first: placeSchema, last: placeSchema, count: z.int().min(1) })
export type Run = z.infer<typeof runSchema>

export const tallySchema = z.strictObject({
  recent: z.array(placeSchema).max(RECENT_MAX),
  run: runSchema.nullable(),
})
export type Tally = z.infer<typeof tallySchema>

export interface TallyLimits {
  /** How far apart things may lie and still belong together. */
  readonly windowMs: number
  /** How many within the window begin a run: 1 to 64. */
  readonly runMin: number
}

export const newTally = (): Tally => ({ recent: [], run: null })

/** Times may step back, so what lies as far ahead is as far away. */
export const isWithin = (a: number, b: number, windowMs: number): boolean => Math.abs(a - b) <= windowMs

/** Counts one more; `since` is where it began, if that is an earlier record. Answers with the run that it belongs to. */
export function count(
  tally: Tally,
  here: Place,
  limits: TallyLimits,
  since: Place = here,
): Readonly<Run> | undefined {
  const { windowMs, runMin } = limits
  if (tally.run !== null) {
    if (isWithin(tally.run.last.ms, here.ms, windowMs)) {
      tally.run.last = place(here)
      tally.run.count += 1
      return tally.run
    }
    tally.run = null
  }
  tally.recent = tally.recent.filter(({ ms }) => isWithin(ms, here.ms, windowMs))
  tally.recent.push(place(since))
  if (tally.recent.length < runMin) return undefined
  return begin(tally, here)
}

/** Begins a run at once, however few there were: something else has shown that it is one. */
export function countAsRun(tally: Tally, here: Place, limits: TallyLimits): Readonly<Run> {
  return count(tally, here, limits) ?? begin(tally, here)
}

function begin(tally: Tally, here: Place): Run {
  const [first = place(here)] = tally.recent
  tally.run = { first, last: place(here), count: Math.max(1, tally.recent.length) }
  tally.recent = []
  return tally.run
}

/** Without what else the caller's object holds: a tally is kept as it stands. */
function place({ index, ms }: Place): Place {
  return { index, ms }
}
