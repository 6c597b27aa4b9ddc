/**
 * What the rest of the agent knows of a link to a printer. One interface, several bindings:
 * a real serial device, a TCP connection, and the built-in printer's pty; one contract suite tests them all.
 */

/** Why a link ended. `lost` is anything that was not asked for: unplugged, reset by the far end, a write that hung. */
export type PortEnd = { readonly kind: 'closed' } | { readonly kind: 'lost'; readonly reason: string }

export interface PortListener {
  /** One line the printer sent, without its line end. Never empty, never longer than `REPLY_BYTES_MAX`. */
  line(text: string): void
  /** Called exactly once, after which nothing else is. */
  end(end: PortEnd): void
}

/** An open link to a printer. Writes are ordered; a write that cannot be delivered in time ends the port as lost. */
export interface Port {
  /** What the user typed: `/dev/ttyUSB0`, `tcp://host:port`. */
  readonly name: string
  /** The descriptor that a guard process inherits, or undefined where the link has none. */
  readonly descriptor: number | undefined
  /** Takes a copy of what it needs: the caller may reuse `bytes` at once. */
  write(bytes: Uint8Array): void
  /** Resolves when everything written so far has left this process. */
  drain(): Promise<void>
  /** Ends the link without touching the modem lines, so that a board is not reset by it. */
  close(): Promise<void>
}

export interface PortOptions {
  /** Symbols a second; ignored where there is no line speed (TCP). */
  readonly baud: number
}

/** Opens the port and hands its lines to `listener`. Throws `AgentError` PORT_MISSING, PORT_BUSY or PORT_REFUSED. */
export type OpenPort = (name: string, listener: PortListener, options: PortOptions) => Promise<Port>
