/**
 * Attempts were refused for one different reason after the other.
 *
 * Means: somebody feels for what the policy lets through. Each attempt counts once, and only where it brought a reason
 * that was not met before: a bad file with many faults, sent again and again, is not probing.
 * Innocent: a newcomer with a slicer set up for another printer, who mends one fault after the other.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Moment } from '../finding.ts'
import { defineRule, signalOf } from '../rule.ts'
import { count, isWithin, newTally, tallySchema } from '../tally.ts'

/** Who feels for limits does not wait for a day between two attempts; who mends a file may. */
const WINDOW_MS = 60 * 60_000
/** New reasons that one subject met within the window. */
const STEPS_MIN = 5
const HIGH_STEPS_MIN = 10
/** The same of all together: several people make several mistakes, and whoever probes may change the name. */
const ANY_STEPS_MIN = 8
const ANY_MEDIUM_STEPS_MIN = 16
/** Subjects that are followed, the latest: more at once at one printer are caught together. */
const SUBJECTS_MAX = 32
/** Reasons that are remembered of one subject, the latest: enough to know a new one, and small. */
const CODES_MAX = 16
/** A digest stands for a code, whatever its length. */
const CODE_HEX_CHARS = 8

const trail = z.strictObject({
  codes: z.array(z.strictObject({ code: z.string().max(CODE_HEX_CHARS), ms: z.int() })).max(CODES_MAX),
  /** Digest of the attempt that made the last step. */
  attempt: z.string().max(CODE_HEX_CHARS).nullable(),
  tally: tallySchema,
})
type Trail = z.infer<typeof trail>

const newTrail = (): Trail => ({ codes: [], attempt: null, tally: newTally() })

interface Attempt {
  readonly subject: string | null
  /** What tells attempts apart: a job, or a line of its own. */
  readonly id: string
  readonly codes: readonly string[]
}

export const probing = defineRule({
  id: 'probing',
  titles: {
    subject: 'one subject was refused for many different reasons',
    any: 'attempts were refused for many different reasons',
  },
  meaning: 'Somebody may be feeling for what the policy lets through.',
  innocent: 'A newcomer with settings for another printer who mends one fault after the other.',
  remedy: 'Look at the refusals between the first and the last record, and talk to whoever made them.',
  confidence: 'low',
  windowSeconds: WINDOW_MS / 1000,
  state: z.strictObject({
    subjects: z.array(z.strictObject({ subject: z.string().max(64), trail })).max(SUBJECTS_MAX),
    any: trail,
  }),
  initial: () => ({ subjects: [] as { subject: string; trail: Trail }[], any: newTrail() }),
  take(state, moment) {
    const attempt = attemptOf(moment)
    if (attempt === undefined) return undefined
    const inAny = follow(state.any, attempt, moment, ANY_STEPS_MIN)
    const { subject } = attempt
    if (subject !== null) {
      const known = state.subjects.find((one) => one.subject === subject) ?? { subject, trail: newTrail() }
      // The latest last: the first is the one that has been quiet longest.
      state.subjects = [...state.subjects.filter((one) => one !== known), known].slice(-SUBJECTS_MAX)
      const run = follow(known.trail, attempt, moment, STEPS_MIN)
      if (run !== undefined) return signalOf(run, run.count >= HIGH_STEPS_MIN ? 'high' : 'medium', 'subject')
      // It is told already whose they are.
      const told = known.trail.tally.run
      if (told !== null && isWithin(told.last.ms, moment.ms, WINDOW_MS)) return undefined
    }
    if (inAny === undefined) return undefined
    return signalOf(inAny, inAny.count >= ANY_MEDIUM_STEPS_MIN ? 'medium' : 'low', 'any')
  },
})

/** One step further on a trail, where the attempt makes one and there are enough of them. */
function follow(trail: Trail, attempt: Attempt, moment: Moment, runMin: number) {
  const { ms } = moment
  trail.codes = trail.codes.filter((known) => isWithin(known.ms, ms, WINDOW_MS))
  const fresh = attempt.codes.filter((code) => !trail.codes.some((known) => known.code === code))
  trail.codes = [...trail.codes, ...fresh.map((code) => ({ code, ms }))].slice(-CODES_MAX)
  if (fresh.length === 0 || attempt.id === trail.attempt) return undefined
  trail.attempt = attempt.id
  return count(trail.tally, moment, { windowMs: WINDOW_MS, runMin })
}

function attemptOf({ index, record }: Moment): Attempt | undefined {
  const subject = record.sealed?.subject ?? null
  if (record.kind === 'line-refused')
    return { subject, id: short(record.job ?? `line ${index}`), codes: [short(record.code)] }
  if (record.kind !== 'decision' || record.outcome !== 'deny') return undefined
  const codes = record.reasons.filter(({ outcome }) => outcome === 'deny').map(({ code }) => short(code))
  return { subject, id: short(record.id), codes: [...new Set(codes)] }
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, CODE_HEX_CHARS)
}
