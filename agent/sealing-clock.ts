import { z } from 'zod'
import type { Fold } from './replay.ts'

/**
 * What time it is at least, as a fold of the log. A machine whose clock has no battery wakes up in 1970; what is sealed into
 * a month that old would be the first to be shredded for its age. So what is sealed is never sealed before the records of
 * late.
 */

/** No clock that is right has ever shown less to this program. */
const BEGINNING_MS = Date.UTC(2025, 0)
/** Of the last moment that a record can name. */
const END_MS = Date.UTC(10_000, 0) - 1
/** After so many records at the least, and twice as many at the most, a clock that was ahead is forgotten. */
const REMEMBERED = 4096

interface Clock {
  /** The latest time of the records in hand, and of the `REMEMBERED` before them, in milliseconds since 1970. */
  readonly latestMs: number
  readonly beforeMs: number
  /** Records in hand. */
  readonly count: number
}

export const SEALING_CLOCK: Fold<Clock> = {
  name: 'sealing-clock',
  empty: { latestMs: BEGINNING_MS, beforeMs: BEGINNING_MS, count: 0 },
  take: (clock, record) => {
    const atMs = 'at' in record ? Date.parse(record.at) : Number.NaN
    // A clock that was not set says nothing, however many records it stamps. Nor does no clock.
    if (!(atMs >= BEGINNING_MS)) return clock
    const { latestMs, beforeMs, count } = clock
    if (count === REMEMBERED) return { latestMs: atMs, beforeMs: latestMs, count: 1 }
    return { latestMs: Math.max(latestMs, atMs), beforeMs, count: count + 1 }
  },
  read: (value) => {
    const parsed = clockSchema.safeParse(value)
    return parsed.success ? parsed.data : undefined
  },
}

const timeMs = z.int().min(BEGINNING_MS).max(END_MS)
const clockSchema = z.strictObject({
  latestMs: timeMs,
  beforeMs: timeMs,
  count: z.int().min(0).max(REMEMBERED),
})

/** The time to seal under, in milliseconds since 1970. */
export function sealingMs({ latestMs, beforeMs }: Clock, nowMs: number): number {
  return Math.max(latestMs, beforeMs, nowMs)
}
