import { z } from 'zod'
import type { Fold, FoldedRecord } from './replay.ts'

/**
 * What time it is at most, as a fold of the log, for whoever shreds by age: shredding is for ever, and a clock that is
 * ahead - a dead battery, a forged time server, somebody's hand - would have everything shredded at once. So a clock that
 * jumps far ahead of the records is believed only when a witness names such a time too, or when the records have gone on
 * under it for as long as the jump may be.
 */

const DAY_MS = 86_400_000
/** So far a clock may be ahead of the records before it: a machine is off for so long without anybody wondering. */
export const LEAP_MAX_MS = 40 * DAY_MS
/** No clock that is right has ever shown less to this program. */
const BEGINNING_MS = Date.UTC(2025, 0)

interface Clock {
  /** The latest time that is believed, in milliseconds since 1970; 0 before the first record. */
  readonly believedMs: number
  /** A jump that is not believed yet: where it went, and how far the records have come since. */
  readonly leap: { readonly fromMs: number; readonly toMs: number } | null
}

export const RETENTION_CLOCK: Fold<Clock> = {
  name: 'retention-clock',
  empty: { believedMs: 0, leap: null },
  take: (clock, record) => {
    const witnessedMs = witnessedMsOf(record)
    const seen = witnessedMs === undefined ? clock : believe(clock, witnessedMs)
    const atMs = 'at' in record ? Date.parse(record.at) : Number.NaN
    // A clock that was not set says nothing. Nor does no clock.
    return atMs >= BEGINNING_MS ? tick(seen, atMs) : seen
  },
  read: (value) => {
    const parsed = clockSchema.safeParse(value)
    return parsed.success ? parsed.data : undefined
  },
}

const timeMs = z.int().min(0)
const clockSchema = z.strictObject({
  believedMs: timeMs,
  leap: z.strictObject({ fromMs: timeMs, toMs: timeMs }).nullable(),
})

/** The time to reckon ages with, in milliseconds since 1970: what the clock shows, as far as that is believed. */
export function retentionMs({ believedMs }: Clock, nowMs: number): number {
  return Math.min(nowMs, believedMs + LEAP_MAX_MS)
}

function tick(clock: Clock, atMs: number): Clock {
  const { believedMs, leap } = clock
  if (believedMs === 0) return { believedMs: atMs, leap: null }
  if (atMs <= believedMs) return clock
  // It is back where it was: the jump was none.
  if (atMs <= believedMs + LEAP_MAX_MS) return { believedMs: atMs, leap: null }
  const isNew = leap === null || atMs < leap.fromMs || atMs > leap.toMs + LEAP_MAX_MS
  if (isNew) return { believedMs, leap: { fromMs: atMs, toMs: atMs } }
  const toMs = Math.max(leap.toMs, atMs)
  if (toMs - leap.fromMs < LEAP_MAX_MS) return { believedMs, leap: { fromMs: leap.fromMs, toMs } }
  return { believedMs: toMs, leap: null }
}

function believe(clock: Clock, atMs: number): Clock {
  return atMs > clock.believedMs ? { believedMs: atMs, leap: null } : clock
}

/** The earliest time that one of the witnesses gave, in milliseconds since 1970: one that is ahead moves nothing. */
function witnessedMsOf(record: FoldedRecord): number | undefined {
  if (record.kind !== 'witnessed' || record.cosigners.length === 0) return undefined
  return Math.min(...record.cosigners.map(({ time }) => time)) * 1000
}
