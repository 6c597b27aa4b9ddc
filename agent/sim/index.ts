/** The door of this room: a simulated printer with its own reading of G-code, its clock, its journal and its faults. */

export { type Cancel, type Clock, parseSpeed, RunningClock, SPEED_MAX, VirtualClock } from './clock.ts'
export { FAULTS, type FaultName, type Faults, faultHelp, parseFaults } from './faults.ts'
export type { InvariantReport } from './invariants.ts'
export {
  type CommandRecord,
  type EventName,
  type EventRecord,
  type JournalFile,
  type JournalRecord,
  type JournalSink,
  openJournalFile,
  type ReceivedRecord,
  type SentRecord,
} from './journal.ts'
export { MARLIN_BUILD_NAMES, type MarlinBuildName } from './marlin-build.ts'
export { parseSeed } from './prng.ts'
export {
  type SimulatedPrinter,
  type SimulatedPrinterOptions,
  type SimulatedPrinterState,
  startSimulatedPrinter,
} from './simulated-printer.ts'
