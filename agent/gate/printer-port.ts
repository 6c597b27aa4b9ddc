import { AgentError } from '../errors.ts'
import { guardScript } from '../guard-script.ts'
import type { AgentLogger } from '../logger.ts'
import { type Guard, openPort, type Port, startGuard } from '../serial/index.ts'

/**
 * The printer's port over a gate's whole life: opened when it is there, opened again when it is back, and never without a
 * guard beside it where the link has a descriptor to guard.
 */

/** Between two tries to open a port. A board takes some seconds to come back anyway. */
const RETRY_MS = 1_000

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
  /** The guard knows so many tools, or there is none that would have to. */
  guarded(tools: number): void
}

export class PrinterPort {
  readonly #options: PrinterPortOptions
  #port: Port | undefined
  #guard: Guard | undefined
  #retry: NodeJS.Timeout | undefined
  #tools: readonly number[] = []
  /** Whether the port that is there now was told open. */
  #isTold = false
  #wasOpen = false
  #isClosed = false
  #lastProblem = ''
  /** Ports and guards are set and sent away one after the other, each to its end. */
  #turn: Promise<void> = Promise.resolve()

  constructor(options: PrinterPortOptions) {
    this.#options = options
  }

  /** Opens the port, now or when it is there. Throws what is wrong with its name. */
  async start(): Promise<void> {
    await this.#inTurn(() => this.#open())
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    this.#port?.write(bytes.subarray(start, end))
  }

  /** The guard is to name these tools as well. A new one stands ready before the old one leaves; then it is `guarded`. */
  setTools(tools: readonly number[]): void {
    this.#tools = tools
    void this.#inTurn(async () => {
      await this.#replaceGuard()
      this.#options.guarded(tools.length)
    })
  }

  /** Ends in good order: the machine is at rest, and the guard is sent away. */
  async close(): Promise<void> {
    await this.#end()
    await this.#port?.drain()
    await this.#guard?.disarm()
    this.#guard = undefined
    await this.#port?.close()
    this.#port = undefined
  }

  /** Ends and leaves the port to its guard, which brings the machine to rest as soon as this process has ended. */
  async leave(): Promise<void> {
    await this.#end()
    await this.#port?.drain()
  }

  async #end(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    await this.#turn
  }

  /** Whoever calls this hears what fails; the next turn is taken all the same. */
  async #inTurn(step: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(step)
    this.#turn = turn.catch(() => {})
    await turn
  }

  async #open(): Promise<void> {
    if (this.#isClosed) return
    const { name, baud, logger } = this.#options
    try {
      const port = await openPort(name, this.#listener(), { baud })
      this.#port = port
      const guard = this.#isClosed ? undefined : await this.#newGuard(port)
      // Closed meanwhile, or lost again, which has its own turn. A guard that stayed would hold a port that is nobody's.
      if (this.#isClosed || this.#port !== port) return await guard?.disarm()
      this.#guard = guard
      logger?.info({ port: name, baud, guard: guard?.pid }, 'printer port open')
      this.#lastProblem = ''
      const isBack = this.#wasOpen
      this.#wasOpen = true
      this.#isTold = true
      this.#options.opened(isBack)
    } catch (error) {
      if (!(error instanceof AgentError) || error.code === 'USAGE') throw error
      const port = this.#port
      this.#port = undefined
      await port?.close()
      this.#openLater(error.message)
    }
  }

  /** Says once what is wrong, and tries on. */
  #openLater(problem: string): void {
    if (this.#isClosed) return
    if (problem !== this.#lastProblem) this.#options.logger?.warn({ problem }, 'the printer cannot be opened')
    this.#lastProblem = problem
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => void this.#inTurn(() => this.#open()), RETRY_MS)
  }

  #listener() {
    return {
      line: (text: string) => this.#options.line(text),
      overlong: (bytesMax: number) => {
        this.#options.logger?.warn({ bytesMax }, 'the printer sent a line that is too long; it was dropped')
      },
      end: (end: { kind: 'closed' } | { kind: 'lost'; reason: string }) => {
        if (this.#isClosed || end.kind === 'closed') return
        this.#lost(end.reason)
      },
    }
  }

  #lost(reason: string): void {
    this.#port = undefined
    if (this.#isTold) this.#options.lost(reason)
    this.#isTold = false
    void this.#inTurn(async () => {
      // It holds a device that is gone; the one that comes back gets a guard of its own.
      await this.#guard?.disarm()
      this.#guard = undefined
      this.#openLater(reason)
    })
  }

  async #newGuard(port: Port): Promise<Guard | undefined> {
    const { guardProgram: program } = this.#options
    const { descriptor } = port
    if (program === undefined || descriptor === undefined) return undefined
    const lost = (reason: string) => this.#guardLost(reason)
    return await startGuard({ descriptor, program, script: guardScript(this.#tools), lost })
  }

  #guardLost(reason: string): void {
    this.#options.logger?.warn({ reason }, 'guard lost')
    this.#options.guardLost(reason)
    void this.#inTurn(() => this.#replaceGuard())
  }

  /** Without a guard there is no printing: where none can be had the port is given up until one can. */
  async #replaceGuard(): Promise<void> {
    const port = this.#port
    if (port === undefined || this.#isClosed) return
    const old = this.#guard
    try {
      const guard = await this.#newGuard(port)
      // Closed or lost meanwhile: the old one is sent away by whoever does that.
      if (this.#isClosed || this.#port !== port) return await guard?.disarm()
      this.#guard = guard
      await old?.disarm()
    } catch (error) {
      if (!(error instanceof AgentError)) throw error
      // What stops the machine may still wait to be written.
      await port.drain()
      await port.close()
      if (this.#port === port) this.#lost(error.message)
    }
  }
}
