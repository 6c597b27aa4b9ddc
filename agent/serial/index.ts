/** The door of the room: links to printers and hosts. */

export type { DeviceSide } from './listener.ts'
export { openPort } from './open-port.ts'
export type { Port, PortEnd, PortListener, PortOptions } from './port.ts'
export { listenOnPty } from './pty-port.ts'
export { listenOnTcp } from './tcp-listener.ts'
