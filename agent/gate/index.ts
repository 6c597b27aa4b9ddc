/** The door of the room: the inline gate of one printer, joined to its ports, its log and the people who watch it. */
export { jobsMode } from './jobs-mode.ts'
export { type GateEnd, runGate } from './run-gate.ts'
