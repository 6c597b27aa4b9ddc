/** The door of the room: how a person's command line talks to the gate that runs. */
export { askGate } from './client.ts'
export { type Declared, declaredSchema } from './declared.ts'
export type { ArmRequest, ControlAnswer, ControlRequest, GateControl, GateStatus } from './messages.ts'
export { personProblem } from './person.ts'
export { type ControlServer, serveControl } from './server.ts'
export { controlSocketPath } from './socket-path.ts'
