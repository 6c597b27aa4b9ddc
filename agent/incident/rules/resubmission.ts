/**
 * A denied job came again and again, each time a little different.
 *
 * Means: somebody changes a job just enough to find where the policy stops objecting; where one of the variants was
 * allowed in the end, they may have found it. Jobs are told to be alike by their numbers of commands and bytes: the log
 * holds nothing of what is in them.
 * Innocent: somebody mends a file, and needs many attempts.
 */
import { z } from 'zod'
import type { Moment } from '../finding.ts'
import { defineRule, type Signal, signalOf } from '../rule.ts'
import { count, isWithin, newTally, tallySchema } from '../tally.ts'

/** Slicing again takes minutes, and whoever is patient comes back after work. */
const WINDOW_MS = 24 * 60 * 60_000
/** Different variants that were denied. Who reads the reasons mends a file in fewer. */
const VARIANTS_MIN = 5
const MANY_VARIANTS_MIN = 10
/** A small change to a job: a fiftieth of its commands, a twentieth of its bytes (comments count among these). */
const COMMANDS_SHARE = 0.02
const BYTES_SHARE = 0.05
/** Of the smallest jobs, so much is a small change as well. */
const COMMANDS_SLACK = 4
const BYTES_SLACK = 128
/** Jobs that are followed, the latest: a printer is not denied more in a day. */
const SERIES_MAX = 32
/** Variants of one that are known again, the latest. */
const VARIANTS_KNOWN_MAX = 16
/** So much of a digest tells a handful of files apart. */
const DIGEST_HEX_CHARS = 12

const series = z.strictObject({
  commands: z.int().min(0),
  bytes: z.int().min(0),
  canonical: z.string().max(DIGEST_HEX_CHARS),
  variants: z.array(z.string().max(DIGEST_HEX_CHARS)).max(VARIANTS_KNOWN_MAX),
  ms: z.int(),
  tally: tallySchema,
})
type Series = z.infer<typeof series>

const LIMITS = { windowMs: WINDOW_MS, runMin: VARIANTS_MIN }

export const resubmission = defineRule({
  id: 'resubmission',
  titles: {
    denied: 'a denied job came again and again with small changes',
    allowed: 'a job was allowed after many like it had been denied',
  },
  meaning: 'Somebody may be changing a job just enough to find where the policy stops objecting.',
  innocent: 'Somebody mends a file and needs many attempts.',
  remedy: 'Compare the decisions between the first and the last record, and what the allowed one changed.',
  confidence: 'low',
  windowSeconds: WINDOW_MS / 1000,
  state: z.strictObject({ series: z.array(series).max(SERIES_MAX) }),
  initial: () => ({ series: [] as Series[] }),
  take(state, moment) {
    const job = jobOf(moment)
    if (job === undefined) return undefined
    state.series = state.series.filter(({ ms }) => isWithin(ms, moment.ms, WINDOW_MS))
    const known = state.series.findLast((one) => isAlike(one, job))
    if (job.outcome !== 'deny') return job.outcome === 'hold' ? undefined : allowed(known, moment)
    const { commands, bytes, canonical, variant } = job
    const one: Series = known ?? { ...job.size, variants: [], ms: moment.ms, tally: newTally() }
    state.series = [...state.series.filter((other) => other !== one), one].slice(-SERIES_MAX)
    // It is compared with the latest: many small changes lead far.
    Object.assign(one, { commands, bytes, canonical, ms: moment.ms })
    if (one.variants.includes(variant)) return undefined
    one.variants = [...one.variants, variant].slice(-VARIANTS_KNOWN_MAX)
    const run = count(one.tally, moment, LIMITS)
    if (run === undefined) return undefined
    return signalOf(run, run.count >= MANY_VARIANTS_MIN ? 'medium' : 'low', 'denied')
  },
})

/**
 * What was denied so often has passed: told once, and counted anew. A job that passes before the series is one changes
 * nothing, or whoever probes would send a harmless one in between.
 */
function allowed(known: Series | undefined, { index, ms }: Moment): Signal | undefined {
  const run = known?.tally.run ?? null
  if (known === undefined || run === null || !isWithin(run.last.ms, ms, WINDOW_MS)) return undefined
  known.tally = newTally()
  const severity = run.count >= MANY_VARIANTS_MIN ? 'high' : 'medium'
  return signalOf({ ...run, last: { index, ms } }, severity, 'allowed')
}

function jobOf({ record }: Moment) {
  if (record.kind !== 'decision') return undefined
  const { commands, bytes, sha256, canonicalSha256 } = record.job
  const size = { commands, bytes, canonical: canonicalSha256.slice(0, DIGEST_HEX_CHARS) }
  return { ...size, size, variant: sha256.slice(0, DIGEST_HEX_CHARS), outcome: record.outcome }
}

function isAlike(one: Series, job: Pick<Series, 'commands' | 'bytes' | 'canonical'>): boolean {
  if (one.canonical === job.canonical) return true
  return (
    Math.abs(one.commands - job.commands) <= Math.max(COMMANDS_SLACK, one.commands * COMMANDS_SHARE) &&
    Math.abs(one.bytes - job.bytes) <= Math.max(BYTES_SLACK, one.bytes * BYTES_SHARE)
  )
}
