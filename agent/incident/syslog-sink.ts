/**
 * Incidents as syslog messages: RFC 5424, over TCP with octet counting (RFC 6587) or in UDP datagrams (RFC 5426). Neither
 * acknowledges anything: sent means that the network took it, over TCP that the collector closed the connection in good
 * order. Node has no datagram sockets in the file system, so the local daemon is reached over the network as well. TLS
 * (RFC 5425) is left to a relay on this machine.
 */
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { eventLine } from './event.ts'
import type { Severity } from './finding.ts'
import { addressOf, isNear, lookupOnly } from './near.ts'
import type { SyslogSinkOptions } from './options.ts'
import type { Dispatch, Sink } from './sink.ts'
import { Undeliverable } from './undeliverable.ts'

/** `log audit`. */
const FACILITY = 13
/** Notice, warning, error, critical. */
const SEVERITY: Readonly<Record<Severity, number>> = { low: 5, medium: 4, high: 3, critical: 2 }
/** RFC 5424: the longest MSGID. */
const MSGID_CHARS_MAX = 32
/** What an IPv4 datagram can hold. Events are a twentieth of it. */
const DATAGRAM_BYTES_MAX = 65_507
const CONNECT_WAIT_MS = 10_000
/** A collector that keeps its side open has had time to complain. */
const CLOSE_WAIT_MS = 2000

const TOO_FAR = 'syslog is plain text, and the name leads beyond the private network'

/** The message, in ASCII. The host is not named: the machine's id is in the event. */
export function syslogMessage({ finding, event }: Dispatch): string {
  const priority = FACILITY * 8 + SEVERITY[finding.severity]
  const id = finding.rule.slice(0, MSGID_CHARS_MAX)
  return `<${priority}>1 ${event.time} - portcullis - ${id} - ${eventLine(event)}`
}

export class SyslogSink implements Sink {
  readonly #options: SyslogSinkOptions

  constructor(options: SyslogSinkOptions) {
    this.#options = options
  }

  async send(dispatch: Dispatch, signal: AbortSignal): Promise<void> {
    const message = Buffer.from(syslogMessage(dispatch))
    if (this.#options.protocol === 'udp') await this.#sendDatagram(message)
    else await this.#sendFrame(Buffer.concat([Buffer.from(`${message.length} `), message]), signal)
  }

  #isAllowed(address: string): boolean {
    return this.#options.insecure === true || isNear(address)
  }

  #sendFrame(frame: Buffer, signal: AbortSignal): Promise<void> {
    const { host, port } = this.#options
    const lookup = lookupOnly((address) => this.#isAllowed(address), TOO_FAR)
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, lookup, signal, timeout: CONNECT_WAIT_MS })
      socket.on('error', reject)
      socket.on('timeout', () => socket.destroy(new Error('the collector does not answer')))
      // It has nothing to say, and is read only so that its end is seen.
      socket.resume()
      socket.on('connect', () => {
        socket.end(frame, () => {
          socket.setTimeout(0)
          const patience = setTimeout(() => socket.destroy(), CLOSE_WAIT_MS)
          socket.on('close', () => clearTimeout(patience))
        })
      })
      socket.on('close', (hadError) => {
        if (!hadError && socket.bytesWritten >= frame.length) resolve()
        else reject(new Error('the collector closed the connection'))
      })
    })
  }

  async #sendDatagram(message: Buffer): Promise<void> {
    if (message.length > DATAGRAM_BYTES_MAX) throw new Undeliverable('the event does not fit into a datagram')
    const { host, port } = this.#options
    const { address, family } = await addressOf(host, (one) => this.#isAllowed(one), TOO_FAR)
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    try {
      await new Promise<void>((resolve, reject) => {
        socket.on('error', reject)
        socket.send(message, port, address, (error) => (error === null ? resolve() : reject(error)))
      })
    } finally {
      socket.close()
    }
  }
}
