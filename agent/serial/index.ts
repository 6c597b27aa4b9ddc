/** The door of the room: links to printers and hosts. */

export { type Guard, startGuard } from './guard.ts'
export { leaveIdleTime } from './idle-processor.ts'
export type { DeviceSide } from './listener.ts'
export { checkPortName, openPort } from './open-port.ts'
export type { Port, PortListener } from './port.ts'
export { listenOnPty } from './pty-port.ts'
export type { SafeStopScript } from './safe-stop-script.ts'
export { listenOnTcp } from './tcp-listener.ts'
export { SECRET_CHARS_MIN } from './tcp-secret.ts'
export { usbSerialOf } from './usb-serial.ts'
