/** The only door of the room: one job on one printer, as events and effects. */
export type { Effect, JobOutcome, SessionRecord, StopReason } from './effects.ts'
export type { LineJudge } from './job-reader.ts'
export { safeStopLines } from './printer/marlin-lines.ts'
export { Session } from './session.ts'
export type { RunningHash } from './session-options.ts'
