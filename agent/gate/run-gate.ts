import { createHash, randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { AuditLog, AuditRecord } from '../audit/index.ts'
import type { GateConfig } from '../config/index.ts'
import { type ControlServer, controlSocketPath, serveControl } from '../control/index.ts'
import { Gate, type GateEffect, type RunningHash } from '../core/index.ts'
import type { LoadedPolicy } from '../load-policy.ts'
import type { AgentLogger } from '../logger.ts'
import type { StateFolder } from '../state-folder.ts'
import { ArmedJobs } from './armed-jobs.ts'
import { GateDesk } from './gate-desk.ts'
import { auditRecordOf, closeUnfinished, findUnfinished } from './gate-records.ts'
import { HostPorts } from './host-ports.ts'
import { jobsMode } from './jobs-mode.ts'
import { PrinterPort } from './printer-port.ts'

/**
 * Runs the core's gate against the world, for one printer and for as long as it is wanted: ports, guard, log, control
 * socket. All waiting of a gate is here; every byte and every line is handled in the call that brings it.
 */

/** How often the gate is told the time. A tenth of a second is the grain of its timeouts. */
const TICK_MS = 100
/** A safe stop takes 8 s at most. What takes longer than this is left to the guard. */
const SHUTDOWN_LIMIT_MS = 15_000

export interface GateRunOptions {
  readonly config: GateConfig
  /** The printer's port: that of the configuration, or the built-in printer's. */
  readonly portName: string
  readonly loaded: LoadedPolicy
  readonly state: StateFolder
  readonly log: AuditLog
  readonly anchorsPem: readonly string[]
  readonly version: string
  readonly guardProgram: string | undefined
  readonly inspectorProgram: string
  /** Ends the gate: brings the machine to rest first. */
  readonly signal: AbortSignal
  /** Hosts can connect. */
  readonly listening?: (places: readonly string[]) => void
  readonly logger?: AgentLogger
}

/** Runs a gate until it is told to end. Throws `AgentError` where a place or the port's name cannot be had. */
export async function runGate(options: GateRunOptions): Promise<void> {
  await new GateRun(options).run()
}

class GateRun {
  readonly #options: GateRunOptions
  readonly #gate: Gate
  readonly #hosts: HostPorts
  readonly #printer: PrinterPort
  readonly #jobs: ArmedJobs
  readonly #writing = new Set<Promise<void>>()
  #place = ''
  #foundRunning = false
  #finished: () => void = () => {}

  constructor(options: GateRunOptions) {
    const { config, loaded, logger } = options
    this.#options = options
    this.#jobs = new ArmedJobs(() => this.#gate, now)
    this.#hosts = new HostPorts({
      came: (place) => this.#hostCame(place),
      // A Buffer is another shape to V8; a hot loop that meets both reads each byte of both more slowly.
      bytes: (bytes) =>
        this.#gate.hostBytes(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), now()),
      left: () => this.#gate.hostLeft(now()),
    })
    this.#printer = new PrinterPort({
      name: options.portName,
      baud: config.printer.baud,
      guardProgram: options.guardProgram,
      ...(logger !== undefined && { logger }),
      opened: (isBack) => this.#printerOpened(isBack),
      line: (text) => this.#gate.printerLine(text, now()),
      lost: (reason) => this.#printerLost(reason),
      guardLost: (reason) => this.#gate.stop('guard-lost', `the guard process ended: ${reason}`, now()),
      guarded: (tools) => this.#gate.toolsGuarded(tools, now()),
    })
    this.#gate = new Gate({
      table: loaded.policy.dialect,
      judge: loaded.policy,
      printer: this.#printer,
      host: this.#hosts,
      effects: (effect) => this.#run(effect),
      newHash: runningHash,
      newJobId: randomUUID,
      profile: config.host.profile,
      jobs: jobsMode(loaded.policy, config.host.jobs).jobs,
      permitsInterlude: config.host.interlude,
      appeal: loaded.policy.appeal,
      hostLostMs: config.stop.hostLostMs,
      hostSilentMs: config.stop.hostSilentMs,
      refusedHotMs: config.stop.refusedHotMs,
      park: config.stop.park,
    })
  }

  async run(): Promise<void> {
    const { state, signal } = this.#options
    await this.#recordStart()
    const ticks = setInterval(() => this.#gate.tick(now()), TICK_MS)
    let control: ControlServer | undefined
    try {
      control = await serveControl(controlSocketPath(state.path), this.#desk())
      await this.#printer.start()
      await this.#hosts.start(this.#options.config.host)
      this.#options.listening?.(this.#hosts.places)
      await aborted(signal)
      await this.#shutdown(signal)
    } finally {
      await control?.close()
      await this.#hosts.close()
      await this.#printer.close()
      clearInterval(ticks)
      await Promise.all(this.#writing)
    }
  }

  #desk(): GateDesk {
    const { config, loaded, state, log, anchorsPem, inspectorProgram } = this.#options
    return new GateDesk({
      gate: this.#gate,
      jobs: this.#jobs,
      jobsMode: jobsMode(loaded.policy, config.host.jobs).jobs,
      printer: this.#options.portName,
      host: () => this.#hosts.activePlace,
      loaded,
      state,
      log,
      anchorsPem,
      inspectorProgram,
      record: (record) => this.#record(record),
      nowMs: now,
    })
  }

  /** What the log must say before anything happens; a job that the last agent left open is closed as uncertain. */
  async #recordStart(): Promise<void> {
    const { log, loaded, state, version } = this.#options
    const { policy, sha256 } = loaded
    await log.append({ kind: 'agent-started', version, machine: state.machineId })
    await log.append({ kind: 'policy-loaded', name: policy.name, version: policy.version, sha256 })
    const unfinished = await findUnfinished(state.logDir)
    if (unfinished === undefined) return
    this.#foundRunning = true
    this.#options.logger?.warn({ job: unfinished.job }, 'the last agent ended in mid-job')
    await log.append(closeUnfinished(unfinished))
  }

  async #shutdown(signal: AbortSignal): Promise<void> {
    const finished = new Promise<void>((resolve) => {
      this.#finished = resolve
    })
    const message = typeof signal.reason === 'string' ? signal.reason : 'the gate was ended'
    this.#options.logger?.info({ message }, 'the gate ends')
    this.#gate.shutdown(message, now())
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SHUTDOWN_LIMIT_MS)
    })
    await Promise.race([finished, limit])
    clearTimeout(timer)
  }

  #hostCame(place: string): void {
    this.#place = place
    this.#options.logger?.info({ place }, 'host connected')
    this.#gate.hostCame(now())
  }

  #printerOpened(isBack: boolean): void {
    const isUnknown = isBack || this.#foundRunning
    this.#foundRunning = false
    this.#record({ kind: 'printer-opened', port: this.#options.portName })
    this.#gate.printerOpened(isUnknown, now())
  }

  #printerLost(reason: string): void {
    const { portName: port } = this.#options
    this.#record({ kind: 'printer-lost', port, reason })
    this.#gate.printerLost(`the link to the printer at \`${port}\` was lost: ${reason}`, now())
  }

  #run(effect: GateEffect): void {
    switch (effect.kind) {
      case 'append':
        this.#append(effect)
        return
      case 'want-block':
        this.#jobs.want()
        return
      case 'job-over':
        this.#jobs.over(effect.job)
        return
      case 'host-flow':
        this.#hosts.flow(effect.isOpen)
        return
      case 'tools':
        this.#printer.setTools(effect.tools)
        return
      case 'finished':
        this.#finished()
    }
  }

  #append({ id, record }: GateEffect & { kind: 'append' }): void {
    const job = 'job' in record && record.job !== null ? this.#jobs.recorded(record.job) : undefined
    this.#write(
      auditRecordOf(record, this.#place, job),
      () => this.#gate.recorded(id, now()),
      (message) => this.#gate.recordFailed(id, message, now()),
    )
  }

  /** A record that the gate does not wait for. That it cannot be written stops the gate all the same. */
  #record(record: AuditRecord): void {
    this.#write(
      record,
      () => {},
      (message) => this.#gate.recordFailed(-1, message, now()),
    )
  }

  #write(record: AuditRecord, done: () => void, failed: (message: string) => void): void {
    const { log, logger } = this.#options
    const writing = log.append(record).then(done, (error) => {
      const message = error instanceof Error ? error.message : 'the log cannot be written'
      logger?.warn({ record: record.kind, message }, 'not recorded')
      failed(message)
    })
    this.#writing.add(writing)
    void writing.finally(() => this.#writing.delete(writing))
    logger?.info(record, 'record')
  }
}

/** Whole milliseconds: V8 keeps them without an object for each. */
const now = (): number => Math.trunc(performance.now())

function runningHash(): RunningHash {
  const hash = createHash('sha256')
  return { update: (bytes) => hash.update(bytes), peek: () => hash.copy().digest('hex') }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
