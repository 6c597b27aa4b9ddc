import { basename } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Decision } from '../../policies/index.ts'
import type { ArmRequest, ControlAnswer, GateControl, GateStatus } from '../control/index.ts'
import type { Admission } from '../copy-keeper.ts'
import { type applyRefund, bundledRefunds } from '../copy-refund.ts'
import type { Gate, Latch } from '../core/index.ts'
import type { DurableIndex } from '../durable-index.ts'
import { type ErasureDone, erasureWords } from '../erase-subject.ts'
import { type InspectedJob, inspectJob } from '../inspect-job.ts'
import type { Ledger } from '../ledger.ts'
import type { LicencePlace, PrinterIdentity } from '../licence/index.ts'
import type { LoadedPolicy } from '../load-policy.ts'
import type { AuditRecord } from '../log-format/index.ts'
import { checkPeopleRecord } from '../people-checks.ts'
import { peopleRecord } from '../people-records.ts'
import { isSamePrinter, namesPrinter, otherPrinterWords } from '../printer-identity.ts'
import { sealingKeyIn } from '../sealing-key.ts'
import { checkListSeen } from '../seen-list.ts'
import type { StateFolder } from '../state-folder.ts'
import { listsToRecord, TRUSTED_TIME } from '../trusted-time.ts'
import { ARMED_FOR_MS, type ArmedJobs } from './armed-jobs.ts'

/** How long a record that somebody waits for may take. A disk that takes longer is in trouble. */
const LIFT_LIMIT_MS = 3_000
/** What the log says of a stop that somebody asked for; who that was stands in a record of its own. */
const STOPPED_AT_DESK = 'somebody stopped it at the desk'
/** Between two looks whether it is there. */
const LIFT_LOOK_MS = 5

/** What people ask of a gate that runs, over its control socket. */
export interface GateDeskOptions {
  readonly gate: Gate
  readonly jobs: ArmedJobs
  readonly jobsMode: 'any' | 'armed'
  readonly printer: string
  readonly host: () => string | null
  readonly loaded: LoadedPolicy
  readonly state: StateFolder
  readonly log: Pick<Ledger, 'append' | 'copies' | 'stateOf'>
  readonly place: (printer: PrinterIdentity | null) => Promise<LicencePlace>
  /** Asks the printer which one it is; null where that cannot be known. */
  readonly identify: () => Promise<PrinterIdentity | null>
  readonly inspectorProgram: string
  readonly record: (record: AuditRecord) => void
  /** Whether a decision is witnessed, once it is or that takes too long; unset where nothing waits for witnesses. */
  readonly witnessed?: (at: DurableIndex) => Promise<boolean>
  /** Erases a subject of the log; throws where that cannot be done. */
  readonly erase: (subject: string, by: string, isForced: boolean) => Promise<ErasureDone>
  /** Puts a refund that an issuer signed on record. */
  readonly refund: (token: string) => ReturnType<typeof applyRefund>
  /** The gate's clock, in ms. */
  readonly nowMs: () => number
}

/** A job whose decision and copy are on record. */
interface AdmittedJob {
  readonly inspected: InspectedJob
  readonly decision: Decision
  readonly admission: Admission
  /** The one that the decision was made for, where its licence names one. */
  readonly printer: PrinterIdentity | null
  /** The latch that whoever asked could see and means to lift. */
  readonly seen: Latch | null
  readonly signal: AbortSignal
}

export class GateDesk implements GateControl {
  readonly #options: GateDeskOptions
  /** What people add, in turn. */
  #recording: Promise<unknown> = Promise.resolve()
  /** Who stopped it last and why, for whoever looks at it while it is stopped. */
  #stopper = STOPPED_AT_DESK

  constructor(options: GateDeskOptions) {
    this.#options = options
  }

  status(): GateStatus {
    const { gate, jobs, loaded, printer, host, jobsMode, nowMs } = this.#options
    const { latch, armedJob: armed } = gate
    const sinceMs = latch === null ? 0 : Date.now() - (nowMs() - latch.sinceMs)
    return {
      state: stateOf(gate),
      host: host(),
      profile: gate.hostProfile,
      printer,
      policy: `${loaded.policy.name} version ${loaded.policy.version}`,
      job: gate.openJob,
      armed:
        armed === null
          ? null
          : { id: armed.id, name: armed.name, commands: armed.commands, until: jobs.armedUntil(armed.id) },
      latch: latch === null ? null : { ...this.#told(latch.reason), since: new Date(sinceMs).toISOString() },
      jobs: jobsMode,
    }
  }

  #told({ code, message }: Latch['reason']): Latch['reason'] {
    return { code, message: message === STOPPED_AT_DESK ? this.#stopper : message }
  }

  /** Inspects the job apart from the line path, puts the decision on record, and arms the gate if it allows. */
  async arm(
    request: ArmRequest,
    progress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<ControlAnswer> {
    const { gate, log, loaded, state, inspectorProgram } = this.#options
    const { path, licence, user, declared } = request
    const { latch: seen } = gate
    if (gate.openJob !== null) return busy()
    const printer = namesPrinter(licence, state.machineId) ? await this.#options.identify() : null
    // Copies that the issuer gave back are free before the licence is looked at.
    for (const refund of bundledRefunds(licence)) await this.#options.refund(refund)
    const place = await this.#options.place(printer)
    const startedAtMs = performance.now()
    const inspected = await inspectJob({
      source: path,
      name: request.name ?? basename(path),
      spoolDir: state.spoolDir,
      policyPath: loaded.path,
      policySha256: loaded.sha256,
      sealingKey: await sealingKeyIn(state.path),
      place,
      nowMs: Date.now(),
      program: inspectorProgram,
      progress,
      signal,
      ...(licence !== undefined && { licenceText: licence }),
      ...(declared !== undefined && { declared }),
      ...(user !== undefined && { user: { name: user } }),
    })
    try {
      for (const seen of listsToRecord(inspected.lists, place)) await log.append(seen)
      const { decision, admission } = await log.copies.admit({
        decision: inspected.decision,
        licence: inspected.licence,
        user,
        decidedInMs: Math.round(performance.now() - startedAtMs),
        appeal: loaded.policy.appeal,
      })
      if (admission === undefined) return await this.#refuse(decision, inspected.remove)
      const obstacle = await this.#armAdmitted({ inspected, decision, admission, printer, seen, signal })
      if (obstacle !== undefined) {
        await inspected.remove()
        return obstacle
      }
      return {
        ok: true,
        message: `armed with \`${decision.job.name}\` for ${ARMED_FOR_MS / 60_000} minutes: start the print at the host`,
        decision,
      }
    } catch (error) {
      await inspected.remove()
      throw error
    }
  }

  /** Arms the gate with a job that is on record, or answers what came between; then its copy is given back. */
  async #armAdmitted({
    inspected,
    decision,
    admission,
    printer,
    seen,
    signal,
  }: AdmittedJob): Promise<ControlAnswer | undefined> {
    const { jobs, log } = this.#options
    let isArmed = false
    try {
      if ((await this.#options.witnessed?.(admission.copy ?? admission.decision)) === false)
        return unwitnessed(decision)
      const before = this.#obstacle(seen, signal)
      if (before !== undefined) return before
      await log.append({ kind: 'job-armed', job: decision.id, decision: admission.decision })
      // The same once more: while the disk writes a host may begin a job.
      const after = (await this.#otherPrinter(printer)) ?? this.#obstacle(seen, signal)
      if (after !== undefined) {
        this.#takeBack(decision.id)
        return after
      }
      jobs.arm(inspected, admission, printer !== null)
      isArmed = true
      return undefined
    } finally {
      if (!isArmed) await log.copies.settle(decision.id)
    }
  }

  /** Another printer than the one that the decision was made for, where its licence names one. */
  async #otherPrinter(allowed: PrinterIdentity | null): Promise<ControlAnswer | undefined> {
    if (allowed === null || isSamePrinter(await this.#options.identify(), allowed)) return undefined
    return { ok: false, code: 'PRINTER_FAULT', message: otherPrinterWords(this.#options.printer) }
  }

  /** What has come between a request and its job. `seen`: the latch that whoever asked could see and means to lift. */
  #obstacle(seen: Latch | null, signal: AbortSignal): ControlAnswer | undefined {
    const { latch, openJob } = this.#options.gate
    if (openJob !== null) return busy()
    if (signal.aborted)
      return { ok: false, code: 'INTERRUPTED', message: 'whoever asked has gone; nothing was armed' }
    if (latch === null || latch === seen) return undefined
    const message = `the gate was blocked while the job was inspected: ${latch.reason.message}; look after the machine, then arm it again`
    return { ok: false, code: 'INTERRUPTED', message }
  }

  /** The log says of a job that it is armed, which lifts a latch, and it is not. */
  #takeBack(job: string): void {
    const { gate, record } = this.#options
    record({ kind: 'job-disarmed', job, by: 'portcullis' })
    if (gate.latch !== null) {
      const { code } = gate.latch.reason
      record({ kind: 'latched', job: null, code, reason: 'it is blocked as it was before' })
    }
  }

  async #refuse(decision: Decision, remove: () => Promise<void>): Promise<ControlAnswer> {
    await remove()
    const isDenied = decision.outcome === 'deny'
    const first = decision.reasons[0]?.message ?? 'the policy gave no reason'
    return { ok: false, code: isDenied ? 'DENIED' : 'HELD', message: first, decision }
  }

  async disarm(by: string): Promise<ControlAnswer> {
    const { gate, log, record } = this.#options
    const job = gate.armedJob
    if (job === null) return { ok: false, code: 'USAGE', message: 'no job is armed' }
    record({ kind: 'job-disarmed', job: job.id, by })
    gate.disarm()
    // Whoever arms the next at once finds its copy there.
    await Promise.race([log.copies.settle(job.id), sleep(LIFT_LIMIT_MS, undefined, { ref: false })])
    return { ok: true, message: `\`${job.name}\` is armed no longer` }
  }

  async clear(by: string): Promise<ControlAnswer> {
    const { gate, nowMs } = this.#options
    if (!isClosed(gate)) return { ok: false, code: 'USAGE', message: 'nothing is blocked' }
    if (gate.printerState === 'stopping')
      return {
        ok: false,
        code: 'USAGE',
        message: 'the printer is being brought to rest; ask again in a moment',
      }
    gate.clear(by, nowMs())
    // It is lifted once that is on record, and not at all where something else stopped the machine meanwhile.
    const deadlineMs = nowMs() + LIFT_LIMIT_MS
    while (isClosed(gate) && nowMs() < deadlineMs)
      await new Promise((resolve) => setTimeout(resolve, LIFT_LOOK_MS))
    if (!isClosed(gate))
      return { ok: true, message: 'hosts may print again; the printer must be homed first' }
    const message = 'it could not be lifted: look at `portcullis status`, then ask again'
    return { ok: false, code: 'INTERRUPTED', message }
  }

  async record(asked: { readonly kind: string }): Promise<ControlAnswer> {
    const record = peopleRecord(asked)
    if ('problem' in record) return { ok: false, code: 'USAGE', message: `not recorded: ${record.problem}` }
    // One after the other: of two that say the same the second finds the first in the log.
    const answer = this.#recording.then(() => this.#recordChecked(record))
    this.#recording = answer.catch(() => undefined)
    return await answer
  }

  async #recordChecked(record: AuditRecord): Promise<ControlAnswer> {
    const { log, state } = this.#options
    const problem =
      record.kind === 'list-seen'
        ? await checkListSeen(state, record, log.stateOf(TRUSTED_TIME), Date.now())
        : await checkPeopleRecord(state.logDir, record)
    if (problem !== null) return { ok: false, code: 'USAGE', message: `not recorded: ${problem}` }
    const { index } = await log.append(record)
    return { ok: true, message: `recorded as ${index}`, index }
  }

  async refund(token: string): Promise<ControlAnswer> {
    const done = await this.#options.refund(token)
    if ('problem' in done)
      return { ok: false, code: 'LICENCE_UNREADABLE', message: `not given back: ${done.problem}` }
    return { ok: true, ...done }
  }

  async erase(subject: string, by: string, isForced: boolean): Promise<ControlAnswer> {
    const { record, receipt } = await this.#options.erase(subject, by, isForced)
    return { ok: true, message: erasureWords(record), index: receipt.index }
  }

  async stop(by: string, reason?: string): Promise<ControlAnswer> {
    const { gate, nowMs, record } = this.#options
    // Nobody's name in the reason: it stands in records that are not erased with whoever stopped it.
    gate.stop('interrupted', STOPPED_AT_DESK, nowMs())
    record({ kind: 'stop-asked', by, reason: reason ?? null })
    this.#stopper = `${by} stopped it${reason === undefined ? '' : `: ${reason}`}`
    const what = STOPPED[gate.printerState] ?? 'nothing is sent to the printer now'
    return { ok: true, message: `${what}; \`portcullis clear\` lets hosts print again` }
  }
}

/** What a stop does, by what the printer is when it was asked for. */
const STOPPED: Partial<Record<Gate['printerState'], string>> = {
  stopping: 'the printer is being brought to rest',
  halted: 'the printer has halted already, and takes nothing before it is reset',
  absent: 'no printer is there that could be brought to rest',
  silent: 'the printer does not answer, so nothing could be sent to it: switch it off if it runs',
}

/** Nothing of a host passes until a person says so. */
function isClosed({ latch, printerState }: Gate): boolean {
  return latch !== null || printerState === 'halted'
}

function unwitnessed(decision: Decision): ControlAnswer {
  const message =
    'too few witnesses have cosigned the decision, and this gate arms no job without them; look at their network, then ask again'
  return { ok: false, code: 'NOT_WITNESSED', message, decision }
}

function busy(): ControlAnswer {
  return { ok: false, code: 'USAGE', message: 'a job is being printed; arm the next one when it is over' }
}

function stateOf({ printerState, latch, openJob }: Gate): GateStatus['state'] {
  switch (printerState) {
    case 'absent':
    case 'silent':
      return 'no-printer'
    case 'greeting':
    case 'preparing':
      return latch === null ? 'starting' : 'latched'
    case 'stopping':
    case 'halted':
      return printerState
    default:
      if (latch !== null) return latch.reason.code === 'line-refused' ? 'refused' : 'latched'
      return openJob === null ? 'idle' : 'job'
  }
}
