/**
 * What the rest of the agent knows of a link to a printer. One interface, several bindings:
 * a real serial device, a TCP connection, and the built-in printer's pty; one contract suite tests them all.
 */

/**
 * Most bytes that wait to be written. The session keeps a few lines in flight, so this much means that the device
 * takes none.
 */
export const WRITE_QUEUE_BYTES_MAX = 64 * 1024

/**
 * Longest time in which a device may take nothing although bytes wait for it. A full kernel buffer of 4 KiB leaves
 * at 9600 baud within 4.3 s; with one line in flight it is never full.
 */
export const WRITE_TIMEOUT_MS = 5000

/** Why a link ended. `lost` is anything that was not asked for: unplugged, reset by the far end, a write that hung. */
export type PortEnd = { readonly kind: 'closed' } | { readonly kind: 'lost'; readonly reason: string }

export interface PortListener {
  /** One line the printer sent, without its line end. Never empty, never longer than `REPLY_BYTES_MAX`. */
  line(text: string): void
  /** A line passed `bytesMax` and was thrown away whole, its end not yet seen: half a reply could read as another. */
  overlong?(bytesMax: number): void
  /** Called exactly once, after which nothing else is. */
  end(end: PortEnd): void
}

/** An open link to a printer. Writes are ordered; a write that cannot be delivered in time ends the port as lost. */
export interface Port {
  /** What the user typed: `/dev/ttyUSB0`, `tcp://host:port`. */
  readonly name: string
  /** The descriptor that a guard process inherits, or undefined where the link has none. */
  readonly descriptor: number | undefined
  /**
   * Takes a copy of what it needs: the caller may reuse `bytes` at once. Never throws for what the link does and
   * never calls the listener from inside; after the end it does nothing.
   */
  write(bytes: Uint8Array): void
  /** Resolves when everything written so far has left this process, or the link has ended and nothing will. */
  drain(): Promise<void>
  /**
   * Ends the link without touching the modem lines, so that a board is not reset by it. What still waits to be
   * written is dropped: `drain` first. Resolves when another program can open the port (if no guard holds it).
   */
  close(): Promise<void>
}

export interface PortOptions {
  /** Symbols a second; ignored where there is no line speed (TCP). */
  readonly baud: number
}

/**
 * Opens the port and hands its lines to `listener`, none of them before the caller has the port.
 * Throws `AgentError` PORT_MISSING, PORT_BUSY or PORT_REFUSED; USAGE for a name that cannot be read.
 */
export type OpenPort = (name: string, listener: PortListener, options: PortOptions) => Promise<Port>
