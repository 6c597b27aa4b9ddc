import type { GateConfig } from '../config/index.ts'
import { readTextFile } from '../config/index.ts'
import { AgentError } from '../errors.ts'
import { type DeviceSide, listenOnPty, listenOnTcp, SECRET_CHARS_MIN } from '../serial/index.ts'

/** The places where a host reaches the gate: a virtual port, a TCP address, or both. One host at a time over all of them. */

/** What a second host is told, in words that stop no program: it is not its turn, and no line of it was read. */
export const IN_USE_LINE = 'echo:this gate is in use by another host'
/** A secret that is shared out is a line of text. */
const SECRET_BYTES_MAX = 1024

export interface HostPortsListener {
  came(place: string): void
  bytes(bytes: Uint8Array): void
  left(place: string): void
}

export class HostPorts {
  readonly #sides: DeviceSide[] = []
  readonly #listener: HostPortsListener
  #active: DeviceSide | undefined
  /** Sides whose host came while another was active, was told so, and could not be hung up on. */
  readonly #turnedAway = new Set<DeviceSide>()
  readonly #inUse = Buffer.from(`${IN_USE_LINE}\n`, 'latin1')

  constructor(listener: HostPortsListener) {
    this.#listener = listener
  }

  /** Where hosts can connect. */
  get places(): readonly string[] {
    return this.#sides.map(({ path }) => path)
  }

  /** Where the host is that is connected, or null. */
  get activePlace(): string | null {
    return this.#active?.path ?? null
  }

  /** Listens wherever the configuration says. Throws `AgentError` for a place that cannot be had. */
  async start(host: GateConfig['host']): Promise<void> {
    try {
      if (host.link !== undefined) this.#add(await listenOnPty(ptyOptions(host)))
      if (host.tcp !== undefined) {
        const options = { inUseLine: IN_USE_LINE, ...readSecret(host.secretFile) }
        this.#add(await listenOnTcp(host.tcp.host, host.tcp.port, options))
      }
    } catch (error) {
      await this.close()
      throw error
    }
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    // The plain `ok`, which is most of what is said, is all of its bytes.
    this.#active?.write(end - start === bytes.length ? bytes : bytes.subarray(start, end))
  }

  /** Reads no more from hosts, or reads again. */
  flow(isOpen: boolean): void {
    for (const side of this.#sides) {
      if (isOpen) side.resume()
      else side.pause()
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#sides.map((side) => side.close()))
  }

  #add(side: DeviceSide): void {
    this.#sides.push(side)
    side.onClient((isHere) => (isHere ? this.#came(side) : this.#left(side)))
    side.onBytes((bytes) => this.#bytes(side, bytes))
  }

  #came(side: DeviceSide): void {
    if (this.#active !== undefined) {
      if (side.dismiss()) return
      this.#turnedAway.add(side)
      side.write(this.#inUse)
      return
    }
    this.#active = side
    this.#listener.came(side.path)
  }

  #left(side: DeviceSide): void {
    this.#turnedAway.delete(side)
    if (this.#active !== side) return
    this.#active = undefined
    this.#listener.left(side.path)
  }

  #bytes(side: DeviceSide, bytes: Uint8Array): void {
    // Whoever was turned away stays so until it connects anew: half of what it sent is lost.
    if (this.#active === side) this.#listener.bytes(bytes)
    else if (this.#turnedAway.has(side)) side.write(this.#inUse)
  }
}

function ptyOptions({ link, owner, group, mode }: GateConfig['host']) {
  return {
    mode,
    inUseLine: IN_USE_LINE,
    ...(link !== undefined && { link }),
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
  }
}

function readSecret(path: string | undefined): { secret?: string } {
  if (path === undefined) return {}
  const what = 'secret file'
  const { text } = readTextFile(path, { what, bytesMax: SECRET_BYTES_MAX, code: 'CONFIG_INVALID' })
  const [secret = ''] = text.split('\n', 1)
  if (secret.trim().length >= SECRET_CHARS_MIN) return { secret: secret.trim() }
  const message = `${what} \`${path}\` holds less than ${SECRET_CHARS_MIN} characters on its first line; make one with \`openssl rand -hex 24\``
  throw new AgentError('CONFIG_INVALID', message)
}
