/**
 * The printer's own counters rose by more than was sent to it: something printed around the gate.
 *
 * Means: a card in the printer, its own network, a second cable, or a print while the agent was away. Counters that went
 * back were reset, which would hide as much; then nothing can be compared.
 * Innocent: an agent that was killed in mid-job, for nobody counted what it had sent since its last record; filament that
 * was fed from the printer's own menu; another printer at the same port; for time alone heaters that were left on; for
 * counters that went back, a power cut, for Marlin writes them once an hour.
 *
 * It takes `sent.filamentMm` as Marlin counts: the sum of E moves, retractions taken off.
 */
import { z } from 'zod'
import type { Moment } from '../finding.ts'
import { defineRule, type Signal } from '../rule.ts'
import { type Place, placeSchema } from '../tally.ts'

/** Marlin tells filament in metres with two decimals, rounded twice for a difference; and a hand feeds a little. */
const FILAMENT_SLACK_MM = 100
/** Rounding of many small moves in single precision, and flow that was set at the printer. */
const FILAMENT_SHARE = 0.02
/** The counter goes on until heaters are off, which may be a while after the last command. */
const TIME_SLACK_S = 15 * 60
const TIME_SHARE = 0.1
/** A job that cools and heats again is counted as several prints by a printer that starts its counter with heat. */
const PRINTS_A_JOB = 4
/** Times that reach over a step of the clock say nothing. */
const CLOCK_TOLERANCE_MS = 2000

const counters = z.strictObject({
  prints: z.number(),
  printSeconds: z.number(),
  filamentMm: z.number(),
})

const state = z.strictObject({
  /** The last record with counters, and what they said. */
  base: z.strictObject({ place: placeSchema, counters }).nullable(),
  /** Since then: filament sent, jobs and the time that they were open, and whether that time can be trusted. */
  filamentMm: z.number().min(0),
  jobs: z.int().min(0),
  openMs: z.number().min(0),
  isTimeSound: z.boolean(),
  openedMs: z.int().nullable(),
  lastMs: z.int().nullable(),
})
type State = z.infer<typeof state>

export const odometer = defineRule({
  id: 'odometer',
  titles: {
    excess: 'the printer counted more than was sent to it',
    reset: 'the counters of the printer went back',
  },
  meaning: 'Something may have printed around the gate, or the counters that would show it were reset.',
  innocent:
    'An agent killed in mid-job, filament fed from the menu of the printer, heaters left on, another printer at this port, or a power cut.',
  remedy: 'Look for a card, a network connection or a second cable at the printer.',
  confidence: 'medium',
  windowSeconds: null,
  state,
  initial: (): State => ({
    base: null,
    filamentMm: 0,
    jobs: 0,
    openMs: 0,
    isTimeSound: true,
    openedMs: null,
    lastMs: null,
  }),
  take(state, moment) {
    const { record, ms } = moment
    const beforeMs = state.lastMs ?? ms
    if (beforeMs - ms > CLOCK_TOLERANCE_MS) state.isTimeSound = false
    state.lastMs = ms
    switch (record.kind) {
      case 'job-opened':
      case 'stream-opened':
        state.jobs += 1
        state.openedMs ??= ms
        return undefined
      case 'job-closed':
        closeJob(state, ms)
        return undefined
      // A job that a killed agent left open was open until its last record.
      case 'agent-started':
        closeJob(state, beforeMs)
        return undefined
      case 'odometer':
        return compare(state, moment, record)
      default:
        return undefined
    }
  },
})

function closeJob(state: State, ms: number): void {
  if (state.openedMs !== null) state.openMs += Math.max(0, ms - state.openedMs)
  state.openedMs = null
}

type Reading = Extract<Moment['record'], { kind: 'odometer' }>

function compare(state: State, { index, ms }: Moment, { printer, sent }: Reading): Signal | undefined {
  state.filamentMm += sent.filamentMm
  // The printer said nothing: what was sent counts for the next time that it does.
  if (printer === null) return undefined
  const here: Place = { index, ms }
  const { base } = state
  const isInJob = state.openedMs !== null
  closeJob(state, ms)
  const measured = base === null ? undefined : excessOf(base.counters, printer, state)
  const isBack = base !== null && isAnyLower(printer, base.counters)
  const first = base?.place ?? here
  const { prints, printSeconds, filamentMm } = printer
  state.base = { place: here, counters: { prints, printSeconds, filamentMm } }
  Object.assign(state, {
    filamentMm: 0,
    jobs: isInJob ? 1 : 0,
    openMs: 0,
    isTimeSound: true,
    openedMs: isInJob ? ms : null,
  })
  if (isBack) return { form: 'reset', severity: 'low', first, last: here, count: 1 }
  if (measured === undefined) return undefined
  // Time alone runs on as well while heaters are left on.
  const severity = 'filamentMm' in measured || 'prints' in measured ? 'high' : 'low'
  return { form: 'excess', severity, first, last: here, count: 1, measured }
}

type Counters = z.infer<typeof counters>

function isAnyLower(now: Counters, before: Counters): boolean {
  const isLess = now.prints < before.prints || now.printSeconds < before.printSeconds
  // Filament that is drawn back is taken off the counter.
  return isLess || now.filamentMm < before.filamentMm - FILAMENT_SLACK_MM
}

/** By how much each counter rose too far; undefined where none did. */
function excessOf(
  before: Counters,
  now: Counters,
  sent: State,
): Readonly<Record<string, number>> | undefined {
  const excess: Record<string, number> = {}
  const filamentMm = now.filamentMm - before.filamentMm - sent.filamentMm
  if (filamentMm > FILAMENT_SLACK_MM + sent.filamentMm * FILAMENT_SHARE)
    excess['filamentMm'] = Math.round(filamentMm)
  const prints = now.prints - before.prints - sent.jobs * PRINTS_A_JOB
  if (prints > 0) excess['prints'] = prints
  const openSeconds = sent.openMs / 1000
  const seconds = now.printSeconds - before.printSeconds - openSeconds
  if (sent.isTimeSound && seconds > TIME_SLACK_S + openSeconds * TIME_SHARE)
    excess['printSeconds'] = Math.round(seconds)
  return Object.keys(excess).length === 0 ? undefined : excess
}
