/** The only door of the room: one job on one printer, as events and effects. */
export type { Effect, JobOutcome, SessionRecord, StopReason } from './effects.ts'
export type { LineJudge } from './job-reader.ts'
export { MARLIN_SAFE_STOP } from './marlin-lines.ts'
export { type RunningHash, Session } from './session.ts'
