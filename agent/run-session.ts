import { performance } from 'node:perf_hooks'
import type { CommandTable } from '../gcode/index.ts'
import type { Admission } from './copy-keeper.ts'
import {
  type Effect,
  type JobOutcome,
  type LineJudge,
  Session,
  type SessionRecord,
  type StopReason,
} from './core/index.ts'
import type { DurableIndex } from './durable-index.ts'
import { AgentError } from './errors.ts'
import { guardScript } from './guard-script.ts'
import type { Recorder } from './ledger.ts'
import type { PrinterIdentity } from './licence/index.ts'
import type { AuditRecord } from './log-format/index.ts'
import type { AgentLogger } from './logger.ts'
import { isSamePrinter, otherPrinterWords, PrinterInquiry, printerIdentity } from './printer-identity.ts'
import { runningHash } from './running-hash.ts'
import {
  type Guard,
  openPort,
  type Port,
  type PortListener,
  startGuard,
  usbSerialOf,
} from './serial/index.ts'

/**
 * Runs the core's session against the world: opens the port, sets the guard beside it, and turns effects into
 * records and bytes. All waiting of a print is here.
 */

/** How often the session is told the time. A tenth of a second is the grain of its timeouts. */
const TICK_MS = 100

export interface RunSessionOptions {
  readonly portName: string
  readonly baud: number
  readonly table: CommandTable
  readonly judge: LineJudge
  /** The verified blocks of the job, in order. Throws SPOOL_CHANGED where they are not what was surveyed. */
  readonly blocks: AsyncIterator<Uint8Array, void>
  readonly canonicalSha256: string
  readonly commandsTotal: number
  /** Tools that the job selects or heats. */
  readonly tools: readonly number[]
  /** Nothing that is told, recorded or logged may quote it. */
  readonly isConfidential: boolean
  /** The printer that the decision was made for, where its licence names one: it must be the one that is there. */
  readonly printer?: PrinterIdentity
  readonly log: Recorder
  readonly jobId: string
  /** Where the decision that allows the job stands, and the copy that it takes, durable: without it there is no session. */
  readonly admitted: Admission
  /** The built program of the guard process; no guard is set where it is undefined (tests of the composition alone). */
  readonly guardProgram: string | undefined
  /** Ends the job safely: Ctrl-C, a service manager. */
  readonly signal?: AbortSignal
  readonly progress?: (commandsSent: number) => void
  readonly logger?: AgentLogger
}

export interface SessionResult {
  readonly outcome: JobOutcome
  readonly reason: StopReason | null
  /** The printer itself reported its heater targets at 0, or the job ended well. */
  readonly coldConfirmed: boolean
  readonly commandsSent: number
  readonly seconds: number
}

/** Prints one job. Resolves however it ends; throws only where the port or the guard cannot be had. */
export async function runSession(options: RunSessionOptions): Promise<SessionResult> {
  const run = new SessionRun(options)
  return await run.run()
}

class SessionRun {
  readonly #options: RunSessionOptions
  readonly #session: Session
  #port: Port | undefined
  #guard: Guard | undefined
  /** While the printer is asked which one it is. */
  #inquiry: PrinterInquiry | undefined
  #result: { resolve: (effect: Effect & { kind: 'finished' }) => void } | undefined

  constructor(options: RunSessionOptions) {
    this.#options = options
    this.#session = new Session({
      table: options.table,
      judge: options.judge,
      printer: {
        write: (bytes, start, end) => this.#port?.write(bytes.subarray(start, end)),
      },
      effects: (effect) => this.#run(effect),
      hash: runningHash(),
      canonicalSha256: options.canonicalSha256,
      tools: options.tools,
      isConfidential: options.isConfidential,
    })
  }

  async run(): Promise<SessionResult> {
    const { portName, baud, signal, logger } = this.#options
    const startedAtMs = performance.now()
    const finished = new Promise<Effect & { kind: 'finished' }>((resolve) => {
      this.#result = { resolve }
    })
    this.#port = await openPort(portName, this.#listener(), { baud })
    logger?.info({ port: portName, baud }, 'port open')
    const ticks = setInterval(() => this.#session.tick(performance.now()), TICK_MS)
    const abort = (): void => this.#session.stop('interrupted', abortMessage(signal), performance.now())
    try {
      await this.#setGuard()
      await this.#requirePrinter(this.#port)
      this.#session.start(performance.now())
      if (signal?.aborted) abort()
      signal?.addEventListener('abort', abort)
      const { outcome, reason, coldConfirmed } = await finished
      logger?.info({ outcome, reason, commandsSent: this.#session.commandsSent }, 'session ended')
      await this.#port.drain()
      return {
        outcome,
        reason,
        coldConfirmed,
        commandsSent: this.#session.commandsSent,
        seconds: (performance.now() - startedAtMs) / 1000,
      }
    } finally {
      clearInterval(ticks)
      await this.#options.blocks.return?.()
      signal?.removeEventListener('abort', abort)
      await this.#guard?.disarm()
      await this.#port.close()
    }
  }

  #listener(): PortListener {
    return {
      line: (text) => {
        // A printer quotes what it does not understand.
        if (!this.#options.isConfidential) this.#options.logger?.debug({ text }, 'printer')
        if (this.#inquiry !== undefined) return this.#inquiry.line(text)
        this.#session.printerLine(text, performance.now())
        this.#options.progress?.(this.#session.commandsSent)
      },
      overlong: (bytesMax) => {
        this.#options.logger?.warn({ bytesMax }, 'the printer sent a line that is too long; it was dropped')
      },
      end: (end) => {
        if (this.#inquiry !== undefined) return this.#inquiry.end()
        const why = end.kind === 'lost' ? end.reason : 'it was closed'
        const message = `the link to the printer at \`${this.#options.portName}\` was lost: ${why}`
        this.#session.portEnded(message, performance.now())
      },
    }
  }

  /** Another one may have been put in its place since the decision. Throws PRINTER_FAULT before anything of the job is sent. */
  async #requirePrinter(port: Port): Promise<void> {
    const { printer, portName, signal } = this.#options
    if (printer === undefined) return
    const inquiry = new PrinterInquiry()
    const end = (): void => inquiry.end()
    this.#inquiry = inquiry
    signal?.addEventListener('abort', end)
    const said = await inquiry
      .ask((bytes) => port.write(bytes))
      .finally(() => signal?.removeEventListener('abort', end))
    const found = printerIdentity(said, await usbSerialOf(portName))
    if (signal?.aborted) throw new AgentError('INTERRUPTED', 'interrupted before the job was sent')
    if (!isSamePrinter(found, printer)) throw new AgentError('PRINTER_FAULT', otherPrinterWords(portName))
    this.#inquiry = undefined
  }

  /** The guard stands ready before the first byte goes out. */
  async #setGuard(): Promise<void> {
    const { guardProgram } = this.#options
    const descriptor = this.#port?.descriptor
    if (guardProgram === undefined || descriptor === undefined) return
    this.#guard = await startGuard({
      descriptor,
      program: guardProgram,
      script: guardScript(this.#options.tools),
      lost: (reason) => {
        this.#options.logger?.warn({ reason }, 'guard lost')
        this.#session.stop('guard-lost', `the guard process ended: ${reason}`, performance.now())
      },
    })
    this.#options.logger?.info({ pid: this.#guard.pid }, 'guard ready')
  }

  #run(effect: Effect): void {
    switch (effect.kind) {
      case 'append':
        void this.#append(effect.id, effect.record)
        return
      case 'want-block':
        // Never from inside the call that asked: a run of blocks without commands would nest without end.
        setImmediate(() => void this.#nextBlock())
        return
      case 'finished':
        this.#result?.resolve(effect)
    }
  }

  async #append(id: number, record: SessionRecord): Promise<void> {
    let at: DurableIndex
    try {
      at = (await this.#options.log.append(this.#auditRecord(record))).index
    } catch (error) {
      const message = error instanceof Error ? error.message : 'the log cannot be written'
      this.#session.recordFailed(id, message, performance.now())
      return
    }
    this.#options.logger?.info({ record: record.kind }, 'recorded')
    this.#session.recorded(id, at, performance.now())
  }

  async #nextBlock(): Promise<void> {
    try {
      const next = await this.#options.blocks.next()
      if (next.done === true) this.#session.jobEnded(performance.now())
      else this.#session.jobBlock(next.value, performance.now())
    } catch (error) {
      const message = error instanceof AgentError ? error.message : 'the spooled job cannot be read'
      this.#session.stop('job-changed', message, performance.now())
      if (!(error instanceof AgentError)) throw error
    }
  }

  #auditRecord(record: SessionRecord): AuditRecord {
    const { jobId: job, admitted, canonicalSha256, commandsTotal } = this.#options
    switch (record.kind) {
      case 'job-opened':
        return {
          kind: 'job-opened',
          job,
          decision: admitted.decision,
          canonicalSha256,
          commands: commandsTotal,
        }
      case 'job-sealed':
        return { kind: 'job-sealed', job, commandsSent: record.commands, sha256: record.sha256 }
      case 'safe-stop':
        return {
          kind: 'safe-stop',
          job,
          code: record.reason.code,
          reason: record.reason.message,
          confirmed: record.confirmed,
        }
      case 'odometer':
        return {
          kind: 'odometer',
          job: record.isAfterJob ? job : null,
          printer: record.printer,
          sent: record.sent,
        }
      case 'job-closed':
        return {
          kind: 'job-closed',
          job,
          outcome: record.outcome,
          code: record.reason?.code ?? null,
          reason: record.reason?.message ?? null,
          commandsSent: record.commands,
          commandsTotal,
          sha256: record.sha256,
        }
    }
  }
}

function abortMessage(signal: AbortSignal | undefined): string {
  return typeof signal?.reason === 'string' ? signal.reason : 'the job was stopped'
}
