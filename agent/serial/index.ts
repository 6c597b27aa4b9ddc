/** The door of the room: links to printers and hosts. */

export { type Guard, type GuardOptions, startGuard } from './guard.ts'
export type { DeviceSide } from './listener.ts'
export { openPort } from './open-port.ts'
export type { Port, PortEnd, PortListener, PortOptions } from './port.ts'
export { listenOnPty } from './pty-port.ts'
export type { SafeStopScript } from './safe-stop-script.ts'
export { listenOnTcp } from './tcp-listener.ts'
