import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { GateConfig } from '../config/index.ts'
import { type ControlServer, controlSocketPath, serveControl } from '../control/index.ts'
import { applyRefund } from '../copy-refund.ts'
import { FIRST_STOP_LIMIT_MS, type FirmwareIdentity, Gate, type GateEffect } from '../core/index.ts'
import type { DurableIndex } from '../durable-index.ts'
import { type ErasureDone, type ErasureOrder, eraseSubject } from '../erase-subject.ts'
import type { Ledger } from '../ledger.ts'
import type { LicencePlace, PrinterIdentity } from '../licence/index.ts'
import type { LoadedPolicy } from '../load-policy.ts'
import { type AuditRecord, splitRecord } from '../log-format/index.ts'
import type { AgentLogger } from '../logger.ts'
import { printerIdentity } from '../printer-identity.ts'
import { runningHash } from '../running-hash.ts'
import { usbSerialOf } from '../serial/index.ts'
import type { StateFolder } from '../state-folder.ts'
import type { ClientPolicy, WitnessClient } from '../witness/index.ts'
import { witnessing } from '../witnessing.ts'
import { ArmedJobs } from './armed-jobs.ts'
import { GateDesk } from './gate-desk.ts'
import { auditRecordOf } from './gate-records.ts'
import { HostPorts } from './host-ports.ts'
import { jobsMode } from './jobs-mode.ts'
import { closeUnfinished, type LastEnd, readLastEnd } from './last-end.ts'
import { LogKeeper } from './log-keeper.ts'
import { PrinterPort } from './printer-port.ts'

/**
 * Runs the core's gate against the world, for one printer and for as long as it is wanted: ports, guard, log, control
 * socket. All waiting of a gate is here; every byte and every line is handled in the call that brings it.
 */

/** How often the gate is told the time. A tenth of a second is the grain of its timeouts. */
const TICK_MS = 100
/** Longer than the longest safe stop, which ends in an emergency stop. What takes longer is left to the guard. */
const SHUTDOWN_LIMIT_MS = FIRST_STOP_LIMIT_MS + 4_000

export interface GateRunOptions {
  readonly config: GateConfig
  /** The printer's port: that of the configuration, or the built-in printer's. */
  readonly portName: string
  readonly loaded: LoadedPolicy
  readonly state: StateFolder
  readonly ledger: Ledger
  /** What a licence is held against, as it is now. */
  readonly place: (printer: PrinterIdentity | null) => Promise<LicencePlace>
  readonly version: string
  /** Which witnesses are shown the log, where the configuration names any. */
  readonly witnessPolicy?: ClientPolicy
  readonly guardProgram: string | undefined
  readonly inspectorProgram: string
  /** Ends the gate: brings the machine to rest first. */
  readonly signal: AbortSignal
  /** Hosts can connect. */
  readonly listening?: (places: readonly string[]) => void
  readonly logger?: AgentLogger
}

/** How a gate ended. */
export interface GateEnd {
  /** Where it is not, the guard brings the machine to rest as soon as this process is gone, and not before. */
  readonly isAtRest: boolean
  /** What ended it, where nobody told it to: a place or the port's name that cannot be had. */
  readonly failure: unknown
}

/** Runs a gate until it is told to end. */
export async function runGate(options: GateRunOptions): Promise<GateEnd> {
  return await new GateRun(options, await recordStart(options)).run()
}

/** What the log must say before anything happens; a job that the last agent left open is closed as uncertain. */
async function recordStart({ ledger, loaded, state, version, logger }: GateRunOptions): Promise<LastEnd> {
  const { policy, sha256 } = loaded
  await ledger.append({ kind: 'agent-started', version, machine: state.machineId })
  await ledger.append({ kind: 'policy-loaded', name: policy.name, version: policy.version, sha256 })
  const last = readLastEnd(ledger)
  const { unfinished, reason, isOnRecord } = last
  // The code alone: what it said may quote a line or name somebody, and nobody erases a service's journal.
  if (reason !== null) logger?.warn({ code: reason.code, job: unfinished?.job }, 'the gate begins blocked')
  if (unfinished !== undefined) await ledger.append(closeUnfinished(unfinished))
  if (reason !== null && !isOnRecord)
    await ledger.append({
      kind: 'latched',
      job: unfinished?.job ?? null,
      code: reason.code,
      reason: reason.message,
    })
  return last
}

class GateRun {
  readonly #options: GateRunOptions
  readonly #gate: Gate
  readonly #hosts: HostPorts
  readonly #printer: PrinterPort
  readonly #jobs: ArmedJobs
  readonly #jobsMode: 'any' | 'armed'
  readonly #writing = new Set<Promise<void>>()
  #place = ''
  /** The printer may be in the middle of something when it is opened for the first time. */
  #isUnknown: boolean
  #finished: (isAtRest: boolean) => void = () => {}
  #witnesses: WitnessClient | undefined

  constructor(options: GateRunOptions, { reason }: LastEnd) {
    const { config, loaded, logger } = options
    this.#options = options
    this.#isUnknown = reason !== null
    this.#jobsMode = jobsMode(loaded.policy, config).jobs
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
      ...(reason !== null && { latch: { reason, sinceMs: now() } }),
      jobs: this.#jobsMode,
      permitsInterlude: config.host.interlude,
      appeal: loaded.policy.appeal,
      hostLostMs: config.stop.hostLostMs,
      hostSilentMs: config.stop.hostSilentMs,
      refusedHotMs: config.stop.refusedHotMs,
      park: config.stop.park,
    })
  }

  async run(): Promise<GateEnd> {
    const { state, signal } = this.#options
    let failure: unknown
    const ticks = setInterval(() => this.#tick(), TICK_MS)
    let control: ControlServer | undefined
    let keeper: LogKeeper | undefined
    try {
      keeper = this.#keeper()
      this.#witnesses = this.#startWitnessing()
      control = await serveControl(controlSocketPath(state.path), this.#desk())
      await this.#printer.start()
      await this.#hosts.start(this.#options.config.host)
      this.#options.listening?.(this.#hosts.places)
      await aborted(signal)
    } catch (error) {
      failure = error
    }
    const isAtRest = await this.#shutdown(signal)
    await control?.close()
    // Nobody is left who could send anything before the guard goes.
    await this.#hosts.close()
    if (isAtRest) await this.#printer.close()
    else await this.#printer.leave()
    clearInterval(ticks)
    await Promise.all(this.#writing)
    await this.#witnesses?.close()
    await keeper?.close()
    if (isAtRest) this.#record({ kind: 'agent-ended' })
    await Promise.all(this.#writing)
    return { isAtRest, failure }
  }

  #keeper(): LogKeeper {
    const { ledger, state, config, version, logger } = this.#options
    return LogKeeper.start({
      ledger,
      state,
      evidence: config.evidence,
      version,
      damaged: (message) => this.#dispute(message),
      published: () => this.#witnesses?.published(),
      ...(logger !== undefined && { logger }),
    })
  }

  #startWitnessing(): WitnessClient | undefined {
    const { ledger, state, witnessPolicy: policy, logger } = this.#options
    if (policy === undefined) return undefined
    const client = witnessing({
      ledger,
      state,
      policy,
      alarm: (message) => this.#dispute(message),
      ...(logger !== undefined && { logger }),
    })
    client.start()
    return client
  }

  /** Waits until the record is under a head that enough witnesses have cosigned, as long as the site says. */
  async #isWitnessed(at: DurableIndex): Promise<boolean> {
    const { waitMs = 0 } = this.#options.config.evidence.witnesses ?? {}
    return (await this.#witnesses?.waitFor(at + 1, waitMs)) ?? false
  }

  /** A log that is not what it was vouches for nothing: until a person has looked, nothing prints on its word. */
  #dispute(message: string): void {
    this.#options.logger?.warn({ message }, 'the log is disputed')
    this.#gate.stop('log-disputed', message, now())
  }

  #tick(): void {
    this.#gate.tick(now())
    const { openJob } = this.#gate
    if (openJob !== null) this.#options.ledger.copies.progress(openJob.id, openJob.commandsSent)
    const lapsed = this.#jobs.lapse()
    if (lapsed !== undefined) this.#record({ kind: 'job-disarmed', job: lapsed, by: 'portcullis' })
  }

  #desk(): GateDesk {
    const { loaded, state, ledger, place, inspectorProgram } = this.#options
    return new GateDesk({
      gate: this.#gate,
      jobs: this.#jobs,
      jobsMode: this.#jobsMode,
      printer: this.#options.portName,
      host: () => this.#hosts.activePlace,
      loaded,
      state,
      log: ledger,
      place,
      identify: () => this.#identify(),
      inspectorProgram,
      record: (record) => this.#record(record),
      ...(this.#options.config.evidence.witnesses?.required === 'jobs' && {
        witnessed: (at) => this.#isWitnessed(at),
      }),
      refund: (token) => applyRefund(ledger, state, token),
      erase: (subject, by, isForced) => this.#erase({ subject, by, isForced, nowMs: Date.now() }),
      nowMs: now,
    })
  }

  /** Once begun it is finished and on record before the log is closed, whoever has gone meanwhile. */
  #erase(order: ErasureOrder): Promise<ErasureDone> {
    const { ledger, config } = this.#options
    const erasing = eraseSubject(ledger, config.evidence.privacy, order)
    const settled = erasing.then(
      () => {},
      () => {},
    )
    this.#writing.add(settled)
    void settled.finally(() => this.#writing.delete(settled))
    return erasing
  }

  /** Brings the machine to rest, and answers whether it is. */
  async #shutdown(signal: AbortSignal): Promise<boolean> {
    const finished = new Promise<boolean>((resolve) => {
      this.#finished = resolve
    })
    const message = typeof signal.reason === 'string' ? signal.reason : 'the gate was ended'
    this.#options.logger?.info({ message }, 'the gate ends')
    this.#gate.shutdown(message, now())
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, SHUTDOWN_LIMIT_MS, false)
    })
    const isAtRest = await Promise.race([finished, limit])
    clearTimeout(timer)
    return isAtRest
  }

  #hostCame(place: string): void {
    this.#place = place
    this.#gate.hostCame(now())
  }

  #printerOpened(isBack: boolean): void {
    const isUnknown = isBack || this.#isUnknown
    this.#isUnknown = false
    this.#record({ kind: 'printer-opened', port: this.#options.portName })
    this.#gate.printerOpened(isUnknown, now())
  }

  async #identify(): Promise<PrinterIdentity | null> {
    const said = await new Promise<FirmwareIdentity | null>((resolve) => this.#gate.identify(resolve))
    return printerIdentity(said, await usbSerialOf(this.#options.portName))
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
      case 'printer-doubted':
        this.#record({ kind: 'job-disarmed', job: effect.job, by: 'portcullis' })
        return
      case 'job-over':
        this.#jobs.over(effect.job)
        this.#settle(effect.job)
        return
      case 'host-flow':
        this.#hosts.flow(effect.isOpen)
        return
      case 'tools':
        this.#printer.setTools(effect.tools)
        return
      case 'finished':
        this.#finished(effect.isAtRest)
    }
  }

  /** A job was given up or is over; what the log has to say of it is handed in by the end of this very call. */
  #settle(job: string): void {
    const settling = new Promise((resolve) => setImmediate(resolve)).then(() =>
      this.#options.ledger.copies.settle(job),
    )
    this.#writing.add(settling)
    void settling.finally(() => this.#writing.delete(settling))
  }

  #append({ id, record }: GateEffect & { kind: 'append' }): void {
    const job = 'job' in record && record.job !== null ? this.#jobs.recorded(record.job) : undefined
    this.#write(
      auditRecordOf(record, this.#place, job),
      (at) => this.#gate.recorded(id, at, now()),
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

  #write(record: AuditRecord, done: (at: DurableIndex) => void, failed: (message: string) => void): void {
    const { ledger, logger } = this.#options
    const writing = ledger.append(record).then(
      ({ index }) => done(index),
      (error) => {
        const message = error instanceof Error ? error.message : 'the log cannot be written'
        logger?.warn({ record: record.kind, message }, 'not recorded')
        failed(message)
      },
    )
    this.#writing.add(writing)
    void writing.finally(() => this.#writing.delete(writing))
    // Without what is hidden in the log: nobody erases a service's journal.
    logger?.info(openMembers(record), 'record')
  }
}

function openMembers(record: AuditRecord): object {
  const split = splitRecord(record)
  return 'open' in split ? split.open : { kind: record.kind }
}

/** Whole milliseconds: V8 keeps them without an object for each. */
const now = (): number => Math.trunc(performance.now())

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
