import { safeStopLines } from '../core/index.ts'
import { AgentError } from '../errors.ts'
import type { AgentLogger } from '../logger.ts'
import { type Guard, openPort, type Port, type SafeStopScript, startGuard } from '../serial/index.ts'

/**
 * The printer's port over a gate's whole life: opened when it is there, opened again when it is back, and never without a
 * guard beside it where the link has a descriptor to guard.
 */

/** Between two tries to open a port. A board takes some seconds to come back anyway. */
const RETRY_MS = 1_000
/** How long the guard gives the printer to report its heaters off before it sends the emergency stop. */
const GUARD_LIMIT_MS = 8_000

export interface PrinterPortOptions {
  readonly name: string
  readonly baud: number
  /** The built program of the guard process; none is set where it is undefined (tests of the composition alone). */
  readonly guardProgram: string | undefined
  readonly logger?: AgentLogger
  /** The port is open and guarded; `isBack` where it was lost before. */
  opened(isBack: boolean): void
  line(text: string): void
  lost(reason: string): void
  /** The guard ended by itself: until there is another nothing watches over the heaters. */
  guardLost(reason: string): void
}

export class PrinterPort {
  readonly #options: PrinterPortOptions
  #port: Port | undefined
  #guard: Guard | undefined
  #retry: NodeJS.Timeout | undefined
  #tools: readonly number[] = []
  #wasOpen = false
  #isClosed = false
  #lastProblem = ''
  /** Guards are set and sent away one after the other. */
  #guarding: Promise<void> = Promise.resolve()

  constructor(options: PrinterPortOptions) {
    this.#options = options
  }

  /** Opens the port, now or when it is there. Throws what is wrong with its name. */
  async start(): Promise<void> {
    await this.#open()
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    this.#port?.write(bytes.subarray(start, end))
  }

  /** The guard is to name these tools as well. A new one stands ready before the old one leaves. */
  setTools(tools: readonly number[]): void {
    this.#tools = tools
    this.#guarding = this.#guarding.then(() => this.#replaceGuard())
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    await this.#guarding
    await this.#port?.drain()
    await this.#guard?.disarm()
    await this.#port?.close()
    this.#port = undefined
  }

  async #open(): Promise<void> {
    const { name, baud, logger } = this.#options
    try {
      const port = await openPort(name, this.#listener(), { baud })
      if (this.#isClosed) return await port.close()
      this.#port = port
      this.#guard = await this.#newGuard(port)
      logger?.info({ port: name, baud, guard: this.#guard?.pid }, 'printer port open')
      this.#lastProblem = ''
      const isBack = this.#wasOpen
      this.#wasOpen = true
      this.#options.opened(isBack)
    } catch (error) {
      if (!(error instanceof AgentError) || error.code === 'USAGE') throw error
      await this.#port?.close()
      this.#port = undefined
      this.#openLater(error.message)
    }
  }

  /** Says once what is wrong, and tries on. */
  #openLater(problem: string): void {
    if (this.#isClosed) return
    if (problem !== this.#lastProblem) this.#options.logger?.warn({ problem }, 'the printer cannot be opened')
    this.#lastProblem = problem
    this.#retry = setTimeout(() => void this.#open(), RETRY_MS)
  }

  #listener() {
    return {
      line: (text: string) => this.#options.line(text),
      overlong: (bytesMax: number) => {
        this.#options.logger?.warn({ bytesMax }, 'the printer sent a line that is too long; it was dropped')
      },
      end: (end: { kind: 'closed' } | { kind: 'lost'; reason: string }) => {
        if (this.#isClosed || end.kind === 'closed') return
        void this.#lost(end.reason)
      },
    }
  }

  async #lost(reason: string): Promise<void> {
    this.#port = undefined
    this.#options.lost(reason)
    await this.#guarding
    // It holds a device that is gone; the one that comes back gets a guard of its own.
    await this.#guard?.disarm()
    this.#guard = undefined
    this.#openLater(reason)
  }

  async #newGuard(port: Port): Promise<Guard | undefined> {
    const { guardProgram: program } = this.#options
    const { descriptor } = port
    if (program === undefined || descriptor === undefined) return undefined
    const lost = (reason: string) => this.#guardLost(reason)
    return await startGuard({ descriptor, program, script: guardScript(this.#tools), lost })
  }

  #guardLost(reason: string): void {
    this.#guard = undefined
    this.#options.logger?.warn({ reason }, 'guard lost')
    this.#options.guardLost(reason)
    this.#guarding = this.#guarding.then(() => this.#replaceGuard())
  }

  /** Without a guard there is no printing: where none can be had the port is given up until one can. */
  async #replaceGuard(): Promise<void> {
    const port = this.#port
    if (port === undefined || this.#isClosed) return
    const old = this.#guard
    try {
      const guard = await this.#newGuard(port)
      await old?.disarm()
      if (this.#port === port) this.#guard = guard
      else await guard?.disarm()
    } catch (error) {
      if (!(error instanceof AgentError)) throw error
      await port.close()
      void this.#lost(error.message)
    }
  }
}

function guardScript(tools: readonly number[]): SafeStopScript {
  const { dropMoves, breakWait, heatersOff, poll, emergency } = safeStopLines(tools)
  return { breakWait: [dropMoves, breakWait], heatersOff, poll, emergency, limitMs: GUARD_LIMIT_MS }
}
