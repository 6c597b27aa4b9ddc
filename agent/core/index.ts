/** The only door of the room: one job on one printer, as events and effects. */
export type {
  Effect,
  EffectSink,
  JobOutcome,
  PrinterSink,
  SessionRecord,
  StopCode,
  StopReason,
} from './effects.ts'
export type { LineJudge } from './job-reader.ts'
export { CLOSING, HELLO, MARLIN_SAFE_STOP, PREAMBLE } from './marlin-lines.ts'
export type { SafeStopLines } from './safe-stop.ts'
export { type RunningHash, Session, type SessionOptions, type SessionPhase } from './session.ts'
