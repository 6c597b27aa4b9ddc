/**
 * The other end of a link: what a printer, or the gate towards its host, offers for others to open.
 * A virtual serial port and a TCP listener look the same from here. One client at a time, as on a real cable.
 */

/** What a client that comes second is told before it is sent away; `tcp-port.ts` knows the words. */
export const IN_USE_LINE = 'Error:port is in use by another program'

/**
 * Most bytes held for a client that does not read them. A real UART has no such queue and simply loses bytes;
 * this much covers a program that is busy for a moment, and a stuck one cannot grow our memory.
 */
export const DEVICE_QUEUE_BYTES_MAX = 256 * 1024

/** The device's side of a link. After `close` or `unplug` no callback is called any more. */
export interface DeviceSide {
  /** What a client opens: a link, a device path, or `tcp://host:port`. */
  readonly path: string
  /** Takes a copy. With no client, or one that has long stopped reading, the bytes are lost, as on a real UART. */
  write(bytes: Uint8Array): void
  /** Sets who gets the client's bytes, in order and as they come. They are the callee's to keep. */
  onBytes(callback: (bytes: Uint8Array) => void): void
  /**
   * Sets who is told that a client came or went. It has come when its first byte does: a virtual serial port cannot see
   * that it was opened, and who only connects on TCP keeps nobody out.
   */
  onClient(callback: (connected: boolean) => void): void
  /**
   * Takes no bytes from the client until `resume`: they stay with the kernel, which in the end makes the client wait.
   * Called from inside the callback of bytes, that chunk has been given already; no other comes. A client that leaves
   * meanwhile is told of soon, and what it had sent and was not given is lost: a host that is gone prints no more. (A TCP
   * client that only ends what it sends has left. Of one that filled the connection before it left, nothing is known
   * before something is written to it.) No byte of a client that stays is lost. Holds for the clients that follow, too.
   */
  pause(): void
  /** Ends a pause. The bytes that waited come later, never from inside this call. */
  resume(): void
  /**
   * Sends the client away as one that came second: it is told, hung up on, and not heard any more, and its going is not
   * announced. Answers false where the link cannot hang up on it (a pty that has no other to put in its place).
   */
  dismiss(): boolean
  /** Lets what was written reach the client, for a moment at most, then ends the link and removes what was made for it. */
  close(): Promise<void>
  /** Ends the link at once, as when the cable is pulled: the client sees a hang-up and loses what was on its way. */
  unplug(): Promise<void>
}
