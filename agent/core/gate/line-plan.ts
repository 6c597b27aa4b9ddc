import {
  EMPTY,
  isLicencePart,
  PARSED,
  type ParseCode,
  SEMICOLON,
  SPACE,
  UNNUMBERED,
} from '../../../gcode/index.ts'
import type { Objection, Verdict } from '../../../policies/index.ts'
import type { HostLink } from '../host/host-link.ts'
import {
  isCardQuestion,
  isFanOff,
  isHeaterOff,
  isHostsOwn,
  isInterrupting,
  isObserving,
  isPoll,
  isPrinting,
  isTuning,
} from './command-kinds.ts'
import type { Dabs } from './dabs.ts'
import type { GateJobs } from './gate-jobs.ts'
import type { Interlude } from './interlude.ts'
import type { LinePath } from './line-path.ts'
import { LOCKSTEP_MISSES_MAX } from './lockstep.ts'

/** What becomes of a host's line whose turn has come: decided here, done by the gate. Nothing here changes anything. */

/** It cannot be told yet: the armed job's next command is on its way from the spool. */
export const PLAN_WAIT = 0
/** To the printer. */
export const PLAN_FORWARD = 1
/** To the printer, as the next command of the job in lockstep. */
export const PLAN_JOB = 2
/** To the printer, in a pause of the job in lockstep. */
export const PLAN_INTERLUDE = 3
/** Acknowledged and not sent. */
export const PLAN_SWALLOW = 4
/** Nothing is said: it has no answer in any protocol. */
export const PLAN_SILENT = 5
/** A question about the card that policy denies: there is none. */
export const PLAN_CARD = 6
/** Acknowledged and not sent, and counted: it is not the job's next command. */
export const PLAN_MISS = 7
/** Refused by itself. */
export const PLAN_REFUSE = 8
/** Refused, and the job with it. */
export const PLAN_REFUSE_JOB = 9
/** The first line of the armed job. */
export const PLAN_OPEN_ARMED = 10
/** The first line of a job of the host's own. */
export const PLAN_OPEN_STREAM = 11

export type Plan = number

/** What the decision hangs on beside the line. */
export interface PlanContext {
  readonly path: LinePath
  readonly jobs: GateJobs
  readonly interlude: Interlude
  readonly demandsArmed: boolean
  readonly permitsInterlude: boolean
  /** Nothing but polls, heaters-off and the emergency lane passes. */
  readonly isBlocked: boolean
  readonly isPrinterReady: boolean
  /** A latch was lifted and the printer not homed since: nobody knows where it would print. */
  readonly mustHome: boolean
  /** The host has numbered its lines anew since a job was last open, as hosts do when they begin one. */
  readonly isAfterRenumbering: boolean
  /** What the host has shown of its numbers. */
  readonly link: HostLink
  readonly dabs: Dabs
}

const NO_OBJECTIONS: readonly Objection[] = []

/** A job that must be armed is not, or the line is not its beginning. */
const NOT_ARMED: Objection = {
  code: 'gate.not-armed',
  rule: 'gate',
  message: 'printing needs a job that was armed at the gate first',
  remedy: 'arm it with `portcullis arm JOB`, then start the print again',
}

const NOT_HOMED: Objection = {
  code: 'gate.not-homed',
  rule: 'gate',
  message: 'the printer was stopped or blocked, and was not homed since',
  remedy: 'home it with `G28`, then begin the print from its first line',
}

const NOT_IN_JOB: Objection = {
  code: 'gate.not-in-job',
  rule: 'gate',
  message:
    'limits of motion and lengths of retraction would stay for whoever prints next, so they belong to a job',
  remedy: 'put it into the job, and arm that with `portcullis arm JOB`',
}

const PRINTER_AWAY: Objection = {
  code: 'gate.no-printer',
  rule: 'gate',
  message: 'the printer is not connected, or does not answer',
  remedy: 'switch it on or reset it, then begin again',
}

/** A judge that refuses and does not say why has a fault, and the line is refused all the same. */
const NO_REASON: Objection = {
  code: 'gate.no-reason',
  rule: 'gate',
  message: 'the policy refused it and gave no reason',
  remedy: 'tell whoever looks after the policy',
}

const UNREADABLE_REMEDY = 'take the line out, or write it the usual way; `portcullis read` shows how'

/** Decides about one line, and says why where it objects. One object serves all lines. */
export class LinePlanner {
  private objections_: readonly Objection[] = NO_OBJECTIONS
  private isStop_ = false

  /** Why the line last planned is refused. */
  get objections(): readonly Objection[] {
    return this.objections_
  }

  /** The machine is to be brought to rest for it. */
  get isStop(): boolean {
    return this.isStop_
  }

  /** Plans for the line that `context.path` has read with `code` from `bytes[start, end)`. */
  plan(code: ParseCode, bytes: Uint8Array, start: number, end: number, context: PlanContext): Plan {
    this.objections_ = NO_OBJECTIONS
    this.isStop_ = false
    const { path } = context
    if (code === EMPTY) return isBlank(bytes, start, end) ? PLAN_SWALLOW : PLAN_SILENT
    // For the gate, and never for a printer, whatever else is going on.
    if (code === PARSED && isLicencePart(path.command)) return PLAN_SWALLOW
    if (context.isBlocked) return code === PARSED ? this.whenBlocked(context) : PLAN_SWALLOW
    if (!context.isPrinterReady) return this.whenAway(code, context)
    if (code !== PARSED) {
      const { code: id, message } = path.explain(code, bytes, start, end)
      this.objections_ = [{ code: id, rule: 'grammar', message, remedy: UNREADABLE_REMEDY }]
      return this.refuse(context)
    }
    return context.jobs.lockstep === undefined ? this.inTheOpen(context) : this.inLockstep(context)
  }

  private whenBlocked({ path, isPrinterReady }: PlanContext): Plan {
    const { command } = path
    if (!isPrinterReady || !(isPoll(command) || isHeaterOff(command))) return PLAN_SWALLOW
    return path.judge().kind === 'allow' ? PLAN_FORWARD : PLAN_SWALLOW
  }

  /** Swallowed in silence, the first lines of a job would be missing when the printer comes. */
  private whenAway(code: ParseCode, context: PlanContext): Plan {
    const { command, move } = context.path
    const isRead = code === PARSED
    if (isRead && (isObserving(command) || isHeaterOff(command) || isInterrupting(command)))
      return PLAN_SWALLOW
    if (isRead && isCardQuestion(command)) return PLAN_CARD
    this.objections_ = [PRINTER_AWAY]
    if (isRead) context.path.judge()
    return this.refuse(context, isRead && isPrinting(command, move))
  }

  private inTheOpen(context: PlanContext): Plan {
    const { path, jobs } = context
    const { command } = path
    const verdict = path.judge()
    if (verdict.kind !== 'allow') return this.whenDenied(verdict, context)
    const armed = jobs.armed
    if (jobs.stream === undefined && armed !== undefined && !isObserving(command) && !isAside(context)) {
      if (!armed.isReady) return PLAN_WAIT
      if (armed.matches(path.canonical, path.canonicalEnd)) return PLAN_OPEN_ARMED
    }
    const prints = isPrinting(command, path.move) || context.dabs.isTooMany(command, path.move)
    if (prints && (context.demandsArmed || context.mustHome)) {
      this.objections_ = [context.demandsArmed ? NOT_ARMED : NOT_HOMED]
      return PLAN_REFUSE_JOB
    }
    if (context.demandsArmed && isTuning(command)) {
      this.objections_ = [NOT_IN_JOB]
      return this.refuse(context)
    }
    if (context.demandsArmed || jobs.stream !== undefined) return PLAN_FORWARD
    return isBeginning(context) ? PLAN_OPEN_STREAM : PLAN_FORWARD
  }

  private whenDenied(verdict: Verdict, context: PlanContext): Plan {
    if (verdict.kind === 'allow') return PLAN_FORWARD
    if (isCardQuestion(context.path.command)) return PLAN_CARD
    this.objections_ = reasons(verdict)
    this.isStop_ = verdict.kind === 'stop'
    if (this.isStop_) return PLAN_REFUSE_JOB
    // Whoever interrupts is a person, and the job is none the worse for its being refused.
    if (isInterrupting(context.path.command)) return PLAN_REFUSE
    return this.refuse(context, isPrinting(context.path.command, context.path.move))
  }

  /** With its first line a job is refused, though it is not open yet. */
  private refuse(context: PlanContext, isJobs = false): Plan {
    if (isAside(context)) return PLAN_REFUSE
    const { jobs, link, isAfterRenumbering } = context
    return isJobs || jobs.openId !== null || (link.isNumbered && isAfterRenumbering)
      ? PLAN_REFUSE_JOB
      : PLAN_REFUSE
  }

  private inLockstep(context: PlanContext): Plan {
    const { path, jobs } = context
    const { command } = path
    const lockstep = jobs.lockstep
    if (lockstep === undefined || isHostsOwn(command)) return PLAN_SWALLOW
    if (isObserving(command) || isInterrupting(command)) {
      const verdict = path.judge()
      if (verdict.kind === 'allow') return PLAN_FORWARD
      return isCardQuestion(command) ? PLAN_CARD : PLAN_SWALLOW
    }
    if (!lockstep.isReady) return PLAN_WAIT
    if (lockstep.matches(path.canonical, path.canonicalEnd)) return this.nextOfJob(context)
    if (this.isInterlude(context)) return PLAN_INTERLUDE
    if (!isHeaterOff(command)) return PLAN_MISS
    return path.judge().kind === 'allow' ? PLAN_FORWARD : PLAN_SWALLOW
  }

  private nextOfJob({ path, interlude, mustHome }: PlanContext): Plan {
    // The state is put back before the line is judged, so a pause is ended first.
    if (interlude.isOpen) return PLAN_JOB
    const verdict = path.judge()
    if (mustHome && isPrinting(path.command, path.move)) {
      this.objections_ = [NOT_HOMED]
      return PLAN_REFUSE_JOB
    }
    if (verdict.kind === 'allow') return PLAN_JOB
    // The survey let it pass, so something is wrong that nobody knows of.
    this.objections_ = reasons(verdict)
    return PLAN_REFUSE_JOB
  }

  private isInterlude({ path, interlude, permitsInterlude, jobs, dabs }: PlanContext): boolean {
    if (!permitsInterlude || (jobs.lockstep?.misses ?? 0) >= LOCKSTEP_MISSES_MAX) return false
    if (!interlude.isOpen && !interlude.canBegin(path.state)) return false
    if (path.judge().kind !== 'allow' || dabs.isTooMany(path.command, path.move)) return false
    return interlude.permits(path.command, path.move)
  }
}

/** Among numbered lines one without a number is no part of the job: somebody typed it. */
function isAside({ path, link }: PlanContext): boolean {
  return link.isTyped && path.lineNumber === UNNUMBERED
}

function reasons(verdict: Verdict): readonly Objection[] {
  return verdict.kind === 'allow' || verdict.objections.length === 0 ? [NO_REASON] : verdict.objections
}

/** A job begins with printing, or where a host that numbers its lines has just begun to count anew. */
function isBeginning({ path, jobs, isAfterRenumbering, link }: PlanContext): boolean {
  const { command } = path
  if (isPrinting(command, path.move)) return true
  // The host may yet come to the job that is armed for it.
  if (jobs.armed !== undefined) return false
  if (!isAfterRenumbering || !link.isNumbered || path.lineNumber === UNNUMBERED) return false
  // Printrun turns the heaters off as it leaves, under numbers that it has begun anew; a fan off is how jobs begin.
  const isLeaving = isHeaterOff(command) && !isFanOff(command)
  return !isObserving(command) && !isInterrupting(command) && !isLeaving
}

/** Blank space, as opposed to a comment: Marlin queues it, complains and says ok. */
function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  let i = start
  while (i < end && bytes[i] === SPACE) i++
  return bytes[i] !== SEMICOLON || i === end
}
